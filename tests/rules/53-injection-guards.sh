#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What strangers can write into the lines of second factors, of units, of
# firewalls and of scanners (names, descriptions, paths, packets), the agent
# reads the truth or says `ambiguous`: 3,000 lines a rule (injection.py).
# shellcheck source=tests/support/tap.sh
. "$ASSAY_SOURCE/tests/support/tap.sh"
# shellcheck source=tests/rules/injection.sh
. "$ASSAY_SOURCE/tests/rules/injection.sh"

try_rules 3000 guards
ok at_least_14_rules_were_tried [ "$(wc -l <"$tap_dir/rules")" -ge 14 ]
is lines_with_two_readings_were_built_for_three_rules "$(built)" 3

# Faults that the campaign is there to find: a path and a warning that end at the
# first colon.
mkdir -p "$tap_dir/faulty"
cp -r "$ASSAY_SOURCE"/rules/*.yml \
	"$ASSAY_SOURCE"/rules/{auth,syslog,backup,app} "$tap_dir/faulty"
sed -i 's/(?<path>\.{1,4096}): (?<signature>\[!-~\]{1,200}) FOUND/(?<path>[^:]{1,4096}): (?:.{0,4000}: )?(?<signature>[!-~]{1,200}) FOUND/' \
	"$tap_dir/faulty/syslog/clamscan.yml"
sed -i '/WARNING: (?!/s/(?<reason>\.{1,4500})/(?<reason>[^:]{1,4500})(?::.{0,4500})?/' \
	"$tap_dir/faulty/backup/rsnapshot.yml"
find_out 'clamscan\.found|rsnapshot\.warning' guards
done_testing
