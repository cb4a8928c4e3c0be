/* SPDX-License-Identifier: Apache-2.0 */
/* leaves: the leaf of every record of one epoch, by sequence number, in any
 * order of arrival. A number may have several leaves (other bytes came under
 * it); each is marked once it is sealed. Sparse numbers cost little, so that a
 * forged one cannot fill the memory. Pure. */
#ifndef ASSAY_LEAVES_H
#define ASSAY_LEAVES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "assay/chain.h"
#include "assay/crypto.h"

#define LEAVES_VARIANTS 8 /* of one number, at most */

struct leaves_page;

/* {0} is empty. */
struct leaves {
	struct leaves_page **pages; /* sorted */
	size_t page_count;
	size_t page_cap;
	uint64_t count;	  /* numbers held */
	uint64_t highest; /* the greatest of them, 0 when empty */
};

void leaves_clear(struct leaves *l);

enum leaves_found {
	LEAVES_NONE,  /* no leaf under this number */
	LEAVES_SAME,  /* this leaf */
	LEAVES_OTHER, /* other leaves, and room for this one */
	LEAVES_FULL,  /* other leaves, and no room */
};

enum leaves_found leaves_find(
    const struct leaves *l, uint64_t sequence, const uint8_t leaf[CHAIN_LEN]);

/* Add a leaf that leaves_find does not know and has room for. -1 when memory is
 * short; l is then as before. */
int leaves_add(
    struct leaves *l, uint64_t sequence, const uint8_t leaf[CHAIN_LEN]);

/* The leaves under a number, sorted; returns how many. */
struct leaves_leaf {
	uint8_t leaf[CHAIN_LEN];
	bool sealed;
};
size_t leaves_get(const struct leaves *l, uint64_t sequence,
    struct leaves_leaf out[LEAVES_VARIANTS]);

/* Is every number first..last there? Is it sealed (in some variant)? */
bool leaves_all_held(const struct leaves *l, uint64_t first, uint64_t last);
bool leaves_all_sealed(const struct leaves *l, uint64_t first, uint64_t last);

/* The longest stretch from `first` on, up to `last`, of numbers that are alike
 * (held or not, sealed or not); *end is its last number. */
void leaves_stretch(const struct leaves *l, uint64_t first, uint64_t last,
    bool *held, bool *sealed, uint64_t *end);

/* The next number at or after `from` with several leaves; 0 when there is
 * none. */
uint64_t leaves_next_contested(const struct leaves *l, uint64_t from);

/* Follow the chain from c[first-1] = prev through first..last, all of which
 * must be held. When some choice of leaves ends at head, mark those sealed and
 * say true. Where several numbers have several leaves, choices are tried up to
 * a fixed effort. */
bool leaves_seal(struct leaves *l, struct crypto *c, uint64_t first,
    uint64_t last, const uint8_t prev[CHAIN_LEN],
    const uint8_t head[CHAIN_LEN]);

/* Take all marks back. */
void leaves_unseal(struct leaves *l);

#endif
