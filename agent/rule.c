/* SPDX-License-Identifier: Apache-2.0 */
#include "rule.h"

#include <stdio.h>
#include <string.h>

#include "assay/command.h"

#include "piece.h"
#include "rule_reader.h"

#define RULES_MAX 1000
#define IGNORES_MAX 1000
#define IGNORE_FIXED_MIN 6
#define LIST_MAX 256

static const char *const class_names[] = {
    "auth", "syslog", "audit", "backup", "package", "app", "agent", NULL};
static const char *const phase_names[] = {"start", "note", "end", NULL};
static const char *const raw_names[] = {"text", "hash", "none", NULL};

const char *
rule_class_name(enum rule_class c)
{
	return class_names[c];
}

const char *
rule_phase_name(enum rule_phase phase)
{
	return phase == RULE_NO_PHASE ? "" : phase_names[phase - 1];
}

/* A string or list of strings becomes a NULL-terminated list. check, when not
 * NULL, gives the reason why a text will not do. */
struct collector {
	struct rule_reader *r;
	const char *(*check)(struct slice text);
	const char **texts;
	size_t count;
	struct slice prefix; /* put before each, with a colon */
};

static int
collect_text(void *arg, const struct tree_node *n, struct slice text)
{
	struct collector *c = arg;
	const char *why = c->check ? c->check(text) : NULL;
	struct buf whole = {0};
	int result = 0;

	if (why)
		return tree_problem(c->r->problems, n, "%s", why);
	if (c->prefix.len)
		buf_printf(&whole, "%.*s:", SLICE_FMT(c->prefix));
	buf_put(&whole, text);
	c->texts[c->count] = arena_copy(c->r->arena, buf_slice(&whole));
	if (whole.failed || !c->texts[c->count++])
		result = rule_no_memory(c->r, n);
	buf_clear(&whole);
	return result;
}

static int
read_texts(struct rule_reader *r, const struct tree_node *n, rule_texts *out,
    const char *(*check)(struct slice text), struct slice prefix)
{
	struct collector c = {.r = r, .check = check, .prefix = prefix};
	size_t count = tree_kind(n) == TREE_LIST ? tree_count(n) : 1;

	if (count > LIST_MAX)
		return tree_problem(
		    r->problems, n, "at most %d are allowed", LIST_MAX);
	c.texts = arena_array(r->arena, count + 1, sizeof *c.texts);
	if (!c.texts)
		return rule_no_memory(r, n);
	if (tree_strings(r->problems, n, collect_text, &c))
		return -1;
	*out = c.texts;
	return 0;
}

static int
read_text(struct rule_reader *r, const struct tree_node *n, const char **out)
{
	struct slice text;

	if (tree_string(r->problems, n, &text))
		return -1;
	*out = arena_copy(r->arena, text);
	return *out ? 0 : rule_no_memory(r, n);
}

static const char *
check_program(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (strchr(" :[", text.ptr[i]) || text.ptr[i] == '\0')
			return "a program is the tag of its lines: no blank, "
			       "':' or '['";
	return text.len > 128 ? "a program's name has at most 128 bytes" : NULL;
}

static const char *
check_path(struct slice text)
{
	if (*text.ptr != '/')
		return "a log file is named by its absolute path";
	return NULL;
}

static size_t
digits(struct slice text)
{
	size_t n = 0;

	while (n < text.len && text.ptr[n] >= '0' && text.ptr[n] <= '9')
		n++;
	return n;
}

/* "A.8.13", or a clause: "9.2", "9.2.1". */
static const char *
check_control(struct slice text)
{
	static const char why[] =
	    "this does not look like a control: A.8.13, or a clause like 9.2";
	size_t parts = 0;

	if (text.len > 2 && *text.ptr >= 'A' && *text.ptr <= 'Z' &&
	    text.ptr[1] == '.') {
		text = slice_from(text, 2);
		parts = 10;
	}
	for (;;) {
		size_t n = digits(text);

		if (n < 1 || n > 2 || *text.ptr == '0')
			return why;
		parts++;
		text = slice_from(text, n);
		if (text.len == 0)
			break;
		if (*text.ptr != '.')
			return why;
		text = slice_from(text, 1);
	}
	return parts == 12 || (parts >= 1 && parts <= 3) ? NULL : why;
}

static bool
is_rule_id(struct slice text)
{
	bool start = true;
	size_t dots = 0;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (c == '.' && !start) {
			start = true;
			dots++;
			continue;
		}
		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
		    (start || (c != '_' && c != '-')))
			return false;
		start = false;
	}
	return !start && dots > 0 && text.len <= 100;
}

static int
read_pattern(
    struct rule_reader *r, struct rule_pattern *out, const struct tree_node *n)
{
	struct pattern_error error;
	const struct pattern_piece *nearest;
	struct slice text;
	struct err err;

	if (tree_string(r->problems, n, &text))
		return -1;
	out->node = n;
	out->text.ptr = arena_copy(r->arena, text);
	out->text.len = text.len;
	if (!out->text.ptr)
		return rule_no_memory(r, n);
	if (pattern_parse(
		&out->facts, text, piece_find, r->pieces, r->arena, &error)) {
		nearest = error.piece.len
			      ? piece_nearest(r->pieces, error.piece)
			      : NULL;
		if (nearest)
			return tree_problem_at(r->problems, n, error.at,
			    "%s; did you mean {%s}?", error.text,
			    nearest->name);
		return tree_problem_at(r->problems, n, error.at, "%s%s",
		    error.text,
		    error.piece.len ? ": pieces.yml lists those there are"
				    : "");
	}
	out->code = reading_compile(&out->facts, &err);
	if (!out->code)
		return tree_problem(
		    r->problems, n, "PCRE2 refuses the pattern: %s", err.text);
	return 0;
}

/* Kinds that assay finds out itself. */
static const char *
refuse_built_in(const struct vocab_kind *kind)
{
	static const char *const built_in[] = {
	    "log.tamper", "log.fork", "clock.state"};

	for (size_t i = 0; i < sizeof built_in / sizeof *built_in; i++)
		if (!strcmp(kind->event, built_in[i]))
			return "assay says this of itself; no line can say it";
	return NULL;
}

static int
read_kind(struct rule_reader *r, struct rule *rule, const struct tree_node *n)
{
	const struct vocab_kind *nearest;
	struct slice text;

	if (tree_string(r->problems, n, &text))
		return -1;
	rule->kind = vocab_find(r->vocab, text);
	if (rule->kind) {
		const char *why = refuse_built_in(rule->kind);

		rule->loss = !strcmp(rule->kind->event, RULE_LOSS_KIND);
		return why ? tree_problem(r->problems, n, "%s: %s",
				 rule->kind->event, why)
			   : 0;
	}
	nearest = vocab_nearest(r->vocab, text);
	if (nearest)
		return tree_problem(r->problems, n,
		    "there is no event '%.*s'; did you mean '%s'?",
		    SLICE_FMT(text), nearest->event);
	return tree_problem(r->problems, n,
	    "there is no event '%.*s': events.yml lists those there are",
	    SLICE_FMT(text));
}

static int
read_phase(struct rule_reader *r, struct rule *rule, const struct tree_node *n,
    const struct tree_node *phase)
{
	size_t index;

	if (!phase && rule->kind->run)
		return tree_problem(r->problems, n,
		    "%s is a run of several lines: say phase: start, note or "
		    "end",
		    rule->kind->event);
	if (!phase)
		return 0;
	if (!rule->kind->run)
		return tree_problem(r->problems, phase,
		    "%s is no run, so a rule of it has no phase: remove it",
		    rule->kind->event);
	if (tree_word(r->problems, phase, phase_names, &index))
		return -1;
	rule->phase = (enum rule_phase)(index + 1);
	return 0;
}

static int
read_outcome(
    struct rule_reader *r, struct rule *rule, const struct tree_node *n)
{
	struct slice text;
	bool known, allowed;

	if (tree_string(r->problems, n, &text))
		return -1;
	known = vocab_outcome_parse(text, &rule->outcome);
	allowed = known && (rule->kind->outcomes >> rule->outcome & 1);
	/* A run that has only begun has no outcome yet. */
	if (known && rule->outcome == VOCAB_NONE &&
	    (rule->phase == RULE_START || rule->phase == RULE_NOTE))
		allowed = true;
	/* A warning is what assay says of a loss that was made good. */
	if (allowed && rule->loss && rule->outcome != VOCAB_FAILURE)
		return tree_problem(r->problems, n,
		    "a line that says lines were lost is a failure: outcome: "
		    "failure");
	if (allowed)
		return 0;
	if (known)
		return tree_problem(r->problems, n,
		    "%s has no outcome '%.*s': events.yml lists those it has",
		    rule->kind->event, SLICE_FMT(text));
	return tree_problem(r->problems, n,
	    "'%.*s' is no outcome: success, warning, failure or none",
	    SLICE_FMT(text));
}

static int
read_names(struct rule_reader *r, struct rule *rule, const struct tree_node *n)
{
	const struct tree_node *id = tree_need(r->problems, n, "id");
	const struct tree_node *title = tree_need(r->problems, n, "title");
	const struct tree_node *controls =
	    tree_need(r->problems, n, "controls");
	const struct tree_node *raw = tree_get(n, "raw");
	size_t index = 0;
	int result = id && title && controls ? 0 : -1;

	if (id && read_text(r, id, &rule->id))
		result = -1;
	else if (id && !is_rule_id(slice_of(rule->id)))
		result = tree_problem(r->problems, id,
		    "a rule's id is lower-case words joined by dots, like "
		    "sshd.accepted");
	if (title && read_text(r, title, &rule->title))
		result = -1;
	if (controls && read_texts(r, controls, &rule->controls, check_control,
			    r->framework))
		result = -1;
	if (raw && tree_word(r->problems, raw, raw_names, &index))
		result = -1;
	rule->raw = (enum rule_raw)index;
	return result;
}

static int
need_lines(struct rule_reader *r, const struct tree_node *n, const char *key,
    const char *why)
{
	const struct tree_node *list = tree_get(n, key);

	if (!list)
		return tree_problem(
		    r->problems, n, "'%s' is missing: %s", key, why);
	if (tree_list(r->problems, list, "a list"))
		return -1;
	if (tree_count(list) == 0)
		return tree_problem(r->problems, list, "%s", why);
	return 0;
}

static int
read_meaning(
    struct rule_reader *r, struct rule *rule, const struct tree_node *n)
{
	const struct tree_node *event = tree_need(r->problems, n, "event");
	const struct tree_node *outcome = tree_need(r->problems, n, "outcome");
	const struct tree_node *match = tree_need(r->problems, n, "match");
	int result = 0;

	/* A broken pattern is worth naming even when the event is unknown. */
	if (!match ||
	    read_pattern(r, &r->file->patterns[rule - r->file->rules], match))
		result = -1;
	if (!event || read_kind(r, rule, event))
		return -1;
	if (read_phase(r, rule, n, tree_get(n, "phase")))
		result = -1;
	if (!outcome || read_outcome(r, rule, outcome))
		result = -1;
	if (result == 0 && rule_fields(r, rule, match, tree_get(n, "set")))
		result = -1;
	return result;
}

static int
read_rule(struct rule_reader *r, struct rule *rule, const struct tree_node *n)
{
	static const char *const known[] = {"id", "title", "event", "outcome",
	    "phase", "controls", "set", "match", "examples", "near_misses",
	    "ambiguous", "raw", NULL};
	int result = 0;

	if (tree_map(r->problems, n, "a rule"))
		return -1;
	rule->file = r->file;
	rule->node = n;
	result |= tree_keys(r->problems, n, known);
	result |= read_names(r, rule, n);
	result |= read_meaning(r, rule, n);
	result |= need_lines(r, n, "examples",
	    "a rule proves itself with at least one line it must match");
	result |= need_lines(r, n, "near_misses",
	    "a rule names at least one line it must not match");
	return result;
}

static bool
starts_with_prefix(const struct rule_reader *r, struct slice text)
{
	for (rule_texts p = r->prefixes; p && *p; p++)
		if (slice_starts(text, slice_of(*p)))
			return true;
	return false;
}

static int
read_ignore(
    struct rule_reader *r, struct rule_pattern *out, const struct tree_node *n)
{
	if (read_pattern(r, out, n))
		return -1;
	if (out->facts.fixed < IGNORE_FIXED_MIN &&
	    !starts_with_prefix(r, out->facts.prefix))
		return tree_problem(r->problems, n,
		    "this ignores too much: every match must hold %d fixed "
		    "bytes (it has %zu), or begin with one of `prefixes:`",
		    IGNORE_FIXED_MIN, out->facts.fixed);
	return 0;
}

static int
read_lists(struct rule_reader *r, const struct tree_node *rules,
    const struct tree_node *ignore)
{
	size_t nrules = rules ? tree_count(rules) : 0;
	size_t nignore = ignore ? tree_count(ignore) : 0;
	struct rule *list = arena_array(r->arena, nrules, sizeof *list);
	int result = 0;

	r->file->patterns =
	    arena_array(r->arena, nrules + nignore, sizeof *r->file->patterns);
	if (!list || !r->file->patterns)
		return rule_no_memory(r, rules ? rules : ignore);
	r->file->rules = list;
	for (size_t i = 0; i < nrules; i++) {
		struct rule_pattern *pattern = &r->file->patterns[i];

		r->file->pattern_count++;
		r->file->rule_count++;
		pattern->rule = &list[i];
		list[i].pattern = pattern;
		if (read_rule(r, &list[i], tree_item(rules, i)))
			result = -1;
	}
	for (size_t i = 0; i < nignore; i++) {
		r->file->pattern_count++;
		if (read_ignore(r, &r->file->patterns[nrules + i],
			tree_item(ignore, i)))
			result = -1;
	}
	return result;
}

static int
read_patterns(struct rule_reader *r, const struct tree_node *root)
{
	const struct tree_node *rules = tree_get(root, "rules");
	const struct tree_node *ignore = tree_get(root, "ignore");

	if (!rules && !ignore)
		return tree_problem(r->problems, root,
		    "neither 'rules' nor 'ignore': a rule file needs one");
	if (rules && tree_list(r->problems, rules, "a list of rules"))
		return -1;
	if (ignore && tree_list(r->problems, ignore, "a list of patterns"))
		return -1;
	if (rules && tree_count(rules) > RULES_MAX)
		return tree_problem(r->problems, rules,
		    "at most %d rules are allowed", RULES_MAX);
	if (ignore && tree_count(ignore) > IGNORES_MAX)
		return tree_problem(r->problems, ignore,
		    "at most %d patterns are allowed", IGNORES_MAX);
	return read_lists(r, rules, ignore);
}

static int
read_sender(struct rule_reader *r, const struct tree_node *n)
{
	static const char *const known[] = {
	    "user", "systemd_unit", "exe", NULL};
	const struct tree_node *user, *unit, *exe;
	int result = 0;

	if (tree_keys(r->problems, n, known))
		return -1;
	user = tree_get(n, "user");
	unit = tree_get(n, "systemd_unit");
	exe = tree_get(n, "exe");
	if (user)
		result |= read_texts(
		    r, user, &r->file->sender_users, NULL, SLICE(""));
	if (unit)
		result |= read_texts(
		    r, unit, &r->file->sender_units, NULL, SLICE(""));
	if (exe)
		result |= read_texts(
		    r, exe, &r->file->sender_exes, check_path, SLICE(""));
	return result;
}

static int
read_stamp(struct rule_reader *r, const struct tree_node *n)
{
	struct err err;

	if (read_text(r, n, &r->file->stamp_text))
		return -1;
	r->file->stamp = header_stamp_new(slice_of(r->file->stamp_text), &err);
	if (!r->file->stamp)
		return tree_problem(r->problems, n, "%s", err.text);
	return 0;
}

static int
read_class(
    struct rule_reader *r, const struct tree_node *n, enum rule_class dir)
{
	size_t index;

	if (tree_word(r->problems, n, class_names, &index))
		return -1;
	if (dir != RULE_CLASSES && index != dir)
		return tree_problem(r->problems, n,
		    "the file lies in %s/ and says class %s: they must agree",
		    class_names[dir], class_names[index]);
	r->file->class = (enum rule_class)index;
	return 0;
}

static int
read_origin(struct rule_reader *r, const struct tree_node *root)
{
	const struct tree_node *from = tree_get(root, "from");
	const struct tree_node *files = tree_get(root, "files");
	const struct tree_node *stamp = tree_get(root, "stamp");
	const struct tree_node *sender = tree_get(root, "sender");
	const struct tree_node *prefixes = tree_get(root, "prefixes");
	int result = 0;

	if (from)
		result |= read_text(r, from, &r->file->from);
	if (files)
		result |= read_texts(
		    r, files, &r->file->files, check_path, SLICE(""));
	if (stamp)
		result |= read_stamp(r, stamp);
	if (stamp && !files)
		result |= tree_problem(r->problems, stamp,
		    "a stamp is for files of the program's own: add 'files'");
	if (sender)
		result |= read_sender(r, sender);
	if (prefixes)
		result |=
		    read_texts(r, prefixes, &r->prefixes, NULL, SLICE(""));
	return result;
}

static int
read_head(
    struct rule_reader *r, const struct tree_node *root, enum rule_class dir)
{
	const struct tree_node *program, *class, *framework;
	const struct tree_node *closed = tree_get(root, "closed");
	int result = 0;

	program = tree_need(r->problems, root, "program");
	class = tree_need(r->problems, root, "class");
	framework = tree_get(root, "framework");
	if (!framework && tree_get(root, "rules"))
		framework = tree_need(r->problems, root, "framework");
	if (!program || !class || (!framework && tree_get(root, "rules")))
		result = -1;
	if (program)
		result |= read_texts(
		    r, program, &r->file->programs, check_program, SLICE(""));
	if (class)
		result |= read_class(r, class, dir);
	if (framework)
		result |= tree_string(r->problems, framework, &r->framework);
	if (closed)
		result |= tree_bool(r->problems, closed, &r->file->closed);
	return result | read_origin(r, root);
}

int
rule_read(struct rule_file *out, const struct tree *t, const char *path,
    enum rule_class class, const struct vocab *vocab,
    const struct piece_set *pieces, struct arena *arena, struct problems *p)
{
	static const char *const known[] = {"framework", "program", "class",
	    "closed", "from", "files", "stamp", "sender", "prefixes", "rules",
	    "ignore", NULL};
	static const char *const nobody[] = {NULL};
	const struct tree_node *root = tree_root(t);
	struct rule_reader r = {.file = out,
	    .vocab = vocab,
	    .pieces = pieces,
	    .arena = arena,
	    .problems = p};
	int result = 0;

	*out = (struct rule_file){.programs = nobody};
	out->path = arena_copy(arena, slice_of(path));
	out->name = arena_copy(arena, slice_of(tree_name(t)));
	if (!out->path || !out->name)
		return rule_no_memory(&r, root);
	if (tree_map(p, root, "a rule file's map of keys"))
		return -1;
	result |= tree_keys(p, root, known);
	result |= read_head(&r, root, class);
	result |= read_patterns(&r, root);
	return result ? -1 : 0;
}

void
rule_file_clear(struct rule_file *file)
{
	for (size_t i = 0; i < file->pattern_count; i++)
		reading_code_free(file->patterns[i].code);
	header_stamp_free(file->stamp);
	file->pattern_count = 0;
	file->stamp = NULL;
}
