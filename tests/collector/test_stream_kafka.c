/* SPDX-License-Identifier: Apache-2.0 */
/* A topic of librdkafka's mock cluster as a stream: the test is the agents that
 * write, the broker that misbehaves, and the store that keeps positions. */
#include "test.h"

#include <fcntl.h>
#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "assay/log.h"
#include "stream_kafka.h"

#define TOPIC "assay.evidence"
#define LANES 4
#define AGENT "0e1f3a52-9d4c-4f0e-8a4b-6c1d2e3f4a5b"
#define MINUTE INT64_C(61000000)
#define PATIENCE 3000 /* looks of some ms */

/* What the store would keep. */
struct shelf {
	char lane[64];
	char position[STREAM_POSITION_MAX];
};

static struct bench {
	rd_kafka_t *owner; /* of the cluster */
	rd_kafka_mock_cluster_t *cluster;
	rd_kafka_t *producer;
	struct kafka_property list[4];
	struct kafka_properties kafka;
	struct clock *clock;
	int wake[2];
	struct stream *stream;
	struct shelf shelves[LANES];
	struct err said; /* of the last damage or error */
	unsigned damages, errors;
	bool once;
} b;

static rd_kafka_t *
make_client(const char *brokers)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char said[256];
	rd_kafka_t *rk;

	if (brokers)
		rd_kafka_conf_set(
		    conf, "bootstrap.servers", brokers, said, sizeof said);
	rd_kafka_conf_set(conf, "linger.ms", "0", said, sizeof said);
	rd_kafka_conf_set(conf, "log_level", "0", said, sizeof said);
	rd_kafka_conf_set(
	    conf, "message.max.bytes", "4000000", said, sizeof said);
	rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, said, sizeof said);
	assert_non_null(rk);
	return rk;
}

static void
open_cluster(int partitions)
{
	b.owner = make_client(NULL);
	b.cluster = rd_kafka_mock_cluster_new(b.owner, 1);
	assert_non_null(b.cluster);
	if (partitions)
		assert_int_equal(
		    rd_kafka_mock_topic_create(b.cluster, TOPIC, partitions, 1),
		    0);
	b.producer = make_client(rd_kafka_mock_cluster_bootstraps(b.cluster));
	b.list[0] = (struct kafka_property){"bootstrap.servers",
	    rd_kafka_mock_cluster_bootstraps(b.cluster), ""};
	/* The mock looks for news when it has waited in vain. */
	b.list[1] = (struct kafka_property){"fetch.wait.max.ms", "20", ""};
	b.kafka = (struct kafka_properties){.list = b.list, .count = 2};
}

static void
close_cluster(void)
{
	rd_kafka_destroy(b.producer);
	rd_kafka_mock_cluster_destroy(b.cluster);
	rd_kafka_destroy(b.owner);
}

static int
set_up(void **state)
{
	(void)state;
	memset(&b, 0, sizeof b);
	log_start(STDERR_FILENO, LOG_AT_ERROR, 0);
	b.clock = clock_new();
	assert_int_equal(pipe2(b.wake, O_NONBLOCK | O_CLOEXEC), 0);
	open_cluster(LANES);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	stream_close(b.stream);
	close_cluster();
	clock_free(b.clock);
	close(b.wake[0]);
	close(b.wake[1]);
	return 0;
}

/* ---- writing ---- */

static void
put(int32_t partition, const char *key, const void *bytes, size_t len)
{
	rd_kafka_resp_err_t code = rd_kafka_producev(b.producer,
	    RD_KAFKA_V_TOPIC(TOPIC), RD_KAFKA_V_PARTITION(partition),
	    RD_KAFKA_V_KEY(key, key ? strlen(key) : 0),
	    RD_KAFKA_V_VALUE((void *)(uintptr_t)bytes, len),
	    RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);

	if (code)
		fail_msg("%s", rd_kafka_err2str(code));
}

static void
sync_producer(void)
{
	assert_int_equal(rd_kafka_flush(b.producer, 10000), 0);
}

/* Number n of a series, in the partition that it falls to. */
static void
put_number(unsigned n)
{
	char text[32];

	snprintf(text, sizeof text, "%u", n);
	put((int32_t)(n % LANES), AGENT, text, strlen(text));
}

static void
put_numbers(unsigned first, unsigned count)
{
	for (unsigned n = first; n < first + count; n++)
		put_number(n);
	sync_producer();
}

/* ---- reading ---- */

static struct shelf *
find_shelf(const char *lane)
{
	for (size_t i = 0; i < LANES; i++)
		if (strcmp(b.shelves[i].lane, lane) == 0)
			return &b.shelves[i];
	for (size_t i = 0; i < LANES; i++)
		if (!b.shelves[i].lane[0]) {
			snprintf(b.shelves[i].lane, sizeof b.shelves[i].lane,
			    "%s", lane);
			return &b.shelves[i];
		}
	fail_msg("more lanes than there are: %s", lane);
	return NULL;
}

static int
position_of(void *arg, const char *lane, struct buf *out, struct err *err)
{
	const struct shelf *shelf = find_shelf(lane);

	(void)arg;
	(void)err;
	buf_puts(out, shelf->position);
	return shelf->position[0] != '\0';
}

static void
open_stream(void)
{
	struct stream_kafka_options o = {.kafka = &b.kafka,
	    .clock = b.clock,
	    .position = position_of,
	    .wake_fd = b.wake[1],
	    .once = b.once};
	struct err err = {0};

	b.stream = stream_kafka_open(&o, &err);
	assert_non_null(b.stream);
}

static void
close_stream(void)
{
	stream_close(b.stream);
	b.stream = NULL;
}

static void
wait_a_moment(void)
{
	struct pollfd fd = {.fd = b.wake[0], .events = POLLIN};
	char bytes[64];

	if (poll(&fd, 1, 10) > 0)
		while (read(b.wake[0], bytes, sizeof bytes) > 0)
			;
}

/* The next record or damage; false when none comes any more, for which it waits
 * when more are expected. */
static bool
get(struct stream_item *item, bool expected)
{
	for (unsigned i = 0; i < (expected ? PATIENCE : 100); i++) {
		enum stream_got got = stream_next(b.stream, item, &b.said);

		b.damages += got == STREAM_DAMAGE;
		b.errors += got == STREAM_ERROR;
		if (got > STREAM_NOTHING)
			return true;
		if (b.once && stream_done(b.stream))
			return false;
		wait_a_moment();
	}
	return false;
}

static void
store(const struct stream_item *item)
{
	if (item->next[0])
		memcpy(find_shelf(item->lane)->position, item->next,
		    sizeof item->next);
}

static unsigned
number_of(const struct stream_item *item)
{
	char text[32];

	assert_true(item->bytes.len < sizeof text);
	memcpy(text, item->bytes.ptr, item->bytes.len);
	text[item->bytes.len] = '\0';
	return (unsigned)strtoul(text, NULL, 10);
}

#define NUMBERS 4096

/* Take count numbers and count each. */
static void
take(unsigned seen[NUMBERS], unsigned count)
{
	struct stream_item item;

	for (unsigned i = 0; i < count; i++) {
		if (!get(&item, true))
			fail_msg("%u of %u came; %s", i, count, b.said.text);
		if (item.bytes.len == 0)
			fail_msg("damage: %s", b.said.text);
		assert_true(item.has_agent);
		assert_null(item.fault);
		seen[number_of(&item)]++;
		store(&item);
	}
}

static void
assert_seen(const unsigned seen[NUMBERS], unsigned count, unsigned times)
{
	for (unsigned n = 0; n < count; n++)
		if (seen[n] != times)
			fail_msg("%u came %u times", n, seen[n]);
}

static void
assert_no_more(void)
{
	struct stream_item item;

	if (get(&item, false))
		fail_msg("one more of %s at %s: %s", item.lane, item.at,
		    b.said.text);
}

/* ---- cases ---- */

static void
all_records_of_all_partitions_come(void **state)
{
	static unsigned seen[NUMBERS];
	struct stream_state look;

	(void)state;
	memset(seen, 0, sizeof seen);
	put_numbers(0, 2000);
	open_stream();
	take(seen, 2000);
	put_numbers(2000, 100);
	take(seen, 100);
	assert_seen(seen, 2100, 1);
	assert_no_more();
	stream_look(b.stream, &look);
	assert_false(look.trouble);
	assert_int_equal(look.lanes, LANES);
	assert_int_equal(look.behind, 0);
	assert_non_null(strstr(look.name, TOPIC));
	assert_int_equal(b.damages, 0);
}

static void
positions_survive_a_restart(void **state)
{
	static unsigned seen[NUMBERS];

	(void)state;
	memset(seen, 0, sizeof seen);
	put_numbers(0, 500);
	for (unsigned taken = 0; taken < 500; taken += 125) {
		open_stream();
		take(seen, 125);
		close_stream();
	}
	open_stream();
	assert_no_more();
	put_numbers(500, 20);
	take(seen, 20);
	assert_seen(seen, 520, 1);
	assert_int_equal(b.damages, 0);
}

/* The store commits records and positions together or not at all: whatever
 * happens between, each record is stored once. */
static void
a_kill_at_any_point_loses_and_doubles_nothing(void **state)
{
	static unsigned stored[NUMBERS], pending[NUMBERS];
	unsigned written = 0, total = 0;

	(void)state;
	memset(stored, 0, sizeof stored);
	srandom(4711);
	open_stream();
	for (unsigned round = 0; total < written || round < 25; round++) {
		struct shelf before[LANES];
		unsigned batch = (unsigned)random() % 40, got = 0;
		struct stream_item item;

		if (round < 25) {
			put_numbers(written, 30);
			written += 30;
		}
		memcpy(before, b.shelves, sizeof before);
		memset(pending, 0, sizeof pending);
		while (got < batch && get(&item, total + got < written)) {
			assert_true(item.bytes.len > 0);
			pending[number_of(&item)]++;
			store(&item);
			got++;
		}
		if (round < 40 && random() % 3 == 0) {
			/* Not committed: killed, or rolled back. */
			for (size_t i = 0; i < LANES; i++)
				if (before[i].lane[0])
					b.shelves[i] = before[i];
				else
					b.shelves[i].position[0] = '\0';
			if (random() % 2) {
				close_stream();
				open_stream();
			} else {
				assert_int_equal(
				    stream_rewind(b.stream, NULL), 0);
			}
			continue;
		}
		for (unsigned n = 0; n < written; n++)
			stored[n] += pending[n];
		total += got;
	}
	assert_seen(stored, written, 1);
	assert_int_equal(b.damages, 0);
}

static void
a_position_behind_the_end_is_told_and_read_from_the_start(void **state)
{
	static unsigned seen[NUMBERS];
	struct stream_item item;

	(void)state;
	memset(seen, 0, sizeof seen);
	put_numbers(0, 40);
	snprintf(find_shelf("kafka:" TOPIC ":2")->position, STREAM_POSITION_MAX,
	    "%020d@", 4711);
	open_stream();
	for (unsigned i = 0; i < 41; i++) {
		assert_true(get(&item, true));
		if (item.bytes.len == 0) {
			assert_string_equal(item.lane, "kafka:" TOPIC ":2");
			assert_string_equal(item.at, "00000000000000004711@");
			assert_non_null(
			    strstr(b.said.text, "deleted and made again"));
		} else {
			seen[number_of(&item)]++;
		}
		store(&item);
	}
	assert_int_equal(b.damages, 1);
	assert_seen(seen, 40, 1);
	close_stream();
	open_stream();
	assert_no_more();
	assert_int_equal(b.damages, 1);
}

/* The end alone would not tell: the topic has as many messages as before. */
static void
a_topic_with_other_messages_is_told_and_read_from_the_start(void **state)
{
	static unsigned seen[NUMBERS];
	struct stream_item item;
	char *crc;

	(void)state;
	memset(seen, 0, sizeof seen);
	put_numbers(0, 40);
	open_stream();
	take(seen, 40);
	close_stream();
	crc = strrchr(find_shelf("kafka:" TOPIC ":1")->position, '/');
	crc[1] = crc[1] == '0' ? '1' : '0';
	open_stream();
	for (unsigned i = 0; i < 11; i++) {
		assert_true(get(&item, true));
		assert_string_equal(item.lane, "kafka:" TOPIC ":1");
		if (i > 0)
			seen[number_of(&item)]++;
		else
			assert_non_null(strstr(b.said.text, "another one now"));
		store(&item);
	}
	assert_no_more();
	for (unsigned n = 0; n < 40; n++)
		assert_int_equal(seen[n], n % LANES == 1 ? 2 : 1);
}

static void
another_cluster_is_told_in_every_lane(void **state)
{
	static unsigned seen[NUMBERS];
	struct stream_item item;

	(void)state;
	memset(seen, 0, sizeof seen);
	put_numbers(0, 40);
	open_stream();
	take(seen, 40);
	close_stream();
	for (size_t i = 0; i < LANES; i++)
		memcpy(strchr(b.shelves[i].position, '@') + 1, "other", 6);
	put_numbers(40, 20);
	open_stream();
	for (unsigned i = 0; i < 60 + LANES; i++) {
		assert_true(get(&item, true));
		if (item.bytes.len)
			seen[number_of(&item)]++;
		store(&item);
	}
	assert_int_equal(b.damages, LANES);
	assert_no_more();
	assert_seen(seen, 40, 2);
	assert_int_equal(seen[59], 1);
}

/* The mock keeps the last 5 MiB of a partition. */
static void
what_was_deleted_unread_is_told_as_a_gap(void **state)
{
	enum { BIG = 800 * 1024, COUNT = 12 };
	char *big = malloc(BIG);
	struct stream_item item;
	unsigned records = 0;

	(void)state;
	srandom(7);
	put(0, AGENT, "first", 5);
	sync_producer();
	open_stream();
	assert_true(get(&item, true));
	store(&item);
	close_stream();
	for (unsigned i = 0; i < COUNT; i++) {
		for (size_t n = 0; n < BIG; n++)
			big[n] = (char)random();
		put(0, AGENT, big, BIG);
		sync_producer();
	}
	free(big);
	open_stream();
	assert_true(get(&item, true));
	assert_int_equal(item.bytes.len, 0);
	assert_non_null(strstr(b.said.text, "offsets 1 to"));
	assert_non_null(strstr(b.said.text, "deleted before they were read"));
	store(&item);
	while (get(&item, records == 0)) {
		assert_int_equal(item.bytes.len, BIG);
		store(&item);
		records++;
	}
	assert_int_equal(b.damages, 1);
	assert_in_range(records, 3, COUNT - 1);
}

/* Each minute the lanes go back to their marks and on again. */
static void
the_proof_of_every_minute_loses_and_doubles_nothing(void **state)
{
	static unsigned seen[NUMBERS];
	unsigned written = 0, taken = 0;

	(void)state;
	memset(seen, 0, sizeof seen);
	clock_free(b.clock);
	b.clock = clock_new_simulated(0);
	put_numbers(0, 40);
	written = 40;
	open_stream();
	take(seen, 1);
	taken = 1;
	for (unsigned round = 0; round < 12; round++) {
		put_numbers(written, 60);
		written += 60;
		take(seen, 37);
		taken += 37;
		clock_advance(b.clock, MINUTE);
	}
	take(seen, written - taken);
	assert_seen(seen, written, 1);
	assert_no_more();
	assert_int_equal(b.damages, 0);
	/* And the marks moved, or the next restart would prove little. */
	for (size_t i = 0; i < LANES; i++)
		if (strtoul(strchr(b.shelves[i].position, '/') + 1, NULL, 10) ==
		    0)
			fail_msg("the mark of %s stayed: %s", b.shelves[i].lane,
			    b.shelves[i].position);
}

static void
a_key_that_is_no_agents_id_is_a_fault(void **state)
{
	static const char *const bad[] = {
	    NULL, "", "web01", "0E1F3A52-9d4c-4f0e-8a4b-6c1d2e3f4a5b"};
	struct stream_item item;

	(void)state;
	for (size_t i = 0; i < 4; i++)
		put(0, bad[i], "{}", 2);
	put(0, AGENT, NULL, 0);
	sync_producer();
	open_stream();
	for (size_t i = 0; i < 4; i++) {
		assert_true(get(&item, true));
		assert_false(item.has_agent);
		assert_non_null(item.fault);
	}
	assert_true(get(&item, true));
	assert_true(item.has_agent);
	assert_int_equal(item.bytes.len, 0);
	assert_int_equal(b.damages, 0);
}

static void
a_broker_that_is_away_is_named_and_waited_for(void **state)
{
	static unsigned seen[NUMBERS];
	struct stream_state look;
	struct stream_item item;

	(void)state;
	memset(seen, 0, sizeof seen);
	put_numbers(0, 40);
	rd_kafka_mock_broker_set_down(b.cluster, 1);
	open_stream();
	for (unsigned i = 0; i < PATIENCE && !b.errors; i++)
		assert_false(get(&item, false));
	stream_look(b.stream, &look);
	assert_true(look.trouble);
	assert_non_null(strstr(look.words, "cannot be read, trying again"));
	assert_non_null(strstr(look.words, "127.0.0.1"));
	rd_kafka_mock_broker_set_up(b.cluster, 1);
	take(seen, 40);
	assert_seen(seen, 40, 1);
	stream_look(b.stream, &look);
	assert_false(look.trouble);
	/* And in the middle of it. */
	rd_kafka_mock_broker_set_down(b.cluster, 1);
	assert_false(get(&item, false));
	rd_kafka_mock_broker_set_up(b.cluster, 1);
	put_numbers(40, 40);
	take(seen, 40);
	assert_seen(seen, 80, 1);
	assert_int_equal(b.damages, 0);
}

static void
once_ends_where_the_partitions_ended_when_it_began(void **state)
{
	static unsigned seen[NUMBERS];
	struct stream_item item;
	unsigned more = 200;

	(void)state;
	memset(seen, 0, sizeof seen);
	put_numbers(0, 200);
	b.once = true;
	open_stream();
	while (get(&item, true)) {
		assert_true(item.bytes.len > 0);
		seen[number_of(&item)]++;
		store(&item);
		if (more < 1000) {
			/* A writer that never ends. */
			put_numbers(more, 8);
			more += 8;
		}
	}
	assert_true(stream_done(b.stream));
	assert_seen(seen, 200, 1);
	for (unsigned n = 200; n < more; n++)
		assert_int_equal(seen[n], 0);
	close_stream();
	open_stream();
	while (get(&item, true)) {
		seen[number_of(&item)]++;
		store(&item);
	}
	assert_true(stream_done(b.stream));
	assert_seen(seen, more, 1);
	close_stream();
	/* Nothing new: it ends all the same. */
	open_stream();
	assert_false(get(&item, true));
	assert_true(stream_done(b.stream));
	assert_int_equal(b.damages, 0);
}

static void
a_topic_that_is_not_there_is_named(void **state)
{
	struct stream_state look;
	struct stream_item item;

	(void)state;
	b.list[2] = (struct kafka_property){"topic", "not.there", ""};
	b.kafka.count = 3;
	rd_kafka_mock_topic_set_error(
	    b.cluster, "not.there", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
	open_stream();
	for (unsigned i = 0; i < PATIENCE && !b.errors; i++)
		assert_false(get(&item, false));
	stream_look(b.stream, &look);
	assert_true(look.trouble);
	assert_non_null(strstr(look.words, "not.there"));
	assert_non_null(strstr(look.words, "make it"));
	assert_false(stream_done(b.stream));
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	static const struct CMUnitTest tests[] = {
	    CASE(all_records_of_all_partitions_come),
	    CASE(positions_survive_a_restart),
	    CASE(a_kill_at_any_point_loses_and_doubles_nothing),
	    CASE(a_position_behind_the_end_is_told_and_read_from_the_start),
	    CASE(a_topic_with_other_messages_is_told_and_read_from_the_start),
	    CASE(another_cluster_is_told_in_every_lane),
	    CASE(what_was_deleted_unread_is_told_as_a_gap),
	    CASE(the_proof_of_every_minute_loses_and_doubles_nothing),
	    CASE(a_key_that_is_no_agents_id_is_a_fault),
	    CASE(a_broker_that_is_away_is_named_and_waited_for),
	    CASE(once_ends_where_the_partitions_ended_when_it_began),
	    CASE(a_topic_that_is_not_there_is_named),
	};

	return cmocka_run_group_tests_name("stream_kafka", tests, NULL, NULL);
}
