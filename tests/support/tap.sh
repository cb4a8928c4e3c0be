# shellcheck shell=bash
# tap: the few words a shell test needs. Source it, state sentences with `ok`
# and `is`, call `done_testing` last.
set -u
tap_count=0
tap_failed=0
tap_dir=$(mktemp -d /tmp/assay-test-XXXXXX)
trap 'rm -rf "$tap_dir"' EXIT

# ok SENTENCE COMMAND...: passes when the command succeeds.
ok() {
	local sentence=$1
	shift
	tap_count=$((tap_count + 1))
	if "$@" >"$tap_dir/.ok" 2>&1; then
		echo "ok $tap_count - $sentence"
	else
		tap_failed=$((tap_failed + 1))
		echo "not ok $tap_count - $sentence"
		sed 's/^/# /' "$tap_dir/.ok"
	fi
}

# is SENTENCE GOT WANTED: passes when both texts are equal.
is() {
	tap_count=$((tap_count + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $tap_count - $1"
	else
		tap_failed=$((tap_failed + 1))
		echo "not ok $tap_count - $1"
		diff <(printf '%s\n' "$3") <(printf '%s\n' "$2") | sed 's/^/# /'
	fi
}

# skip SENTENCE REASON
skip() {
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1 # skip $2"
}

done_testing() {
	echo "1..$tap_count"
	[ "$tap_failed" = 0 ]
}
