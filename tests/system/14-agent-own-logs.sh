#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Programs' own logs as backlog: stamps that the rule file declares, lines without
# a stamp that go on with the one before, empty lines, rotated files.
# shellcheck source=tests/support/tap.sh
. "$ASSAY_SOURCE/tests/support/tap.sh"
# shellcheck source=tests/system/agent.sh
. "$ASSAY_SOURCE/tests/system/agent.sh"

logs=${tap_dir:?}/logs
state=$tap_dir/state
mkdir -p "$logs/apt" "$logs/pgbackrest" "$logs/unattended-upgrades"
cat >"$logs/apt/history.log" <<'END'

Start-Date: 2026-11-20  10:00:01
Commandline: apt-get install -y web
Requested-By: alice (1000)
Install: web:amd64 (1.0)
Error: Sub-process /usr/bin/dpkg returned an error code (1)
End-Date: 2026-11-20  10:00:09

Start-Date: 2026-11-21  11:00:01
Commandline: apt-get install -y db
Install: db:amd64 (1.0)
End-Date: 2026-11-21  11:00:04
END
printf '%s\n' \
	'-------------------PROCESS START-------------------' \
	'2026-11-20 01:10:20.321 P00   INFO: verify command begin 2.45: --stanza=main' \
	'2026-11-20 01:10:20.663 P00   INFO: stanza: main' \
	'                                    status: error' \
	'2026-11-20 01:10:20.963 P00   INFO: verify command end: completed successfully (344ms)' \
	'' >"$logs/pgbackrest/main-verify.log.1"
gzip "$logs/pgbackrest/main-verify.log.1"
printf '%s\n' \
	'-------------------PROCESS START-------------------' \
	'2026-11-21 01:10:20.321 P00   INFO: verify command begin 2.45: --stanza=main' \
	'2026-11-21 01:10:20.963 P00   INFO: verify command end: completed successfully (344ms)' \
	>"$logs/pgbackrest/main-verify.log"
printf '%s\n' \
	'2026-11-20 06:20:01,120 INFO Starting unattended upgrades script' \
	'2026-11-20 06:20:03,348 INFO Packages that will be upgraded: web' \
	'2026-11-20 06:20:05,617 INFO All upgrades installed' \
	>"$logs/unattended-upgrades/unattended-upgrades.log"
printf '%s\n' \
	'2026-11-20 10:00:02 startup archives unpack' \
	'2026-11-20 10:00:02 install web:amd64 <none> 1.0' \
	'2026-11-20 10:00:03 status half-configured web:amd64 1.0' \
	>"$logs/dpkg.log"
chmod -R go-w "$logs"

ok 'what there is is read' agent "$state" --once --logs "$logs"

# told EVENT: time, rule and outcome of the events of a kind.
told() {
	records "$state" event | grep -F "\"event\":\"$1\"" |
		sed -n 's/.*"time":"\([^"]*\)".*"outcome":"\([^"]*\)","rule":"\([^"]*\)".*/\1 \3 \2/p'
}
is 'a stanza is one run, and its error has the time of its start' \
	"$(told package.run)" \
	'2026-11-20T10:00:01.000000Z apt.start none
2026-11-20T10:00:01.000000Z apt.command none
2026-11-20T10:00:01.000000Z apt.requested_by none
2026-11-20T10:00:01.000000Z apt.install none
2026-11-20T10:00:01.000000Z apt.error failure
2026-11-20T10:00:09.000000Z apt.end success
2026-11-21T11:00:01.000000Z apt.start none
2026-11-21T11:00:01.000000Z apt.command none
2026-11-21T11:00:01.000000Z apt.install none
2026-11-21T11:00:04.000000Z apt.end success'
is 'a time that was taken from the line before says so' \
	"$(records "$state" event | grep -F '"rule":"apt.error"' |
		grep -o '"clock":{[^}]*}')" \
	'"clock":{"precision":"s","inferred":["line"],"doubtful":false}'
is 'the rotated log comes first, and its damage has a time' \
	"$(told backup.verify)" \
	'2026-11-20T01:10:20.321000Z pgbackrest.verify_start none
2026-11-20T01:10:20.663000Z pgbackrest.verify_result failure
2026-11-20T01:10:20.963000Z pgbackrest.verify_end success
2026-11-21T01:10:20.321000Z pgbackrest.verify_start none
2026-11-21T01:10:20.963000Z pgbackrest.verify_end success'
is 'a run of updates is read with its fractions after a comma' \
	"$(told patch.run)" \
	'2026-11-20T06:20:03.348000Z unattended_upgrades.start none
2026-11-20T06:20:05.617000Z unattended_upgrades.installed success'
is 'what dpkg began has no outcome' "$(told package.change)" \
	'2026-11-20T10:00:02.000000Z dpkg.install none'
is 'no line of these programs is unknown' \
	"$(records "$state" heartbeat | tail -n 1 |
		grep -oE '"unknown":[0-9]+' | sort | uniq -c | tr -s ' ')" \
	' 4 "unknown":0'
is 'only root could have written them' \
	"$(records "$state" event | grep -o '"trust":"[a-z]*"' | sort -u)" \
	'"trust":"root"'
is 'all is sealed' "$(verified)" 0

# Read again by an agent that knows nothing: the same events, by their ids.
ids() {
	records "$1" event | sed -n 's/.*"id":"\([^"]*\)","time".*/\1/p' | sort
}
ids "$state" >"$tap_dir/first"
gunzip "$logs/pgbackrest/main-verify.log.1.gz"
agent "$tap_dir/state2" --once --logs "$logs"
ok 'unpacked and read again, every event is the same' \
	diff "$tap_dir/first" <(ids "$tap_dir/state2")
done_testing
