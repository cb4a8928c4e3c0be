#!/usr/bin/env bash
# The agent is killed: at each of its writes, syncs and renames in turn, and at
# random while a writer appends. Every event comes exactly once, all is sealed.
# shellcheck source=tests/support/tap.sh
. "$ASSAY_SOURCE/tests/support/tap.sh"
# shellcheck source=tests/system/agent.sh
. "$ASSAY_SOURCE/tests/system/agent.sh"

logs=${tap_dir:?}/logs
state=$tap_dir/state
mkdir "$logs"
few_rules
export ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0

# dying CALLS AT HOW: one run that is killed at the AT-th of CALLS on the state.
dying() {
	FAULT_PATH=$state FAULT_CALL=$1 FAULT_AT=$2 FAULT_DO=$3 \
		FAULT_LOG=$tap_dir/calls LD_PRELOAD=$ASSAY_FAULT \
		agent "$state" --once --logs "$logs" 2>/dev/null
}

# How many calls an undisturbed first run makes, and then a second one.
calls_of() {
	: >"$tap_dir/calls"
	dying "$1" 0 kill
	wc -l <"$tap_dir/calls"
}
logins 1 5 >"$logs/auth.log"
first_calls=$(calls_of any)
logins 6 10 >>"$logs/auth.log"
second_calls=$(calls_of any)
ok "undisturbed it makes $first_calls calls, then $second_calls" \
	[ "$first_calls" -gt 20 -a "$second_calls" -gt 10 ]

# Each place of a first run, killed before the call, then gone on.
killed=0
lost=
: >"$tap_dir/phases"
for ((at = 1; at <= first_calls; at++)); do
	rm -rf "$state" "$tap_dir/calls"
	logins 1 5 >"$logs/auth.log"
	dying any "$at" kill && continue
	killed=$((killed + 1))
	tail -n 1 "$tap_dir/calls" >>"$tap_dir/phases"
	logins 6 7 >>"$logs/auth.log"
	agent "$state" --once --logs "$logs" || lost="$lost $at(failed)"
	whole "$state" 7 >"$tap_dir/why" 2>&1 || lost="$lost $at"
done
is "killed before each of $killed calls of a first run: all there, once" \
	"$lost" ''

# Each place of a later run; writes are torn, the others killed after them.
killed=0
lost=
for ((at = 1; at <= second_calls; at++)); do
	rm -rf "$state" "$tap_dir/calls"
	logins 1 5 >"$logs/auth.log"
	agent "$state" --once --logs "$logs"
	logins 6 10 >>"$logs/auth.log"
	dying any "$at" tear && continue
	killed=$((killed + 1))
	tail -n 1 "$tap_dir/calls" >>"$tap_dir/phases"
	logins 11 12 >>"$logs/auth.log"
	agent "$state" --once --logs "$logs" || lost="$lost $at(failed)"
	whole "$state" 12 >"$tap_dir/why" 2>&1 || lost="$lost $at"
done
is "killed within or after each of $killed calls of a later run: the same" \
	"$lost" ''
sed -i 's/^[0-9]* //; s/[0-9a-f]\{32\}-[0-9]*/SEGMENT/; s/key\..*/key/;
	s/ kill$//; s/ tear$//' "$tap_dir/phases"
sort "$tap_dir/phases" | uniq -c | sed 's/^/# /'
for phase in 'fallocate SEGMENT.seg.new' 'write SEGMENT.seg.new' \
	'fdatasync SEGMENT.seg.new' 'rename spool' 'fsync spool' \
	'write SEGMENT.seg' 'fdatasync SEGMENT.seg' 'ftruncate SEGMENT.seg'; do
	ok "the phase '$phase' of a commit was hit" \
		grep -qx "$phase" "$tap_dir/phases"
done

# At random, 20 times, while a writer appends.
rm -rf "$state" "${logs:?}"/*
cat >"$tap_dir/agent.yml" <<END
state: $state
rules: [$rules]
sources: [{file: $logs/auth.log*, class: auth}]
END
(
	trap 'exit 0' TERM
	n=0
	while :; do
		logins $((n + 1)) $((n + 20)) >>"$logs/auth.log"
		n=$((n + 20))
		echo "$n" >"$tap_dir/written"
		# Now and then the log is rotated.
		[ $((n % 600)) = 0 ] && mv "$logs/auth.log" "$logs/auth.log.$n"
		sleep 0.02
	done
) &
writer=$!
count_segments() {
	find "$state/spool" -name '*.seg' 2>/dev/null | wc -l
}
RANDOM=27001
survived=
for ((round = 1; round <= 20; round++)); do
	segments=$(count_segments)
	"$ASSAY_AGENT" run --config "$tap_dir/agent.yml" 2>>"$tap_dir/random" &
	pid=$!
	for ((i = 0; i < 500; i++)); do
		[ "$(count_segments)" -gt "$segments" ] && break
		sleep 0.01
	done
	sleep "$(printf '0.%03d' $((RANDOM % 400)))"
	kill -KILL "$pid" || survived="$survived $round"
	wait "$pid" 2>/dev/null
done
kill "$writer"
wait "$writer" 2>/dev/null
written=$(cat "$logs"/auth.log* | grep -c Accepted)
is 'the agent was there to be killed 20 times' "$survived" ''
ok 'after that it reads the rest' "$ASSAY_AGENT" run --once \
	--config "$tap_dir/agent.yml"
ok "all $written events are there, each once, and everything is sealed" \
	whole "$state" "$written"
epochs=$(records "$state" start | wc -l)
ok "$epochs epochs, each joined to the one before" \
	[ "$(records "$state" start | grep -c '"prev":{')" = $((epochs - 1)) ]
is 'nothing is a gap' "$(records "$state" gap | wc -l)" 0

# In order: SIGTERM commits, seals and stops.
"$ASSAY_AGENT" run --config "$tap_dir/agent.yml" 2>>"$tap_dir/random" &
pid=$!
sleep 0.7
logins $((written + 1)) $((written + 3)) >>"$logs/auth.log"
sleep 1.5
kill -TERM "$pid"
wait "$pid"
is 'SIGTERM ends it with exit 0' $? 0
ok 'what came while it watched is there, and sealed' \
	whole "$state" $((written + 3))
# The lines say 10:00 and later of a day that is long gone.
is 'a line that comes while it watches, an hour off its time, is doubtful' \
	"$(records "$state" event | tail -n 3 | grep -c '"doubtful":true')" 3

done_testing
