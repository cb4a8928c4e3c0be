#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Lines that the real programs wrote (Debian 12: OpenSSH 9.2p1, sudo 1.9.13p3,
# util-linux 2.38.1, Linux-PAM 1.5.2, google-authenticator 20191231, shadow 4.13,
# adduser 3.134, cron 3.0pl1, anacron 2.3, systemd 252.39, restic 0.14.0, borg 1.2.4,
# pgBackRest 2.45, dpkg 1.21.23, apt 2.6.2, unattended-upgrades 2.9.1, rsyslog
# 8.2302.0, chrony 4.3, login_duo 1.11.3, ClamAV 1.4.6,
# AIDE 0.18.3, fail2ban 1.0.2, rsnapshot 1.4.5, certbot 2.1.0, rsync 3.5.0;
# and OpenSSH 10.5p1 in sshd10.log), with what each must become. Users and
# addresses are made up: the peer was 192.0.2.9 or
# 2001:db8::9, and what names 198.51.100.7 is a user name that someone sent.
# ASSAY_UPDATE=1 writes anew what is expected; read the difference.
# shellcheck source=tests/support/tap.sh
. "$ASSAY_SOURCE/tests/support/tap.sh"
lines=$ASSAY_SOURCE/tests/rules/lines

match() {
	"$ASSAY_AGENT" match --json --why --rules "$ASSAY_SOURCE/rules" "$1"
}

for log in "$lines"/*.log "$lines"/*/*.log; do
	name=$(basename "$log" .log)
	match "$log" >"$tap_dir/$name"
	if [ -n "${ASSAY_UPDATE:-}" ]; then
		cp "$tap_dir/$name" "${log%.log}.json"
	fi
	ok "lines_of_${name}_become_what_they_should" \
		diff -u "${log%.log}.json" "$tap_dir/$name"
done

for name in sshd sshd10 sudo su accounts login cron dpkg history losses \
	unattended-upgrades chronyd login_duo fail2ban rsnapshot \
	letsencrypt pgbackrest-console \
	main-{backup,verify,restore,expire,archive-push-async}; do
	is "no_line_of_${name}_is_unknown" \
		"$(grep -c '"kind":"unknown"' "$tap_dir/$name")" 0
done
is no_sent_name_puts_its_own_address_into_an_event \
	"$(grep -ho '"src_ip":"[^"]*"' "$tap_dir/sshd" "$tap_dir/sshd10" |
		sort -u)" \
	'"src_ip":"192.0.2.9"
"src_ip":"2001:db8::9"'
is only_alice_logged_in \
	"$(grep -h '"event":"auth.login","outcome":"success"' \
		"$tap_dir/sshd" "$tap_dir/sshd10" | grep -o '"user":"[^"]*"' | sort -u)" '"user":"alice"'
is an_address_under_a_penalty_is_shut_out \
	"$(grep -c '"event":"auth.lockout","outcome":"success"' \
		"$tap_dir/sshd10")" 4
is a_directory_named_like_a_sudo_line_makes_it_ambiguous \
	"$(grep -c '"ambiguous":true' "$tap_dir/sudo")" 2
is a_skipped_code_is_a_bypass_and_no_second_factor \
	"$(grep -o '"event":"auth.mfa[^"]*","outcome":"success"' \
		"$tap_dir/sshd" | sort | uniq -c | tr -s ' ' | sed 's/^ //')" \
	'1 "event":"auth.mfa","outcome":"success"
1 "event":"auth.mfa_bypass","outcome":"success"'
is a_review_row_that_brings_its_own_keys_is_no_row \
	"$(grep -c '"kind":"unknown"' "$tap_dir/access-review")" 2
is nobody_became_root_but_the_accounts_that_did \
	"$(grep -h '"event":"account' "$tap_dir/accounts" |
		grep -E '"uid":0[,}]|"change":"UID".*"new":"0"' |
		grep -o '"user":"[^"]*"')" '"user":"toor"
"user":"oscar"'
is a_name_that_says_it_joins_sudo_joins_nothing \
	"$(grep -h '"change":"member added"' "$tap_dir/accounts" |
		grep '"group":"sudo"' | grep -o '"user":"[^"]*"')" '"user":"bob"'
is every_lockout_of_an_account_is_seen_and_roots_says_nothing \
	"$(grep -h '"rule":"pam_faillock' "$tap_dir/login" |
		grep -oE '"outcome":"[a-z]*"|"user":"[^"]*"' | paste - - | sort |
		uniq -c | tr -s ' \t' ' ' | sed 's/^ //' | sort)" \
	'1 "outcome":"success" "user":"alice"
1 "outcome":"success" "user":"bob"
2 "outcome":"none" "user":"root"'
is a_command_that_holds_a_line_of_crontabs_changes_no_crontab \
	"$(grep -h '"event":"config.change","outcome":"success"' "$tap_dir/cron" |
		grep '"change":"REPLACE"' | grep -oE '"by":"[^"]*"' | sort -u)" \
	'"by":"alice"
"by":"root"'
is a_second_factor_that_failed_open_is_a_bypass_and_one_that_failed_closed_is_not \
	"$(grep -oE '"event":"auth.mfa[^"]*","outcome":"[a-z]*"' \
		"$tap_dir/login_duo" | cut -d'"' -f4,8 | tr '"\n' '  ')" \
	'auth.mfa_bypass success auth.mfa failure auth.mfa_bypass success '
is a_file_named_like_a_find_is_no_find \
	"$(grep -o '"event":"malware.found".*"path":"[^"]*"' "$tap_dir/clamav" |
		grep -o '"path":"[^"]*"' | sort)" \
	'"path":"/srv/scan/bad.txt"
"path":"scan/bad.txt"'
# events NAME EVENT: the outcomes of these events, in order.
events() {
	grep -o "\"event\":\"$2\",\"outcome\":\"[a-z]*\"" "$tap_dir/$1" |
		cut -d'"' -f8 | tr '\n' ' '
}
is a_read_back_that_found_damage_has_a_failure_before_its_good_end \
	"$(events main-verify backup.verify)" \
	'none success none failure failure success none failure failure success '
is a_dry_run_of_expiry_is_no_run \
	"$(grep -c 'backup.expire","outcome":"success' "$tap_dir/main-expire")" \
	"$(($(grep -c 'remove expired backup [0-9F_DI-]*$' \
		"$lines/pgbackrest/main-expire.log") + $(grep -c \
		'INFO: expire command end: completed' \
		"$lines/pgbackrest/main-expire.log")))"
is a_scan_without_signatures_is_a_failure_though_it_has_a_summary \
	"$(events clamav malware.scan)" 'success failure failure '
is differences_are_a_warning_and_a_comparison_that_cannot_run_a_failure \
	"$(events aide integrity.check)" 'success warning failure '
is a_certificate_that_is_not_due_is_no_renewal \
	"$(events letsencrypt cert.renew)" 'none none failure none '
is a_backup_with_a_wrong_configuration_has_no_good_end \
	"$(events rsnapshot backup.run | tr -s ' ')" \
	'none success none success failure failure failure failure failure none warning warning warning '
is a_copy_that_sent_and_then_failed_has_a_failure_behind_its_end \
	"$(events etc backup.run)" \
	'none success failure none success failure failure none success '
is every_line_that_says_how_many_were_lost_says_it \
	"$(grep -o '"lines":[0-9]*}' "$tap_dir/losses" | tr -dc '0-9\n' |
		sort -n | tr '\n' ' ')" \
	"$(grep -oE '[0-9]+ messages (lost|from|\.)|missed [0-9]+|message lost' \
		"$lines/losses.log" | sed 's/message lost/1/' | tr -dc '0-9\n' |
		sort -n | tr '\n' ' ')"
done_testing
