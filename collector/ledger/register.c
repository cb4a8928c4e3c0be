/* SPDX-License-Identifier: Apache-2.0 */
#include "register.h"

#include <string.h>

#include "calendar.h"
#include "mix.h"

/* One column of one register of one edition: value -> rows that hold it. */
struct column_index {
	const struct registry *registry;
	const char *name, *column; /* names */
	struct table rows;	   /* value -> struct list of rows */
};

struct hash_of {
	const struct registry *registry;
	const char *name;
	uint64_t hash;
};

bool
register_row_holds(
    const struct registers *rs, const struct registry_row *row, int64_t us)
{
	int64_t at_us;

	if (row->from && calendar_date(row->from, rs->zone, &at_us) &&
	    us < at_us)
		return false;
	return !row->to || !calendar_date(row->to, rs->zone, &at_us) ||
	       us < at_us;
}

static int
fill(struct registers *rs, struct column_index *index)
{
	const struct registry_row *row;

	for (size_t i = 0;
	     (row = registry_row(index->registry, index->name, i)); i++) {
		const char *text = registry_text(row, index->column);
		const char *value = text ? names_of(rs->names, text) : NULL;
		struct list *rows;

		if (!text)
			continue;
		rows = value ? table_get(&index->rows, value) : NULL;
		if (value && !rows) {
			rows = arena_alloc(rs->arena, sizeof *rows);
			if (!rows ||
			    table_put(&index->rows, rs->arena, value, rows))
				return -1;
		}
		if (!rows || list_add(rows, rs->arena, (void *)(uintptr_t)row))
			return -1;
	}
	return 0;
}

static struct column_index *
index_of(struct registers *rs, const struct registry *r, const char *name,
    const char *column)
{
	struct column_index *index;

	for (size_t i = 0; i < rs->columns.count; i++) {
		index = rs->columns.at[i];
		if (index->registry == r && index->name == name &&
		    index->column == column)
			return index;
	}
	index = arena_alloc(rs->arena, sizeof *index);
	if (!index)
		return NULL;
	*index = (struct column_index){r, name, column, {0}};
	if (fill(rs, index) || list_add(&rs->columns, rs->arena, index))
		return NULL;
	return index;
}

bool
register_holds(struct registers *rs, const struct registry *r, const char *name,
    const char *column, const char *value, int64_t us)
{
	const struct column_index *index = index_of(rs, r, name, column);
	const struct list *rows;

	if (!index) {
		rs->failed = true;
		return false;
	}
	rows = table_get(&index->rows, value);
	for (size_t i = 0; rows && i < rows->count; i++)
		if (register_row_holds(rs, rows->at[i], us))
			return true;
	return false;
}

static uint64_t
mix_text(uint64_t hash, const char *text)
{
	for (; text && *text; text++)
		hash = mix(hash, (unsigned char)*text);
	return mix(hash, 256);
}

uint64_t
register_hash(struct registers *rs, const struct registry *r, const char *name)
{
	const struct registry_row *row;
	struct hash_of *known;

	for (size_t i = 0; i < rs->hashes.count; i++) {
		known = rs->hashes.at[i];
		if (known->registry == r && known->name == name)
			return known->hash;
	}
	known = arena_alloc(rs->arena, sizeof *known);
	if (!known || list_add(&rs->hashes, rs->arena, known)) {
		rs->failed = true;
		return 0;
	}
	known->registry = r;
	known->name = name;
	known->hash = registry_has(r, name);
	for (size_t i = 0; (row = registry_row(r, name, i)); i++)
		for (size_t k = 0; k <= row->cell_count; k++) {
			if (k == row->cell_count) {
				known->hash = mix(known->hash, 257);
				continue;
			}
			known->hash =
			    mix_text(known->hash, row->cells[k].column);
			known->hash = mix_text(known->hash, row->cells[k].text);
		}
	/* Dates depend on the zone; zones live as long as their edition. */
	known->hash = mix_pointer(known->hash, rs->zone);
	return known->hash;
}
