/* SPDX-License-Identifier: Apache-2.0 */
/* spoolcat: the records of a spool directory on stdout, one a line, as a reader
 * gets them; what verify has to say about them on stderr. Exit 0 when every
 * record but the last few of the newest epoch is sealed and nothing is wrong, 1
 * else. Usage: spoolcat DIR */
#include <stdio.h>
#include <string.h>

#include "assay/encode.h"
#include "assay/record.h"
#include "assay/spoolread.h"
#include "assay/verify.h"

static int findings;

static bool
on_finding(void *arg, const struct verify_finding *f)
{
	struct buf out = {0};

	(void)arg;
	verify_explain(&out, f);
	/* The very last seal has nobody after it. */
	if (f->kind != VERIFY_TAIL_UNSEALED || f->first != f->last) {
		fprintf(stderr, "%.*s\n", (int)out.len, out.ptr);
		findings++;
	}
	buf_clear(&out);
	return true;
}

static int
take(struct verify *v, const struct spoolread_record *rec, struct err *err)
{
	struct record r;
	enum verify_arrival arrival;

	fwrite(rec->bytes.ptr, 1, rec->bytes.len, stdout);
	putchar('\n');
	if (record_decode(rec->bytes, &r, err) != 0)
		return -1;
	if (r.sequence != rec->sequence ||
	    memcmp(r.epoch, rec->epoch, 16) != 0 ||
	    memcmp(r.agent, rec->agent, 16) != 0) {
		record_clear(&r);
		return err_set(err, "frame and record differ");
	}
	if (verify_add(v, &r, &arrival, err) != 0) {
		record_clear(&r);
		return -1;
	}
	record_clear(&r);
	if (arrival != VERIFY_NEW)
		return err_set(err, "arrival %d of %llu", (int)arrival,
		    (unsigned long long)rec->sequence);
	return 0;
}

int
main(int argc, char **argv)
{
	struct err err = {0};
	struct crypto *c = crypto_new(&err);
	struct verify *v = c ? verify_new(c, &err) : NULL;
	struct spoolread *r =
	    argc == 2 && v ? spoolread_open(argv[1], NULL, &err) : NULL;
	enum spoolread_got got = SPOOLREAD_ERROR;
	struct spoolread_record rec;

	while (r && (got = spoolread_next(r, &rec, &err)) > 0)
		if (got == SPOOLREAD_DAMAGE || take(v, &rec, &err) != 0) {
			fprintf(stderr, "%s\n", err.text);
			findings++;
		}
	if (got < 0)
		fprintf(stderr, "spoolcat: %s\n", err.text);
	if (v && verify_findings(v, on_finding, NULL, &err) != 0)
		got = SPOOLREAD_ERROR;
	spoolread_close(r);
	verify_free(v);
	crypto_free(c);
	return got < 0 || findings > 0;
}
