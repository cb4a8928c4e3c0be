/* SPDX-License-Identifier: Apache-2.0 */
/* From libyaml's events to a tree, and all that is refused on the way. The only
 * file that knows libyaml. */
#include "assay/tree.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "assay/arena.h"
#include "assay/printable.h"

#include "tree_node.h"

/* The state of one parse. Finished nodes wait in `pending` until the map or
 * list they belong to ends. */
struct parse {
	struct tree *tree;
	struct problems *problems;
	size_t nodes;
	size_t depth;
	struct {
		struct tree_node *node;
		size_t first; /* its first entry in pending */
	} open[TREE_DEPTH_MAX];
	struct tree_node *pending[TREE_NODES_MAX + 1];
	size_t pending_count;
	bool ended; /* the one document is over */
};

static int __attribute__((format(printf, 4, 5)))
refuse(struct parse *s, size_t line, size_t column, const char *format, ...)
{
	struct problems_place at = {
	    s->tree->name, s->tree->source, line, column};
	va_list args;

	va_start(args, format);
	problems_addv(s->problems, PROBLEMS_ERROR, &at, format, args);
	va_end(args);
	return -1;
}

/* What libyaml says, and what a person can do about it. */
static const struct {
	const char *said;
	const char *advice;
	bool begun; /* say where the thing begins */
} advice[] = {
    {"did not find expected key",
	"a key is expected here: check the indentation, that quotes above are "
	"closed, and quote text that holds ': ' or ' #'",
	false},
    {"mapping values are not allowed in this context",
	"a ':' cannot stand here: quote the text, or check the indentation",
	false},
    {"found character that cannot start any token",
	"text cannot begin with this character: indent with blanks, and quote "
	"text that begins with @, ` or %",
	false},
    {"could not find expected ':'",
	"this line is neither a key nor a value: a ':' is missing, or the "
	"indentation is wrong",
	false},
    {"did not find expected '-' indicator",
	"an item of the list ('- ') is expected here: check the indentation",
	false},
    {"did not find expected ',' or ']'",
	"the list in [ ] is not closed: a ',' or ']' is missing", true},
    {"did not find expected ',' or '}'",
	"the map in { } is not closed: a ',' or '}' is missing", true},
    {"found unexpected end of stream",
	"the file ends inside quoted text: a closing quote is missing", true},
    {"found unknown escape character",
	"no such escape in double quotes: write patterns in single quotes",
	false},
    {"did not find expected node content", "a value is expected here", false},
    {"block sequence entries are not allowed in this context",
	"a list cannot begin here: put it on a line of its own", false},
    {"did not find expected comment or line break",
	"nothing may follow here: put it on a line of its own", false},
    {"found duplicate %YAML directive", "a file needs no %YAML line: remove it",
	false},
};

static int
refuse_syntax(struct parse *s, const yaml_parser_t *y)
{
	const char *said = y->problem ? y->problem : "it cannot be read";
	size_t line = y->problem_mark.line + 1;
	size_t column = y->problem_mark.column + 1;

	if (y->error == YAML_MEMORY_ERROR)
		return refuse(s, 0, 0, "out of memory");
	if (y->error == YAML_READER_ERROR) {
		line = y->mark.line + 1;
		column = 0;
	}
	for (size_t i = 0; i < sizeof advice / sizeof *advice; i++) {
		if (strcmp(said, advice[i].said) != 0)
			continue;
		if (advice[i].begun && y->context)
			return refuse(s, line, column,
			    "%s; it begins at line %zu", advice[i].advice,
			    y->context_mark.line + 1);
		return refuse(s, line, column, "%s", advice[i].advice);
	}
	if (y->context)
		return refuse(s, line, column,
		    "this is not YAML: %s (%s at line %zu)", said, y->context,
		    y->context_mark.line + 1);
	return refuse(s, line, column, "this is not YAML: %s", said);
}

static struct tree_node *
add_node(struct parse *s, enum tree_kind kind, const yaml_event_t *e)
{
	struct tree_node *n;

	if (s->nodes == TREE_NODES_MAX) {
		refuse(s, e->start_mark.line + 1, e->start_mark.column + 1,
		    "more than %d keys and values: split the file",
		    TREE_NODES_MAX);
		return NULL;
	}
	n = arena_alloc(&s->tree->arena, sizeof *n);
	if (!n) {
		refuse(s, 0, 0, "out of memory");
		return NULL;
	}
	n->tree = s->tree;
	n->kind = kind;
	n->line = (unsigned)e->start_mark.line + 1;
	n->column = (unsigned)e->start_mark.column + 1;
	n->text = SLICE("");
	s->nodes++;
	if (s->depth)
		s->pending[s->pending_count++] = n;
	else
		s->tree->root = n;
	return n;
}

static void
refuse_marks(struct parse *s, const yaml_event_t *e, const yaml_char_t *anchor,
    const yaml_char_t *tag)
{
	size_t line = e->start_mark.line + 1;
	size_t column = e->start_mark.column + 1;

	if (anchor)
		refuse(s, line, column,
		    "anchors are not allowed: remove '&%s' and write the value "
		    "where it is needed",
		    (const char *)anchor);
	if (tag) {
		const char *name = (const char *)tag;
		size_t known = strlen("tag:yaml.org,2002:");
		bool core = !strncmp(name, "tag:yaml.org,2002:", known);

		refuse(s, line, column,
		    "tags are not allowed: remove '%s%s'; quotes make a string",
		    core ? "!!" : "", core ? name + known : name);
	}
}

static int
add_scalar(struct parse *s, const yaml_event_t *e)
{
	struct tree_node *n;
	size_t len = e->data.scalar.length;

	refuse_marks(s, e, e->data.scalar.anchor, e->data.scalar.tag);
	if (len > TREE_SCALAR_MAX)
		return refuse(s, e->start_mark.line + 1,
		    e->start_mark.column + 1,
		    "a value of %zu bytes; at most %zu are allowed", len,
		    TREE_SCALAR_MAX);
	n = add_node(s, TREE_SCALAR, e);
	if (!n)
		return -1;
	n->quoted = e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	n->text.ptr = arena_copy(&s->tree->arena,
	    (struct slice){(const char *)e->data.scalar.value, len});
	n->text.len = len;
	return n->text.ptr ? 0 : refuse(s, 0, 0, "out of memory");
}

static int
open_node(struct parse *s, enum tree_kind kind, const yaml_event_t *e)
{
	struct tree_node *n;

	if (s->depth == TREE_DEPTH_MAX)
		return refuse(s, e->start_mark.line + 1,
		    e->start_mark.column + 1, "nested deeper than %d levels",
		    TREE_DEPTH_MAX);
	n = add_node(s, kind, e);
	if (!n)
		return -1;
	s->open[s->depth].node = n;
	s->open[s->depth++].first = s->pending_count;
	return 0;
}

static void
check_key(struct parse *s, const struct tree_node *key)
{
	if (key->kind != TREE_SCALAR)
		refuse(s, key->line, key->column,
		    "a key must be text, not a %s",
		    key->kind == TREE_MAP ? "map" : "list");
	else if (!key->quoted && slice_eq_str(key->text, "<<"))
		refuse(s, key->line, key->column,
		    "merge keys are not allowed: write the entries out");
	else if (tree_meaning(key) != TREE_IS_STRING)
		refuse(s, key->line, key->column,
		    "a key must be text: quote '%.*s'", SLICE_FMT(key->text));
}

static int
by_text_then_place(const void *left, const void *right)
{
	const struct tree_node *a = *(struct tree_node *const *)left;
	const struct tree_node *b = *(struct tree_node *const *)right;
	int order = slice_cmp(a->text, b->text);

	if (order)
		return order;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	return a->column < b->column ? -1 : a->column > b->column;
}

static int
check_duplicates(struct parse *s, const struct tree_node *map)
{
	struct tree_node **keys = calloc(map->count + 1, sizeof(void *));
	size_t count = 0;

	if (!keys)
		return refuse(s, 0, 0, "out of memory");
	for (size_t i = 0; i < map->count; i++)
		if (map->nodes[2 * i]->kind == TREE_SCALAR)
			keys[count++] = map->nodes[2 * i];
	qsort(keys, count, sizeof(void *), by_text_then_place);
	for (size_t i = 1; i < count; i++)
		if (slice_eq(keys[i]->text, keys[i - 1]->text))
			refuse(s, keys[i]->line, keys[i]->column,
			    "duplicate key '%.*s', first at line %u: remove "
			    "one",
			    SLICE_FMT(keys[i]->text), keys[i - 1]->line);
	free(keys);
	return 0;
}

static int
close_node(struct parse *s)
{
	struct tree_node *n = s->open[--s->depth].node;
	size_t first = s->open[s->depth].first;
	size_t count = s->pending_count - first;

	assert(n);
	n->nodes = arena_array(&s->tree->arena, count, sizeof(void *));
	if (!n->nodes)
		return refuse(s, 0, 0, "out of memory");
	if (count)
		memcpy(n->nodes, s->pending + first, count * sizeof(void *));
	s->pending_count = first;
	n->count = n->kind == TREE_MAP ? count / 2 : count;
	if (n->kind == TREE_LIST)
		return 0;
	for (size_t i = 0; i < n->count; i++)
		check_key(s, n->nodes[2 * i]);
	return check_duplicates(s, n);
}

static int
start_document(struct parse *s, const yaml_event_t *e)
{
	if (s->ended)
		return refuse(s, e->start_mark.line + 1, 1,
		    "a second document: a file holds one; remove '---' or "
		    "make two files");
	if (e->data.document_start.version_directive ||
	    e->data.document_start.tag_directives.start !=
		e->data.document_start.tag_directives.end)
		return refuse(s, e->start_mark.line + 1, 1,
		    "lines beginning with %% are not allowed: remove them");
	return 0;
}

static int
refuse_alias(struct parse *s, const yaml_event_t *e)
{
	refuse(s, e->start_mark.line + 1, e->start_mark.column + 1,
	    "aliases are not allowed: write the value of '*%s' here",
	    (const char *)e->data.alias.anchor);
	return add_node(s, TREE_SCALAR, e) ? 0 : -1;
}

static int
take_event(struct parse *s, const yaml_event_t *e)
{
	switch (e->type) {
	case YAML_DOCUMENT_START_EVENT:
		return start_document(s, e);
	case YAML_DOCUMENT_END_EVENT:
		s->ended = true;
		return 0;
	case YAML_ALIAS_EVENT:
		return refuse_alias(s, e);
	case YAML_SCALAR_EVENT:
		return add_scalar(s, e);
	case YAML_SEQUENCE_START_EVENT:
		refuse_marks(s, e, e->data.sequence_start.anchor,
		    e->data.sequence_start.tag);
		return open_node(s, TREE_LIST, e);
	case YAML_MAPPING_START_EVENT:
		refuse_marks(s, e, e->data.mapping_start.anchor,
		    e->data.mapping_start.tag);
		return open_node(s, TREE_MAP, e);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return close_node(s);
	default:
		return 0;
	}
}

static int
parse_events(struct parse *s, yaml_parser_t *y)
{
	yaml_event_t e;
	int result = 0;
	bool last = false;

	while (result == 0 && !last) {
		if (!yaml_parser_parse(y, &e))
			return refuse_syntax(s, y);
		last = e.type == YAML_STREAM_END_EVENT;
		result = take_event(s, &e);
		yaml_event_delete(&e);
	}
	return result;
}

/* What stands in the bytes at *text that no file may hold, or NULL. */
static const char *
bad_bytes(struct slice text, size_t *len)
{
	unsigned code = 0;

	*len = printable_decode(text, &code);
	if (*len == 0)
		return "this is not UTF-8: save the file as UTF-8";
	if (code == '\r')
		return text.len > 1 && text.ptr[1] == '\n'
			   ? NULL
			   : "a carriage return without a line feed: save the "
			     "file "
			     "with LF line ends";
	if ((code < 0x20 && code != '\n' && code != '\t') || code == 0x7f)
		return "a control character: remove it, or write it as an "
		       "escape in double quotes";
	if (printable_is_hostile(code))
		return "a character that changes how text looks: remove it, "
		       "or write it as an escape in double quotes";
	return NULL;
}

static int
check_bytes(struct parse *s, struct slice text)
{
	size_t line = 1, column = 1, len;

	for (; text.len; text = slice_from(text, len)) {
		const char *bad = bad_bytes(text, &len);

		if (bad)
			return refuse(s, line, column, "%s", bad);
		column++;
		if (*text.ptr == '\n') {
			line++;
			column = 1;
		}
	}
	return 0;
}

static int
parse_text(struct parse *s)
{
	struct slice text = s->tree->source;
	yaml_parser_t y;
	yaml_event_t nothing = {0};
	int result;

	if (slice_starts(text, SLICE("\xef\xbb\xbf")))
		text = slice_from(text, 3);
	if (check_bytes(s, text))
		return -1;
	if (!yaml_parser_initialize(&y))
		return refuse(s, 0, 0, "out of memory");
	yaml_parser_set_encoding(&y, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(
	    &y, (const unsigned char *)text.ptr, text.len);
	result = parse_events(s, &y);
	yaml_parser_delete(&y);
	if (result == 0 && !s->tree->root &&
	    !add_node(s, TREE_SCALAR, &nothing))
		return -1;
	return result;
}

static struct tree *
tree_new(const char *name, struct slice text)
{
	struct tree *t = calloc(1, sizeof *t);

	if (!t)
		return NULL;
	t->name = arena_copy(&t->arena, slice_of(name));
	t->source.ptr = arena_copy(&t->arena, text);
	t->source.len = text.len;
	if (t->name && t->source.ptr)
		return t;
	tree_free(t);
	return NULL;
}

struct tree *
tree_parse(const char *name, struct slice text, struct problems *p)
{
	struct problems_place whole = {.file = name};
	size_t before = problems_errors(p);
	struct tree *t = NULL;
	struct parse *s = NULL;

	if (text.len > TREE_FILE_MAX) {
		problems_add(p, PROBLEMS_ERROR, &whole,
		    "%zu bytes; a file may have %zu: split it", text.len,
		    TREE_FILE_MAX);
		return NULL;
	}
	t = tree_new(name, text);
	s = calloc(1, sizeof *s);
	if (!t || !s) {
		problems_add(p, PROBLEMS_ERROR, &whole, "out of memory");
	} else {
		s->tree = t;
		s->problems = p;
		parse_text(s);
	}
	free(s);
	if (problems_errors(p) == before)
		return t;
	tree_free(t);
	return NULL;
}
