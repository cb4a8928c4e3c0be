#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Random histories fed to one ledger that is asked on the way: what it answers
# must not depend on what it was asked before. ASSAY_SEEDS=N for more.
here=$(cd "$(dirname "$0")" && pwd)
source "$here/../../support/tap.sh"
replay=$(dirname "$ASSAY_COLLECTOR")/tests/replay
seeds=${ASSAY_SEEDS:-16}

# Without ASSAY_COLLECTOR the history is made and judged by the twin alone.
make() {
	env -u ASSAY_COLLECTOR python3 "$here/random_histories.py" --seed "$1" \
		--keep "$tap_dir/$1.ndjson" >"$tap_dir/$1.out" 2>&1
	[ -s "$tap_dir/$1.ndjson" ]
}

paths=
for seed in $(seq 5001 $((5000 + seeds))); do
	if make "$seed"; then
		paths=$paths:$tap_dir/$seed.ndjson
	else
		ok "random history $seed can be made" false
	fi
done
ok "each answer on the way is that of a fresh ledger, $seeds histories" \
	env ASSAY_REPLAY="${paths#:}" "$replay"
done_testing
