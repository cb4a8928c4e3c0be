#!/usr/bin/env bash
# Who may read a spool: where there is a group assay, its members may, and leave
# their acks. Runs in a mount namespace with an /etc/group of its own.
if [ "${ASSAY_GROUP:-}" != inside ]; then
	if unshare -m --propagation private true 2>/dev/null; then
		ASSAY_GROUP=inside exec unshare -m --propagation private \
			bash "$0"
	fi
	echo 'ok 1 - the group of a spool # skip no mount namespace here'
	echo '1..1'
	exit 0
fi
# shellcheck source=tests/support/tap.sh
. "$ASSAY_SOURCE/tests/support/tap.sh"
# shellcheck source=tests/system/agent.sh
. "$ASSAY_SOURCE/tests/system/agent.sh"

few_rules
logs=${tap_dir:?}/logs
mkdir "$logs"
logins 1 5 >"$logs/auth.log"
modes() {
	stat -c '%a %g' "$1/spool" "$1/spool/ack" | paste -sd ' '
	stat -c '%a %g' "$1"/spool/*.seg | sort -u
}

grep -v '^assay:' /etc/group >"$tap_dir/group"
mount --bind "$tap_dir/group" /etc/group
agent "$tap_dir/without" --once --logs "$logs"
is 'without such a group all stays with the agent'"'"'s own' \
	"$(modes "$tap_dir/without")" \
	"$(printf '750 0 2770 0\n640 0')"

echo 'assay:x:4711:' >>"$tap_dir/group"
agent "$tap_dir/with" --once --logs "$logs"
is 'with it the spool, its segments and ack/ are the group'"'"'s' \
	"$(modes "$tap_dir/with")" \
	"$(printf '2750 4711 2770 4711\n640 4711')"

agent "$tap_dir/without" --once --logs "$logs"
is 'an older spool is given to it at the next start' \
	"$(stat -c '%a %g' "$tap_dir/without/spool" \
		"$tap_dir/without/spool/ack" | paste -sd ' ')" \
	'2750 4711 2770 4711'

done_testing
