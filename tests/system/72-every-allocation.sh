#!/usr/bin/env bash
# One in ten allocations of an agent's run fails in turn, in a build without
# sanitizers, where what is left over is counted (agent/agent_memory tries some
# of them with).
if [ "$ASSAY_FAST" -ef "$(dirname "$ASSAY_AGENT")" ]; then
	echo 'ok 1 - allocations # skip no build without sanitizers is given'
	echo '1..1'
	exit 0
fi
ASSAY_EVERY=11 exec "$ASSAY_FAST/tests/test_agent_agent_memory"
