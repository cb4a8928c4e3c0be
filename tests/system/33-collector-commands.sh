#!/usr/bin/env bash
# What the commands say, where, and with which exit code.
# shellcheck source=/dev/null
. "$ASSAY_SOURCE/tests/support/tap.sh"
work=${tap_dir:?}
state=$work/state
printf '# all by the command line\n' >"$work/collector.yml"
common=(--config "$work/collector.yml" --state "$state")

collector() {
	local name=$1
	shift
	"$ASSAY_COLLECTOR" "$name" "${common[@]}" "$@"
}
run() {
	collector run --once --rules "$ASSAY_SOURCE/rules" \
		--isms "$work/isms" --spool "$work/agent/spool" "$@"
}
# code SENTENCE WANTED COMMAND...: the exit code; out and err are kept.
code() {
	local sentence=$1 wanted=$2
	shift 2
	"$@" >"$work/out" 2>"$work/err"
	is "$sentence" "$?" "$wanted"
}

code "report without a store says what to do" 2 collector report
ok "on standard error" grep -q 'run --once' "$work/err"
is "and prints no data" "$(wc -c <"$work/out")" 0
code "an unknown option is a usage error" 2 collector report --jsn
ok "and the nearest is named" grep -q -- "--json" "$work/err"
code "an option without its value is a usage error" 2 collector report --as-of
code "a bad time is a usage error" 2 run --now yesterday
code "a missing configuration that was named is an error" 2 \
	"$ASSAY_COLLECTOR" report --config "$work/none.yml"
code "verify of nothing is a usage error" 2 collector verify "$work/none"
code "status without a daemon says so" 4 collector status
for name in run report timeline coverage export verify status recompute; do
	code "$name has a help" 0 "$ASSAY_COLLECTOR" "$name" --help
	ok "$name lists its options" grep -q -- --config "$work/out"
done

mkdir -p "$work/logs" "$work/isms"
cat >"$work/logs/auth.log" <<'LOG'
2026-07-03T10:10:00.000000+00:00 web01 sshd[10]: Accepted publickey for alice from 192.0.2.1 port 4242 ssh2: ED25519 SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
2026-07-03T10:20:00.000000+00:00 web01 sshd[11]: Accepted password for =cmd|x from 192.0.2.2 port 4243 ssh2
2026-07-03T10:30:00.000000+00:00 web01 sudo:    alice : TTY=pts/0 ; PWD=/home ; USER=root ; COMMAND=/bin/sh -c [31mred
LOG
"$ASSAY_AGENT" run --once --now 2026-07-03T11:00:00.000000Z \
	--state "$work/agent" --rules "$ASSAY_SOURCE/rules" \
	--logs "$work/logs" 2>/dev/null

printf 'zone: Nowhere/Land\nhots: []\n' >"$work/isms/scope.yml"
code "bad files of the organisation stop a first run" 2 \
	run --now 2026-07-03T11:00:01.000000Z
ok "and are named with line and column" grep -q 'scope.yml:[0-9]*:[0-9]*: ' "$work/err"
printf 'zone: Europe/Berlin\n' >"$work/isms/scope.yml"
code "good ones do not" 0 run --now 2026-07-03T11:00:01.000000Z
printf 'hots: []\n' >"$work/isms/scope.yml"
code "later bad ones do not stop the collecting" 0 \
	run --now 2026-07-03T11:00:02.000000Z
ok "but are said to change nothing" grep -q 'what is in force stays' "$work/err"
is "and are not in the log" "$(collector export | grep -c 'hots: \[')" 0
printf 'zone: Europe/Berlin\n' >"$work/isms/scope.yml"

code "report has its answer" 0 collector report
ok "in at most 12 rows" test "$(grep -c '^A\.[58]\.' "$work/out")" -le 12
ok "without colour in a pipe" test "$(grep -c $'\033' "$work/out")" = 0
ok "and says on standard error how old it is" grep -q -- '--as-of now' "$work/err"
code "report --all shows all controls" 0 collector report --all
is "93 of them" "$(grep -c '^A\.[5-8]\.' "$work/out")" 93
code "report as of now is an answer as well" 0 collector report --as-of now
is "and is not said to be old" "$(wc -c <"$work/err")" 0

code "timeline shows the events of a control" 0 \
	collector timeline --control A.8.5 --from 2026-07-03
ok "with their fields" grep -q 'auth.login.*user=alice' "$work/out"
ok "and their raw line" grep -q 'Accepted publickey for alice' "$work/out"
code "timeline wants a control" 2 collector timeline
code "that exists" 2 collector timeline --control A.9.9
code "and a format that exists" 2 collector timeline --control A.8.5 --format xml
collector timeline --control A.8.5 --from 2026-07-03 --format csv >"$work/csv"
ok "csv is RFC 4180, and no cell is a formula" python3 - "$work/csv" <<'PY'
import csv, sys
data = open(sys.argv[1], newline="", encoding="utf-8").read()
assert data.endswith("\r\n") and "\n" not in data.replace("\r\n", "")
rows = list(csv.reader(data.splitlines(True), strict=True))
assert rows[0][0] == "time" and len(rows) > 2
assert all(len(row) == len(rows[0]) for row in rows), "ragged"
assert not any(c[:1] in "=+-@\t\r" for row in rows for c in row if c)
assert any("alice" in row[8] for row in rows)
PY
collector timeline --control A.8.5 --from 2026-07-03 --format ndjson >"$work/nd"
ok "ndjson is one object a line, in order of time" python3 - "$work/nd" <<'PY'
import json, sys
rows = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
assert len(rows) >= 2 and rows == sorted(rows, key=lambda r: r["time"])
events = [r for r in rows if r["kind"] == "event"]
assert any(r["fields"]["user"] == "alice" and "Accepted" in r["raw"]["text"]
           for r in events)
PY
code "the timeline of sudo shows no escape of the log" 0 \
	collector timeline --control A.8.2 --from 2026-07-03
is "but its name" "$(grep -c $'\033' "$work/out")" 0

code "coverage names host and class" 0 collector coverage
ok "with intervals" grep -q 'covered  2026-07-03' "$work/out"
collector coverage --json >"$work/cover"
ok "as JSON as well" python3 - "$work/cover" <<'PY'
import json, sys
data = json.load(open(sys.argv[1], encoding="utf-8"))
auth = [c for c in data["classes"] if c["class"] == "auth"]
assert len(auth) == 1 and auth[0]["covered"], data
assert all(h["reasons"] for c in data["classes"] for h in c["holes"])
PY

code "export prints every record" 0 collector export
is "one a line" "$(wc -l <"$work/out")" \
	"$(sqlite3 -readonly "$state/evidence.db" 'select count(*) from log')"
code "or a part of the log" 0 collector export --from 2 --to 4
is "of three" "$(wc -l <"$work/out")" 3
code "from a place that exists" 2 collector export --from 0

code "status shows the daemon" 0 collector status
ok "and the fingerprint of each agent" grep -q 'fingerprint [0-9a-f]\{32\}' "$work/out"
code "status has JSON" 0 collector status --json
ok "that can be read" python3 -m json.tool "$work/out"

if [ "$(id -u)" = 0 ]; then
	nobody() {
		setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
	}
	chmod 755 "$work"
	cp "$ASSAY_COLLECTOR" "$work/assay-collector"
	chmod 700 "$state"
	code "a store that may not be read is a matter of permission" 5 \
		nobody "$work/assay-collector" report "${common[@]}"
	chmod 755 "$state"
	chmod 644 "$state"/evidence.db*
	code "one that may be read needs no permission to write" 0 \
		nobody "$work/assay-collector" report "${common[@]}"
	mkdir "$work/mine"
	chown 65534 "$work/mine"
	chmod 755 "$work/agent"
	chmod 755 "$work/agent/spool"
	chmod 644 "$work/agent/spool"/*.seg
	code "the collector runs without root" 0 \
		nobody "$work/assay-collector" run --once \
		--config "$work/collector.yml" --state "$work/mine/state" \
		--rules "$ASSAY_SOURCE/rules" --isms "$work/isms" \
		--spool "$work/agent/spool"
	ok "and says when it may not tell the agent" \
		grep -q 'keeps its spool longer' "$work/err"
else
	skip "permissions" "only root can take them away"
fi
done_testing
