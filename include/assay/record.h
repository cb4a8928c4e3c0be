/* SPDX-License-Identifier: Apache-2.0 */
/* record: one entry of the log as bytes, exactly as RECORDS.md lists it key by
 * key. Every writer encodes here, so there is one key order; readers take any
 * order and keep types and keys they do not know. The bytes are final once
 * encoded: nothing re-serialises a record.
 *
 * Words with a fixed spelling (outcome, class, trust, reason ...) are given as
 * text; this module knows their places, not their meaning. Text that comes from
 * outside may hold any bytes: each byte that is not UTF-8 becomes U+FFFD (the
 * raw line alone keeps its bytes, as base64). Times must be within stamp.h's
 * years, numbers within 2^53. An empty slice, NULL, -1 or RECORD_NO_TIME at an
 * optional member leaves its key out. */
#ifndef ASSAY_RECORD_H
#define ASSAY_RECORD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "assay/buf.h"
#include "assay/chain.h"
#include "assay/crypto.h"
#include "assay/err.h"
#include "assay/slice.h"

#define RECORD_MAX ((size_t)900 << 10) /* bytes of one record */
#define RECORD_RAW_MAX ((size_t)8 << 10)
#define RECORD_SEQUENCE_MAX INT64_MAX
#define RECORD_SEQUENCE_LEN 20
#define RECORD_NO_TIME INT64_MIN

enum record_type {
	RECORD_OTHER, /* a type this version does not know */
	RECORD_START,
	RECORD_EVENT,
	RECORD_HEARTBEAT,
	RECORD_GAP,
	RECORD_FILES,
	RECORD_SEAL,
	RECORD_ACT,
	RECORD_RATING,
};

/* The wire name ("assay.event.v1"); "" for RECORD_OTHER. Static text. */
const char *record_type_name(enum record_type type);

/* ---- reading ---- */

/* A decoded record. json owns everything below it. */
struct record {
	enum record_type type;
	struct slice type_name;
	bool from_collector; /* by `source` */
	uint8_t agent[16];
	uint8_t epoch[16];
	uint64_t sequence; /* 1 .. RECORD_SEQUENCE_MAX */
	uint8_t id[16];
	int64_t time_us; /* RECORD_NO_TIME when the record has none */
	int64_t readtime_us;
	uint8_t salt[16];
	const json_t *data; /* an object; within json */
	json_t *json;
	struct slice bytes; /* what was decoded */
};

/* Decode one record; r->bytes borrows bytes. For the types that RECORDS.md
 * lists, the keys it requires are there and of their type. On failure r is
 * cleared and err says what is wrong with which key. */
int record_decode(struct slice bytes, struct record *r, struct err *err);
void record_clear(struct record *r);

/* What a seal record says, and what a start record says about keys and epochs.
 * Only for records of that type that record_decode took. */
struct record_prev {
	bool known; /* false: null on the wire */
	uint8_t epoch[16];
	uint64_t last;
	uint8_t head[CHAIN_LEN];
};

int record_read_seal(
    const struct record *r, struct chain_seal *seal, struct err *err);
int record_read_start(struct crypto *c, const struct record *r,
    struct crypto_public *key, struct record_prev *prev, struct err *err);

/* ---- writing ---- */

/* What the events that one writer makes have in common, as text: made once and
 * given with each envelope, it is copied instead of written anew. The read time
 * is in it as well, so it is made again when that changes. */
struct record_same {
	int64_t readtime_us;
	char room[1536];
	struct slice opening; /* up to the id */
	struct slice middle;  /* from datacontenttype up to the number */
	struct slice close;   /* from readtime up to the salt */
	struct slice host;    /* data and its first member */
};

struct record_envelope {
	const struct record_same *same; /* for events, or NULL */
	bool from_collector;
	uint8_t agent[16];
	uint8_t epoch[16];
	uint64_t sequence;
	uint8_t id[16]; /* events only: record_event_id */
	int64_t time_us;
	int64_t readtime_us;
	uint8_t salt[16];
};

/* The id of an event; gen_or_cursor is hex or the cursor, offset 0 with a
 * cursor, line the whole line without its end. */
void record_event_id(struct crypto *c, const uint8_t space[16],
    struct slice kind, struct slice gen_or_cursor, uint64_t offset,
    struct slice rule, struct slice line, uint8_t id[16]);

/* The part of a line that a record keeps: all of it, or so much of its first
 * RECORD_RAW_MAX bytes that no UTF-8 character is cut through. Borrows line. */
struct slice record_kept(struct slice line);

struct record_host {
	struct slice name;
	uint8_t id[16];
};

struct record_start {
	struct record_host host;
	struct slice version;
	struct slice zone;
	const struct crypto_public *key;
	const uint8_t *rules, *checks, *isms, *frameworks; /* hashes */
	struct record_prev prev;
	struct slice reason; /* why prev is not known */
	bool simulated;
};

enum record_value {
	RECORD_TEXT,
	RECORD_INT,
	RECORD_BOOL,
	RECORD_STAMP, /* number is a time, _us */
};

struct record_field {
	struct slice name;
	enum record_value kind;
	struct slice text;
	int64_t number;
};

enum record_raw { RECORD_RAW_NONE, RECORD_RAW_TEXT, RECORD_RAW_HASH };

struct record_origin {
	struct slice source; /* file journal stdin collector */
	struct slice path;
	struct slice id; /* of the source, as in heartbeats */
	struct slice class;
	const uint8_t *gen; /* 16 bytes */
	int64_t offset;	    /* -1 none */
	struct slice cursor;
	struct slice trust;
};

struct record_event {
	struct record_host host;
	const struct record_host *observer;
	struct slice event, outcome, rule;
	const struct slice *controls;
	size_t control_count;
	struct slice phase;
	struct slice head; /* by record_event_head, or empty */
	struct slice program;
	int64_t pid; /* -1 none */
	struct slice systemd_unit;
	const struct record_field *fields;
	size_t field_count;
	int64_t count;
	struct record_origin origin;
	struct slice header_host;
	struct slice clock_raw, clock_precision;
	const struct slice *clock_inferred;
	size_t clock_inferred_count;
	bool clock_doubtful;
	bool ambiguous;
	enum record_raw raw;
	struct slice line; /* without its end; of a longer one the beginning, */
	uint64_t line_len; /* and the length of all of it; 0: line is whole */
	const uint8_t *line_hash; /* and its SHA-256, when it is not whole */
	bool line_unended;	  /* its source ended before the line did */
};

/* Make it for events of this envelope (but for id, time, number and salt, which
 * differ) and host. -1 when it has no room: then do without. */
int record_same_make(struct record_same *same, const struct record_envelope *e,
    const struct record_host *host);

/* Append the text that event, outcome, rule, controls and phase become: the
 * same for all events of a rule, so it can be made once and given to each as
 * its head. */
void record_event_head(struct buf *b, const struct record_event *event);

struct record_source {
	struct slice id;
	const struct slice *provides;
	size_t provide_count;
	struct slice program;
	const uint8_t *gen;
	int64_t offset;
	struct slice cursor;
	int64_t from_us, through_us;
	int64_t lines, known, ignored, unknown; /* since the one before */
	int64_t lag_us;
};

struct record_unknown {
	struct slice program;
	struct slice class;
	bool closed;
	int64_t lines;
	int64_t from_us, through_us;
};

struct record_count {
	struct slice name;
	int64_t count;
};

struct record_heartbeat {
	struct record_host host;
	int64_t through_us;
	bool complete;
	const struct record_source *sources;
	size_t source_count;
	const struct record_unknown *unknown;
	size_t unknown_count;
	bool clock_synced;
	int64_t clock_offset_us, clock_maxerror_us;
	int64_t spool_bytes, spool_unsent;
	const struct record_count *refused;
	size_t refused_count;
};

struct record_gap {
	struct record_host host;
	struct slice source;
	const struct slice *classes;
	size_t class_count;
	int64_t from_us, to_us;
	const uint8_t *gen;
	int64_t from_offset, to_offset; /* -1 none */
	const uint8_t *epoch;
	uint64_t first, last; /* with epoch; 0 none */
	struct slice reason;
	bool recovered;
	int64_t lines; /* -1: null, not known */
	/* Of a gap that a line tells of: the rule that knows the line, and the
	 * line. Empty: none. */
	struct slice rule, text;
};

struct record_file {
	struct slice path;
	uint8_t sha256[32];
	bool has_text;
	struct slice text; /* the file's bytes, whatever they are */
};

struct record_files {
	struct record_host host;
	struct slice set;
	uint8_t hash[32];
	int64_t part, parts; /* 1 of 1 */
	const struct record_file *files;
	size_t file_count;
};

struct record_act {
	struct slice kind, actor;
	int64_t at_us;
	struct slice reason;
	struct slice body; /* JSON text of an object */
};

struct record_rating {
	struct slice framework, control, check;
	int64_t as_of_us, from_us, to_us;
	int64_t known_at; /* counted records of the log that it knew */
	struct slice rating, reason;
	int64_t ledger;
	const uint8_t *checks, *isms, *frameworks; /* hashes */
};

/* Append one record to b. -1 when it would pass RECORD_MAX or memory is short:
 * b is then as before (but may be marked failed). */
int record_encode_start(struct buf *b, struct crypto *c,
    const struct record_envelope *e, const struct record_start *start,
    struct err *err);
int record_encode_event(struct buf *b, struct crypto *c,
    const struct record_envelope *e, const struct record_event *event,
    struct err *err);
int record_encode_heartbeat(struct buf *b, struct crypto *c,
    const struct record_envelope *e, const struct record_heartbeat *heartbeat,
    struct err *err);
int record_encode_gap(struct buf *b, struct crypto *c,
    const struct record_envelope *e, const struct record_gap *gap,
    struct err *err);
int record_encode_files(struct buf *b, struct crypto *c,
    const struct record_envelope *e, const struct record_files *files,
    struct err *err);
/* The seal's agent, epoch and time are the envelope's; sequence = last + 1. */
int record_encode_seal(struct buf *b, struct crypto *c,
    const struct record_envelope *e, const struct record_host *host,
    const struct chain_seal *seal, struct err *err);
int record_encode_act(struct buf *b, struct crypto *c,
    const struct record_envelope *e, const struct record_act *act,
    struct err *err);
int record_encode_rating(struct buf *b, struct crypto *c,
    const struct record_envelope *e, const struct record_rating *rating,
    struct err *err);

/* The hash of a set of files, which must be sorted by path. */
int record_set_hash(struct crypto *c, const struct record_file *files,
    size_t count, uint8_t hash[32], struct err *err);

/* How many of the first files fit into one record together; 0 when not even
 * the first does (and none is given). For cutting a set into parts. */
size_t record_files_fit(const struct record_file *files, size_t count);

#endif
