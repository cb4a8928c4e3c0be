/* SPDX-License-Identifier: Apache-2.0 */
#include "opening.h"

#include <stdlib.h>
#include <string.h>

int
opening_files_init(struct opening_files *o, const struct ruleset *rules,
    struct crypto *c, struct err *err)
{
	size_t count = 0;

	while (ruleset_file(rules, count))
		count++;
	*o = (struct opening_files){.count = count};
	o->files = calloc(count + 1, sizeof *o->files);
	if (!o->files)
		return err_set(err, "no memory for the rule files");
	for (size_t i = 0; i < count; i++) {
		const struct ruleset_file *f = ruleset_file(rules, i);

		o->files[i] = (struct record_file){.path = slice_of(f->path),
		    .has_text = true,
		    .text = f->text};
		crypto_sha256(c, &f->text, 1, o->files[i].sha256);
	}
	if (record_set_hash(c, o->files, count, o->hash, err) == 0)
		return 0;
	opening_files_clear(o);
	return -1;
}

void
opening_files_clear(struct opening_files *o)
{
	free(o->files);
	*o = (struct opening_files){0};
}

static enum spool_put
put_start(
    const struct opening *o, struct writer *w, int64_t now_us, struct err *err)
{
	struct record_start start = {.version = SLICE(ASSAY_VERSION),
	    .zone = slice_of(o->zone),
	    .rules = o->files->hash,
	    .simulated = o->simulated};

	return writer_start(w, &start, now_us, err);
}

static size_t
count_parts(const struct record_file *files, size_t count)
{
	size_t parts = 0;

	for (size_t at = 0; at < count; parts++) {
		size_t fit = record_files_fit(files + at, count - at);

		at += fit > 0 ? fit : 1;
	}
	return parts;
}

static enum spool_put
put_parts(const struct record_file *files, size_t count,
    struct record_files *part, struct writer *w, int64_t now_us,
    struct err *err)
{
	enum spool_put got = SPOOL_OK;

	part->parts = (int64_t)count_parts(files, count);
	for (size_t at = 0; at < count && got == SPOOL_OK;) {
		size_t fit = record_files_fit(files + at, count - at);

		if (fit == 0) {
			err_set(err,
			    "the rule file '%.*s' is too large for a record",
			    SLICE_FMT(files[at].path));
			return SPOOL_FAILED;
		}
		part->part++;
		part->files = files + at;
		part->file_count = fit;
		got = writer_files(w, part, now_us, err);
		at += fit;
	}
	return got;
}

enum spool_put
opening_files_put(const struct opening_files *all, bool texts, struct writer *w,
    int64_t now_us, struct err *err)
{
	struct record_files part = {.set = SLICE("rules")};
	struct record_file *files = calloc(all->count + 1, sizeof *files);
	enum spool_put got;

	if (!files) {
		err_set(err, "no memory for the rule files");
		return SPOOL_FAILED;
	}
	memcpy(files, all->files, all->count * sizeof *files);
	for (size_t i = 0; i < all->count; i++)
		files[i].has_text = texts;
	memcpy(part.hash, all->hash, sizeof part.hash);
	got = put_parts(files, all->count, &part, w, now_us, err);
	free(files);
	return got;
}

/* Every class that is read here: what was lost can have been of any. */
static size_t
list_classes(const struct opening *o, struct slice classes[RULE_CLASSES])
{
	bool there[RULE_CLASSES] = {false};
	size_t count = 0;

	for (size_t i = 0; i < o->feed_count; i++)
		for (size_t j = 0; j < o->feeds[i].spec->provide_count; j++)
			there[o->feeds[i].spec->provides[j]] = true;
	for (size_t i = 0; i < RULE_CLASSES; i++)
		if (there[i])
			classes[count++] =
			    slice_of(rule_class_name((enum rule_class)i));
	return count;
}

static enum spool_put
put_damage(const struct opening *o, struct writer *w,
    const struct recover_damage *d, int64_t now_us, struct err *err)
{
	struct slice classes[RULE_CLASSES];
	struct record_gap gap = {.source = SLICE("spool"),
	    .classes = classes,
	    .from_us = d->from_us < now_us ? d->from_us : now_us,
	    .to_us = d->to_us < now_us ? d->to_us : now_us,
	    .from_offset = -1,
	    .to_offset = -1,
	    .epoch = d->epoch,
	    .first = d->first,
	    .last = d->last,
	    .reason = SLICE("agent"),
	    .lines = -1};

	if (gap.to_us < gap.from_us)
		gap.to_us = gap.from_us;
	gap.class_count = list_classes(o, classes);
	return writer_gap(w, &gap, now_us, err);
}

enum spool_put
opening_put(
    const struct opening *o, struct writer *w, int64_t now_us, struct err *err)
{
	enum spool_put got = put_start(o, w, now_us, err);

	if (got == SPOOL_OK && !o->files_known)
		got = opening_files_put(o->files, true, w, now_us, err);
	for (size_t i = 0; i < o->found->damage_count && got == SPOOL_OK; i++)
		if (o->found->damages[i].first > 0)
			got = put_damage(
			    o, w, &o->found->damages[i], now_us, err);
	return got;
}
