#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What names, paths and commands an attacker may choose, the agent reads the
# truth or says `ambiguous`: 3,000 lines for every rule of the account tools,
# login, cron and logind that carries such text (injection.py). ASSAY_SEED draws
# other lines.
# shellcheck source=tests/support/tap.sh
. "$ASSAY_SOURCE/tests/support/tap.sh"
seed=${ASSAY_SEED:-20260703}

campaign() {
	python3 "$ASSAY_SOURCE/tests/rules/injection.py" "$ASSAY_AGENT" "$1" \
		"$seed" "$2" accounts login cron
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
ok at_least_50_rules_were_tried [ "$(wc -l <"$tap_dir/rules")" -ge 50 ]
built() {
	awk '$5 > 0 { n++ } END { print n }' "$tap_dir/rules"
}
ok lines_with_two_readings_were_built_for_20_rules [ "$(built)" -ge 20 ]

# Faults that the campaign is there to find: who a line of cron's is about may
# hold the words of another line; what ends a line of login's is free.
mkdir -p "$tap_dir/faulty/auth" "$tap_dir/faulty/syslog"
cp "$ASSAY_SOURCE"/rules/*.yml "$tap_dir/faulty"
for class in auth syslog; do
	cp "$ASSAY_SOURCE/rules/$class"/*.yml "$tap_dir/faulty/$class"
done
sed -i 's/(?:(?!\\) ).){1,256}/.{1,256}/; /CMD (x) /d; /LIST (x) /d' \
	"$tap_dir/faulty/syslog/cron.yml"
sed -i 's/(?<reason>{pamerror})/(?<reason>{text})/' \
	"$tap_dir/faulty/auth/login.yml"
campaign "$tap_dir/faulty" 1000 >"$tap_dir/found" 2>&1
is rules_with_faults_are_found_out \
	"$(grep -v '^#' "$tap_dir/found" | awk '$8 > 0 { print $1 }' |
		grep -cE '^(cron\.job|login\.failed)$')" 2
done_testing
