#!/usr/bin/env bash
# The agent beside a real rsyslogd: marks go out and come back, somebody else's
# prove nothing, lines that rsyslogd dropped are a gap with its own words.
# shellcheck source=tests/support/tap.sh
. "$ASSAY_SOURCE/tests/support/tap.sh"
# shellcheck source=tests/system/rsyslog.sh
. "$ASSAY_SOURCE/tests/system/rsyslog.sh"
if ! command -v rsyslogd >/dev/null; then
	skip 'marks come back through a real rsyslogd' 'there is no rsyslogd'
	done_testing
	exit
fi
work=${tap_dir:?}

# Few rules, so that the agent starts soon.
mkdir -p "$work/rules/auth" "$work/rules/syslog"
cp "$ASSAY_SOURCE"/rules/*.yml "$work/rules"
cp "$ASSAY_SOURCE/rules/auth/sshd.yml" "$work/rules/auth"
cp "$ASSAY_SOURCE/rules/syslog/rsyslogd.yml" "$work/rules/syslog"
cat >"$work/agent.yml" <<END
state: $work/agent
rules: [$work/rules]
syslog: {socket: $socket}
sources:
  - {file: $logs/auth.log, class: auth}
  - {file: $logs/syslog, class: syslog}
END
# What somebody wrote before the agent came, with a mark of an earlier start.
old=$(printf 'a%.0s' {1..32})
rsyslog_config 'SysSock.RateLimit.Interval="2" SysSock.RateLimit.Burst="20"'
ok 'rsyslogd runs' rsyslog_start
say authpriv 'assay-agent[1]' "mark $old"

"$ASSAY_AGENT" run --config "$work/agent.yml" 2>"$work/talk" &
agent=$!
daemons+=("$agent")
marks_in() {
	[ "$(grep -c "assay-agent\[$agent\]: mark [0-9a-f]\{32\}\$" "$logs/$1")" -ge 1 ]
}
ok 'a mark arrives in what auth is written to' until_true marks_in auth.log
ok 'and one in the other file' until_true marks_in syslog
is 'each file has its own, and no other' \
	"$(cat "$logs"/* | grep -c "\[$agent\]: mark")" 2

# One process that says too much; then, when the window is over, a word more.
python3 - "$socket" <<'END'
import socket, sys, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
def say(text):
    s.sendto(("<86>Jan  1 00:00:00 sshd[77]: " + text).encode(), sys.argv[1])
for n in range(60):
    say("Accepted password for u%02d from 192.0.2.1 port 50122 ssh2" % n)
time.sleep(3)
say("Accepted password for late from 192.0.2.1 port 50122 ssh2")
END
late() {
	grep -q 'for late' "$logs/auth.log" &&
		grep -q 'messages lost' "$logs/syslog"
}
ok 'rsyslogd drops lines and says so' until_true late
say authpriv 'assay-agent[1]' "mark $old"
say authpriv 'assay-agent[1]' 'mark of respect'
read_all() {
	"$ASSAY_AGENT" status --json --config "$work/agent.yml" >"$work/status" &&
		python3 - "$work/status" "$logs" <<'END'
import json, sys
status = json.load(open(sys.argv[1]))
lines = sum(s["lines"] for s in status["sources"])
wrote = sum(open("%s/%s" % (sys.argv[2], f), "rb").read().count(b"\n")
            for f in ("auth.log", "syslog"))
sys.exit(lines != wrote)
END
}
ok 'the agent reads all that was written' until_true read_all

programs() {
	python3 - "$work/status" <<'END'
import json, sys
status = json.load(open(sys.argv[1]))
programs = {p["program"]: p for p in status["programs"]}
lines = sum(p[f] for p in programs.values() for f in ("known", "ignored", "unknown"))
mine, sshd = programs["assay-agent"], programs["sshd"]
print(programs)
sys.exit(lines != sum(s["lines"] for s in status["sources"]) or mine["unknown"] != 1
         or mine["known"] != 4 or sshd["known"] < 20 or sshd["unknown"] != 0)
END
}
ok 'status says of each program what became of its lines' programs

# A daemon that hangs holds nobody up.
kill -STOP "$rsyslogd"
kill -TERM "$agent"
wait "$agent"
is 'the agent stops in good order while rsyslogd hangs' $? 0
kill -CONT "$rsyslogd"

"$ASSAY_SPOOLCAT" "$work/agent/spool" >"$work/records" 2>"$work/verdict"
is 'all of it is sealed' $? 0
users() {
	grep -F '"event":"auth.login"' "$work/records" |
		sed -n 's/.*"fields":{"user":"\([^"]*\)".*/\1/p'
}
lost=$(sed -n 's/.*: \([0-9]*\) messages lost.*/\1/p' "$logs/syslog")
is 'what was not dropped is events' "$(users | wc -l)" "$((61 - lost))"
# gaps FIELDS: of the gaps of class auth or syslog.
gaps() {
	grep -F '"type":"assay.gap.v1"' "$work/records" |
		sed -E 's/.*"source":"[^"]*\/([a-z.]*)".*"reason":"([a-z]*)","lines":([^,]*),"rule":"([a-z.]*)".*/\1 \2 \3 \4/'
}
is 'each loss line is a gap of both files: a line dropped can have been for any' \
	"$(gaps)" \
	"syslog dropped null rsyslogd.drops
auth.log dropped null rsyslogd.drops
syslog dropped $lost rsyslogd.dropped
auth.log dropped $lost rsyslogd.dropped"
is 'with the line as rsyslogd wrote it' \
	"$(grep -F '"type":"assay.gap.v1"' "$work/records" | grep -cE '"text":"[^"]*: (begin to drop|[0-9]+ messages lost)')" \
	4
reaches() {
	python3 - "$work/records" <<'END'
import json, sys
gaps = [json.loads(l)["data"] for l in open(sys.argv[1])
        if '"assay.gap.v1"' in l]
begin, end = gaps[0], gaps[2]
# From the line that says dropping begins, over lines that came meanwhile.
sys.exit(not (begin["from"] <= begin["to"] and end["from"] <= begin["to"] < end["to"]))
END
}
ok 'the gap reaches from where dropping began to where it was told' reaches
is 'losses and marks are no events' \
	"$(grep -F '"type":"assay.event.v1"' "$work/records" |
		grep -cE '"event":"log.loss"|"program":"assay-agent"')" 0
# Two marks came back, two are of nobody; one that is none is not understood.
is 'only what looks like a mark and is none is unknown' \
	"$(grep -F '"assay.heartbeat' "$work/records" | tail -n 1 |
		grep -o '"program":"assay-agent","class":"auth","closed":false,"lines":1')" \
	'"program":"assay-agent","class":"auth","closed":false,"lines":1'
is 'nothing of it failed' "$(grep -c 'syslog socket' "$work/talk")" 0
done_testing
