#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What names an attacker may choose, the agent reads the true user and address
# or says `ambiguous`: 10,000 lines for every rule of sshd, sudo, su and PAM that
# carries such text (injection.py). ASSAY_SEED draws other lines.
# shellcheck source=tests/support/tap.sh
. "$ASSAY_SOURCE/tests/support/tap.sh"
seed=${ASSAY_SEED:-20260703}

python3 "$ASSAY_SOURCE/tests/rules/injection.py" "$ASSAY_AGENT" \
	"$ASSAY_SOURCE/rules" "$seed" 10000 >"$tap_dir/report"
status=$?
grep '^#' "$tap_dir/report"
grep -v '^#' "$tap_dir/report" >"$tap_dir/rules"

# A line of the report: rule, lines, true, ambiguous, built ambiguous, cut, names
# of 400 bytes, wrong.
while read -r rule lines _ _ _ _ _ wrong; do
	is "${rule}_gives_the_truth_or_ambiguous" \
		"$wrong wrong of $lines" "0 wrong of 10000"
done <"$tap_dir/rules"
is the_campaign_ran_to_its_end "$status" 0

# sum FIELD PROGRAM: over the rules of a program.
sum() {
	awk -v field="$1" -v program="$2" \
		'$1 ~ "^" program { n += $field } END { print n + 0 }' \
		"$tap_dir/rules"
}
for program in sshd sudo su pam_unix; do
	ok "one_line_in_a_hundred_of_${program}_has_two_readings" \
		[ $((100 * $(sum 4 "$program\\."))) -ge "$(sum 2 "$program\\.")" ]
done
ok most_lines_of_every_program_have_one_reading \
	[ $((2 * $(sum 3 .))) -gt "$(sum 2 .)" ]
ok names_of_100_bytes_that_became_400_were_among_them \
	[ "$(sum 7 sshd)" -ge 100 ]

# A rule with the faults that the campaign is there to find must not pass: the
# tail is free, and nothing stands against a line that was cut.
mkdir -p "$tap_dir/faulty/auth"
cp "$ASSAY_SOURCE"/rules/*.yml "$tap_dir/faulty"
cp "$ASSAY_SOURCE"/rules/auth/*.yml "$tap_dir/faulty/auth"
sed -i "s/(?!\.{500})//; s/(?!PAM \[0-9\]{1,9} more )//" \
	"$tap_dir"/faulty/auth/sshd.yml "$tap_dir"/faulty/auth/sudo.yml
python3 "$ASSAY_SOURCE/tests/rules/injection.py" "$ASSAY_AGENT" \
	"$tap_dir/faulty" "$seed" 1000 >"$tap_dir/found" 2>&1
is rules_with_faults_are_found_out \
	"$(grep -v '^#' "$tap_dir/found" | awk '$8 > 0 { print $1 }' |
		grep -cE '^(sshd\.failed_unknown|sudo\.more_failures)$')" 2
done_testing
