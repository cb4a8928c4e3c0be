#!/usr/bin/env bash
# Simulated days of one server, read day by day by the real agent and collector:
# first with nothing declared, then declared from what was seen and adopted. One
# server backs up every night, the other misses two nights.
# shellcheck source=../support/tap.sh
. "$ASSAY_SOURCE/tests/support/tap.sh"
work=${tap_dir:?}
rules=$ASSAY_SOURCE/rules

# settle NAME: an empty place for one server's story.
settle() {
	here=$work/$1
	mkdir -p "$here/log" "$here/isms"
	cat >"$here/agent.yml" <<-YML
		state: $here/agent
		rules: [$rules]
		sources: [{file: $here/log/syslog, class: backup}, {file: $here/log/auth.log, class: auth}]
	YML
	cat >"$here/collector.yml" <<-YML
		state: $here/collector
		rules: [$rules]
		isms: $here/isms
		streams: [{spool: $here/agent/spool}]
	YML
}

# day DATE [no-backup]: the lines of one day, cron each half hour, a backup by
# restic and one by borg at night.
day() {
	local date=$1 hour minute
	for hour in $(seq -w 0 23); do
		for minute in 00 30; do
			echo "${date}T$hour:$minute:00.000000+00:00 web01 CRON[9$hour]: pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)" >>"$here/log/auth.log"
			echo "${date}T$hour:$minute:30.000000+00:00 web01 CRON[9$hour]: (root) CMD (true)"
			[ "$hour$minute" = 0200 ] || continue
			echo "${date}T02:10:00.000000+00:00 web01 restic[2001]: snapshot aaaa0001 saved"
			[ "${2:-}" != no-backup ] || continue
			echo "${date}T02:20:00.000000+00:00 web01 borg[3001]: Utilization of max. archive size: 0%"
			echo "${date}T02:20:01.000000+00:00 web01 borg[3001]: terminating with success status, rc 0"
		done
	done >>"$here/log/syslog"
}

# play DATE...: write each day's lines and let both programs read them; a date
# that ends in ! has no backup by borg. Returns how many runs failed.
play() {
	local date failures=0
	for date in "$@"; do
		case $date in
		*!) day "${date%!}" no-backup ;;
		*) day "$date" ;;
		esac
		date=${date%!}T23:59:59.000000Z
		"$ASSAY_AGENT" run --once --config "$here/agent.yml" --now "$date" 2>>"$here/err" &&
			"$ASSAY_COLLECTOR" run --once --config "$here/collector.yml" --now "$date" 2>>"$here/err" ||
			failures=$((failures + 1))
	done
	return "$failures"
}

report() {
	"$ASSAY_COLLECTOR" report --json --config "$here/collector.yml" --as-of "$1"
}

# values PYTHON: an expression over every control `c` and check `k` of the report
# on standard input, one a line.
values() {
	python3 -c 'import json, sys
for c in json.load(sys.stdin)["controls"]:
    for k in c["checks"]:
        line = eval(sys.argv[1])
        if line is not None:
            print(line)' "$1"
}

adopt() {
	"$ASSAY_COLLECTOR" init --from-observed --config "$here/collector.yml" --isms "$here/isms" || return
	# As a person does it: take the # away, say who and since when, and that
	# lines any local user could have written are good enough.
	sed -i '/#- check: backup-daily/,/#  on:/{s/#//;s/by:$/by: Ann Example/;s/on:$/on: 2026-06-04/;s/^\( *\)on:.*/&\n\1set: {trust: local}/}' \
		"$here/isms/policy.yml"
	"$ASSAY_COLLECTOR" check --config "$here/collector.yml"
}

first=(2026-06-01 2026-06-02 2026-06-03 2026-06-04)
settle full
ok "four days are read with nothing declared" play "${first[@]}"
report 2026-06-04T23:59:59.000000Z >"$here/undeclared.json"
is "no control is better than partly effective while nothing is declared" \
	"$(grep -c '"rating":"effective"' "$here/undeclared.json")" 0
is "the backups are partly effective by themselves" \
	"$(values 'k["rating"] if k["id"] == "backup-daily" else None' <"$here/undeclared.json")" \
	"partly effective"
ok "what was seen is written down, adopted, and in order" adopt
ok "ten more days are read" play 2026-06-0{5,6,7,8,9} 2026-06-1{0,1,2,3,4}
report 2026-06-14T23:59:59.000000Z >"$here/adopted.json"
backup='"%s, adopted %s, %d missed, %d unknown" % (k["rating"], k["adopted"], k["missed"], k["unknown"]) if k["id"] == "backup-daily" else None'
is "adopted, a full history of nightly backups is effective" \
	"$(values "$backup" <"$here/adopted.json")" "effective, adopted True, 0 missed, 0 unknown"
ok "an export recomputes to the same bytes" sh -c \
	"'$ASSAY_COLLECTOR' export --config '$here/collector.yml' | '$ASSAY_COLLECTOR' recompute --as-of 2026-06-14T23:59:59.000000Z - | cmp - '$here/adopted.json'"

settle holed
ok "the other server is read with nothing declared" play "${first[@]}"
ok "it is adopted as well" adopt
ok "it misses two nights" play 2026-06-0{5,6,7,8,9} 2026-06-10 2026-06-11! 2026-06-12! 2026-06-1{3,4}
is "adopted, a history with a hole is not effective" \
	"$(report 2026-06-14T23:59:59.000000Z | values "$backup")" \
	"partly effective, adopted True, 2 missed, 0 unknown"
done_testing
