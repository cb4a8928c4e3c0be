/* SPDX-License-Identifier: Apache-2.0 */
#include "assay/verify.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "assay/encode.h"
#include "verify_state.h"

struct findings {
	struct verify_finding *list;
	size_t count;
	bool failed;
};

static struct verify_finding *
add(struct findings *f, const struct epoch *e, enum verify_kind kind,
    uint64_t first, uint64_t last)
{
	struct verify_finding *list =
	    verify_grow(f->list, f->count, sizeof *list);

	if (!list) {
		f->failed = true;
		return NULL;
	}
	f->list = list;
	list += f->count++;
	*list =
	    (struct verify_finding){.kind = kind, .first = first, .last = last};
	memcpy(list->agent, e->agent->id, 16);
	memcpy(list->epoch, e->id, 16);
	return list;
}

static void
add_leaf(struct findings *f, const struct epoch *e, enum verify_kind kind,
    uint64_t sequence, const uint8_t leaf[CHAIN_LEN])
{
	struct verify_finding *added = add(f, e, kind, sequence, sequence);

	if (!added)
		return;
	added->has_leaf = true;
	memcpy(added->leaf, leaf, CHAIN_LEN);
}

static void
add_other(struct findings *f, const struct epoch *e, enum verify_kind kind,
    uint64_t first, uint64_t last, const struct epoch *other)
{
	struct verify_finding *added = add(f, e, kind, first, last);

	if (!added)
		return;
	added->has_other = true;
	memcpy(added->other, other->id, 16);
}

/* ---- holes and what no seal reaches ---- */

/* The last seal of an epoch has none over it: that is how epochs end. */
static bool
is_last_seal(const struct epoch *e, uint64_t first, uint64_t last)
{
	return first == last && last > 1 &&
	       spans_of(&e->spans, e->agent->pinned, last, NULL);
}

static void
find_ranges(struct findings *f, const struct epoch *e)
{
	uint64_t last = verify_end_of(e), end, from = 0;

	for (uint64_t n = 1; n <= last; n = end + 1) {
		enum verify_state state = verify_state_of(e, n, &end);

		if (state == VERIFY_MISSING)
			add(f, e, VERIFY_HOLE, n, end);
		if (state != VERIFY_UNSEALED) {
			from = 0;
			continue;
		}
		if (!from)
			from = n;
		/* Report once the stretch ends. */
		if (end < last) {
			uint64_t next;

			if (verify_state_of(e, end + 1, &next) ==
			    VERIFY_UNSEALED)
				continue;
		}
		if (!is_last_seal(e, from, end))
			add(f, e, VERIFY_TAIL_UNSEALED, from, end);
	}
}

/* ---- signed spans that do not hold ---- */

static void
count_alike(const struct epoch *e, uint64_t first, uint64_t last,
    bool *any_sealed, bool *any_unsealed)
{
	bool held, sealed;
	uint64_t end;

	*any_sealed = *any_unsealed = false;
	for (uint64_t n = first; n <= last; n = end + 1) {
		leaves_stretch(&e->spans.leaves, n, last, &held, &sealed, &end);
		*any_sealed |= sealed;
		*any_unsealed |= held && !sealed;
	}
}

static void
find_span(struct findings *f, const struct epoch *e, enum span_state state,
    uint64_t first, uint64_t last)
{
	bool sealed, unsealed;

	if ((state != SPAN_OPEN && state != SPAN_BAD) || first > last)
		return;
	count_alike(e, first, last, &sealed, &unsealed);
	/* What another good seal covers, and this good seal covers with other
	 * bytes, was written twice. */
	if (state == SPAN_BAD)
		add(f, e, sealed ? VERIFY_FORK_BYTES : VERIFY_RANGE_BAD, first,
		    last);
	else if (unsealed)
		add(f, e, VERIFY_RANGE_OPEN, first, last);
}

static void
find_spans(struct findings *f, const struct epoch *e)
{
	for (const struct span *s = e->spans.open; s; s = s->next_open) {
		if (s->key != e->agent->pinned)
			continue;
		find_span(f, e, s->state, s->first, s->last);
		find_span(f, e, s->lead, s->lead_first, s->first - 1);
	}
}

/* ---- several leaves under one number ---- */

struct contested {
	uint64_t sequence;
	struct leaves_leaf leaves[LEAVES_VARIANTS];
	const struct span *seals[LEAVES_VARIANTS]; /* what each signed */
	size_t count;
	size_t sealed;
};

static bool
is_same_seal(const struct span *a, const struct span *b)
{
	return b && a->first == b->first &&
	       !memcmp(a->prev, b->prev, CHAIN_LEN) &&
	       !memcmp(a->head, b->head, CHAIN_LEN);
}

/* A seal that holds needs no other over it to be genuine, unless it only says
 * again what another variant says (whose record was altered elsewhere). */
static bool
is_genuine(const struct contested *x, size_t i)
{
	if (x->leaves[i].sealed)
		return true;
	if (!x->seals[i])
		return false;
	for (size_t k = 0; k < x->count; k++)
		if (k != i && (x->leaves[k].sealed || k < i) &&
		    is_same_seal(x->seals[i], x->seals[k]))
			return false;
	return true;
}

static void
find_at(struct findings *f, const struct epoch *e, uint64_t sequence)
{
	struct contested x = {.sequence = sequence};
	size_t genuine = 0;

	x.count = leaves_get(&e->spans.leaves, sequence, x.leaves);
	for (size_t i = 0; i < x.count; i++) {
		x.sealed += x.leaves[i].sealed;
		if (sequence > 1)
			x.seals[i] = spans_of(&e->spans, e->agent->pinned,
			    sequence, x.leaves[i].leaf);
	}
	for (size_t i = 0; i < x.count; i++)
		genuine += is_genuine(&x, i);
	if (genuine > 1)
		add(f, e, VERIFY_FORK_BYTES, sequence, sequence);
	else if (x.sealed == 0)
		add(f, e, VERIFY_UNDECIDED, sequence, sequence);
	for (size_t i = 0; x.sealed && i < x.count; i++)
		if (!is_genuine(&x, i))
			add_leaf(
			    f, e, VERIFY_TAMPERED, sequence, x.leaves[i].leaf);
}

static void
find_contested(struct findings *f, const struct epoch *e)
{
	uint64_t n = 1;

	for (; (n = leaves_next_contested(&e->spans.leaves, n)); n++)
		find_at(f, e, n);
}

/* ---- seals and starts ---- */

static void
find_signatures(struct findings *f, const struct epoch *e)
{
	const struct agent *a = e->agent;

	for (size_t i = 0; i < e->note_count; i++)
		add_leaf(f, e, e->notes[i].kind, e->notes[i].sequence,
		    e->notes[i].leaf);
	if (a->pinned == NO_KEY)
		return;
	for (size_t i = 0; i < e->start_count; i++)
		if (e->starts[i].key != a->pinned)
			add_leaf(f, e, VERIFY_KEY_WRONG, 1, e->starts[i].leaf);
	for (size_t i = 0; i < e->spans.count; i++) {
		const struct span *s = e->spans.sorted[i];

		if (s->key != a->pinned)
			add_leaf(f, e, VERIFY_KEY_WRONG, s->last + 1, s->leaf);
	}
	for (size_t i = 0; i < a->pending_count; i++) {
		const struct pending *p = &a->pending[i];

		if (!memcmp(p->seal.epoch, e->id, 16))
			add_leaf(
			    f, e, VERIFY_KEY_WRONG, p->seal.last + 1, p->leaf);
	}
}

/* ---- forks between epochs ---- */

/* A sealed start and where it says the agent came from. */
struct branch {
	const struct epoch *e;
	const struct start *s;
};

static int
compare_prev(const struct branch *x, const struct branch *y)
{
	const struct record_prev *p = &x->s->prev, *q = &y->s->prev;
	int order;

	if (p->known != q->known)
		return p->known ? 1 : -1;
	if (!p->known)
		return 0;
	order = memcmp(p->epoch, q->epoch, 16);
	if (!order)
		order = (p->last > q->last) - (p->last < q->last);
	return order;
}

static int
compare_branches(const void *a, const void *b)
{
	const struct branch *x = a, *y = b;
	int order = compare_prev(x, y);

	if (order)
		return order;
	if (x->s->time_us != y->s->time_us)
		return x->s->time_us < y->s->time_us ? -1 : 1;
	order = memcmp(x->e->id, y->e->id, 16);
	return order ? order : memcmp(x->s->leaf, y->s->leaf, CHAIN_LEN);
}

static size_t
list_branches(const struct agent *a, struct branch *out)
{
	size_t count = 0;

	for (size_t i = 0; i < a->epochs.count; i++) {
		const struct epoch *e = verify_epoch_at(a, i);

		for (size_t k = 0; k < e->start_count; k++)
			if (verify_is_leaf_sealed(e, 1, e->starts[k].leaf)) {
				if (out)
					out[count] =
					    (struct branch){e, &e->starts[k]};
				count++;
			}
	}
	return count;
}

static void
find_beyond(
    struct findings *f, const struct verify *v, const struct branch *branch)
{
	const struct record_prev *prev = &branch->s->prev;
	const struct epoch *before;
	uint64_t last;

	if (!prev->known)
		return;
	before = verify_find_epoch(v, branch->e->agent->id, prev->epoch);
	if (!before)
		return;
	last = verify_highest_sealed(before);
	if (before->named_last > last)
		last = before->named_last;
	if (last > prev->last)
		add_other(f, before, VERIFY_FORK_BEYOND, prev->last + 1, last,
		    branch->e);
}

static void
find_forks(struct findings *f, const struct verify *v, const struct agent *a)
{
	size_t count = list_branches(a, NULL), first = 0;
	struct branch *branches = calloc(count + 1, sizeof *branches);

	if (!branches) {
		f->failed = true;
		return;
	}
	list_branches(a, branches);
	qsort(branches, count, sizeof *branches, compare_branches);
	for (size_t i = 0; i < count; i++) {
		if (i && compare_prev(&branches[first], &branches[i]) != 0)
			first = i;
		if (i > first && branches[i].e != branches[first].e)
			add_other(f, branches[i].e, VERIFY_FORK_PREV, 1, 1,
			    branches[first].e);
		find_beyond(f, v, &branches[i]);
	}
	free(branches);
}

/* ---- all together ---- */

static int
compare_findings(const void *a, const void *b)
{
	const struct verify_finding *x = a, *y = b;
	int order = memcmp(x->agent, y->agent, 16);

	if (!order)
		order = memcmp(x->epoch, y->epoch, 16);
	if (!order)
		order = (x->first > y->first) - (x->first < y->first);
	if (!order)
		order = (x->kind > y->kind) - (x->kind < y->kind);
	if (!order)
		order = (x->last > y->last) - (x->last < y->last);
	if (!order)
		order = memcmp(x->leaf, y->leaf, CHAIN_LEN);
	return order ? order : memcmp(x->other, y->other, 16);
}

static bool
is_same(const struct verify_finding *x, const struct verify_finding *y)
{
	return compare_findings(x, y) == 0;
}

/* The same forked number may be known from its leaves and from a span. */
static bool
is_within(const struct verify_finding *x, const struct verify_finding *y)
{
	return x->kind == VERIFY_FORK_BYTES && y->kind == VERIFY_FORK_BYTES &&
	       !memcmp(x->agent, y->agent, 16) &&
	       !memcmp(x->epoch, y->epoch, 16) && y->first <= x->last + 1;
}

static size_t
tidy(struct verify_finding *list, size_t count)
{
	size_t kept = 0;

	qsort(list, count, sizeof *list, compare_findings);
	for (size_t i = 0; i < count; i++) {
		struct verify_finding *before = kept ? &list[kept - 1] : NULL;

		if (before && is_same(before, &list[i]))
			continue;
		if (before && is_within(before, &list[i])) {
			if (list[i].last > before->last)
				before->last = list[i].last;
			continue;
		}
		list[kept++] = list[i];
	}
	return kept;
}

static void
find_agent(struct findings *f, const struct verify *v, const struct agent *a)
{
	for (size_t i = 0; i < a->epochs.count; i++) {
		const struct epoch *e = verify_epoch_at(a, i);

		find_ranges(f, e);
		find_spans(f, e);
		find_contested(f, e);
		find_signatures(f, e);
	}
	find_forks(f, v, a);
}

int
verify_findings(const struct verify *v, verify_finding_fn *visit, void *arg,
    struct err *err)
{
	struct findings f = {0};

	for (size_t i = 0; i < v->agents.count; i++)
		find_agent(&f, v, verify_agent_at(v, i));
	if (f.failed) {
		free(f.list);
		return err_set(err, "verify: out of memory");
	}
	f.count = f.count ? tidy(f.list, f.count) : 0;
	for (size_t i = 0; i < f.count; i++)
		if (!visit(arg, &f.list[i]))
			break;
	free(f.list);
	return 0;
}

/* ---- for people ---- */

static const struct {
	bool tamper, fork;
	const char *says;
} kinds[] = {
    [VERIFY_HOLE] = {false, false,
	"missing; if the agent's spool still holds them, it can send them "
	"again"},
    [VERIFY_RANGE_OPEN] = {false, false,
	"cannot be checked against the seal over them while records among "
	"them are missing"},
    [VERIFY_RANGE_BAD] = {true, false,
	"do not fit the seal over them: at least one was altered"},
    [VERIFY_TAIL_UNSEALED] = {false, false, "no seal reaches them yet"},
    [VERIFY_TAMPERED] = {true, false,
	"these bytes are not what the agent sealed under this number"},
    [VERIFY_UNDECIDED] = {false, false,
	"several different records came under this number, and no seal says "
	"yet which is genuine"},
    [VERIFY_SEAL_BAD] = {true, false,
	"the signature of this seal does not hold, or it covers what no seal "
	"can"},
    [VERIFY_START_BAD] = {true, false,
	"this start names a key or an epoch before it that cannot be"},
    [VERIFY_KEY_WRONG] = {true, false,
	"made with another key than the one known of this agent"},
    [VERIFY_FORK_PREV] = {false, true,
	"begins where another epoch begins too: a machine was cloned or "
	"restored"},
    [VERIFY_FORK_BEYOND] = {false, true,
	"written after another epoch named an earlier record as the last: a "
	"machine was cloned or restored"},
    [VERIFY_FORK_BYTES] = {false, true,
	"sealed twice with different bytes: a machine was cloned or restored"},
};

bool
verify_is_tamper(enum verify_kind kind)
{
	return kinds[kind].tamper;
}

bool
verify_is_fork(enum verify_kind kind)
{
	return kinds[kind].fork;
}

void
verify_explain(struct buf *out, const struct verify_finding *f)
{
	char agent[ENCODE_UUID_LEN + 1], hex[65];

	encode_uuid(agent, f->agent);
	encode_hex(hex, f->epoch, 16);
	buf_printf(out, "agent %s, epoch %s, ", agent, hex);
	if (f->first == f->last)
		buf_printf(out, "record %" PRIu64, f->first);
	else
		buf_printf(
		    out, "records %" PRIu64 " to %" PRIu64, f->first, f->last);
	if (f->has_leaf) {
		encode_hex(hex, f->leaf, CHAIN_LEN);
		buf_printf(out, " (leaf %s)", hex);
	}
	buf_printf(out, ": %s", kinds[f->kind].says);
	if (f->has_other) {
		encode_hex(hex, f->other, 16);
		buf_printf(out, "; the other epoch is %s", hex);
	}
}
