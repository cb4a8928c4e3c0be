/* SPDX-License-Identifier: Apache-2.0 */
#include "agent.h"

#include <string.h>

#include "assay/log.h"

#include "agent_parts.h"
#include "ownlog.h"

/* ---- sources ---- */

static bool
same_patterns(const struct source_spec *a, const struct source_spec *b)
{
	char **x = a->patterns, **y = b->patterns;

	for (; *x && *y; x++, y++)
		if (strcmp(*x, *y) != 0)
			return false;
	return *x == *y;
}

/* Is it still the same file, read in the same way? */
static bool
same_source(const struct source_spec *a, const struct source_spec *b)
{
	bool same_path = a->path && b->path ? strcmp(a->path, b->path) == 0
					    : a->path == b->path;

	return same_path && same_patterns(a, b) && a->live == b->live &&
	       a->relay == b->relay && a->syslog == b->syslog &&
	       a->facility == b->facility && ownlog_same(a->own, b->own);
}

/* What can change without the source being opened anew. Takes spec. */
static void
refresh(struct source_spec *kept, struct source_spec *spec)
{
	memcpy(kept->provides, spec->provides, sizeof kept->provides);
	kept->provide_count = spec->provide_count;
	kept->chosen = spec->chosen;
	source_spec_free(spec);
}

static const struct source_spec *
find_spec(const struct discover *d, const char *id)
{
	for (size_t i = 0; i < d->count; i++)
		if (!strcmp(d->specs[i]->id, id))
			return d->specs[i];
	return NULL;
}

/* Is any source to be closed, be it to be opened again? */
static bool
any_goes(const struct agent *a, const struct discover *d)
{
	for (size_t i = 0; i < a->feeds.count; i++) {
		const struct source_spec *now = a->feeds.list[i].spec;
		const struct source_spec *then = find_spec(d, now->id);

		if (!then || !same_source(now, then))
			return true;
	}
	return false;
}

static void
close_sources(struct agent *a, const struct discover *d)
{
	struct err err;

	for (size_t i = a->feeds.count; i-- > 0;) {
		const struct source_spec *now = a->feeds.list[i].spec;
		const struct source_spec *then = find_spec(d, now->id);

		if (then && same_source(now, then))
			continue;
		if (!then)
			log_info("agent",
			    "does not read %s any more; it is read on from "
			    "there when it is named again",
			    now->id);
		if (feeds_remove(&a->feeds, i, &err) != 0)
			log_warnx("agent", "%s; it stays open", err.text);
	}
}

/* Open those of d that are not read; the others are brought up to date. Empties
 * d. Returns how many were opened. */
static size_t
open_sources(struct agent *a, struct discover *d, int64_t now_us)
{
	size_t opened = 0;
	struct err err;

	for (size_t i = 0; i < d->count; i++) {
		struct source_spec *spec = d->specs[i];
		size_t at = feeds_find(&a->feeds, spec->id);

		if (at < a->feeds.count) {
			refresh(a->feeds.list[at].spec, spec);
			continue;
		}
		log_info("agent", "reads %s: %s", spec->id, spec->chosen);
		if (feeds_add(&a->feeds, spec, &err) != 0) {
			log_errorx("agent", "%s; it is tried again in a minute",
			    err.text);
			continue;
		}
		agent_scan_feed(a, a->feeds.count - 1, now_us);
		opened++;
	}
	d->count = 0;
	return opened;
}

size_t
agent_add_sources(struct agent *a, struct discover *d, int64_t now_us)
{
	return open_sources(a, d, now_us);
}

/* ---- rules ---- */

/* Put the set's files, with their texts when this state has not recorded them,
 * so that the record stands before the first event made with it. */
static int
record_rules(struct agent *a, const struct opening_files *files, int64_t now_us,
    struct err *err)
{
	bool known = agent_has_recorded(a, files->hash);
	enum spool_put got =
	    opening_files_put(files, !known, a->writer, now_us, err);

	if (!agent_took(a, got, err, now_us))
		return -1;
	return agent_note_recorded(a, files->hash) == 0
		   ? 0
		   : err_set(err, "no memory for the rules");
}

static int
take_rules(struct agent *a, const struct ruleset *rules, int64_t now_us,
    struct err *err)
{
	struct opening_files files = {0};
	struct match *match = match_new(rules);

	if (!match) {
		err_set(err, "no memory for the rules");
		return -1;
	}
	if (opening_files_init(&files, rules, a->crypto, err) != 0)
		goto fail;
	if (memcmp(files.hash, a->files.hash, sizeof files.hash) != 0 &&
	    record_rules(a, &files, now_us, err) != 0)
		goto fail;
	reader_set_match(a->reader, match);
	match_free(a->match);
	opening_files_clear(&a->files);
	a->match = match;
	a->files = files;
	return 0;
fail:
	opening_files_clear(&files);
	match_free(match);
	return -1;
}

int
agent_reload(struct agent *a, const struct ruleset *rules, struct discover *d,
    int64_t now_us, struct err *err)
{
	bool goes = any_goes(a, d);

	if (agent_is_stopped(a))
		return err_set(err,
		    "nothing can be taken over while the spool takes no "
		    "records (%s)",
		    a->problem.text[0] ? a->problem.text : "it is full");
	/* What was made with the old rules goes first; how far a source that
	 * is closed stands goes with it. */
	if ((goes && !agent_beat(a, false, now_us)) ||
	    !agent_commit(a, now_us)) {
		*err = a->problem;
		return -1;
	}
	if (take_rules(a, rules, now_us, err) != 0)
		return -1;
	close_sources(a, d);
	/* A complete heartbeat is what ends a source that it does not list. */
	if (open_sources(a, d, now_us) > 0 || goes)
		(void)agent_beat(a, true, now_us);
	(void)agent_commit(a, now_us);
	return 0;
}

void
agent_set_options(struct agent *a, const struct agent_options *o)
{
	a->o.max_bytes = o->max_bytes;
	a->o.keep_us = o->keep_us;
	a->o.readers = o->readers;
	a->o.held_max_bytes = o->held_max_bytes;
	a->o.syslog_socket = o->syslog_socket;
	a->o.state = o->state;
	a->o.zone_name = o->zone_name;
	spool_set_limits(a->spool, o->max_bytes, o->keep_us, o->readers);
}

void
agent_hint(struct agent *a)
{
	a->scanned_us = 0;
}
