#!/usr/bin/env bash
# What both daemons tell the service manager.
# shellcheck source=tests/support/tap.sh
. "$ASSAY_SOURCE/tests/support/tap.sh"
work=${tap_dir:?}
rules=$work/rules
mkdir -p "$rules/auth" "$rules/frameworks"
cp "$ASSAY_SOURCE"/rules/*.yml "$rules"
cp "$ASSAY_SOURCE/rules/auth/sshd.yml" "$rules/auth"

python3 "$ASSAY_SOURCE/tests/system/notified.py" "$work/socket" "$work/heard" &
ear=$!
daemon=
trap 'kill -9 $ear $daemon 2>/dev/null; rm -rf "$work"' EXIT
for ((i = 0; i < 100; i++)); do
	[ ! -S "$work/socket" ] || break
	sleep 0.1
done

# hears PATTERN: within ten seconds.
hears() {
	local tries
	for ((tries = 0; tries < 100; tries++)); do
		grep -qE "$1" "$work/heard" && return 0
		sleep 0.1
	done
	cat "$work/heard"
	return 1
}
# since: what is heard from here on counts.
since() {
	: >"$work/heard"
}
start() {
	since
	env NOTIFY_SOCKET="$work/socket" WATCHDOG_USEC=1000000 "$@" 2>"$work/talk" &
	daemon=$!
}

echo 'Nov 20 10:00:00 web01 sshd[1]: Accepted password for a from 192.0.2.1 port 1 ssh2' >"$work/auth.log"
printf 'state: %s\nrules: [%s]\nsources: [{file: %s, class: auth}]\n' \
	"$work/agent" "$rules" "$work/auth.log" >"$work/agent.yml"
start "$ASSAY_AGENT" run --config "$work/agent.yml"
ok 'the agent says that it is ready' hears '^READY=1$'
ok 'and what it does' hears '^STATUS=1 source, 1 lines and 1 events'
ok 'and that it is alive' hears '^WATCHDOG=1$'
since
ok 'again and again' hears '^WATCHDOG=1$'
since
kill -HUP "$daemon"
ok 'that it reloads' hears '^RELOADING=1$'
ok 'since when' hears '^MONOTONIC_USEC=[0-9]+$'
ok 'and that it is done' hears '^READY=1$'
echo 'sorces: []' >>"$work/agent.yml"
since
kill -HUP "$daemon"
refused="^STATUS=1 source.*; the last reload was refused, what was in force stays: $work/agent.yml:4:1: unknown key 'sorces'"
ok 'a reload that was refused is told, and why' hears "$refused"
since
ok 'as long as it was' hears "$refused"
kill -STOP "$daemon"
sleep 0.3
since
sleep 1.5
is 'one that hangs says nothing' "$(cat "$work/heard")" ''
kill -CONT "$daemon"
ok 'one that goes on does' hears '^WATCHDOG=1$'
since
kill -TERM "$daemon"
ok 'that it stops' hears '^STOPPING=1$'
wait "$daemon"
sed -i /sorces/d "$work/agent.yml"

# A look that never comes back is what a restart is for.
cat >>"$work/agent.yml" <<-END
	spool: {max_bytes: 4MiB}
END
sed -i "s|^sources.*|sources: [{file: $work/auth.log, class: auth}, {file: $work/later.log, class: app}]|" \
	"$work/agent.yml"
start env FAULT_PATH=later.log FAULT_CALL=read FAULT_AT=1 FAULT_DO=hang \
	ASAN_OPTIONS=verify_asan_link_order=0 LD_PRELOAD="$ASSAY_FAULT" \
	"$ASSAY_AGENT" run --config "$work/agent.yml"
ok 'an agent is alive while it can look' hears '^WATCHDOG=1$'
echo "$(date '+%b %e %T') web01 app[1]: hello" >"$work/later.log"
sleep 2.5
since
sleep 1.5
is 'and not when a look never comes back' "$(cat "$work/heard")" ''
ok 'though it runs' kill -0 "$daemon"
kill -9 "$daemon"
wait "$daemon" 2>/dev/null

# A full spool is not.
start "$ASSAY_AGENT" run --config "$work/agent.yml"
ok 'it is started again' hears '^READY=1$'
for ((i = 0; i < 6000; i++)); do
	echo "Nov 20 10:00:01 web01 sshd[1]: Accepted password for u$i from 192.0.2.1 port 1 ssh2"
done >>"$work/auth.log"
ok 'that nothing is read any more is told, and what it waits for' \
	hears '^STATUS=the spool .* nothing is read until a reader has caught up'
since
ok 'and that it is alive' hears '^WATCHDOG=1$'
since
ok 'again and again' hears '^WATCHDOG=1$'
kill -TERM "$daemon"
wait "$daemon"

printf 'state: %s\nrules: [%s]\nstreams: [{spool: %s}]\n' \
	"$work/collector" "$ASSAY_SOURCE/rules" "$work/agent/spool" >"$work/collector.yml"
start "$ASSAY_COLLECTOR" run --config "$work/collector.yml"
ok 'the collector says that it is ready' hears '^READY=1$'
ok 'what it does' hears '^STATUS=all that the streams have is stored$'
ok 'that a day may take its time to be rated' \
	hears '^WATCHDOG_USEC=3600000000$'
ok 'and no longer' hears '^WATCHDOG_USEC=1000000$'
ok 'and that it is alive' hears '^WATCHDOG=1$'
since
kill -HUP "$daemon"
ok 'that it reloads' hears '^RELOADING=1$'
ok 'and that it is done' hears '^READY=1$'
kill -TERM "$daemon"
ok 'that it stops' hears '^STOPPING=1$'
wait "$daemon"
daemon=
done_testing
