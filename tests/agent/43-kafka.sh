#!/usr/bin/env bash
# What a person sees of Kafka when no broker is there: run --once, status,
# send-again, a reload. With a broker: tests/system/9x.
# shellcheck source=tests/support/tap.sh
. "$ASSAY_SOURCE/tests/support/tap.sh"
cd "$tap_dir" || exit 2
rules=$ASSAY_SOURCE/tests/rules/bad/base
printf 'Jul  3 14:59:17 web01 sshd[1571]: x\n' >auth.log
config() {
	cat <<END
state: $tap_dir/state
sources: [{file: $tap_dir/auth.log, class: auth}]
END
}
agent() {
	timeout 60 "$ASSAY_AGENT" "$1" --config agent.yml "${@:2}" >out 2>said
}
config >agent.yml
agent send-again --from 1
is 'without kafka nothing can be sent again' $? 2
ok 'and it says so' grep -q 'kafka is not set up' said

{ config; printf 'kafka: {bootstrap.servers: "127.0.0.1:1"}\n'; } >agent.yml
agent run --once --rules "$rules"
is 'a broker that is not there is exit 4' $? 4
ok 'the broker and the reason are named' grep -q \
	'^run: .* KiB of records were not delivered to Kafka (127.0.0.1:1): 127.0.0.1:1: .*Connection refused: nothing listens there' said
ok 'what is not sent stays' grep -q 'assay.start.v1' state/spool/*.seg
ok 'nothing is acknowledged' test ! -e state/spool/ack/kafka
agent status
is 'nothing is unread: status is no alarm' $? 0
ok 'status has a line' grep -qE \
	'^kafka +NOT DELIVERING to 127.0.0.1:1 since [0-9]+ s, topic assay.evidence, unsent [0-9.]+ KiB$' out
ok 'and says why' grep -qE '^! nothing is delivered to Kafka since [0-9-]+ [0-9:]+Z: 127.0.0.1:1' out
ok 'kafka is who must acknowledge' grep -q '^acks     kafka: none yet' out
agent status --json
ok 'a program can read it' python3 -c '
import json, sys
k = json.load(sys.stdin)["kafka"]
assert k["state"] == "waiting" and k["brokers"] == "127.0.0.1:1", k
assert "Connection refused" in k["problem"], k
assert k["insecure"] is False and k["unsent_bytes"] > 0, k
' <out

agent send-again
is 'send-again wants to know from where' $? 2
agent send-again --from 0
is 'from 1 on' $? 2
agent send-again --from 1 --epoch 00
is 'an epoch has 32 digits' $? 2
agent send-again --from 1 --epoch 00000000000000000000000000000000
is 'an epoch that is not there' $? 1
epoch=$(basename state/spool/*.seg | cut -c1-32)
ok 'those that are there are named' grep -q "^  $epoch from 1 on" said
agent send-again --from 1
is 'no broker is exit 4' $? 4
ok 'the reason is named' grep -q 'nothing listens there' said

# A running agent: asked by a file, changed by a reload.
config >agent.yml
"$ASSAY_AGENT" run --config agent.yml --rules "$rules" 2>log &
pid=$!
wait_for() {
	for _ in $(seq 200); do
		grep -q -- "$1" "${2:-log}" 2>/dev/null && return
		sleep 0.1
	done
	return 1
}
ok 'it runs' wait_for '"phase":"watching"' state/status.json
ok 'without kafka there is no line' test -z "$(grep -o '"kafka":{' state/status.json)"
{ config; printf 'kafka: {bootstrap.servers: "127.0.0.1:1"}\n'; } >agent.yml
kill -HUP $pid
ok 'a reload begins to send' wait_for 'records wait in the spool'
ok 'status says so' wait_for '"kafka":{"state":"waiting"' state/status.json
agent send-again --from 1
is 'a running agent is asked' $? 0
ok 'it takes the request' wait_for 'records from 1 on are sent again'
agent send-again --from 2
is 'one request at a time' $? 1
{ config; printf 'kafka: {bootstrap.servers: "127.0.0.1:1", acks: 1}\n'; } >agent.yml
kill -HUP $pid
ok 'wrong settings are refused' wait_for 'acks stays'
ok 'those from before stay in force' wait_for '"kafka":{"state":"waiting"' state/status.json
config >agent.yml
kill -HUP $pid
ok 'a reload ends it' wait_for 'nothing is sent'
kill $pid
wait $pid
is 'it stops in order' $? 0
done_testing
