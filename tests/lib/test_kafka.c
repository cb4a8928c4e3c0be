/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdio.h>
#include <string.h>

#include "assay/kafka.h"

static const struct kafka_property producer[] = {
    {"acks", "all", ""},
    {"message.timeout.ms", "0", ""},
    {"linger.ms", "50", ""},
};

/* The properties of a YAML map; what is wrong with them fails the test. */
static void
read_map(struct kafka_properties *k, const char *text, struct tree **t)
{
	struct problems *p = problems_new();

	*t = tree_parse("a.yml", slice_of(text), p);
	assert_non_null(*t);
	assert_int_equal(kafka_properties_add(k, tree_root(*t), p), 0);
	assert_int_equal(problems_errors(p), 0);
	problems_free(p);
}

static rd_kafka_conf_t *
make(const char *text, struct err *err)
{
	struct kafka_properties k = {0};
	struct tree *t;
	rd_kafka_conf_t *conf;

	err->text[0] = '\0';
	read_map(&k, text, &t);
	conf = kafka_conf_new(k.list, k.count, producer, 3, err);
	kafka_properties_clear(&k);
	tree_free(t);
	return conf;
}

static void
expect_conf(const char *text, const char *key, const char *wanted)
{
	struct err err;
	rd_kafka_conf_t *conf = make(text, &err);
	char value[512];
	size_t size = sizeof value;

	if (!conf)
		fail_msg("%s", err.text);
	assert_int_equal(
	    rd_kafka_conf_get(conf, key, value, &size), RD_KAFKA_CONF_OK);
	assert_string_equal(value, wanted);
	rd_kafka_conf_destroy(conf);
}

static void
expect_refused(const char *text, const char *begin, const char *wanted)
{
	struct err err;

	assert_null(make(text, &err));
	if (strncmp(err.text, begin, strlen(begin)) != 0 ||
	    !strstr(err.text, wanted))
		fail_msg("'%s' has no '%s'", err.text, wanted);
}

#define HERE "bootstrap.servers: '127.0.0.1:9092'\n"
#define THERE "bootstrap.servers: 'localhost:1, k1.example.org:9092'\n"

static void
any_property_of_librdkafka_can_be_set(void **state)
{
	(void)state;
	expect_conf(HERE "linger.ms: 7\n", "linger.ms", "7");
	expect_conf(HERE "statistics.interval.ms: 60000\n",
	    "statistics.interval.ms", "60000");
	expect_conf(HERE "queue.buffering.max.kbytes: 2000\n",
	    "queue.buffering.max.kbytes", "2000");
	expect_conf(HERE "topic: x\ndead_topic: y.z\ninsecure: false\n",
	    "linger.ms", "50");
}

static void
what_every_client_needs_is_set(void **state)
{
	(void)state;
	expect_conf(HERE, "log.queue", "true");
	expect_conf(HERE, "socket.nagle.disable", "true");
	expect_conf(HERE, "allow.auto.create.topics", "false");
	expect_conf(HERE, "enable.ssl.certificate.verification", "true");
	expect_conf(HERE, "ssl.endpoint.identification.algorithm", "https");
}

static void
what_correctness_rests_on_stays(void **state)
{
	(void)state;
	expect_conf(HERE "acks: -1\n", "acks", "-1");
	expect_conf(HERE "delivery.timeout.ms: 0\n", "message.timeout.ms", "0");
	expect_refused(
	    HERE "acks: 1\n", "a.yml:2:7: kafka: acks stays", "leave");
	expect_refused(HERE "request.required.acks: 0\n",
	    "a.yml:2:24: ", "request.required.acks stays");
	expect_refused(HERE "message.timeout.ms: 300000\n",
	    "a.yml:2:21: ", "never dropped");
	expect_refused(HERE "enable.ssl.certificate.verification: false\n",
	    "a.yml:2:38: ", "stays true");
	expect_refused(HERE "ssl.endpoint.identification.algorithm: none\n",
	    "a.yml:2:40: ", "stays https");
	expect_refused(HERE "log.queue: false\n", "a.yml:2:12: ", "stays");
	/* A caller that has no word on it leaves it to the person. */
	expect_conf(
	    HERE "auto.offset.reset: latest\n", "auto.offset.reset", "largest");
}

static void
an_unknown_property_is_named_with_its_place(void **state)
{
	(void)state;
	expect_refused(HERE "lingr.ms: 5\n",
	    "a.yml:2:11: kafka: ", "did you mean 'linger.ms'?");
	expect_refused(
	    HERE "topics: x\n", "a.yml:2:9: kafka: ", "did you mean 'topic'?");
	expect_refused(HERE "wholly.unheard.of.thing: 5\n",
	    "a.yml:2:26: kafka: ", "No such configuration property");
}

static void
a_wrong_value_is_told_in_librdkafkas_words(void **state)
{
	(void)state;
	expect_refused(HERE "linger.ms: soon\n",
	    "a.yml:2:12: kafka: ", "linger.ms: librdkafka says: Invalid value");
	expect_refused(HERE "compression.codec: best\n",
	    "a.yml:2:20: ", "compression.codec");
	expect_refused(HERE "topic: 'a b'\n", "a.yml:2:8: ", "a topic's name");
	expect_refused(HERE "insecure: 1\n", "a.yml:2:11: ", "true or false");
	expect_refused(HERE "ssl.ca.location: /nonexistent/ca.pem\n",
	    "a.yml:2:18: ", "there is no file '/nonexistent/ca.pem'");
}

static void
a_broker_must_be_named(void **state)
{
	(void)state;
	expect_refused(
	    "linger.ms: 5\n", "a.yml:1:12: ", "bootstrap.servers is missing");
	expect_refused("bootstrap.servers: 'PLAINTEXT://127.0.0.1:1'\n",
	    "a.yml:1:20: ", "HOST:PORT");
}

static void
what_leaves_the_machine_is_encrypted(void **state)
{
	static const char *const local[] = {"127.0.0.1:9092", "127.9.9.9",
	    "localhost:9092", "[::1]:9092", "LocalHost"};
	static const char *const remote[] = {"10.0.0.1:9092", "k1:9092",
	    "[2001:db8::1]:9092", "128.0.0.1", "127.0.0.1.example.org:9092",
	    "localhost.example.org", "127.0.0.1:9092,k2:9092"};
	char text[200];

	(void)state;
	for (size_t i = 0; i < sizeof local / sizeof *local; i++) {
		snprintf(
		    text, sizeof text, "bootstrap.servers: '%s'\n", local[i]);
		expect_conf(text, "security.protocol", "plaintext");
	}
	for (size_t i = 0; i < sizeof remote / sizeof *remote; i++) {
		snprintf(
		    text, sizeof text, "bootstrap.servers: '%s'\n", remote[i]);
		expect_refused(text, "a.yml:1:20: ", "is not on this machine");
		strcat(text, "security.protocol: ssl\n");
		expect_conf(text, "security.protocol", "ssl");
	}
	expect_refused(THERE "security.protocol: sasl_plaintext\n",
	    "a.yml:2:20: ", "'k1.example.org' is not on this machine");
	expect_conf(THERE "security.protocol: SASL_SSL\n", "security.protocol",
	    "sasl_ssl");
	expect_conf(THERE "insecure: true\n", "security.protocol", "plaintext");
}

static bool
insecure(const char *text)
{
	struct kafka_properties k = {0};
	struct tree *t;
	bool answer;

	read_map(&k, text, &t);
	answer = kafka_is_insecure(k.list, k.count);
	kafka_properties_clear(&k);
	tree_free(t);
	return answer;
}

static void
insecure_is_what_others_can_read(void **state)
{
	(void)state;
	assert_true(insecure(THERE "insecure: true\n"));
	assert_false(insecure(HERE "insecure: true\n"));
	assert_false(
	    insecure(THERE "insecure: true\nsecurity.protocol: ssl\n"));
}

static void
secrets_are_not_repeated(void **state)
{
	struct err err;

	(void)state;
	assert_null(make(HERE "ssl.key.pem: 'hunter2'\n"
			      "security.protocol: nonsense\n",
	    &err));
	assert_null(strstr(err.text, "hunter2"));
}

static void
later_maps_overrule_earlier_ones(void **state)
{
	struct kafka_properties k = {0}, same = {0};
	struct tree *a, *b, *c, *d;

	(void)state;
	read_map(&k, HERE "linger.ms: 5\ntopic: x\n", &a);
	read_map(&k, "linger.ms: 6\n", &b);
	read_map(&same, "topic: x\nlinger.ms: 6\n" HERE, &c);
	assert_int_equal(k.count, 3);
	assert_string_equal(
	    kafka_value(k.list, k.count, "linger.ms", NULL), "6");
	assert_string_equal(k.list[1].at, "a.yml:1:12");
	assert_true(kafka_properties_equal(&k, &same));
	read_map(&same, "topic: y\n", &d);
	assert_false(kafka_properties_equal(&k, &same));
	kafka_properties_clear(&k);
	kafka_properties_clear(&same);
	tree_free(a);
	tree_free(b);
	tree_free(c);
	tree_free(d);
}

/* What a person wrote, as problems show it. */
static void
expect_problem(const char *text, const char *wanted)
{
	struct problems *p = problems_new();
	struct tree *t = tree_parse("a.yml", slice_of(text), p);
	struct kafka_properties k = {0};
	struct buf out = {0};

	assert_non_null(t);
	if (kafka_properties_add(&k, tree_root(t), p) == 0)
		assert_int_equal(
		    kafka_properties_check(&k, producer, 3, p), -1);
	assert_int_equal(problems_errors(p), 1);
	problems_print(p, &out);
	buf_putc(&out, '\0');
	if (!strstr(out.ptr, wanted))
		fail_msg("no '%s' in:\n%s", wanted, out.ptr);
	buf_clear(&out);
	kafka_properties_clear(&k);
	tree_free(t);
	problems_free(p);
}

static void
problems_stand_at_their_place(void **state)
{
	(void)state;
	expect_problem(HERE "lingr.ms: 5\n",
	    "a.yml:2:11: kafka: 'lingr.ms' is no property");
	expect_problem(HERE "topic:\n", "topic takes one value");
	expect_problem("bootstrap.servers: [a, b]\n", "with commas between");
	expect_problem("[1]\n", "a.yml:1:1: ");
}

static void
expect_explained(rd_kafka_resp_err_t code, const char *said, const char *wanted)
{
	struct err err;

	kafka_explain(&err, code, said);
	if (!strstr(err.text, wanted))
		fail_msg("'%s' has no '%s'", err.text, wanted);
}

static void
errors_are_explained(void **state)
{
	(void)state;
	expect_explained(RD_KAFKA_RESP_ERR__TRANSPORT,
	    "ssl://k1:9093/bootstrap: Connect to ipv4#10.0.0.1:9093 failed: "
	    "Connection refused (after 0ms in state CONNECT)",
	    "k1:9093: Connect to ipv4#10.0.0.1:9093 failed: Connection "
	    "refused: nothing listens there");
	expect_explained(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
	    "Broker: Unknown topic or partition", "make it");
	expect_explained(
	    RD_KAFKA_RESP_ERR__FAIL, "something %s new", "something %s new");
	expect_explained(RD_KAFKA_RESP_ERR__FAIL, "", "");
	expect_explained(RD_KAFKA_RESP_ERR__FAIL, "/: ", "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(any_property_of_librdkafka_can_be_set),
	    cmocka_unit_test(what_every_client_needs_is_set),
	    cmocka_unit_test(what_correctness_rests_on_stays),
	    cmocka_unit_test(an_unknown_property_is_named_with_its_place),
	    cmocka_unit_test(a_wrong_value_is_told_in_librdkafkas_words),
	    cmocka_unit_test(a_broker_must_be_named),
	    cmocka_unit_test(what_leaves_the_machine_is_encrypted),
	    cmocka_unit_test(insecure_is_what_others_can_read),
	    cmocka_unit_test(secrets_are_not_repeated),
	    cmocka_unit_test(later_maps_overrule_earlier_ones),
	    cmocka_unit_test(problems_stand_at_their_place),
	    cmocka_unit_test(errors_are_explained),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
