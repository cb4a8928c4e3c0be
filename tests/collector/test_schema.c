/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>

#include "registry.h"
#include "schema.h"

static int
load(void **state)
{
	struct problems *p = problems_new();
	struct tree *t =
	    tree_read(SOURCE_DIR "/rules/registers.yml", "registers.yml", p);
	struct buf out = {0};

	assert_non_null(t);
	*state = schema_new(t, p);
	problems_print(p, &out);
	if (!*state || out.len)
		fail_msg("%.*s", SLICE_FMT(buf_slice(&out)));
	tree_free(t);
	problems_free(p);
	return 0;
}

static int
unload(void **state)
{
	schema_free(*state);
	return 0;
}

/* Knows the check `known`, the control A.8.13 and the event backup.run. */
static bool
known(void *arg, const char *what, struct slice name, struct buf *advice)
{
	(void)arg;
	if (!strcmp(what, "check"))
		return slice_eq_str(name, "known");
	buf_puts(advice, ": advice");
	if (!strcmp(what, "control"))
		return slice_eq_str(name, "A.8.13");
	assert_string_equal(what, "event");
	return slice_eq_str(name, "backup.run");
}

/* What is said of two files; "" when nothing is. Free it. */
static struct buf
check_two(const struct schema *s, const char *first, const char *second)
{
	struct problems *p = problems_new();
	struct tree *trees[2] = {tree_parse("a.yml", slice_of(first), p),
	    tree_parse("b.yml", slice_of(second), p)};
	struct buf out = {0};
	int result;

	assert_non_null(trees[0]);
	assert_non_null(trees[1]);
	result = schema_check(s, trees, 2, known, NULL, p);
	assert_int_equal(result, problems_errors(p) ? -1 : 0);
	problems_print(p, &out);
	buf_putc(&out, '\0');
	problems_free(p);
	tree_free(trees[0]);
	tree_free(trees[1]);
	return out;
}

static void
says_of_two(const struct schema *s, const char *first, const char *second,
    const char *message)
{
	struct buf out = check_two(s, first, second);

	if (*message ? !strstr(out.ptr, message) : *out.ptr)
		fail_msg(
		    "\"%s\" was wanted, and this said:\n%s", message, out.ptr);
	buf_clear(&out);
}

static void
says(const struct schema *s, const char *text, const char *message)
{
	says_of_two(s, text, "", message);
}

static void
a_register_or_value_nobody_knows_is_named(void **state)
{
	says(*state, "hostz: []\n",
	    "a.yml:1:1: unknown register 'hostz'; did you mean 'hosts'?");
	says(*state, "organization: X\n", "did you mean 'organisation'?");
	says(*state, "qwertz: []\n", "declare it in a registers.yml");
	says(*state, "hosts:\n", "warning: 'hosts' lists nothing");
	says(*state, "hosts: {}\n", "a list of rows is expected here");
	says(*state, "scope:\n", "warning: 'scope' is not filled in");
	says(*state, "zone:\n", "");
	says(*state, "[]\n", "a map of registers is expected here, not a list");
	says(*state, "# only a comment\n", "");
}

static void
a_value_in_two_files_is_refused_and_lists_are_joined(void **state)
{
	says_of_two(*state, "zone: UTC\n", "zone: Europe/Paris\n",
	    "b.yml:1:1: 'zone' stands in another file already, line 1");
	says_of_two(*state, "hosts: [{name: a}]\n", "hosts: [{name: b}]\n", "");
	says_of_two(*state, "hosts: [{name: a}]\n", "hosts: [{name: a}]\n",
	    "b.yml:1:16: name 'a' has a row already, in line 1 of a.yml");
}

static void
a_key_of_several_columns_is_unique_as_a_whole(void **state)
{
	says(*state,
	    "entitlements:\n- {system: s, user: u, role: r}\n"
	    "- {system: s, user: u, role: q}\n",
	    "");
	says(*state,
	    "entitlements:\n- {system: s, user: u, role: r}\n"
	    "- {system: s, user: u, role: r}\n",
	    "a.yml:3:12: system 's' has a row already");
}

static void
a_period_without_a_day_in_it_is_refused(void **state)
{
	says(*state, "hosts: [{name: a, from: 2026-05-02, to: 2026-05-01}]\n",
	    "'to' must be later than 'from', 2026-05-02");
	says(*state, "hosts: [{name: a, from: 2026-05-01, to: 2026-05-01}]\n",
	    "'to' must be later than 'from'");
	says(*state, "hosts: [{name: a, from: 2026-05-01, to: 2026-05-02}]\n",
	    "");
}

static void
what_a_row_refers_to_must_exist(void **state)
{
	says(*state,
	    "adopts: [{check: known, criterion: c, by: b, on: 2026-05-01}]\n",
	    "");
	says(*state,
	    "adopts: [{check: other, criterion: c, by: b, on: 2026-05-01}]\n",
	    "a.yml:1:18: unknown check 'other'");
	says(*state, "soa: [{control: A.9.9}]\n",
	    "unknown control 'A.9.9': advice");
	says(*state, "jobs: [{id: j, event: backup.rum}]\n",
	    "unknown event 'backup.rum': advice");
	says(*state, "hosts: [{name: web01}]\njobs: [{id: j, host: web1}]\n",
	    "no row of hosts has the name 'web1'; did you mean 'web01'?");
	says(*state,
	    "hosts: [{name: web01}]\njobs: [{id: j, match: {host: xyz}}]\n",
	    "no row of hosts has the name 'xyz': add one");
	says(*state,
	    "hosts: [{name: web01}]\nadopts: [{check: known, criterion: c, "
	    "by: b, on: 2026-05-01, at: [web01, db]}]\n",
	    "a.yml:2:74: no row of hosts has the name 'db'");
	/* Nobody who lists no hosts is asked for them. */
	says(*state, "jobs: [{id: j, host: web1}]\n", "");
}

static void
a_rename_must_not_take_a_name_that_is_still_in_use(void **state)
{
	says(*state, "jobs: [{id: a, name: x}, {id: b, name: z, was: x}]\n",
	    "the row in line 1 still has the name 'x'");
	says(*state,
	    "jobs: [{id: a, name: x, to: 2026-05-01}, {id: b, name: z, was: "
	    "x}]\n",
	    "");
	says(*state, "jobs: [{id: a, name: x, was: x}]\n", "");
}

static void
a_register_that_a_condition_needs_is_asked_for(void **state)
{
	static const char *const policy =
	    "adopts: [{check: known, criterion: c, by: b, on: 2026-05-01, "
	    "where: {user: {not: {in: \"register:leavers\"}}}}]\n";

	says(*state, policy, "warning: no file holds the register 'leavers'");
	says_of_two(*state, policy, "leavers: []\n", "");
	says(*state,
	    "adopts: [{check: known, criterion: c, by: b, on: 2026-05-01, "
	    "where: {user: {in: \"register:nobody\"}}}]\n",
	    "there is no register 'nobody'");
}

/* ---- the schema and the registry say the same ---- */

struct sample {
	const char *good;
	const char *bad;
};

static struct sample
sample_of(const struct column *c)
{
	switch (c->kind) {
	case COLUMN_TEXT:
		return (struct sample){"some text", "7"};
	case COLUMN_NAME:
		return (struct sample){"known", "'a b'"};
	case COLUMN_HOST:
		return (struct sample){"web01", "'a b'"};
	case COLUMN_UUID:
		return (struct sample){
		    "0b9ff1c4-6a3f-4d0e-9d1f-2f6b0c1a7e55", "x"};
	case COLUMN_CONTROL:
		return (struct sample){"A.8.13", "8.13"};
	case COLUMN_EVENT:
		return (struct sample){"backup.run", "backup"};
	case COLUMN_DATE:
		return strcmp(c->name, "to")
			   ? (struct sample){"2026-05-01", "2026-02-30"}
			   : (struct sample){"2026-05-02", "2026-02-30"};
	case COLUMN_CLOCK:
		return (struct sample){"'02:30'", "'2:30'"};
	case COLUMN_DURATION:
		return (struct sample){"2h", "2"};
	case COLUMN_SHARE:
		return (struct sample){"0.95", "1.5"};
	case COLUMN_BOOL:
		return (struct sample){"true", "maybe"};
	case COLUMN_WORD:
		return (struct sample){c->words[0], "xyzzy"};
	case COLUMN_WHERE:
		return (struct sample){"{a: b}", "{a: {b: 1}}"};
	default:
		fail_msg("no sample of %s", column_kind_name(c->kind));
		return (struct sample){NULL, NULL};
	}
}

/* Append {column: value, ...} with good values, but for the one column. */
static void
put_row(struct buf *out, const struct column *columns, const struct column *bad)
{
	buf_putc(out, '{');
	for (const struct column *c = columns; c->name; c++) {
		bool list = (c->flags & COLUMN_LIST) != 0;

		buf_printf(out, "%s\"%s\": %s", c == columns ? "" : ", ",
		    c->name, list ? "[" : "");
		if (c->kind == COLUMN_ROW)
			put_row(out, c->columns, bad);
		else
			buf_puts(out,
			    c == bad ? sample_of(c).bad : sample_of(c).good);
		buf_puts(out, list ? "]" : "");
	}
	buf_putc(out, '}');
}

static bool
registry_takes(const struct registry *r, const char *name)
{
	if (!strcmp(name, "hosts"))
		return registry_host(r, 0) != NULL;
	if (!strcmp(name, "jobs"))
		return registry_job(r, 0) != NULL;
	if (!strcmp(name, "adopts"))
		return registry_adopt(r, 0) != NULL;
	if (!strcmp(name, "soa"))
		return registry_soa(r, 0) != NULL;
	assert_string_equal(name, "exceptions");
	return registry_exception(r, 0) != NULL;
}

/* A row with this column bad (NULL: none): do both take it? */
static void
assert_agree(const struct schema *s, const struct schema_register *r,
    const struct column *bad)
{
	struct buf text = {0}, said;
	struct registry_file file = {"a.yml", {0}};
	struct registry *registry;

	buf_printf(&text, "%s: [", r->name);
	put_row(&text, r->columns, bad);
	buf_puts(&text, "]\n");
	file.bytes = buf_slice(&text);
	registry = registry_parse(&file, 1, NULL, NULL);
	buf_putc(&text, '\0');
	said = check_two(s, text.ptr, "");
	if (bad ? !*said.ptr : *said.ptr)
		fail_msg("%s%s", text.ptr, said.ptr);
	if (registry_takes(registry, r->name) != (bad == NULL))
		fail_msg("the registry is of another mind about %s", text.ptr);
	buf_clear(&text);
	buf_clear(&said);
	registry_free(registry);
}

static size_t
agree_on_columns(const struct schema *s, const struct schema_register *r,
    const struct column *columns)
{
	size_t n = 0;

	for (const struct column *c = columns; c->name; c++) {
		if (c->kind == COLUMN_ROW)
			n += agree_on_columns(s, r, c->columns);
		else
			assert_agree(s, r, c);
		n++;
	}
	return n;
}

static void
schema_and_registry_refuse_the_same_values(void **state)
{
	static const char *const names[] = {
	    "hosts", "jobs", "adopts", "soa", "exceptions"};
	size_t n = 0;

	for (size_t i = 0; i < 5; i++) {
		const struct schema_register *r = schema_find(*state, names[i]);

		assert_non_null(r);
		assert_agree(*state, r, NULL);
		n += agree_on_columns(*state, r, r->columns);
	}
	assert_int_equal(n, 5 + 13 + 11 + 4 + 6);
}

/* ---- tables that are wrong ---- */

static void
refuses(const char *text, const char *message)
{
	struct problems *p = problems_new();
	struct tree *t = tree_parse("r.yml", slice_of(text), p);
	struct buf out = {0};

	assert_non_null(t);
	assert_null(schema_new(t, p));
	problems_print(p, &out);
	buf_putc(&out, '\0');
	if (!strstr(out.ptr, message))
		fail_msg("\"%s\" is not in:\n%s", message, out.ptr);
	buf_clear(&out);
	tree_free(t);
	problems_free(p);
}

#define REGISTER "registers:\n- register: r\n  about: a\n  file: r.yml\n"
#define COLUMNS "  columns:\n"
#define TWICE                                                             \
	"- {register: r, about: a, file: f, columns: [{column: c, type: " \
	"text}]}\n"

static void
a_table_that_contradicts_itself_is_refused(void **state)
{
	(void)state;
	refuses("", "a map of keys is expected here");
	refuses("registers: {}\n", "a list of registers is expected here");
	refuses(REGISTER, "'columns' is missing");
	refuses(REGISTER COLUMNS "  - {column: c, type: dat}\n",
	    "unknown type 'dat'; did you mean 'date'?");
	refuses(REGISTER COLUMNS "  - {column: c, type: word}\n",
	    "'words' and the type word need each other");
	refuses(REGISTER COLUMNS "  - {column: c, type: row}\n",
	    "'columns' and the type row need each other");
	refuses(REGISTER COLUMNS "  - {column: c, type: where, list: true}\n",
	    "there are no lists of rows");
	refuses(REGISTER COLUMNS
	    "  - {column: c, type: text}\n  - {column: c, type: text}\n",
	    "column 'c' is named twice");
	refuses(REGISTER COLUMNS
	    "  - {column: c, type: text, refers: other.name}\n",
	    "'other.name' is no check, control, event or REGISTER.COLUMN");
	refuses(REGISTER COLUMNS "  - {column: c, type: text, unlike: d}\n",
	    "register 'r' has no column 'd'");
	refuses(REGISTER "  unique: [x]\n" COLUMNS
			 "  - {column: c, type: text}\n",
	    "register 'r' has no column 'x'");
	refuses(REGISTER "  shape: list\n" COLUMNS
			 "  - {column: c, type: text}\n  - {column: d, type: "
			 "text}\n",
	    "has exactly one column");
	refuses("registers:\n" TWICE TWICE, "register 'r' is named twice");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_register_or_value_nobody_knows_is_named),
	    cmocka_unit_test(
		a_value_in_two_files_is_refused_and_lists_are_joined),
	    cmocka_unit_test(a_key_of_several_columns_is_unique_as_a_whole),
	    cmocka_unit_test(a_period_without_a_day_in_it_is_refused),
	    cmocka_unit_test(what_a_row_refers_to_must_exist),
	    cmocka_unit_test(
		a_rename_must_not_take_a_name_that_is_still_in_use),
	    cmocka_unit_test(a_register_that_a_condition_needs_is_asked_for),
	    cmocka_unit_test(schema_and_registry_refuse_the_same_values),
	    cmocka_unit_test(a_table_that_contradicts_itself_is_refused),
	};

	return cmocka_run_group_tests_name("schema", tests, load, unload);
}
