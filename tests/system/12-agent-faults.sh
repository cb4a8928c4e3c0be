#!/usr/bin/env bash
# Each write, sync, rename, allocation and truncation of a run fails in turn: a
# full disk, a bad one, a short write, an interrupted call, once and for good.
# Nothing is lost, nothing comes twice, nothing crashes, and the agent says what
# happened.
# shellcheck source=tests/support/tap.sh
. "$ASSAY_SOURCE/tests/support/tap.sh"
# shellcheck source=tests/system/agent.sh
. "$ASSAY_SOURCE/tests/system/agent.sh"

logs=${tap_dir:?}/logs
state=$tap_dir/state
mkdir "$logs"
few_rules
export ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0

# failing CALLS AT HOW [STICKY]: one run whose AT-th call goes wrong.
failing() {
	env ${4:+FAULT_STICKY=1} FAULT_PATH="$state/spool" FAULT_CALL="$1" \
		FAULT_AT="$2" FAULT_DO="$3" FAULT_LOG="$tap_dir/calls" \
		LD_PRELOAD="$ASSAY_FAULT" "$ASSAY_AGENT" run --once \
		--state "$state" --rules "$rules" --logs "$logs" \
		>/dev/null 2>"$tap_dir/talk"
}

# A state that has seen 5 logins, with 5 more to read: each case begins so.
logins 1 5 >"$logs/auth.log"
agent "$state" --once --logs "$logs"
cp -a "$state" "$tap_dir/before"
logins 6 10 >>"$logs/auth.log"
again() {
	rm -rf "$state"
	cp -a "$tap_dir/before" "$state"
}

# sweep CALLS HOW [STICKY]: every place in turn. Prints what went wrong, nothing
# when nothing did.
sweep() {
	local at count status
	again
	: >"$tap_dir/calls"
	failing "$1" 0 "$2"
	count=$(wc -l <"$tap_dir/calls")
	[ "$count" -gt 0 ] || echo "no call of $1"
	for ((at = 1; at <= count; at++)); do
		again
		failing "$1" "$at" "$2" "${3:-}"
		status=$?
		if [ "$status" -gt 1 ]; then
			echo "$at: exit $status"
		elif [ "$status" = 1 ] && ! grep -q 'spool' "$tap_dir/talk"; then
			echo "$at: failed and did not say why"
		fi
		agent "$state" --once --logs "$logs" || echo "$at: does not go on"
		whole "$state" 10 >"$tap_dir/why" 2>&1 ||
			echo "$at: $(head -n 3 "$tap_dir/why")"
		grep -q '"type":"assay.gap' "$tap_dir/records" &&
			echo "$at: a gap where nothing is missing"
	done
}

all=write,fdatasync,fsync,rename,fallocate,ftruncate,open,unlink
is 'a disk full at any one call' "$(sweep "$all" ENOSPC)" ''
is 'a disk full from any call on' "$(sweep "$all" ENOSPC sticky)" ''
is 'an input/output error at any one call' "$(sweep "$all" EIO)" ''
is 'input/output errors from any call on' "$(sweep "$all" EIO sticky)" ''
is 'a short write at any one call' "$(sweep write short)" ''
is 'short writes from any call on' "$(sweep write short sticky)" ''
is 'an interrupted write at any one call' "$(sweep write EINTR)" ''

# A sync that fails once costs a segment, not the run.
again
failing fdatasync 2 EIO
is 'a sync that fails once does not fail the run' $? 0
ok 'and is told' grep -q 'could not be written on; it is given up' \
	"$tap_dir/talk"

# A live agent goes on by itself when the disk is well again.
again
cat >"$tap_dir/agent.yml" <<END
state: $state
rules: [$rules]
sources: [{file: $logs/auth.log, class: auth, id: $logs/auth.log}]
END
FAULT_PATH="$state/spool" FAULT_CALL=fdatasync FAULT_AT=2 FAULT_DO=ENOSPC \
	LD_PRELOAD="$ASSAY_FAULT" "$ASSAY_AGENT" run \
	--config "$tap_dir/agent.yml" 2>"$tap_dir/talk" &
pid=$!
for ((i = 0; i < 200; i++)); do
	[ "$(users "$state" | wc -l)" = 10 ] && break
	sleep 0.05
done
kill -TERM "$pid"
wait "$pid"
is 'a live agent outlives a failing sync' $? 0
ok 'with everything there' whole "$state" 10

# A file system that is really full.
if [ "$(id -u)" = 0 ] && mkdir "$tap_dir/small" &&
	mount -t tmpfs -o size=20m tmpfs "$tap_dir/small" 2>/dev/null; then
	state=$tap_dir/small/state
	head -c 18m /dev/zero >"$tap_dir/small/filler"
	logins 1 2000 >"$logs/auth.log"
	agent "$state" --once --logs "$logs"
	is 'on a full file system it ends with exit 1' $? 1
	ok 'and says that there is no room' grep -q 'No space left' \
		"$tap_dir/talk"
	rm "$tap_dir/small/filler"
	ok 'with room again it goes on' agent "$state" --once --logs "$logs"
	ok 'and everything is there' whole "$state" 2000
	umount "$tap_dir/small"
else
	skip 'a file system that is really full' 'cannot mount a tmpfs here'
fi

# A spool that is full: nobody acknowledges.
state=$tap_dir/full
cat >"$tap_dir/agent.yml" <<END
state: $state
rules: [$rules]
spool: {max_bytes: 4MiB}
END
logins 1 6000 >"$logs/auth.log"
"$ASSAY_AGENT" run --once --config "$tap_dir/agent.yml" --logs "$logs" \
	2>"$tap_dir/talk"
is 'a spool at its limit is exit 1' $? 1
ok 'and says that nothing is read until a reader has caught up' \
	grep -q 'nothing is read until a reader has caught up' "$tap_dir/talk"
before=$(users "$state" | wc -l)
ok "what was read before is sealed ($before events)" \
	whole "$state" "$before"
# ack: the reader has everything up to the last record.
ack() {
	records "$state" >"$tap_dir/now"
	printf '%s %s\n' "$(tail -n 1 "$tap_dir/now" | field epoch)" \
		"$(tail -n 1 "$tap_dir/now" | field sequence)" \
		>"$state/spool/ack/collector"
}
: >"$tap_dir/all"
for ((round = 1; round <= 5; round++)); do
	users "$state" >>"$tap_dir/all"
	ack
	"$ASSAY_AGENT" run --once --config "$tap_dir/agent.yml" \
		--logs "$logs" 2>/dev/null && break
done
users "$state" >>"$tap_dir/all"
is 'acknowledged again and again it goes on where it stopped, to the end' \
	"$(sort -u "$tap_dir/all" | wc -l)" 6000

done_testing
