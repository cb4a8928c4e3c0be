#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What strangers can write into the lines of logging daemons, package managers
# and backups (names of processes, tags, paths, arguments), the agent reads the
# truth or says `ambiguous`: 3,000 lines a rule (injection.py).
# shellcheck source=tests/support/tap.sh
. "$ASSAY_SOURCE/tests/support/tap.sh"
# shellcheck source=tests/rules/injection.sh
. "$ASSAY_SOURCE/tests/rules/injection.sh"

try_rules 3000 others
ok at_least_12_rules_were_tried [ "$(wc -l <"$tap_dir/rules")" -ge 12 ]
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
find_out 'rsyslogd\.write_error|dpkg\.conffile_replaced' others
done_testing
