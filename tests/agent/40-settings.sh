#!/usr/bin/env bash
# What is in force and where it is from, as a person asks for it.
# shellcheck source=tests/support/tap.sh
. "$ASSAY_SOURCE/tests/support/tap.sh"
cd "$tap_dir" || exit 2
rules=$ASSAY_SOURCE/tests/rules/bad/base
mkdir agent.d
cat >agent.yml <<'END'
state: /srv/state
spool: {max_bytes: 64MiB, readers: [kafka, audit]}
sources:
- {file: /nonexistent/a.log, class: auth}
kafka:
  bootstrap.servers: "127.0.0.1:9092"
  linger.ms: 7
  sasl.password: hunter2
END
cat >agent.d/10-less.yml <<'END'
spool:
  max_bytes: 32MiB
kafka: {linger.ms: 9}
END
cat >agent.d/20-own.yml <<'END'
sources:
- {file: /nonexistent/b.log*, class: [app, backup], facility: local2}
END
echo 'not: read' >agent.d/30-off.yml.off

show() {
	"$ASSAY_AGENT" check --show --config agent.yml --rules "$rules" "$@"
}
line() {
	grep -E -- "$1" shown | tr -s ' '
}
show >shown
is 'showing is no failure' $? 0
is 'a drop-in overrules a key and leaves the others' "$(line '^ +(max_bytes|readers):')" \
	' max_bytes: 32MiB # agent.d/10-less.yml:2
 readers: [kafka, audit] # agent.yml:2'
is 'what nobody says is the default' "$(line keep_days)" \
	' keep_days: 14 # default'
is 'a list is replaced whole' "$(line '^ +- ')" \
	' - {file: /nonexistent/b.log*, class: [app, backup], facility: local2} # agent.d/20-own.yml:2'
is 'maps are put together, each key from its file' \
	"$(line '^ +(bootstrap|linger)')" ' bootstrap.servers: "127.0.0.1:9092" # agent.yml:6
 linger.ms: 9 # agent.d/10-less.yml:3'
is 'secrets are masked' "$(line 'sasl')" ' sasl.password: "********" # agent.yml:8'
is 'also in JSON' "$(show --json | grep -c hunter2)" 0
is 'an option is from the command line' "$(line '^rules')" \
	"rules: [$rules] # option --rules"
ok 'it says what is read, why, and where marks go' grep -q \
	'^#   /nonexistent/b.log (app, backup): the configuration names it; marks go to local2$' shown
ok 'it says what is not there' grep -q \
	'^#   /nonexistent/b.log: not there (yet); it is read when it comes$' shown
cp shown again.yml
is 'what is shown can be the file' \
	"$("$ASSAY_AGENT" check --show --config again.yml --json |
		sed 's/"from":"[^"]*"//g')" \
	"$(show --json | sed 's/"from":"[^"]*"//g')"
ok 'a program can read it' python3 -c '
import json, sys
d = json.load(sys.stdin)
s = {k["key"]: k for k in d["settings"]}
assert s["spool.max_bytes"]["value"] == 32 << 20
assert s["spool.max_bytes"]["from"] == "agent.d/10-less.yml:2"
assert s["kafka"]["value"]["bootstrap.servers"] == "127.0.0.1:9092"
assert s["zone"] == {"key": "zone", "value": None, "from": "default",
                     "note": "this machine\x27s"}
assert d["reads"][0]["facility"] == "local2"
' < <(show --json)

"$ASSAY_AGENT" check --show --rules "$rules" >shown
ok 'without rules/sources.yml nothing is found' \
	grep -q '^# There is nothing it would read' shown
"$ASSAY_AGENT" check --show --rules "$ASSAY_SOURCE/rules" >shown
ok 'without sources: it shows what is found' grep -q '^# It reads:' shown
is 'and says that this is so' "$(line '^# sources')" \
	'# sources: # default: what is found'

# wrong WHAT CONFIG WANTED: check refuses it and says so.
wrong() {
	printf '%b' "$2" >wrong.yml
	"$ASSAY_AGENT" check --config wrong.yml --rules "$rules" >said 2>&1
	is "$1: refused" $? 1
	ok "$1: said" grep -qF -- "$3" said
}
wrong 'an unknown key' 'spool:\n  max_byte: 1GiB\n' \
	"wrong.yml:2:3: unknown key 'max_byte'; did you mean 'max_bytes'?"
wrong 'a key one level too high' 'state: /x\nkeep_days: 3\n' \
	"wrong.yml:2:1: unknown key 'keep_days' here; did you mean \`spool: {keep_days: ..}\`?"
wrong 'a value out of range' 'spool: {keep_days: 9999}\n' \
	'wrong.yml:1:20: spool.keep_days is out of range'
wrong 'an unknown facility' 'sources:\n- {file: /x, class: app, facility: authpirv}\n' \
	"wrong.yml:2:36: there is no facility 'authpirv'"
wrong 'an unknown property of librdkafka' 'kafka:\n  bootstrap.servers: "127.0.0.1:1"\n  lingr.ms: 5\n' \
	"wrong.yml:3:13: kafka: 'lingr.ms' is no property of librdkafka; did you mean 'linger.ms'?"
wrong 'evidence that others could read' 'kafka:\n  bootstrap.servers: k1.example.org:9092\n' \
	"wrong.yml:2:22: kafka: 'k1.example.org' is not on this machine"
wrong 'what must not be changed' 'kafka:\n  bootstrap.servers: "[::1]:1"\n  acks: 1\n' \
	"wrong.yml:3:9: kafka: acks stays"
wrong 'a key twice' 'state: /x\nstate: /y\n' 'wrong.yml:2:1: '
"$ASSAY_AGENT" run --once --config wrong.yml --state state >said 2>&1
is 'the agent does not start with it' $? 2
ok 'and says the same' grep -qF 'wrong.yml:2:1: ' said
ok 'help says what can be set' grep -q 'held_max_bytes: 1GiB' \
	<("$ASSAY_AGENT" run --help)
done_testing
