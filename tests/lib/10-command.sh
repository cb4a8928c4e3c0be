#!/usr/bin/env bash
# What both programs say before any subcommand runs.
# shellcheck source=../support/tap.sh
. "$ASSAY_SOURCE/tests/support/tap.sh"

status_of() {
	"$@" >"$tap_dir/out" 2>"$tap_dir/err"
	echo $?
}

for program in "$ASSAY_AGENT" "$ASSAY_COLLECTOR"; do
	name=$(basename "$program")
	is "$name without arguments is a usage error" "$(status_of "$program")" 2
	is "$name --help is an answer" "$(status_of "$program" --help)" 0
	ok "$name --help talks on stdout" grep -q "^usage: $name" "$tap_dir/out"
	is "$name says its version" "$(status_of "$program" --version)$(cut -d' ' -f1 "$tap_dir/out")" "0$name"
	is "an unknown command of $name is a usage error" "$(status_of "$program" frobnicate)" 2
	ok "$name says where its commands are listed" grep -q -- '--help' "$tap_dir/err"
done

done_testing
