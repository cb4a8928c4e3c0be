/* SPDX-License-Identifier: Apache-2.0 */
/* stream: where records come from. A stream has lanes; a lane is an unbroken
 * series with positions (a Kafka partition; one agent's spool). Positions are
 * text that only the stream understands and only the store keeps: they move in
 * the same transaction as the records they stand for. Order across lanes means
 * nothing. A record may come twice, and is never left out. */
#ifndef COLLECTOR_STREAM_H
#define COLLECTOR_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "assay/buf.h"
#include "assay/err.h"
#include "assay/slice.h"

#define STREAM_POSITION_MAX 128
#define STREAM_NAME_MAX 320

enum stream_got {
	STREAM_ERROR = -1,  /* cannot be read now; try later */
	STREAM_NOTHING = 0, /* no more now; ask again later */
	STREAM_RECORD = 1,
	STREAM_DAMAGE = 2, /* err says what is broken; it goes on behind it */
};

struct stream_item {
	const char *lane;   /* borrows until stream_close */
	struct slice bytes; /* borrows until the next call; empty for damage */
	char at[STREAM_POSITION_MAX];	/* where these bytes are */
	char next[STREAM_POSITION_MAX]; /* where the lane stands after them;
					 * "" when it has not moved */
	bool has_agent; /* the lane says whose records it carries */
	uint8_t agent[16];
	const char *fault; /* why this can be no record, whatever it holds;
			    * NULL. Static text */
};

/* What is refused of a lane: for those who watch the stream itself. */
struct stream_refused {
	const char *lane, *at;
	const char *code, *reason; /* as in the store's dead letters */
	struct slice bytes;
};

/* How a stream is, for people. */
struct stream_state {
	char name[STREAM_NAME_MAX]; /* what it reads, and where */
	char words[1024];	    /* what it does, or why it cannot */
	bool trouble;		    /* it cannot */
	bool insecure; /* others may read along, because a person said so */
	uint64_t lanes;
	uint64_t behind; /* records there that were not read, if it knows */
};

/* What a kind of stream must do; each exports one of these by its open. */
struct stream_ops {
	enum stream_got (*next)(
	    void *impl, struct stream_item *item, struct err *err);
	bool (*has)(const void *impl, const char *lane);
	int (*stored)(void *impl, const char *lane, const char *position,
	    struct err *err);
	int (*rewind)(void *impl, struct err *err);
	bool (*done)(const void *impl);
	void (*refused)(void *impl, const struct stream_refused *what);
	void (*look)(const void *impl, struct stream_state *state);
	void (*progress)(const void *impl, uint64_t *done, uint64_t *total);
	void (*close)(void *impl);
};

struct stream;

/* Append the stored position of a lane to out: 1, 0 when there is none (the
 * lane begins at its beginning), -1. A stream asks when it finds a lane: while
 * it is opened, rewound, or asked for the next item. */
typedef int stream_position_fn(
    void *arg, const char *lane, struct buf *out, struct err *err);

/* A new stream over impl; takes impl, also on failure. NULL when memory is
 * short. For the modules that are a kind of stream. */
struct stream *stream_new(
    const struct stream_ops *ops, void *impl, struct err *err);

enum stream_got stream_next(
    struct stream *s, struct stream_item *item, struct err *err);

/* Is this lane one of the stream's? */
bool stream_has(const struct stream *s, const char *lane);

/* Everything of the lane up to position is safe in the store. A failure is only
 * worth a word: the other side keeps what it has longer. */
int stream_stored(
    struct stream *s, const char *lane, const char *position, struct err *err);

/* Forget what was given since the last stored position of each lane, and give
 * it again: the store did not take it. */
int stream_rewind(struct stream *s, struct err *err);

/* All that was there when it was opened has been given. Until then NOTHING
 * means only that it has not come yet. */
bool stream_done(const struct stream *s);

/* Something of a lane was refused and is among the dead letters; a stream that
 * has a place for a copy sends one, without waiting. What is lost or twice
 * there is in the store once. */
void stream_refuse(struct stream *s, const struct stream_refused *what);

/* How it is. */
void stream_look(const struct stream *s, struct stream_state *state);

/* How far it is: bytes read of the bytes that are there now. */
void stream_progress(const struct stream *s, uint64_t *done, uint64_t *total);
void stream_close(struct stream *s);

#endif
