/* SPDX-License-Identifier: Apache-2.0 */
/* source: what the agent must be able to ask of anything it reads lines from. A
 * source gives windows: a stretch of whole lines of one generation (a file's
 * bytes under one identity), in order. Lines are slices into the window. The
 * position moves only by source_advance, past a whole line, when its records
 * have been put; what lies behind is given again. Sources never wait and read
 * no clock. */
#ifndef ASSAY_AGENT_SOURCE_H
#define ASSAY_AGENT_SOURCE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "assay/buf.h"
#include "assay/crypto.h"
#include "assay/err.h"
#include "assay/slice.h"

#include "rule.h"

#define SOURCE_WINDOW ((size_t)256 << 10)
#define SOURCE_CLASSES_MAX RULE_CLASSES

/* What is to be read, and what is known about it before. Set up once. */
struct source_spec {
	char *id;   /* as records name it */
	char *path; /* the stem: the log's name without rotation; or NULL */
	char **patterns; /* globs, NULL-terminated */
	enum rule_class provides[SOURCE_CLASSES_MAX];
	size_t provide_count;
	/* A program's own log: what it needs of its rule file (ownlog.h); owned
	 * by the spec. */
	struct rule_file *own;
	bool live;   /* goes on being written while we read */
	bool relay;  /* the header's host counts */
	bool syslog; /* written by a syslog daemon, for whoever asked it to */
	size_t open_max; /* files it keeps open when it need not; 0: 64 */
	int facility;	 /* of syslog that is written to it; -1: none known */
	char *journal;	 /* "default" or a directory; NULL: no journal */
	const char *chosen; /* why it is read, for people; constant text */
};

/* Who wrote an entry of the journal, as the kernel or journald saw it. */
struct source_sender {
	struct slice transport; /* syslog journal stdout kernel audit driver */
	bool has_uid;
	unsigned uid;
	struct slice unit, exe; /* empty when journald could not know */
};

/* One entry of the journal: a line that has its parts already. */
struct source_entry {
	int64_t time_us;
	struct slice message; /* may hold LF and any other byte */
	struct slice program; /* empty when the sender gave no name */
	struct slice pid, host;
	struct slice cursor;
	bool begins_boot; /* the first of a boot other than the one before */
	struct source_sender sender;
};

struct source_window {
	/* Not NULL: one entry, in place of bytes; advance by 1. Borrowed until
	 * the next call. */
	const struct source_entry *entry;
	struct slice bytes; /* whole lines, each with its LF; or one line: */
	bool one_line;	    /* bytes is one line without LF, whole or cut */
	uint64_t line_size; /* one_line: what to advance by for all of it */
	uint64_t line_len;  /* one_line: all of it without LF */
	/* one_line and cut: SHA-256 of all of it without LF; else NULL. */
	const uint8_t *line_hash;
	uint64_t offset;      /* of bytes in the generation */
	const uint8_t *gen;   /* 16 bytes */
	int64_t reference_us; /* when these bytes were last written; 0 now */
	int64_t previous_us;  /* stamp of the line before, or 0 */
	const char *trust;    /* root or local; constant text */
};

/* A hole that the source found in itself. Times are of the lines around it,
 * SOURCE_NO_TIME when there is none. */
#define SOURCE_NO_TIME INT64_MIN
struct source_gap {
	uint8_t gen[16];     /* all 0: not known */
	int64_t from_offset; /* -1 not known */
	int64_t to_offset;   /* -1 not known */
	int64_t from_us;     /* SOURCE_NO_TIME: since the last line read */
	/* When what took its place was made, by the machine's clock; it can be
	 * a moment after now. SOURCE_NO_TIME: now. With until_next it is the
	 * stamp of the first line after the hole. */
	int64_t to_us;
	bool until_next;
	/* truncated, deleted: it went while we watched; agent: while the agent
	 * was down or its spool full; unreadable: it may not be read, or is
	 * damaged. Constant text. */
	const char *reason;
	bool recovered; /* truncated, and the rest was found in a copy */
	struct err why;
};

/* Append a hole as a JSON object; read one back. */
void source_gap_save(const struct source_gap *gap, struct buf *out);
bool source_gap_restore(struct source_gap *gap, const json_t *state);

struct source_ops {
	const char *kind; /* "file" */
	/* Look for what is new. 1: it knows of something it did not know, which
	 * is state to keep; 0, -1. */
	int (*scan)(void *impl, int64_t now_us, struct err *err);
	/* 1 and a window, 0 at the end of what there is, 2 when nothing is
	 * there now but the end has not come (a pipe), -1. */
	int (*next)(void *impl, struct source_window *window, struct err *err);
	void (*advance)(void *impl, uint64_t bytes, int64_t last_us);
	/* true and the oldest hole found and not yet taken. */
	bool (*gap)(void *impl, struct source_gap *gap);
	/* Append the state to go on from, a JSON object's members: holes that
	 * were not taken yet among them. Not full: what stands in the state
	 * before, and is as it was, may be given by its number alone
	 * (checkpoint). */
	void (*save)(void *impl, bool full, struct buf *out);
	/* What save gave last is on disk. NULL where all is always given. */
	void (*kept)(void *impl);
	/* Take it up again, before the first scan. */
	int (*restore)(void *impl, const json_t *state, struct err *err);
	/* Where it is: generation (NULL before the first) and offset. */
	const uint8_t *(*position)(const void *impl, uint64_t *offset);
	/* Where it is in its own words; NULL where a position says all. */
	struct slice (*cursor)(const void *impl);
	void (*progress)(const void *impl, uint64_t *done, uint64_t *total);
	/* Stamp of the first line there is, or SOURCE_NO_TIME. */
	int64_t (*first)(const void *impl);
	/* Bytes not read yet in files that have no name any more: they take
	 * room on the disk as long as they are held. _let_go gives the oldest
	 * of them up, as a gap; false when there is none. NULL where a source
	 * holds nothing. */
	uint64_t (*held)(const void *impl);
	bool (*let_go)(void *impl);
	void (*close)(void *impl);
};

struct source {
	const struct source_spec *spec;
	const struct source_ops *ops;
	void *impl;
};

/* A new spec with copies of id and path (may be NULL), without patterns, or
 * NULL. _add_pattern copies. */
struct source_spec *source_spec_new(const char *id, const char *path);
int source_spec_add_pattern(struct source_spec *s, const char *pattern);
void source_spec_add_class(struct source_spec *s, enum rule_class class);
/* It is a program's own log: keeps a copy of what it needs of f. */
int source_spec_set_own(struct source_spec *s, const struct rule_file *f);
void source_spec_free(struct source_spec *s);

/* Open the source of a spec, which must outlive it: the journal when it names
 * one, standard input when it has no path, files else. */
int source_open(struct source *s, const struct source_spec *spec,
    struct crypto *c, struct err *err);
void source_close(struct source *s);

/* The name of a log without what rotation adds: .1, .2.gz, -20260703.gz, .old
 * and a date. Returns its length within name. */
size_t source_stem(const char *name);

#endif
