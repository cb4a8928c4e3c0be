#!/usr/bin/env bash
# Marks through a real journald: they go to its syslog socket and come back in
# the journal, so that a journald that died is found as silence.
# shellcheck source=tests/system/journald.sh
. "$ASSAY_SOURCE/tests/system/journald.sh"
# shellcheck source=tests/support/tap.sh
. "$ASSAY_SOURCE/tests/support/tap.sh"
# shellcheck source=tests/system/agent.sh
. "$ASSAY_SOURCE/tests/system/agent.sh"

if [ "$ASSAY_JOURNALD" != inside ] || [ ! -x /lib/systemd/systemd-journald ]; then
	skip 'marks come back through the journal' 'no journald in a namespace of our own here'
	done_testing
	exit
fi
trap 'kill -KILL "${agent_pid:-}" 2>/dev/null; journald_stop; rm -rf "${tap_dir:?}"' EXIT
few_rules
journald_start || exit 1
state=$tap_dir/state
echo 'sources: [{journal: default}]' >"$tap_dir/agent.yml"

"$ASSAY_AGENT" run --config "$tap_dir/agent.yml" --state "$state" \
	--rules "$rules" 2>"$tap_dir/talk" &
agent_pid=$!
came() {
	for _ in $(seq 200); do
		[ "$(journalctl -q --no-pager -o cat SYSLOG_IDENTIFIER=assay-agent _PID="$agent_pid" |
			grep -c '^mark [0-9a-f]\{32\}$')" = 1 ] && return 0
		sleep 0.05
	done
	return 1
}
ok 'a mark arrives in the journal' came
before=$(date +%s)
counted() {
	for _ in $(seq 200); do
		"$ASSAY_AGENT" status --json --state "$state" >"$tap_dir/status" 2>&1 &&
			[ "$(journalctl -q --no-pager -o cat | wc -l)" -le "$(grep -o '"lines":[0-9]*' "$tap_dir/status" | head -n 1 | tr -dc 0-9)" ] &&
			return 0
		sleep 0.05
	done
	return 1
}
ok 'and is read' counted
kill -TERM "$agent_pid"
wait "$agent_pid"
is 'the agent stops in good order' $? 0
mark_is_known() {
	records "$state" heartbeat | tail -n 1 >"$tap_dir/beat"
	python3 - "$tap_dir/beat" "$before" <<'END'
import json, sys
d = json.loads(open(sys.argv[1]).read())["data"]
print(d)
source = d["sources"][0]
# The mark is the one line that the rules do not know and that is known.
sys.exit(source["known"] < 1 or
         any(u["program"] == "assay-agent" for u in d["unknown"]) or
         source["through"] != d["through"])
END
}
ok 'as a line that is known, and the source stands at now' mark_is_known
is 'it is no event' "$(records "$state" event | grep -c assay-agent)" 0
is 'nothing failed to be sent' "$(grep -c 'syslog socket' "$tap_dir/talk")" 0
done_testing
