/* SPDX-License-Identifier: Apache-2.0 */
#include "fileset.h"

#include <stdlib.h>
#include <string.h>

#include "assay/clock.h"
#include "assay/jsonin.h"
#include "assay/jsonout.h"

#include "fileset_look.h"

struct fileset *
fileset_new(const struct source_spec *spec, struct crypto *c,
    const struct fileid_form *form, struct err *err)
{
	struct fileset *s = calloc(1, sizeof *s);

	if (!s)
		goto fail;
	s->spec = spec;
	s->crypto = c;
	s->form = *form;
	s->doubt = true;
	s->machine = clock_new();
	s->listing = listing_new(spec->patterns);
	if (s->machine && s->listing)
		return s;
fail:
	fileset_free(s);
	err_set(err, "no memory for the source '%s'", spec->id);
	return NULL;
}

void
fileset_free(struct fileset *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->count; i++)
		generation_free(s->files[i].gen);
	free(s->files);
	free(s->sights);
	free(s->gaps);
	troubles_clear(&s->troubles);
	listing_free(s->listing);
	clock_free(s->machine);
	free(s);
}

void
fileset_doubt(struct fileset *s)
{
	s->doubt = true;
}

bool
fileset_has_grown(const struct fileset *s)
{
	return s->grown;
}

bool
fileset_is_pending(const struct fileset *s)
{
	return s->pending || s->doubt;
}

size_t
fileset_count(const struct fileset *s)
{
	return s->count;
}

struct fileset_file *
fileset_at(const struct fileset *s, size_t i)
{
	return &s->files[i];
}

int
fileset_add(struct fileset *s, const struct fileset_file *file)
{
	struct fileset_file *more;

	if (s->count == s->room) {
		size_t room = s->room ? 2 * s->room : 4;

		more = reallocarray(s->files, room, sizeof *more);
		if (!more)
			return -1;
		s->files = more;
		s->room = room;
	}
	s->files[s->count] = *file;
	if (file->number == 0)
		s->files[s->count].number = ++s->next_number;
	s->count++;
	s->grown = true;
	return 0;
}

void
fileset_remove(struct fileset *s, struct fileset_file *f)
{
	size_t i = (size_t)(f - s->files);

	generation_free(f->gen);
	s->count--;
	memmove(f, f + 1, (s->count - i) * sizeof *f);
}

/* ---- holes ---- */

int
fileset_put_gap(struct fileset *s, const struct source_gap *gap)
{
	struct source_gap *more =
	    reallocarray(s->gaps, s->gap_count + 1, sizeof *more);

	if (!more)
		return -1;
	s->gaps = more;
	more[s->gap_count++] = *gap;
	return 0;
}

int
fileset_add_gap(struct fileset *s, const struct fileset_file *f,
    const char *reason, int64_t to_offset, const struct err *why)
{
	const struct generation *g = f->gen;
	int64_t through_us = generation_through_us(g);
	int64_t last_us = generation_last_us(g);
	/* Nothing was read of it: its first line may be older than what was
	 * read elsewhere meanwhile. */
	int64_t first_us = generation_id(g)->stamped
			       ? generation_id(g)->first_us
			       : SOURCE_NO_TIME;
	struct source_gap gap = {.from_offset = (int64_t)generation_offset(g),
	    .to_offset = to_offset,
	    .from_us = through_us ? through_us
		       : last_us  ? last_us
				  : first_us,
	    .to_us = SOURCE_NO_TIME,
	    .reason = reason,
	    .why = *why};

	memcpy(gap.gen, generation_id(g)->gen, sizeof gap.gen);
	return fileset_put_gap(s, &gap);
}

bool
fileset_take_gap(struct fileset *s, struct source_gap *gap)
{
	if (s->gap_count == 0)
		return false;
	*gap = s->gaps[0];
	s->gap_count--;
	memmove(s->gaps, s->gaps + 1, s->gap_count * sizeof *s->gaps);
	return true;
}

uint64_t
fileset_held(const struct fileset *s)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < s->count; i++) {
		const struct generation *g = s->files[i].gen;

		if (generation_is_open(g) && generation_stat(g)->st_nlink == 0)
			sum += generation_unread(g);
	}
	return sum;
}

/* ---- opening again ---- */

int
fileset_open(struct fileset *s, struct fileset_file *f, struct err *err)
{
	struct generation *made;
	enum opener_got got;
	int fd, status;

	got = opener_open(s->spec->patterns, generation_path(f->gen), &fd, err);
	if (got == OPENER_GONE)
		return 1;
	if (got != OPENER_OK)
		return -1;
	made = generation_new(
	    fd, generation_path(f->gen), &s->form, s->crypto, err);
	if (!made)
		return -1;
	status = memcmp(generation_id(made)->key, generation_id(f->gen)->key,
		     sizeof generation_id(made)->key) != 0 ||
		 generation_attach(f->gen, made, err) != 0;
	generation_free(made);
	return status;
}

/* ---- state ---- */

static void
save_file(struct fileset *s, struct fileset_file *f, bool full, struct buf *out)
{
	struct buf text = {0};
	struct slice whole;
	uint8_t hash[CRYPTO_HASH_LEN];

	jsonout_object(&text);
	jsonout_kint(&text, "n", f->number);
	generation_save(f->gen, &text);
	if (f->gone)
		jsonout_kbool(&text, "gone", true);
	jsonout_object_end(&text);
	whole = buf_slice(&text);
	crypto_sha256(s->crypto, &whole, 1, hash);
	memcpy(f->given.hash, hash, sizeof f->given.hash);
	f->given.is = true;
	if (!full && f->kept.is &&
	    !memcmp(f->kept.hash, hash, sizeof f->kept.hash))
		jsonout_int(out, f->number);
	else
		jsonout_raw(out, whole);
	out->failed |= text.failed;
	buf_clear(&text);
}

void
fileset_kept(struct fileset *s)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->files[i].given.is)
			s->files[i].kept = s->files[i].given;
}

void
fileset_save(struct fileset *s, bool full, struct buf *out)
{
	jsonout_kint(out, "truncations", s->form.truncations);
	jsonout_kint(out, "next", s->next_number);
	jsonout_key(out, "files");
	jsonout_array(out);
	for (size_t i = 0; i < s->count; i++)
		save_file(s, &s->files[i], full, out);
	jsonout_array_end(out);
	if (s->gap_count == 0)
		return;
	/* What they tell of is past for the files above. */
	jsonout_key(out, "holes");
	jsonout_array(out);
	for (size_t i = 0; i < s->gap_count; i++)
		source_gap_save(&s->gaps[i], out);
	jsonout_array_end(out);
}

static int
restore_gaps(struct fileset *s, const json_t *holes, struct err *err)
{
	for (size_t i = 0; i < json_array_size(holes); i++) {
		struct source_gap gap;

		if (!source_gap_restore(&gap, json_array_get(holes, i)))
			return err_set(
			    err, "the saved state of a hole is not understood");
		if (fileset_put_gap(s, &gap) != 0)
			return err_set(err, "no memory for '%s'", s->spec->id);
	}
	return 0;
}

int
fileset_restore(struct fileset *s, const json_t *state, struct err *err)
{
	const json_t *files = json_object_get(state, "files");

	(void)jsonin_int(state, "truncations", &s->form.truncations);
	(void)jsonin_int(state, "next", &s->next_number);
	for (size_t i = 0; i < json_array_size(files); i++) {
		const json_t *one = json_array_get(files, i);
		struct fileset_file file = {.restored = true};

		file.gen = generation_restore(one, s->crypto, err);
		if (!file.gen)
			return -1;
		(void)jsonin_bool(one, "gone", &file.gone);
		(void)jsonin_int(one, "n", &file.number);
		file.at_stem = fileset_is_stem(s, generation_path(file.gen));
		if (fileset_add(s, &file) != 0) {
			generation_free(file.gen);
			return err_set(err, "no memory for '%s'", s->spec->id);
		}
	}
	return restore_gaps(s, json_object_get(state, "holes"), err);
}
