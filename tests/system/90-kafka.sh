#!/usr/bin/env bash
# One history through the agent's spool and through real Kafka: the same bytes
# of report.
# shellcheck source=tests/support/tap.sh
. "$ASSAY_SOURCE/tests/support/tap.sh"
# shellcheck source=tests/system/kafka.sh
. "$ASSAY_SOURCE/tests/system/kafka.sh"
work=${tap_dir:?}
rules=$ASSAY_SOURCE/rules
now=2026-07-10T09:00:00.000000Z

kafka_start 'a history through Kafka' --partitions 3
mkdir "$work/logs"
python3 - >"$work/logs/auth.log" <<'PY'
import datetime
at = datetime.datetime(2026, 7, 1)
for n in range(4000):
    at += datetime.timedelta(seconds=180)
    stamp = at.strftime("%Y-%m-%dT%H:%M:%S.000000+00:00")
    user = "root" if n % 997 == 0 else "u%d" % (n % 40)
    what = "Accepted publickey" if n % 3 else "Failed password"
    print(f"{stamp} web01 sshd[{n + 10}]: {what} for {user} from 192.0.2.1 port 4242 ssh2")
PY
{
	printf 'state: %s/agent\nrules: [%s]\nspool: {readers: [kafka, collector]}\nkafka:\n' "$work" "$rules"
	kafka_map '  '
} >"$work/agent.yml"
printf 'state: %s/spooled\nrules: [%s]\nstreams: [{spool: %s/agent/spool}]\n' \
	"$work" "$rules" "$work" >"$work/spooled.yml"
{
	printf 'state: %s/sent\nrules: [%s]\nstreams:\n- kafka:\n' "$work" "$rules"
	kafka_map '    '
} >"$work/sent.yml"

"$ASSAY_AGENT" run --once --config "$work/agent.yml" --logs "$work/logs" --now "$now" 2>"$work/talk"
is 'the agent reads, sends, and is told that it arrived' $? 0
sed 's/^/# /' "$work/talk"
for way in spooled sent; do
	"$ASSAY_COLLECTOR" run --once --config "$work/$way.yml" --now "$now" 2>"$work/talk"
	is "a collector takes what was $way" $? 0
	"$ASSAY_COLLECTOR" report --json --config "$work/$way.yml" --as-of "$now" >"$work/$way.json"
	is "and reports" $? 0
	"$ASSAY_COLLECTOR" export --config "$work/$way.yml" |
		grep -F '"source":"urn:assay:agent:' | sort >"$work/$way.records"
done
ok 'the report has something to say' grep -q '"A.8.2"' "$work/sent.json"
ok 'both reports are the same bytes' cmp "$work/spooled.json" "$work/sent.json"
ok 'both logs hold the same records' cmp "$work/spooled.records" "$work/sent.records"
ok 'thousands of them' [ "$(wc -l <"$work/sent.records")" -gt 4000 ]
"$ASSAY_COLLECTOR" export --config "$work/sent.yml" >"$work/export"
ok 'what came through Kafka verifies' "$ASSAY_COLLECTOR" verify "$work/export"
"$ASSAY_COLLECTOR" run --once --config "$work/sent.yml" --now "$now" 2>/dev/null
is 'a second run takes nothing again' \
	"$("$ASSAY_COLLECTOR" export --config "$work/sent.yml" | grep -cF '"source":"urn:assay:agent:')" \
	"$(wc -l <"$work/sent.records")"
done_testing
