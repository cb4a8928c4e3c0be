/* SPDX-License-Identifier: Apache-2.0 */
/* test: cmocka in the order it needs, and what most tests want. A case is a
 * function whose name is a sentence. */
#ifndef ASSAY_TEST_H
#define ASSAY_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "assay/buf.h"
#include "assay/slice.h"

/* A fresh directory, removed with all it holds at exit. The text is owned by
 * the module. */
const char *test_dir(void);

/* All bytes of a file. Fails the test when it cannot be read. */
struct buf test_read(const char *path);
void test_write(const char *path, struct slice bytes);

/* Equal bytes, with both texts in the message. */
#define assert_slice(a, b)                                                 \
	do {                                                               \
		struct slice left_ = (a), right_ = (b);                    \
		if (!slice_eq(left_, right_))                              \
			fail_msg("\"%.*s\" != \"%.*s\"", SLICE_FMT(left_), \
			    SLICE_FMT(right_));                            \
	} while (0)

#endif
