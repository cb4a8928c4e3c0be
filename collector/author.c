/* SPDX-License-Identifier: Apache-2.0 */
#include "author.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assay/encode.h"
#include "row.h"

struct author {
	struct crypto *crypto;
	struct store *store;
	const struct clock *clock;
	const struct identity *who;
	uint8_t epoch[16];
	struct record_prev prev;
	uint64_t last;		 /* written so far; 0: not begun */
	uint8_t head[CHAIN_LEN]; /* c[last] */
	uint64_t sealed;	 /* covered so far */
	uint8_t sealed_head[CHAIN_LEN];
	uint64_t unsealed;	  /* records beside a seal that none covers */
	int64_t unsealed_mono_us; /* when the first of them was written */
	bool in_force[AUTHOR_SETS];
	uint8_t hash[AUTHOR_SETS][32];
	struct buf bytes;
};

const char *
author_set_name(enum author_set set)
{
	static const char *const names[] = {"checks", "isms", "frameworks"};

	return names[set];
}

/* ---- where the last epoch ended ---- */

static int
keep_epoch(void *arg, const struct store_epoch *epoch)
{
	struct record_prev *prev = arg;

	prev->known = true;
	memcpy(prev->epoch, epoch->epoch, 16);
	prev->last = epoch->highest;
	return 0;
}

static int
hash_leaf(void *arg, const struct store_row *row)
{
	struct author *a = arg;

	chain_next(a->crypto, a->prev.head, (const uint8_t *)row->leaf.ptr);
	return 0;
}

static int
find_prev(struct author *a, struct err *err)
{
	if (store_epochs(a->store, a->who->id, keep_epoch, &a->prev, err))
		return -1;
	if (!a->prev.known)
		return 0;
	return store_leaves(
	    a->store, a->who->id, a->prev.epoch, hash_leaf, a, err);
}

static int
find_sets(struct author *a, struct err *err)
{
	for (size_t i = 0; i < AUTHOR_SETS; i++) {
		struct buf text = {0};
		char name[32];
		int got;

		snprintf(name, sizeof name, "set.%s",
		    author_set_name((enum author_set)i));
		got = store_meta(a->store, name, &text, err);
		a->in_force[i] =
		    got == 1 && encode_unhex(buf_slice(&text), a->hash[i], 32);
		buf_clear(&text);
		if (got < 0)
			return -1;
	}
	return 0;
}

struct author *
author_new(struct crypto *c, struct store *s, const struct clock *clock,
    const struct identity *who, struct err *err)
{
	struct author *a = calloc(1, sizeof *a);

	if (!a) {
		err_set(err, "no memory for the collector's own records");
		return NULL;
	}
	a->crypto = c;
	a->store = s;
	a->clock = clock;
	a->who = who;
	buf_init(&a->bytes, RECORD_MAX);
	if (crypto_random(a->epoch, sizeof a->epoch, err) ||
	    find_prev(a, err) || find_sets(a, err)) {
		author_free(a);
		return NULL;
	}
	return a;
}

void
author_free(struct author *a)
{
	if (!a)
		return;
	buf_clear(&a->bytes);
	free(a);
}

/* ---- one record ---- */

static int
envelope(struct author *a, struct record_envelope *e, struct err *err)
{
	memset(e, 0, sizeof *e);
	e->from_collector = true;
	memcpy(e->agent, a->who->id, 16);
	memcpy(e->epoch, a->epoch, 16);
	e->sequence = a->last + 1;
	e->time_us = e->readtime_us = clock_now_us(a->clock);
	buf_reset(&a->bytes);
	return crypto_random(e->salt, sizeof e->salt, err);
}

/* What was encoded becomes a row and a link of the chain. */
static int
append(struct author *a, struct err *err)
{
	struct record r;
	uint8_t leaf[CHAIN_LEN];
	uint64_t index;
	int rc;

	if (record_decode(buf_slice(&a->bytes), &r, err))
		return err_prefix(err, "the collector's own record");
	rc = row_append(a->store, a->crypto, &r, &index, err);
	record_clear(&r);
	if (rc)
		return -1;
	chain_leaf(a->crypto, buf_slice(&a->bytes), leaf);
	chain_next(a->crypto, a->head, leaf);
	a->last++;
	return 0;
}

static void
count_unsealed(struct author *a)
{
	if (a->unsealed++ == 0)
		a->unsealed_mono_us = clock_mono_us(a->clock);
}

static int
begin_epoch(struct author *a, struct err *err)
{
	struct record_envelope e;
	struct record_start start = {
	    .host = identity_host(a->who),
	    .version = slice_of(ASSAY_VERSION),
	    .zone = SLICE("UTC"),
	    .key = crypto_key_public(a->who->key),
	    .prev = a->prev,
	    .simulated = clock_is_simulated(a->clock),
	};

	if (a->last)
		return 0;
	if (!a->prev.known)
		start.reason = SLICE("first start of this collector");
	start.checks = author_in_force(a, AUTHOR_CHECKS);
	start.isms = author_in_force(a, AUTHOR_ISMS);
	start.frameworks = author_in_force(a, AUTHOR_FRAMEWORKS);
	if (envelope(a, &e, err) ||
	    record_encode_start(&a->bytes, a->crypto, &e, &start, err) ||
	    append(a, err))
		return -1;
	count_unsealed(a);
	return 0;
}

/* ---- files ---- */

const uint8_t *
author_in_force(const struct author *a, enum author_set set)
{
	return a->in_force[set] ? a->hash[set] : NULL;
}

static int
put_part(struct author *a, const struct record_files *part, struct err *err)
{
	struct record_envelope e;

	if (begin_epoch(a, err) || envelope(a, &e, err) ||
	    record_encode_files(&a->bytes, a->crypto, &e, part, err) ||
	    append(a, err))
		return -1;
	count_unsealed(a);
	return 0;
}

/* How many records the files need. 0 when one alone is too large. */
static int64_t
count_parts(const struct record_file *files, size_t count)
{
	int64_t parts = 0;
	size_t at = 0;

	do {
		size_t n = record_files_fit(files + at, count - at);

		if (n == 0 && count)
			return 0;
		parts++;
		at += n;
	} while (at < count);
	return parts;
}

static int
put_parts(struct author *a, enum author_set set,
    const struct record_file *files, size_t count, const uint8_t hash[32],
    struct err *err)
{
	struct record_files part = {
	    .host = identity_host(a->who),
	    .set = slice_of(author_set_name(set)),
	    .parts = count_parts(files, count),
	};
	size_t at = 0;

	if (part.parts == 0)
		return err_set(err,
		    "a file of the set '%s' is too large for one record; the "
		    "most is about 600 KiB",
		    author_set_name(set));
	memcpy(part.hash, hash, 32);
	for (part.part = 1; part.part <= part.parts; part.part++) {
		part.files = files + at;
		part.file_count = record_files_fit(files + at, count - at);
		at += part.file_count;
		if (put_part(a, &part, err))
			return -1;
	}
	return 0;
}

/* Remember in the store what is in force and which texts the log holds. */
static int
remember(struct author *a, enum author_set set, const char *known,
    const uint8_t hash[32], struct err *err)
{
	char name[32], hex[65];

	snprintf(name, sizeof name, "set.%s", author_set_name(set));
	encode_hex(hex, hash, 32);
	if (store_meta_set(a->store, name, hex, err) ||
	    store_meta_set(a->store, known, "1", err))
		return -1;
	a->in_force[set] = true;
	memcpy(a->hash[set], hash, 32);
	return 0;
}

static int
write_set(struct author *a, enum author_set set, struct record_file *files,
    size_t count, const uint8_t hash[32], struct err *err)
{
	struct buf seen = {0};
	char known[80], hex[65];
	int got;

	encode_hex(hex, hash, 32);
	snprintf(known, sizeof known, "text.%s", hex);
	got = store_meta(a->store, known, &seen, err);
	buf_clear(&seen);
	if (got < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		files[i].has_text = got == 0;
	if (put_parts(a, set, files, count, hash, err))
		return -1;
	return remember(a, set, known, hash, err);
}

int
author_files(struct author *a, enum author_set set,
    const struct record_file *files, size_t count, bool *written,
    struct err *err)
{
	struct record_file *copy;
	uint8_t hash[32];
	int rc;

	*written = false;
	if (record_set_hash(a->crypto, files, count, hash, err))
		return -1;
	if (a->in_force[set] && memcmp(a->hash[set], hash, 32) == 0)
		return 0;
	copy = calloc(count + 1, sizeof *copy);
	if (!copy)
		return err_set(err, "no memory to record the files");
	if (count)
		memcpy(copy, files, count * sizeof *files);
	rc = write_set(a, set, copy, count, hash, err);
	free(copy);
	*written = rc == 0;
	return rc;
}

/* ---- events, ratings ---- */

int
author_event(
    struct author *a, const struct author_event *event, struct err *err)
{
	const struct slice controls[] = {SLICE("iso27001-2022:A.8.15")};
	struct record_event out = {
	    .host = event->host.name.len ? event->host : identity_host(a->who),
	    .event = slice_of(event->event),
	    .outcome = slice_of(event->outcome),
	    .rule = SLICE("collector.intake"),
	    .controls = controls,
	    .control_count = 1,
	    .program = SLICE("assay-collector"),
	    .pid = -1,
	    .fields = event->fields,
	    .field_count = event->field_count,
	    .count = 1,
	    .origin = {.source = SLICE("collector"),
		.id = SLICE("intake"),
		.class = SLICE("agent"),
		.offset = -1,
		.trust = SLICE("root")},
	    .clock_precision = SLICE("us"),
	};
	struct record_envelope e;
	char epoch[33];

	if (begin_epoch(a, err) || envelope(a, &e, err))
		return -1;
	encode_hex(epoch, a->epoch, 16);
	record_event_id(a->crypto, a->who->id, out.event, slice_of(epoch),
	    e.sequence, out.rule, (struct slice){"", 0}, e.id);
	if (record_encode_event(&a->bytes, a->crypto, &e, &out, err) ||
	    append(a, err))
		return -1;
	count_unsealed(a);
	return 0;
}

int
author_rating(struct author *a, struct record_rating *rating, struct err *err)
{
	struct record_envelope e;

	rating->checks = author_in_force(a, AUTHOR_CHECKS);
	rating->isms = author_in_force(a, AUTHOR_ISMS);
	rating->frameworks = author_in_force(a, AUTHOR_FRAMEWORKS);
	if (begin_epoch(a, err) || envelope(a, &e, err) ||
	    record_encode_rating(&a->bytes, a->crypto, &e, rating, err) ||
	    append(a, err))
		return -1;
	count_unsealed(a);
	return 0;
}

/* ---- seals ---- */

int
author_seal(struct author *a, bool at_end, struct err *err)
{
	struct record_host host = identity_host(a->who);
	struct record_envelope e;
	struct chain_seal seal = {.first = a->sealed + 1, .last = a->last};

	if (a->unsealed == 0)
		return 0;
	if (!at_end && a->unsealed < CHAIN_SEAL_RECORDS &&
	    clock_mono_us(a->clock) - a->unsealed_mono_us < CHAIN_SEAL_US)
		return 0;
	if (envelope(a, &e, err))
		return -1;
	memcpy(seal.agent, a->who->id, 16);
	memcpy(seal.epoch, a->epoch, 16);
	memcpy(seal.prev, a->sealed_head, CHAIN_LEN);
	memcpy(seal.head, a->head, CHAIN_LEN);
	seal.time_us = e.time_us;
	if (chain_seal_sign(&seal, a->who->key, err) ||
	    record_encode_seal(&a->bytes, a->crypto, &e, &host, &seal, err) ||
	    append(a, err))
		return -1;
	a->sealed = seal.last;
	memcpy(a->sealed_head, seal.head, CHAIN_LEN);
	a->unsealed = 0;
	return 0;
}
