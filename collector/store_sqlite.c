/* SPDX-License-Identifier: Apache-2.0 */
#include "store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "database.h"

#define SCHEMA_VERSION 1
#define PROJECTION_VERSION 1

static const char schema_sql[] =
    "CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;"
    "CREATE TABLE log(idx INTEGER PRIMARY KEY, agent BLOB NOT NULL,"
    " epoch BLOB NOT NULL, sequence INTEGER NOT NULL, leaf BLOB NOT NULL,"
    " bytes BLOB, UNIQUE(agent, epoch, sequence)) STRICT;"
    "CREATE TABLE lane(name TEXT PRIMARY KEY, next TEXT NOT NULL) STRICT;"
    "CREATE TABLE dead(id INTEGER PRIMARY KEY, lane TEXT NOT NULL,"
    " position TEXT NOT NULL, code TEXT NOT NULL, reason TEXT NOT NULL,"
    " agent BLOB, epoch BLOB, sequence INTEGER, hash BLOB NOT NULL,"
    " bytes BLOB NOT NULL, at_us INTEGER NOT NULL,"
    " UNIQUE(lane, position, hash)) STRICT;"
    "CREATE TABLE pin(agent BLOB PRIMARY KEY, public TEXT NOT NULL,"
    " at_us INTEGER NOT NULL) STRICT;"
    "CREATE TABLE finding(name TEXT PRIMARY KEY, since_us INTEGER NOT NULL,"
    " told INTEGER NOT NULL) STRICT;"
    "INSERT INTO meta VALUES('schema', '1');";

static const char projection_sql[] =
    "DROP TABLE IF EXISTS epoch; DROP TABLE IF EXISTS anchor;"
    "CREATE TABLE epoch(agent BLOB NOT NULL, epoch BLOB NOT NULL,"
    " collector INTEGER NOT NULL, records INTEGER NOT NULL,"
    " highest INTEGER NOT NULL, first_idx INTEGER NOT NULL,"
    " last_idx INTEGER NOT NULL, readtime_us INTEGER NOT NULL,"
    " host TEXT NOT NULL, PRIMARY KEY(agent, epoch)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE anchor(idx INTEGER PRIMARY KEY) STRICT;";

enum sql {
	SQL_APPEND,
	SQL_FIND,
	SQL_COUNT,
	SQL_ROWS,
	SQL_LEAVES,
	SQL_LANE,
	SQL_LANE_NEW,
	SQL_LANE_MOVE,
	SQL_LANES,
	SQL_DEAD_PUT,
	SQL_DEAD,
	SQL_DEAD_COUNT,
	SQL_PIN_PUT,
	SQL_PINS,
	SQL_FINDING,
	SQL_FINDING_NEW,
	SQL_FINDING_TOLD,
	SQL_EPOCH_ADD,
	SQL_EPOCHS,
	SQL_ANCHOR_ADD,
	SQL_ANCHORED,
	SQL_META,
	SQL_META_SET,
	SQL_COUNT_OF_STATEMENTS
};

static const char *const sql_text[SQL_COUNT_OF_STATEMENTS] = {
    [SQL_APPEND] = "INSERT INTO log(idx, agent, epoch, sequence, leaf, bytes)"
		   " SELECT coalesce(max(idx), 0) + 1, ?1, ?2, ?3, ?4, ?5"
		   " FROM log",
    [SQL_FIND] = "SELECT idx, agent, epoch, sequence, leaf, bytes FROM log"
		 " WHERE agent = ?1 AND epoch = ?2 AND sequence = ?3",
    [SQL_COUNT] = "SELECT coalesce(max(idx), 0) FROM log",
    [SQL_ROWS] = "SELECT idx, agent, epoch, sequence, leaf, bytes FROM log"
		 " WHERE idx BETWEEN ?1 AND ?2 ORDER BY idx",
    [SQL_LEAVES] = "SELECT idx, agent, epoch, sequence, leaf, NULL FROM log"
		   " WHERE agent = ?1 AND epoch = ?2 ORDER BY sequence",
    [SQL_LANE] = "SELECT next FROM lane WHERE name = ?1",
    [SQL_LANE_NEW] = "INSERT INTO lane(name, next) VALUES(?1, ?2)"
		     " ON CONFLICT DO NOTHING",
    [SQL_LANE_MOVE] = "UPDATE lane SET next = ?2 WHERE name = ?1"
		      " AND next = ?3",
    [SQL_LANES] = "SELECT name, next FROM lane ORDER BY name",
    [SQL_DEAD_PUT] = "INSERT INTO dead(lane, position, code, reason, agent,"
		     " epoch, sequence, hash, bytes, at_us)"
		     " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"
		     " ON CONFLICT DO NOTHING",
    [SQL_DEAD] = "SELECT id, lane, position, code, reason, agent, epoch,"
		 " sequence, hash, bytes, at_us FROM dead"
		 " WHERE ?1 IS NULL OR code = ?1 ORDER BY id",
    [SQL_DEAD_COUNT] = "SELECT count(*) FROM dead",
    [SQL_PIN_PUT] = "INSERT INTO pin(agent, public, at_us) VALUES(?1, ?2, ?3)",
    [SQL_PINS] = "SELECT agent, public, at_us FROM pin ORDER BY at_us, agent",
    [SQL_FINDING] = "SELECT since_us, told FROM finding WHERE name = ?1",
    [SQL_FINDING_NEW] = "INSERT INTO finding(name, since_us, told)"
			" VALUES(?1, ?2, 0) ON CONFLICT DO NOTHING",
    [SQL_FINDING_TOLD] = "UPDATE finding SET told = 1 WHERE name = ?1",
    [SQL_EPOCH_ADD] =
	"INSERT INTO epoch VALUES(?1, ?2, ?4, 1, ?3, ?5, ?5, ?6, ?7)"
	" ON CONFLICT(agent, epoch) DO UPDATE SET records = records + 1,"
	" highest = max(highest, ?3), first_idx = min(first_idx, ?5),"
	" last_idx = max(last_idx, ?5), readtime_us = max(readtime_us, ?6),"
	" host = CASE ?7 WHEN '' THEN host ELSE ?7 END",
    [SQL_EPOCHS] = "SELECT agent, epoch, collector, records, highest,"
		   " first_idx, last_idx, readtime_us, host FROM epoch"
		   " WHERE ?1 IS NULL OR agent = ?1 ORDER BY first_idx",
    [SQL_ANCHOR_ADD] = "INSERT INTO anchor(idx) VALUES(?1)",
    [SQL_ANCHORED] = "SELECT log.idx, agent, epoch, sequence, leaf,"
		     " CASE WHEN anchor.idx IS NULL THEN NULL ELSE bytes END"
		     " FROM log LEFT JOIN anchor ON anchor.idx = log.idx"
		     " ORDER BY log.idx",
    [SQL_META] = "SELECT value FROM meta WHERE name = ?1",
    [SQL_META_SET] = "INSERT INTO meta(name, value) VALUES(?1, ?2)"
		     " ON CONFLICT(name) DO UPDATE SET value = ?2",
};

struct store {
	struct database *db;
	bool needs_projection;
};

static int
read_version(struct store *s, const char *name, long *version, struct err *err)
{
	sqlite3_stmt *stmt = database_bind(s->db, err, SQL_META, "t", name);
	int got = database_step(s->db, stmt, "reading the version", err);

	*version = 0;
	if (got == 1)
		*version = strtol(database_text(stmt, 0), NULL, 10);
	if (got == 1)
		sqlite3_reset(stmt);
	return got < 0 ? -1 : 0;
}

static int
make_tables(struct store *s, struct err *err)
{
	sqlite3_stmt *stmt;
	int tables = -1;

	if (database_execute(
		s->db, "BEGIN IMMEDIATE", "preparing the store", err))
		return -1;
	stmt =
	    database_prepare(s->db, "SELECT count(*) FROM sqlite_schema", err);
	if (database_step(s->db, stmt, "reading the store", err) == 1)
		tables = sqlite3_column_int(stmt, 0);
	sqlite3_finalize(stmt);
	if (tables < 0)
		goto fail;
	if (tables == 0 &&
	    database_execute(s->db, schema_sql, "making the tables", err))
		goto fail;
	if (database_execute(s->db, "COMMIT", "making the tables", err))
		goto fail;
	return 0;
fail:
	database_rollback(s->db);
	return -1;
}

static int
check_versions(struct store *s, struct err *err)
{
	long schema, projection;

	if (read_version(s, "schema", &schema, err) ||
	    read_version(s, "projection", &projection, err)) {
		if (store_trouble(s) == STORE_BROKEN)
			err_prefix(err, "this is no evidence store");
		return -1;
	}
	if (schema > SCHEMA_VERSION) {
		database_set_trouble(s->db, STORE_DENIED);
		return err_set(err,
		    "'%s' was written by a newer version (schema %ld, this "
		    "one knows %d); install that version to read it",
		    database_path(s->db), schema, SCHEMA_VERSION);
	}
	if (schema < 1) {
		database_set_trouble(s->db, STORE_BROKEN);
		return err_set(
		    err, "'%s' is no evidence store", database_path(s->db));
	}
	s->needs_projection = projection != PROJECTION_VERSION;
	return 0;
}

static int
open_writer(struct store *s, struct err *err)
{
	if (database_open_writer(s->db, err) || make_tables(s, err) ||
	    check_versions(s, err))
		return -1;
	if (!s->needs_projection)
		return 0;
	if (database_execute(s->db,
		"BEGIN IMMEDIATE; DELETE FROM meta WHERE name ="
		" 'projection';",
		"dropping the projections", err) == 0 &&
	    database_execute(
		s->db, projection_sql, "dropping the projections", err) == 0 &&
	    database_execute(
		s->db, "COMMIT", "dropping the projections", err) == 0)
		return 0;
	database_rollback(s->db);
	return -1;
}

static int
open_reader(struct store *s, struct err *err)
{
	return database_open_reader(s->db, err) || check_versions(s, err) ? -1
									  : 0;
}

struct store *
store_open(const char *path, enum store_mode mode, enum store_trouble *trouble,
    struct err *err)
{
	struct store *s = calloc(1, sizeof *s);

	*trouble = STORE_LATER;
	if (s)
		s->db = database_new(path, sql_text, SQL_COUNT_OF_STATEMENTS);
	if (!s || !s->db) {
		free(s);
		err_set(err, "no memory to open '%s'", path);
		return NULL;
	}
	if ((mode == STORE_WRITE ? open_writer(s, err) : open_reader(s, err)) ==
	    0) {
		*trouble = STORE_FINE;
		return s;
	}
	*trouble = store_trouble(s);
	store_close(s);
	return NULL;
}

void
store_close(struct store *s)
{
	if (!s)
		return;
	database_free(s->db);
	free(s);
}

enum store_trouble
store_trouble(const struct store *s)
{
	return database_trouble(s->db);
}

bool
store_needs_projection(const struct store *s)
{
	return s->needs_projection;
}

int
store_projected(struct store *s, struct err *err)
{
	char version[16];

	snprintf(version, sizeof version, "%d", PROJECTION_VERSION);
	if (store_meta_set(s, "projection", version, err))
		return -1;
	s->needs_projection = false;
	return 0;
}

/* ---- transactions ---- */

int
store_begin(struct store *s, struct err *err)
{
	database_set_trouble(s->db, STORE_FINE);
	return database_execute(s->db, "BEGIN IMMEDIATE", "beginning", err);
}

int
store_commit(struct store *s, struct err *err)
{
	/* A row that store_find still lends would keep its moment open. */
	database_reset(s->db, SQL_FIND);
	if (database_execute(s->db, "COMMIT", "committing", err) == 0)
		return 0;
	store_rollback(s);
	return -1;
}

void
store_rollback(struct store *s)
{
	database_reset(s->db, SQL_FIND);
	database_rollback(s->db);
}

/* ---- the log ---- */

static void
read_row(sqlite3_stmt *stmt, struct store_row *row)
{
	row->index = (uint64_t)sqlite3_column_int64(stmt, 0);
	database_id(stmt, 1, row->key.agent);
	database_id(stmt, 2, row->key.epoch);
	row->key.sequence = (uint64_t)sqlite3_column_int64(stmt, 3);
	row->leaf = database_blob(stmt, 4);
	row->bytes = database_blob(stmt, 5);
}

static int
visit_rows(struct store *s, sqlite3_stmt *stmt, store_row_fn *visit, void *arg,
    struct err *err)
{
	struct store_row row;
	int got;

	while (
	    (got = database_step(s->db, stmt, "reading the log", err)) == 1) {
		int end;

		read_row(stmt, &row);
		end = visit(arg, &row);
		if (end) {
			sqlite3_reset(stmt);
			return end;
		}
	}
	return got;
}

int
store_append(struct store *s, const struct store_key *key,
    const uint8_t leaf[STORE_LEAF_LEN], struct slice bytes, uint64_t *index,
    struct err *err)
{
	sqlite3_stmt *stmt =
	    database_bind(s->db, err, SQL_APPEND, "bbibb", key->agent,
		(size_t)16, key->epoch, (size_t)16, (int64_t)key->sequence,
		leaf, (size_t)STORE_LEAF_LEN, bytes.ptr, bytes.len);

	if (database_finish(s->db, stmt, "appending to the log", err))
		return -1;
	*index = (uint64_t)database_last_id(s->db);
	return 0;
}

int
store_find(struct store *s, const struct store_key *key, struct store_row *row,
    struct err *err)
{
	sqlite3_stmt *stmt =
	    database_bind(s->db, err, SQL_FIND, "bbi", key->agent, (size_t)16,
		key->epoch, (size_t)16, (int64_t)key->sequence);
	int got = database_step(s->db, stmt, "reading the log", err);

	if (got == 1)
		read_row(stmt, row);
	return got;
}

static int
read_count(struct store *s, enum sql which, uint64_t *count, struct err *err)
{
	sqlite3_stmt *stmt = database_bind(s->db, err, which, "");

	if (database_step(s->db, stmt, "counting", err) != 1)
		return -1;
	*count = (uint64_t)sqlite3_column_int64(stmt, 0);
	sqlite3_reset(stmt);
	return 0;
}

int
store_count(struct store *s, uint64_t *count, struct err *err)
{
	return read_count(s, SQL_COUNT, count, err);
}

int
store_rows(struct store *s, uint64_t first, uint64_t last, store_row_fn *visit,
    void *arg, struct err *err)
{
	if (last > INT64_MAX)
		last = INT64_MAX;
	if (first > last)
		return 0;
	return visit_rows(s,
	    database_bind(
		s->db, err, SQL_ROWS, "ii", (int64_t)first, (int64_t)last),
	    visit, arg, err);
}

int
store_leaves(struct store *s, const uint8_t agent[16], const uint8_t epoch[16],
    store_row_fn *visit, void *arg, struct err *err)
{
	return visit_rows(s,
	    database_bind(s->db, err, SQL_LEAVES, "bb", agent, (size_t)16,
		epoch, (size_t)16),
	    visit, arg, err);
}

int
store_rows_anchored(
    struct store *s, store_row_fn *visit, void *arg, struct err *err)
{
	return visit_rows(
	    s, database_bind(s->db, err, SQL_ANCHORED, ""), visit, arg, err);
}

/* ---- lanes ---- */

int
store_lane(struct store *s, const char *lane, struct buf *out, struct err *err)
{
	sqlite3_stmt *stmt = database_bind(s->db, err, SQL_LANE, "t", lane);
	int got = database_step(s->db, stmt, "reading a lane", err);

	if (got == 1) {
		buf_puts(out, database_text(stmt, 0));
		sqlite3_reset(stmt);
	}
	return got;
}

int
store_lane_move(struct store *s, const char *lane, const char *expected,
    const char *next, struct err *err)
{
	sqlite3_stmt *stmt =
	    *expected
		? database_bind(
		      s->db, err, SQL_LANE_MOVE, "ttt", lane, next, expected)
		: database_bind(s->db, err, SQL_LANE_NEW, "tt", lane, next);

	if (database_finish(s->db, stmt, "moving a lane", err))
		return -1;
	if (database_changed_one(s->db))
		return 0;
	database_set_trouble(s->db, STORE_RACE);
	return err_set(err,
	    "lane '%s' no longer stands at '%s'; somebody else moved it", lane,
	    expected);
}

int
store_lanes(struct store *s, store_lane_fn *visit, void *arg, struct err *err)
{
	sqlite3_stmt *stmt = database_bind(s->db, err, SQL_LANES, "");
	int got;

	while (
	    (got = database_step(s->db, stmt, "reading the lanes", err)) == 1) {
		int end =
		    visit(arg, database_text(stmt, 0), database_text(stmt, 1));

		if (end) {
			sqlite3_reset(stmt);
			return end;
		}
	}
	return got;
}

/* ---- dead letters ---- */

int
store_dead_put(struct store *s, const struct store_dead *letter, bool *added,
    struct err *err)
{
	const struct store_key *key = &letter->key;
	sqlite3_stmt *stmt = database_bind(s->db, err, SQL_DEAD_PUT,
	    "ttttbbibbi", letter->lane, letter->position, letter->code,
	    letter->reason, letter->has_key ? key->agent : NULL, (size_t)16,
	    letter->has_key ? key->epoch : NULL, (size_t)16,
	    letter->has_key ? (int64_t)key->sequence : 0, letter->hash.ptr,
	    letter->hash.len, letter->bytes.len ? letter->bytes.ptr : "",
	    letter->bytes.len, letter->at_us);

	if (database_finish(s->db, stmt, "keeping a dead letter", err))
		return -1;
	*added = database_changed_one(s->db);
	return 0;
}

static void
read_dead(sqlite3_stmt *stmt, struct store_dead *letter)
{
	letter->id = (uint64_t)sqlite3_column_int64(stmt, 0);
	letter->lane = database_text(stmt, 1);
	letter->position = database_text(stmt, 2);
	letter->code = database_text(stmt, 3);
	letter->reason = database_text(stmt, 4);
	letter->has_key = sqlite3_column_type(stmt, 5) != SQLITE_NULL;
	database_id(stmt, 5, letter->key.agent);
	database_id(stmt, 6, letter->key.epoch);
	letter->key.sequence = (uint64_t)sqlite3_column_int64(stmt, 7);
	letter->hash = database_blob(stmt, 8);
	letter->bytes = database_blob(stmt, 9);
	letter->at_us = sqlite3_column_int64(stmt, 10);
}

int
store_dead(struct store *s, const char *code, store_dead_fn *visit, void *arg,
    struct err *err)
{
	sqlite3_stmt *stmt = database_bind(s->db, err, SQL_DEAD, "t", code);
	struct store_dead letter;
	int got;

	while ((got = database_step(
		    s->db, stmt, "reading the dead letters", err)) == 1) {
		int end;

		read_dead(stmt, &letter);
		end = visit(arg, &letter);
		if (end) {
			sqlite3_reset(stmt);
			return end;
		}
	}
	return got;
}

int
store_dead_count(struct store *s, uint64_t *count, struct err *err)
{
	return read_count(s, SQL_DEAD_COUNT, count, err);
}

/* ---- pinned keys ---- */

int
store_pin_put(struct store *s, const struct store_pin *pin, struct err *err)
{
	return database_finish(s->db,
	    database_bind(s->db, err, SQL_PIN_PUT, "bti", pin->agent,
		(size_t)16, pin->public, pin->at_us),
	    "pinning a key", err);
}

int
store_pins(struct store *s, store_pin_fn *visit, void *arg, struct err *err)
{
	sqlite3_stmt *stmt = database_bind(s->db, err, SQL_PINS, "");
	struct store_pin pin;
	int got;

	while ((got = database_step(
		    s->db, stmt, "reading the pinned keys", err)) == 1) {
		int end;

		database_id(stmt, 0, pin.agent);
		pin.public = database_text(stmt, 1);
		pin.at_us = sqlite3_column_int64(stmt, 2);
		end = visit(arg, &pin);
		if (end) {
			sqlite3_reset(stmt);
			return end;
		}
	}
	return got;
}

/* ---- findings ---- */

int
store_finding(struct store *s, const char *name, int64_t now_us,
    int64_t *since_us, bool *told, struct err *err)
{
	sqlite3_stmt *stmt;

	if (database_finish(s->db,
		database_bind(s->db, err, SQL_FINDING_NEW, "ti", name, now_us),
		"keeping a finding", err))
		return -1;
	stmt = database_bind(s->db, err, SQL_FINDING, "t", name);
	if (database_step(s->db, stmt, "reading a finding", err) != 1)
		return -1;
	*since_us = sqlite3_column_int64(stmt, 0);
	*told = sqlite3_column_int(stmt, 1) != 0;
	sqlite3_reset(stmt);
	return 0;
}

int
store_finding_told(struct store *s, const char *name, struct err *err)
{
	return database_finish(s->db,
	    database_bind(s->db, err, SQL_FINDING_TOLD, "t", name),
	    "keeping a finding", err);
}

/* ---- projections ---- */

int
store_epoch_add(struct store *s, const struct store_key *key, uint64_t index,
    bool from_collector, int64_t readtime_us, const char *host, struct err *err)
{
	return database_finish(s->db,
	    database_bind(s->db, err, SQL_EPOCH_ADD, "bbiiiit", key->agent,
		(size_t)16, key->epoch, (size_t)16, (int64_t)key->sequence,
		(int64_t)from_collector, (int64_t)index, readtime_us,
		host ? host : ""),
	    "counting a record", err);
}

int
store_epochs(struct store *s, const uint8_t *agent, store_epoch_fn *visit,
    void *arg, struct err *err)
{
	sqlite3_stmt *stmt =
	    database_bind(s->db, err, SQL_EPOCHS, "b", agent, (size_t)16);
	struct store_epoch epoch;
	int got;

	while ((got = database_step(s->db, stmt, "reading the epochs", err)) ==
	       1) {
		int end;

		database_id(stmt, 0, epoch.agent);
		database_id(stmt, 1, epoch.epoch);
		epoch.from_collector = sqlite3_column_int(stmt, 2) != 0;
		epoch.records = (uint64_t)sqlite3_column_int64(stmt, 3);
		epoch.highest = (uint64_t)sqlite3_column_int64(stmt, 4);
		epoch.first_index = (uint64_t)sqlite3_column_int64(stmt, 5);
		epoch.last_index = (uint64_t)sqlite3_column_int64(stmt, 6);
		epoch.readtime_us = sqlite3_column_int64(stmt, 7);
		epoch.host = database_text(stmt, 8);
		end = visit(arg, &epoch);
		if (end) {
			sqlite3_reset(stmt);
			return end;
		}
	}
	return got;
}

int
store_anchor_add(struct store *s, uint64_t index, struct err *err)
{
	return database_finish(s->db,
	    database_bind(s->db, err, SQL_ANCHOR_ADD, "i", (int64_t)index),
	    "marking an anchor", err);
}

/* ---- care ---- */

int
store_check(struct store *s, struct buf *out, struct err *err)
{
	sqlite3_stmt *stmt =
	    database_prepare(s->db, "PRAGMA integrity_check", err);
	int got;

	while ((got = database_step(s->db, stmt, "checking the store", err)) ==
	       1) {
		const char *text = database_text(stmt, 0);

		if (strcmp(text, "ok") != 0)
			buf_printf(out, "%s\n", text);
	}
	sqlite3_finalize(stmt);
	return got;
}

int
store_meta(struct store *s, const char *name, struct buf *out, struct err *err)
{
	sqlite3_stmt *stmt = database_bind(s->db, err, SQL_META, "t", name);
	int got = database_step(s->db, stmt, "reading a fact", err);

	if (got == 1) {
		buf_puts(out, database_text(stmt, 0));
		sqlite3_reset(stmt);
	}
	return got;
}

int
store_meta_set(
    struct store *s, const char *name, const char *value, struct err *err)
{
	return database_finish(s->db,
	    database_bind(s->db, err, SQL_META_SET, "tt", name, value),
	    "keeping a fact", err);
}
