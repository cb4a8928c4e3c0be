#!/usr/bin/env bash
# What has been read already is read again, by an agent that has lost its state
# or got another's: what the collector says must not change, or say so.
# shellcheck source=tests/support/tap.sh
. "$ASSAY_SOURCE/tests/support/tap.sh"
work=${tap_dir:?}
rules=$ASSAY_SOURCE/rules
end=2026-06-03T23:59:59.000000Z
mkdir -p "$work/log" "$work/isms"

# day DATE: half an hour's cron, a login an hour, one backup.
day() {
	local date=$1 hour minute
	for hour in $(seq -w 0 23); do
		for minute in 00 30; do
			echo "${date}T$hour:$minute:00.000000+00:00 web01 CRON[9$hour]: pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)" >>"$work/log/auth.log"
			echo "${date}T$hour:$minute:30.000000+00:00 web01 CRON[9$hour]: (root) CMD (true)"
		done
		echo "${date}T$hour:40:00.000000+00:00 web01 sshd[1$hour]: Accepted publickey for alice from 192.0.2.1 port 50$hour ssh2: ED25519 SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" >>"$work/log/auth.log"
	done >>"$work/log/syslog"
	echo "${date}T23:50:00.000000+00:00 web01 restic[2001]: snapshot aaaa0001 saved" >>"$work/log/syslog"
}
# read_by STATE LOGS TIME: one run of an agent.
read_by() {
	cat >"$work/agent.yml" <<-YML
		state: $work/$1
		rules: [$rules]
		sources:
		  - {file: '$work/$2/syslog*', class: backup}
		  - {file: '$work/$2/auth.log*', class: auth}
	YML
	"$ASSAY_AGENT" run --once --config "$work/agent.yml" --now "$3" \
		2>>"$work/talk"
}
# collect TIME STATE...
collect() {
	local now=$1 spools=
	shift
	for state in "$@"; do
		spools="$spools{spool: $work/$state/spool}, "
	done
	cat >"$work/collector.yml" <<-YML
		state: $work/collector
		rules: [$rules]
		isms: $work/isms
		streams: [${spools%, }]
	YML
	"$ASSAY_COLLECTOR" run --once --config "$work/collector.yml" --now "$now" \
		2>>"$work/talk"
}
# The report, but for how many records are known and what each agent read.
report() {
	"$ASSAY_COLLECTOR" report --json --config "$work/collector.yml" \
		--as-of "$end" >"$work/whole.json"
	python3 -c 'import json, re, sys
text = sys.stdin.read()
text, cuts = re.subn(r"\"known_at\":\d+,", "", text, count=1)
sources = json.loads(text)["sources"]
plain = json.dumps(sources, separators=(",", ":"), ensure_ascii=False)
assert cuts == 1 and text.count(plain) == 1
sys.stdout.write(text.replace(plain, ""))' <"$work/whole.json"
}
verify() {
	"$ASSAY_COLLECTOR" verify --config "$work/collector.yml"
}
replayed() {
	verify | sed -n 's/.* \([0-9]*\) events replayed$/\1/p'
}
# counts: one line a source: what was read of it by the agents, each once.
counts() {
	python3 -c 'import json, sys
for line in sorted(set("%s %d %d %d" % (s["provides"][0], s["lines"],
    s["known"], s["unknown"]) for s in json.load(sys.stdin)["sources"])):
    print(line)' <"$work/whole.json"
}

for date in 2026-06-01 2026-06-02 2026-06-03; do
	day "$date"
done
ok 'three days are read' read_by agent log "$end"
ok 'and collected' collect "$end" agent
report >"$work/before"
counts >"$work/counted"
ok 'the report has counts to keep' grep -q '"seen":72\|72 auth.login' "$work/before"
is 'nothing is replayed' "$(replayed)" 0
events=$("$ASSAY_COLLECTOR" export --config "$work/collector.yml" |
	grep -c '"type":"assay.event.v1"')

# again SENTENCE LOGS TIMES: state deleted, read again.
again() {
	rm -rf "$work/agent"
	ok "$1: it is read again" read_by agent "$2" "$end"
	ok "$1: and collected" collect "$end" agent
	is "$1: every event is replayed" "$(replayed)" $(($3 * events))
	report >"$work/after"
	ok "$1: the report is the same to the byte" \
		cmp "$work/before" "$work/after"
	counts >"$work/counts"
	is "$1: every agent counted the same lines" \
		"$(cat "$work/counts")" "$(cat "$work/counted")"
	ok "$1: nothing is wrong" verify
}
again 'state deleted' log 1
gzip "$work/log/syslog"
mv "$work/log/syslog.gz" "$work/log/syslog.2.gz"
xz "$work/log/auth.log"
mv "$work/log/auth.log.xz" "$work/log/auth.log.1.xz"
again 'compressed' log 2
xz -d "$work/log/auth.log.1.xz"
zstd -q --rm "$work/log/auth.log.1"
again 'compressed in another way' log 3
zstd -q -d --rm "$work/log/auth.log.1.zst"
mkdir "$work/elsewhere"
mv "$work/log"/* "$work/elsewhere"
again 'moved to another directory' elsewhere 4

# The same state twice, both go on.
cp -a "$work/agent" "$work/clone"
echo '2026-06-04T00:10:00.000000+00:00 web01 sshd[14]: Accepted password for bob from 192.0.2.1 port 5001 ssh2' \
	>>"$work/elsewhere/auth.log.1"
later=2026-06-04T01:00:00.000000Z
ok 'an agent goes on' read_by agent elsewhere "$later"
ok 'and so does one with a copy of its state' read_by clone elsewhere "$later"
ok 'both are collected' collect "$later" agent clone
verify >"$work/verdict"
is 'that is no forgery' $? 0
ok 'but a machine that was cloned or restored' \
	grep -q 'a machine was cloned or restored' "$work/verdict"
ok 'which the collector says when it sees it' \
	grep -q 'intake: .*a machine was cloned or restored' "$work/talk"
is 'the line that both read counts once' "$(replayed)" $((5 * events - events + 1))

# A log without stamps, cut to nothing after it was copied: the same line at the
# same place is another event.
mkdir -p "$work/rules/backup" "$work/plain"
cp "$rules"/*.yml "$work/rules"
cat >"$work/rules/backup/nightly.yml" <<YML
framework: iso27001-2022
program: nightly
class: backup
from: this test
files: ['$work/plain/nightly.log*']
rules:
  - id: nightly.done
    title: The nightly backup is done
    event: backup.run
    outcome: success
    phase: end
    controls: [A.8.13]
    match: 'backup completed successfully'
    examples:
      - line: 'backup completed successfully'
    near_misses:
      - 'backup completed'
YML
cat >"$work/plain.yml" <<YML
state: $work/plain-state
rules: [$work/rules]
sources: [{file: '$work/plain/nightly.log*'}]
YML
done_events() {
	"$ASSAY_SPOOLCAT" "$work/plain-state/spool" 2>/dev/null |
		grep -F '"event":"backup.run"'
}
# until COUNT: so many events are there.
until_events() {
	local i
	for ((i = 0; i < 150; i++)); do
		[ "$(done_events | wc -l)" -ge "$1" ] && return
		sleep 0.1
	done
	return 1
}
echo 'backup completed successfully' >"$work/plain/nightly.log"
"$ASSAY_AGENT" run --config "$work/plain.yml" 2>>"$work/talk" &
pid=$!
ok 'a line without a stamp is an event' until_events 1
for night in 2 3; do
	cp "$work/plain/nightly.log" "$work/plain/nightly.log.$((4 - night))"
	: >"$work/plain/nightly.log"
	sleep 2.5
	echo 'backup completed successfully' >>"$work/plain/nightly.log"
	ok "after copytruncate the same line is event $night" until_events "$night"
done
sleep 2
kill -TERM "$pid"
wait "$pid"
is 'the agent ends well' $? 0
is 'three in all, each at the beginning of its file' \
	"$(done_events | grep -c '"offset":0,')/$(done_events | wc -l)" 3/3
is 'with ids and generations of their own' "$(done_events |
	sed 's/^{[^{]*"id":"\([0-9a-f-]*\)".*"gen":"\([0-9a-f]*\)".*/\1\n\2/' |
	sort -u | wc -l)" 6
done_testing
