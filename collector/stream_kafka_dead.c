/* SPDX-License-Identifier: Apache-2.0 */
#include "stream_kafka_dead.h"

#include <stdlib.h>
#include <string.h>

#include "assay/log.h"
#include "assay/record.h"
#include "stream_kafka_client.h"

#define FLUSH_MS 2000
#define WAIT_MS 3000

struct stream_kafka_dead {
	const struct kafka_properties *kafka;
	rd_kafka_t *rk;
	rd_kafka_queue_t *events;
	bool broken; /* no producer can be made: said once */
	bool losing; /* the last one was lost: said once */
	struct stream_kafka_dead_counts counts;
};

static const struct kafka_property defaults[] = {
    {"client.id", "assay-collector-dead", ""},
    {"message.timeout.ms", "30000", ""},
    {"queue.buffering.max.messages", "1000", ""},
    {"queue.buffering.max.kbytes", "8192", ""},
    {"message.send.max.retries", "3", ""},
};

struct stream_kafka_dead *
stream_kafka_dead_new(const struct kafka_properties *kafka)
{
	struct stream_kafka_dead *d = calloc(1, sizeof *d);

	if (d)
		d->kafka = kafka;
	return d;
}

void
stream_kafka_dead_free(struct stream_kafka_dead *d)
{
	if (!d)
		return;
	if (d->rk) {
		rd_kafka_queue_destroy(d->events);
		stream_kafka_client_end(d->rk, FLUSH_MS, WAIT_MS);
	}
	free(d);
}

static int
make_producer(struct stream_kafka_dead *d, struct err *err)
{
	rd_kafka_conf_t *conf = kafka_conf_new(d->kafka->list, d->kafka->count,
	    defaults, sizeof defaults / sizeof *defaults, err);
	char said[512] = "";

	if (!conf)
		return -1;
	rd_kafka_conf_set_events(conf,
	    RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG);
	d->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, said, sizeof said);
	if (!d->rk) {
		rd_kafka_conf_destroy(conf);
		return err_set(err, "%s", said);
	}
	(void)rd_kafka_set_log_queue(d->rk, NULL);
	d->events = rd_kafka_queue_get_main(d->rk);
	return 0;
}

/* Once for each time it begins. */
static void
lose(struct stream_kafka_dead *d, const char *why)
{
	d->counts.lost++;
	if (!d->losing)
		log_warnx("kafka",
		    "a dead letter is not copied to its topic, the store has "
		    "it: %s",
		    why);
	d->losing = true;
}

void
stream_kafka_dead_send(
    struct stream_kafka_dead *d, const struct stream_refused *what)
{
	struct slice bytes = what->bytes;
	struct err err = {0};
	rd_kafka_resp_err_t code;

	if (!d->rk && (d->broken || make_producer(d, &err))) {
		d->broken = true;
		lose(d, err.text);
		return;
	}
	stream_kafka_dead_serve(d);
	if (bytes.len > RECORD_MAX)
		bytes.len = RECORD_MAX;
	code = rd_kafka_producev(d->rk,
	    RD_KAFKA_V_TOPIC(kafka_value(d->kafka->list, d->kafka->count,
		"dead_topic", KAFKA_DEAD_TOPIC)),
	    RD_KAFKA_V_KEY(what->lane, strlen(what->lane)),
	    RD_KAFKA_V_VALUE((void *)(uintptr_t)bytes.ptr, bytes.len),
	    RD_KAFKA_V_HEADER("assay-lane", what->lane, -1),
	    RD_KAFKA_V_HEADER("assay-position", what->at, -1),
	    RD_KAFKA_V_HEADER("assay-code", what->code, -1),
	    RD_KAFKA_V_HEADER("assay-reason", what->reason, -1),
	    RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
	if (code)
		lose(d, rd_kafka_err2str(code));
}

static void
count_reports(struct stream_kafka_dead *d, rd_kafka_event_t *ev)
{
	const rd_kafka_message_t *m;

	while ((m = rd_kafka_event_message_next(ev))) {
		if (m->err) {
			lose(d, rd_kafka_err2str(m->err));
			continue;
		}
		d->counts.sent++;
		d->losing = false;
	}
}

void
stream_kafka_dead_serve(struct stream_kafka_dead *d)
{
	rd_kafka_event_t *ev;

	while (d->rk && (ev = rd_kafka_queue_poll(d->events, 0))) {
		if (rd_kafka_event_type(ev) == RD_KAFKA_EVENT_DR)
			count_reports(d, ev);
		rd_kafka_event_destroy(ev);
	}
}

struct stream_kafka_dead_counts
stream_kafka_dead_counts(const struct stream_kafka_dead *d)
{
	return d->counts;
}
