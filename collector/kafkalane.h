/* SPDX-License-Identifier: Apache-2.0 */
/* kafkalane: one partition of a topic as a lane: its name, the text of its
 * position, and what a stored position means for a partition as it is found.
 *
 * An offset alone proves nothing: a topic that was deleted and made again has
 * the same numbers for other records, and librdkafka reads on there without a
 * word. So a position also names the cluster and a *mark*: a message that was
 * read, by its offset, its time and a CRC of its bytes. Only where the mark
 * still stands is it the same partition. Reading begins with that proof, which
 * is made again each minute; only then does the mark move, to what was read
 * before it. So all that was read since a topic was made again has a mark of
 * the old one, and is found out. Pure. */
#ifndef COLLECTOR_KAFKALANE_H
#define COLLECTOR_KAFKALANE_H

#include <stdbool.h>
#include <stdint.h>

#include "assay/err.h"
#include "assay/slice.h"
#include "stream.h"

#define KAFKALANE_CLUSTER_MAX 48

struct kafkalane_mark {
	int64_t offset;
	int64_t ms; /* -1: the message has no time */
	uint32_t crc;
};

struct kafkalane_position {
	int64_t next;		    /* the offset to read next */
	struct kafkalane_mark mark; /* before next */
	bool has_mark;
	/* Of the cluster's id what a position may hold; "" not known. */
	char cluster[KAFKALANE_CLUSTER_MAX + 1];
};

/* The lane of a partition: "kafka:TOPIC:PARTITION". The caller frees it; NULL
 * when memory is short. */
char *kafkalane_name(const char *topic, int32_t partition);

/* Keep id as the cluster of a position: bytes that a position cannot hold
 * become '?', and so much as fits. */
void kafkalane_set_cluster(struct kafkalane_position *p, const char *id);

/* "<next, 20 digits>@<cluster>", with a mark
 * "<next>/<its offset>/<its ms>/<its CRC, 8 hex>@<cluster>". Parsing takes
 * exactly what formatting makes; false leaves *p. */
void kafkalane_format(
    const struct kafkalane_position *p, char text[STREAM_POSITION_MAX]);
bool kafkalane_parse(struct slice text, struct kafkalane_position *p);

/* A partition as it is found. */
struct kafkalane_facts {
	int64_t low, high; /* the first offset there is, and the next to come */
	const char *cluster; /* id; NULL not known */
};

enum kafkalane_verdict {
	KAFKALANE_BEGIN, /* never read: from its beginning */
	KAFKALANE_GO_ON, /* from where it stands */
	KAFKALANE_PROVE, /* from the mark, to compare; then from where it is */
	KAFKALANE_GAP,	 /* what comes next is gone: from its beginning */
	KAFKALANE_ANEW,	 /* another partition of that name: so too */
};

/* Where to start to read, and why. stored NULL: there is no position. denied:
 * the mark was compared and is another message. With GAP and ANEW err says
 * what happened. */
enum kafkalane_verdict kafkalane_decide(const struct kafkalane_position *stored,
    bool denied, const struct kafkalane_facts *facts, int64_t *start,
    struct err *err);

enum kafkalane_proof {
	KAFKALANE_SAME,	  /* it is the message of the mark */
	KAFKALANE_OTHER,  /* another one stands in its place */
	KAFKALANE_ABSENT, /* it is not there any more, which proves nothing */
};

/* The first message that came when reading from the mark on. */
enum kafkalane_proof kafkalane_prove(
    const struct kafkalane_position *p, const struct kafkalane_mark *found);

/* Stand behind a message; it becomes the mark if there is none. */
void kafkalane_pass(
    struct kafkalane_position *p, const struct kafkalane_mark *read);

#endif
