/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "assay/ack.h"
#include "assay/encode.h"
#include "assay/log.h"

#include "publish_again.h"
#include "publish_parts.h"

#define LOOK_US 250000	   /* between two looks at the end of the spool */
#define RETRY_US 1000000   /* after the spool or the client refused */
#define ACK_US 250000	   /* between two acknowledgements */
#define REQUEST_US 2000000 /* between two looks for a request */
#define TURN 200	   /* records of one lane before the other's turn */
#define TURNS 10	   /* a tick */

/* ---- reading ---- */

static void
close_lane(struct publish_reading *l)
{
	spoolread_close(l->read);
	*l = (struct publish_reading){0};
}

void
publish_feed_clear(struct publish *p)
{
	for (size_t i = 0; i < PUBLISH_LANES; i++)
		close_lane(&p->lanes[i]);
}

int
publish_feed_start(struct publish *p, struct err *err)
{
	struct ack ack;
	int got = ack_read(p->spool, PUBLISH_READER, &ack, err);

	if (got < 0)
		log_warnx("publish",
		    "%s; everything the spool has is sent (again)", err->text);
	if (got == 1) {
		memcpy(p->read_at.epoch, ack.epoch, 16);
		p->read_at.sequence = ack.sequence;
		p->has_read_at = true;
		publish_window_set(p->window, PUBLISH_FIRST, &p->read_at);
	}
	return 0;
}

void
publish_feed_rewind(struct publish *p)
{
	const struct spoolread_position *at;

	publish_feed_clear(p);
	publish_window_forget(p->window);
	at = publish_window_acked(p->window, PUBLISH_FIRST);
	p->has_read_at = at != NULL;
	if (at)
		p->read_at = *at;
	p->again_read = false;
	p->full = false;
}

static int
open_lane(struct publish *p, enum publish_lane lane)
{
	struct publish_reading *l = &p->lanes[lane];
	struct err err;

	if (l->read)
		return 0;
	l->read = spoolread_open(
	    p->spool, publish_window_acked(p->window, lane), &err);
	if (l->read)
		return 0;
	l->look_mono_us = p->mono_us + RETRY_US;
	return -1;
}

/* The spool cannot be read: said once. */
static void
note_unread(struct publish *p, const struct err *err)
{
	if (!p->read_err.text[0])
		log_warnx("publish", "%s; it is tried again", err->text);
	p->read_err = *err;
}

/* The next record into l->held. */
static bool
take(struct publish *p, struct publish_reading *l)
{
	struct err err = {0};

	for (;;) {
		switch (spoolread_next(l->read, &l->held, &err)) {
		case SPOOLREAD_RECORD:
			l->has_held = true;
			p->read_err.text[0] = '\0';
			return true;
		case SPOOLREAD_DAMAGE:
			log_warnx("publish", "%s", err.text);
			continue;
		case SPOOLREAD_NOTHING:
			l->at_end = true;
			l->look_mono_us = p->mono_us + LOOK_US;
			return false;
		case SPOOLREAD_ERROR:
			note_unread(p, &err);
			l->look_mono_us = p->mono_us + RETRY_US;
			return false;
		}
	}
}

/* ---- handing over ---- */

static void
note_refused(
    struct publish *p, rd_kafka_resp_err_t code, const struct err *said)
{
	struct err why;

	if (code == RD_KAFKA_RESP_ERR__FATAL) {
		p->broken = true;
		return;
	}
	kafka_explain(&why, code, said->text);
	err_prefix(&why, "%s does not take a record",
	    kafka_value(p->kafka.list, p->kafka.count, "topic", KAFKA_TOPIC));
	publish_waits(p, &why);
}

/* Hand the held record over: false when it is not taken now. */
static bool
hand_over(struct publish *p, enum publish_lane lane)
{
	struct publish_reading *l = &p->lanes[lane];
	const struct spoolread_record *r = &l->held;
	char key[ENCODE_UUID_LEN + 1];
	struct spoolread_position at = {.sequence = r->sequence};
	rd_kafka_resp_err_t code;
	struct err err;

	if (!publish_window_has_room(p->window)) {
		p->full = true;
		return false;
	}
	encode_uuid(key, r->agent);
	switch (publish_client_send(p->client,
	    kafka_value(p->kafka.list, p->kafka.count, "topic", KAFKA_TOPIC),
	    slice_of(key), r->bytes, publish_window_serial(p->window), &code,
	    &err)) {
	case PUBLISH_CLIENT_SENT:
		break;
	case PUBLISH_CLIENT_FULL:
		p->full = true;
		return false;
	case PUBLISH_CLIENT_REFUSED:
		l->look_mono_us = p->mono_us + RETRY_US;
		note_refused(p, code, &err);
		return false;
	}
	if (publish_window_count(p->window) == 0)
		p->moved_mono_us = p->mono_us;
	memcpy(at.epoch, r->epoch, 16);
	publish_window_put(p->window, lane, &at, r->bytes.len);
	if (lane == PUBLISH_FIRST) {
		p->read_at = at;
		p->has_read_at = true;
	} else {
		p->again_sent++;
	}
	l->has_held = false;
	return true;
}

/* The pass ends where the first lane had been when it began. */
static bool
is_beyond(const struct publish *p, const struct spoolread_record *r)
{
	return !p->again_only &&
	       memcmp(r->epoch, p->again_until.epoch, 16) == 0 &&
	       r->sequence > p->again_until.sequence;
}

/* Some records of one lane; true when there is more. */
static bool
feed_lane(struct publish *p, enum publish_lane lane)
{
	struct publish_reading *l = &p->lanes[lane];

	if (p->mono_us < l->look_mono_us || open_lane(p, lane) != 0)
		return false;
	for (int i = 0; i < TURN; i++) {
		if (!l->has_held && !take(p, l))
			return false;
		l->at_end = false;
		if (lane == PUBLISH_AGAIN && is_beyond(p, &l->held)) {
			l->has_held = false;
			l->at_end = true;
			return false;
		}
		if (!hand_over(p, lane))
			return false;
	}
	return true;
}

bool
publish_feed(struct publish *p)
{
	bool more = true;

	for (int i = 0; more && i < TURNS && !p->full && !p->broken; i++) {
		more = false;
		if (!p->again_only)
			more = feed_lane(p, PUBLISH_FIRST);
		if (p->again && !p->again_read && !p->full) {
			more |= feed_lane(p, PUBLISH_AGAIN);
			p->again_read = p->lanes[PUBLISH_AGAIN].at_end;
		}
	}
	return more && !p->full && !p->broken;
}

/* ---- acknowledging ---- */

void
publish_feed_ack(struct publish *p, bool now)
{
	const struct spoolread_position *at =
	    publish_window_acked(p->window, PUBLISH_FIRST);
	struct err err;
	struct ack ack;

	if (!p->acked_dirty || !at ||
	    (!now && p->mono_us - p->acked_mono_us < ACK_US &&
		publish_window_count(p->window) > 0))
		return;
	p->acked_mono_us = p->mono_us;
	memcpy(ack.epoch, at->epoch, 16);
	ack.sequence = at->sequence;
	if (ack_write(p->spool, PUBLISH_READER, &ack, &err) == 0) {
		p->acked_dirty = false;
		p->acked_us = p->now_us;
		p->ack_err.text[0] = '\0';
		return;
	}
	if (!p->ack_err.text[0])
		log_warnx("publish",
		    "what was delivered cannot be acknowledged: %s; it is "
		    "tried again",
		    err.text);
	p->ack_err = err;
}

/* ---- sending again ---- */

void
publish_feed_again(struct publish *p, const struct spoolread_position *from)
{
	struct spoolread_position before = *from;

	p->again = true;
	/* Where nothing was ever sent the first lane sends it all. */
	p->again_read = !p->again_only && !p->has_read_at;
	p->again_sent = 0;
	p->again_until = p->read_at;
	before.sequence--;
	close_lane(&p->lanes[PUBLISH_AGAIN]);
	publish_window_set(p->window, PUBLISH_AGAIN, &before);
	log_info("publish",
	    "records from %" PRIu64 " on are sent again, as asked for",
	    from->sequence);
}

static void
end_again(struct publish *p)
{
	struct err err;

	if (publish_again_remove(p->spool, &err) != 0) {
		if (!p->again_err.text[0])
			log_warnx("publish", "%s; it is tried again", err.text);
		p->again_err = err;
		return;
	}
	log_info(
	    "publish", "%" PRIu64 " records were sent again", p->again_sent);
	p->again = false;
	p->again_err.text[0] = '\0';
	close_lane(&p->lanes[PUBLISH_AGAIN]);
	publish_window_set(p->window, PUBLISH_AGAIN, NULL);
}

void
publish_feed_requests(struct publish *p)
{
	struct spoolread_position from;
	struct err err = {0};
	int got;

	if (p->again && p->again_read &&
	    publish_window_lane_count(p->window, PUBLISH_AGAIN) == 0)
		end_again(p);
	if (p->again || p->mono_us - p->again_mono_us < REQUEST_US)
		return;
	p->again_mono_us = p->mono_us;
	got = publish_again_read(p->spool, &from, &err);
	if (got == 1)
		publish_feed_again(p, &from);
	else if (got < 0 && strcmp(err.text, p->again_err.text) != 0) {
		log_warnx("publish", "%s", err.text);
		p->again_err = err;
	}
}
