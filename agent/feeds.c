/* SPDX-License-Identifier: Apache-2.0 */
#include "feeds.h"

#include <stdlib.h>
#include <string.h>

#include "assay/log.h"

int
feeds_init(struct feeds *f, const struct feeds_options *o,
    const struct recover *found, struct err *err)
{
	*f = (struct feeds){.o = *o};
	return checkpoint_load(&f->saved, found, err) < 0 ? -1 : 0;
}

void
feeds_clear(struct feeds *f)
{
	for (size_t i = 0; i < f->count; i++)
		feed_close(&f->list[i]);
	free(f->list);
	checkpoint_clear(&f->saved);
	checkpoint_parts_clear(&f->parts);
	*f = (struct feeds){0};
}

size_t
feeds_find(const struct feeds *f, const char *id)
{
	size_t i = 0;

	while (i < f->count && strcmp(f->list[i].spec->id, id) != 0)
		i++;
	return i;
}

static enum standing_rule
rule_of(const struct feeds *f, const struct source_spec *spec)
{
	if (f->o.simulated && spec->path)
		return STANDING_PLAYED;
	if (!spec->live)
		return STANDING_BACKLOG;
	return spec->own ? STANDING_OWN : STANDING_SYSLOG;
}

/* The state it left, where it left one. */
static int
take_up(struct feeds *all, struct feed *f, struct err *err)
{
	const json_t *state = checkpoint_source(&all->saved, f->spec->id);

	if (!state || feed_restore(f, state, all->o.new_chain, &f->err) == 0)
		return 0;
	/* What cannot be understood is read again; ids make that harmless. */
	log_warnx("agent", "%s: %s; it is read from the beginning", f->spec->id,
	    f->err.text);
	source_close(&f->source);
	f->standing = (struct standing){.answers = f->standing.answers};
	return source_open(&f->source, f->spec, all->o.crypto, err);
}

int
feeds_add(struct feeds *all, struct source_spec *spec, struct err *err)
{
	struct feed *more =
	    reallocarray(all->list, all->count + 1, sizeof *more);

	if (!more) {
		source_spec_free(spec);
		return err_set(err, "no memory for the sources");
	}
	all->list = more;
	/* What is read once is not waited for. */
	if (all->o.once)
		spec->live = false;
	spec->open_max = all->o.open_max;
	more += all->count;
	if (feed_open(more, spec, rule_of(all, spec), all->o.crypto, err) != 0)
		return -1;
	if (take_up(all, more, err) != 0) {
		feed_close(more);
		return -1;
	}
	all->count++;
	return 0;
}

int
feeds_remove(struct feeds *all, size_t i, struct err *err)
{
	struct feed *f = &all->list[i];
	struct buf state = {0};
	int status;

	feed_save(f, true, &state);
	status =
	    state.failed
		? err_set(err, "no memory for the state of '%s'", f->spec->id)
		: checkpoint_keep(&all->saved, buf_slice(&state), err);
	buf_clear(&state);
	if (status != 0)
		return -1;
	feed_close(f);
	all->count--;
	memmove(f, f + 1, (all->count - i) * sizeof *f);
	return 0;
}

static void
make_parts(struct feeds *all, const uint8_t rules[32], bool full)
{
	struct buf state = {0};

	checkpoint_begin(&all->parts, rules, full);
	for (size_t i = 0; i < all->count; i++) {
		if (!full && !all->list[i].moved)
			continue;
		buf_reset(&state);
		feed_save(&all->list[i], full, &state);
		all->parts.failed |= state.failed;
		checkpoint_add(&all->parts, rules, buf_slice(&state));
	}
	if (full)
		checkpoint_add_others(
		    &all->parts, rules, &all->saved, all->list, all->count);
	checkpoint_end(&all->parts);
	buf_clear(&state);
}

void
feeds_append(struct feeds *all, const uint8_t rules[32], bool full, size_t part,
    struct buf *out)
{
	if (part == 0) {
		checkpoint_parts_clear(&all->parts);
		make_parts(all, rules, full);
	}
	out->failed |= all->parts.failed;
	if (part < all->parts.count && !out->failed)
		buf_put(out, buf_slice(&all->parts.list[part]));
	else
		checkpoint_parts_clear(&all->parts);
}
