#!/usr/bin/env bash
# One screen, in the situations it is looked at for.
# shellcheck source=tests/support/tap.sh
. "$ASSAY_SOURCE/tests/support/tap.sh"
# shellcheck source=tests/system/agent.sh
. "$ASSAY_SOURCE/tests/system/agent.sh"
few_rules
chmod 755 "$tap_dir"
logs=$tap_dir/logs
state=$tap_dir/state
page=$tap_dir/page
mkdir -p "$logs" "$state"
pid=''
stop() {
	[ -z "$pid" ] || kill "$pid" 2>/dev/null
	[ -z "$pid" ] || wait "$pid" 2>/dev/null
	pid=''
}
trap 'stop; rm -rf "$tap_dir"' EXIT
# start USER: the agent as that user, with the configuration on stdin.
start() {
	local user=$1
	cat >"$tap_dir/agent.yml"
	chown -R "$user" "$state" 2>/dev/null
	if [ "$user" = root ]; then
		"$ASSAY_AGENT" run --config "$tap_dir/agent.yml" \
			>/dev/null 2>"$tap_dir/talk" &
	else
		setpriv --reuid "$user" --clear-groups \
			"$ASSAY_AGENT" run --config "$tap_dir/agent.yml" \
			>/dev/null 2>"$tap_dir/talk" &
	fi
	pid=$!
}
status() {
	"$ASSAY_AGENT" status --config "$tap_dir/agent.yml"
}
# shows TEXT: some time soon the screen does.
shows() {
	local tries=200
	until status >"$page" 2>&1; grep -qE -- "$1" "$page"; do
		((tries-- > 0)) || { cat "$page" "$tap_dir/talk"; return 1; }
		sleep 0.1
	done
}
now() {
	date -u '+%Y-%m-%dT%H:%M:%S.000000+00:00'
}
code() {
	status >/dev/null 2>&1
	is "$1" "$?" "$2"
}
common="state: $state
rules: $rules
syslog: {socket: $tap_dir/no-socket}"

# All is well.
login "$(now)" one >"$logs/auth.log"
echo "$(now) web01 strange[1]: $(printf '\033[31mred')" >>"$logs/auth.log"
start root <<-END
	$common
	sources:
	- {file: $logs/auth.log*, class: auth}
	- {file: $logs/late.log, class: app}
END
ok 'a source at its end stands at now, with what its lines were' shows \
	"^  now +2 +1 +0 +1 +0  $logs/auth.log \\(auth\\)\$"
ok 'programs that nobody knows are named' grep -q '^unknown  strange 1 ' "$page"
ok 'the spool is shown, and who acknowledges' grep -q \
	'^acks     collector: none yet' "$page"
ok 'a log that is not there is said' grep -q \
	"^  absent .* $logs/late.log (app)" "$page"
ok 'no line is wider than a screen but for paths' awk \
	'length > 100 && !/\// { exit 1 }' "$page"
code 'exit 0 when all is read' 0
ok 'no escape sequence gets through' bash -c \
	"! grep -q \$'\\033' '$page'"
echo junk >"$state/spool/ack/collector"
printf '%032d %020d\n' 0 7 >"$state/spool/ack/stranger"
ok 'an ack that nobody asked for is shown as such' shows \
	'stranger \(not one of spool.readers: ignored\): .* ago'
rm "$state/spool/ack/stranger"

# Killed: the file is old.
kill -KILL "$pid"
wait "$pid" 2>/dev/null
pid=''
sed -i 's/"time":"....-..-../"time":"2001-02-03/' "$state/status.json"
status >"$page"
is 'exit 1 when there is no sign of life' $? 1
ok 'it says so, and how long' grep -qE \
	'NOT RUNNING \(or stuck\): the last sign of life is [0-9]+ d old' "$page"
ok 'and does not say that nothing needs attention' bash -c \
	"! grep -q 'Nothing needs attention' '$page'"

# A log that may not be read.
if [ "$(id -u)" = 0 ] && setpriv --reuid nobody --clear-groups \
	test -x "$ASSAY_AGENT" 2>/dev/null; then
	chmod 600 "$logs/auth.log"
	start nobody <<-END
		$common
		sources: [{file: $logs/auth.log*, class: auth}]
	END
	ok 'a log that may not be read needs attention' shows \
		"^! $logs/auth.log: .*"
	ok 'with the reason' shows '[Pp]ermission denied'
	ok 'and is marked as blocked' shows "^  blocked .*$logs/auth.log"
	code 'exit 1 then' 1
	chmod 644 "$logs/auth.log"
	ok 'it is read when it may be, without a restart' shows \
		"^  now .*$logs/auth.log"
	code 'exit 0 again' 0
	stop
else
	skip 'a log that may not be read needs attention' \
		'not root, or nobody cannot run the agent'
fi

# A spool that is full.
rm -rf "$state"
logins 1 9000 >"$logs/auth.log"
start root <<-END
	$common
	spool: {max_bytes: 4MiB}
	sources: [{file: $logs/auth.log*, class: auth}]
END
ok 'a full spool is said in the first line' shows \
	'NOT READING: the spool is full'
ok 'and needs attention, with what to do' shows '^! the spool '
ok 'what is left to read is shown' grep -qE \
	"^  [0-9.]+ [KM]iB left .*$logs/auth.log" "$page"
code 'exit 1 then' 1
stop

# Nothing to read at all.
rm -rf "$state"
start root <<-END
	$common
	sources: []
END
ok 'nothing to read needs attention' shows '^! there is nothing to read'
stop

ok 'json is one object with the same sentences' python3 - "$state/status.json" <<'END'
import json, sys
d = json.load(open(sys.argv[1]))
assert d["phase"] == "stopped"
assert any("nothing to read" in a for a in d["attention"])
END
echo '{"phase":' >"$state/status.json"
status >"$page" 2>&1
is 'a file that is not understood is exit 4' $? 4
done_testing
