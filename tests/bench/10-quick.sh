#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Does the bench run, do its numbers come out, and do all who match agree? Its
# speeds are looked at by nobody here: the corpora are small and the machine is
# busy.
# shellcheck source=tests/support/tap.sh
. "$ASSAY_SOURCE/tests/support/tap.sh"

out=$tap_dir/bench.json
ok the_bench_runs_and_prints_json \
	sh -c "'$ASSAY_SOURCE/tests/bench/run' --quick --json >'$out'"

# numbers JQ-LIKE: a python expression over the result r.
numbers() {
	python3 -c '
import json, sys
r = json.load(open(sys.argv[1]))
rows = {(x["what"], x["corpus"]): x for x in r["rows"]}
print(eval(sys.argv[2]))' "$out" "$1"
}

is every_measure_has_a_speed "$(numbers \
	'[k for k in ("real", "brute", "none")
	  for w in ("limit", "match", "plain", "spool", "hash", "grep", "ripgrep", "rsyslog")
	  if not rows.get((w, k), {}).get("mb_per_s", 0) > 0]')" '[]'
is what_has_a_limit_has_a_ratio "$(numbers \
	'[x for x in r["rows"] if x["what"] not in ("limit", "hash") and not x["ratio"] > 0]')" '[]'
is the_corpora_are_what_they_say "$(numbers \
	'[round(100 * r["counts"][k]["event_lines"] / r["counts"][k]["lines"] / 4) * 4
	  for k in ("real", "brute", "none")]')" '[4, 60, 0]'
is the_quick_and_the_plain_match_agree "$(numbers \
	'[(v["lines"] > 1000, v["differ"]) for v in r["agreement"].values()]')" \
	'[(True, 0), (True, 0), (True, 0)]'
is ripgrep_finds_the_same_lines_of_the_attack "$(numbers \
	'r["counts"]["brute"]["ripgrep"] - r["counts"]["brute"]["event_lines"]')" 0
is nobody_finds_anything_in_none "$(numbers \
	'[r["counts"]["none"][w] for w in ("event_lines", "ripgrep", "grep")]')" '[0, 0, 0]'
is each_event_is_in_the_spool "$(numbers \
	'[c["records"] >= c["events"] for c in r["counts"].values()]')" '[True, True, True]'
is the_idle_agent_was_looked_at "$(numbers \
	'r["idle"]["rss_kib"] > 1000 and r["idle"]["cpu_percent"] >= 0')" True
ok the_same_arguments_make_the_same_corpus sh -c "
	'$ASSAY_BENCH_CORPUS' real 100000 5 '$ASSAY_SOURCE/tests/rules/lines' >'$tap_dir/a' &&
	'$ASSAY_BENCH_CORPUS' real 100000 5 '$ASSAY_SOURCE/tests/rules/lines' >'$tap_dir/b' &&
	cmp '$tap_dir/a' '$tap_dir/b' && [ -s '$tap_dir/a' ]"
done_testing
