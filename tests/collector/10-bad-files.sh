#!/usr/bin/env bash
# Every bad file under bad/ gives exactly the output that stands beside it.
# GOLDEN=write bash 10-bad-files.sh writes the outputs anew: read the difference
# before you commit it.
# shellcheck source=tests/support/tap.sh
. "$ASSAY_SOURCE/tests/support/tap.sh"
bad=$ASSAY_SOURCE/tests/collector/bad
ulimit -c 0

# try: run the check in the directory of a case, so that names are short.
try() {
	(cd "$tap_dir/case" && "$ASSAY_COLLECTOR" check --config collector.yml \
		--rules rules --isms isms --strict 2>&1; echo "exit $?")
}

# compare SENTENCE GOLDEN
compare() {
	local got
	got=$(try)
	if [ "${GOLDEN:-}" = write ]; then
		printf '%s\n' "$got" >"$2"
	fi
	is "$1" "$got" "$(cat "$2")"
}

# A small set of rules, with the product's own table of registers.
prepare() {
	rm -rf "$tap_dir/case"
	mkdir -p "$tap_dir/case/isms"
	: >"$tap_dir/case/collector.yml"
	cp -r "$bad/base" "$tap_dir/case/rules"
	cp "$ASSAY_SOURCE/rules/registers.yml" "$tap_dir/case/rules"
}

prepare
is "the base has nothing wrong" "$(try | tail -n 1)" "exit 0"
for file in "$bad"/checks/*.yml "$bad"/frameworks/*.yml; do
	prepare
	room=$(basename "$(dirname "$file")")
	cp "$file" "$tap_dir/case/rules/$room/"
	compare "$room/$(basename "$file") says what is wrong" \
		"${file%.yml}.out"
done
for file in "$bad"/registers/*.yml "$bad"/events/*.yml; do
	prepare
	room=$(basename "$(dirname "$file")")
	cp "$file" "$tap_dir/case/rules/$room.yml"
	compare "$room/$(basename "$file") says what is wrong" \
		"${file%.yml}.out"
done
for file in "$bad"/isms/*.yml "$bad"/isms/*/; do
	prepare
	name=${file%/}
	if [ -d "$file" ]; then
		cp "$file"*.yml "$tap_dir/case/isms/"
	else
		cp "$file" "$tap_dir/case/isms/"
	fi
	compare "isms/$(basename "$name") says what is wrong" \
		"${name%.yml}.out"
done

ok "there are at least 25 bad files" \
	test "$(find "$bad" -name '*.out' | wc -l)" -ge 25
none_accepted() {
	! grep -rLxE 'exit [13]' --include='*.out' "$bad" | grep .
}
ok "no bad file is accepted" none_accepted
each_placed() {
	! grep -rLE --include='*.out' '^(rules|isms)/[^:]+:[0-9]+:[0-9]+: ' \
		"$bad" | grep .
}
ok "every output names file, line and column" each_placed
done_testing
