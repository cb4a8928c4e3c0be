/* SPDX-License-Identifier: Apache-2.0 */
#include "draft.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assay/encode.h"
#include "assay/printable.h"
#include "assay/stamp.h"
#include "column.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* Words that YAML, or an older YAML, takes for something else. */
static bool
is_reserved(const char *text)
{
	static const char *const words[] = {
	    "true", "false", "null", "yes", "no", "on", "off", "y", "n"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (!strcasecmp(text, words[i]))
			return true;
	return false;
}

/* Begins with a letter and holds nothing that YAML might read. */
static bool
is_plain(const char *text)
{
	return *text && strchr(LETTERS, *text) && !is_reserved(text) &&
	       !text[strspn(text, LETTERS "0123456789._-/")];
}

void
draft_scalar(struct buf *out, const char *text)
{
	struct buf quoted = {0};

	if (is_plain(text)) {
		buf_puts(out, text);
		return;
	}
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			buf_putc(&quoted, '\\');
		if (c < 0x20 || c == 0x7f)
			buf_printf(&quoted, "\\x%02x", c);
		else
			buf_putc(&quoted, (char)c);
	}
	/* JSON's escapes beyond ASCII are YAML's as well. */
	buf_putc(out, '"');
	printable_json(out, buf_slice(&quoted));
	buf_putc(out, '"');
	buf_clear(&quoted);
}

/* A stretch of a comment, whatever it holds. */
static void
put_safe(struct buf *out, const char *text)
{
	printable_put(out, slice_of(text));
}

static void
put_day(struct buf *out, int64_t us)
{
	char text[STAMP_LEN + 1];

	stamp_format(text, us);
	buf_printf(out, "%.10s", text);
}

/* " 3 events, 2026-05-01 to 2026-05-30": what a row rests on. */
static void
put_seen(struct buf *out, uint64_t n, const char *what, int64_t first_us,
    int64_t last_us)
{
	buf_printf(
	    out, "%llu %s%s", (unsigned long long)n, what, n == 1 ? "" : "s");
	if (!first_us)
		return;
	buf_puts(out, ", ");
	put_day(out, first_us);
	if (last_us / STAMP_US_PER_DAY == first_us / STAMP_US_PER_DAY)
		return;
	buf_puts(out, " to ");
	put_day(out, last_us);
}

/* Can the text stand in a column of this kind? */
static bool
fits(const char *text, enum column_kind kind)
{
	const struct column c = {.name = "", .kind = kind};
	struct problems *p = problems_new();
	struct buf scalar = {0};
	struct tree *t = NULL;
	bool good;

	draft_scalar(&scalar, text);
	if (p && !scalar.failed)
		t = tree_parse("", buf_slice(&scalar), p);
	good = t && !column_check(p, &c, tree_root(t)) &&
	       slice_eq_str(tree_text(tree_root(t)), text);
	tree_free(t);
	buf_clear(&scalar);
	problems_free(p);
	return good;
}

static void
put_title(struct buf *out, const char *about)
{
	buf_printf(out, "# %s\n#\n", about);
}

/* A comment of lines of at most 80, broken between words. */
static void
put_wrapped(struct buf *out, const char *prefix, struct slice text)
{
	size_t column = 0;

	while (text.len) {
		size_t word = slice_find(text, ' ');

		if (!column || column + 1 + word > 79) {
			buf_printf(out, "%s%s", column ? "\n" : "", prefix);
			column = strlen(prefix);
		} else {
			buf_putc(out, ' ');
			column++;
		}
		buf_put(out, (struct slice){text.ptr, word});
		column += word;
		text = slice_from(text, word + 1);
	}
	buf_putc(out, '\n');
}

/* ---- scope ---- */

void
draft_scope(struct buf *out, const struct observed *o)
{
	const struct observed_zone *z = observed_zone(o, 0);
	bool good = z && fits(z->name, COLUMN_ZONE);

	put_title(out, "Who you are, and what your management system covers.");
	buf_puts(out,
	    "# Ratings of the whole organisation need the second line.\n"
	    "organisation:\n"
	    "scope:\n"
	    "# Days, weeks and quarters begin at midnight in this zone.\n");
	if (good)
		buf_printf(out, "zone: %s\n", z->name);
	else
		buf_puts(out, "zone: UTC\n");
	for (size_t i = good ? 1 : 0; (z = observed_zone(o, i)); i++) {
		buf_puts(out, "# Some hosts are set to ");
		put_safe(out, z->name);
		buf_puts(out, ".\n");
	}
}

/* ---- inventory ---- */

static void
put_host(struct buf *out, const struct observed_host *h)
{
	bool good = fits(h->name, COLUMN_HOST);
	const char *mark = good ? "  " : "  #";

	buf_puts(out, "  # ");
	put_seen(out, h->records, "record", h->first_us, h->last_us);
	if (h->other_ids)
		buf_printf(out,
		    "; under this name %zu other host id%s: a copy, or a "
		    "machine set up anew",
		    h->other_ids, h->other_ids == 1 ? "" : "s");
	if (!good)
		buf_puts(out, "; this name cannot stand in an inventory");
	buf_printf(out, "\n%s- name: ", mark);
	draft_scalar(out, h->name);
	if (fits(h->id, COLUMN_UUID))
		buf_printf(out, "\n%s  id: %s", mark, h->id);
	buf_printf(out, "\n%s  owner:\n", mark);
}

/* Letters, digits and '-' of a text, at most so many, appended. */
static void
put_slug(struct buf *out, const char *text, size_t max)
{
	size_t begin = out->len;
	size_t len = strlen(text);

	if (len > 8 && !strcmp(text + len - 8, ".service"))
		len -= 8;
	for (size_t i = 0; i < len && out->len - begin < max; i++) {
		char c = text[i];
		bool good = strchr(LETTERS, c) || (c >= '0' && c <= '9');

		if (good)
			buf_putc(out, c);
		else if (out->len > begin && out->ptr[out->len - 1] != '-')
			buf_putc(out, '-');
	}
	while (out->len > begin && out->ptr[out->len - 1] == '-')
		out->len--;
}

static const char *
called(const struct observed_job *j)
{
	return j->job ? j->job : j->program;
}

/* The stable id: the name, with the host where the name is not enough. */
static void
put_id(struct buf *out, const struct observed *o, const struct observed_job *j)
{
	const struct observed_job *other;
	bool shared = false;

	for (size_t i = 0; (other = observed_job(o, i)); i++)
		if (other != j && !strcmp(called(other), called(j)))
			shared = true;
	put_slug(out, called(j), 40);
	if (shared) {
		buf_putc(out, '-');
		put_slug(out, j->host, 20);
	}
}

/* How many jobs before this one have the same id. */
static size_t
same_before(
    const struct observed *o, const struct observed_job *j, struct slice id)
{
	const struct observed_job *other;
	size_t n = 0;

	for (size_t i = 0; (other = observed_job(o, i)) && other != j; i++) {
		struct buf text = {0};

		put_id(&text, o, other);
		n += slice_eq(buf_slice(&text), id);
		buf_clear(&text);
	}
	return n;
}

static void
put_key(struct buf *out, const char *mark, const char *key, const char *value)
{
	buf_printf(out, "%s  %s: ", mark, key);
	draft_scalar(out, value);
	buf_putc(out, '\n');
}

static void
put_job(struct buf *out, const struct observed *o, const struct observed_job *j)
{
	bool good = fits(called(j), COLUMN_TEXT) && fits(j->host, COLUMN_HOST);
	const char *mark = good ? "  " : "  #";
	struct buf id = {0};
	size_t same;

	put_id(&id, o, j);
	if (id.len == 0)
		buf_puts(&id, "job");
	same = same_before(o, j, buf_slice(&id));
	if (same)
		buf_printf(&id, "-%zu", same + 1);
	buf_puts(out, "  # ");
	put_seen(out, j->events, "event", j->first_us, j->last_us);
	buf_puts(out, " by ");
	put_safe(out, j->program);
	if (!good)
		buf_puts(out, "; these names cannot stand in an inventory");
	buf_printf(out, "\n%s- id: ", mark);
	buf_putc(&id, '\0');
	draft_scalar(out, id.failed ? "" : id.ptr);
	buf_putc(out, '\n');
	put_key(out, mark, "event", j->event);
	if (j->job) {
		put_key(out, mark, "name", j->job);
		put_key(out, mark, "host", j->host);
	} else {
		buf_printf(out, "%s  match: {program: ", mark);
		draft_scalar(out, j->program);
		buf_puts(out, ", host: ");
		draft_scalar(out, j->host);
		buf_puts(out, "}\n");
	}
	buf_printf(out, "%s  owner:\n", mark);
	buf_clear(&id);
}

void
draft_inventory(struct buf *out, const struct observed *o)
{
	put_title(out, "What there is: the servers in scope and what must run "
		       "on them again and again.");
	buf_puts(out,
	    "# This is what was seen. What should be there and was not seen is "
	    "missing:\n"
	    "# add it, its silence then shows. Remove what is none of yours.\n"
	    "#\n"
	    "# A row may say `from: 2026-05-01` (in service from this day on) "
	    "and `to:`.\n");
	buf_puts(out, observed_host(o, 0) ? "hosts:\n" : "hosts: []\n");
	for (size_t i = 0; observed_host(o, i); i++)
		put_host(out, observed_host(o, i));
	buf_puts(out,
	    "\n# `id` is for good: ratings go on under it. When a job gets "
	    "another name, write\n"
	    "# the new one as `name` and the old one as `was`. `starts: "
	    "\"18:00\"` moves the\n"
	    "# beginning of its day.\n");
	buf_puts(out, observed_job(o, 0) ? "jobs:\n" : "jobs: []\n");
	for (size_t i = 0; observed_job(o, i); i++)
		put_job(out, o, observed_job(o, i));
}

/* ---- policy ---- */

static void
put_criterion(struct buf *out, const struct check *c)
{
	const char *period = calendar_periods[c->calendar.period];
	const char *tolerance =
	    c->key_check ? "none may be missed" : "one in twenty may be missed";

	switch (c->kind) {
	case CHECK_EVERY:
		if (c->unit == CHECK_ORGANISATION) {
			buf_printf(out, "Once a %s it succeeds; %s.", period,
			    tolerance);
			break;
		}
		buf_printf(out, "Once a %s for each %s it succeeds; %s.",
		    period,
		    c->unit == CHECK_ROW ? "row of the register"
					 : check_unit_name(c->unit),
		    tolerance);
		break;
	case CHECK_EACH:
		buf_puts(out, "Each one has what it needs; none is without.");
		break;
	case CHECK_NEVER:
		buf_puts(out, "It does not happen.");
		break;
	case CHECK_SHARE:
		buf_printf(out, "At least %s of all are good in each %s.",
		    c->at_least_text, period);
		break;
	}
}

static void
put_registers(struct buf *out, const struct check *c)
{
	const char *name = NULL;

	if (c->unit == CHECK_ROW)
		buf_printf(
		    out, "  # Needs the register %s.\n", c->register_name);
	for (size_t i = 0;
	     c->of.where && (name = where_register(c->of.where, i)); i++)
		buf_printf(out, "  # Needs the register %s.\n", name);
}

static void
put_check(struct buf *out, const struct check *c)
{
	struct buf about = {0};

	buf_printf(&about, "%s, %s. ", c->control,
	    c->shown ? "shown and not rated until adopted"
		     : "rated, at best partly until adopted");
	put_safe(&about, c->why ? c->why : "");
	put_wrapped(out, "  # ", buf_slice(&about));
	buf_clear(&about);
	put_registers(out, c);
	buf_printf(out, "  #- check: %s\n  #  criterion: \"", c->id);
	put_criterion(out, c);
	buf_puts(out, "\"\n  #  by:\n  #  on:\n");
	if (c->unit == CHECK_ORGANISATION)
		buf_puts(out, "  #  at: []\n");
	buf_putc(out, '\n');
}

/* By theme and number of the control, "A.8.5" before "A.8.13", then by id. */
static int
by_control(const void *left, const void *right)
{
	const struct check *const *a = left, *const *b = right;
	int order = strverscmp((*a)->control, (*b)->control);

	return order ? order : strcmp((*a)->id, (*b)->id);
}

static void
put_checks(struct buf *out, const struct check_set *checks)
{
	const struct check **sorted;
	size_t count = 0;

	while (check_set_at(checks, count))
		count++;
	sorted = calloc(count + 1, sizeof(void *));
	if (!sorted) {
		out->failed = true;
		return;
	}
	for (size_t i = 0; i < count; i++)
		sorted[i] = check_set_at(checks, i);
	qsort(sorted, count, sizeof(void *), by_control);
	for (size_t i = 0; i < count; i++)
		put_check(out, sorted[i]);
	free(sorted);
}

void
draft_policy(struct buf *out, const struct check_set *checks)
{
	put_title(out, "What you stand by: the checks you adopt, with the "
		       "criterion you set yourself.");
	buf_puts(out,
	    "# To adopt one, take away the # of its lines and say who decided "
	    "(by) and since\n"
	    "# when it counts (on: 2026-05-06). A row may also narrow a check "
	    "(where) and set\n"
	    "# its grace, starts, at_least and trust (set: {grace: 4h}).\n"
	    "adopts:\n");
	put_checks(out, checks);
	buf_puts(out, "# Hosts whose relayed lines you trust.\n"
		      "relays: []\n");
}

/* ---- statement of applicability ---- */

void
draft_soa(struct buf *out, const struct framework *f)
{
	const struct framework_control *c;

	put_title(
	    out, "The statement of applicability: one row for each control.");
	buf_puts(out,
	    "# applicable  true or false; empty while nobody has decided\n"
	    "# reason      why it applies, or why not (an exclusion needs "
	    "one)\n"
	    "# status      implemented, planned or none\n"
	    "#\n"
	    "# After each title stands how far logs can show that the control "
	    "operates:\n"
	    "# direct; joined (with a register); facet (one side of it); "
	    "attest (not at all,\n"
	    "# a person has to state it).\n"
	    "soa:\n");
	for (size_t i = 0; (c = framework_control(f, i)); i++) {
		buf_puts(out, "  # ");
		put_safe(out, c->title);
		buf_printf(out,
		    " (%s)\n  - control: %s\n    applicable:\n    reason:\n"
		    "    status:\n",
		    framework_mode_name(c->mode), c->id);
	}
}
