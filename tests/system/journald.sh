# shellcheck shell=bash
# journald: a real journald in a mount namespace of its own, so that it touches
# nothing of the host. Source it first: the script is run again inside.
if [ "${ASSAY_JOURNALD:-}" != inside ]; then
	if unshare -m --propagation private true 2>/dev/null; then
		ASSAY_JOURNALD=inside exec unshare -m --propagation private \
			bash "$0" "$@"
	fi
	ASSAY_JOURNALD=refused
fi

# journald_start: /run, /dev and the journal's directories are private from
# here on; returns when it answers.
journald_start() {
	local n
	mount -t tmpfs none /run || return 1
	mkdir -p /run/systemd/journal /run/log /run/dev /var/log/journal
	mount -t tmpfs none /var/log/journal
	mount -t tmpfs none /run/dev
	for n in null zero urandom random tty full; do
		: >"/run/dev/$n"
		mount --bind "/dev/$n" "/run/dev/$n"
	done
	mkdir /run/dev/shm
	ln -s /proc/self/fd /run/dev/fd
	mount --rbind /run/dev /dev
	ln -s /run/systemd/journal/dev-log /dev/log
	journald_run
}

journald_run() {
	/lib/systemd/systemd-journald 2>/dev/null &
	journald=$!
	for _ in $(seq 100); do
		[ -S /run/systemd/journal/dev-log ] && logger -t assay-test up &&
			return 0
		sleep 0.05
	done
	return 1
}

journald_stop() {
	[ -z "${journald:-}" ] || kill "$journald" 2>/dev/null
	wait "${journald:-}" 2>/dev/null
	journald=
}

# journald_rotate: what was written is in a file of its own from here on.
journald_rotate() {
	local before
	before=$(journald_files | wc -l)
	kill -USR2 "$journald"
	for _ in $(seq 100); do
		[ "$(journald_files | wc -l)" -gt "$before" ] && return 0
		sleep 0.05
	done
	return 1
}

journald_files() {
	find /run/log/journal -name '*.journal*'
}
