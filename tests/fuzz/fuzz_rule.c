/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a rule file, and behind a NUL as a message for it: the file is
 * refused with a reason, or becomes rules that try their own examples and the
 * message without harm. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "../../agent/match.h"
#include "../../agent/piece.h"
#include "../../agent/proof.h"
#include "../../agent/ruleset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char events[] =
    "events:\n"
    "- {event: auth.login, about: x, outcomes: [success, failure],\n"
    "   fields: {user: string, src_ip: ip, src_port: int, remote: bool,\n"
    "     service: string, type: string, until: time, took: duration}}\n"
    "- {event: backup.run, about: x, outcomes: [success, failure],\n"
    "   fields: {job: string, files: int}, run: {limit: 1h, outcome: worst}}\n";

static const char pieces[] =
    "pieces:\n"
    "  ip: {pattern: '[0-9a-fA-F.:]{2,45}', check: ip, about: x}\n"
    "  port: {pattern: '[0-9]{1,5}', check: port, about: x}\n"
    "  user: {pattern: '.{1,400}', check: none, about: x}\n";

static void
match_message(const struct ruleset *s, struct slice message)
{
	struct problems *p = problems_new();
	struct match *m = match_new(s);
	struct match_result r;
	struct header h;
	struct proof_counts counts = {0};
	const struct rule_file *f = ruleset_rule_file(s, 0);

	proof_set(m, s, p, &counts);
	header_message(slice_of(f->programs[0]), message, &h);
	match_line(m, &h, &r);
	assert(r.count <= MATCH_EVENTS_MAX);
	assert((r.kind == MATCH_EVENT) == (r.count > 0));
	for (size_t i = 0; i < r.count; i++)
		for (size_t k = 0; k < r.events[i].field_count; k++) {
			struct buf b = {0};

			vocab_json(&b, &r.events[i].fields[k].value);
			buf_clear(&b);
		}
	match_free(m);
	problems_free(p);
}

/* The same for all inputs, and made once. */
static struct vocab *vocab;
static struct piece_set *piece_set;

static void
make_base(void)
{
	struct problems *p = problems_new();
	struct tree *t = tree_parse("e", slice_of(events), p);

	vocab = vocab_new(t, p);
	tree_free(t);
	t = tree_parse("p", slice_of(pieces), p);
	piece_set = piece_read(t, p);
	tree_free(t);
	assert(problems_errors(p) == 0);
	problems_free(p);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t end = size ? strnlen((const char *)data, size) : 0;
	struct slice text = {(const char *)data, end};
	struct slice message = {(const char *)data + end, size - end};
	struct problems *p = problems_new();
	struct ruleset *s = ruleset_new();
	struct rule_file file;
	struct tree *t;

	if (!vocab)
		make_base();
	if (message.len)
		message = slice_from(message, 1);
	t = tree_parse("f.yml", text, p);
	if (t) {
		int result = rule_read(&file, t, "auth/f.yml", RULE_CLASSES,
		    vocab, piece_set, ruleset_arena(s), p);

		assert((result == 0) == (problems_errors(p) == 0));
		ruleset_take_tree(s, t);
		ruleset_take_file(s, &file);
		if (result == 0 && ruleset_seal(s, p) == 0)
			match_message(s, message);
	}
	ruleset_free(s);
	problems_free(p);
	return 0;
}
