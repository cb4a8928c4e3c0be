# shellcheck shell=bash
# rsyslog: a real rsyslogd of the test's own: socket, files and work directory
# are the test's. Source it after tap.sh. Whatever becomes of the test, every
# daemon it started is stopped.
: "${tap_dir:?source tap.sh first}"
logs=$tap_dir/log
socket=$tap_dir/syslog.sock
daemons=()

# Preloading goes before the sanitizer's runtime, which does not like it.
export ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0

stop_daemons() {
	local pid
	for pid in "${daemons[@]}"; do
		kill -CONT "$pid" 2>/dev/null
		kill -KILL "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
	rm -rf "$tap_dir"
}
trap stop_daemons EXIT
trap 'exit 1' TERM INT

# until_true COMMAND...: within 20 s.
until_true() {
	local n
	for ((n = 0; n < 200; n++)); do
		"$@" && return 0
		sleep 0.1
	done
	return 1
}

# rsyslog_config [IMUXSOCK PARAMETERS]: as Debian ships it, but for the places.
rsyslog_config() {
	mkdir -p "$logs" "$tap_dir/rsyslog"
	cat >"$tap_dir/rsyslog.conf" <<-END
		global(workDirectory="$tap_dir/rsyslog" processInternalMessages="on")
		module(load="imuxsock" SysSock.Name="$socket" SysSock.Unlink="on" ${1:-})
		module(load="builtin:omfile" Template="RSYSLOG_FileFormat")
		auth,authpriv.* $logs/auth.log
		*.*;auth,authpriv.none $logs/syslog
	END
}

# rsyslog_start [VARIABLE=VALUE...]: start it and wait for its socket.
rsyslog_start() {
	env "$@" rsyslogd -n -f "$tap_dir/rsyslog.conf" -i "$tap_dir/rsyslogd.pid" \
		>"$tap_dir/rsyslogd.out" 2>&1 &
	rsyslogd=$!
	daemons+=("$rsyslogd")
	until_true test -S "$socket"
}

rsyslog_stop() {
	kill -TERM "$rsyslogd"
	wait "$rsyslogd" 2>/dev/null
	[ ! -e "$socket" ] || rm -f "$socket"
}

# ---- daemons on a clock that the test turns (support/clockwork.c) ----
clock=$tap_dir/clock
clocked=(LD_PRELOAD="$ASSAY_CLOCK" CLOCKWORK="$clock" TZ=UTC)

# clock_new TIME: a clock that shows it.
clock_new() {
	"$ASSAY_CLOCKWORK" new "$clock" "$(date -u -d "$1" +%s)"
}

# until_time TIME: let time pass until then.
until_time() {
	local left
	left=$(($(date -u -d "$1" +%s) - $("$ASSAY_CLOCKWORK" now "$clock")))
	[ "$left" -gt 0 ] && "$ASSAY_CLOCKWORK" run "$clock" "$left"
}

# Two daemons of ours with $tap_dir/agent.yml and collector.yml.
agent_start() {
	env "${clocked[@]}" CLOCKWORK_PACED=1 "$ASSAY_AGENT" run \
		--config "$tap_dir/agent.yml" >>"$tap_dir/agent.out" 2>&1 &
	agent=$!
	daemons+=("$agent")
	"$ASSAY_CLOCKWORK" wait "$clock"
}
agent_stop() {
	kill -TERM "$agent"
	wait "$agent"
}
collect() {
	env "${clocked[@]}" "$ASSAY_COLLECTOR" run --once \
		--config "$tap_dir/collector.yml" 2>>"$tap_dir/collector.out"
}

# slots CHECK: day and state of each of its slots, from $tap_dir/slots.
slots() {
	grep -F "\"check\":\"$1\"" "$tap_dir/slots" |
		sed -E 's/.*"start":"2026-([0-9-]*)T.*"state":"([a-z]*)".*/\1 \2/' |
		tr '\n' ' '
}

# ---- lines ----

# say FACILITY TAG MESSAGE: a line to it.
say() {
	logger -d -u "$socket" -p "$1.info" -t "$2" -- "$3"
}
