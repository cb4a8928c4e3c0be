#!/usr/bin/env bash
# The collector as a daemon: it follows a spool, takes new files of the
# organisation when told, says how it is, and stops in good order.
# shellcheck source=tests/support/tap.sh
. "$ASSAY_SOURCE/tests/support/tap.sh"
work=${tap_dir:?}
state=$work/state
printf '# all by the command line\n' >"$work/collector.yml"
common=(--config "$work/collector.yml" --state "$state")
mkdir -p "$work/logs" "$work/isms"
export RUNTIME_DIRECTORY=$work/run
mkdir "$RUNTIME_DIRECTORY"

agent() {
	printf '2026-07-03T10:1%d:00.000000+00:00 web01 sshd[10]: Accepted password for u%d from 192.0.2.1 port 4242 ssh2\n' \
		"$1" "$1" >>"$work/logs/auth.log"
	"$ASSAY_AGENT" run --once --state "$work/agent" \
		--rules "$ASSAY_SOURCE/rules" --logs "$work/logs" 2>"$work/agent.err"
}
log() {
	sqlite3 -readonly "$state/evidence.db" \
		"select count(*) from log where cast(bytes as text) like '%$1%'" 2>/dev/null
}
# until COMMAND...: within 20 s.
until_true() {
	local n
	for ((n = 0; n < 200; n++)); do
		"$@" && return 0
		sleep 0.1
	done
	return 1
}
has() {
	[ "$(log "$1")" = "$2" ]
}

agent 1
"$ASSAY_COLLECTOR" run "${common[@]}" --rules "$ASSAY_SOURCE/rules" \
	--isms "$work/isms" --spool "$work/agent/spool" 2>"$work/talk" &
daemon=$!
trap 'kill -9 $daemon 2>/dev/null; rm -rf "$work"' EXIT
ok "it takes what the spool holds" until_true has '"user":"u1"' 1
agent 2
ok "and what comes later" until_true has '"user":"u2"' 1
sealed() {
	[ "$(log 'assay.seal.v1","source":"urn:assay:collector')" -ge 1 ]
}
ok "what it wrote itself is sealed within seconds" until_true sealed
printf 'zone: Europe/Berlin\n' >"$work/isms/scope.yml"
kill -HUP "$daemon"
ok "told to, it takes the organisation's files" \
	until_true has '"set":"isms"' 1
ok "a second one is refused" bash -c "! '$ASSAY_COLLECTOR' run --once ${common[*]} --rules '$ASSAY_SOURCE/rules' --spool '$work/agent/spool'"
ok "report answers meanwhile" "$ASSAY_COLLECTOR" report "${common[@]}"
ok "so does verify" "$ASSAY_COLLECTOR" verify "${common[@]}"
ok "its status is a file in the runtime directory" \
	until_true test -s "$work/run/collector.status.json"
is "that says it is running" \
	"$("$ASSAY_COLLECTOR" status "${common[@]}" | grep -c ', running (pid')" 1
kill -TERM "$daemon"
wait "$daemon"
is "told to stop, it stops with exit 0" "$?" 0
trap 'rm -rf "$work"' EXIT
is "and says so" \
	"$("$ASSAY_COLLECTOR" status "${common[@]}" | grep -c ', stopped (pid')" 1
is "everything it wrote is sealed then" "$("$ASSAY_COLLECTOR" export \
	"${common[@]}" | grep 'urn:assay:collector' | tail -n 1 |
	grep -c 'assay.seal.v1')" 1
ok "and the store verifies" "$ASSAY_COLLECTOR" verify "${common[@]}"
done_testing
