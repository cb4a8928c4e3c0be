/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a file of checks: refused with a reason, or checks that have
 * what the ledger relies on. */
#include <assert.h>
#include <stdlib.h>

#include "../../collector/ledger/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char events[] =
    "events:\n"
    "- {event: auth.login, about: x, outcomes: [success, failure],\n"
    "   fields: {user: string, src_ip: ip, remote: bool, service: string}}\n"
    "- {event: auth.mfa, about: x, outcomes: [success, failure],\n"
    "   fields: {user: string, service: string}}\n"
    "- {event: access.review, about: x, outcomes: [success],\n"
    "   fields: {system: string, user: string, rows: int}}\n"
    "- {event: backup.run, about: x, outcomes: [success, failure],\n"
    "   fields: {job: string, files: int}, run: {limit: 1h, outcome: worst}}\n";

/* The same for all inputs, and made once. */
static struct vocab *vocab;

static void
make_vocab(void)
{
	struct problems *p = problems_new();
	struct tree *t = tree_parse("e", slice_of(events), p);

	vocab = vocab_new(t, p);
	assert(vocab);
	tree_free(t);
	problems_free(p);
}

static void
look_at(const struct check *c)
{
	assert(c->id && c->control && c->why);
	assert(check_kind_name(c->kind) && check_unit_name(c->unit));
	assert(vocab_find(vocab, slice_of(c->of.event)));
	if (c->kind == CHECK_EACH) {
		assert(c->need_count > 0);
		assert(c->within_lo_us <= c->within_hi_us);
	}
	if (c->kind == CHECK_SHARE)
		assert(c->at_least >= 0 && c->at_least <= 1000000);
	if (c->unit == CHECK_ROW)
		assert(c->register_name && c->key_count > 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = {(const char *)data, size};
	struct problems *p = problems_new();
	struct names *n = names_new();
	struct check_set *s = check_set_new(n);
	struct tree *t = tree_parse("f.yml", text, p);
	struct buf b = {0};

	if (!vocab)
		make_vocab();
	if (t) {
		assert(check_set_add(s, t, vocab, p) == 0);
		for (size_t i = 0; check_set_at(s, i); i++)
			look_at(check_set_at(s, i));
	}
	problems_print(p, &b);
	buf_clear(&b);
	check_set_free(s);
	names_free(n);
	tree_free(t);
	problems_free(p);
	return 0;
}
