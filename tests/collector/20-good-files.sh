#!/usr/bin/env bash
# What the product ships, and an example of what an organisation declares, is
# found good, and `check` says what it saw.
# shellcheck source=tests/support/tap.sh
. "$ASSAY_SOURCE/tests/support/tap.sh"
: >"$tap_dir/collector.yml"
rules=$ASSAY_SOURCE/rules
isms=$ASSAY_SOURCE/tests/collector/isms
shipped=$(cat "$rules"/checks/*.yml | grep -c '^  - id: ')

check() {
	"$ASSAY_COLLECTOR" check --config "$tap_dir/collector.yml" "$@" 2>&1
}
exit_of() {
	check "$@" >/dev/null
	echo $?
}

is "the shipped files and the example have no error and no warning" \
	"$(exit_of --rules "$rules" --isms "$isms" --strict)" 0
is "check counts what it saw" "$(check --rules "$rules" --isms "$isms")" \
	"$shipped checks (4 adopted), 93 controls (91 not decided), 3 hosts and 3 jobs declared: nothing is wrong"
is "nothing declared is nothing wrong" \
	"$(exit_of --rules "$rules" --isms "$tap_dir/none" --strict)" 0
is "without rules it says so and fails" \
	"$(exit_of --rules "$tap_dir/none" --isms "$tap_dir/none")" 1
is "a warning alone gives exit 0, and 3 when it is to be strict" "$(
	mkdir "$tap_dir/isms"
	echo 'soa: [{control: A.8.13, applicable: true, reason: r}]' \
		>"$tap_dir/isms/soa.yml"
	exit_of --rules "$rules" --isms "$tap_dir/isms"
	exit_of --rules "$rules" --isms "$tap_dir/isms" --strict
)" "0
3"
is "an unknown option is a matter of usage" "$(exit_of --rulez x)" 2
is "json holds the counts and each problem with its place" "$(
	check --json --rules "$rules" --isms "$tap_dir/isms"
)" "{\"errors\":0,\"warnings\":1,\"checks\":$shipped,\"adopted\":0,\"controls\":93,\"undecided\":92,\"hosts\":0,\"jobs\":0,\"problems\":[{\"level\":\"warning\",\"file\":\"$tap_dir/isms/soa.yml\",\"line\":1,\"column\":7,\"message\":\"A.8.13 applies, and nothing says how far it is in place: add 'status', implemented, planned or none\"}]}"
is "a file that ends in .yaml is not passed over in silence" "$(
	mv "$tap_dir/isms/soa.yml" "$tap_dir/isms/soa.yaml"
	check --rules "$rules" --isms "$tap_dir/isms" | head -n 1
)" "$tap_dir/isms/soa.yaml: warning: this file is not read: files must end in .yml"
ln -s nowhere "$tap_dir/isms/broken.yml"
is "a link to nothing is a matter of configuration" \
	"$(exit_of --rules "$rules" --isms "$tap_dir/isms")" 2
rm "$tap_dir/isms/broken.yml"
mkdir "$tap_dir/isms/dir.yml"
is "so is what cannot be read" \
	"$(exit_of --rules "$rules" --isms "$tap_dir/isms")" 2
done_testing
