#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every message that OpenSSH's server can log at INFO or above is known: by a
# rule or as one to ignore. The list is made from the source of one release
# (sshd_calls.py); with ASSAY_OPENSSH_SOURCE set to a checkout of that release it
# is compared with the source itself, else it must be the list that was.
# shellcheck source=tests/support/tap.sh
. "$ASSAY_SOURCE/tests/support/tap.sh"
here=$ASSAY_SOURCE/tests/rules
list=$here/sshd-calls.tsv

# The calls alone: file, function, level, format.
calls() {
	grep -v '^#' "$list" | cut -f1-4
}

grep -v '^#' "$list" | cut -f6 >"$tap_dir/messages"
"$ASSAY_AGENT" match --json --why --rules "$ASSAY_SOURCE/rules" \
	--program sshd "$tap_dir/messages" >"$tap_dir/matches"
ok every_call_is_known_by_the_rule_its_row_names \
	python3 "$here/sshd_calls.py" known "$list" "$tap_dir/matches"

# The same messages with the mark that sshd adds to what its confined child
# sent to the log; three files are the listener's, which has no such child.
sed 's/$/ [preauth]/' "$tap_dir/messages" |
	"$ASSAY_AGENT" match --json --why --rules "$ASSAY_SOURCE/rules" \
		--program sshd-session - >"$tap_dir/relayed"
is no_relayed_message_of_the_child_is_unknown \
	"$(paste "$tap_dir/relayed" <(grep -v '^#' "$list") |
		grep '"kind":"unknown"' |
		grep -cvE '	(sshd|srclimit|servconf)\.c	')" 0

is no_row_is_listed_twice "$(calls | sort | uniq -d)" ""
is the_list_is_the_one_made_from_the_release \
	"$(calls | wc -l) $(calls | LC_ALL=C sort | sha256sum | cut -c1-64)" \
	"1693 eabfc822a32e642af677d8f228cf9d0622308fb2104aefe8910b3fa070a999c5"
if [ -n "${ASSAY_OPENSSH_SOURCE:-}" ]; then
	ok every_call_of_the_source_has_a_row \
		python3 "$here/sshd_calls.py" compare "$ASSAY_OPENSSH_SOURCE" "$list"
else
	skip every_call_of_the_source_has_a_row \
		"ASSAY_OPENSSH_SOURCE names no checkout of V_10_5_P1"
fi
done_testing
