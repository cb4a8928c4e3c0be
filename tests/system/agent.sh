# shellcheck shell=bash
# agent: what the system tests of the agent share. Source it after tap.sh.
rules=$ASSAY_SOURCE/rules
: "${tap_dir:?source tap.sh first}"

# few_rules: from here on the agent knows sshd only, and starts sooner.
few_rules() {
	mkdir -p "$tap_dir/rules/auth"
	cp "$rules"/*.yml "$tap_dir/rules"
	cp "$rules/auth/sshd.yml" "$tap_dir/rules/auth"
	rules=$tap_dir/rules
}

# agent STATE ARGUMENTS...: one run of the agent; what it says goes to
# $tap_dir/talk.
agent() {
	local state=$1
	shift
	"$ASSAY_AGENT" run --state "$state" --rules "$rules" "$@" \
		>"$tap_dir/out" 2>"$tap_dir/talk"
}

# records STATE [TYPE]: the records in its spool, one a line; the verdict of
# verify goes to $tap_dir/verdict, and its exit code to $tap_dir/verified.
records() {
	"$ASSAY_SPOOLCAT" "$1/spool" >"$tap_dir/records" 2>"$tap_dir/verdict"
	echo $? >"$tap_dir/verified"
	if [ $# -gt 1 ]; then
		grep -F "\"type\":\"assay.$2.v1\"" "$tap_dir/records"
	else
		cat "$tap_dir/records"
	fi
	return 0
}

# verified: the exit code of the last records.
verified() {
	cat "$tap_dir/verified" "$tap_dir/verdict"
}

# users STATE: the user of each successful login, in the order of the spool.
users() {
	records "$1" event | grep -F '"event":"auth.login"' |
		sed -n 's/.*"fields":{"user":"\([^"]*\)".*/\1/p'
}

# field KEY: the text values of a key, one for each line of stdin.
field() {
	sed -n "s/.*\"$1\":\"\\([^\"]*\\)\".*/\\1/p"
}

# login TIME USER: a line of sshd. TIME is like "Nov 20 10:00:01".
login() {
	echo "$1 web01 sshd[100]: Accepted password for $2 from 192.0.2.1 port 50122 ssh2"
}

# logins FIRST LAST: one a second from 10:00 on, users u000001 and so on.
logins() {
	local n
	for ((n = $1; n <= $2; n++)); do
		printf '2026-11-20T%02d:%02d:%02d.000000+00:00 web01 sshd[100]: Accepted password for u%06d from 192.0.2.1 port 50122 ssh2\n' \
			$((10 + n / 3600)) $((n / 60 % 60)) $((n % 60)) "$n"
	done
}

# whole STATE LAST: users u000001 to LAST are there, each once, all sealed.
whole() {
	users "$1" | sort >"$tap_dir/got"
	seq -f 'u%06.0f' 1 "$2" | diff - "$tap_dir/got" &&
		verified && [ "$(verified)" = 0 ]
}
