#!/usr/bin/env bash
# check, test, match and explain as a person or a script meets them.
# shellcheck source=tests/support/tap.sh
. "$ASSAY_SOURCE/tests/support/tap.sh"
cd "$tap_dir" || exit 2
base=$ASSAY_SOURCE/tests/rules/bad/base
mkdir -p rules/auth rules/backup
cp "$base"/*.yml rules
cat >rules/auth/thing.yml <<'END'
framework: iso27001-2022
program: [thing, pam_thing]
class: auth
closed: true
files: [/var/log/thing.log*]
stamp: '%Y-%m-%d %H:%M:%S '
rules:
- id: thing.yes
  title: Thing said yes
  event: auth.login
  outcome: success
  controls: [A.8.5]
  set: {remote: true}
  match: 'yes to (?<user>{user}) from (?<src_ip>{ip})(?: port (?<src_port>{port}))?'
  examples:
  - {line: yes to bob from 192.0.2.1, fields: {user: bob, src_ip: 192.0.2.1, remote: true}}
  near_misses:
  - yes to bob
ignore:
- 'nothing to say'
END
cat >rules/backup/saver.yml <<'END'
framework: iso27001-2022
program: saver
class: backup
rules:
- id: saver.start
  title: Saving began
  event: backup.run
  outcome: none
  phase: start
  controls: [A.8.13]
  match: 'begin (?<job>[a-z]{1,30})'
  examples:
  - {line: begin daily, fields: {job: daily}}
  near_misses:
  - begin
END

# code WANTED COMMAND...: the exit code, everything said is thrown away.
code() {
	local wanted=$1
	shift
	"$@" >/dev/null 2>&1
	is "exit $wanted: ${*:2}" "$?" "$wanted"
}

json() {
	"$ASSAY_AGENT" match --rules rules --json "$@" -
}

is "one object per line, in order, with typed fields in the vocabulary's order" \
	"$(printf '%s\n' 'Mar  4 06:07:08 db1 thing[9]: yes to eve from ::1 port 22' '' 'x' \
		'Mar  4 06:07:08 db1 thing: no' 'Mar  4 06:07:08 db1 thing: nothing to say' | json)" \
	'{"line":1,"program":"thing","events":[{"rule":"thing.yes","event":"auth.login","outcome":"success","ambiguous":false,"fields":{"user":"eve","src_ip":"::1","src_port":22,"remote":true}}]}
{"line":2,"program":null,"events":[]}
{"line":3,"program":null,"events":[]}
{"line":4,"program":"thing","events":[]}
{"line":5,"program":"thing","events":[]}'
is "--program takes lines without a header" \
	"$(echo 'yes to eve from ::1' | json --program thing)" \
	'{"line":1,"program":"thing","events":[{"rule":"thing.yes","event":"auth.login","outcome":"success","ambiguous":false,"fields":{"user":"eve","src_ip":"::1","remote":true}}]}'
is "--program leaves pam lines to their module" \
	"$(echo 'pam_thing(su:auth): yes to eve from ::1' | json --program thing | cut -c 1-32)" \
	'{"line":1,"program":"pam_thing",'
is "a second reading with other values is ambiguous" \
	"$(echo 'yes to a from ::1 from ::2 port 3' | json --program thing | grep -o '"ambiguous":[a-z]*')" \
	'"ambiguous":false'
is "--why tells ignored from unknown, and the phase of a run" \
	"$(printf '%s\n' 'thing: x' 'Mar 4 06:07:08 h thing: nothing to say' 'Mar 4 06:07:08 h thing: x' \
		'Mar 4 06:07:08 h saver: begin daily' | json --why)" \
	'{"line":1,"program":null,"kind":"no program","limit_hits":0,"events":[]}
{"line":2,"program":"thing","kind":"ignored","limit_hits":0,"events":[]}
{"line":3,"program":"thing","kind":"unknown","limit_hits":0,"events":[]}
{"line":4,"program":"saver","kind":"event","limit_hits":0,"events":[{"rule":"saver.start","event":"backup.run","outcome":"none","phase":"start","ambiguous":false,"fields":{"job":"daily"}}]}'
is "bytes that are no text, and text that misleads, are escaped" \
	"$(printf 'yes to \xff\xe2\x80\xae"\\\x1b from ::1' | json --program thing | grep -o '"user":.*,"src')" \
	'"user":"\\xff\u202e\"\\\u001b","src'
is "the last line counts without its line feed, and a NUL is a byte" \
	"$(printf 'yes to a\0b from ::1' | json --program thing | grep -o '"user":"[^"]*"')" \
	'"user":"a\u0000b"'
is "a terminal sees no escape sequence" \
	"$(printf 'Mar 4 06:07:08 h thing: yes to \x1b[2J from ::1\nMar 4 06:07:08 h x: \x1b[2J\n' |
		"$ASSAY_AGENT" match --rules rules - 2>/dev/null | grep -c $'\x1b')" 0
printf '2026-11-20 10:11:12 yes to eve from ::1\n' >thing.log.1
is "a program's own log is read by the stamp its rule file declares" \
	"$("$ASSAY_AGENT" match --rules rules --json thing.log.1 | grep -o '"user":"eve"')" '"user":"eve"'
gaps() {
	yes 'Mar  4 06:07:08 db1 thing[9]: yes to eve from ::1' | head -n 5000 | json |
		awk -F'[:,]' '{ if ($2 != NR) exit 1 } END { exit NR != 5000 }'
}
ok "many lines come out in their order" gaps

is "check says what it read" "$("$ASSAY_AGENT" check --rules rules)" \
	"4 files, 2 rules, 1 ignored pattern: all examples hold"
is "test says what each rule proved" "$("$ASSAY_AGENT" test rules/auth/thing.yml)" \
	"ok thing.yes: 1 example, 1 near miss
3 files, 1 rule, 1 ignored pattern: all examples hold"
is "test --json is one array" "$("$ASSAY_AGENT" test --json --rules rules)" \
	'[{"rule":"thing.yes","examples":1,"near_misses":1,"ambiguous":0},{"rule":"saver.start","examples":1,"near_misses":1,"ambiguous":0}]'
is "explain shows the plan of a rule" \
	"$("$ASSAY_AGENT" explain --rules rules thing.yes | sed -n '/bucket/,/at least/p')" \
	"  bucket     thing, pam_thing
  prefix     'yes to '
  literal    ' from '
  at least   16 bytes, 13 of them fixed; machine code"
is "explain knows events" "$("$ASSAY_AGENT" explain --rules rules backup.run | head -n 1)" \
	"event backup.run: A backup ran."
is "explain knows controls" "$("$ASSAY_AGENT" explain --rules rules A.8.5 | sed -n 2p)" \
	"  thing.yes                    auth.login success: Thing said yes"
is "explain suggests the nearest" "$("$ASSAY_AGENT" explain --rules rules thing.yess 2>&1)" \
	"assay-agent explain: there is no rule, event or control 'thing.yess'; did you mean 'thing.yes'?"

printf 'rules: [rules]\nsources: [{fil: /x}]\n' >agent.yml
is "check reads the configuration too" "$("$ASSAY_AGENT" check --config agent.yml)" \
	"agent.yml:2:12: unknown key 'fil'; did you mean 'file'?
     2 | sources: [{fil: /x}]
       |            ^
1 error"
printf 'rules: [rules]\n' >agent.yml
code 0 "$ASSAY_AGENT" check --config agent.yml
code 0 "$ASSAY_AGENT" check --rules rules
code 0 "$ASSAY_AGENT" match --rules rules thing.log.1
code 0 "$ASSAY_AGENT" match --rules rules /dev/null
code 1 "$ASSAY_AGENT" explain --rules rules nothing.like.it
code 2 "$ASSAY_AGENT" check --rules /nonexistent
code 2 "$ASSAY_AGENT" check --ruels rules
code 2 "$ASSAY_AGENT" check --rules
code 2 "$ASSAY_AGENT" match --rules rules
code 2 "$ASSAY_AGENT" match --rules rules /nonexistent
code 2 "$ASSAY_AGENT" explain --rules rules
code 2 "$ASSAY_AGENT" match --config /nonexistent.yml thing.log.1
touch rules/auth/left.yaml
code 0 "$ASSAY_AGENT" check --rules rules
code 3 "$ASSAY_AGENT" check --strict --rules rules
sed -i 's/yes to bob$/yes to bob from ::1/' rules/auth/thing.yml
code 1 "$ASSAY_AGENT" check --rules rules
code 1 "$ASSAY_AGENT" test rules/auth/thing.yml
code 2 "$ASSAY_AGENT" match --rules rules thing.log.1
is "what is wrong can be read by a script" \
	"$("$ASSAY_AGENT" check --json --rules rules | grep -o '"line":[0-9]*,"column":[0-9]*')" \
	'"line":0,"column":0
"line":18,"column":5'
done_testing
