/* SPDX-License-Identifier: Apache-2.0 */
#include "publish_client.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

struct publish_client {
	rd_kafka_t *rk;
	rd_kafka_queue_t *queue;
};

/* Shared by the thread that destroys and who waits for it; the last to leave
 * frees it. */
struct publish_grave {
	rd_kafka_t *rk;
	atomic_bool closed;
	atomic_int users;
};

#define EVENTS                                                           \
	(RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG | \
	    RD_KAFKA_EVENT_STATS)

struct publish_client *
publish_client_new(rd_kafka_conf_t *conf, int wake_fd, struct err *err)
{
	struct publish_client *c = calloc(1, sizeof *c);
	char said[512] = "";

	if (!c) {
		rd_kafka_conf_destroy(conf);
		err_set(err, "no memory for a Kafka client");
		return NULL;
	}
	rd_kafka_conf_set_events(conf, EVENTS);
	c->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, said, sizeof said);
	if (!c->rk) {
		rd_kafka_conf_destroy(conf);
		free(c);
		err_set(err, "no Kafka client can be made: %s", said);
		return NULL;
	}
	c->queue = rd_kafka_queue_get_main(c->rk);
	(void)rd_kafka_set_log_queue(c->rk, NULL);
	if (wake_fd >= 0)
		rd_kafka_queue_io_event_enable(c->queue, wake_fd, "k", 1);
	return c;
}

rd_kafka_t *
publish_client_handle(struct publish_client *c)
{
	return c->rk;
}

/* ---- events ---- */

static void
tell_reports(
    rd_kafka_event_t *ev, const struct publish_client_events *events, void *arg)
{
	const rd_kafka_message_t *m;

	while ((m = rd_kafka_event_message_next(ev))) {
		uint64_t serial = (uint64_t)(uintptr_t)m->_private;

		if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR)
			events->delivered(arg, serial);
		else
			events->lost(
			    arg, serial, m->err, rd_kafka_err2str(m->err));
	}
}

static void
tell_error(struct publish_client *c, rd_kafka_event_t *ev,
    const struct publish_client_events *events, void *arg)
{
	rd_kafka_resp_err_t code = rd_kafka_event_error(ev);
	char said[512] = "";

	if (code == RD_KAFKA_RESP_ERR__FATAL) {
		code = rd_kafka_fatal_error(c->rk, said, sizeof said);
		events->error(arg, code, said, true);
	} else {
		events->error(
		    arg, code, rd_kafka_event_error_string(ev), false);
	}
}

static void
tell(struct publish_client *c, rd_kafka_event_t *ev,
    const struct publish_client_events *events, void *arg)
{
	const char *facility, *text;
	int level;

	switch (rd_kafka_event_type(ev)) {
	case RD_KAFKA_EVENT_DR:
		tell_reports(ev, events, arg);
		break;
	case RD_KAFKA_EVENT_ERROR:
		tell_error(c, ev, events, arg);
		break;
	case RD_KAFKA_EVENT_LOG:
		if (rd_kafka_event_log(ev, &facility, &text, &level) == 0)
			events->log(arg, level, facility, text);
		break;
	default:
		break;
	}
}

size_t
publish_client_serve(struct publish_client *c,
    const struct publish_client_events *events, void *arg, size_t most)
{
	rd_kafka_event_t *ev;
	size_t count = 0;

	while (count < most && (ev = rd_kafka_queue_poll(c->queue, 0))) {
		tell(c, ev, events, arg);
		rd_kafka_event_destroy(ev);
		count++;
	}
	return count;
}

/* ---- sending ---- */

enum publish_client_sent
publish_client_send(struct publish_client *c, const char *topic,
    struct slice key, struct slice value, uint64_t serial,
    rd_kafka_resp_err_t *code, struct err *err)
{
	*code = rd_kafka_producev(c->rk, RD_KAFKA_V_TOPIC(topic),
	    RD_KAFKA_V_KEY(key.ptr, key.len),
	    RD_KAFKA_V_VALUE((void *)(uintptr_t)value.ptr, value.len),
	    RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
	    RD_KAFKA_V_OPAQUE((void *)(uintptr_t)serial), RD_KAFKA_V_END);
	if (*code == RD_KAFKA_RESP_ERR_NO_ERROR)
		return PUBLISH_CLIENT_SENT;
	if (*code == RD_KAFKA_RESP_ERR__QUEUE_FULL)
		return PUBLISH_CLIENT_FULL;
	err_set(err, "%s", rd_kafka_err2str(*code));
	return PUBLISH_CLIENT_REFUSED;
}

/* ---- the end ---- */

static void
drop(struct publish_grave *g)
{
	if (atomic_fetch_sub(&g->users, 1) == 1)
		free(g);
}

static void *
bury(void *arg)
{
	struct publish_grave *g = arg;

	(void)rd_kafka_purge(g->rk, RD_KAFKA_PURGE_F_QUEUE |
					RD_KAFKA_PURGE_F_INFLIGHT |
					RD_KAFKA_PURGE_F_NON_BLOCKING);
	rd_kafka_destroy(g->rk);
	atomic_store(&g->closed, true);
	drop(g);
	return NULL;
}

/* A thread of its own, that takes no signal meant for the loop. */
static int
run_apart(struct publish_grave *g)
{
	pthread_t thread;
	sigset_t all, old;
	int status;

	sigfillset(&all);
	if (pthread_sigmask(SIG_SETMASK, &all, &old) != 0)
		return -1;
	status = pthread_create(&thread, NULL, bury, g);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (status != 0)
		return -1;
	(void)pthread_detach(thread);
	return 0;
}

struct publish_grave *
publish_client_retire(struct publish_client *c, bool *stuck)
{
	struct publish_grave *g;

	*stuck = false;
	if (!c)
		return NULL;
	g = calloc(1, sizeof *g);
	/* It may outlive whoever reads the other end. */
	rd_kafka_queue_io_event_enable(c->queue, -1, NULL, 0);
	rd_kafka_queue_destroy(c->queue);
	if (g) {
		g->rk = c->rk;
		atomic_init(&g->closed, false);
		atomic_init(&g->users, 2);
	}
	free(c);
	if (g && run_apart(g) == 0)
		return g;
	free(g);
	*stuck = true;
	return NULL;
}

bool
publish_grave_is_closed(struct publish_grave *g)
{
	if (!atomic_load(&g->closed))
		return false;
	drop(g);
	return true;
}

void
publish_grave_leave(struct publish_grave *g)
{
	drop(g);
}
