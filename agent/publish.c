/* SPDX-License-Identifier: Apache-2.0 */
#include "publish.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "assay/log.h"

#include "publish_conf.h"
#include "publish_files.h"
#include "publish_parts.h"

#define WINDOW_MAX ((size_t)1 << 17)
#define EVENTS_A_TICK 1000
#define BACKOFF_MAX_US (60 * PUBLISH_SECOND_US)
/* Nothing was delivered: a new client is made. */
#define STALL_US (600 * PUBLISH_SECOND_US)
/* There is no connection: that is said. */
#define DOUBT_US (5 * PUBLISH_SECOND_US)
/* The clock was set by more than this. */
#define STEP_US PUBLISH_SECOND_US
/* So long a client may take to end. */
#define GRAVE_US (10 * PUBLISH_SECOND_US)
#define STUCK_MAX 8
#define FILES_US (10 * PUBLISH_SECOND_US)
#define UNREAD_US (5 * PUBLISH_SECOND_US)
#define IDLE_US PUBLISH_SECOND_US
#define TICKED_US (120 * PUBLISH_SECOND_US)

/* ---- clients ---- */

static void
look_at_graves(struct publish *p)
{
	for (size_t i = 0; i < PUBLISH_GRAVES; i++) {
		if (!p->graves[i])
			continue;
		if (publish_grave_is_closed(p->graves[i])) {
			p->graves[i] = NULL;
		} else if (p->mono_us - p->grave_mono_us[i] >= GRAVE_US) {
			log_warnx("publish",
			    "a Kafka client does not end; it is left as it "
			    "is");
			publish_grave_leave(p->graves[i]);
			p->graves[i] = NULL;
			p->stuck++;
		}
	}
}

static bool
has_graves(const struct publish *p, size_t most)
{
	size_t count = 0;

	for (size_t i = 0; i < PUBLISH_GRAVES; i++)
		count += p->graves[i] != NULL;
	return count > most;
}

static void
retire(struct publish *p)
{
	bool stuck;
	struct publish_grave *g = publish_client_retire(p->client, &stuck);

	p->client = NULL;
	p->stuck += stuck;
	for (size_t i = 0; g && i < PUBLISH_GRAVES; i++)
		if (!p->graves[i]) {
			p->graves[i] = g;
			p->grave_mono_us[i] = p->mono_us;
			g = NULL;
		}
	if (g) {
		publish_grave_leave(g);
		p->stuck++;
	}
	publish_feed_rewind(p);
}

static struct publish_client *
make(struct publish *p, const struct kafka_properties *k, struct err *err)
{
	rd_kafka_conf_t *conf = publish_conf_new(k, err);

	return conf ? publish_client_new(conf, p->wake[1], err) : NULL;
}

/* Work with this client from now on. */
static void
adopt(struct publish *p, struct publish_client *client)
{
	p->client = client;
	p->clients++;
	p->broken = false;
	p->moved_mono_us = p->mono_us;
	p->doubt_mono_us = 0;
	p->files = p->files_seen = publish_files_look(&p->kafka);
}

static void
back_off(struct publish *p)
{
	p->retry_mono_us = p->mono_us + p->backoff_us;
	p->backoff_us *= 2;
	if (p->backoff_us > BACKOFF_MAX_US)
		p->backoff_us = BACKOFF_MAX_US;
}

static void
make_client(struct publish *p)
{
	struct err err = {0};
	struct publish_client *client;

	/* The one before may still send what this one would. */
	if (p->mono_us < p->retry_mono_us || has_graves(p, 0) ||
	    p->stuck > STUCK_MAX)
		return;
	client = make(p, &p->kafka, &err);
	if (client) {
		adopt(p, client);
		return;
	}
	publish_waits(p, &err);
	back_off(p);
}

/* Another client takes over where the last acknowledgement is. */
static void
renew(struct publish *p, const char *why)
{
	log_info("publish", "%s: the Kafka client is made anew", why);
	retire(p);
	p->retry_mono_us = p->mono_us;
}

static void
watch_clock(struct publish *p, int64_t now_us, int64_t mono_us)
{
	int64_t step_us = now_us - p->now_us - (mono_us - p->mono_us);
	bool first = p->now_us == 0;

	p->now_us = now_us;
	p->mono_us = mono_us;
	if (first && p->since_us == 0)
		p->since_us = now_us;
	/* Its timers live on the wall clock. */
	if (!first && p->client && (step_us >= STEP_US || step_us <= -STEP_US))
		renew(p, "the clock was set");
}

/* A file is taken when it stayed the same for a look. */
static void
watch_files(struct publish *p)
{
	struct publish_client *client;
	uint64_t now, seen = p->files_seen;
	struct err err;

	if (p->mono_us - p->files_mono_us < FILES_US)
		return;
	p->files_mono_us = p->mono_us;
	now = publish_files_look(&p->kafka);
	p->files_seen = now;
	if (now == p->files || now != seen || has_graves(p, 1))
		return;
	client = make(p, &p->kafka, &err);
	p->files = now;
	if (!client) {
		log_warnx("publish",
		    "the certificate files changed, and %s; the client from "
		    "before goes on",
		    err.text);
		return;
	}
	log_info("publish", "the certificate files changed: the Kafka client "
			    "is made anew");
	retire(p);
	adopt(p, client);
}

static void
watch_delivery(struct publish *p)
{
	int64_t still_us = p->mono_us - p->moved_mono_us;
	struct err why;

	if (publish_window_count(p->window) == 0) {
		p->moved_mono_us = p->mono_us;
		return;
	}
	if (still_us >= STALL_US) {
		renew(p, "nothing was delivered for 10 minutes");
		return;
	}
	if (p->state == PUBLISH_WAITING ||
	    (still_us < PUBLISH_SLOW_US &&
		(p->doubt_mono_us == 0 || still_us < DOUBT_US)))
		return;
	if (publish_knows_reason(p))
		why = p->reason;
	else if (p->doubt_mono_us != 0)
		err_set(
		    &why, "%s: no broker can be reached", publish_brokers(p));
	else
		err_set(&why,
		    "%s: no record was acknowledged for a minute: does the "
		    "topic %s have a leader and enough replicas in sync?",
		    publish_brokers(p),
		    kafka_value(
			p->kafka.list, p->kafka.count, "topic", KAFKA_TOPIC));
	publish_waits(p, &why);
}

/* ---- life ---- */

struct publish *
publish_new(const struct publish_options *o, struct err *err)
{
	struct publish *p = calloc(1, sizeof *p);
	rd_kafka_conf_t *conf;

	if (!p) {
		err_set(err, "no memory for Kafka");
		return NULL;
	}
	p->wake[0] = p->wake[1] = -1;
	p->backoff_us = PUBLISH_BACKOFF_US;
	p->window = publish_window_new(WINDOW_MAX);
	p->spool = strdup(o->spool);
	if (!p->window || !p->spool ||
	    kafka_properties_copy(&p->kafka, o->kafka) != 0) {
		err_set(err, "no memory for Kafka");
		goto fail;
	}
	if (pipe2(p->wake, O_NONBLOCK | O_CLOEXEC) != 0) {
		err_sys(err, "no pipe for Kafka");
		goto fail;
	}
	conf = publish_conf_new(&p->kafka, err);
	if (!conf)
		goto fail;
	rd_kafka_conf_destroy(conf);
	if (publish_feed_start(p, err) != 0)
		goto fail;
	p->again_only = o->again != NULL;
	if (o->again)
		publish_feed_again(p, o->again);
	return p;
fail:
	publish_free(p, 0);
	return NULL;
}

/* Wait for what was retired. */
static void
wait_for_graves(struct publish *p, int64_t wait_us)
{
	const int64_t nap_us = 5000;

	while (look_at_graves(p), has_graves(p, 0) && wait_us > 0) {
		usleep(nap_us);
		wait_us -= nap_us;
	}
	for (size_t i = 0; i < PUBLISH_GRAVES; i++)
		if (p->graves[i])
			publish_grave_leave(p->graves[i]);
}

void
publish_free(struct publish *p, int64_t wait_us)
{
	if (!p)
		return;
	if (p->window)
		publish_feed_ack(p, true);
	if (p->client)
		retire(p);
	wait_for_graves(p, wait_us);
	publish_feed_clear(p);
	publish_window_free(p->window);
	kafka_properties_clear(&p->kafka);
	for (int i = 0; i < 2; i++)
		if (p->wake[i] >= 0)
			close(p->wake[i]);
	free(p->spool);
	free(p);
}

int
publish_fd(const struct publish *p)
{
	return p->wake[0];
}

static void
drain(struct publish *p)
{
	char bytes[256];

	while (read(p->wake[0], bytes, sizeof bytes) > 0)
		;
}

static int64_t
next_wake(const struct publish *p, bool more)
{
	if (more)
		return 0;
	if (p->full)
		return IDLE_US;
	for (size_t i = 0; i < PUBLISH_LANES; i++)
		if (p->lanes[i].read && !p->lanes[i].at_end)
			return IDLE_US / 4;
	return p->acked_dirty ? IDLE_US / 4 : IDLE_US;
}

int64_t
publish_tick(struct publish *p, int64_t now_us, int64_t mono_us)
{
	bool more = false;

	watch_clock(p, now_us, mono_us);
	drain(p);
	if (p->client)
		more = publish_client_serve(p->client, &publish_events, p,
			   EVENTS_A_TICK) == EVENTS_A_TICK;
	look_at_graves(p);
	if (p->broken && p->client) {
		retire(p);
		back_off(p);
	}
	if (p->client) {
		watch_delivery(p);
		watch_files(p);
	}
	if (!p->client)
		make_client(p);
	publish_feed_requests(p);
	if (p->client)
		more |= publish_feed(p);
	publish_feed_ack(p, false);
	return next_wake(p, more);
}

void
publish_hint(struct publish *p)
{
	for (size_t i = 0; i < PUBLISH_LANES; i++) {
		p->lanes[i].look_mono_us = 0;
		p->lanes[i].at_end = false;
	}
	p->unread_mono_us = 0;
}

int
publish_set(
    struct publish *p, const struct kafka_properties *kafka, struct err *err)
{
	struct kafka_properties copy;
	struct publish_client *client;

	if (kafka_properties_equal(&p->kafka, kafka))
		return 0;
	if (kafka_properties_copy(&copy, kafka) != 0)
		return err_set(err, "no memory for the settings of Kafka");
	client = make(p, &copy, err);
	if (!client) {
		kafka_properties_clear(&copy);
		return -1;
	}
	if (p->client)
		retire(p);
	kafka_properties_clear(&p->kafka);
	p->kafka = copy;
	p->backoff_us = PUBLISH_BACKOFF_US;
	p->reason.text[0] = '\0';
	adopt(p, client);
	return 0;
}

bool
publish_is_done(const struct publish *p)
{
	const struct publish_reading *l = &p->lanes[PUBLISH_FIRST];

	return !p->again && publish_window_count(p->window) == 0 &&
	       !p->acked_dirty &&
	       (p->again_only || (l->at_end && !l->has_held));
}

bool
publish_makes_progress(const struct publish *p, int64_t now_us)
{
	return p->stuck <= STUCK_MAX && now_us - p->now_us < TICKED_US;
}

/* What is behind the first lane; it takes a look at every segment. */
static void
measure_unread(struct publish *p)
{
	const struct spoolread *read = p->lanes[PUBLISH_FIRST].read;
	uint64_t done = 0, total = 0;

	if (!read || (p->unread_mono_us != 0 &&
			 p->mono_us - p->unread_mono_us < UNREAD_US))
		return;
	spoolread_progress(read, &done, &total);
	p->unread = total > done ? total - done : 0;
	p->unread_mono_us = p->mono_us;
}

void
publish_look(struct publish *p, struct publish_health *health)
{
	const struct spoolread_position *at =
	    publish_window_acked(p->window, PUBLISH_FIRST);

	measure_unread(p);
	*health = (struct publish_health){.state = p->state,
	    .since_us = p->since_us,
	    .problem = p->problem.text[0] ? p->problem.text : NULL,
	    .brokers = publish_brokers(p),
	    .topic = kafka_value(
		p->kafka.list, p->kafka.count, "topic", KAFKA_TOPIC),
	    .insecure = kafka_is_insecure(p->kafka.list, p->kafka.count),
	    .queued = publish_window_count(p->window),
	    .unsent_bytes = p->unread + publish_window_bytes(p->window),
	    .delivered = p->delivered,
	    .clients = p->clients,
	    .stuck = p->stuck,
	    .has_acked = at != NULL,
	    .acked_us = p->acked_us,
	    .again = p->again,
	    .again_sent = p->again_sent};
	if (!health->problem && p->ack_err.text[0])
		health->problem = p->ack_err.text;
	if (!health->problem && p->read_err.text[0])
		health->problem = p->read_err.text;
	if (at) {
		memcpy(health->acked_epoch, at->epoch, 16);
		health->acked_sequence = at->sequence;
	}
}
