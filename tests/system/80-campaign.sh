#!/usr/bin/env bash
# Random rotations of real files, an agent killed at random, and the exact
# account of every line: the short form of tests/campaign/run.
# shellcheck source=tests/support/tap.sh
. "$ASSAY_SOURCE/tests/support/tap.sh"
# What it finds depends on what the machine does meanwhile: until an hour of it
# was clean it is asked for by name.
if [ -z "${ASSAY_CAMPAIGN:-}" ]; then
	skip 'the campaign' 'ASSAY_CAMPAIGN=1 runs it (4 minutes); no hour of it was clean yet'
	done_testing
	exit
fi
work=${tap_dir:?}
fast=${ASSAY_FAST:?}

# On a disk, and in memory where there is room.
dirs=(--dir "$work")
memory=
if [ -w /dev/shm ] && memory=$(mktemp -d /dev/shm/assay-test-XXXXXX); then
	dirs+=(--dir "$memory")
	trap 'rm -rf "$work" "$memory"' EXIT
fi
chmod 755 "$work" ${memory:+"$memory"}

count() {
	sed -n "s/^ *\([0-9]*\) $1\$/\1/p" "$work/out"
}
"$ASSAY_SOURCE/tests/campaign/run" --agent "$fast/assay-agent" \
	--spoolcat "$fast/tests/spoolcat" --compress gz,xz,zst \
	--rotations 500 --kills 200 "${dirs[@]}" >"$work/out" 2>&1
is 'the campaign ends well' $? 0
sed 's/^/# /' "$work/out"
ok 'with 500 rotations' [ "$(count rotations)" -ge 500 ]
ok 'and 200 kills' [ "$(count kills)" -ge 200 ]
ok 'tens of thousands of lines were written' [ "$(count written)" -ge 20000 ]
is 'none is lost' "$(count lost)" 0
is 'none is repeated' "$(count repeated)/$(count replayed)" 0/0
is 'none is missing outside of a gap' "$(count unexplained)" 0
is 'none was made up, and none is out of order' \
	"$(count forged)/$(count disorder)" 0/0
is 'all is sealed' "$(count unsealed)" 0
done_testing
