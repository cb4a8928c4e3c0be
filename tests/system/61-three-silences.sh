#!/usr/bin/env bash
# Three silences, told apart, by the real daemons: rsyslogd, agent, collector.
# A job that stopped is missed; a time the agent did not see is unknown; a
# syslog daemon that is dead while the agent runs is a failure of logging. The
# three live through four days on a clock that the test turns; they are told
# nothing else. The machine's log is quiet: but for marks it would have nothing
# for hours.
# shellcheck source=tests/support/tap.sh
. "$ASSAY_SOURCE/tests/support/tap.sh"
# shellcheck source=tests/system/rsyslog.sh
. "$ASSAY_SOURCE/tests/system/rsyslog.sh"
if ! command -v rsyslogd >/dev/null; then
	skip 'three silences are told apart' 'there is no rsyslogd'
	done_testing
	exit
fi
work=${tap_dir:?}
rules=$ASSAY_SOURCE/rules

# The kernel stamps datagrams with its own time; here the daemon's counts.
rsyslog_config 'SysSock.UseSysTimeStamp="off"'
cat >"$work/agent.yml" <<END
state: $work/agent
rules: [$rules]
zone: UTC
syslog: {socket: $socket}
sources:
  - {file: $logs/auth.log, class: auth}
  - {file: $logs/syslog, class: [syslog, backup]}
END
cat >"$work/collector.yml" <<END
state: $work/collector
rules: [$rules]
isms: $work/none
streams: [{spool: $work/agent/spool}]
END

# backup_at TIME: the nightly job runs and says so.
backup_at() {
	until_time "$1" && say user restic 'snapshot aaaa0001 saved'
}

clock_new '2026-06-01 01:50'
ok 'rsyslogd runs' rsyslog_start "${clocked[@]}"
ok 'so does the agent' agent_start
ok 'the collector takes the checks' collect

# Monday and Tuesday: all is well. Wednesday: the job does not run, and later the agent is
# stopped, the log rotated, and what was rotated deleted.
ok 'the job runs on Monday' backup_at '2026-06-01 02:00'
ok 'and on Tuesday' backup_at '2026-06-02 02:00'
ok 'Wednesday goes on without it' until_time '2026-06-03 18:00'
ok 'the agent stops in good order' agent_stop
ok 'hours pass' until_time '2026-06-03 20:00'
say auth other 'nobody reads this'
for log in auth.log syslog; do
	mv "$logs/$log" "$logs/$log.1"
done
kill -HUP "$rsyslogd"
rotated() {
	say auth other 'after the rotation'
	say user other 'after the rotation'
	[ -s "$logs/auth.log" ] && [ -s "$logs/syslog" ]
}
ok 'rsyslogd writes new files' until_true rotated
rm "$logs"/*.1
ok 'more hours pass' until_time '2026-06-03 22:00'
ok 'the agent comes back' agent_start

# Thursday 15:00 to Friday 21:00: no rsyslogd.
ok 'Thursday begins' until_time '2026-06-04 15:00'
rsyslog_stop
ok 'thirty hours pass without rsyslogd' until_time '2026-06-05 21:00'
ok 'it comes back' rsyslog_start "${clocked[@]}"
ok 'and Saturday passes' until_time '2026-06-07 02:00'
ok 'the agent stops at the end' agent_stop
rsyslog_stop
ok 'the collector takes all of it' collect

"$ASSAY_COLLECTOR" recompute --config "$work/collector.yml" --slots \
	>"$work/slots"
is 'a day covered by marks alone passes; the agent stopped, rsyslogd stopped: unknown' \
	"$(slots no-direct-root-login)" \
	'06-02 pass 06-03 unknown 06-04 unknown 06-05 unknown 06-06 pass 06-07 open '
is 'two days of A.8.15 fail for the daemon, none for the agent' \
	"$(slots logs-not-lost)" \
	'06-02 pass 06-03 unknown 06-04 fail 06-05 fail 06-06 pass 06-07 open '
is 'the job that stopped is missed, while it was watched' \
	"$(slots backup-daily)" \
	'06-01 pass 06-02 missed 06-03 unknown 06-04 unknown 06-05 unknown 06-06 open '

# gaps SOURCE: reason, from and to of what it missed, by its records.
gaps() {
	"$ASSAY_SPOOLCAT" "$work/agent/spool" 2>/dev/null |
		grep -F '"type":"assay.gap.v1"' | grep -F "\"source\":\"$logs/$1\"" |
		sed -E 's/.*"from":"2026-([^:]*:..).*"to":"2026-([^:]*:..).*"reason":"([a-z]*)".*/\3 \1 \2/'
}
is 'the silence goes from 15 minutes after the last line to the first new one' \
	"$(gaps syslog | grep silent)" 'silent 06-04T15:15 06-05T21:00'
# The mark is tried each minute while nobody takes it.
is 'a quiet log is found again by its mark, within a minute' \
	"$(gaps auth.log | grep silent)" 'silent 06-04T15:15 06-05T21:01'
is 'reading goes on where the clock says so, in real records' \
	"$("$ASSAY_SPOOLCAT" "$work/agent/spool" 2>/dev/null | grep -c '"simulated":true')" 0
said() {
	grep -qF "write to the syslog socket '$socket'" "$work/agent.out" &&
		grep -qF 'marks go to syslog again' "$work/agent.out"
}
ok 'the agent said that marks could not be sent, and that they could again' said
is 'marks are known lines: none is unknown' \
	"$(grep -c 'assay-agent' <("$ASSAY_SPOOLCAT" "$work/agent/spool" 2>/dev/null | grep -F '"unknown":[{'))" 0
done_testing
