#!/usr/bin/env bash
# The collector is killed again and again while an agent's spool grows: every
# record is stored exactly once, and everything verifies.
# shellcheck source=/dev/null
. "$ASSAY_SOURCE/tests/support/tap.sh"
work=${tap_dir:?}
kills=20
log=$work/auth.log
spool=$work/agent/spool
collector=("$ASSAY_COLLECTOR" run --state "$work/state"
	--rules "$ASSAY_SOURCE/rules" --spool "$spool")

printf 'state: %s\nrules: [%s]\nsources: [{file: %s, class: auth}]\n' \
	"$work/agent" "$ASSAY_SOURCE/rules" "$log" >"$work/agent.yml"
printf '# all by the command line\n' >"$work/collector.yml"
collector+=(--config "$work/collector.yml")

# One line of sshd for each number.
say() {
	printf '%s web01 sshd[%d]: Accepted password for u%d from 192.0.2.1 port 4242 ssh2\n' \
		"$(date -u +%Y-%m-%dT%H:%M:%S.%6N+00:00)" "$1" "$1" >>"$log"
}

n=0
say $((++n))
"$ASSAY_AGENT" run --config "$work/agent.yml" 2>"$work/agent.err" &
agent=$!
trap 'kill -9 $agent 2>/dev/null; rm -rf "$work"' EXIT

killed=0
for ((i = 1; i <= kills; i++)); do
	"${collector[@]}" 2>>"$work/collector.err" &
	pid=$!
	for ((k = 0; k < 25; k++)); do
		say $((++n))
	done
	sleep "0.$((RANDOM % 60 + 10))"
	if kill -9 "$pid" 2>/dev/null; then
		killed=$((killed + 1))
	fi
	wait "$pid" 2>/dev/null
	stored=$(sqlite3 -readonly "$work/state/evidence.db" \
		'select count(*) from log' 2>/dev/null)
	echo "# kill $i after ${stored:-0} records"
done
is "every kill found the collector at work" "$killed" "$kills"

# Let the agent finish, then read the rest.
sleep 1
kill -TERM "$agent"
wait "$agent"
is "the agent stopped by itself" "$?" 0
trap 'rm -rf "$work"' EXIT
"${collector[@]}" --once 2>>"$work/collector.err"
is "the last run reads the rest" "$?" 0

export=$work/export
"$ASSAY_COLLECTOR" export --config "$work/collector.yml" \
	--state "$work/state" >"$export"
for ((i = 1; i <= n; i++)); do
	echo "u$i 1"
done | sort >"$work/wanted"
grep -F '"event":"auth.login"' "$export" |
	sed -E 's/.*"user":"(u[0-9]+)".*/\1/' | sort | uniq -c |
	sed -E 's/ *([0-9]+) (.*)/\2 \1/' | sort >"$work/got"
is "every login of the log is there exactly once" \
	"$(cat "$work/got")" "$(cat "$work/wanted")"

in_spool=$("$ASSAY_COLLECTOR" verify --json --config "$work/collector.yml" \
	"$spool" | sed -E 's/.*"records":([0-9]+).*/\1/')
in_log=$(grep -vc '"source":"urn:assay:collector' "$export")
is "the log has as many records of the agent as its spool" \
	"$in_log" "$in_spool"
ok "the store verifies" "$ASSAY_COLLECTOR" verify \
	--config "$work/collector.yml" "$work/state"
ok "the export verifies" "$ASSAY_COLLECTOR" verify \
	--config "$work/collector.yml" "$export"
is "nothing is a dead letter" \
	"$(sqlite3 -readonly "$work/state/evidence.db" 'select count(*) from dead')" 0
is "the database is sound" \
	"$(sqlite3 -readonly "$work/state/evidence.db" 'pragma integrity_check')" ok
is "the agent is told what is stored" \
	"$(cut -d ' ' -f 2 "$spool/ack/collector" | sed 's/^0*//')" \
	"$(sqlite3 -readonly "$work/state/evidence.db" \
		'select highest from epoch where collector = 0')"
done_testing
