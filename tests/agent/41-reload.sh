#!/usr/bin/env bash
# The agent takes new rules and sources while it runs, or says why not; finds
# logs that come later; looks at once when it is told that files moved.
# shellcheck source=tests/support/tap.sh
. "$ASSAY_SOURCE/tests/support/tap.sh"
# shellcheck source=tests/system/agent.sh
. "$ASSAY_SOURCE/tests/system/agent.sh"
few_rules
logs=$tap_dir/logs
state=$tap_dir/state
talk=$tap_dir/talk
mkdir -p "$logs/app" "$rules/app"
configure() {
	cat >"$tap_dir/agent.yml" <<-END
		state: $state
		rules: $rules
		syslog: {socket: $tap_dir/no-socket}
		sources:
		- {file: $logs/auth.log*, class: auth}
		- {file: $logs/app/*.log, class: app}
	END
	cat >>"$tap_dir/agent.yml"
}
now() {
	date -u '+%Y-%m-%dT%H:%M:%S.000000+00:00'
}
say() {
	echo "$(now) web01 $1: $2" >>"$logs/$3"
}
# until_true SECONDS COMMAND...
until_true() {
	local tries=$(($1 * 10))
	shift
	until "$@"; do
		((tries-- > 0)) || return 1
		sleep 0.1
	done
}
said() {
	grep -qF -- "$1" "$talk"
}
status() {
	"$ASSAY_AGENT" status --config "$tap_dir/agent.yml" "$@"
}
# times N TEXT: the log says it so often.
times() {
	[ "$(grep -cF -- "$2" "$talk")" = "$1" ]
}
forgotten() {
	status >"$tap_dir/page"
	! grep -q 'reload was not taken' "$tap_dir/page"
}
in_force() {
	status --json | grep -qF -- "$1"
}
# lines N: the agent has read so many lines.
lines() {
	[ "$(status --json | python3 -c '
import json, sys
print(json.load(sys.stdin)["progress"]["lines"])')" = "$1" ]
}

configure </dev/null
login "$(now)" one >"$logs/auth.log"
"$ASSAY_AGENT" run --config "$tap_dir/agent.yml" >/dev/null 2>"$talk" &
pid=$!
trap 'kill "$pid" 2>/dev/null; rm -rf "$tap_dir"' EXIT
ok 'it reads' until_true 20 lines 1

# A bad rule file: nothing changes, the log and status say why.
cat >"$rules/app/thing.yml" <<'END'
framework: iso27001-2022
program: thing
class: app
ignore: []
rules:
- id: thing.in
  title: Somebody came in
  event: auth.login
  outcome: sucess
  controls: [A.8.5]
  match: 'in (?<user>{user})'
  examples: [{line: in bob, fields: {user: bob}}]
  near_misses: [in]
END
kill -HUP "$pid"
ok 'rules that are wrong are refused' until_true 20 said 'nothing was reloaded'
ok 'the log says what is wrong, with its place' \
	grep -qE "^run: .*app/thing.yml:9:12: 'sucess' is no outcome" "$talk"
status >"$tap_dir/page"
is 'a refused reload is no failure to read' $? 0
ok 'status says so first' grep -q \
	'^! the last reload was not taken, the rules and settings before it' \
	"$tap_dir/page"
ok 'status names the place' grep -q 'app/thing.yml:9:12: ' "$tap_dir/page"
login "$(now)" two >>"$logs/auth.log"
say 'thing' 'in anna' auth.log
ok 'it reads on by the old rules' until_true 20 lines 3

# Mended.
sed -i 's/sucess/success/' "$rules/app/thing.yml"
kill -HUP "$pid"
ok 'mended rules are taken' until_true 20 said 'run: reloaded: '
ok 'status forgets the refusal' until_true 5 forgotten
say 'thing' 'in bert' auth.log
ok 'it goes on where it was' until_true 20 lines 4

# A bad configuration.
configure <<<'spool: {max_bytes: 1}'
kill -HUP "$pid"
ok 'settings that are wrong are refused' \
	until_true 20 said 'agent.yml:7:20: spool.max_bytes is out of range'
configure <<<'spool: {max_bytes: 64MiB}'
kill -HUP "$pid"
ok 'mended settings are taken' until_true 20 times 2 'run: reloaded: '
ok 'and are in force' until_true 5 in_force '"max_bytes":67108864'

# Another source, one that goes, and a log that comes later by itself.
say other 'hello' new.log
sed -i "s|auth.log\\*, class: auth|new.log, class: app|" "$tap_dir/agent.yml"
kill -HUP "$pid"
ok 'a source that is named no more is closed, and said' until_true 20 said \
	"does not read $logs/auth.log any more"
ok 'a new one is read' until_true 20 lines 1
say other 'again' new.log
login "$(now)" three >>"$logs/auth.log"
ok 'the one that is closed is not' until_true 20 lines 2
sleep 5
say late 'hello' app/late.log
touch "$logs/nudge"
ok 'a log that comes later is found without a reload' \
	until_true 70 said "reads $logs/app/late.log"
ok 'and read' until_true 20 lines 3
sed -i "s|new.log, class: app|auth.log*, class: auth|" "$tap_dir/agent.yml"
kill -HUP "$pid"
ok 'the source comes back' until_true 20 times 2 "reads $logs/auth.log"
kill -TERM "$pid"
wait "$pid"
is 'it stops' $? 0

records "$state" >/dev/null
is 'all is sealed' "$(verified)" 0
is 'no line is lost or read twice' "$(users "$state" | tr '\n' ' ')" \
	'one two bert three '
ok 'the records say it in their order' python3 - "$tap_dir/records" "$logs" <<'END'
import json, sys
logs = sys.argv[2]
records = [json.loads(line) for line in open(sys.argv[1])]
kinds = [r["type"].split(".")[1] for r in records]
files = [i for i, k in enumerate(kinds) if k == "files"]
# The set at the start, and the one that was taken, with texts as both are new;
# nothing for what was refused, or for settings alone.
assert len(files) == 2, files
texts = {f["path"]: f.get("text") for f in records[files[1]]["data"]["files"]}
assert "Somebody came in" in texts["app/thing.yml"]
first = next(i for i, r in enumerate(records) if kinds[i] == "event"
             and r["data"]["rule"] == "thing.in")
assert files[1] < first
beats = [r["data"] for r, k in zip(records, kinds) if k == "heartbeat"]
closed = next(i for i, b in enumerate(beats)
              if b["complete"] and i > 0
              and logs + "/auth.log" not in [s["id"] for s in b["sources"]])
last = [s for s in beats[closed - 1]["sources"] if s["id"] == logs + "/auth.log"]
# How far it stood is told before it is listed no more.
assert last and last[0]["lines"] > 0, beats[closed - 1]
END
done_testing
