# shellcheck shell=bash
# kafka: a real broker for a test, on loopback. Source it after tap.sh.
: "${tap_dir:?source tap.sh first}"
broker=$ASSAY_SOURCE/packaging/kafka/broker
kafka=$tap_dir/kafka

# kafka_start SENTENCE [OPTION...]: a broker in $kafka, what goes under "kafka:"
# of both daemons in $kafka.yml. Where it cannot be had the test is skipped as a
# whole; whatever else goes wrong fails it.
kafka_start() {
	local sentence=$1 status
	shift
	trap 'kafka_remove; rm -rf "$tap_dir"' EXIT
	"$broker" start "$kafka" "$@" >"$kafka.yml" 2>"$kafka.talk"
	status=$?
	if [ $status = 4 ] || [ $status = 5 ]; then
		skip "$sentence" "$(tail -n 1 "$kafka.talk")"
		done_testing
		exit
	fi
	is 'a broker starts' $status 0
	sed 's/^/# /' "$kafka.talk"
}

# kafka_map INDENT: those lines, for a configuration file.
kafka_map() {
	sed "s/^/$1/" "$kafka.yml"
}

kafka_remove() {
	[ ! -d "$kafka" ] || "$broker" remove "$kafka"
}
