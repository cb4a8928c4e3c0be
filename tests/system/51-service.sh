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
ok 'and what it does' hears '^STATUS=1 sources, 1 lines and 1 events'
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
ok 'a reload that was refused is told' hears '^STATUS=the reload was refused, what was in force stays$'
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

printf 'state: %s\nrules: [%s]\nstreams: [{spool: %s}]\n' \
	"$work/collector" "$ASSAY_SOURCE/rules" "$work/agent/spool" >"$work/collector.yml"
start "$ASSAY_COLLECTOR" run --config "$work/collector.yml"
ok 'the collector says that it is ready' hears '^READY=1$'
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
