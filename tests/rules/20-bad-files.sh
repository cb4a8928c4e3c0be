#!/usr/bin/env bash
# Every bad file under bad/ gives exactly the output that stands beside it.
# GOLDEN=write bash 20-bad-files.sh writes the outputs anew: read the difference
# before you commit it.
# shellcheck source=tests/support/tap.sh
. "$ASSAY_SOURCE/tests/support/tap.sh"
cd "$ASSAY_SOURCE/tests/rules/bad" || exit 2
ulimit -c 0

# compare SENTENCE NAME.yml OUTPUT
compare() {
	local golden=${2%.yml}.out
	if [ "${GOLDEN:-}" = write ]; then
		printf '%s\n' "$3" >"$golden"
	fi
	is "$1" "$3" "$(cat "$golden")"
}

# A rule file is tried alone against a small vocabulary.
for file in rule/*.yml; do
	got=$("$ASSAY_AGENT" test --rules base "$file" 2>&1)
	code=$?
	compare "$file says what is wrong" "$file" "$got
exit $code"
done

# A bad vocabulary or a bad list of pieces spoils the directory it is in.
for file in events/*.yml pieces/*.yml; do
	dir=$tap_dir/rules
	rm -rf "$dir"
	cp -r base "$dir"
	cp "$file" "$dir/${file%%/*}.yml"
	got=$("$ASSAY_AGENT" check --rules "$dir" 2>&1)
	code=$?
	compare "$file says what is wrong" "$file" "${got//$dir/rules}
exit $code"
done

ok "there are at least 40 bad files" \
	test "$(find . -name '*.yml' -not -path './base/*' | wc -l)" -ge 40
none_unexplained() {
	! grep -LE '^([a-z]+/[^:]+: |[a-z]+/[^:]+:[0-9]+:)' -- */*.out | grep .
}
ok "every output begins with file, line and column, or the file" none_unexplained
all_refused() {
	! grep -LxE 'exit [12]' -- */*.out | grep .
}
ok "no bad file is accepted" all_refused
done_testing
