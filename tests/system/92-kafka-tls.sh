#!/usr/bin/env bash
# A broker or a client that is not who it should be is refused, by name; nothing
# is lost meanwhile.
# shellcheck source=tests/support/tap.sh
. "$ASSAY_SOURCE/tests/support/tap.sh"
# shellcheck source=tests/system/kafka.sh
. "$ASSAY_SOURCE/tests/system/kafka.sh"
work=${tap_dir:?}
rules=$work/rules

kafka_start 'Kafka with TLS' --tls
mkdir -p "$rules/auth" "$work/other"
cp "$ASSAY_SOURCE"/rules/*.yml "$rules"
cp "$ASSAY_SOURCE/rules/auth/sshd.yml" "$rules/auth"
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/other/ca.key" -days 30 \
	-subj /CN=somebody -out "$work/other/ca.crt" 2>/dev/null
python3 "$ASSAY_SOURCE/tests/system/certificate.py" "$work/other" client me 30 2>/dev/null
cp "$kafka/server.pem" "$work/server.pem"
agent_pid=
trap 'kill -9 $agent_pid 2>/dev/null; kafka_remove; rm -rf "$work"' EXIT

n=0
say() {
	n=$((n + 1))
	printf '%s web01 sshd[%d]: Accepted password for u%d from 192.0.2.1 port 4242 ssh2\n' \
		"$(date -u +%Y-%m-%dT%H:%M:%S.%6N+00:00)" $n $n >>"$work/auth.log"
}
# configure [SED EXPRESSION]: what the agent has, with a change.
configure() {
	{
		printf 'state: %s/agent\nrules: [%s]\nsources: [{file: %s, class: auth}]\nkafka:\n' \
			"$work" "$rules" "$work/auth.log"
		kafka_map '  ' | sed -E "${1:-}"
	} >"$work/agent.yml"
}
# refused SENTENCE PATTERN: an agent that runs says so in its status.
refused() {
	local tries
	say
	rm -f "$work/agent/status.json"
	"$ASSAY_AGENT" run --config "$work/agent.yml" 2>>"$work/talk" &
	agent_pid=$!
	for ((tries = 0; tries < 150; tries++)); do
		"$ASSAY_AGENT" status --config "$work/agent.yml" 2>&1 |
			tr -s ' \n' ' ' >"$work/status"
		grep -qE "$2" "$work/status" && break
		sleep 0.1
	done
	ok "$1" grep -E "$2" "$work/status"
	is "$1: nothing is sent" "$(grep -c '"delivered":[1-9]' "$work/agent/status.json")" 0
	kill -TERM "$agent_pid"
	wait "$agent_pid"
	grep -oE 'nothing is delivered .{0,300}' "$work/status" | head -n 1 | sed 's/^/# /'
}
# server NAME: the broker shows this certificate from now on.
server() {
	"$broker" stop "$kafka"
	cp "$1" "$kafka/server.pem"
	"$broker" start "$kafka" >/dev/null 2>>"$kafka.talk"
}

configure "s|ssl.ca.location: .*|ssl.ca.location: $work/other/ca.crt|"
refused 'a broker whose CA is not ours' 'not signed by a CA in ssl.ca.location'
configure '/ssl.(certificate|key).location/d'
refused 'a client without a certificate' 'asks for one and none is set: check ssl.certificate.location'
configure "s|ssl.certificate.location: .*|ssl.certificate.location: $work/other/client.crt|
	s|ssl.key.location: .*|ssl.key.location: $work/other/client.key|"
refused 'a client that another CA signed' 'does not accept our certificate|does not know who signed'
configure
python3 "$ASSAY_SOURCE/tests/system/certificate.py" "$kafka" elsewhere elsewhere.example 30 2>/dev/null
server "$kafka/elsewhere.pem"
refused 'a broker of another name' 'for another address than the one we connect to'
python3 "$ASSAY_SOURCE/tests/system/certificate.py" "$kafka" old localhost -1 2>/dev/null
server "$kafka/old.pem"
refused 'a broker whose certificate has expired' 'certificate is refused: it has expired'
server "$work/server.pem"

say
"$ASSAY_AGENT" run --once --config "$work/agent.yml" 2>"$work/talk"
is 'once it is mended all is sent' $? 0
{
	printf 'state: %s/state\nrules: [%s]\nstreams:\n- kafka:\n' "$work" "$rules"
	kafka_map '    '
} >"$work/collector.yml"
"$ASSAY_COLLECTOR" run --once --config "$work/collector.yml" 2>"$work/talk"
is 'and taken' $? 0
"$ASSAY_COLLECTOR" export --config "$work/collector.yml" >"$work/export"
is 'nothing was lost meanwhile' "$(grep -oE '"user":"u[0-9]+"' "$work/export" | sort -u | wc -l)" $n
is 'nothing came twice' "$(grep -c '"event":"auth.login"' "$work/export")" $n
done_testing
