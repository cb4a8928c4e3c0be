/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assay/command.h"
#include "assay/jsonout.h"
#include "assay/printable.h"
#include "assay/stamp.h"
#include "load.h"

#define HOUR_US (INT64_C(3600) * STAMP_US_PER_S)

static const struct argument arguments[] = {
    ARGUMENTS_COMMON,
    {"--from", "TIME", "begin of the period (default: 90 days before its end)"},
    {"--to", "TIME", "end of the period (default: the newest record)"},
    {"--json", NULL, "one line of JSON"},
    {0},
};

struct coverage {
	struct ledger *ledger;
	int64_t from_us, to_us;
	bool json;
	struct buf out;
	size_t classes;
};

/* ---- why a stretch is not covered ---- */

struct why {
	const struct ledger_cover *cover;
	struct stretch hole;
	struct buf words;
	bool json;
	size_t count;
};

static void
put_why(struct why *why, const char *word)
{
	if (why->json) {
		jsonout_str(&why->words, word);
	} else {
		buf_puts(&why->words, why->count ? ", " : "");
		printable_put(&why->words, slice_of(word));
	}
	why->count++;
}

static bool
add_gap(void *arg, const struct ledger_gap *gap)
{
	struct why *why = arg;
	bool concerns = false;

	for (size_t i = 0; i < gap->class_count; i++)
		concerns |= strcmp(gap->classes[i], why->cover->class) == 0;
	if (concerns && strcmp(gap->host, why->cover->host) == 0)
		put_why(why, gap->reason);
	return true;
}

/* Reasons on record; without any, records themselves are missing there. */
static void
find_why(const struct coverage *c, struct why *why)
{
	ledger_gaps(
	    c->ledger, why->hole.from_us, why->hole.to_us, add_gap, why);
	if (stretch_overlap(
		why->cover->forked, why->hole.from_us, why->hole.to_us))
		put_why(why, "two copies of the host ran together");
	if (why->count == 0)
		put_why(why, "no heartbeat that counts");
}

/* ---- printing ---- */

static void
put_stretch(struct coverage *c, const struct ledger_cover *cover,
    const char *word, struct stretch s)
{
	bool hole = strcmp(word, "hole") == 0;
	struct why why = {.cover = cover, .hole = s, .json = c->json};

	if (hole)
		find_why(c, &why);
	if (c->json) {
		jsonout_object(&c->out);
		jsonout_kstamp(&c->out, "from", s.from_us);
		jsonout_kstamp(&c->out, "to", s.to_us);
		if (hole) {
			jsonout_key(&c->out, "reasons");
			jsonout_array(&c->out);
			jsonout_raw(&c->out, buf_slice(&why.words));
			jsonout_array_end(&c->out);
		}
		jsonout_object_end(&c->out);
	} else {
		buf_printf(&c->out, "    %-8s ", word);
		cmd_put_second(&c->out, s.from_us);
		buf_puts(&c->out, " to ");
		cmd_put_second(&c->out, s.to_us);
		if (hole) {
			buf_puts(&c->out, "  ");
			buf_put(&c->out, buf_slice(&why.words));
		}
		buf_putc(&c->out, '\n');
	}
	buf_clear(&why.words);
}

/* Walk [from, to): covered stretches and the holes between them. A hole before
 * the first cover is not one: nothing was watched yet. */
static void
walk(struct coverage *c, const struct ledger_cover *cover, bool covered)
{
	const struct stretches *s = cover->covered;
	int64_t at = c->from_us;

	if (s->count && s->at[0].from_us > at)
		at = s->at[0].from_us;
	for (size_t i = stretch_find(s, at); at < c->to_us; i++) {
		struct stretch in = {c->to_us, c->to_us};

		if (i < s->count && s->at[i].from_us < c->to_us) {
			in.from_us =
			    s->at[i].from_us > at ? s->at[i].from_us : at;
			if (s->at[i].to_us < c->to_us)
				in.to_us = s->at[i].to_us;
		}
		if (!covered && in.from_us > at)
			put_stretch(
			    c, cover, "hole", (struct stretch){at, in.from_us});
		if (covered && in.to_us > in.from_us)
			put_stretch(c, cover, "covered", in);
		at = in.to_us;
	}
}

static void
put_class_text(struct coverage *c, const struct ledger_cover *cover)
{
	int64_t covered_us =
	    stretch_measure(cover->covered, c->from_us, c->to_us);
	int64_t all_us = c->to_us - c->from_us;

	printable_put(&c->out, slice_of(cover->host));
	buf_puts(&c->out, "  ");
	printable_put(&c->out, slice_of(cover->class));
	buf_printf(&c->out,
	    "  %" PRId64 " h %02" PRId64 " min of %" PRId64 " h covered\n",
	    covered_us / HOUR_US, covered_us % HOUR_US / (HOUR_US / 60),
	    all_us / HOUR_US);
	walk(c, cover, true);
	walk(c, cover, false);
}

static void
put_class_json(struct coverage *c, const struct ledger_cover *cover)
{
	jsonout_object(&c->out);
	jsonout_kstr(&c->out, "host", cover->host);
	jsonout_kstr(&c->out, "class", cover->class);
	jsonout_kint(&c->out, "covered_s",
	    stretch_measure(cover->covered, c->from_us, c->to_us) /
		STAMP_US_PER_S);
	jsonout_key(&c->out, "covered");
	jsonout_array(&c->out);
	walk(c, cover, true);
	jsonout_array_end(&c->out);
	jsonout_key(&c->out, "holes");
	jsonout_array(&c->out);
	walk(c, cover, false);
	jsonout_array_end(&c->out);
	jsonout_object_end(&c->out);
}

static bool
put_class(void *arg, const struct ledger_cover *cover)
{
	struct coverage *c = arg;

	c->classes++;
	if (c->json)
		put_class_json(c, cover);
	else
		put_class_text(c, cover);
	return true;
}

static void
put_all(struct coverage *c)
{
	if (!c->json) {
		ledger_covers(c->ledger, put_class, c);
		if (c->classes == 0)
			buf_puts(&c->out,
			    "Nothing was covered: no heartbeat of an agent "
			    "counts yet.\n");
		return;
	}
	jsonout_object(&c->out);
	jsonout_kstamp(&c->out, "from", c->from_us);
	jsonout_kstamp(&c->out, "to", c->to_us);
	jsonout_key(&c->out, "classes");
	jsonout_array(&c->out);
	ledger_covers(c->ledger, put_class, c);
	jsonout_array_end(&c->out);
	jsonout_object_end(&c->out);
	buf_putc(&c->out, '\n');
}

static int
answer(const struct arguments *a, const char *path)
{
	const struct cmd_question question = {
	    .as_of = arguments_value(a, "--to")};
	struct coverage c = {.json = arguments_has(a, "--json")};
	const char *from = arguments_value(a, "--from");
	const struct report *r = NULL;
	struct err err = {0};
	int code;

	c.ledger = load_ledger(path, &code, &err);
	if (c.ledger)
		r = cmd_ask(c.ledger, &question, &code, &err);
	if (!r) {
		ledger_free(c.ledger);
		return cmd_fail(code, &err);
	}
	c.to_us = r->as_of_us;
	c.from_us = r->from_us;
	if (from && !cmd_time(from, &c.from_us)) {
		ledger_free(c.ledger);
		return cmd_bad_time("--from", from);
	}
	put_all(&c);
	ledger_free(c.ledger);
	return cmd_print(&c.out);
}

int
cmd_coverage(int argc, char **argv)
{
	struct settings settings;
	struct arguments a;
	int code = cmd_settings(&settings, &a, arguments,
	    "coverage [--from TIME] [--to TIME] [--json]", 0, argc, argv);
	char *path;

	if (code >= 0)
		return code;
	path = settings_store(&settings);
	code = path ? answer(&a, path) : COMMAND_UNREACHABLE;
	free(path);
	settings_clear(&settings);
	return code;
}
