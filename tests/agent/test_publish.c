/* SPDX-License-Identifier: Apache-2.0 */
/* The publisher against librdkafka's mock cluster: brokers that speak the
 * protocol over loopback and do not know a repeated batch again. What arrives
 * is read back with a consumer. */
#include "test.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "assay/ack.h"
#include "assay/clock.h"
#include "assay/encode.h"
#include "assay/log.h"
#include "assay/segment.h"

#include "publish.h"
#include "publish_again.h"
#include "publish_parts.h"
#include "publish_window.h"

#define PRODUCE 0 /* ApiKey */
#define SECOND INT64_C(1000000)
#define TOPIC "assay.evidence"

/* ---- a spool ---- */

static char spool_dir[300];

static void
make_spool(void)
{
	static unsigned serial;
	char ack[320];

	snprintf(
	    spool_dir, sizeof spool_dir, "%s/spool%u", test_dir(), serial++);
	snprintf(ack, sizeof ack, "%s/ack", spool_dir);
	assert_int_equal(mkdir(spool_dir, 0700), 0);
	assert_int_equal(mkdir(ack, 0700), 0);
}

static struct slice
payload_of(int epoch, uint64_t sequence, size_t size, char text[4096])
{
	int len = snprintf(text, 4096, "{\"epoch\":%d,\"sequence\":%llu}",
	    epoch, (unsigned long long)sequence);

	while ((size_t)len < size)
		text[len++] = ' ';
	return (struct slice){text, (size_t)len};
}

/* A segment of one commit; records are at least so large. */
static void
write_segment(int epoch, uint64_t first, uint64_t last, size_t size)
{
	struct segment_header h = {
	    .first_sequence = first, .created_us = epoch * 1000};
	struct segment_commit commit = {.last = last};
	struct buf b = {0};
	uint8_t raw[SEGMENT_HEADER_LEN];
	char text[4096], path[400], name[SEGMENT_NAME_LEN + 1];

	memset(h.epoch, epoch, 16);
	memset(h.agent, 0xa1, 16);
	buf_reserve(&b, SEGMENT_HEADER_LEN);
	b.len = SEGMENT_HEADER_LEN;
	segment_put(&b, SEGMENT_CHECKPOINT, 0, SLICE("{}"));
	for (uint64_t n = first; n <= last; n++)
		segment_put(
		    &b, SEGMENT_RECORD, n, payload_of(epoch, n, size, text));
	segment_put_commit(&b, &commit);
	h.synced = b.len;
	segment_header_encode(raw, &h);
	memcpy(b.ptr, raw, sizeof raw);
	segment_name(name, h.epoch, first);
	snprintf(path, sizeof path, "%s/%s", spool_dir, name);
	test_write(path, buf_slice(&b));
	buf_clear(&b);
}

static struct ack
read_ack(void)
{
	struct ack ack = {0};
	struct err err;

	(void)ack_read(spool_dir, PUBLISH_READER, &ack, &err);
	return ack;
}

/* ---- a cluster ---- */

struct cluster {
	rd_kafka_t *rk;
	rd_kafka_mock_cluster_t *mock;
	char brokers[200];
};

static void
quiet(const rd_kafka_t *rk, int level, const char *fac, const char *text)
{
	(void)rk;
	(void)level;
	(void)fac;
	(void)text;
}

static void
cluster_start(struct cluster *c)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char said[200];

	rd_kafka_conf_set_log_cb(conf, quiet);
	c->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, said, sizeof said);
	assert_non_null(c->rk);
	c->mock = rd_kafka_mock_cluster_new(c->rk, 1);
	assert_non_null(c->mock);
	snprintf(c->brokers, sizeof c->brokers, "%s",
	    rd_kafka_mock_cluster_bootstraps(c->mock));
	assert_int_equal(rd_kafka_mock_topic_create(c->mock, TOPIC, 1, 1), 0);
}

static void
cluster_stop(struct cluster *c)
{
	rd_kafka_mock_cluster_destroy(c->mock);
	rd_kafka_destroy(c->rk);
}

/* What is in the topic, in its order. */
struct arrived {
	int epoch;
	uint64_t sequence;
};

struct topic {
	struct arrived *all;
	size_t count;
};

static void
take(struct topic *t, const rd_kafka_message_t *m)
{
	char text[200], key[ENCODE_UUID_LEN + 1];
	uint8_t agent[16];
	struct arrived *a;
	unsigned long long sequence;
	int epoch;

	memset(agent, 0xa1, 16);
	encode_uuid(key, agent);
	assert_slice(((struct slice){m->key, m->key_len}), slice_of(key));
	snprintf(text, sizeof text, "%.*s", (int)m->len, (char *)m->payload);
	assert_int_equal(
	    sscanf(text, "{\"epoch\":%d,\"sequence\":%llu}", &epoch, &sequence),
	    2);
	t->all = reallocarray(t->all, t->count + 1, sizeof *a);
	a = &t->all[t->count++];
	*a = (struct arrived){epoch, sequence};
}

static void
read_topic(const struct cluster *c, struct topic *t)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	rd_kafka_topic_partition_list_t *list =
	    rd_kafka_topic_partition_list_new(1);
	rd_kafka_message_t *m;
	rd_kafka_t *rk;
	char said[200];
	bool end = false;

	*t = (struct topic){0};
	rd_kafka_conf_set_log_cb(conf, quiet);
	rd_kafka_conf_set(
	    conf, "bootstrap.servers", c->brokers, said, sizeof said);
	rd_kafka_conf_set(conf, "group.id", "test", said, sizeof said);
	rd_kafka_conf_set(
	    conf, "enable.partition.eof", "true", said, sizeof said);
	rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, said, sizeof said);
	assert_non_null(rk);
	rd_kafka_poll_set_consumer(rk);
	rd_kafka_topic_partition_list_add(list, TOPIC, 0)->offset = 0;
	assert_int_equal(rd_kafka_assign(rk, list), 0);
	while (!end) {
		m = rd_kafka_consumer_poll(rk, 10000);
		assert_non_null(m);
		if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
			end = true;
		else if (m->err == 0)
			take(t, m);
		rd_kafka_message_destroy(m);
	}
	rd_kafka_topic_partition_list_destroy(list);
	rd_kafka_consumer_close(rk);
	rd_kafka_destroy(rk);
}

static size_t
count_of(const struct topic *t, int epoch, uint64_t sequence)
{
	size_t count = 0;

	for (size_t i = 0; i < t->count; i++)
		count +=
		    t->all[i].epoch == epoch && t->all[i].sequence == sequence;
	return count;
}

/* Records first..last are all there; in_order: each for the first time after
 * the one before it. */
static void
expect_all(const struct topic *t, int epoch, uint64_t first, uint64_t last,
    bool in_order)
{
	uint64_t next = first;

	for (uint64_t n = first; n <= last; n++)
		if (count_of(t, epoch, n) == 0)
			fail_msg("record %llu of epoch %d is lost",
			    (unsigned long long)n, epoch);
	for (size_t i = 0; in_order && i < t->count; i++) {
		if (t->all[i].epoch != epoch || t->all[i].sequence < next)
			continue;
		assert_int_equal(t->all[i].sequence, next);
		next++;
	}
}

/* ---- a publisher ---- */

struct rig {
	struct cluster cluster;
	struct kafka_properties kafka;
	struct kafka_property list[8];
	struct publish *p;
	struct clock *clock;
	int64_t skew_us, mono_skew_us; /* added to the clocks */
};

static void
set(struct rig *r, const char *key, const char *value)
{
	for (size_t i = 0; i < r->kafka.count; i++)
		if (!strcmp(r->list[i].key, key)) {
			r->list[i].value = value;
			return;
		}
	assert_true(r->kafka.count < 8);
	r->list[r->kafka.count++] = (struct kafka_property){key, value, ""};
}

static void
open_publisher(struct rig *r)
{
	struct publish_options o = {.spool = spool_dir, .kafka = &r->kafka};
	struct err err;

	r->p = publish_new(&o, &err);
	if (!r->p)
		fail_msg("%s", err.text);
}

static void
rig_start(struct rig *r)
{
	*r = (struct rig){0};
	make_spool();
	cluster_start(&r->cluster);
	r->kafka.list = r->list;
	r->clock = clock_new();
	set(r, "bootstrap.servers", r->cluster.brokers);
	set(r, "linger.ms", "5");
	set(r, "reconnect.backoff.ms", "20");
	set(r, "reconnect.backoff.max.ms", "50");
	set(r, "retry.backoff.ms", "20");
	open_publisher(r);
}

static void
rig_stop(struct rig *r)
{
	publish_free(r->p, 20 * SECOND);
	cluster_stop(&r->cluster);
	clock_free(r->clock);
}

static int64_t
tick(struct rig *r)
{
	return publish_tick(r->p, clock_now_us(r->clock) + r->skew_us,
	    clock_mono_us(r->clock) + r->mono_skew_us);
}

static void
tick_and_wait(struct rig *r)
{
	struct pollfd fd = {.fd = publish_fd(r->p), .events = POLLIN};
	int64_t wait_us = tick(r);

	(void)poll(&fd, 1, wait_us > 20000 ? 20 : (int)(wait_us / 1000));
}

typedef bool condition(struct rig *r);

/* Tick until it holds; fails after so many seconds. */
static void
until(struct rig *r, condition *holds, int seconds)
{
	int64_t end = clock_mono_us(r->clock) + seconds * SECOND;

	do {
		struct publish_health h;

		tick_and_wait(r);
		publish_look(r->p, &h);
		if (clock_mono_us(r->clock) > end)
			fail_msg("not within %d s; state %d, %zu queued, "
				 "acked %llu, %s",
			    seconds, h.state, h.queued,
			    (unsigned long long)h.acked_sequence,
			    h.problem ? h.problem : "no problem");
	} while (!holds(r));
}

static void
for_a_while(struct rig *r, int64_t us)
{
	int64_t end = clock_mono_us(r->clock) + us;

	while (clock_mono_us(r->clock) < end)
		tick_and_wait(r);
}

static bool
is_done(struct rig *r)
{
	return publish_is_done(r->p);
}

static bool
is_waiting(struct rig *r)
{
	struct publish_health h;

	publish_look(r->p, &h);
	return h.state == PUBLISH_WAITING;
}

static bool
has_two_clients(struct rig *r)
{
	struct publish_health h;

	publish_look(r->p, &h);
	return h.clients >= 2;
}

static void
expect_ack(int epoch, uint64_t sequence)
{
	struct ack ack = read_ack();

	assert_int_equal(ack.epoch[0], epoch);
	assert_int_equal(ack.sequence, sequence);
}

/* What is asked of every story's end: nothing lost, all acknowledged. */
static void
expect_delivered(
    struct rig *r, int epoch, uint64_t last, bool in_order, bool once)
{
	struct topic t;

	publish_hint(r->p);
	until(r, is_done, 30);
	expect_ack(epoch, last);
	read_topic(&r->cluster, &t);
	expect_all(&t, epoch, 1, last, in_order);
	if (once)
		assert_int_equal(t.count, last);
	free(t.all);
}

/* ---- cases ---- */

static void
every_record_arrives_once_in_order_with_the_agents_key(void **state)
{
	struct rig r;
	struct publish_health h;

	(void)state;
	rig_start(&r);
	write_segment(7, 1, 400, 0);
	write_segment(7, 401, 900, 0);
	expect_delivered(&r, 7, 900, true, true);
	publish_look(r.p, &h);
	assert_int_equal(h.state, PUBLISH_CONNECTED);
	assert_null(h.problem);
	assert_int_equal(h.delivered, 900);
	assert_int_equal(h.queued, 0);
	assert_int_equal(h.clients, 1);
	assert_false(h.insecure);
	assert_true(publish_makes_progress(r.p, clock_now_us(r.clock)));
	rig_stop(&r);
}

static void
what_is_committed_later_follows(void **state)
{
	struct rig r;
	struct topic t;

	(void)state;
	rig_start(&r);
	until(&r, is_done, 10);
	write_segment(1, 1, 3, 0);
	expect_delivered(&r, 1, 3, true, true);
	write_segment(2, 1, 5, 0);
	publish_hint(r.p);
	until(&r, is_done, 10);
	expect_ack(2, 5);
	read_topic(&r.cluster, &t);
	assert_int_equal(t.count, 8);
	expect_all(&t, 1, 1, 3, true);
	expect_all(&t, 2, 1, 5, true);
	assert_int_equal(t.all[2].epoch, 1);
	free(t.all);
	rig_stop(&r);
}

static void
a_restart_goes_on_after_the_acknowledged_record(void **state)
{
	struct rig r;

	(void)state;
	rig_start(&r);
	write_segment(3, 1, 50, 0);
	publish_hint(r.p);
	until(&r, is_done, 20);
	publish_free(r.p, 20 * SECOND);
	write_segment(3, 51, 80, 0);
	open_publisher(&r);
	expect_delivered(&r, 3, 80, true, true);
	rig_stop(&r);
}

static void
a_torn_acknowledgement_sends_everything_again(void **state)
{
	struct rig r;
	char path[400];
	struct topic t;

	(void)state;
	rig_start(&r);
	write_segment(3, 1, 50, 0);
	publish_hint(r.p);
	until(&r, is_done, 20);
	publish_free(r.p, 20 * SECOND);
	snprintf(path, sizeof path, "%s/ack/" PUBLISH_READER, spool_dir);
	test_write(path, SLICE("0303"));
	open_publisher(&r);
	until(&r, is_done, 20);
	expect_ack(3, 50);
	read_topic(&r.cluster, &t);
	assert_int_equal(t.count, 100);
	free(t.all);
	rig_stop(&r);
}

static void
a_broker_that_is_away_is_waited_for(void **state)
{
	struct rig r;
	struct publish_health h;

	(void)state;
	rig_start(&r);
	write_segment(4, 1, 20, 0);
	publish_hint(r.p);
	until(&r, is_done, 20);
	rd_kafka_mock_broker_set_down(r.cluster.mock, 1);
	write_segment(4, 21, 60, 0);
	publish_hint(r.p);
	until(&r, is_waiting, 20);
	publish_look(r.p, &h);
	assert_non_null(h.problem);
	if (!strstr(h.problem, r.cluster.brokers))
		fail_msg("'%s' does not name the broker", h.problem);
	assert_true(h.unsent_bytes > 0);
	expect_ack(4, 20);
	assert_true(publish_makes_progress(r.p, clock_now_us(r.clock)));
	rd_kafka_mock_broker_set_up(r.cluster.mock, 1);
	expect_delivered(&r, 4, 60, true, true);
	publish_look(r.p, &h);
	assert_int_equal(h.state, PUBLISH_CONNECTED);
	assert_null(h.problem);
	rig_stop(&r);
}

static void
a_broker_that_was_never_there_is_named(void **state)
{
	struct rig r;
	struct publish_health h;

	(void)state;
	rig_start(&r);
	publish_free(r.p, 20 * SECOND);
	set(&r, "bootstrap.servers", "127.0.0.1:1");
	open_publisher(&r);
	write_segment(4, 1, 20, 0);
	until(&r, is_waiting, 20);
	publish_look(r.p, &h);
	assert_non_null(strstr(h.problem, "127.0.0.1:1: "));
	assert_non_null(strstr(h.problem, "nothing listens there"));
	assert_int_equal(h.delivered, 0);
	rig_stop(&r);
}

static void
errors_that_pass_lose_nothing(void **state)
{
	struct rig r;

	(void)state;
	rig_start(&r);
	rd_kafka_mock_push_request_errors(r.cluster.mock, PRODUCE, 6,
	    RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
	    RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, RD_KAFKA_RESP_ERR__TRANSPORT,
	    RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
	    RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
	    RD_KAFKA_RESP_ERR__TRANSPORT);
	for (uint64_t n = 0; n < 10; n++) {
		write_segment(5, n * 30 + 1, n * 30 + 30, 0);
		publish_hint(r.p);
		for_a_while(&r, 30000);
	}
	expect_delivered(&r, 5, 300, false, false);
	rig_stop(&r);
}

static void
a_record_that_is_given_up_is_sent_by_the_next_client(void **state)
{
	struct rig r;
	struct publish_health h;

	(void)state;
	rig_start(&r);
	rd_kafka_mock_push_request_errors(r.cluster.mock, PRODUCE, 1,
	    RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
	write_segment(6, 1, 100, 0);
	until(&r, is_waiting, 20);
	publish_look(r.p, &h);
	assert_non_null(strstr(h.problem, TOPIC));
	assert_non_null(strstr(h.problem, "ACLs"));
	expect_delivered(&r, 6, 100, false, false);
	publish_look(r.p, &h);
	assert_true(h.clients >= 2);
	rig_stop(&r);
}

/* The broker has the batch, its answer is lost: the mock takes the retry for
 * new records. */
static void
a_lost_answer_repeats_and_keeps_the_order(void **state)
{
	struct rig r;
	struct topic t;

	(void)state;
	rig_start(&r);
	write_segment(8, 1, 10, 0);
	publish_hint(r.p);
	until(&r, is_done, 20);
	rd_kafka_mock_broker_set_rtt(r.cluster.mock, 1, 800);
	write_segment(8, 11, 60, 0);
	publish_hint(r.p);
	for_a_while(&r, 500000);
	rd_kafka_mock_broker_set_down(r.cluster.mock, 1);
	for_a_while(&r, 200000);
	rd_kafka_mock_broker_set_rtt(r.cluster.mock, 1, 0);
	rd_kafka_mock_broker_set_up(r.cluster.mock, 1);
	expect_delivered(&r, 8, 60, true, false);
	read_topic(&r.cluster, &t);
	/* Or this was no lost answer. */
	assert_true(t.count > 60);
	free(t.all);
	rig_stop(&r);
}

static void
after_a_fatal_error_another_client_goes_on(void **state)
{
	struct rig r;
	struct publish_health h;

	(void)state;
	rig_start(&r);
	write_segment(9, 1, 40, 0);
	publish_hint(r.p);
	until(&r, is_done, 20);
	rd_kafka_test_fatal_error(publish_client_handle(r.p->client),
	    RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "as a test");
	write_segment(9, 41, 90, 0);
	publish_hint(r.p);
	until(&r, has_two_clients, 20);
	expect_delivered(&r, 9, 90, true, true);
	publish_look(r.p, &h);
	assert_int_equal(h.clients, 2);
	assert_int_equal(h.stuck, 0);
	rig_stop(&r);
}

static void
ten_minutes_without_a_delivery_take_another_client(void **state)
{
	struct rig r;

	(void)state;
	rig_start(&r);
	until(&r, is_done, 20);
	rd_kafka_mock_broker_set_down(r.cluster.mock, 1);
	write_segment(1, 1, 30, 0);
	publish_hint(r.p);
	for_a_while(&r, 300000);
	assert_false(has_two_clients(&r));
	r.skew_us = r.mono_skew_us = 599 * SECOND;
	for_a_while(&r, 100000);
	assert_false(has_two_clients(&r));
	r.skew_us = r.mono_skew_us = 602 * SECOND;
	until(&r, has_two_clients, 20);
	rd_kafka_mock_broker_set_up(r.cluster.mock, 1);
	expect_delivered(&r, 1, 30, true, true);
	rig_stop(&r);
}

static void
a_clock_that_was_set_takes_another_client(void **state)
{
	struct rig r;

	(void)state;
	rig_start(&r);
	write_segment(1, 1, 30, 0);
	publish_hint(r.p);
	until(&r, is_done, 20);
	r.skew_us = -3600 * SECOND;
	until(&r, has_two_clients, 20);
	write_segment(1, 31, 60, 0);
	expect_delivered(&r, 1, 60, true, true);
	rig_stop(&r);
}

static void
a_changed_certificate_file_takes_another_client(void **state)
{
	struct rig r;
	char path[400];

	(void)state;
	rig_start(&r);
	publish_free(r.p, 20 * SECOND);
	snprintf(path, sizeof path, "%s/crl.pem", spool_dir);
	test_write(path, SLICE(""));
	set(&r, "ssl.crl.location", path);
	open_publisher(&r);
	write_segment(1, 1, 30, 0);
	publish_hint(r.p);
	until(&r, is_done, 20);
	test_write(path, SLICE("another"));
	r.skew_us = r.mono_skew_us = 11 * SECOND;
	for_a_while(&r, 50000);
	/* It may still be being written. */
	assert_false(has_two_clients(&r));
	r.skew_us = r.mono_skew_us = 22 * SECOND;
	until(&r, has_two_clients, 20);
	write_segment(1, 31, 60, 0);
	expect_delivered(&r, 1, 60, true, true);
	rig_stop(&r);
}

static void
other_settings_are_taken_while_it_runs(void **state)
{
	struct rig r;
	struct publish_health h;
	struct err err = {0};

	(void)state;
	rig_start(&r);
	write_segment(1, 1, 30, 0);
	publish_hint(r.p);
	until(&r, is_done, 20);
	assert_int_equal(publish_set(r.p, &r.kafka, &err), 0);
	publish_look(r.p, &h);
	assert_int_equal(h.clients, 1);
	set(&r, "compression.codec", "nonsense");
	assert_int_equal(publish_set(r.p, &r.kafka, &err), -1);
	assert_non_null(strstr(err.text, "compression.codec"));
	set(&r, "compression.codec", "none");
	assert_int_equal(publish_set(r.p, &r.kafka, &err), 0);
	publish_look(r.p, &h);
	assert_int_equal(h.clients, 2);
	write_segment(1, 31, 60, 0);
	expect_delivered(&r, 1, 60, true, true);
	rig_stop(&r);
}

static void
a_full_queue_waits_and_loses_nothing(void **state)
{
	struct rig r;
	struct publish_health h;

	(void)state;
	rig_start(&r);
	publish_free(r.p, 20 * SECOND);
	set(&r, "queue.buffering.max.messages", "50");
	open_publisher(&r);
	until(&r, is_done, 20);
	rd_kafka_mock_broker_set_down(r.cluster.mock, 1);
	for (uint64_t n = 0; n < 10; n++)
		write_segment(2, n * 100 + 1, n * 100 + 100, 1000);
	publish_hint(r.p);
	for_a_while(&r, 500000);
	/* The size of the spool is looked at now and then only. */
	r.skew_us = r.mono_skew_us = 6 * SECOND;
	(void)tick(&r);
	publish_look(r.p, &h);
	assert_true(h.queued > 0 && h.queued <= 50);
	assert_true(h.unsent_bytes > 950000);
	rd_kafka_mock_broker_set_up(r.cluster.mock, 1);
	expect_delivered(&r, 2, 1000, true, true);
	rig_stop(&r);
}

static void
what_is_asked_for_is_sent_again(void **state)
{
	struct rig r;
	struct topic t;
	struct spoolread_position from = {.sequence = 21};
	struct err err;

	(void)state;
	rig_start(&r);
	write_segment(2, 1, 30, 0);
	write_segment(3, 1, 10, 0);
	publish_hint(r.p);
	until(&r, is_done, 20);
	memset(from.epoch, 2, 16);
	assert_int_equal(publish_again_write(spool_dir, &from, &err), 0);
	r.skew_us = r.mono_skew_us = 3 * SECOND;
	/* What is new goes on beside it. */
	write_segment(3, 11, 15, 0);
	publish_hint(r.p);
	(void)tick(&r);
	until(&r, is_done, 20);
	assert_int_equal(publish_again_read(spool_dir, &from, &err), 0);
	expect_ack(3, 15);
	read_topic(&r.cluster, &t);
	for (uint64_t n = 1; n <= 30; n++)
		assert_int_equal(count_of(&t, 2, n), n < 21 ? 1 : 2);
	for (uint64_t n = 1; n <= 15; n++)
		assert_int_equal(count_of(&t, 3, n), n <= 10 ? 2 : 1);
	free(t.all);
	rig_stop(&r);
}

/* A request that was not finished is begun anew; no ack moves by it. */
static void
a_request_outlives_a_restart(void **state)
{
	struct rig r;
	struct spoolread_position from = {.sequence = 1};
	struct topic t;
	struct err err;

	(void)state;
	rig_start(&r);
	write_segment(2, 1, 30, 0);
	publish_hint(r.p);
	until(&r, is_done, 20);
	rd_kafka_mock_broker_set_down(r.cluster.mock, 1);
	memset(from.epoch, 2, 16);
	assert_int_equal(publish_again_write(spool_dir, &from, &err), 0);
	r.skew_us = r.mono_skew_us = 3 * SECOND;
	for_a_while(&r, 100000);
	assert_false(publish_is_done(r.p));
	publish_free(r.p, 20 * SECOND);
	assert_int_equal(publish_again_read(spool_dir, &from, &err), 1);
	rd_kafka_mock_broker_set_up(r.cluster.mock, 1);
	open_publisher(&r);
	until(&r, is_done, 20);
	expect_ack(2, 30);
	read_topic(&r.cluster, &t);
	for (uint64_t n = 1; n <= 30; n++)
		assert_true(count_of(&t, 2, n) >= 2);
	free(t.all);
	rig_stop(&r);
}

/* ---- the window, against a model ---- */

#define MODEL 200

/* Random puts and reports, some never made; the acknowledged record of each
 * lane is the last one of its prefix. */
static void
an_acknowledgement_never_passes_a_hole(void **state)
{
	unsigned seed = 1;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		struct publish_window *w = publish_window_new(40);
		enum publish_lane lane[MODEL];
		bool delivered[MODEL] = {0};
		uint64_t serial[MODEL];
		size_t put = 0, prefix = 0;
		uint64_t acked[PUBLISH_LANES] = {0};
		bool holes = rand_r(&seed) % 2 == 0;

		for (int step = 0; step < 400; step++) {
			size_t i;

			if (put < MODEL && rand_r(&seed) % 3 == 0) {
				bool room = publish_window_has_room(w);

				assert_int_equal(room, put - prefix < 40);
				if (!room)
					continue;
				lane[put] = rand_r(&seed) % 4 == 0;
				serial[put] = publish_window_serial(w);
				publish_window_put(w, lane[put],
				    &(struct spoolread_position){
					.sequence = put + 1},
				    10);
				put++;
			} else if (put > prefix) {
				i = prefix +
				    (size_t)rand_r(&seed) % (put - prefix);
				if (holes && i % 50 == 49)
					continue;
				delivered[i] = true;
				(void)publish_window_delivered(w, serial[i]);
				/* A repeat means nothing. */
				(void)publish_window_delivered(w, serial[i]);
			}
			for (; prefix < put && delivered[prefix]; prefix++)
				acked[lane[prefix]] = prefix + 1;
			for (int l = 0; l < PUBLISH_LANES; l++) {
				const struct spoolread_position *at =
				    publish_window_acked(w, l);

				assert_int_equal(
				    at ? at->sequence : 0, acked[l]);
			}
			assert_int_equal(publish_window_count(w), put - prefix);
			assert_int_equal(
			    publish_window_bytes(w), 10 * (put - prefix));
		}
		publish_window_forget(w);
		assert_int_equal(publish_window_count(w), 0);
		/* Late reports of what is forgotten move nothing. */
		for (size_t i = 0; i < put; i++)
			assert_false(publish_window_delivered(w, serial[i]));
		publish_window_free(w);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		every_record_arrives_once_in_order_with_the_agents_key),
	    cmocka_unit_test(what_is_committed_later_follows),
	    cmocka_unit_test(a_restart_goes_on_after_the_acknowledged_record),
	    cmocka_unit_test(a_torn_acknowledgement_sends_everything_again),
	    cmocka_unit_test(a_broker_that_is_away_is_waited_for),
	    cmocka_unit_test(a_broker_that_was_never_there_is_named),
	    cmocka_unit_test(errors_that_pass_lose_nothing),
	    cmocka_unit_test(
		a_record_that_is_given_up_is_sent_by_the_next_client),
	    cmocka_unit_test(a_lost_answer_repeats_and_keeps_the_order),
	    cmocka_unit_test(after_a_fatal_error_another_client_goes_on),
	    cmocka_unit_test(
		ten_minutes_without_a_delivery_take_another_client),
	    cmocka_unit_test(a_clock_that_was_set_takes_another_client),
	    cmocka_unit_test(a_changed_certificate_file_takes_another_client),
	    cmocka_unit_test(other_settings_are_taken_while_it_runs),
	    cmocka_unit_test(a_full_queue_waits_and_loses_nothing),
	    cmocka_unit_test(what_is_asked_for_is_sent_again),
	    cmocka_unit_test(a_request_outlives_a_restart),
	    cmocka_unit_test(an_acknowledgement_never_passes_a_hole),
	};

	log_start(STDERR_FILENO, LOG_AT_INFO, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
