#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What names an attacker may choose, the agent reads the true user and address
# or says `ambiguous`: 10,000 lines for every rule of sshd, sudo, su and PAM that
# carries such text (injection.py).
# shellcheck source=tests/support/tap.sh
. "$ASSAY_SOURCE/tests/support/tap.sh"
# shellcheck source=tests/rules/injection.sh
. "$ASSAY_SOURCE/tests/rules/injection.sh"

try_rules 10000

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
find_out 'sshd\.failed_unknown|sudo\.more_failures'
done_testing
