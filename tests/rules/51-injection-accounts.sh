#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What names, paths and commands an attacker may choose, the agent reads the
# truth or says `ambiguous`: 3,000 lines for every rule of the account tools,
# login, cron and logind that carries such text (injection.py).
# shellcheck source=tests/support/tap.sh
. "$ASSAY_SOURCE/tests/support/tap.sh"
# shellcheck source=tests/rules/injection.sh
. "$ASSAY_SOURCE/tests/rules/injection.sh"

try_rules 3000 accounts login cron
ok at_least_50_rules_were_tried [ "$(wc -l <"$tap_dir/rules")" -ge 50 ]
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
find_out 'cron\.job|login\.failed' accounts login cron
done_testing
