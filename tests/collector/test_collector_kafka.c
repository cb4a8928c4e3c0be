/* SPDX-License-Identifier: Apache-2.0 */
/* The whole collector on a topic of a mock cluster: from the configuration to
 * the log, and what is refused on the way. */
#include "test.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "assay/encode.h"
#include "assay/log.h"
#include "assay/record.h"
#include "collector.h"
#include "status.h"
#include "store.h"
#include "teller.h"

#define NOON INT64_C(1783080000000000)
#define TOPIC "assay.evidence"
#define DEAD "assay.dead"
#define LANES 3

static const struct argument table[] = {
    ARGUMENTS_COMMON, {"--isms", "", ""}, {"--spool", "", ""}, {0}};

static struct bench {
	rd_kafka_t *owner;
	rd_kafka_mock_cluster_t *cluster;
	rd_kafka_t *producer;
	char dir[128], state[160], spool[160], config[160];
	char key[ENCODE_UUID_LEN + 1];
	struct arguments arguments;
	struct settings settings;
	struct clock *clock;
	struct collector *collector;
	struct teller t;
} b;

static rd_kafka_t *
make_client(rd_kafka_type_t type, const char *brokers)
{
	static const char *const quiet[][2] = {{"log_level", "0"},
	    {"message.max.bytes", "4000000"}, {"linger.ms", "0"},
	    {"auto.offset.reset", "earliest"}};
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char said[256];
	rd_kafka_t *rk;

	for (size_t i = 0; i < sizeof quiet / sizeof *quiet; i++)
		if ((i == 2) <= (type == RD_KAFKA_PRODUCER))
			rd_kafka_conf_set(
			    conf, quiet[i][0], quiet[i][1], said, sizeof said);
	if (brokers)
		rd_kafka_conf_set(
		    conf, "bootstrap.servers", brokers, said, sizeof said);
	rk = rd_kafka_new(type, conf, said, sizeof said);
	assert_non_null(rk);
	return rk;
}

static int
set_up(void **state)
{
	(void)state;
	memset(&b, 0, sizeof b);
	log_start(STDERR_FILENO, LOG_AT_ERROR, 0);
	b.owner = make_client(RD_KAFKA_PRODUCER, NULL);
	b.cluster = rd_kafka_mock_cluster_new(b.owner, 1);
	rd_kafka_mock_topic_create(b.cluster, TOPIC, LANES, 1);
	rd_kafka_mock_topic_create(b.cluster, DEAD, 1, 1);
	b.producer = make_client(
	    RD_KAFKA_PRODUCER, rd_kafka_mock_cluster_bootstraps(b.cluster));
	snprintf(b.dir, sizeof b.dir, "%s", test_dir());
	snprintf(b.state, sizeof b.state, "%s/state", b.dir);
	snprintf(b.spool, sizeof b.spool, "%s/spool", b.dir);
	snprintf(b.config, sizeof b.config, "%s/collector.yml", b.dir);
	b.clock = clock_new_simulated(NOON);
	teller_init(&b.t, "web01", NOON - TELLER_DAY);
	encode_uuid(b.key, b.t.agent);
	teller_start(&b.t);
	teller_logins(&b.t, 30);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	collector_close(b.collector);
	settings_clear(&b.settings);
	clock_free(b.clock);
	teller_clear(&b.t);
	rd_kafka_destroy(b.producer);
	rd_kafka_mock_cluster_destroy(b.cluster);
	rd_kafka_destroy(b.owner);
	return 0;
}

/* -1 and what is wrong, when the configuration is refused. */
static int
configure(const char *streams, struct buf *wrong)
{
	const char *argv[] = {"run", "--config", b.config, "--state", b.state,
	    "--rules", b.dir, "--isms", b.dir};
	struct buf text = {0};
	int rc;

	buf_printf(&text, "streams:\n%s", streams);
	test_write(b.config, buf_slice(&text));
	buf_clear(&text);
	assert_int_equal(arguments_parse(&b.arguments, table, "run", 0, 9,
			     (char **)(uintptr_t)argv),
	    -1);
	rc = settings_load(&b.settings, &b.arguments, wrong);
	b.settings.once = true;
	return rc;
}

static void
open_collector(void)
{
	enum store_trouble trouble;
	struct buf text = {0}, wrong = {0};
	struct err err = {0};

	if (!b.settings.stream_count) {
		buf_printf(&text,
		    "  - kafka: {bootstrap.servers: \"%s\", "
		    "fetch.wait.max.ms: 20}\n  - spool: %s\n",
		    rd_kafka_mock_cluster_bootstraps(b.cluster), b.spool);
		buf_putc(&text, '\0');
		if (configure(text.ptr, &wrong))
			fail_msg("%.*s", SLICE_FMT(buf_slice(&wrong)));
		buf_clear(&text);
	}
	b.collector = collector_open(&b.settings, b.clock, &trouble, &err);
	if (!b.collector)
		fail_msg("%s", err.text);
}

static void
close_collector(void)
{
	collector_close(b.collector);
	b.collector = NULL;
}

/* As run --once does. */
static void
drain(void)
{
	struct err err = {0};
	enum collector_round round;

	for (unsigned i = 0; i < 3000; i++) {
		struct pollfd fd = {
		    .fd = collector_wake_fd(b.collector), .events = POLLIN};

		round = collector_round(b.collector, COLLECTOR_GOES_ON, &err);
		if (round == COLLECTOR_FAILED)
			fail_msg("%s", err.text);
		if (round == COLLECTOR_IDLE && collector_has_all(b.collector))
			break;
		if (round == COLLECTOR_IDLE && poll(&fd, 1, 10) > 0)
			collector_woken(b.collector);
	}
	assert_true(collector_has_all(b.collector));
	if (collector_round(b.collector, COLLECTOR_DRAINED, &err) ==
	    COLLECTOR_FAILED)
		fail_msg("%s", err.text);
}

static void
put(int32_t partition, const char *key, struct slice bytes)
{
	rd_kafka_resp_err_t code = rd_kafka_producev(b.producer,
	    RD_KAFKA_V_TOPIC(TOPIC), RD_KAFKA_V_PARTITION(partition),
	    RD_KAFKA_V_KEY(key, strlen(key)),
	    RD_KAFKA_V_VALUE((void *)(uintptr_t)bytes.ptr, bytes.len),
	    RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);

	if (code)
		fail_msg("%s", rd_kafka_err2str(code));
	assert_int_equal(rd_kafka_flush(b.producer, 10000), 0);
}

static void
put_record(int32_t partition, size_t i)
{
	put(partition, b.key, teller_bytes(&b.t, i));
}

/* ---- what came of it ---- */

struct outcome {
	uint64_t records; /* of agents */
	uint64_t tampers;
	unsigned dead;
	char codes[256]; /* of the dead letters, each with a space */
	size_t largest;
	char reason[1024]; /* of the last */
};

static int
count_row(void *arg, const struct store_row *row)
{
	struct outcome *o = arg;
	struct record r;

	assert_int_equal(record_decode(row->bytes, &r, NULL), 0);
	o->records += !r.from_collector;
	o->tampers += r.from_collector && r.type == RECORD_EVENT;
	record_clear(&r);
	return 0;
}

static int
count_dead(void *arg, const struct store_dead *letter)
{
	struct outcome *o = arg;
	size_t len = strlen(o->codes);

	o->dead++;
	snprintf(o->codes + len, sizeof o->codes - len, "%s ", letter->code);
	snprintf(o->reason, sizeof o->reason, "%s", letter->reason);
	if (letter->bytes.len > o->largest)
		o->largest = letter->bytes.len;
	return 0;
}

static struct outcome
outcome(void)
{
	enum store_trouble trouble;
	struct outcome o = {0};
	struct err err = {0};
	char path[200];
	struct store *s;

	snprintf(path, sizeof path, "%s/%s", b.state, STORE_NAME);
	s = store_open(path, STORE_READ, &trouble, &err);
	if (!s)
		fail_msg("%s", err.text);
	assert_int_equal(store_rows(s, 1, UINT64_MAX, count_row, &o, &err), 0);
	assert_int_equal(store_dead(s, NULL, count_dead, &o, &err), 0);
	store_close(s);
	return o;
}

/* Copies in the dead topic: how many; the codes of their headers, in order. */
static unsigned
read_copies(unsigned expected, char codes[256])
{
	rd_kafka_t *rk = make_client(
	    RD_KAFKA_CONSUMER, rd_kafka_mock_cluster_bootstraps(b.cluster));
	rd_kafka_topic_t *topic = rd_kafka_topic_new(rk, DEAD, NULL);
	unsigned count = 0;

	codes[0] = '\0';
	assert_int_equal(
	    rd_kafka_consume_start(topic, 0, RD_KAFKA_OFFSET_BEGINNING), 0);
	for (unsigned i = 0; i < 1000 && count < expected; i++) {
		rd_kafka_message_t *m = rd_kafka_consume(topic, 0, 10);
		rd_kafka_headers_t *headers;
		const void *code;
		size_t size, len = strlen(codes);

		if (!m)
			continue;
		if (!m->err) {
			count++;
			assert_true(
			    m->key_len > 6 && !memcmp(m->key, "kafka:", 6));
			assert_int_equal(
			    rd_kafka_message_headers(m, &headers), 0);
			assert_int_equal(rd_kafka_header_get_last(headers,
					     "assay-code", &code, &size),
			    0);
			snprintf(
			    codes + len, 256 - len, "%s ", (const char *)code);
		}
		rd_kafka_message_destroy(m);
	}
	rd_kafka_consume_stop(topic, 0);
	rd_kafka_topic_destroy(topic);
	rd_kafka_destroy(rk);
	return count;
}

/* ---- cases ---- */

static void
a_topic_and_a_spool_beside_it_become_one_log(void **state)
{
	struct teller other;
	struct buf text = {0}, words = {0};
	struct outcome o;

	(void)state;
	teller_init(&other, "db01", NOON - TELLER_DAY);
	teller_start(&other);
	teller_logins(&other, 20);
	teller_spool(&other, b.spool, 4);
	for (size_t i = 0; i < b.t.count; i++)
		put_record(1, i);
	open_collector();
	drain();
	collector_status(b.collector, "running", &text);
	close_collector();
	o = outcome();
	assert_int_equal(o.records, b.t.count + other.count);
	assert_int_equal(o.dead, 0);
	assert_true(status_text(buf_slice(&text), NOON, &words));
	buf_putc(&words, '\0');
	assert_non_null(strstr(words.ptr, "kafka:" TOPIC " at 127.0.0.1"));
	assert_non_null(
	    strstr(words.ptr, "3 partitions, 0 messages not read yet"));
	assert_non_null(strstr(words.ptr, "lane kafka:" TOPIC ":1 at "));
	assert_non_null(strstr(words.ptr, "spool:"));
	buf_clear(&words);
	buf_clear(&text);
	teller_clear(&other);
}

/* The number of partitions was changed: a lane has holes that another fills
 * later, in any order, and some come twice. */
static void
one_agent_in_several_lanes_is_whole_in_the_end(void **state)
{
	struct outcome o;

	(void)state;
	for (size_t i = b.t.count; i > 0; i--)
		if (i % 3 == 0)
			put_record(0, i - 1);
	open_collector();
	drain();
	close_collector();
	o = outcome();
	assert_in_range(o.records, 5, b.t.count - 5);
	for (size_t i = 0; i < b.t.count; i++)
		if (i % 2 == 0)
			put_record(1, i);
	for (size_t i = b.t.count; i > 0; i--)
		put_record(2, i - 1);
	open_collector();
	drain();
	close_collector();
	o = outcome();
	assert_int_equal(o.records, b.t.count);
	assert_int_equal(o.tampers, 0);
	assert_int_equal(o.dead, 0);
}

static void
what_is_no_record_is_kept_aside_and_copied_and_the_lane_goes_on(void **state)
{
	static const char other_key[] = "0e1f3a52-9d4c-4f0e-8a4b-6c1d2e3f4a5b";
	static const char want[] =
	    "record size record sender sender record record ";
	struct buf deep = {0};
	char *giant = calloc(1, 2000000);
	char codes[256];
	struct outcome o;

	(void)state;
	memset(giant, ' ', 2000000);
	for (size_t i = 0; i < 100000; i++)
		buf_putc(&deep, '[');
	put_record(0, 0);
	put(0, b.key, SLICE("plain garbage \xff\x00\n"));
	put(0, b.key, (struct slice){giant, 2000000});
	put(0, b.key, buf_slice(&deep));
	put(0, other_key, teller_bytes(&b.t, 1)); /* another agent's key */
	put(0, "web01", teller_bytes(&b.t, 1));
	put(0, b.key, SLICE(""));
	put(0, b.key, SLICE("{\"specversion\":\"1.0\"}"));
	for (size_t i = 1; i < b.t.count; i++)
		put_record(0, i);
	open_collector();
	drain();
	close_collector();
	o = outcome();
	assert_int_equal(o.records, b.t.count);
	assert_int_equal(o.tampers, 0);
	assert_string_equal(o.codes, want);
	assert_int_equal(o.largest, RECORD_MAX);
	assert_int_equal(read_copies(7, codes), 7);
	assert_string_equal(codes, want);
	/* Once: they are not read again, nor kept again when they are. */
	open_collector();
	drain();
	close_collector();
	assert_int_equal(outcome().dead, 7);
	buf_clear(&deep);
	free(giant);
}

static void
a_dead_topic_that_is_not_there_stops_nothing(void **state)
{
	struct outcome o;

	(void)state;
	rd_kafka_mock_topic_set_error(
	    b.cluster, DEAD, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
	for (unsigned i = 0; i < 50; i++) {
		char text[32];

		snprintf(text, sizeof text, "garbage %u", i);
		put(0, b.key, slice_of(text));
		if (i < b.t.count)
			put_record(0, i);
	}
	open_collector();
	drain();
	close_collector();
	o = outcome();
	assert_int_equal(o.dead, 50);
	assert_int_equal(o.records, b.t.count);
}

/* What was lost with the topic is sent again by the agent into the new one. */
static void
a_topic_made_again_is_told_and_what_it_held_is_filled_up(void **state)
{
	struct outcome o;

	(void)state;
	for (size_t i = 0; i < 20; i++)
		put_record(2, i);
	open_collector();
	drain();
	close_collector();
	settings_clear(&b.settings);
	/* Never read: records 20 to 24. */
	rd_kafka_destroy(b.producer);
	rd_kafka_mock_cluster_destroy(b.cluster);
	b.cluster = rd_kafka_mock_cluster_new(b.owner, 1);
	rd_kafka_mock_topic_create(b.cluster, TOPIC, LANES, 1);
	rd_kafka_mock_topic_create(b.cluster, DEAD, 1, 1);
	b.producer = make_client(
	    RD_KAFKA_PRODUCER, rd_kafka_mock_cluster_bootstraps(b.cluster));
	for (size_t i = 25; i < b.t.count; i++)
		put_record(0, i);
	open_collector();
	drain();
	close_collector();
	o = outcome();
	assert_int_equal(o.records, b.t.count - 5);
	assert_int_equal(o.dead, 1);
	assert_string_equal(o.codes, "damage ");
	assert_non_null(strstr(o.reason, "read from its beginning"));
	for (size_t i = 15; i < b.t.count; i++)
		put_record(1, i); /* send-again --from 16 */
	open_collector();
	drain();
	close_collector();
	o = outcome();
	assert_int_equal(o.records, b.t.count);
	assert_int_equal(o.dead, 1);
	assert_int_equal(o.tampers, 0);
}

static void
wrong_settings_are_named_at_their_place(void **state)
{
	static const struct {
		const char *streams, *says;
	} rows[] = {
	    {"  - kafka: {topic: x}\n", "bootstrap.servers is missing"},
	    {"  - kafka: {}\n", "kafka needs bootstrap.servers"},
	    {"  - kafka: {bootstrap.servers: \"b:1\"}\n", "security.protocol"},
	    {"  - kafka:\n      bootstrap.servers: \"localhost:1\"\n"
	     "      auto.offset.reset: earliest\n",
		"collector.yml:4:"},
	    {"  - kafka:\n      bootstrap.servers: \"localhost:1\"\n"
	     "      fetch.max.byte: 1\n",
		"did you mean 'fetch.max.bytes'?"},
	    {"  - kafka: {bootstrap.servers: \"localhost:1\"}\n"
	     "  - kafka: {bootstrap.servers: \"localhost:2\"}\n",
		"read by another stream already"},
	    {"  - {kafka: {bootstrap.servers: \"localhost:1\"}, spool: /x}\n",
		"a stream is one of"},
	    {"  - {}\n", "a stream is one of"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct buf wrong = {0};

		assert_int_equal(configure(rows[i].streams, &wrong), -1);
		buf_putc(&wrong, '\0');
		if (!strstr(wrong.ptr, rows[i].says))
			fail_msg("'%s' is not in: %s", rows[i].says, wrong.ptr);
		buf_clear(&wrong);
	}
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	static const struct CMUnitTest tests[] = {
	    CASE(a_topic_and_a_spool_beside_it_become_one_log),
	    CASE(one_agent_in_several_lanes_is_whole_in_the_end),
	    CASE(
		what_is_no_record_is_kept_aside_and_copied_and_the_lane_goes_on),
	    CASE(a_dead_topic_that_is_not_there_stops_nothing),
	    CASE(a_topic_made_again_is_told_and_what_it_held_is_filled_up),
	    CASE(wrong_settings_are_named_at_their_place),
	};

	return cmocka_run_group_tests_name(
	    "collector_kafka", tests, NULL, NULL);
}
