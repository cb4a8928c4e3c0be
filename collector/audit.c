/* SPDX-License-Identifier: Apache-2.0 */
#include "audit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdarg.h>
#include <string.h>

#include "assay/encode.h"
#include "assay/jsonin.h"
#include "assay/jsonout.h"
#include "assay/printable.h"
#include "assay/record.h"
#include "assay/verify.h"
#include "row.h"

#define SENTENCES_MAX 100 /* kept; all are counted */

/* The key of one agent or collector, for people to compare. */
struct voice {
	uint8_t agent[16];
	uint8_t epoch[16]; /* of the start the rest is from */
	int64_t time_us;
	char key[CRYPTO_KEY_ID_LEN + 1];
	char *host;
	bool collector;
};

struct sentence {
	bool wrong; /* else worth knowing */
	char *text;
};

struct audit {
	struct crypto *crypto;
	struct evidence *evidence;
	struct verify *verify;
	struct audit_counts counts;
	struct voice *voices;
	size_t voice_count;
	struct sentence *sentences;
	size_t sentence_count;
	uint8_t (*ids)[16]; /* of events */
	size_t id_count, id_room;
	bool no_memory;
};

/* ---- saying ---- */

static void __attribute__((format(printf, 3, 4)))
say(struct audit *a, bool wrong, const char *format, ...)
{
	struct sentence *sentences;
	char *text = NULL;
	va_list args;

	a->counts.wrong += wrong;
	if (a->sentence_count == SENTENCES_MAX)
		return;
	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	sentences = reallocarray(
	    a->sentences, a->sentence_count + 1, sizeof *sentences);
	if (sentences)
		a->sentences = sentences;
	if (!text || !sentences) {
		a->no_memory = true;
		free(text);
		return;
	}
	a->sentences[a->sentence_count++] = (struct sentence){wrong, text};
}

/* ---- one record ---- */

static void
keep_id(struct audit *a, const struct record *r)
{
	if (r->type != RECORD_EVENT)
		return;
	if (a->id_count == a->id_room) {
		size_t room = a->id_room ? a->id_room * 2 : 1024;
		void *ids = reallocarray(a->ids, room, sizeof *a->ids);

		if (!ids) {
			a->no_memory = true;
			return;
		}
		a->ids = ids;
		a->id_room = room;
	}
	memcpy(a->ids[a->id_count++], r->id, 16);
}

static struct voice *
need_voice(struct audit *a, const struct record *r)
{
	struct voice *voices;

	for (size_t i = 0; i < a->voice_count; i++)
		if (memcmp(a->voices[i].agent, r->agent, 16) == 0)
			return &a->voices[i];
	voices = reallocarray(a->voices, a->voice_count + 1, sizeof *voices);
	if (!voices) {
		a->no_memory = true;
		return NULL;
	}
	a->voices = voices;
	voices += a->voice_count++;
	memset(voices, 0, sizeof *voices);
	memcpy(voices->agent, r->agent, 16);
	voices->time_us = INT64_MAX;
	return voices;
}

/* The key that counts is that of the earliest start (time, then epoch). */
static void
hear(struct audit *a, const struct record *r)
{
	struct voice *voice = need_voice(a, r);
	struct crypto_public key;
	struct record_prev prev;
	struct slice host;

	if (!voice || record_read_start(a->crypto, r, &key, &prev, NULL))
		return;
	if (r->time_us > voice->time_us ||
	    (r->time_us == voice->time_us &&
		memcmp(r->epoch, voice->epoch, 16) >= 0))
		return;
	voice->time_us = r->time_us;
	voice->collector = r->from_collector;
	memcpy(voice->epoch, r->epoch, 16);
	memcpy(voice->key, key.id, sizeof voice->key);
	free(voice->host);
	voice->host = NULL;
	if (jsonin_string(json_object_get(r->data, "host"), "name", &host))
		voice->host = slice_strdup(host);
}

/* Is the row what was stored? */
static bool
row_holds(
    struct audit *a, const struct evidence_item *item, const struct record *r)
{
	struct store_key key = row_key(r);
	uint8_t leaf[CHAIN_LEN];

	if (!item->key)
		return true;
	chain_leaf(a->crypto, item->bytes, leaf);
	if (!item->leaf || memcmp(leaf, item->leaf, CHAIN_LEN) != 0) {
		say(a, true, "%s: its bytes are not those it was stored with",
		    item->where);
		return false;
	}
	if (memcmp(item->key->agent, key.agent, 16) == 0 &&
	    memcmp(item->key->epoch, key.epoch, 16) == 0 &&
	    item->key->sequence == key.sequence)
		return true;
	say(a, true, "%s: it is filed under another agent, epoch or number",
	    item->where);
	return false;
}

static int
add_record(struct audit *a, const struct evidence_item *item,
    const struct record *r, struct err *err)
{
	enum verify_arrival arrival;
	struct err why = {0};

	row_holds(a, item, r);
	if (verify_add(a->verify, r, &arrival, &why))
		return err_set(err, "%s", why.text);
	a->counts.records++;
	if (arrival == VERIFY_REFUSED)
		say(a, true, "%s: %s", item->where, why.text);
	if (arrival == VERIFY_OTHER)
		say(a, true,
		    "%s: other bytes stand under the same number before",
		    item->where);
	if (arrival == VERIFY_REPEAT)
		a->counts.repeated++;
	else
		keep_id(a, r);
	if (r->type == RECORD_START)
		hear(a, r);
	return 0;
}

static int
add_item(struct audit *a, const struct evidence_item *item,
    const struct err *damage, struct err *err)
{
	enum verify_arrival arrival;
	struct record r;
	struct err why;
	int rc;

	if (item->broken) {
		say(a, true, "%s", damage->text);
		return 0;
	}
	if (item->erased) {
		a->counts.erased++;
		if (item->leaf && item->key)
			return verify_add_leaf(a->verify, item->key->agent,
			    item->key->epoch, item->key->sequence, item->leaf,
			    &arrival, err);
		say(a, true, "%s: erased, and its leaf with it", item->where);
		return 0;
	}
	if (record_decode(item->bytes, &r, &why)) {
		say(a, true, "%s: %s", item->where, why.text);
		return 0;
	}
	rc = add_record(a, item, &r, err);
	record_clear(&r);
	return rc;
}

/* ---- the whole ---- */

static int
compare_ids(const void *a, const void *b)
{
	return memcmp(a, b, 16);
}

static void
count_replayed(struct audit *a)
{
	if (a->id_count)
		qsort(a->ids, a->id_count, sizeof *a->ids, compare_ids);
	for (size_t i = 1; i < a->id_count; i++)
		if (memcmp(a->ids[i - 1], a->ids[i], 16) == 0)
			a->counts.replayed++;
}

static bool
count_range(void *arg, const struct verify_range *range)
{
	struct audit *a = arg;
	uint64_t n = range->last - range->first + 1;

	switch (range->state) {
	case VERIFY_SEALED:
		a->counts.sealed += n;
		break;
	case VERIFY_UNSEALED:
		a->counts.unsealed += n;
		break;
	case VERIFY_UNCHECKED:
	case VERIFY_BAD:
		a->counts.doubtful += n;
		break;
	case VERIFY_MISSING:
		break;
	}
	return true;
}

static bool
count_epoch(void *arg, const struct verify_epoch *epoch)
{
	struct audit *a = arg;

	a->counts.epochs++;
	verify_ranges(a->verify, epoch->agent, epoch->epoch, count_range, a);
	return true;
}

static bool
add_finding(void *arg, const struct verify_finding *f)
{
	struct audit *a = arg;
	struct buf text = {0};
	bool wrong = true;

	switch (f->kind) {
	case VERIFY_TAIL_UNSEALED:
		return true; /* counted */
	case VERIFY_FORK_PREV:
	case VERIFY_FORK_BEYOND:
		wrong = false;
		break;
	case VERIFY_HOLE:
		/* A spool lets go what its readers have. */
		wrong = evidence_kind(a->evidence) != EVIDENCE_SPOOL ||
			f->first != 1;
		break;
	default:
		break;
	}
	verify_explain(&text, f);
	say(a, wrong, "%.*s", SLICE_FMT(buf_slice(&text)));
	buf_clear(&text);
	return true;
}

struct pinning {
	struct audit *a;
	struct err *err;
};

static int
use_pin(void *arg, const struct store_pin *pin)
{
	struct pinning *p = arg;
	struct crypto_public key;

	if (crypto_public_parse(
		p->a->crypto, slice_of(pin->public), &key, NULL)) {
		say(p->a, true, "a pinned key is no key");
		return 0;
	}
	return verify_pin(p->a->verify, pin->agent, &key, p->err);
}

/* What cannot be asked of the database any more is wrong with it. */
static void
check_store(struct audit *a)
{
	struct store *s = evidence_store(a->evidence);
	struct err err = {0};
	struct pinning p = {a, &err};
	struct buf faults = {0};
	uint64_t dead = 0;

	if (!s)
		return;
	if (store_check(s, &faults, &err) || store_pins(s, use_pin, &p, &err) ||
	    store_dead_count(s, &dead, &err))
		say(a, true, "the database is damaged: %s", err.text);
	else if (faults.len)
		say(a, true, "the database is damaged: %.*s",
		    (int)slice_find(buf_slice(&faults), '\n'), faults.ptr);
	if (dead)
		say(a, false,
		    "%" PRIu64 " kept aside as dead letters; they are not part "
		    "of the log",
		    dead);
	buf_clear(&faults);
}

static int
go_through(struct audit *a, struct err *err)
{
	struct evidence_item item;
	struct err damage = {0};
	int got;

	check_store(a);
	while ((got = evidence_next(a->evidence, &item, &damage)) == 1)
		if (add_item(a, &item, &damage, err))
			return -1;
	if (got < 0)
		say(a, true, "it cannot be read any further: %s", damage.text);
	if (a->counts.records == 0 &&
	    evidence_kind(a->evidence) == EVIDENCE_EXPORT)
		say(a, true, "it holds no record, so it proves nothing");
	count_replayed(a);
	if (verify_findings(a->verify, add_finding, a, err) ||
	    verify_epochs(a->verify, count_epoch, a, err))
		return -1;
	return a->no_memory ? err_set(err, "no memory to verify it all") : 0;
}

struct audit *
audit_new(struct crypto *c, struct evidence *e, struct err *err)
{
	struct audit *a = calloc(1, sizeof *a);

	if (!a) {
		err_set(err, "no memory to verify");
		return NULL;
	}
	a->crypto = c;
	a->evidence = e;
	a->verify = verify_new(c, err);
	if (a->verify && go_through(a, err) == 0)
		return a;
	audit_free(a);
	return NULL;
}

void
audit_free(struct audit *a)
{
	if (!a)
		return;
	for (size_t i = 0; i < a->voice_count; i++)
		free(a->voices[i].host);
	for (size_t i = 0; i < a->sentence_count; i++)
		free(a->sentences[i].text);
	free(a->voices);
	free(a->sentences);
	free(a->ids);
	verify_free(a->verify);
	free(a);
}

struct audit_counts
audit_counts(const struct audit *a)
{
	return a->counts;
}

/* ---- printing ---- */

static void
put_sentences(
    const struct audit *a, bool wrong, const char *word, struct buf *out)
{
	for (size_t i = 0; i < a->sentence_count; i++) {
		if (a->sentences[i].wrong != wrong)
			continue;
		buf_printf(out, "%s: ", word);
		printable_put(out, slice_of(a->sentences[i].text));
		buf_putc(out, '\n');
	}
}

void
audit_text(const struct audit *a, const char *name, struct buf *out)
{
	const struct audit_counts *n = &a->counts;
	char uuid[ENCODE_UUID_LEN + 1];

	printable_put(out, slice_of(name));
	buf_printf(out,
	    ": %" PRIu64 " records in %" PRIu64 " epochs: %" PRIu64
	    " sealed, %" PRIu64 " not sealed yet, %" PRIu64
	    " in doubt; %" PRIu64 " erased, %" PRIu64 " repeated, %" PRIu64
	    " events replayed\n",
	    n->records, n->epochs, n->sealed, n->unsealed, n->doubtful,
	    n->erased, n->repeated, n->replayed);
	for (size_t i = 0; i < a->voice_count; i++) {
		const struct voice *voice = &a->voices[i];

		encode_uuid(uuid, voice->agent);
		buf_printf(out, "%s %s, fingerprint %s, host ",
		    voice->collector ? "collector" : "agent", uuid, voice->key);
		printable_put(out, slice_of(voice->host ? voice->host : "?"));
		buf_putc(out, '\n');
	}
	put_sentences(a, false, "note", out);
	put_sentences(a, true, "WRONG", out);
	if (n->wrong)
		buf_printf(out,
		    "%" PRIu64 " wrong. What is sealed besides holds.\n",
		    n->wrong);
	else
		buf_puts(out,
		    "Nothing is wrong: every sealed record is what was sealed, "
		    "and none is missing between.\n");
}

static void
put_list(const struct audit *a, const char *key, bool wrong, struct buf *out)
{
	struct buf text = {0};

	jsonout_key(out, key);
	jsonout_array(out);
	for (size_t i = 0; i < a->sentence_count; i++) {
		if (a->sentences[i].wrong != wrong)
			continue;
		buf_reset(&text);
		printable_utf8(&text, slice_of(a->sentences[i].text));
		jsonout_string(out, buf_slice(&text));
	}
	jsonout_array_end(out);
	buf_clear(&text);
}

static void
put_voice(const struct voice *voice, struct buf *out)
{
	char uuid[ENCODE_UUID_LEN + 1];

	encode_uuid(uuid, voice->agent);
	jsonout_object(out);
	jsonout_kstr(out, voice->collector ? "collector" : "agent", uuid);
	jsonout_kstr(out, "fingerprint", voice->key);
	jsonout_kstr(out, "host", voice->host ? voice->host : "");
	jsonout_object_end(out);
}

void
audit_json(const struct audit *a, const char *name, struct buf *out)
{
	const struct audit_counts *n = &a->counts;
	const struct {
		const char *key;
		uint64_t value;
	} numbers[] = {
	    {"records", n->records},
	    {"epochs", n->epochs},
	    {"sealed", n->sealed},
	    {"unsealed", n->unsealed},
	    {"doubtful", n->doubtful},
	    {"erased", n->erased},
	    {"repeated", n->repeated},
	    {"replayed", n->replayed},
	    {"wrong", n->wrong},
	};
	struct buf text = {0};

	printable_utf8(&text, slice_of(name));
	jsonout_object(out);
	jsonout_kstring(out, "path", buf_slice(&text));
	buf_clear(&text);
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		jsonout_kint(out, numbers[i].key, (int64_t)numbers[i].value);
	jsonout_key(out, "keys");
	jsonout_array(out);
	for (size_t i = 0; i < a->voice_count; i++)
		put_voice(&a->voices[i], out);
	jsonout_array_end(out);
	put_list(a, "findings", true, out);
	put_list(a, "notes", false, out);
	jsonout_object_end(out);
	buf_putc(out, '\n');
}
