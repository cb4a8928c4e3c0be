/* SPDX-License-Identifier: Apache-2.0 */
/* The input is an export: lines, each a record or not. What decodes is fed to a
 * verifier; then everything that can be asked is asked. Two verifiers fed in
 * opposite order must say the same, unless one had no room for a variant. */
#include <stdlib.h>
#include <string.h>

#include "assay/record.h"
#include "assay/verify.h"

#define LINES_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
print(void *arg, const struct verify_finding *f)
{
	struct buf *out = arg;

	verify_explain(out, f);
	buf_putc(out, '\n');
	return true;
}

static bool
print_range(void *arg, const struct verify_range *r)
{
	struct buf *out = arg;

	buf_printf(out, "%d %llu-%llu\n", r->state,
	    (unsigned long long)r->first, (unsigned long long)r->last);
	return true;
}

struct asking {
	const struct verify *v;
	struct buf *out;
};

static bool
ask_epoch(void *arg, const struct verify_epoch *e)
{
	struct asking *a = arg;

	buf_printf(a->out, "epoch %d %d %d %llu\n", e->start_sealed, e->joined,
	    e->forked, (unsigned long long)e->sealed_upto);
	verify_ranges(a->v, e->agent, e->epoch, print_range, a->out);
	return true;
}

static struct buf
ask(const struct verify *v)
{
	struct buf out = {0};
	struct asking a = {v, &out};

	if (verify_findings(v, print, &out, NULL) ||
	    verify_epochs(v, ask_epoch, &a, NULL))
		abort();
	return out;
}

/* False when there was no room for it. */
static bool
feed(struct verify *v, struct slice line)
{
	enum verify_arrival arrival;
	struct record r;
	struct err err;

	if (record_decode(line, &r, &err))
		return true;
	if (verify_add(v, &r, &arrival, &err))
		abort();
	record_clear(&r);
	return arrival != VERIFY_REFUSED;
}

static size_t
split(const uint8_t *data, size_t size, struct slice lines[LINES_MAX])
{
	struct slice rest = {(const char *)data, size};
	size_t count = 0;

	while (rest.len && count < LINES_MAX) {
		size_t end = slice_find(rest, '\n');

		lines[count++] = (struct slice){rest.ptr, end};
		rest = slice_from(rest, end + 1);
	}
	return count;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct crypto *c = crypto_new(NULL);
	struct verify *v = verify_new(c, NULL), *w = verify_new(c, NULL);
	struct slice lines[LINES_MAX];
	size_t count = split(data, size, lines);
	struct buf one, two;
	bool all = true;

	for (size_t i = 0; i < count; i++)
		all &= feed(v, lines[i]);
	for (size_t i = count; i-- > 0;)
		all &= feed(w, lines[i]);
	one = ask(v);
	two = ask(w);
	if (all && !slice_eq(buf_slice(&one), buf_slice(&two)))
		abort();
	buf_clear(&one);
	buf_clear(&two);
	verify_free(v);
	verify_free(w);
	crypto_free(c);
	return 0;
}
