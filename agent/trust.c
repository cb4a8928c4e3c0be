/* SPDX-License-Identifier: Apache-2.0 */
#include "trust.h"

#include <pwd.h>

static bool
is_named(rule_texts names, struct slice value)
{
	for (; names && *names; names++)
		if (value.len > 0 && slice_eq_str(value, *names))
			return true;
	return false;
}

/* Root, or an account that writes for this program. */
static bool
is_account(const struct source_sender *sender, rule_texts users)
{
	if (!sender->has_uid)
		return false;
	if (sender->uid == 0)
		return true;
	for (; users && *users; users++) {
		const struct passwd *account = getpwnam(*users);

		if (account && account->pw_uid == sender->uid)
			return true;
	}
	return false;
}

const char *
trust_of_sender(
    const struct source_sender *sender, const struct rule_file *file)
{
	rule_texts units = file ? file->sender_units : NULL;
	rule_texts exes = file ? file->sender_exes : NULL;

	if (slice_eq_str(sender->transport, "kernel") ||
	    slice_eq_str(sender->transport, "audit"))
		return "kernel";
	if (!is_account(sender, file ? file->sender_users : NULL))
		return "local";
	if ((!units || !*units) && (!exes || !*exes))
		return "root";
	/* journald reads these after the fact: one that is missing lowers. */
	return is_named(units, sender->unit) || is_named(exes, sender->exe)
		   ? "root"
		   : "local";
}
