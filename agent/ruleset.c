/* SPDX-License-Identifier: Apache-2.0 */
#include "ruleset.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "assay/arena.h"
#include "assay/tree.h"

#include "piece.h"

struct ruleset_bucket {
	struct slice program;
	bool closed;
	const struct rule_pattern **patterns;
	size_t count;
	const struct ruleset_index *index;
};

struct file_link {
	struct rule_file file;
	struct file_link *next;
};

struct tree_link {
	struct tree *tree;
	struct tree_link *next;
};

struct text_link {
	struct ruleset_file file;
	struct text_link *next;
};

struct ruleset {
	struct arena arena;
	struct vocab *vocab;
	struct piece_set *pieces;
	struct file_link *files;
	struct file_link **files_end;
	struct tree_link *trees;
	struct text_link *texts;
	size_t text_count;
	size_t file_count;
	/* From ruleset_seal on: */
	const struct rule_file **file_list;
	struct ruleset_file *text_list;
	const struct rule **rules;
	size_t rule_count;
	struct rule_pattern **patterns;
	size_t pattern_count;
	struct ruleset_bucket **slots; /* open addressing; NULL is free */
	size_t slot_count;	       /* a power of two */
	bool jit;
};

struct ruleset *
ruleset_new(void)
{
	struct ruleset *s = calloc(1, sizeof *s);

	if (s)
		s->files_end = &s->files;
	return s;
}

void
ruleset_drop_trees(struct ruleset *s)
{
	for (struct tree_link *t = s->trees; t; t = t->next)
		tree_free(t->tree);
	s->trees = NULL;
	for (struct file_link *f = s->files; f; f = f->next) {
		for (size_t i = 0; i < f->file.pattern_count; i++)
			f->file.patterns[i].node = NULL;
		for (size_t i = 0; i < f->file.rule_count; i++)
			f->file.rules[i].node = NULL;
	}
}

void
ruleset_free(struct ruleset *s)
{
	if (!s)
		return;
	ruleset_drop_trees(s);
	for (struct file_link *f = s->files; f; f = f->next)
		rule_file_clear(&f->file);
	vocab_free(s->vocab);
	piece_set_free(s->pieces);
	arena_clear(&s->arena);
	free(s);
}

struct arena *
ruleset_arena(struct ruleset *s)
{
	return &s->arena;
}

void
ruleset_take_vocab(struct ruleset *s, struct vocab *vocab)
{
	vocab_free(s->vocab);
	s->vocab = vocab;
}

void
ruleset_take_pieces(struct ruleset *s, struct piece_set *pieces)
{
	piece_set_free(s->pieces);
	s->pieces = pieces;
}

int
ruleset_take_tree(struct ruleset *s, struct tree *t)
{
	struct tree_link *link = arena_alloc(&s->arena, sizeof *link);

	if (!link) {
		tree_free(t);
		return -1;
	}
	link->tree = t;
	link->next = s->trees;
	s->trees = link;
	return 0;
}

int
ruleset_take_file(struct ruleset *s, const struct rule_file *file)
{
	struct file_link *link = arena_alloc(&s->arena, sizeof *link);

	if (!link) {
		struct rule_file gone = *file;

		rule_file_clear(&gone);
		return -1;
	}
	link->file = *file;
	/* Rules point back at their file, which has its place only now. */
	for (size_t i = 0; i < file->rule_count; i++)
		link->file.rules[i].file = &link->file;
	*s->files_end = link;
	s->files_end = &link->next;
	s->file_count++;
	return 0;
}

int
ruleset_add_text(struct ruleset *s, const char *path, struct slice text)
{
	struct text_link *link = arena_alloc(&s->arena, sizeof *link);
	char *name = arena_copy(&s->arena, slice_of(path));
	char *copy = arena_copy(&s->arena, text);

	if (!link || !name || !copy)
		return -1;
	link->file.path = name;
	link->file.text = (struct slice){copy, text.len};
	link->next = s->texts;
	s->texts = link;
	s->text_count++;
	return 0;
}

static int
by_path(const void *left, const void *right)
{
	const struct ruleset_file *a = left, *b = right;

	return strcmp(a->path, b->path);
}

static int
list_files(struct ruleset *s)
{
	size_t i = 0;

	s->text_list =
	    arena_array(&s->arena, s->text_count, sizeof *s->text_list);
	s->file_list = arena_array(&s->arena, s->file_count, sizeof(void *));
	if (!s->text_list || !s->file_list)
		return -1;
	for (struct text_link *t = s->texts; t; t = t->next)
		s->text_list[i++] = t->file;
	qsort(s->text_list, s->text_count, sizeof *s->text_list, by_path);
	i = 0;
	for (struct file_link *f = s->files; f; f = f->next) {
		s->file_list[i++] = &f->file;
		s->rule_count += f->file.rule_count;
		s->pattern_count += f->file.pattern_count;
	}
	return 0;
}

/* Does a field's type check the text of the group already? */
static bool
is_typed(const struct rule *rule, unsigned group, enum pattern_check check)
{
	for (size_t i = 0; rule && i < rule->field_count; i++) {
		const struct rule_field *f = &rule->fields[i];

		if (f->origin == RULE_GROUP && f->group == group)
			return check == PATTERN_IP &&
			       f->field->type == VOCAB_IP;
	}
	return false;
}

static int
list_checks(struct ruleset *s, struct rule_pattern *p)
{
	const struct pattern_facts *facts = &p->facts;
	struct rule_check *checks =
	    arena_array(&s->arena, facts->group_count, sizeof *checks);

	if (!checks)
		return -1;
	for (unsigned i = 0; i < facts->group_count; i++) {
		enum pattern_check check = facts->groups[i].check;

		if (check != PATTERN_ANY && !is_typed(p->rule, i + 1, check))
			checks[p->check_count++] =
			    (struct rule_check){i + 1, check};
	}
	p->checks = checks;
	return 0;
}

static int
list_patterns(struct ruleset *s)
{
	size_t rule = 0, pattern = 0;

	s->rules = arena_array(&s->arena, s->rule_count, sizeof(void *));
	s->patterns = arena_array(&s->arena, s->pattern_count, sizeof(void *));
	if (!s->rules || !s->patterns)
		return -1;
	s->jit = reading_can_jit();
	for (struct file_link *f = s->files; f; f = f->next) {
		for (size_t i = 0; i < f->file.rule_count; i++) {
			if (rule_make_head(&f->file.rules[i], &s->arena))
				return -1;
			s->rules[rule++] = &f->file.rules[i];
		}
		for (size_t i = 0; i < f->file.pattern_count; i++) {
			struct rule_pattern *p = &f->file.patterns[i];

			p->index = pattern;
			s->patterns[pattern++] = p;
			if (list_checks(s, p))
				return -1;
		}
	}
	return 0;
}

static int
by_id(const void *left, const void *right)
{
	const struct rule *a = *(const struct rule *const *)left;
	const struct rule *b = *(const struct rule *const *)right;
	int order = strcmp(a->id, b->id);

	if (order)
		return order;
	return a->pattern->index < b->pattern->index ? -1 : 1;
}

static int
check_ids(struct ruleset *s, struct problems *p)
{
	const struct rule **sorted = calloc(s->rule_count + 1, sizeof(void *));
	int result = 0;

	if (!sorted)
		return -1;
	if (s->rule_count)
		memcpy(sorted, s->rules, s->rule_count * sizeof(void *));
	qsort(sorted, s->rule_count, sizeof(void *), by_id);
	for (size_t i = 1; i < s->rule_count; i++) {
		const struct rule *first = sorted[i - 1], *again = sorted[i];

		if (strcmp(first->id, again->id) != 0)
			continue;
		result = tree_problem(p, tree_get(again->node, "id"),
		    "rule '%s' is there already, in %s:%zu: give one another "
		    "id",
		    again->id, first->file->name, tree_line(first->node));
	}
	free(sorted);
	return result;
}

static uint64_t
word_at(const char *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof word);
	return word;
}

static uint64_t
half_at(const char *p)
{
	uint32_t half;

	memcpy(&half, p, sizeof half);
	return half;
}

/* Names are short: at most two loads see all of one. */
static inline size_t
hash_of(struct slice program)
{
	const char *p = program.ptr;
	size_t n = program.len;
	uint64_t a = 0, b = 0;

	if (n >= 8) {
		a = word_at(p);
		b = word_at(p + n - 8);
	} else if (n >= 4) {
		a = half_at(p);
		b = half_at(p + n - 4);
	} else if (n > 0) {
		a = (unsigned char)p[0];
		b = (uint64_t)(unsigned char)p[n / 2] << 8 |
		    (unsigned char)p[n - 1];
	}
	a = (a ^ n) * UINT64_C(0x9e3779b97f4a7c15);
	b = (b ^ a ^ a >> 29) * UINT64_C(0xbf58476d1ce4e5b9);
	return (size_t)(b ^ b >> 32);
}

/* The place of a program, which may be free. */
static struct ruleset_bucket **
slot_of(const struct ruleset *s, struct slice program)
{
	size_t i = hash_of(program) & (s->slot_count - 1);

	while (s->slots[i] && !slice_eq(program, s->slots[i]->program))
		i = (i + 1) & (s->slot_count - 1);
	return &s->slots[i];
}

/* Add the patterns of a file to the bucket of a program. A second file for a
 * program adds to what the first knows. */
static int
fill_bucket(
    struct ruleset *s, const struct rule_file *file, const char *program)
{
	struct ruleset_bucket **slot = slot_of(s, slice_of(program)), *b;
	const struct rule_pattern **all;
	size_t count;

	if (!*slot)
		*slot = arena_alloc(&s->arena, sizeof **slot);
	b = *slot;
	if (!b)
		return -1;
	count = b->count + file->pattern_count;
	all = arena_array(&s->arena, count, sizeof(void *));
	if (!all)
		return -1;
	if (b->count)
		memcpy(all, b->patterns, b->count * sizeof(void *));
	for (size_t i = 0; i < file->pattern_count; i++)
		all[b->count + i] = &file->patterns[i];
	b->program = slice_of(program);
	b->closed |= file->closed;
	b->patterns = all;
	b->count = count;
	return 0;
}

/* Programs of one file have the same patterns, and one index. */
static int
index_bucket(struct ruleset *s, struct ruleset_bucket *b)
{
	for (size_t i = 0; i < s->slot_count; i++) {
		const struct ruleset_bucket *other = s->slots[i];

		if (!other || !other->index || other->count != b->count ||
		    memcmp(other->patterns, b->patterns,
			b->count * sizeof(void *)) != 0)
			continue;
		b->index = other->index;
		return 0;
	}
	b->index = ruleset_index_new(&s->arena, b->patterns, b->count);
	return b->index ? 0 : -1;
}

/* The literals to look for, against all other patterns of the same program. */
static int
choose_literals(struct ruleset *s, const struct rule_file *file)
{
	const struct ruleset_bucket *b;
	const struct pattern_facts **all;

	assert(file->programs[0]); /* or it would not have been read */
	b = *slot_of(s, slice_of(file->programs[0]));
	all = calloc(b->count + 1, sizeof(void *));
	if (!all)
		return -1;
	for (size_t i = 0; i < b->count; i++)
		all[i] = &b->patterns[i]->facts;
	for (size_t i = 0; i < file->pattern_count; i++) {
		struct rule_pattern *p = &file->patterns[i];

		p->literal = filter_choose(&p->facts, all, b->count);
	}
	free(all);
	return 0;
}

static int
build_buckets(struct ruleset *s)
{
	size_t names = 0;

	for (struct file_link *f = s->files; f; f = f->next)
		for (rule_texts t = f->file.programs; *t; t++)
			names++;
	for (s->slot_count = 16; s->slot_count < 2 * names;)
		s->slot_count *= 2;
	s->slots = arena_array(&s->arena, s->slot_count, sizeof(void *));
	if (!s->slots)
		return -1;
	for (struct file_link *f = s->files; f; f = f->next)
		for (rule_texts t = f->file.programs; *t; t++)
			if (fill_bucket(s, &f->file, *t))
				return -1;
	for (struct file_link *f = s->files; f; f = f->next)
		if (choose_literals(s, &f->file))
			return -1;
	for (size_t i = 0; i < s->slot_count; i++)
		if (s->slots[i] && index_bucket(s, s->slots[i]))
			return -1;
	return 0;
}

int
ruleset_seal(struct ruleset *s, struct problems *p)
{
	struct problems_place nowhere = {.file = "rules"};
	size_t before = problems_errors(p);

	if (list_files(s) == 0 && list_patterns(s) == 0 &&
	    check_ids(s, p) == 0 && build_buckets(s) == 0)
		return 0;
	if (problems_errors(p) == before)
		problems_add(p, PROBLEMS_ERROR, &nowhere, "out of memory");
	return -1;
}

const struct rule_file *
ruleset_rule_file(const struct ruleset *s, size_t i)
{
	return i < s->file_count ? s->file_list[i] : NULL;
}

const struct ruleset_file *
ruleset_file(const struct ruleset *s, size_t i)
{
	return i < s->text_count ? &s->text_list[i] : NULL;
}

const struct rule *
ruleset_rule(const struct ruleset *s, size_t i)
{
	return i < s->rule_count ? s->rules[i] : NULL;
}

const struct rule_pattern *
ruleset_pattern(const struct ruleset *s, size_t i)
{
	return i < s->pattern_count ? s->patterns[i] : NULL;
}

const struct rule *
ruleset_find(const struct ruleset *s, const char *id)
{
	for (size_t i = 0; i < s->rule_count; i++)
		if (!strcmp(s->rules[i]->id, id))
			return s->rules[i];
	return NULL;
}

const struct vocab *
ruleset_vocab(const struct ruleset *s)
{
	return s->vocab;
}

const struct piece_set *
ruleset_pieces(const struct ruleset *s)
{
	return s->pieces;
}

size_t
ruleset_rules(const struct ruleset *s)
{
	return s->rule_count;
}

size_t
ruleset_patterns(const struct ruleset *s)
{
	return s->pattern_count;
}

size_t
ruleset_ignores(const struct ruleset *s)
{
	return s->pattern_count - s->rule_count;
}

bool
ruleset_jit(const struct ruleset *s)
{
	return s->jit;
}

const struct ruleset_bucket *
ruleset_bucket(const struct ruleset *s, struct slice program)
{
	return *slot_of(s, program);
}

bool
ruleset_closed(const struct ruleset_bucket *b)
{
	return b->closed;
}

struct ruleset_candidates
ruleset_candidates(const struct ruleset_bucket *b, struct slice message)
{
	return ruleset_index_find(b->index, message);
}
