#!/usr/bin/env bash
# The campaign itself: followers that are wrong in one known way must be caught
# by it, and the true one must pass where a wrong one fails.
# shellcheck source=tests/support/tap.sh
. "$ASSAY_SOURCE/tests/support/tap.sh"
work=${tap_dir:?}
fast=${ASSAY_FAST:?}
broken=$fast/tests/campaign
chmod 755 "$work"

# wrong: how many lines of the last run are wrong.
wrong() {
	sed -n 's/^ *\([0-9]*\) \(lost\|unexplained\|repeated\|forged\)$/\1/p' \
		"$work/out" | paste -sd+ | bc
}
caught() {
	[ "$1" = 1 ] && [ "$(wrong)" -gt 0 ]
}
campaign() {
	"$ASSAY_SOURCE/tests/campaign/run" --agent "$1" \
		--spoolcat "$fast/tests/spoolcat" --dir "$work" --worlds 1 \
		--rotations 80 --kills 15 --logs 8 --seed 4 --pace 1 \
		>"$work/out" 2>&1
}
torn() {
	"$ASSAY_SOURCE/tests/campaign/torn" --agent "$1" --dir "$work" \
		--spoolcat "$fast/tests/spoolcat" --refill "$broken/librefill.so" \
		>"$work/out" 2>&1
}

campaign "$broken/agent-without-size"
ok 'one that looks at sizes only is caught' caught $?
echo "# $(wrong) lines"
campaign "$broken/agent-without-marker"
ok 'one that does not look at the marker is caught' caught $?
echo "# $(wrong) lines"
if [ -n "${ASSAY_CAMPAIGN:-}" ]; then
	campaign "$fast/assay-agent"
	is 'the true one passes the same campaign' $? 0
	sed 's/^/# /' "$work/out"
else
	skip 'the true one passes the same campaign' 'ASSAY_CAMPAIGN=1 runs it'
fi

torn "$broken/agent-without-reread"
ok 'one that does not look at the marker again is caught' caught $?
echo "# $(wrong) lines"
torn "$fast/assay-agent"
is 'the true one passes the same torn reads' $? 0
sed 's/^/# /' "$work/out"
done_testing
