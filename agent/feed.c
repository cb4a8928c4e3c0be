/* SPDX-License-Identifier: Apache-2.0 */
#include "feed.h"

#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "assay/jsonin.h"
#include "assay/jsonout.h"

/* The syslog facility that arrives in a source: what is known of it, else what
 * its class usually is. */
static int
facility_of(const struct source_spec *spec)
{
	if (spec->facility >= 0)
		return spec->facility;
	for (size_t i = 0; i < spec->provide_count; i++)
		if (spec->provides[i] == RULE_AUTH)
			return LOG_FAC(LOG_AUTHPRIV);
	return LOG_FAC(LOG_DAEMON);
}

static bool
provides(const struct source_spec *spec, enum rule_class class)
{
	for (size_t i = 0; i < spec->provide_count; i++)
		if (spec->provides[i] == class)
			return true;
	return false;
}

/* Marks go to what a syslog daemon writes while we watch, or may well write. */
static bool
wants_marks(const struct feed *f)
{
	const struct source_spec *spec = f->spec;

	if (f->rule != STANDING_SYSLOG || !spec->live)
		return false;
	/* journald takes what is written to syslog as well. */
	if (spec->journal)
		return true;
	if (!spec->path)
		return false;
	return feed_is_fed(f) ||
	       (!spec->relay &&
		   (provides(spec, RULE_AUTH) || provides(spec, RULE_SYSLOG)));
}

static int
begin_marks(struct feed *f, struct err *err)
{
	if (!wants_marks(f))
		return 0;
	f->mark = malloc(sizeof *f->mark);
	if (!f->mark)
		return err_set(err, "no memory for the marks of a source");
	mark_begin(f->mark, facility_of(f->spec));
	/* Of the others it is known when the first mark came back. */
	f->standing.answers =
	    feed_is_fed(f) ||
	    (f->spec->journal && !strcmp(f->spec->journal, "default"));
	return 0;
}

int
feed_open(struct feed *f, struct source_spec *spec, enum standing_rule rule,
    struct crypto *c, struct err *err)
{
	*f = (struct feed){.spec = spec, .rule = rule};
	if (begin_marks(f, err) == 0 &&
	    source_open(&f->source, spec, c, err) == 0)
		return 0;
	feed_close(f);
	return -1;
}

void
feed_close(struct feed *f)
{
	source_close(&f->source);
	source_spec_free(f->spec);
	f->spec = NULL;
	free(f->mark);
	f->mark = NULL;
}

void
feed_save(struct feed *f, bool full, struct buf *out)
{
	jsonout_object(out);
	jsonout_kstr(out, "id", f->spec->id);
	if (f->standing.known) {
		jsonout_kint(out, "from", f->standing.from_us);
		jsonout_kint(out, "through", f->standing.through_us);
		jsonout_kint(out, "last", f->standing.last_us);
	}
	if (f->standing.answers)
		jsonout_kbool(out, "answers", true);
	if (f->standing.silent_us != 0)
		jsonout_kint(out, "silent", f->standing.silent_us);
	if (f->dropping > 0) {
		jsonout_kint(out, "dropping", f->dropping);
		jsonout_kint(out, "dropping_from", f->dropping_us);
	}
	if (f->has_hole) {
		jsonout_key(out, "hole");
		source_gap_save(&f->hole, out);
	}
	f->source.ops->save(f->source.impl, full, out);
	jsonout_object_end(out);
}

void
feed_kept(struct feed *f)
{
	f->moved = false;
	if (f->source.ops->kept)
		f->source.ops->kept(f->source.impl);
}

static void
restore_dropping(struct feed *f, const json_t *state)
{
	int64_t count = 0, from_us = 0;

	if (jsonin_int(state, "dropping", &count) &&
	    jsonin_int(state, "dropping_from", &from_us) && count > 0 &&
	    count <= INT32_MAX) {
		f->dropping = (unsigned)count;
		f->dropping_us = from_us;
	}
}

int
feed_restore(
    struct feed *f, const json_t *state, bool new_chain, struct err *err)
{
	struct standing s = {
	    .answers = f->mark &&
		       (f->standing.answers ||
			   json_is_true(json_object_get(state, "answers")))};

	if (jsonin_int(state, "from", &s.from_us) &&
	    jsonin_int(state, "through", &s.through_us) &&
	    jsonin_int(state, "last", &s.last_us)) {
		s.known = true;
		(void)jsonin_int(state, "silent", &s.silent_us);
		if (new_chain)
			s.from_us = s.through_us;
		f->standing = s;
	}
	restore_dropping(f, state);
	f->has_hole =
	    source_gap_restore(&f->hole, json_object_get(state, "hole"));
	return f->source.ops->restore(f->source.impl, state, err);
}

void
feed_scan(struct feed *f, int64_t now_us)
{
	int64_t first_us;
	int got = f->source.ops->scan(f->source.impl, now_us, &f->err);

	f->blocked = got < 0;
	f->moved |= got > 0;
	if (f->standing.known)
		return;
	first_us = f->source.ops->first(f->source.impl);
	if (first_us != SOURCE_NO_TIME)
		standing_begin(
		    &f->standing, first_us < now_us ? first_us : now_us);
}

bool
feed_is_fed(const struct feed *f)
{
	return f->spec->syslog || f->spec->facility >= 0 || f->standing.answers;
}

enum rule_class
feed_class(const struct feed *f)
{
	return f->spec->provide_count > 0 ? f->spec->provides[0] : RULE_APP;
}
