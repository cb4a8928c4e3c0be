#!/usr/bin/env bash
# The daily close: when every slot of a day is due its ratings are given, once,
# as records that everybody can compute again.
# shellcheck source=tests/support/tap.sh
. "$ASSAY_SOURCE/tests/support/tap.sh"
work=${tap_dir:?}
printf '# all by the command line\n' >"$work/collector.yml"
common=(--config "$work/collector.yml" --state "$work/state")
mkdir -p "$work/logs"
printf '2026-07-03T10:10:00.000000+00:00 web01 sshd[10]: Accepted password for alice from 192.0.2.1 port 4242 ssh2\n' >"$work/logs/auth.log"

# at TIME: agent and collector both run at this time.
at() {
	"$ASSAY_AGENT" run --once --now "$1" --state "$work/agent" \
		--rules "$ASSAY_SOURCE/rules" --logs "$work/logs" \
		2>"$work/agent.err" &&
		"$ASSAY_COLLECTOR" run --once --now "$1" "${common[@]}" \
			--rules "$ASSAY_SOURCE/rules" --isms "$work/none" \
			--spool "$work/agent/spool" 2>"$work/talk"
}
ratings() {
	"$ASSAY_COLLECTOR" export "${common[@]}" |
		grep -F '"type":"assay.rating.v1"'
}
# last KEY: of the newest rating.
last() {
	ratings | tail -n 1 | sed -E "s/.*\"$1\":\"?([^\",}]*).*/\1/"
}

ok "a first day is collected" at 2026-07-03T11:00:00.000000Z
is "the days before are not rated" "$(ratings | wc -l)" 0
ok "and a first night" at 2026-07-04T00:30:00.000000Z
one=$(ratings | wc -l)
ok "the day in which no slot ended closes at midnight" test "$one" -gt 10
is "as of midnight" "$(last as_of)" 2026-07-04T00:00:00.000000Z
ok "and a second night" at 2026-07-05T00:30:00.000000Z
is "while a slot is not due the day is open" "$(ratings | wc -l)" "$one"
ok "an hour later" at 2026-07-05T01:30:00.000000Z
is "it is rated" "$(ratings | wc -l)" "$((2 * one))"
is "as of the moment the last slot was due" "$(last as_of)" \
	2026-07-05T01:00:00.000000Z
ok "and again later" at 2026-07-05T09:00:00.000000Z
is "a day is rated once" "$(ratings | wc -l)" "$((2 * one))"
ok "after a week without a collector" at 2026-07-12T09:00:00.000000Z
is "only the last day is rated" "$(ratings | wc -l)" "$((3 * one))"

# Anybody can compute what was given.
known=$(ratings | sed -n "$((one + 1))p" | sed -E 's/.*"known_at":([0-9]+).*/\1/')
"$ASSAY_COLLECTOR" recompute "${common[@]}" --known-at "$known" \
	--as-of 2026-07-05T01:00:00Z >"$work/then"
"$ASSAY_COLLECTOR" export "${common[@]}" >"$work/export"
ok "what was given is what is recomputed" \
	python3 - "$work/then" "$work/export" "$known" <<'PY'
import json, sys
report = json.load(open(sys.argv[1], encoding="utf-8"))
given = 0
for line in open(sys.argv[2], encoding="utf-8"):
    record = json.loads(line)
    data = record["data"]
    if record["type"] != "assay.rating.v1" or data["known_at"] != int(sys.argv[3]):
        continue
    control = [c for c in report["controls"]
               if data["control"] == report["framework"] + ":" + c["id"]][0]
    if "check" in data:
        control = [c for c in control["checks"] if c["id"] == data["check"]][0]
    assert (control["rating"], control["reason"]) == (data["rating"], data["reason"])
    assert set(data["files"]) == {"checks", "frameworks"}
    given += 1
assert given > 10, given
PY
ok "and the store verifies" "$ASSAY_COLLECTOR" verify "${common[@]}"
done_testing
