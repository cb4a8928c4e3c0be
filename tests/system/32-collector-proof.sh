#!/usr/bin/env bash
# One story, asked in three ways: the same bytes. And what somebody does to an
# export, a store or a spool is named, with exit code 6.
# shellcheck source=/dev/null
. "$ASSAY_SOURCE/tests/support/tap.sh"
work=${tap_dir:?}
state=$work/state
printf '# all by the command line\n' >"$work/collector.yml"
common=(--config "$work/collector.yml" --state "$state")

collector() {
	local name=$1
	shift
	"$ASSAY_COLLECTOR" "$name" "${common[@]}" "$@"
}

mkdir -p "$work/logs"
for i in $(seq 10 30); do
	printf '2026-07-03T10:%d:00.000000+00:00 web01 sshd[%d]: Accepted publickey for alice from 192.0.2.1 port 4242 ssh2: ED25519 SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n' "$i" "$i"
done >"$work/logs/auth.log"
once() {
	"$ASSAY_AGENT" run --once --now "$1" --state "$work/agent" \
		--rules "$ASSAY_SOURCE/rules" --logs "$work/logs" 2>/dev/null
	collector run --once --now "$1" --rules "$ASSAY_SOURCE/rules" \
		--spool "$work/agent/spool" 2>>"$work/run.err"
}
ok "a first day is collected" once 2026-07-03T11:00:00.000000Z
printf '2026-07-04T09:00:00.000000+00:00 web01 sshd[99]: Accepted password for bob from 192.0.2.1 port 4242 ssh2\n' >>"$work/logs/auth.log"
ok "and a second one" once 2026-07-04T11:00:00.000000Z

collector report --json >"$work/report"
collector export >"$work/export"
is "report prints one line" "$(wc -l <"$work/report")" 1
is "report knows what is the matter with 93 controls" \
	"$(grep -o '"theme":' "$work/report" | wc -l)" 93
ok "recompute of the store prints the same bytes" \
	cmp "$work/report" <(collector recompute "$state")
ok "recompute of an export prints the same bytes" \
	cmp "$work/report" <(collector recompute "$work/export")
ok "recompute reads standard input" \
	cmp "$work/report" <(collector recompute - <"$work/export")
ok "and so it is at an earlier moment, with less known" cmp \
	<(collector report --json --as-of 2026-07-04T05:00:00Z --known-at 9) \
	<(collector recompute "$work/export" --as-of 2026-07-04T05:00:00Z --known-at 9)
ok "which is another answer" \
	test "$(collector report --json --known-at 9)" != "$(cat "$work/report")"
tac "$work/export" >"$work/backwards"
ok "the order of arrival changes nothing" \
	cmp "$work/report" <(collector recompute "$work/backwards")
ok "the whole export verifies" collector verify "$work/export"
ok "the store verifies" collector verify
ok "the spool verifies" collector verify "$work/agent/spool"

# code SENTENCE WANTED COMMAND...
code() {
	local sentence=$1 wanted=$2
	shift 2
	"$@" >"$work/out" 2>&1
	is "$sentence" "$?" "$wanted"
}
says() {
	is "$1" "$(grep -c -- "$2" "$work/out")" "${3:-1}"
}

line=$(grep -n '"event":"auth.login"' "$work/export" | sed -n '3s/:.*//p')
sed "${line}d" "$work/export" >"$work/bad"
code "a removed line is an integrity failure" 6 collector verify "$work/bad"
says "and the missing record is named" 'WRONG: .*record [0-9]*: missing'

sed "${line}s/alice/mallo/" "$work/export" >"$work/bad"
code "an edited line is an integrity failure" 6 collector verify "$work/bad"
says "and its range is named" 'WRONG: .*records [0-9]* to [0-9]*'

sed "${line}s/.\$//" "$work/export" >"$work/bad"
code "a broken line is an integrity failure" 6 collector verify "$work/bad"
says "and the line and byte are named" "WRONG: line $line (byte [0-9]*): "

printf '\n' | cat "$work/export" - >"$work/bad"
code "an empty line is named" 6 collector verify "$work/bad"

sed "${line}p" "$work/export" >"$work/bad"
code "a repeated line is harmless" 0 collector verify "$work/bad"
says "and counted" '1 repeated'

seal=$(grep -n '"type":"assay.seal.v1"' "$work/export" | sed -n '2s/:.*//p')
sed "${seal}s/\"sig\":\"..../\"sig\":\"AAAA/" "$work/export" >"$work/bad"
code "a forged signature is an integrity failure" 6 collector verify "$work/bad"
code "an empty export proves nothing" 6 collector verify /dev/null
code "recompute leaves nothing out silently" 6 \
	collector recompute <(sed "${line}s/.\$//" "$work/export")

copy() {
	rm -rf "$work/copy"
	cp -r "$state" "$work/copy"
}
login=$line # the export has one line for each record
copy
sqlite3 "$work/copy/evidence.db" \
	"update log set bytes = cast(replace(cast(bytes as text), 'alice', 'mallo') as blob) where idx = $login"
code "a row whose bytes were changed is named" 6 collector verify "$work/copy"
says "by its place" "WRONG: record $login: its bytes are not those"
copy
sqlite3 "$work/copy/evidence.db" "delete from log where idx = $login"
code "a row that was deleted is an integrity failure" 6 \
	collector verify "$work/copy"
copy
dd if=/dev/zero of="$work/copy/evidence.db" bs=1 seek=$((4096 * 5)) count=400 \
	conv=notrunc 2>/dev/null
code "a damaged database is an integrity failure" 6 \
	collector verify "$work/copy"

cp -r "$work/agent/spool" "$work/spool"
# The first record of the largest segment, one bit.
segment=$(find "$work/spool" -name '*.seg' -printf '%s %p\n' | sort -n | tail -n 1 | cut -d' ' -f2-)
python3 -c 'import sys
with open(sys.argv[1], "r+b") as f:
    f.seek(400)
    byte = f.read(1)[0]
    f.seek(400)
    f.write(bytes([byte ^ 1]))' "$segment"
code "damage in a spool is an integrity failure" 6 \
	collector verify "$work/spool"
ok "and segment and byte are named" grep -q 'WRONG: .*\.seg.*byte [0-9]' "$work/out"
done_testing
