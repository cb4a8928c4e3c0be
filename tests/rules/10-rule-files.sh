#!/usr/bin/env bash
# Every rule file passes its own examples, near misses and ambiguous lines: all
# together, as an agent loads them, and each one alone.
# shellcheck source=tests/support/tap.sh
. "$ASSAY_SOURCE/tests/support/tap.sh"
cd "$ASSAY_SOURCE" || exit 2

ok "all rule files hold together" "$ASSAY_AGENT" check --strict --rules rules
for file in rules/{auth,syslog,audit,backup,package,app,agent}/*.yml; do
	[ -e "$file" ] || continue
	ok "$file passes its own lines" "$ASSAY_AGENT" test --strict --rules rules "$file"
	ok "$file proves every rule it holds" \
		test "$("$ASSAY_AGENT" test --rules rules "$file" | grep -c '^ok ')" = \
		"$(grep -cE '^ *- id: |^ *- \{id: ' "$file")"
done

# What the runner relies on must be able to fail.
mkdir -p "$tap_dir/rules/auth"
cp rules/events.yml rules/pieces.yml "$tap_dir/rules"
sed 's/^    outcome: success$/    outcome: failure/; s/Accepted (/Accpeted (/' \
	rules/auth/sshd.yml >"$tap_dir/rules/auth/sshd.yml"
spoiled() {
	! "$ASSAY_AGENT" check --rules "$tap_dir/rules"
}
ok "a rule file with a misspelt pattern does not pass" spoiled
done_testing
