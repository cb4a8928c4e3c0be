#!/usr/bin/env bash
# What is installed is whole, and the services may do no more than they need.
# shellcheck source=tests/support/tap.sh
. "$ASSAY_SOURCE/tests/support/tap.sh"
work=${tap_dir:?}
root=$work/root

ok 'everything is put in place' env DESTDIR="$root" \
	cmake --install "$(dirname "$ASSAY_AGENT")" --prefix /usr
for file in bin/assay-agent bin/assay-collector share/assay/rules/events.yml \
	share/assay/examples/agent.yml share/assay/examples/collector.yml \
	share/assay/examples/brokers-elsewhere.conf \
	share/assay/examples/read-everything.conf \
	lib/systemd/system/assay-agent.service \
	lib/systemd/system/assay-collector.service \
	lib/sysusers.d/assay.conf lib/tmpfiles.d/assay.conf; do
	ok "$file is there" [ -s "$root/usr/$file" ]
done
units=$root/usr/lib/systemd/system

for unit in assay-agent assay-collector; do
	# The program that a unit names has to be there to be verified.
	sed "s|^\(Exec[A-Za-z]*=\)[^ ]*/assay|\1$root/usr/bin/assay|" \
		"$units/$unit.service" >"$work/$unit.service"
	SYSTEMD_LOG_LEVEL=warning systemd-analyze verify "$work/$unit.service" \
		>"$work/verify" 2>&1
	is "systemd understands $unit.service" "$?/$(cat "$work/verify")" 0/
	ok "$unit.service is exposed at most 2.0" systemd-analyze security \
		--offline=true --threshold=20 "$work/$unit.service"
	# What an operator may add must not be what keeps it from starting.
	for drop in "$root"/usr/share/assay/examples/*.conf; do
		cat "$work/$unit.service" "$drop" >"$work/with-$unit.service"
		SYSTEMD_LOG_LEVEL=warning systemd-analyze verify \
			"$work/with-$unit.service" >"$work/verify" 2>&1
		is "$unit.service goes with $(basename "$drop")" \
			"$?/$(cat "$work/verify")" 0/
	done
	ok "$unit does not run as root" grep -q "^User=$unit\$" "$work/$unit.service"
done
ok 'the configuration that comes with the agent is one' "$ASSAY_AGENT" check \
	--config "$root/usr/share/assay/examples/agent.yml" --rules "$ASSAY_SOURCE/rules"

ok 'and that of the collector' "$ASSAY_COLLECTOR" check \
	--config "$root/usr/share/assay/examples/collector.yml" \
	--rules "$ASSAY_SOURCE/rules" --isms "$work/none"
# Whose a log is says who could have written it.
is 'the agent sees who owns a file' \
	"$(grep -c '^PrivateUsers=yes' "$units/assay-agent.service")" 0
is 'neither is given up when it cannot start for a while' \
	"$(grep -l '^StartLimitIntervalSec=0$' "$units"/assay-*.service | wc -l)" 2

mkdir -p "$root/etc" "$root/var/lib"
printf 'root:x:0:0::/root:/bin/sh\n' >"$root/etc/passwd"
printf 'root:x:0:\nadm:x:4:\nsystemd-journal:x:999:\n' >"$root/etc/group"
if [ "$(id -u)" = 0 ]; then
	ok 'the users are made' systemd-sysusers --root="$root" assay.conf
	is 'with the groups that may read logs' \
		"$(grep -E '^(adm|systemd-journal):' "$root/etc/group" | cut -d: -f1,4 | tr '\n' ' ')" \
		'adm:assay-agent systemd-journal:assay-agent '
	ok 'a first configuration is laid' systemd-tmpfiles --root="$root" --create assay.conf
	is 'and the spool, with a place for acks that its readers share' \
		"$(stat -c %a "$root/var/lib/assay/agent/spool" "$root/var/lib/assay/agent/spool/ack" | tr '\n' ' ')" \
		'750 2770 '
	echo '# mine' >"$root/etc/assay/agent.yml"
	systemd-tmpfiles --root="$root" --create assay.conf >"$work/out" 2>&1
	is 'and never over one that is there' "$(cat "$root/etc/assay/agent.yml")" '# mine'
else
	skip 'the users are made' 'needs root'
fi
done_testing
