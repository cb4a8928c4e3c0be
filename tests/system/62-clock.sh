#!/usr/bin/env bash
# The clock: what the kernel says of it is in the heartbeats and decides A.8.17;
# a clock that is set, forward or back, by a second or by years, stops nothing,
# loses nothing, accuses nobody, and nothing is said of a time to come.
# shellcheck source=tests/support/tap.sh
. "$ASSAY_SOURCE/tests/support/tap.sh"
# shellcheck source=tests/system/rsyslog.sh
. "$ASSAY_SOURCE/tests/system/rsyslog.sh"
work=${tap_dir:?}

# This machine's clock and this machine's kernel.
mkdir -p "$work/rules/auth" "$work/real"
cp "$ASSAY_SOURCE"/rules/*.yml "$work/rules"
cp "$ASSAY_SOURCE/rules/auth/sshd.yml" "$work/rules/auth"
cp -r "$ASSAY_SOURCE/rules/checks" "$ASSAY_SOURCE/rules/frameworks" "$work/rules"
echo "Nov 20 10:00:00 web01 sshd[1]: x" >"$work/real/auth.log"
"$ASSAY_AGENT" run --once --state "$work/once" --rules "$work/rules" \
	--logs "$work/real" 2>/dev/null
kernel_agrees() {
	"$ASSAY_SPOOLCAT" "$work/once/spool" 2>/dev/null |
		grep -F assay.heartbeat >"$work/beats"
	python3 - "$work/beats" <<'END'
import ctypes, json, sys
class Timex(ctypes.Structure):
    _fields_ = [("modes", ctypes.c_uint), ("offset", ctypes.c_long), ("freq", ctypes.c_long),
                ("maxerror", ctypes.c_long), ("esterror", ctypes.c_long), ("status", ctypes.c_int),
                ("rest", ctypes.c_byte * 512)]
t = Timex()
state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(t))
clocks = [json.loads(l)["data"]["clock"] for l in open(sys.argv[1])]
print(state, t.maxerror, clocks)
sys.exit(not clocks or any(c["synced"] != (state >= 0 and state != 5) for c in clocks)
         or any(abs(c["maxerror_us"] - t.maxerror) > 100000 for c in clocks))
END
}
ok 'a heartbeat says of the clock what adjtimex says' kernel_agrees

if ! command -v rsyslogd >/dev/null; then
	skip 'a clock that is set stops nothing' 'there is no rsyslogd'
	done_testing
	exit
fi
rsyslog_config 'SysSock.UseSysTimeStamp="off"'
cat >"$work/agent.yml" <<END
state: $work/agent
rules: [$work/rules]
zone: UTC
syslog: {socket: $socket}
sources:
  - {file: $logs/auth.log, class: auth}
  - {file: $logs/syslog, class: syslog}
END
cat >"$work/collector.yml" <<END
state: $work/collector
rules: [$work/rules]
isms: $work/none
streams: [{spool: $work/agent/spool}]
END
login() {
	say authpriv 'sshd[100]' \
		"Accepted password for u$1 from 192.0.2.1 port 50122 ssh2" &&
		"$ASSAY_CLOCKWORK" run "$clock" 120
}

clock_new '2026-06-01 23:00'
ok 'rsyslogd runs' rsyslog_start "${clocked[@]}"
ok 'so does the agent' agent_start
ok 'the collector takes the checks' collect
ok 'a day with a clock that follows' until_time '2026-06-03 12:00'
"$ASSAY_CLOCKWORK" sync "$clock" 0
ok 'two minutes with one that does not' until_time '2026-06-03 12:02'
"$ASSAY_CLOCKWORK" sync "$clock" 1
ok 'the day after it is set back by ten seconds' until_time '2026-06-04 12:00'
"$ASSAY_CLOCKWORK" set "$clock" -10
ok 'and goes on' until_time '2026-06-05 12:00'
"$ASSAY_CLOCKWORK" set "$clock" 7200
ok 'the next day it is set forward by two hours' until_time '2026-06-05 20:00'
"$ASSAY_CLOCKWORK" set "$clock" -3600
ok 'and then back by one' until_time '2026-06-06 02:00'
ok 'the collector takes it' collect
"$ASSAY_COLLECTOR" recompute --config "$work/collector.yml" --slots >"$work/slots"
is 'A.8.17 fails for the day on which the kernel said so, and for no other' \
	"$(slots clock-synchronised)" \
	'06-02 pass 06-03 fail 06-04 pass 06-05 unknown 06-06 open '
is 'by each heartbeat that said it' \
	"$(grep -oE 'vm?[^"]*: [0-9]+ clock.state' <(grep -F '"state":"fail"' "$work/slots") |
		sed 's/.*: //')" '2 clock.state'
is 'a step of seconds costs nothing, one of hours only what nobody lived' \
	"$(slots no-direct-root-login)" \
	'06-02 pass 06-03 pass 06-04 pass 06-05 unknown 06-06 open '
is 'no clock that was set is taken for silence' \
	"$(grep -c '"reason":"silent"' <("$ASSAY_SPOOLCAT" "$work/agent/spool" 2>/dev/null))" 0

# Any steps at all, with a login after each.
RANDOM=4
steps=(1 -1 59 -61 600 -600 3600 -3600 86400 -86400 31536000 -31536000 -63072000 315360000 -315360000)
for n in {1..90}; do
	if [ "$n" -gt "${#steps[@]}" ]; then
		step=$(((RANDOM - 16384) * (RANDOM % 60 + 1)))
	else
		step=${steps[n - 1]}
	fi
	"$ASSAY_CLOCKWORK" set "$clock" "$step"
	login "$n" || break
	echo "$n $step $("$ASSAY_CLOCKWORK" now "$clock")" >>"$work/steps"
done
is 'ninety steps are lived through' "$n" 90
ok 'the agent stops in good order' agent_stop
rsyslog_stop
"$ASSAY_SPOOLCAT" "$work/agent/spool" >"$work/records" 2>"$work/verdict"
is 'all records are there and sealed' $? 0
is 'each login is read, once, in order' \
	"$(sed -n 's/.*"event":"auth.login".*"user":"u\([0-9]*\)".*/\1/p' "$work/records" | tr '\n' ' ')" \
	"$(seq -s ' ' 90) "
sane() {
	python3 - "$work/records" "$work/steps" <<'END'
import json, sys
beats = []
bad = []
for line in open(sys.argv[1]):
    r = json.loads(line)
    d, kind = r["data"], r["type"].split(".")[1]
    now = r["readtime"]
    times = []
    if kind == "heartbeat":
        beats.append(now)
        times = [d["through"]] + [t for s in d["sources"] for t in (s["from"], s["through"])]
        times += [t for u in d["unknown"] for t in (u["from"], u["through"])]
        bad += [(now, "lag", s) for s in d["sources"] if s["lag_us"] < 0 or s["from"] > s["through"]]
    if kind == "gap":
        times = [d["from"], d["to"]]
        if d["from"] > d["to"]:
            bad.append((now, "gap", d))
    bad += [(now, kind, t) for t in times if t > now]
print(bad[:5])
import calendar, time
read = [calendar.timegm(time.strptime(b[:19], "%Y-%m-%dT%H:%M:%S")) for b in beats]
at = 0
# After each step, in its 120 s, at least one heartbeat of the new time.
for step in open(sys.argv[2]):
    end = int(step.split()[2])
    while at < len(read) and not end - 121 <= read[at] <= end:
        at += 1
    if at == len(read):
        print("no heartbeat after step", step)
        bad.append(step)
        break
sys.exit(bool(bad))
END
}
ok 'heartbeats go on after each, and nothing is later than its record' sane
ok 'the collector takes all of it' collect
ok 'and it verifies' "$ASSAY_COLLECTOR" verify --config "$work/collector.yml"
done_testing
