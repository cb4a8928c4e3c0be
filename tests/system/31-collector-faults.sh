#!/usr/bin/env bash
# Each write, sync, rename, truncation and open below the state directory fails
# in turn while records are taken: a full disk, a bad one, a short write, an
# interrupted call, once and for good; and the collector is killed at each.
# Nothing is lost, nothing comes twice, nothing crashes, and the next run goes
# on. SQLite's own calls are among them.
# shellcheck source=tests/support/tap.sh
. "$ASSAY_SOURCE/tests/support/tap.sh"
# shellcheck source=tests/system/agent.sh
. "$ASSAY_SOURCE/tests/system/agent.sh"

work=${tap_dir:?}
# Hundreds of runs: where the disk need not be real, it is not.
if [ -w /dev/shm ]; then
	work=$(mktemp -d /dev/shm/assay-test-XXXXXX)
	trap 'rm -rf "$work" "$tap_dir"' EXIT
fi
logs=$work/logs
state=$work/state
spool=$work/agent/spool
mkdir "$logs"
few_rules
export ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0
printf '# all by the command line\n' >"$work/collector.yml"

# collect [COMMAND...]: one run, by way of the command.
collect() {
	"$@" "$ASSAY_COLLECTOR" run --once --config "$work/collector.yml" \
		--state "$state" --rules "$ASSAY_SOURCE/rules" --isms "$work/none" \
		--spool "$spool" >/dev/null 2>"$work/talk"
}

# failing CALLS AT HOW [STICKY]: one run whose AT-th call goes wrong.
failing() {
	collect env ${4:+FAULT_STICKY=1} FAULT_PATH="$state" FAULT_CALL="$1" \
		FAULT_AT="$2" FAULT_DO="$3" FAULT_LOG="$work/calls" \
		LD_PRELOAD="$ASSAY_FAULT"
}

# Is everything there, once? Prints what is not.
sound() {
	local got
	got=$(logged)
	[ "$got" = "$wanted" ] || echo "logins: $got"
	"$ASSAY_COLLECTOR" verify --config "$work/collector.yml" "$state" |
		grep WRONG
}

# The users of the logins in the log, and how many dead letters there are.
logged() {
	sqlite3 -readonly "$state/evidence.db" "
		select json_extract(cast(bytes as text), '\$.data.fields.user') from log
			where cast(bytes as text) like '%\"event\":\"auth.login\"%'
			order by 1;
		select 'dead ' || count(*) from dead" | tr '\n' ' '
}

# A state that has seen 5 logins, with 5 more to read: each case begins so.
logins 1 5 >"$logs/auth.log"
agent "$work/agent" --once --logs "$logs"
collect
cp -a "$state" "$work/before"
cp -a "$spool/ack" "$work/ack"
logins 6 10 >>"$logs/auth.log"
agent "$work/agent" --once --logs "$logs"
again() {
	rm -rf "$state" "$spool/ack"
	cp -a "$work/before" "$state"
	cp -a "$work/ack" "$spool/ack"
}
wanted=
again
collect
wanted=$(logged)
is 'without a fault all ten logins are there, each once, none refused' \
	"$wanted" "$(printf 'u%06d ' {1..10})dead 0 "

# sweep CALLS HOW [STEP] [STICKY]: every STEP-th place in turn. Prints what went
# wrong, then that it is through.
sweep() {
	local at count status step=${3:-1}
	again
	: >"$work/calls"
	failing "$1" 0 "$2"
	count=$(wc -l <"$work/calls")
	[ "$count" -gt 0 ] || echo "no call of $1"
	echo "# $2 ${4:-}: $count places, one in $step" >&2
	for ((at = 1; at <= count; at += step)); do
		again
		failing "$1" "$at" "$2" "${4:-}"
		status=$?
		case $status in
		0 | 4 | 5 | 6) ;;
		137) [ "$2" = kill ] || [ "$2" = tear ] || [ "$2" = after ] ||
			echo "$at: killed" ;;
		*) echo "$at: exit $status $(tail -n 1 "$work/talk")" ;;
		esac
		collect || echo "$at: does not go on: $(cat "$work/talk")"
		sound >"$work/why"
		sed "s/^/$at: /" "$work/why"
	done
	echo swept
}

all=write,fdatasync,fsync,rename,fallocate,ftruncate,open,unlink
is 'a disk full at any one call' "$(sweep "$all" ENOSPC)" swept
is 'a disk full from any call on' "$(sweep "$all" ENOSPC 3 sticky)" swept
is 'an input/output error at any one call' "$(sweep "$all" EIO)" swept
is 'a short write at any one call' "$(sweep write short 3)" swept
is 'an interrupted write at any one call' "$(sweep write EINTR 3)" swept
is 'killed before any call' "$(sweep "$all" kill)" swept
is 'killed in the middle of any write' "$(sweep write tear 2)" swept
is 'killed after any call' "$(sweep "$all" after 3)" swept
done_testing
