/* SPDX-License-Identifier: Apache-2.0 */
/* clockwork: what the preloaded clock (clockwork_clock.c) and the one who turns
 * it (clockwork.c) share: a file mapped by both. Times in microseconds. */
#ifndef ASSAY_TEST_CLOCKWORK_H
#define ASSAY_TEST_CLOCKWORK_H

#include <stdatomic.h>
#include <stdint.h>

struct clockwork {
	_Atomic int64_t now_us;	  /* since 1970; what all of them see */
	_Atomic int64_t mono_us;  /* goes on with it, but not when it is set */
	_Atomic int pid;	  /* of the paced daemon; 0 there is none */
	_Atomic int asleep;	  /* it waits, until: */
	_Atomic int64_t until_us; /* by mono_us */
	_Atomic uint64_t naps;	  /* times it fell asleep */
	_Atomic uint64_t posted;  /* datagrams it sent */
	_Atomic int synced;	  /* what the kernel says of the clock */
	_Atomic uint64_t written; /* marks that others wrote to files */
};

#endif
