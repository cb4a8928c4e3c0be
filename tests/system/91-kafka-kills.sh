#!/usr/bin/env bash
# A writer, and everything between it and the log is killed: the agent and the
# collector twenty times each, the broker five times, and once the topic goes.
# shellcheck source=tests/support/tap.sh
. "$ASSAY_SOURCE/tests/support/tap.sh"
# shellcheck source=tests/system/kafka.sh
. "$ASSAY_SOURCE/tests/system/kafka.sh"
work=${tap_dir:?}
fast=${ASSAY_FAST:?}
rules=$work/rules
log=$work/auth.log
kills=20

kafka_start 'kills around Kafka' --partitions 2
mkdir -p "$rules/auth"
cp "$ASSAY_SOURCE"/rules/*.yml "$rules"
cp "$ASSAY_SOURCE/rules/auth/sshd.yml" "$rules/auth"
{
	printf 'state: %s/agent\nrules: [%s]\nsources: [{file: %s, class: auth}]\nkafka:\n' \
		"$work" "$rules" "$log"
	kafka_map '  '
} >"$work/agent.yml"
{
	printf 'state: %s/state\nrules: [%s]\nstreams:\n- kafka:\n' "$work" "$rules"
	kafka_map '    '
} >"$work/collector.yml"
agent=("$fast/assay-agent" run --config "$work/agent.yml")
collector=("$fast/assay-collector" run --config "$work/collector.yml")

n=0
# say COUNT: one line of sshd for each number.
say() {
	local stamp
	stamp=$(date -u +%Y-%m-%dT%H:%M:%S.%6N+00:00)
	for ((k = 0; k < $1; k++)); do
		n=$((n + 1))
		echo "$stamp web01 sshd[$n]: Accepted password for u$n from 192.0.2.1 port 4242 ssh2"
	done >>"$log"
}
start_agent() {
	"${agent[@]}" 2>>"$work/agent.talk" &
	agent_pid=$!
}
start_collector() {
	"${collector[@]}" 2>>"$work/collector.talk" &
	collector_pid=$!
}
stop_all() {
	kill -9 "$agent_pid" "$collector_pid" 2>/dev/null
	kafka_remove
	rm -rf "$work"
}
stored() {
	"$fast/assay-collector" export --config "$work/collector.yml" 2>/dev/null |
		grep -F '"event":"auth.login"' | grep -oE '"user":"u[0-9]+"' | sort | uniq -c
}

say 1
start_agent
start_collector
trap stop_all EXIT
at_work=0
for ((i = 1; i <= kills; i++)); do
	say 40
	sleep "0.$((RANDOM % 80 + 10))"
	if kill -9 "$agent_pid" 2>/dev/null && kill -9 "$collector_pid" 2>/dev/null; then
		at_work=$((at_work + 1))
	fi
	wait "$agent_pid" "$collector_pid" 2>/dev/null
	say 10
	if ((i % 4 == 0)); then
		"$broker" kill "$kafka"
		start_agent
		start_collector
		say 20
		sleep 0.5
		"$broker" start "$kafka" >/dev/null 2>&1
	else
		start_agent
		start_collector
	fi
done
is 'each kill found both at work' "$at_work" "$kills"

# until_stored: wait until all of them are in the log, a minute at most.
until_stored() {
	local tries
	for ((tries = 0; tries < 120; tries++)); do
		[ "$(stored | wc -l)" -lt "$n" ] || return 0
		sleep 0.5
	done
	return 1
}
ok 'all that was written arrives' until_stored

# The topic goes with what was in it, and with what nobody has read.
kill -9 "$collector_pid"
wait "$collector_pid" 2>/dev/null
say 100
sleep 3
"$broker" topic "$kafka" delete assay.evidence
sleep 1
"$broker" topic "$kafka" create assay.evidence 2 >/dev/null
start_collector
say 50
sleep 5
is 'what went with the topic is missing' \
	"$([ "$(stored | wc -l)" -lt "$n" ] && echo yes)" yes
ok 'what is kept is asked for again' "$fast/assay-agent" send-again --from 1 --config "$work/agent.yml"
ok 'and arrives' until_stored
kill -TERM "$agent_pid" "$collector_pid"
wait "$agent_pid"
is 'the agent stops in order' $? 0
wait "$collector_pid"
is 'the collector stops in order' $? 0
"${collector[@]}" --once 2>>"$work/collector.talk"

stored >"$work/counts"
is 'every event is there' "$(wc -l <"$work/counts")" "$n"
is 'exactly once' "$(awk '$1 != 1' "$work/counts" | wc -l)" 0
"$fast/assay-collector" export --config "$work/collector.yml" >"$work/export"
ok 'chain and seals verify' "$fast/assay-collector" verify "$work/export"
echo "# $n events"
done_testing
