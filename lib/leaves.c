/* SPDX-License-Identifier: Apache-2.0 */
#include "assay/leaves.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define PAGE 64 /* numbers of a page: the bits of a word */
#define DECISIONS_MAX 32
#define EFFORT_MAX 65536 /* hashes beyond the first try */

/* A further leaf of a number. */
struct other {
	struct other *next;
	unsigned slot;
	bool sealed;
	uint8_t leaf[CHAIN_LEN];
};

struct leaves_page {
	uint64_t number; /* (sequence - 1) / PAGE */
	uint64_t held;
	uint64_t sealed;       /* in any variant */
	uint64_t first_sealed; /* in the one below */
	struct other *others;
	uint8_t leaf[PAGE][CHAIN_LEN]; /* the first to come */
};

static uint64_t
bit(unsigned slot)
{
	return UINT64_C(1) << slot;
}

static unsigned
slot_of(uint64_t sequence)
{
	return (unsigned)((sequence - 1) % PAGE);
}

/* The place of the first page that is not below number. */
static size_t
place(const struct leaves *l, uint64_t number)
{
	size_t low = 0, high = l->page_count;

	/* Records mostly come in order. */
	if (high && l->pages[high - 1]->number < number)
		return high;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (l->pages[middle]->number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct leaves_page *
page_of(const struct leaves *l, uint64_t sequence)
{
	uint64_t number = (sequence - 1) / PAGE;
	size_t at = place(l, number);

	if (at == l->page_count || l->pages[at]->number != number)
		return NULL;
	return l->pages[at];
}

void
leaves_clear(struct leaves *l)
{
	for (size_t i = 0; i < l->page_count; i++) {
		struct other *o = l->pages[i]->others;

		while (o) {
			struct other *next = o->next;

			free(o);
			o = next;
		}
		free(l->pages[i]);
	}
	free(l->pages);
	*l = (struct leaves){0};
}

size_t
leaves_get(const struct leaves *l, uint64_t sequence,
    struct leaves_leaf out[LEAVES_VARIANTS])
{
	const struct leaves_page *p = page_of(l, sequence);
	unsigned slot = slot_of(sequence);
	size_t count = 0;

	if (!p || !(p->held & bit(slot)))
		return 0;
	memcpy(out[0].leaf, p->leaf[slot], CHAIN_LEN);
	out[count++].sealed = p->first_sealed & bit(slot);
	for (const struct other *o = p->others; o; o = o->next) {
		size_t i = count;

		if (o->slot != slot)
			continue;
		for (; i > 0 && memcmp(out[i - 1].leaf, o->leaf, CHAIN_LEN) > 0;
		     i--)
			out[i] = out[i - 1];
		memcpy(out[i].leaf, o->leaf, CHAIN_LEN);
		out[i].sealed = o->sealed;
		count++;
	}
	return count;
}

enum leaves_found
leaves_find(
    const struct leaves *l, uint64_t sequence, const uint8_t leaf[CHAIN_LEN])
{
	struct leaves_leaf known[LEAVES_VARIANTS];
	size_t count = leaves_get(l, sequence, known);

	for (size_t i = 0; i < count; i++)
		if (!memcmp(known[i].leaf, leaf, CHAIN_LEN))
			return LEAVES_SAME;
	if (count == 0)
		return LEAVES_NONE;
	return count < LEAVES_VARIANTS ? LEAVES_OTHER : LEAVES_FULL;
}

static struct leaves_page *
page_for(struct leaves *l, uint64_t sequence)
{
	uint64_t number = (sequence - 1) / PAGE;
	size_t at = place(l, number);
	struct leaves_page *p;

	if (at < l->page_count && l->pages[at]->number == number)
		return l->pages[at];
	if (l->page_count == l->page_cap) {
		size_t cap = l->page_cap ? 2 * l->page_cap : 4;
		struct leaves_page **pages =
		    reallocarray(l->pages, cap, sizeof(void *));

		if (!pages)
			return NULL;
		l->pages = pages;
		l->page_cap = cap;
	}
	p = calloc(1, sizeof *p);
	if (!p)
		return NULL;
	p->number = number;
	memmove(&l->pages[at + 1], &l->pages[at],
	    (l->page_count - at) * sizeof(void *));
	l->pages[at] = p;
	l->page_count++;
	return p;
}

int
leaves_add(struct leaves *l, uint64_t sequence, const uint8_t leaf[CHAIN_LEN])
{
	struct leaves_page *p = page_for(l, sequence);
	unsigned slot = slot_of(sequence);
	struct other *o;

	if (!p)
		return -1;
	if (!(p->held & bit(slot))) {
		memcpy(p->leaf[slot], leaf, CHAIN_LEN);
		p->held |= bit(slot);
		l->count++;
		if (sequence > l->highest)
			l->highest = sequence;
		return 0;
	}
	o = calloc(1, sizeof *o);
	if (!o)
		return -1;
	o->slot = slot;
	memcpy(o->leaf, leaf, CHAIN_LEN);
	o->next = p->others;
	p->others = o;
	return 0;
}

void
leaves_stretch(const struct leaves *l, uint64_t first, uint64_t last,
    bool *held, bool *sealed, uint64_t *end)
{
	size_t at = place(l, (first - 1) / PAGE);
	uint64_t n = first;

	*held = *sealed = false;
	while (n <= last) {
		const struct leaves_page *p =
		    at < l->page_count ? l->pages[at] : NULL;
		bool h, s;

		if (!p || p->number > (n - 1) / PAGE) {
			/* Nothing is held up to this page. */
			if (n > first && *held)
				break;
			if (!p || p->number >= last / PAGE + 1)
				n = last + 1;
			else
				n = p->number * PAGE + 1;
			continue;
		}
		h = p->held & bit(slot_of(n));
		s = p->sealed & bit(slot_of(n));
		if (n == first) {
			*held = h;
			*sealed = s;
		} else if (h != *held || s != *sealed) {
			break;
		}
		if (n % PAGE == 0)
			at++;
		n++;
	}
	*end = (n > last + 1 ? last + 1 : n) - 1;
}

bool
leaves_all_held(const struct leaves *l, uint64_t first, uint64_t last)
{
	bool held, sealed;
	uint64_t n = first, end;

	if (first > last)
		return true;
	if (last - first >= l->count)
		return false;
	for (; n <= last; n = end + 1) {
		leaves_stretch(l, n, last, &held, &sealed, &end);
		if (!held)
			return false;
	}
	return true;
}

bool
leaves_all_sealed(const struct leaves *l, uint64_t first, uint64_t last)
{
	bool held, sealed;
	uint64_t end;

	if (first > last)
		return true;
	leaves_stretch(l, first, last, &held, &sealed, &end);
	return sealed && end == last;
}

uint64_t
leaves_next_contested(const struct leaves *l, uint64_t from)
{
	for (size_t at = place(l, (from - 1) / PAGE); at < l->page_count;
	     at++) {
		const struct leaves_page *p = l->pages[at];
		uint64_t least = 0;

		for (const struct other *o = p->others; o; o = o->next) {
			uint64_t n = p->number * PAGE + o->slot + 1;

			if (n >= from && (!least || n < least))
				least = n;
		}
		if (least)
			return least;
	}
	return 0;
}

/* ---- following the chain ---- */

/* A number with several leaves, the chain value before it, and the choice. */
struct decision {
	uint64_t sequence;
	uint8_t before[CHAIN_LEN];
	struct leaves_leaf choices[LEAVES_VARIANTS];
	size_t count;
	size_t choice;
};

struct walk {
	struct leaves *l;
	struct crypto *c;
	uint64_t last;
	struct decision decisions[DECISIONS_MAX];
	size_t decided;
	size_t effort;
};

static bool
is_contested(const struct leaves_page *p, unsigned slot)
{
	for (const struct other *o = p->others; o; o = o->next)
		if (o->slot == slot)
			return true;
	return false;
}

/* From n on to the end, taking first choices. False when there are more
 * contested numbers than can be tried. */
static bool
go(struct walk *w, uint64_t n, uint8_t head[CHAIN_LEN])
{
	for (; n <= w->last; n++) {
		const struct leaves_page *p = page_of(w->l, n);
		const uint8_t *leaf = p->leaf[slot_of(n)];

		if (is_contested(p, slot_of(n))) {
			struct decision *d = &w->decisions[w->decided];

			if (w->decided == DECISIONS_MAX)
				return false;
			w->decided++;
			d->sequence = n;
			memcpy(d->before, head, CHAIN_LEN);
			d->count = leaves_get(w->l, n, d->choices);
			d->choice = 0;
			leaf = d->choices[0].leaf;
		}
		chain_next(w->c, head, leaf);
		w->effort++;
	}
	return true;
}

/* Change the last choice that has an alternative, and give where to go on. */
static bool
go_back(struct walk *w, uint64_t *n, uint8_t head[CHAIN_LEN])
{
	struct decision *d;

	while (w->decided) {
		d = &w->decisions[w->decided - 1];
		if (d->choice + 1 < d->count) {
			d->choice++;
			memcpy(head, d->before, CHAIN_LEN);
			chain_next(w->c, head, d->choices[d->choice].leaf);
			*n = d->sequence + 1;
			return true;
		}
		w->decided--;
	}
	return false;
}

static void
mark_other(struct leaves_page *p, unsigned slot, const uint8_t *leaf)
{
	if (!memcmp(p->leaf[slot], leaf, CHAIN_LEN))
		p->first_sealed |= bit(slot);
	for (struct other *o = p->others; o; o = o->next)
		if (o->slot == slot && !memcmp(o->leaf, leaf, CHAIN_LEN))
			o->sealed = true;
}

static void
mark(struct walk *w, uint64_t first)
{
	size_t next = 0;

	for (uint64_t n = first; n <= w->last; n++) {
		struct leaves_page *p = page_of(w->l, n);
		const struct decision *d = &w->decisions[next];

		p->sealed |= bit(slot_of(n));
		if (next < w->decided && d->sequence == n) {
			mark_other(p, slot_of(n), d->choices[d->choice].leaf);
			next++;
		} else {
			p->first_sealed |= bit(slot_of(n));
		}
	}
}

bool
leaves_seal(struct leaves *l, struct crypto *c, uint64_t first, uint64_t last,
    const uint8_t prev[CHAIN_LEN], const uint8_t head[CHAIN_LEN])
{
	struct walk w = {.l = l, .c = c, .last = last};
	uint8_t at[CHAIN_LEN];
	uint64_t n = first;
	size_t allowed = EFFORT_MAX + (size_t)(last - first);

	memcpy(at, prev, CHAIN_LEN);
	do {
		if (!go(&w, n, at))
			return false;
		if (!memcmp(at, head, CHAIN_LEN)) {
			mark(&w, first);
			return true;
		}
	} while (w.effort <= allowed && go_back(&w, &n, at));
	return false;
}

void
leaves_unseal(struct leaves *l)
{
	for (size_t i = 0; i < l->page_count; i++) {
		struct leaves_page *p = l->pages[i];

		p->sealed = p->first_sealed = 0;
		for (struct other *o = p->others; o; o = o->next)
			o->sealed = false;
	}
}
