/* SPDX-License-Identifier: Apache-2.0 */
#include "stream_kafka_client.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ANSWER_MS 5000 /* of a broker to one question */

struct stream_kafka_client {
	rd_kafka_t *rk;
	rd_kafka_topic_t *topic;
	rd_kafka_queue_t *events;   /* errors and log lines */
	rd_kafka_queue_t *messages; /* of all partitions */
	int wake_fd; /* its own, for it may outlive who made it; -1 none */
	bool looking;
	pthread_t looker;
	/* Written by the looker, read once it has set looked. */
	struct stream_kafka_found found;
	atomic_bool looked;
};

/* Shared by the thread that ends a client and who waits for it; the last to
 * leave frees it. */
struct grave {
	struct stream_kafka_client *c; /* or */
	rd_kafka_t *rk;
	int flush_ms;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool closed;
	int users;
};

/* Threads take no signal meant for the loop. */
static int
run_apart(pthread_t *thread, void *(*run)(void *), void *arg)
{
	sigset_t all, old;
	int status;

	sigfillset(&all);
	if (pthread_sigmask(SIG_SETMASK, &all, &old) != 0)
		return -1;
	status = pthread_create(thread, NULL, run, arg);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	return status ? -1 : 0;
}

static void
set_wake(struct stream_kafka_client *c, int fd)
{
	rd_kafka_queue_io_event_enable(
	    c->events, fd, fd < 0 ? NULL : "k", fd < 0 ? 0 : 1);
	rd_kafka_queue_io_event_enable(
	    c->messages, fd, fd < 0 ? NULL : "k", fd < 0 ? 0 : 1);
}

struct stream_kafka_client *
stream_kafka_client_new(
    rd_kafka_conf_t *conf, const char *topic, int wake_fd, struct err *err)
{
	struct stream_kafka_client *c = calloc(1, sizeof *c);
	char said[512] = "";

	if (!c) {
		rd_kafka_conf_destroy(conf);
		err_set(err, "no memory for a Kafka client");
		return NULL;
	}
	c->wake_fd = -1;
	atomic_init(&c->looked, false);
	rd_kafka_conf_set_events(
	    conf, RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG);
	c->rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, said, sizeof said);
	if (!c->rk) {
		rd_kafka_conf_destroy(conf);
		free(c);
		err_set(err, "no Kafka client can be made: %s", said);
		return NULL;
	}
	c->events = rd_kafka_queue_get_main(c->rk);
	c->messages = rd_kafka_queue_new(c->rk);
	(void)rd_kafka_set_log_queue(c->rk, NULL);
	c->topic = rd_kafka_topic_new(c->rk, topic, NULL);
	if (!c->topic) {
		err_set(err, "the topic '%s' cannot be used: %s", topic,
		    rd_kafka_err2str(rd_kafka_last_error()));
		stream_kafka_client_free(c, ANSWER_MS);
		return NULL;
	}
	if (wake_fd >= 0)
		c->wake_fd = fcntl(wake_fd, F_DUPFD_CLOEXEC, 0);
	if (c->wake_fd >= 0)
		set_wake(c, c->wake_fd);
	return c;
}

/* ---- events ---- */

static void
tell(rd_kafka_event_t *ev, const struct stream_kafka_events *events, void *arg)
{
	const char *facility, *text;
	int level;

	if (rd_kafka_event_type(ev) == RD_KAFKA_EVENT_ERROR)
		events->error(arg, rd_kafka_event_error(ev),
		    rd_kafka_event_error_string(ev));
	else if (rd_kafka_event_type(ev) == RD_KAFKA_EVENT_LOG &&
		 rd_kafka_event_log(ev, &facility, &text, &level) == 0)
		events->log(arg, level, facility, text);
}

void
stream_kafka_client_serve(struct stream_kafka_client *c,
    const struct stream_kafka_events *events, void *arg)
{
	rd_kafka_event_t *ev;

	for (int i = 0; i < 1000; i++) {
		ev = rd_kafka_queue_poll(c->events, 0);
		if (!ev)
			return;
		tell(ev, events, arg);
		rd_kafka_event_destroy(ev);
	}
}

/* ---- lookups ---- */

static void
fail_lookup(struct stream_kafka_found *f, rd_kafka_resp_err_t code)
{
	f->code = code;
	snprintf(f->said, sizeof f->said, "%s", rd_kafka_err2str(code));
}

static void
find_marks(struct stream_kafka_client *c, int32_t count)
{
	struct stream_kafka_found *f = &c->found;
	bool silent = false;

	f->marks = calloc((size_t)count + 1, sizeof *f->marks);
	if (!f->marks) {
		fail_lookup(f, RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE);
		return;
	}
	f->count = count;
	for (int32_t i = 0; i < count; i++) {
		struct stream_kafka_marks *m = &f->marks[i];

		/* One broker that does not answer is enough of waiting. */
		m->code = silent ? RD_KAFKA_RESP_ERR__TIMED_OUT
				 : rd_kafka_query_watermark_offsets(c->rk,
				       rd_kafka_topic_name(c->topic), i,
				       &m->low, &m->high, ANSWER_MS);
		silent |= m->code == RD_KAFKA_RESP_ERR__TIMED_OUT ||
			  m->code == RD_KAFKA_RESP_ERR__TRANSPORT;
	}
}

static void *
look(void *arg)
{
	struct stream_kafka_client *c = arg;
	struct stream_kafka_found *f = &c->found;
	const struct rd_kafka_metadata *md = NULL;
	rd_kafka_resp_err_t code =
	    rd_kafka_metadata(c->rk, 0, c->topic, &md, ANSWER_MS);
	char *cluster;

	if (!code)
		code = md->topic_cnt ? md->topics[0].err
				     : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
	if (code)
		fail_lookup(f, code);
	else
		find_marks(c, md->topics[0].partition_cnt);
	if (md)
		rd_kafka_metadata_destroy(md);
	cluster = code ? NULL : rd_kafka_clusterid(c->rk, 0);
	if (cluster) {
		snprintf(f->cluster, sizeof f->cluster, "%s", cluster);
		rd_kafka_mem_free(c->rk, cluster);
	}
	atomic_store(&c->looked, true);
	/* A full pipe is a reader that is woken already. */
	if (c->wake_fd >= 0 && write(c->wake_fd, "k", 1) < 0)
		return NULL;
	return NULL;
}

int
stream_kafka_client_look(struct stream_kafka_client *c, struct err *err)
{
	if (c->looking)
		return 0;
	memset(&c->found, 0, sizeof c->found);
	atomic_store(&c->looked, false);
	if (run_apart(&c->looker, look, c))
		return err_set(err, "no thread to ask the brokers with");
	c->looking = true;
	return 0;
}

bool
stream_kafka_client_is_looking(const struct stream_kafka_client *c)
{
	return c->looking;
}

bool
stream_kafka_client_found(
    struct stream_kafka_client *c, struct stream_kafka_found *found)
{
	if (!c->looking || !atomic_load(&c->looked))
		return false;
	(void)pthread_join(c->looker, NULL);
	c->looking = false;
	*found = c->found;
	c->found.marks = NULL;
	return true;
}

/* ---- partitions ---- */

int
stream_kafka_client_start(struct stream_kafka_client *c, int32_t partition,
    int64_t offset, struct err *err)
{
	if (rd_kafka_consume_start_queue(
		c->topic, partition, offset, c->messages) == 0)
		return 0;
	return err_set(err, "partition %d cannot be read: %s", (int)partition,
	    rd_kafka_err2str(rd_kafka_last_error()));
}

void
stream_kafka_client_stop(struct stream_kafka_client *c, int32_t partition)
{
	(void)rd_kafka_consume_stop(c->topic, partition);
}

rd_kafka_message_t *
stream_kafka_client_next(struct stream_kafka_client *c)
{
	return rd_kafka_consume_queue(c->messages, 0);
}

int64_t
stream_kafka_client_high(const struct stream_kafka_client *c, int32_t partition)
{
	int64_t low, high;

	if (rd_kafka_get_watermark_offsets(
		c->rk, rd_kafka_topic_name(c->topic), partition, &low, &high))
		return -1;
	return high < 0 ? -1 : high;
}

/* ---- the end ---- */

static void
end_client(struct stream_kafka_client *c)
{
	if (c->looking)
		(void)pthread_join(c->looker, NULL);
	free(c->found.marks);
	if (c->topic)
		rd_kafka_topic_destroy(c->topic);
	rd_kafka_queue_destroy(c->messages);
	rd_kafka_queue_destroy(c->events);
	rd_kafka_destroy_flags(c->rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
	if (c->wake_fd >= 0)
		close(c->wake_fd);
	free(c);
}

static void
fill(struct grave *g)
{
	pthread_cond_destroy(&g->changed);
	pthread_mutex_destroy(&g->lock);
	free(g);
}

static void
leave(struct grave *g, bool closes)
{
	int users;

	pthread_mutex_lock(&g->lock);
	g->closed |= closes;
	users = --g->users;
	pthread_cond_signal(&g->changed);
	pthread_mutex_unlock(&g->lock);
	if (users == 0)
		fill(g);
}

static void *
bury(void *arg)
{
	struct grave *g = arg;

	if (g->c)
		end_client(g->c);
	if (g->rk) {
		if (g->flush_ms)
			(void)rd_kafka_flush(g->rk, g->flush_ms);
		(void)rd_kafka_purge(g->rk, RD_KAFKA_PURGE_F_QUEUE |
						RD_KAFKA_PURGE_F_INFLIGHT |
						RD_KAFKA_PURGE_F_NON_BLOCKING);
		rd_kafka_destroy(g->rk);
	}
	leave(g, true);
	return NULL;
}

static void
wait_for(struct grave *g, int wait_ms)
{
	struct timespec until;
	int rc = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += wait_ms / 1000;
	until.tv_nsec += (long)(wait_ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&g->lock);
	while (!g->closed && rc == 0)
		rc = pthread_cond_timedwait(&g->changed, &g->lock, &until);
	pthread_mutex_unlock(&g->lock);
}

static struct grave *
dig(void)
{
	struct grave *g = calloc(1, sizeof *g);
	pthread_condattr_t monotonic;

	if (!g)
		return NULL;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&g->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	pthread_mutex_init(&g->lock, NULL);
	g->users = 2;
	return g;
}

/* Without memory or a thread it is left as it is: the process ends soon, or
 * another client takes its place. */
static void
end_apart(struct grave *g, int wait_ms)
{
	pthread_t thread;

	if (run_apart(&thread, bury, g)) {
		fill(g);
		return;
	}
	(void)pthread_detach(thread);
	wait_for(g, wait_ms);
	leave(g, false);
}

void
stream_kafka_client_free(struct stream_kafka_client *c, int wait_ms)
{
	struct grave *g;

	if (!c)
		return;
	if (c->wake_fd >= 0)
		set_wake(c, -1);
	g = dig();
	if (!g)
		return;
	g->c = c;
	end_apart(g, wait_ms);
}

void
stream_kafka_client_end(rd_kafka_t *rk, int flush_ms, int wait_ms)
{
	struct grave *g = dig();

	if (!g)
		return;
	g->rk = rk;
	g->flush_ms = flush_ms;
	end_apart(g, wait_ms);
}
