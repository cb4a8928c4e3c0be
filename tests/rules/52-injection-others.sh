#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What strangers can write into the lines of logging daemons, package managers
# and backups (names of processes, tags, paths, arguments), the agent reads the
# truth or says `ambiguous`: 3,000 lines a rule (injection.py). ASSAY_SEED draws
# other lines.
# shellcheck source=tests/support/tap.sh
. "$ASSAY_SOURCE/tests/support/tap.sh"
seed=${ASSAY_SEED:-20260703}

campaign() {
	python3 "$ASSAY_SOURCE/tests/rules/injection.py" "$ASSAY_AGENT" "$1" \
		"$seed" "$2" others
}

campaign "$ASSAY_SOURCE/rules" 3000 >"$tap_dir/report"
status=$?
grep '^#' "$tap_dir/report"
grep -v '^#' "$tap_dir/report" >"$tap_dir/rules"

# A line of the report: rule, lines, true, ambiguous, built ambiguous, cut, names
# of 400 bytes, wrong.
while read -r rule lines _ _ _ _ _ wrong; do
	is "${rule}_gives_the_truth_or_ambiguous" \
		"$wrong wrong of $lines" "0 wrong of 3000"
done <"$tap_dir/rules"
is the_campaign_ran_to_its_end "$status" 0
ok at_least_12_rules_were_tried [ "$(wc -l <"$tap_dir/rules")" -ge 12 ]
built() {
	awk '$5 > 0 { n++ } END { print n + 0 }' "$tap_dir/rules"
}
is lines_with_two_readings_were_built_for_two_rules "$(built)" 2

# Faults that the campaign is there to find: a path that ends at the first quote,
# a command line that ends anywhere.
mkdir -p "$tap_dir/faulty"
cp -r "$ASSAY_SOURCE"/rules/*.yml "$ASSAY_SOURCE"/rules/{syslog,package,backup} \
	"$tap_dir/faulty"
sed -i "s/file ''(?<reason>\.{1,4096})''/file ''(?<reason>[^'']{1,4096})''.{0,4000}/" \
	"$tap_dir/faulty/syslog/rsyslogd.yml"
sed -i 's/conffile (?<path>{path}) install/conffile (?<path>[^ ]{1,4096}) .{0,4000}install/' \
	"$tap_dir/faulty/package/dpkg.yml"
campaign "$tap_dir/faulty" 1000 >"$tap_dir/found" 2>&1
is rules_with_faults_are_found_out \
	"$(grep -v '^#' "$tap_dir/found" | awk '$8 > 0 { print $1 }' |
		grep -cE '^(rsyslogd\.write_error|dpkg\.conffile_replaced)$')" 2
done_testing
