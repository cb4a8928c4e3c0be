/* SPDX-License-Identifier: Apache-2.0 */
#include "reading.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "assay/buf.h"

#define MATCH_LIMIT 20000
#define DEPTH_LIMIT 1000
#define HEAP_LIMIT_KIB 1024
#define STACK_MIN ((size_t)32 * 1024)
#define STACK_MAX ((size_t)512 * 1024)
#define WRAP_BYTES 32
#define NESTING_MAX 50

struct reading_code {
	pcre2_code *code;
	size_t below; /* of pattern_facts */
	enum { JIT_UNTRIED, JIT_MADE, JIT_REFUSED } jit;
};

struct reading_space {
	pcre2_match_context *context;
	pcre2_match_data *data;
	pcre2_jit_stack *stack;
	bool plain;
};

/* The bytes beyond the pattern are the wrapping below. */
static pcre2_compile_context *
compile_context(void)
{
	pcre2_compile_context *c = pcre2_compile_context_create(NULL);

	if (!c)
		return NULL;
	pcre2_set_newline(c, PCRE2_NEWLINE_LF);
	pcre2_set_bsr(c, PCRE2_BSR_ANYCRLF);
	pcre2_set_max_pattern_length(c, PATTERN_MAX + WRAP_BYTES);
	pcre2_set_parens_nest_limit(c, NESTING_MAX);
	return c;
}

static pcre2_code *
compile(const char *pattern, struct err *err)
{
	pcre2_compile_context *context = compile_context();
	struct buf wrapped = {0};
	PCRE2_UCHAR reason[256];
	PCRE2_SIZE at = 0;
	int error = PCRE2_ERROR_NOMEMORY;
	pcre2_code *code = NULL;

	buf_printf(&wrapped, "\\A(?:%s)\\z(?C1)", pattern);
	if (context && !wrapped.failed)
		code = pcre2_compile((PCRE2_SPTR)wrapped.ptr, wrapped.len,
		    PCRE2_NEVER_BACKSLASH_C | PCRE2_NEVER_UTF | PCRE2_NEVER_UCP,
		    &error, &at, context);
	if (!code) {
		pcre2_get_error_message(error, reason, sizeof reason);
		err_set(err, "%s", (const char *)reason);
	}
	pcre2_compile_context_free(context);
	buf_clear(&wrapped);
	return code;
}

struct reading_code *
reading_compile(const struct pattern_facts *facts, struct err *err)
{
	struct reading_code *c = calloc(1, sizeof *c);
	uint32_t groups = 0;

	if (!c) {
		err_set(err, "out of memory");
		return NULL;
	}
	c->code = compile(facts->code, err);
	c->below = facts->below;
	if (!c->code)
		goto fail;
	pcre2_pattern_info(c->code, PCRE2_INFO_CAPTURECOUNT, &groups);
	/* Both count groups by themselves; they must agree, or values would be
	 * taken from the wrong place. */
	assert(groups == facts->group_count);
	return c;
fail:
	reading_code_free(c);
	return NULL;
}

void
reading_code_free(struct reading_code *code)
{
	if (!code)
		return;
	pcre2_code_free(code->code);
	free(code);
}

bool
reading_is_jit(struct reading_code *code)
{
	if (code->jit == JIT_UNTRIED)
		code->jit =
		    pcre2_jit_compile(code->code, PCRE2_JIT_COMPLETE) == 0
			? JIT_MADE
			: JIT_REFUSED;
	return code->jit == JIT_MADE;
}

bool
reading_can_jit(void)
{
	const struct pattern_facts facts = {.code = "a"};
	struct reading_code *c = reading_compile(&facts, NULL);
	bool can = c && reading_is_jit(c);

	reading_code_free(c);
	return can;
}

struct reading_space *
reading_space_new(bool plain)
{
	struct reading_space *space = calloc(1, sizeof *space);

	if (!space)
		return NULL;
	space->plain = plain;
	space->context = pcre2_match_context_create(NULL);
	space->data = pcre2_match_data_create(PATTERN_GROUPS_MAX + 1, NULL);
	if (!space->context || !space->data)
		goto fail;
	pcre2_set_match_limit(space->context, MATCH_LIMIT);
	pcre2_set_depth_limit(space->context, DEPTH_LIMIT);
	pcre2_set_heap_limit(space->context, HEAP_LIMIT_KIB);
	/* Without a stack of its own JIT code has 32 KiB of the machine's: less
	 * room, no harm. */
	if (!plain)
		space->stack =
		    pcre2_jit_stack_create(STACK_MIN, STACK_MAX, NULL);
	if (space->stack)
		pcre2_jit_stack_assign(space->context, NULL, space->stack);
	return space;
fail:
	reading_space_free(space);
	return NULL;
}

void
reading_space_free(struct reading_space *space)
{
	if (!space)
		return;
	pcre2_jit_stack_free(space->stack);
	pcre2_match_data_free(space->data);
	pcre2_match_context_free(space->context);
	free(space);
}

struct listener {
	reading_fn fn;
	void *arg;
};

/* Called by PCRE2 behind \z. A positive answer sends it back to look for
 * another way; a negative one ends the search. */
static int
on_complete(pcre2_callout_block *block, void *arg)
{
	const struct listener *l = arg;
	enum reading_next next =
	    l->fn(l->arg, block->offset_vector, block->capture_top);

	return next == READING_GO_ON ? 1 : PCRE2_ERROR_CALLOUT;
}

enum reading_end
reading_each(struct reading_space *space, struct reading_code *code,
    struct slice message, reading_fn fn, void *arg)
{
	struct listener l = {fn, arg};
	PCRE2_SPTR subject = (PCRE2_SPTR)(message.len ? message.ptr : "");
	int rc;

	if (code->below && message.len >= code->below &&
	    !memchr(message.ptr, '\n', code->below))
		return READING_DONE;
	pcre2_set_callout(space->context, on_complete, &l);
	if (!space->plain && reading_is_jit(code))
		rc = pcre2_jit_match(code->code, subject, message.len, 0, 0,
		    space->data, space->context);
	else
		rc = pcre2_match(code->code, subject, message.len, 0, 0,
		    space->data, space->context);
	if (rc == PCRE2_ERROR_NOMATCH || rc == PCRE2_ERROR_CALLOUT)
		return READING_DONE;
	return READING_LIMITED;
}
