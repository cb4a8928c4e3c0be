#!/usr/bin/env bash
# The agent reads what there is and stops: files, rotated and compressed ones,
# standard input; what it proves and what it does not.
# shellcheck source=tests/support/tap.sh
. "$ASSAY_SOURCE/tests/support/tap.sh"
# shellcheck source=tests/system/agent.sh
. "$ASSAY_SOURCE/tests/system/agent.sh"

logs=${tap_dir:?}/logs
state=$tap_dir/state
new() {
	rm -rf "$logs" "$state"
	mkdir "$logs"
}
once() {
	agent "$state" --once --logs "$logs"
}
has() {
	grep -qF -- "$1" "$2"
}
lacks() {
	! grep -qF -- "$1" "$2"
}

new
{
	login 'Nov 20 10:00:01' one
	echo 'Nov 20 10:00:02 web01 strange[7]: hello'
	login 'Nov 20 10:00:03' two
	printf 'Nov 20 10:00:04 web01 sshd[100]: Accepted passw'
} >"$logs/auth.log"
ok 'what there is is read and the exit code is 0' once
is 'each event comes once' "$(users "$state" | tr '\n' ' ')" 'one two '
is 'all is sealed' "$(verified)" 0
is 'an epoch begins with its start' \
	"$(records "$state" | head -n 1 | field type)" assay.start.v1
ok 'the rule files are recorded' has assay.files.v1 "$tap_dir/records"
is 'a heartbeat comes first and last' "$(records "$state" heartbeat | wc -l)" 2
ok 'the last heartbeat stands at the last line' has \
	'"through":"2026-11-20T10:00:03.000000Z","lines":3,"known":2,"ignored":0,"unknown":1' \
	<(records "$state" heartbeat | tail -n 1)
ok 'programs that nobody understands are named' has \
	'"unknown":[{"program":"strange","class":"auth","closed":false,"lines":1' \
	<(records "$state" heartbeat | tail -n 1)
ok 'an event names source, file, position and who could have written it' has \
	"\"origin\":{\"source\":\"file\",\"path\":\"$logs/auth.log\",\"id\":\"$logs/auth.log\",\"class\":\"auth\"" \
	<(records "$state" event)
ok 'an event says what it is evidence about' has \
	'"event":"auth.login","outcome":"success","rule":"sshd.accepted","controls":["iso27001-2022:A.8.5","iso27001-2022:A.5.15"],"program":"sshd"' \
	<(records "$state" event)
ok 'a syslog file is only as good as any local user' has '"trust":"local"' \
	<(records "$state" event)
ok 'a stamp without year and zone says that both are inferred' has \
	'"clock":{"raw":"Nov 20 10:00:01","precision":"s","inferred":["year","zone"],"doubtful":false}' \
	<(records "$state" event)
lacks_eol() {
	lacks '"eol"' <(records "$state" event)
}
ok 'a line with an end says nothing of its end' lacks_eol

once
is 'a second run reads nothing again' "$(users "$state" | tr '\n' ' ')" 'one two '
is 'texts of rule files are recorded once' "$(records "$state" files | wc -l)" 1
ok 'the second epoch names the end of the first' has '"prev":{"epoch":"' \
	<(records "$state" start | tail -n 1)
printf 'ord for three from 192.0.2.1 port 50122 ssh2\n' >>"$logs/auth.log"
once
is 'a line that was not whole is read when it is' \
	"$(users "$state" | tr '\n' ' ')" 'one two three '

mv "$logs/auth.log" "$logs/auth.log.1"
login 'Nov 20 10:00:05' four >>"$logs/auth.log.1"
login 'Nov 20 10:00:06' five >"$logs/auth.log"
once
is 'a renamed file is read to its end before its successor' \
	"$(users "$state" | tr '\n' ' ')" 'one two three four five '
login 'Nov 20 10:00:07' six >>"$logs/auth.log"
gzip "$logs/auth.log.1"
mv "$logs/auth.log.1.gz" "$logs/auth.log.2.gz"
mv "$logs/auth.log" "$logs/auth.log.1"
login 'Nov 20 10:00:08' seven >>"$logs/auth.log.1"
gzip "$logs/auth.log.1"
login 'Nov 20 10:00:09' eight >"$logs/auth.log"
once
is 'a file compressed while half read is read on inside' \
	"$(users "$state" | tr '\n' ' ')" \
	'one two three four five six seven eight '
is 'all of it is sealed, epoch by epoch' "$(verified)" 0
is 'nothing was missing' "$(records "$state" gap | wc -l)" 0

echo 'Nov 20 10:00:10 web01 sshd[1]: x' >"$logs/auth.log"
once
ok 'a file that was truncated while the agent was down is a gap' has \
	'"reason":"agent"' <(records "$state" gap)
rm "$logs/auth.log.1.gz" "$logs/auth.log.2.gz"
once
is 'a rotated file that was read to its end may go' \
	"$(records "$state" gap | wc -l)" 1

# The same again from an empty state: rotated files, oldest first by stamp.
new
login 'Nov 18 10:00:00' old | gzip >"$logs/auth.log.2.gz"
login 'Nov 20 10:00:00' new >"$logs/auth.log"
{
	login 'Nov 19 10:00:00' middle
	printf '%s' "$(login 'Nov 19 10:00:01' rest)"
} >"$logs/auth.log.1"
printf 'BZh91AY&SY whatever' >"$logs/auth.log.3.bz2"
touch -d '2026-11-20 10:00:00' "$logs"/*
once
is 'the oldest file is read first, by its first stamp' \
	"$(users "$state" | tr '\n' ' ')" 'old middle rest new '
is 'an event of a line without an end says so' \
	"$(records "$state" event | grep -F '"eol":false' | grep -oE '"user":"[a-z]+"')" \
	'"user":"rest"'
ok 'a file that cannot be decompressed here is named' has \
	'auth.log.3.bz2: compressed in a way' "$tap_dir/talk"
is 'quiet stretches of a backlog are gaps' \
	"$(records "$state" gap | field reason | sort | uniq -c | tr -s ' ')" ' 2 agent'
ok 'a gap goes from the line before to the line after' has \
	'"from":"2026-11-18T10:00:00.000000Z","to":"2026-11-19T10:00:00.000000Z"' \
	<(records "$state" gap)

new
login 'Nov 20 10:00:00' gz | gzip >"$logs/auth.log.4.gz"
login 'Nov 20 10:00:01' xz | xz >"$logs/auth.log.3.xz"
login 'Nov 20 10:00:02' zst | zstd -q >"$logs/auth.log.2.zst"
login 'Nov 20 10:00:03' plain >"$logs/auth.log.1"
login 'Nov 20 10:00:04' last >"$logs/auth.log"
once
is 'gzip, xz and zstd are read alike' \
	"$(users "$state" | tr '\n' ' ')" 'gz xz zst plain last '
xz "$logs/auth.log.1"
once
is 'a file that is compressed by xz after it was read is not read again' \
	"$(users "$state" | tr '\n' ' ')" 'gz xz zst plain last '
login 'Nov 20 10:00:05' more >>"$logs/auth.log"
zstd -q --rm "$logs/auth.log"
once
is 'a file that is compressed by zstd while half read is read on inside' \
	"$(users "$state" | tr '\n' ' ')" 'gz xz zst plain last more '
is 'and nothing is missing' "$(records "$state" gap | wc -l)" 0

new
{
	login 'Nov 18 10:00:00' a
	echo 'Nov 20 10:00:00 web01 kernel: [    0.000000] Linux version 6.1'
	login 'Nov 20 10:00:01' b
} >"$logs/auth.log"
once
is 'a quiet stretch that ends with a boot is none' \
	"$(records "$state" gap | wc -l)" 0

# Bytes.
new
{
	printf 'Nov 20 10:00:00 web01 sshd[1]: Accepted password for \xff\xfe from 192.0.2.1 port 1 ssh2\n'
	printf 'Nov 20 10:00:01 web01 sshd[1]: bad \0\0\0 bytes\r\n'
	head -c 300000 /dev/zero | tr '\0' x
	printf '\n'
	printf 'Nov 20 10:00:02 web01 sshd[1]: Accepted password for '
	head -c 700000 /dev/zero | tr '\0' y
	printf ' from 192.0.2.1 port 1 ssh2\n'
	login 'Nov 20 10:00:03' after
} >"$logs/auth.log"
once
is 'bytes that are not UTF-8 and endless lines stop nothing' \
	"$(users "$state" | tail -n 1)" after
ok 'bytes that are not UTF-8 are kept' has '"enc":"base64"' \
	<(records "$state" event)
ok 'every line is counted' has '"lines":5,' \
	<(records "$state" heartbeat | tail -n 1)

# A copied /var/log with more than one log.
new
mkdir -p "$logs/apt" "$logs/nginx"
login 'Nov 20 10:00:00' a >"$logs/auth.log"
echo 'Nov 20 10:00:00 web01 cron[1]: x' >"$logs/syslog"
echo 'Nov 20 10:00:00 web01 kernel: x' >"$logs/kern.log"
echo 'Nov 20 10:00:00 web01 app[1]: x' >"$logs/nginx/own.log"
head -c 400 /dev/zero >"$logs/btmp"
: >"$logs/apt/term.log"
ok 'a directory of many logs is read' once
is 'what a syslog daemon writes provides what the distribution says' \
	"$(records "$state" heartbeat | tail -n 1 |
		grep -o '"id":"[^"]*/\(syslog\|auth.log\|own.log\)","provides":[^]]*' |
		sed 's|.*/||' | tr '\n' ' ')" \
	'auth.log","provides":["auth" own.log","provides":["app" syslog","provides":["syslog","backup","app","package" '
ok 'what only repeats another file is not read' \
	has 'kern.log: only repeats' "$tap_dir/talk"
ok 'what is no log is not read, and said' \
	has 'btmp: no line has a header' "$tap_dir/talk"
ok 'an empty file is said' has 'term.log: it is empty' "$tap_dir/talk"
ok 'status names what is not read' has 'only repeats what another file holds' \
	<("$ASSAY_AGENT" status --state "$state")
agent "$state.3" --once --logs "$tap_dir/nowhere"
is 'a directory that is not there is exit 2' $? 2

# Other ways in.
new
login 'Nov 20 10:00:00' piped >"$tap_dir/input"
cat >"$tap_dir/agent.yml" <<END
sources: [{stdin: true, class: auth}]
END
"$ASSAY_AGENT" run --once --config "$tap_dir/agent.yml" --state "$state" \
	--rules "$rules" <"$tap_dir/input" 2>/dev/null
is 'standard input is read to its end' "$(users "$state")" piped
(
	sleep 0.3
	cat "$tap_dir/input"
	sleep 0.3
	login 'Nov 20 10:00:01' late
) | "$ASSAY_AGENT" run --once --config "$tap_dir/agent.yml" \
	--state "$state.2" --rules "$rules" 2>/dev/null
is 'a pipe that is slow is waited for' "$(users "$state.2" | tr '\n' ' ')" \
	'piped late '

new
login 'Nov 20 10:00:00' config >"$logs/secure"
cat >"$tap_dir/agent.yml" <<END
state: $state
rules: [$rules]
zone: Europe/Berlin
sources: [{file: $logs/sec*, class: [auth, syslog]}]
END
"$ASSAY_AGENT" run --once --config "$tap_dir/agent.yml" 2>/dev/null
is 'sources of the configuration are read' "$(users "$state")" config
ok 'its zone is that of stamps without one' has \
	'"time":"2026-11-20T09:00:00.000000Z"' <(records "$state" event)
echo 'sources: [{file: /x, clas: auth}]' >"$tap_dir/agent.yml"
"$ASSAY_AGENT" run --once --config "$tap_dir/agent.yml" --state "$state" \
	--rules "$rules" 2>"$tap_dir/talk"
is 'a configuration that is wrong is exit 2' $? 2
ok 'and says where and what to do' has "agent.yml:1:22: unknown key 'clas'; did you mean 'class'?" \
	"$tap_dir/talk"

# A clock that is played.
new
for day in 18 19 20; do
	login "Nov $day 02:10:00" "day$day" >>"$logs/auth.log"
	agent "$state" --once --logs "$logs" --now "2026-11-${day}T12:00:00Z"
done
is 'a history is played day by day' "$(users "$state" | tr '\n' ' ')" \
	'day18 day19 day20 '
ok 'what a played clock made says so' has '"simulated":true' \
	<(records "$state" start)
is 'quiet stretches count as watched then' "$(records "$state" gap | wc -l)" 0
ok 'each day stands at its time' has \
	'"through":"2026-11-19T12:00:00.000000Z"' <(records "$state" heartbeat)

# People.
ok 'status --json prints the file' has '"phase":"stopped"' \
	<("$ASSAY_AGENT" status --json --state "$state")
ok 'status says what is read' has "$logs/auth.log" \
	<("$ASSAY_AGENT" status --state "$state")
"$ASSAY_AGENT" status --state "$tap_dir/nowhere" 2>/dev/null
is 'status without an agent is exit 4' $? 4
(
	flock 9
	"$ASSAY_AGENT" run --once --logs "$logs" --state "$state" \
		--rules "$rules" 2>"$tap_dir/talk"
) 9<"$state/spool/lock"
ok 'a spool that another agent has is refused' has \
	'in use by another agent' "$tap_dir/talk"

# A lost spool, a lost identity: never a fork.
first=$(field agent <"$state/identity.json")
rm -r "$state/spool"
once
ok 'a lost spool means a new identity, and the reason' has \
	'"prev":null,"reason":"the spool is lost"' <(records "$state" start)
is 'its id is another one' \
	"$([ "$(field agent <"$state/identity.json")" != "$first" ] && echo yes)" yes
sed -i 's/"host":"[0-9a-f]*/"host":"00000000/' "$state/identity.json"
once
ok 'the state of another machine means a new identity' has \
	'"reason":"the state is another machine' <(records "$state" start)

done_testing
