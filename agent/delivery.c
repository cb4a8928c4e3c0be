/* SPDX-License-Identifier: Apache-2.0 */
#include "delivery.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "assay/command.h"
#include "assay/log.h"

#include "publish_wait.h"

#define ONCE_US (INT64_C(15) * 1000000) /* without a delivery */
#define STOP_US (INT64_C(3) * 1000000)	/* the same, of a daemon that ends */
#define END_US (INT64_C(5) * 1000000)	/* for the client to end */

static int
make(struct delivery *d, const struct settings *s, struct err *err)
{
	struct publish_options o = {.spool = d->spool, .kafka = &s->kafka};

	d->publish = publish_new(&o, err);
	return d->publish ? 0 : -1;
}

int
delivery_start(struct delivery *d, const char *spool, const struct settings *s,
    struct err *err)
{
	*d = (struct delivery){.spool = strdup(spool), .clock = clock_new()};
	if (!d->spool || !d->clock)
		return err_set(err, "no memory for Kafka");
	return s->kafka.count > 0 ? make(d, s, err) : 0;
}

void
delivery_clear(struct delivery *d)
{
	publish_free(d->publish, END_US);
	clock_free(d->clock);
	free(d->spool);
	*d = (struct delivery){0};
}

/* ---- by the loop ---- */

static void
on_work(void *arg)
{
	struct delivery *d = arg;
	int64_t wait_us = publish_tick(
	    d->publish, clock_now_us(d->clock), clock_mono_us(d->clock));

	(void)loop_after(d->timer, wait_us);
}

int
delivery_watch(struct delivery *d, struct loop *loop)
{
	d->loop = loop;
	if (!d->publish)
		return 0;
	d->timer = loop_timer(loop, on_work, d);
	d->ready = loop_fd(loop, publish_fd(d->publish), LOOP_READ, on_work, d);
	return d->timer && d->ready ? loop_after(d->timer, 0) : -1;
}

void
delivery_unwatch(struct delivery *d)
{
	loop_watch_free(d->ready);
	loop_watch_free(d->timer);
	d->ready = d->timer = NULL;
	d->loop = NULL;
}

void
delivery_tick(struct delivery *d)
{
	if (d->publish)
		(void)publish_tick(d->publish, clock_now_us(d->clock),
		    clock_mono_us(d->clock));
}

/* ---- other settings ---- */

static int
begin(struct delivery *d, const struct settings *s, struct err *err)
{
	if (make(d, s, err) != 0)
		return -1;
	if (!d->loop || delivery_watch(d, d->loop) == 0)
		return 0;
	return err_set(err, "the loop does not take Kafka");
}

static void
end(struct delivery *d)
{
	struct loop *loop = d->loop;

	log_info("publish", "kafka is set up no more: nothing is sent");
	delivery_unwatch(d);
	d->loop = loop;
	/* A loop does not wait: what is left of the client ends by itself. */
	publish_free(d->publish, 0);
	d->publish = NULL;
}

int
delivery_reload(struct delivery *d, const struct settings *s, struct err *err)
{
	if (s->kafka.count == 0 && d->publish)
		end(d);
	if (s->kafka.count == 0)
		return 0;
	if (!d->publish)
		return begin(d, s, err);
	if (publish_set(d->publish, &s->kafka, err) != 0)
		return err_prefix(err, "kafka");
	return 0;
}

/* ---- the end ---- */

int
delivery_finish(struct delivery *d, bool once)
{
	struct publish_health h;

	if (!d->publish)
		return COMMAND_OK;
	publish_look(d->publish, &h);
	if (!once && h.state != PUBLISH_CONNECTED)
		return COMMAND_OK;
	if (publish_wait(d->publish, d->clock, once ? ONCE_US : STOP_US))
		return COMMAND_OK;
	publish_look(d->publish, &h);
	if (!once)
		return COMMAND_OK;
	log_errorx("run",
	    "%" PRIu64 " KiB of records were not delivered to Kafka (%s): %s; "
	    "they stay in the spool, and the next run sends them",
	    (h.unsent_bytes + 1023) / 1024, h.brokers,
	    h.problem ? h.problem : "there was no answer");
	return COMMAND_UNREACHABLE;
}

const struct publish_health *
delivery_look(const struct delivery *d, struct publish_health *health)
{
	if (!d->publish)
		return NULL;
	publish_look(d->publish, health);
	return health;
}

bool
delivery_makes_progress(const struct delivery *d)
{
	return !d->publish ||
	       publish_makes_progress(d->publish, clock_now_us(d->clock));
}
