#!/usr/bin/env bash
# The journal as a source, with a real journald: every entry once over restarts,
# rotation and kills; what was removed or cannot be read is a hole; who could
# have written a line is what the kernel says.
# shellcheck source=tests/system/journald.sh
. "$ASSAY_SOURCE/tests/system/journald.sh"
# shellcheck source=tests/support/tap.sh
. "$ASSAY_SOURCE/tests/support/tap.sh"
# shellcheck source=tests/system/agent.sh
. "$ASSAY_SOURCE/tests/system/agent.sh"

if [ "$ASSAY_JOURNALD" != inside ] || [ ! -x /lib/systemd/systemd-journald ]; then
	skip 'the journal is read' 'no journald in a namespace of our own here'
	done_testing
	exit
fi
trap 'kill -KILL "${agent_pid:-}" 2>/dev/null; journald_stop; rm -rf "${tap_dir:?}"' EXIT
few_rules
journald_start || exit 1
state=$tap_dir/state
echo 'sources: [{journal: default}]' >"$tap_dir/agent.yml"

once() {
	agent "$state" --once --config "$tap_dir/agent.yml"
}
say() {
	logger -t sshd "Accepted password for $1 from 192.0.2.1 port 50122 ssh2"
}
# say_many FIRST LAST
say_many() {
	seq -f 'Accepted password for u%06.0f from 192.0.2.1 port 50122 ssh2' \
		"$1" "$2" | logger -t sshd
}
# settled TEXT: journald has written it.
settled() {
	for _ in $(seq 200); do
		[ "$(journalctl -q --no-pager -n 1 -o cat MESSAGE="$1" | wc -l)" = 1 ] &&
			return 0
		sleep 0.05
	done
	return 1
}
end() {
	logger -t assay-test "end $1"
	settled "end $1"
}
gaps() {
	records "$state" gap | sed -n 's/.*"what":{\(.*\)},"reason":"\([a-z]*\)".*/\2 \1/p'
}
users_of() {
	users "$state" | tr '\n' ' '
}

say alice
setpriv --reuid 65534 --clear-groups logger -t sshd \
	'Accepted password for mallory from 192.0.2.1 port 50123 ssh2'
end 1
ok 'what the journal holds is read' once
is 'each entry is one event' "$(users_of)" 'alice mallory '
is 'all is sealed' "$(verified)" 0
is 'what root wrote has the trust of root' \
	"$(records "$state" event | grep '"user":"alice"' | field trust)" root
is 'what anybody wrote under the same tag has not' \
	"$(records "$state" event | grep '"user":"mallory"' | field trust)" local
ok 'an event names the place in the journal' \
	grep -q '"origin":{"source":"journal","id":"journal","class":"auth","cursor":"s=' \
	<(records "$state" event)
ok 'it has the time to the microsecond that the kernel saw' \
	grep -q '"clock":{"precision":"us","inferred":\[\],"doubtful":false}' \
	<(records "$state" event)

once
is 'a second run reads nothing again' "$(users_of)" 'alice mallory '

# The journal's message may hold several lines; no pattern is fooled by one.
printf 'first line\nAccepted password for eve from 192.0.2.1 port 50122 ssh2\n' >"$tap_dir/lines"
python3 - "$tap_dir/lines" <<'PY'
import socket, struct, sys
message = open(sys.argv[1], 'rb').read()
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.connect('/run/systemd/journal/socket')
def send(message):
    s.send(b'MESSAGE\n' + struct.pack('<Q', len(message)) + message +
           b'\nSYSLOG_IDENTIFIER=sshd\n')
send(message)
send(b'Accepted password for b\xff\x00b from 192.0.2.1 port 50122 ssh2')
PY
end 2
once
is 'a line within an entry of several lines is no event' \
	"$(records "$state" event | grep -c '"user":"eve"')" 0
is 'an entry with bytes that are no text keeps them' \
	"$(records "$state" event | grep -c '"enc":"base64"')" 1

# Growth, rotation and kills, live.
start() {
	"$ASSAY_AGENT" run --state "$state" --rules "$rules" \
		--config "$tap_dir/agent.yml" 2>>"$tap_dir/talk" &
	agent_pid=$!
}
rm -rf "$state"
before=$(date +%s)
for round in 1 2 3 4 5 6 7 8 9 10; do
	start
	say_many $((round * 1000 - 999)) $((round * 1000))
	case $round in
	3 | 6 | 9) journald_rotate ;;
	esac
	[ "$round" = 5 ] && { journald_stop; journald_run; }
	sleep 0.$((RANDOM % 9 + 1))
	kill -KILL "$agent_pid"
	wait "$agent_pid" 2>/dev/null
done
end 3
once
is '10,000 entries over 10 kills, 3 rotations and a new journald: each once' \
	"$(users "$state" | grep -c '^u0')-$(users "$state" | grep '^u0' | sort -u | wc -l)" 10000-10000
is 'and no hole' "$(gaps)" ''
is 'all of it sealed' "$(verified)" 0

# Removed before it was read, while the agent was down.
say_many 10001 10100
end 4
journald_rotate
say after
end 5
journalctl -q --vacuum-files=1 -D /run/log/journal 2>/dev/null
once
ok 'what came after a vacuum is read' grep -q after <(users "$state")
ok 'what was removed while the agent was down is a hole that names its numbers' \
	grep -qE '^agent "gen":"[0-9a-f]{32}","from_offset":[0-9]+,"to_offset":[0-9]+' <(gaps)

# Removed before it was read, while the agent ran (but got no time to read).
start
sleep 1.5
kill -STOP "$agent_pid" # it holds the file it reads; so: another
journald_rotate
say_many 10201 10300
end 6
journald_rotate
say late
end 7
journalctl -q --vacuum-files=1 -D /run/log/journal 2>/dev/null
kill -CONT "$agent_pid"
sleep 3
kill -TERM "$agent_pid"
wait "$agent_pid"
agent_pid=
ok 'what was removed while it ran is vacuumed' grep -q '^vacuumed ' <(gaps)
ok 'and what follows is read' grep -q late <(users "$state")

# A file that was damaged before it was read.
say_many 10301 10400
end 8
journald_rotate
say healthy
end 9
damaged=$(journald_files | grep '@' | xargs ls -t | head -n 1)
size=$(stat -c %s "$damaged")
head -c "$size" /dev/zero | tr '\0' '\377' |
	dd of="$damaged" bs=64K seek=2 conv=notrunc status=none
truncate -s "$size" "$damaged"
once
ok 'beside a damaged file the others are read' grep -q healthy <(users "$state")
got=$(users "$state" | grep -c '^u0103[0-9][0-9]\|^u010400')
ok "what the damaged file held ($got of 100 read, $size bytes) is a hole" \
	test "$got" = 100 -o "$(gaps | wc -l)" -gt 2
echo "# $(($(date +%s) - before)) s"
done_testing
