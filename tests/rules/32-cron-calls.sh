#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every message that Debian 12's cron and anacron can log is known: by a rule or as
# one to ignore. The list is made from the source of the packages (cron_calls.py);
# with ASSAY_CRON_SOURCE and ASSAY_ANACRON_SOURCE set to them, patches applied, it
# is compared with the source itself, else it must be the list that was.
# shellcheck source=tests/support/tap.sh
. "$ASSAY_SOURCE/tests/support/tap.sh"
here=$ASSAY_SOURCE/tests/rules
list=$here/cron-calls.tsv

# The calls: tag, file, function, format, and a message (one call of cron can
# give several).
calls() {
	grep -v '^#' "$list" | cut -f1-4,6
}

python3 "$here/cron_calls.py" lines "$list" |
	"$ASSAY_AGENT" match --json --why --rules "$ASSAY_SOURCE/rules" - \
		>"$tap_dir/matches"
ok every_call_is_known_by_the_rule_its_row_names \
	python3 "$here/cron_calls.py" known "$list" "$tap_dir/matches"
is no_message_with_plain_names_is_ambiguous \
	"$(grep -c '"ambiguous":true' "$tap_dir/matches")" 0
sed '0,/	cron.job_failed	/s//	cron.job_killed	/' "$list" >"$tap_dir/wrong.tsv"
other_rule() {
	! python3 "$here/cron_calls.py" known "$tap_dir/wrong.tsv" \
		"$tap_dir/matches" >"$tap_dir/said"
}
ok a_row_that_names_another_rule_is_found_out other_rule
is no_row_is_listed_twice "$(calls | sort | uniq -d)" ""
is the_list_is_the_one_made_from_the_packages \
	"$(calls | wc -l) $(calls | LC_ALL=C sort | sha256sum | cut -c1-64)" \
	"134 480854c68304eb3118e1ce0812a1f1c9a1ccbe594103783a7d9c46757a03cb89"
if [ -n "${ASSAY_CRON_SOURCE:-}" ] && [ -n "${ASSAY_ANACRON_SOURCE:-}" ]; then
	ok every_call_of_the_sources_has_a_row \
		python3 "$here/cron_calls.py" compare "$ASSAY_CRON_SOURCE" \
		"$ASSAY_ANACRON_SOURCE" "$list"
else
	skip every_call_of_the_sources_has_a_row \
		"ASSAY_CRON_SOURCE and ASSAY_ANACRON_SOURCE name no sources"
fi
done_testing
