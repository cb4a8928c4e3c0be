/* SPDX-License-Identifier: Apache-2.0 */
/* judge: the ledger for campaigns of thousands of exports, without a process
 * for each. Reads requests, one a line, and answers each with the bytes of
 * `recompute`, then a line with a dot alone; "! " and a sentence when it
 * cannot.
 *
 *   json|slots|grow AS_OF KNOWN_AT|all PATH
 *
 * grow feeds the records one by one and asks for a report nine times on the
 * way, so its last answer (as json) shows that what was asked before changes
 * nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assay/buf.h"
#include "assay/stamp.h"
#include "ledger/ledger.h"

#define ASKED_ON_THE_WAY 9

struct request {
	char mode[8];
	char path[4096];
	int64_t as_of_us;
	uint64_t known_at;
};

static int
read_request(const char *line, struct request *q)
{
	char as_of[64], known_at[32];
	unsigned long long known = LEDGER_ALL;

	if (sscanf(line, "%7s %63s %31s %4095[^\n]", q->mode, as_of, known_at,
		q->path) != 4)
		return -1;
	if (!stamp_parse(slice_of(as_of), &q->as_of_us))
		return -1;
	if (strcmp(known_at, "all") != 0 &&
	    !slice_uint(slice_of(known_at), INT64_MAX, &known))
		return -1;
	q->known_at = known;
	return 0;
}

static int
read_file(const char *path, struct buf *b, struct err *err)
{
	FILE *f = fopen(path, "rb");
	char *room;
	size_t got;

	if (!f)
		return err_sys(err, "open %s", path);
	do {
		room = buf_reserve(b, 65536);
		got = room ? fread(room, 1, 65536, f) : 0;
		b->len += got;
	} while (got > 0);
	fclose(f);
	return b->failed ? err_set(err, "%s is too large", path) : 0;
}

static int
feed(struct ledger *l, struct slice all, const struct request *q,
    struct err *err)
{
	size_t asked_at = all.len / (ASKED_ON_THE_WAY + 1);
	size_t next = asked_at, at = 0;
	bool grow = strcmp(q->mode, "grow") == 0;

	for (uint64_t index = 0; at < all.len; index++) {
		struct slice rest = slice_from(all, at);
		size_t len = slice_find(rest, '\n');

		if (ledger_add(l, index, (struct slice){rest.ptr, len}, err))
			return -1;
		at += len + 1;
		if (grow && at >= next && at < all.len) {
			next += asked_at;
			if (!ledger_report(l, q->as_of_us, LEDGER_ALL, err))
				return -1;
		}
	}
	return 0;
}

static int
answer(const struct request *q, struct buf *out, struct err *err)
{
	struct buf all = {0};
	struct ledger *l = ledger_new(err);
	const struct report *r = NULL;

	if (l && !read_file(q->path, &all, err) &&
	    !feed(l, buf_slice(&all), q, err))
		r = ledger_report(l, q->as_of_us, q->known_at, err);
	if (r && strcmp(q->mode, "slots") == 0) {
		report_slots(r, out);
	} else if (r) {
		report_json(r, out);
		buf_putc(out, '\n');
	}
	ledger_free(l);
	buf_clear(&all);
	return r && !out->failed ? 0 : -1;
}

int
main(void)
{
	struct request q;
	struct buf out = {0};
	char line[8192];

	while (fgets(line, sizeof line, stdin)) {
		struct err err = {"a request is: json|slots|grow AS_OF "
				  "KNOWN_AT|all PATH"};

		buf_reset(&out);
		if (read_request(line, &q) || answer(&q, &out, &err))
			printf("! %s\n", err.text);
		else
			fwrite(buf_slice(&out).ptr, 1, out.len, stdout);
		puts(".");
		fflush(stdout);
	}
	buf_clear(&out);
	return 0;
}
