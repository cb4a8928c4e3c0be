#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every message that the shadow suite of Debian 12 can log is known: by a rule or
# as one to ignore. The list is made from the source of one package
# (shadow_calls.py); with ASSAY_SHADOW_SOURCE set to that source, its patches
# applied, it is compared with the source itself, else it must be the list that
# was.
# shellcheck source=tests/support/tap.sh
. "$ASSAY_SOURCE/tests/support/tap.sh"
here=$ASSAY_SOURCE/tests/rules
list=$here/shadow-calls.tsv

# The calls alone: tag, file, level, format.
calls() {
	grep -v '^#' "$list" | cut -f1-4
}

python3 "$here/shadow_calls.py" lines "$list" |
	"$ASSAY_AGENT" match --json --why --rules "$ASSAY_SOURCE/rules" - \
		>"$tap_dir/matches"
ok every_call_is_known_by_the_rule_its_row_names \
	python3 "$here/shadow_calls.py" known "$list" "$tap_dir/matches"
is no_message_with_plain_names_is_ambiguous \
	"$(grep -c '"ambiguous":true' "$tap_dir/matches")" 0
sed '0,/	usermod.locked	/s//	usermod.unlocked	/' "$list" >"$tap_dir/wrong.tsv"
other_rule() {
	! python3 "$here/shadow_calls.py" known "$tap_dir/wrong.tsv" \
		"$tap_dir/matches" >"$tap_dir/said"
}
ok a_row_that_names_another_rule_is_found_out other_rule
is no_row_is_listed_twice "$(calls | sort | uniq -d)" ""
is the_list_is_the_one_made_from_the_package \
	"$(calls | wc -l) $(calls | LC_ALL=C sort | sha256sum | cut -c1-64)" \
	"290 45d1feb774882ef78f9f0bd9b016bed854b6f77ca0f836476df82b16b7029ca1"
if [ -n "${ASSAY_SHADOW_SOURCE:-}" ]; then
	ok every_call_of_the_source_has_a_row \
		python3 "$here/shadow_calls.py" compare "$ASSAY_SHADOW_SOURCE" "$list"
else
	skip every_call_of_the_source_has_a_row \
		"ASSAY_SHADOW_SOURCE names no source of shadow 4.13+dfsg1-1+deb12u2"
fi
done_testing
