/* SPDX-License-Identifier: Apache-2.0 */
/* entry: one record as the ledger keeps it: what LEDGER.md asks of it and
 * nothing else, texts as names, immutable. Raw lines are not kept; the index
 * in the log finds them again. */
#ifndef COLLECTOR_LEDGER_ENTRY_H
#define COLLECTOR_LEDGER_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "assay/arena.h"
#include "assay/chain.h"
#include "assay/crypto.h"
#include "assay/err.h"
#include "assay/record.h"
#include "assay/slice.h"
#include "assay/vocab.h"
#include "names.h"

/* Who vouches for a line, the strongest first. */
enum entry_trust {
	ENTRY_KERNEL,
	ENTRY_ROOT,
	ENTRY_LOCAL,
	ENTRY_TLS,
	ENTRY_NET,
};

/* "kernel" ... static text, and back (false leaves *trust). */
const char *entry_trust_name(enum entry_trust trust);
bool entry_trust_parse(struct slice text, enum entry_trust *trust);

enum entry_phase { ENTRY_WHOLE, ENTRY_BEGINS, ENTRY_NOTE, ENTRY_ENDS };

struct entry_field {
	const char *name;
	const char *value;
};

struct entry_event {
	uint8_t id[16];
	const char *kind;
	enum vocab_outcome outcome;
	enum entry_phase phase;
	enum entry_trust trust;
	bool ambiguous, doubtful;
	const char *observer; /* host that relayed it, or NULL */
	const char *rule, *program;
	const char *unit;   /* systemd's, or NULL */
	const char *path;   /* or NULL */
	const char *source; /* id */
	int64_t pid;	    /* -1 none */
	const char **controls;
	size_t control_count;
	struct entry_field *fields;
	size_t field_count;
};

struct entry_source {
	const char *id;
	const char **provides;
	size_t provide_count;
	bool program; /* one program's own file */
	int64_t from_us, through_us;
	int64_t lines, known, ignored, unknown;
};

/* Lines of a program whose every line should be known, and were not. */
struct entry_unknown {
	const char *program, *class;
	int64_t lines, from_us, through_us;
};

struct entry_heartbeat {
	int64_t through_us;
	bool complete;
	bool has_clock, synced;
	struct entry_source *sources;
	size_t source_count;
	struct entry_unknown *closed;
	size_t closed_count;
};

struct entry_gap {
	const char *source, *reason;
	const char **classes;
	size_t class_count;
	int64_t from_us, to_us;
	bool recovered;
};

struct entry_start {
	struct record_prev prev;
	bool simulated;
};

struct entry_file {
	const char *path, *sha256;
	bool has_text; /* and it has that hash */
	struct slice text;
};

struct entry_files {
	const char *set, *hash;
	int64_t part, parts;
	struct entry_file *files;
	size_t file_count;
};

struct entry_act {
	const char *kind, *actor, *reason;
};

struct entry {
	size_t place;	/* among the entries of the ledger, from 0 */
	uint64_t index; /* in the log, as the caller counts */
	enum record_type type;
	bool from_collector;
	const char *agent;   /* uuid */
	const char *epoch;   /* hex */
	const char *lineage; /* agent and epoch: one name for both */
	uint64_t sequence;
	int64_t time_us; /* RECORD_NO_TIME */
	int64_t readtime_us;
	uint8_t leaf[CHAIN_LEN];
	struct slice bytes;  /* kept of starts and seals only */
	const char *host;    /* name, or NULL (acts, ratings, others) */
	const char *host_id; /* "" when it has none */
	union {
		struct entry_event *event;
		struct entry_heartbeat *heartbeat;
		struct entry_gap *gap;
		struct entry_start *start;
		struct entry_files *files;
		struct entry_act *act;
	};
};

/* A new entry in the arena from a decoded record, which is borrowed until
 * return. NULL when memory is short, or the record says what cannot be. */
struct entry *entry_new(struct arena *a, struct names *n, struct crypto *c,
    const struct record *r, struct err *err);

/* Is it counted by known_at: all but a collector's own seals and ratings. */
bool entry_is_counted(const struct entry *e);

/* By (time, agent, epoch, sequence): <0, 0, >0. */
int entry_order(const struct entry *a, const struct entry *b);

/* The value of a field, NULL when it has none. name must be one of names. */
const char *entry_field(const struct entry_event *e, const char *name);

#endif
