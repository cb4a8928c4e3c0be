/* SPDX-License-Identifier: Apache-2.0 */
#include "row.h"

#include <stdlib.h>
#include <string.h>

#include "assay/jsonin.h"

#define PROJECT_ROWS 512 /* at a time: no row outlives the next call */

struct store_key
row_key(const struct record *r)
{
	struct store_key key = {.sequence = r->sequence};

	memcpy(key.agent, r->agent, 16);
	memcpy(key.epoch, r->epoch, 16);
	return key;
}

static int
add_facts(
    struct store *s, const struct record *r, uint64_t index, struct err *err)
{
	struct store_key key = row_key(r);
	struct slice name = {0};
	char *host = NULL;
	int rc;

	if (r->type == RECORD_START)
		jsonin_string(json_object_get(r->data, "host"), "name", &name);
	if (name.len)
		host = slice_strdup(name);
	rc = store_epoch_add(
	    s, &key, index, r->from_collector, r->readtime_us, host, err);
	free(host);
	if (rc == 0 && (r->type == RECORD_START || r->type == RECORD_SEAL))
		rc = store_anchor_add(s, index, err);
	return rc;
}

int
row_append(struct store *s, struct crypto *c, const struct record *r,
    uint64_t *index, struct err *err)
{
	struct store_key key = row_key(r);
	uint8_t leaf[CHAIN_LEN];

	chain_leaf(c, r->bytes, leaf);
	if (store_append(s, &key, leaf, r->bytes, index, err))
		return -1;
	return add_facts(s, r, *index, err);
}

struct fact {
	uint64_t index;
	struct buf bytes;
};

struct facts {
	struct fact rows[PROJECT_ROWS];
	size_t count;
	bool failed;
};

static int
keep_row(void *arg, const struct store_row *row)
{
	struct facts *facts = arg;
	struct fact *fact = &facts->rows[facts->count++];

	fact->index = row->index;
	buf_reset(&fact->bytes);
	buf_put(&fact->bytes, row->bytes);
	facts->failed |= fact->bytes.failed;
	return 0;
}

static int
add_kept(struct store *s, const struct facts *facts, struct err *err)
{
	for (size_t i = 0; i < facts->count; i++) {
		struct record r;
		int rc;

		/* An erased one leaves its number, and no facts. */
		if (record_decode(buf_slice(&facts->rows[i].bytes), &r, NULL))
			continue;
		rc = add_facts(s, &r, facts->rows[i].index, err);
		record_clear(&r);
		if (rc)
			return -1;
	}
	return 0;
}

static int
project_all(struct store *s, struct facts *facts, struct err *err)
{
	uint64_t count;

	if (store_count(s, &count, err))
		return -1;
	for (uint64_t at = 1; at <= count; at += PROJECT_ROWS) {
		facts->count = 0;
		if (store_rows(
			s, at, at + PROJECT_ROWS - 1, keep_row, facts, err))
			return -1;
		if (facts->failed)
			return err_set(err, "no memory to read the log again");
		if (add_kept(s, facts, err))
			return -1;
	}
	return store_projected(s, err);
}

int
row_project(struct store *s, struct err *err)
{
	struct facts *facts;
	int rc = -1;

	if (!store_needs_projection(s))
		return 0;
	facts = calloc(1, sizeof *facts);
	if (!facts)
		return err_set(err, "no memory to read the log again");
	if (store_begin(s, err) == 0) {
		rc = project_all(s, facts, err);
		if (rc)
			store_rollback(s);
		else
			rc = store_commit(s, err);
	}
	for (size_t i = 0; i < PROJECT_ROWS; i++)
		buf_clear(&facts->rows[i].bytes);
	free(facts);
	return rc;
}
