/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "assay/log.h"

#include "publish_parts.h"

#define REASON_US (60 * PUBLISH_SECOND_US) /* so long a reason explains */
#define TELL_US (3600 * PUBLISH_SECOND_US) /* the same is said again */

const char *
publish_brokers(const struct publish *p)
{
	const struct kafka_properties *k = &p->kafka;

	return kafka_value(k->list, k->count, "bootstrap.servers",
	    kafka_value(k->list, k->count, "metadata.broker.list", "?"));
}

/* ---- state, as people are told ---- */

static void
set_state(struct publish *p, enum publish_state state)
{
	if (p->state == state)
		return;
	p->state = state;
	p->since_us = p->now_us;
}

void
publish_waits(struct publish *p, const struct err *why)
{
	bool new = p->state != PUBLISH_WAITING ||
		   strcmp(p->problem.text, why->text) != 0;

	/* Reasons that take turns are no news. */
	if (p->state != PUBLISH_WAITING || p->told_mono_us == 0 ||
	    (new && p->mono_us - p->told_mono_us >= PUBLISH_SLOW_US) ||
	    p->mono_us - p->told_mono_us >= TELL_US) {
		log_warnx(
		    "publish", "%s; records wait in the spool", why->text);
		p->told_mono_us = p->mono_us;
	}
	p->problem = *why;
	set_state(p, PUBLISH_WAITING);
}

static void
note_delivery(struct publish *p)
{
	p->moved_mono_us = p->mono_us;
	p->backoff_us = PUBLISH_BACKOFF_US;
	p->delivered++;
	p->full = false;
	p->doubt_mono_us = 0;
	if (p->state == PUBLISH_CONNECTED)
		return;
	log_info("publish", "records are delivered to %s%s", publish_brokers(p),
	    p->state == PUBLISH_WAITING ? " again" : "");
	set_state(p, PUBLISH_CONNECTED);
	p->problem.text[0] = p->reason.text[0] = '\0';
	p->told_mono_us = 0;
}

/* ---- what a client tells ---- */

static void
on_delivered(void *arg, uint64_t serial)
{
	struct publish *p = arg;

	note_delivery(p);
	if (publish_window_delivered(p->window, serial))
		p->acked_dirty = true;
}

static void
on_lost(void *arg, uint64_t serial, rd_kafka_resp_err_t code, const char *said)
{
	struct publish *p = arg;
	struct err why;

	(void)serial;
	/* The others are given up with the first. */
	if (p->broken)
		return;
	p->broken = true;
	kafka_explain(&why, code, said);
	err_prefix(&why, "%s does not take a record",
	    kafka_value(p->kafka.list, p->kafka.count, "topic", KAFKA_TOPIC));
	p->reason = why;
	p->reason_mono_us = p->mono_us;
	publish_waits(p, &why);
}

bool
publish_knows_reason(const struct publish *p)
{
	return p->reason.text[0] && p->mono_us - p->reason_mono_us < REASON_US;
}

/* A certificate's own reason says more than that the handshake failed. */
static bool
knows_better(const struct publish *p, const char *said)
{
	return publish_knows_reason(p) &&
	       strstr(p->reason.text, "certificate") &&
	       strstr(said, "certificate verify failed");
}

/* No connection is left. That happens, and is mended at once more often than
 * not: it is a doubt until a connection fails or records really wait. */
static void
note_all_down(struct publish *p)
{
	struct err why;

	if (p->state == PUBLISH_CONNECTED && p->doubt_mono_us == 0) {
		p->doubt_mono_us = p->mono_us;
		return;
	}
	err_set(&why, "%s: no broker can be reached", publish_brokers(p));
	publish_waits(p, publish_knows_reason(p) ? &p->reason : &why);
}

static void
on_error(void *arg, rd_kafka_resp_err_t code, const char *said, bool fatal)
{
	struct publish *p = arg;
	struct err why;

	kafka_explain(&why, code, said);
	if (fatal) {
		log_warnx("publish",
		    "%s; the client is made anew and sends again what was not "
		    "acknowledged",
		    why.text);
		p->broken = true;
		p->reason = why;
	} else if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
		note_all_down(p);
		return;
	} else if (!knows_better(p, said)) {
		p->reason = why;
	}
	p->reason_mono_us = p->mono_us;
	/* With other brokers that work it is no reason to wait. */
	if (p->state != PUBLISH_CONNECTED || p->doubt_mono_us != 0)
		publish_waits(p, &p->reason);
}

static void
on_log(void *arg, int level, const char *facility, const char *text)
{
	struct publish *p = arg;

	if (!strcmp(facility, "SSLCERTVRFY")) {
		kafka_explain(&p->reason, RD_KAFKA_RESP_ERR__SSL, text);
		p->reason_mono_us = p->mono_us;
	}
	/* Only who set `debug` gets these. */
	if (level >= LOG_AT_DEBUG)
		log_info("publish", "librdkafka: %s: %s", facility, text);
	else if (!strcmp(facility, "CONFWARN") && p->clients <= 1)
		log_warnx("publish", "librdkafka: %s", text);
	else
		log_debug("publish", "librdkafka: %s: %s", facility, text);
}

const struct publish_client_events publish_events = {
    .delivered = on_delivered,
    .lost = on_lost,
    .error = on_error,
    .log = on_log,
};
