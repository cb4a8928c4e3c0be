/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "assay/encode.h"
#include "assay/vocab.h"

static const char events[] =
    "events:\n"
    "- event: auth.login\n"
    "  about: Someone logged in.\n"
    "  outcomes: [success, failure]\n"
    "  fields: {user: string, src_ip: ip, src_port: int, remote: bool}\n"
    "- event: backup.run\n"
    "  about: A backup ran.\n"
    "  outcomes: [success, warning, failure]\n"
    "  fields: {job: string, took: duration, ended: time}\n"
    "  run: {limit: 24h, outcome: worst}\n"
    "- {event: service.state, about: A service changed., outcomes: [none]}\n";

static struct vocab *
vocabulary(const char *text, struct problems *p)
{
	struct tree *t = tree_parse("events.yml", slice_of(text), p);
	struct vocab *v = t ? vocab_new(t, p) : NULL;

	tree_free(t);
	return v;
}

static void
kinds_keep_what_the_file_says(void **state)
{
	struct problems *p = problems_new();
	struct vocab *v = vocabulary(events, p);
	const struct vocab_kind *login, *run;

	(void)state;
	assert_non_null(v);
	login = vocab_find(v, SLICE("auth.login"));
	assert_string_equal(login->about, "Someone logged in.");
	assert_int_equal(
	    login->outcomes, 1u << VOCAB_SUCCESS | 1u << VOCAB_FAILURE);
	assert_int_equal(login->field_count, 4);
	assert_string_equal(login->fields[2].name, "src_port");
	assert_int_equal(login->fields[2].type, VOCAB_INT);
	assert_int_equal(login->fields[2].index, 2);
	assert_false(login->run);
	run = vocab_find(v, SLICE("backup.run"));
	assert_true(run->run);
	assert_int_equal(run->run_limit_us, INT64_C(86400000000));
	assert_ptr_equal(vocab_at(v, 2), vocab_find(v, SLICE("service.state")));
	assert_null(vocab_at(v, 3));
	assert_null(vocab_find(v, SLICE("auth.logi")));
	assert_ptr_equal(vocab_nearest(v, SLICE("auth.logn")), login);
	assert_null(vocab_nearest(v, SLICE("coffee.brewed")));
	assert_ptr_equal(
	    vocab_field(login, SLICE("remote")), &login->fields[3]);
	assert_null(vocab_field(login, SLICE("remot")));
	vocab_free(v);
	problems_free(p);
}

static void
the_vocabulary_of_the_product_can_be_read(void **state)
{
	struct problems *p = problems_new();
	struct tree *t =
	    tree_read(SOURCE_DIR "/rules/events.yml", "events.yml", p);
	struct vocab *v;

	(void)state;
	assert_non_null(t);
	v = vocab_new(t, p);
	assert_non_null(v);
	assert_non_null(vocab_find(v, SLICE("auth.login")));
	assert_true(vocab_find(v, SLICE("backup.run"))->run);
	assert_int_equal(problems_warnings(p), 0);
	vocab_free(v);
	tree_free(t);
	problems_free(p);
}

static void
names_of_types_and_outcomes_come_back(void **state)
{
	(void)state;
	for (int i = VOCAB_NONE; i <= VOCAB_FAILURE; i++) {
		enum vocab_outcome o;

		assert_true(vocab_outcome_parse(
		    slice_of(vocab_outcome_name((enum vocab_outcome)i)), &o));
		assert_int_equal(o, i);
	}
	assert_string_equal(vocab_type_name(VOCAB_DURATION), "duration");
}

static void
values_have_one_wire_form(void **state)
{
	static const struct {
		enum vocab_type type;
		const char *text;
		const char *wire;
	} cases[] = {{VOCAB_STRING, "a\"b", "\"a\\\"b\""},
	    {VOCAB_STRING, "", "\"\""},
	    {VOCAB_STRING, "caf\xe9", "\"caf\\\\xe9\""}, {VOCAB_INT, "0", "0"},
	    {VOCAB_INT, "007", "7"}, {VOCAB_INT, "-12", "-12"},
	    {VOCAB_INT, "+12", "12"},
	    {VOCAB_INT, "9007199254740992", "9007199254740992"},
	    {VOCAB_INT, "9007199254740993", "\"9007199254740993\""},
	    {VOCAB_INT, "-9007199254740993", "\"-9007199254740993\""},
	    {VOCAB_BOOL, "true", "true"}, {VOCAB_BOOL, "no", "false"},
	    {VOCAB_IP, "192.0.2.1", "\"192.0.2.1\""},
	    {VOCAB_IP, "2001:db8::1", "\"2001:db8::1\""},
	    {VOCAB_IP, "::ffff:192.0.2.1", "\"::ffff:192.0.2.1\""},
	    {VOCAB_TIME, "2026-07-03T14:59:17Z",
		"\"2026-07-03T14:59:17.000000Z\""},
	    {VOCAB_TIME, "2026-07-03 16:59:17.25+02:00",
		"\"2026-07-03T14:59:17.250000Z\""},
	    {VOCAB_TIME, "2026-07-03T14:59:17,123456789-0030",
		"\"2026-07-03T15:29:17.123456Z\""},
	    {VOCAB_TIME, "86400", "\"1970-01-02T00:00:00.000000Z\""},
	    {VOCAB_DURATION, "1h2m3.5s", "3723500000"},
	    {VOCAB_DURATION, "0:05", "5000000"},
	    {VOCAB_DURATION, "1:00:05", "3605000000"},
	    {VOCAB_DURATION, "75:00", "4500000000"},
	    {VOCAB_DURATION, "12.5", "12500000"},
	    {VOCAB_DURATION, "250ms", "250000"},
	    {VOCAB_DURATION, "1d", "86400000000"},
	    {VOCAB_DURATION, "3us", "3"}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct vocab_value value;
		struct buf b = {0};

		if (!vocab_parse(
			cases[i].type, slice_of(cases[i].text), &value))
			fail_msg("%s is refused", cases[i].text);
		vocab_json(&b, &value);
		assert_slice(buf_slice(&b), slice_of(cases[i].wire));
		buf_clear(&b);
	}
}

static void
text_that_is_not_of_the_type_is_refused_and_leaves_the_value(void **state)
{
	static const struct {
		enum vocab_type type;
		const char *text;
	} cases[] = {{VOCAB_INT, ""}, {VOCAB_INT, "-"}, {VOCAB_INT, "1.5"},
	    {VOCAB_INT, " 1"}, {VOCAB_INT, "9223372036854775808"},
	    {VOCAB_INT, "--1"}, {VOCAB_BOOL, "1"}, {VOCAB_BOOL, "TRUE"},
	    {VOCAB_BOOL, ""}, {VOCAB_IP, "192.0.2.256"},
	    {VOCAB_IP, "192.0.2.01"}, {VOCAB_IP, "192.0.2"},
	    {VOCAB_IP, "192.0.2.1 "}, {VOCAB_IP, ":::"},
	    {VOCAB_IP, "fe80::1%eth0"}, {VOCAB_IP, ""}, {VOCAB_IP, "1"},
	    {VOCAB_TIME, "2026-07-03T14:59:17"},
	    {VOCAB_TIME, "2026-02-30T14:59:17Z"},
	    {VOCAB_TIME, "2026-07-03T14:59:60Z"},
	    {VOCAB_TIME, "2026-07-03T14:59:17.Z"},
	    {VOCAB_TIME, "2026-07-03T14:59:17+2:00"},
	    {VOCAB_TIME, "1970-01-01T00:00:00+01:00"},
	    {VOCAB_TIME, "9999-12-31T23:59:59-01:00"},
	    {VOCAB_TIME, "253402300800"}, {VOCAB_TIME, ""},
	    {VOCAB_DURATION, ""}, {VOCAB_DURATION, "1:60"},
	    {VOCAB_DURATION, "1:2:3:4"}, {VOCAB_DURATION, ":5"},
	    {VOCAB_DURATION, "1x"}, {VOCAB_DURATION, "s"},
	    {VOCAB_DURATION, "1.s"}, {VOCAB_DURATION, "-1s"},
	    {VOCAB_DURATION, "1000000000d"}, {VOCAB_DURATION, "36501d"}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct vocab_value value = {.number = 77};

		if (vocab_parse(cases[i].type, slice_of(cases[i].text), &value))
			fail_msg("%s is accepted", cases[i].text);
		assert_int_equal(value.number, 77);
	}
	assert_false(vocab_parse(
	    VOCAB_IP, SLICE("192.0.2.1\0"), &(struct vocab_value){0}));
}

/* Random texts of the characters addresses are made of, mostly broken. */
static void
an_address_is_what_inet_pton_takes(void **state)
{
	static const char letters[] = "0123456789abcdefF::::....g";
	size_t good = 0;

	(void)state;
	srandom(7);
	for (int i = 0; i < 200000; i++) {
		char text[48];
		unsigned char bytes[16];
		struct vocab_value value;
		size_t len = (size_t)random() % 12;
		bool wanted;

		for (size_t c = 0; c < len; c++)
			text[c] = letters[(size_t)random() % 26];
		text[len] = '\0';
		wanted = inet_pton(AF_INET, text, bytes) == 1 ||
			 inet_pton(AF_INET6, text, bytes) == 1;
		good += wanted;
		assert_int_equal(
		    vocab_parse(VOCAB_IP, slice_of(text), &value), wanted);
	}
	assert_true(good > 100);
}

static void
every_string_has_a_wire_form_that_is_utf8(void **state)
{
	(void)state;
	srandom(11);
	for (int i = 0; i < 20000; i++) {
		char text[16];
		struct vocab_value value;
		struct buf b = {0};

		for (size_t c = 0; c < sizeof text; c++)
			text[c] = (char)random();
		assert_true(vocab_parse(
		    VOCAB_STRING, (struct slice){text, sizeof text}, &value));
		vocab_json(&b, &value);
		assert_true(encode_is_utf8(buf_slice(&b)));
		buf_clear(&b);
	}
}

static void
values_are_equal_by_meaning(void **state)
{
	struct vocab_value a, b;

	(void)state;
	vocab_parse(VOCAB_INT, SLICE("7"), &a);
	vocab_parse(VOCAB_INT, SLICE("007"), &b);
	assert_true(vocab_equal(&a, &b));
	vocab_parse(VOCAB_STRING, SLICE("7"), &b);
	assert_false(vocab_equal(&a, &b));
	vocab_parse(VOCAB_STRING, SLICE("007"), &a);
	assert_false(vocab_equal(&a, &b));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(kinds_keep_what_the_file_says),
	    cmocka_unit_test(the_vocabulary_of_the_product_can_be_read),
	    cmocka_unit_test(names_of_types_and_outcomes_come_back),
	    cmocka_unit_test(values_have_one_wire_form),
	    cmocka_unit_test(
		text_that_is_not_of_the_type_is_refused_and_leaves_the_value),
	    cmocka_unit_test(an_address_is_what_inet_pton_takes),
	    cmocka_unit_test(every_string_has_a_wire_form_that_is_utf8),
	    cmocka_unit_test(values_are_equal_by_meaning),
	};

	return cmocka_run_group_tests_name("vocab", tests, NULL, NULL);
}
