#!/usr/bin/env bash
# Six ways of losing lines, with the agent and rsyslog's imfile on the same log.
# What imfile does is shown, not judged.
# shellcheck source=tests/support/tap.sh
. "$ASSAY_SOURCE/tests/support/tap.sh"
work=${tap_dir:?}
fast=${ASSAY_FAST:?}

for scenario in rename_slow rename_fast copytruncate copytruncate_full kill \
	regrown; do
	"$ASSAY_SOURCE/tests/campaign/peers" --agent "$fast/assay-agent" \
		--spoolcat "$fast/tests/spoolcat" --dir "$work" "$scenario" \
		>"$work/out" 2>&1
	is "$(head -n 1 "$work/out" | sed 's/:.*//'): nothing lost, nothing twice" \
		$? 0
	sed 's/^/# /' "$work/out"
done
done_testing
