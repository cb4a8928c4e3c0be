/* SPDX-License-Identifier: Apache-2.0 */
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#define SCHEMA_VERSION 1
#define PROJECTION_VERSION 1
#define BUSY_MS 5000

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
	sqlite3 *db;
	sqlite3_stmt *statements[SQL_COUNT_OF_STATEMENTS];
	enum store_mode mode;
	enum store_trouble trouble;
	bool needs_projection;
	int lock_fd;
	char *path;
};

static enum store_trouble
trouble_of(int code)
{
	switch (code & 0xff) {
	case SQLITE_FULL:
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_NOMEM:
		return STORE_LATER;
	case SQLITE_PERM:
	case SQLITE_READONLY:
	case SQLITE_CANTOPEN:
	case SQLITE_AUTH:
		return STORE_DENIED;
	default:
		return STORE_BROKEN;
	}
}

/* Take the database's own words. Returns -1. */
static int
failed(struct store *s, struct err *err, const char *what)
{
	int code = sqlite3_extended_errcode(s->db);

	s->trouble = trouble_of(code);
	return err_set(
	    err, "%s in '%s': %s", what, s->path, sqlite3_errmsg(s->db));
}

/* The statement, reset and bound: b a blob (const void *, size_t), t a text
 * (NULL stands for no value), i an int64_t. NULL when that fails. */
static sqlite3_stmt *
bind(struct store *s, struct err *err, enum sql which, const char *form, ...)
{
	sqlite3_stmt **stmt = &s->statements[which];
	int rc = SQLITE_OK;
	va_list args;

	if (!*stmt)
		rc = sqlite3_prepare_v3(s->db, sql_text[which], -1,
		    SQLITE_PREPARE_PERSISTENT, stmt, NULL);
	else
		sqlite3_reset(*stmt);
	va_start(args, form);
	for (int i = 1; rc == SQLITE_OK && *form; i++, form++) {
		if (*form == 'b') {
			const void *ptr = va_arg(args, const void *);
			size_t len = va_arg(args, size_t);

			rc = sqlite3_bind_blob64(
			    *stmt, i, len ? ptr : "", len, SQLITE_STATIC);
			if (!ptr)
				rc = sqlite3_bind_null(*stmt, i);
		} else if (*form == 't') {
			rc = sqlite3_bind_text(*stmt, i,
			    va_arg(args, const char *), -1, SQLITE_STATIC);
		} else {
			rc =
			    sqlite3_bind_int64(*stmt, i, va_arg(args, int64_t));
		}
	}
	va_end(args);
	if (rc == SQLITE_OK)
		return *stmt;
	failed(s, err, "preparing a statement");
	return NULL;
}

/* 1 a row, 0 the end, -1 failed. */
static int
step(struct store *s, sqlite3_stmt *stmt, const char *what, struct err *err)
{
	int rc = stmt ? sqlite3_step(stmt) : SQLITE_MISUSE;

	if (!stmt)
		return -1;
	if (rc == SQLITE_ROW)
		return 1;
	if (rc != SQLITE_DONE)
		failed(s, err, what);
	sqlite3_reset(stmt);
	return rc == SQLITE_DONE ? 0 : -1;
}

/* Run to the end a statement that gives no rows. */
static int
finish(struct store *s, sqlite3_stmt *stmt, const char *what, struct err *err)
{
	return step(s, stmt, what, err) < 0 ? -1 : 0;
}

static struct slice
column(sqlite3_stmt *stmt, int at)
{
	const void *ptr = sqlite3_column_blob(stmt, at);

	if (!ptr)
		return (struct slice){"", 0};
	return (struct slice){ptr, (size_t)sqlite3_column_bytes(stmt, at)};
}

static const char *
column_text(sqlite3_stmt *stmt, int at)
{
	const unsigned char *text = sqlite3_column_text(stmt, at);

	return text ? (const char *)text : "";
}

static void
column_id(sqlite3_stmt *stmt, int at, uint8_t id[16])
{
	struct slice got = column(stmt, at);

	memset(id, 0, 16);
	if (got.len == 16)
		memcpy(id, got.ptr, 16);
}

static int
execute(struct store *s, const char *sql, const char *what, struct err *err)
{
	if (sqlite3_exec(s->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return failed(s, err, what);
	return 0;
}

/* ---- opening ---- */

/* One writer: a lock beside the store, gone with the process. */
static int
take_lock(struct store *s, struct err *err)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof path, "%s.lock", s->path) >= (int)sizeof path)
		return err_set(err, "the path '%s' is too long", s->path);
	s->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	if (s->lock_fd < 0) {
		s->trouble = errno == EACCES || errno == EROFS ? STORE_DENIED
							       : STORE_BROKEN;
		if (errno == ENOSPC)
			s->trouble = STORE_LATER;
		return err_sys(err, "open '%s'", path);
	}
	if (flock(s->lock_fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	s->trouble = STORE_DENIED;
	return err_set(err,
	    "another collector writes '%s'; stop it first, or read with "
	    "`assay-collector report`",
	    s->path);
}

/* The file is made by us, so that its mode does not hang on the umask. */
static int
make_file(struct store *s, struct err *err)
{
	int fd = open(s->path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);

	if (fd < 0) {
		s->trouble = errno == ENOSPC ? STORE_LATER : STORE_DENIED;
		return err_sys(err, "open '%s'", s->path);
	}
	close(fd);
	return 0;
}

static int
open_database(struct store *s, bool immutable, struct err *err)
{
	char *uri = sqlite3_mprintf("file:");
	int flags = s->mode == STORE_WRITE ? SQLITE_OPEN_READWRITE
					   : SQLITE_OPEN_READONLY;
	int rc;

	for (const char *p = s->path; uri && *p; p++) {
		char *longer =
		    sqlite3_mprintf(strchr("?#%", *p) ? "%s%%%02x" : "%s%c",
			uri, (unsigned char)*p);

		sqlite3_free(uri);
		uri = longer;
	}
	if (uri && immutable) {
		char *longer = sqlite3_mprintf("%s?immutable=1", uri);

		sqlite3_free(uri);
		uri = longer;
	}
	if (!uri)
		return err_set(err, "no memory to open '%s'", s->path);
	rc = sqlite3_open_v2(
	    uri, &s->db, flags | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, NULL);
	sqlite3_free(uri);
	if (rc != SQLITE_OK)
		return failed(s, err, "opening the store");
	sqlite3_extended_result_codes(s->db, 1);
	sqlite3_busy_timeout(s->db, BUSY_MS);
	return execute(s,
	    "PRAGMA trusted_schema = OFF;"
	    "PRAGMA cell_size_check = ON",
	    "preparing the store", err);
}

/* What a process that was killed left in the write-ahead log may never have
 * reached the disk: move it into the database now, with its own fsync. */
static int
settle(struct store *s, struct err *err)
{
	int on = 1;
	int rc;

	if (execute(s,
		"PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
		"PRAGMA journal_size_limit = 67108864",
		"preparing the store", err))
		return -1;
	/* Readers that may not create files need the log to stay. */
	sqlite3_file_control(s->db, "main", SQLITE_FCNTL_PERSIST_WAL, &on);
	sqlite3_busy_timeout(s->db, 0);
	rc = sqlite3_wal_checkpoint_v2(
	    s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	sqlite3_busy_timeout(s->db, BUSY_MS);
	if (rc != SQLITE_OK && (rc & 0xff) != SQLITE_BUSY)
		return failed(s, err, "settling the store");
	return 0;
}

static int
read_version(struct store *s, const char *name, long *version, struct err *err)
{
	sqlite3_stmt *stmt = bind(s, err, SQL_META, "t", name);
	int got = step(s, stmt, "reading the version", err);

	*version = 0;
	if (got == 1)
		*version = strtol(column_text(stmt, 0), NULL, 10);
	if (got == 1)
		sqlite3_reset(stmt);
	return got < 0 ? -1 : 0;
}

static int
make_tables(struct store *s, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int tables = -1;

	if (execute(s, "BEGIN IMMEDIATE", "preparing the store", err))
		return -1;
	if (sqlite3_prepare_v2(s->db, "SELECT count(*) FROM sqlite_schema", -1,
		&stmt, NULL) == SQLITE_OK &&
	    sqlite3_step(stmt) == SQLITE_ROW)
		tables = sqlite3_column_int(stmt, 0);
	sqlite3_finalize(stmt);
	if (tables < 0) {
		failed(s, err, "reading the store");
		goto fail;
	}
	if (tables == 0 && execute(s, schema_sql, "making the tables", err))
		goto fail;
	if (execute(s, "COMMIT", "making the tables", err))
		goto fail;
	return 0;
fail:
	sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	return -1;
}

static int
check_versions(struct store *s, struct err *err)
{
	long schema, projection;

	if (read_version(s, "schema", &schema, err) ||
	    read_version(s, "projection", &projection, err)) {
		if (s->trouble == STORE_BROKEN)
			err_prefix(err, "this is no evidence store");
		return -1;
	}
	if (schema > SCHEMA_VERSION) {
		s->trouble = STORE_DENIED;
		return err_set(err,
		    "'%s' was written by a newer version (schema %ld, this "
		    "one knows %d); install that version to read it",
		    s->path, schema, SCHEMA_VERSION);
	}
	if (schema < 1) {
		s->trouble = STORE_BROKEN;
		return err_set(err, "'%s' is no evidence store", s->path);
	}
	s->needs_projection = projection != PROJECTION_VERSION;
	return 0;
}

static int
open_writer(struct store *s, struct err *err)
{
	if (take_lock(s, err) || make_file(s, err) ||
	    open_database(s, false, err) || settle(s, err) ||
	    make_tables(s, err) || check_versions(s, err))
		return -1;
	if (!s->needs_projection)
		return 0;
	if (execute(s,
		"BEGIN IMMEDIATE; DELETE FROM meta WHERE name ="
		" 'projection';",
		"dropping the projections", err) ||
	    execute(s, projection_sql, "dropping the projections", err) ||
	    execute(s, "COMMIT", "dropping the projections", err)) {
		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
		return -1;
	}
	return 0;
}

static bool
has_log_to_read(const char *path)
{
	char wal[PATH_MAX];
	struct stat st;

	if (snprintf(wal, sizeof wal, "%s-wal", path) >= (int)sizeof wal)
		return true;
	return stat(wal, &st) == 0 && st.st_size > 0;
}

static void
close_database(struct store *s)
{
	for (size_t i = 0; i < SQL_COUNT_OF_STATEMENTS; i++) {
		sqlite3_finalize(s->statements[i]);
		s->statements[i] = NULL;
	}
	sqlite3_close(s->db);
	s->db = NULL;
}

static int
open_reader(struct store *s, struct err *err)
{
	if (access(s->path, R_OK) != 0) {
		s->trouble = STORE_DENIED;
		err_sys(err, "open '%s'", s->path);
		if (errno == ENOENT)
			err_set(err,
			    "there is no store at '%s' yet; "
			    "`assay-collector run --once` makes it",
			    s->path);
		return -1;
	}
	if (open_database(s, false, err) == 0 &&
	    execute(s, "BEGIN", "reading the store", err) == 0 &&
	    check_versions(s, err) == 0)
		return 0;
	/* In a directory that may not be written, a store without a log to
	 * read is a plain file. */
	if (s->trouble != STORE_DENIED || !s->db || has_log_to_read(s->path))
		return -1;
	close_database(s);
	if (open_database(s, true, err) ||
	    execute(s, "BEGIN", "reading the store", err))
		return -1;
	return check_versions(s, err);
}

struct store *
store_open(const char *path, enum store_mode mode, enum store_trouble *trouble,
    struct err *err)
{
	struct store *s = calloc(1, sizeof *s);

	*trouble = STORE_LATER;
	if (!s || !(s->path = strdup(path))) {
		free(s);
		err_set(err, "no memory to open '%s'", path);
		return NULL;
	}
	s->mode = mode;
	s->lock_fd = -1;
	s->trouble = STORE_BROKEN;
	if ((mode == STORE_WRITE ? open_writer(s, err) : open_reader(s, err)))
		goto fail;
	*trouble = s->trouble = STORE_FINE;
	return s;
fail:
	*trouble = s->trouble;
	store_close(s);
	return NULL;
}

void
store_close(struct store *s)
{
	if (!s)
		return;
	close_database(s);
	if (s->lock_fd >= 0)
		close(s->lock_fd);
	free(s->path);
	free(s);
}

enum store_trouble
store_trouble(const struct store *s)
{
	return s->trouble;
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
	s->trouble = STORE_FINE;
	return execute(s, "BEGIN IMMEDIATE", "beginning", err);
}

/* A row that store_find still lends would keep its moment open. */
static void
take_back(struct store *s)
{
	if (s->statements[SQL_FIND])
		sqlite3_reset(s->statements[SQL_FIND]);
}

int
store_commit(struct store *s, struct err *err)
{
	take_back(s);
	if (execute(s, "COMMIT", "committing", err) == 0)
		return 0;
	store_rollback(s);
	return -1;
}

void
store_rollback(struct store *s)
{
	enum store_trouble trouble = s->trouble;

	take_back(s);
	if (!sqlite3_get_autocommit(s->db))
		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	s->trouble = trouble;
}

/* ---- the log ---- */

static void
read_row(sqlite3_stmt *stmt, struct store_row *row)
{
	row->index = (uint64_t)sqlite3_column_int64(stmt, 0);
	column_id(stmt, 1, row->key.agent);
	column_id(stmt, 2, row->key.epoch);
	row->key.sequence = (uint64_t)sqlite3_column_int64(stmt, 3);
	row->leaf = column(stmt, 4);
	row->bytes = column(stmt, 5);
}

static int
visit_rows(struct store *s, sqlite3_stmt *stmt, store_row_fn *visit, void *arg,
    struct err *err)
{
	struct store_row row;
	int got;

	while ((got = step(s, stmt, "reading the log", err)) == 1) {
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
	sqlite3_stmt *stmt = bind(s, err, SQL_APPEND, "bbibb", key->agent,
	    (size_t)16, key->epoch, (size_t)16, (int64_t)key->sequence, leaf,
	    (size_t)STORE_LEAF_LEN, bytes.ptr, bytes.len);

	if (finish(s, stmt, "appending to the log", err))
		return -1;
	*index = (uint64_t)sqlite3_last_insert_rowid(s->db);
	return 0;
}

int
store_find(struct store *s, const struct store_key *key, struct store_row *row,
    struct err *err)
{
	sqlite3_stmt *stmt = bind(s, err, SQL_FIND, "bbi", key->agent,
	    (size_t)16, key->epoch, (size_t)16, (int64_t)key->sequence);
	int got = step(s, stmt, "reading the log", err);

	if (got == 1)
		read_row(stmt, row);
	return got;
}

static int
read_count(struct store *s, enum sql which, uint64_t *count, struct err *err)
{
	sqlite3_stmt *stmt = bind(s, err, which, "");

	if (step(s, stmt, "counting", err) != 1)
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
	    bind(s, err, SQL_ROWS, "ii", (int64_t)first, (int64_t)last), visit,
	    arg, err);
}

int
store_leaves(struct store *s, const uint8_t agent[16], const uint8_t epoch[16],
    store_row_fn *visit, void *arg, struct err *err)
{
	return visit_rows(s,
	    bind(
		s, err, SQL_LEAVES, "bb", agent, (size_t)16, epoch, (size_t)16),
	    visit, arg, err);
}

int
store_rows_anchored(
    struct store *s, store_row_fn *visit, void *arg, struct err *err)
{
	return visit_rows(s, bind(s, err, SQL_ANCHORED, ""), visit, arg, err);
}

/* ---- lanes ---- */

int
store_lane(struct store *s, const char *lane, struct buf *out, struct err *err)
{
	sqlite3_stmt *stmt = bind(s, err, SQL_LANE, "t", lane);
	int got = step(s, stmt, "reading a lane", err);

	if (got == 1) {
		buf_puts(out, column_text(stmt, 0));
		sqlite3_reset(stmt);
	}
	return got;
}

int
store_lane_move(struct store *s, const char *lane, const char *expected,
    const char *next, struct err *err)
{
	sqlite3_stmt *stmt =
	    *expected ? bind(s, err, SQL_LANE_MOVE, "ttt", lane, next, expected)
		      : bind(s, err, SQL_LANE_NEW, "tt", lane, next);

	if (finish(s, stmt, "moving a lane", err))
		return -1;
	if (sqlite3_changes(s->db) == 1)
		return 0;
	s->trouble = STORE_RACE;
	return err_set(err,
	    "lane '%s' no longer stands at '%s'; somebody else moved it", lane,
	    expected);
}

int
store_lanes(struct store *s, store_lane_fn *visit, void *arg, struct err *err)
{
	sqlite3_stmt *stmt = bind(s, err, SQL_LANES, "");
	int got;

	while ((got = step(s, stmt, "reading the lanes", err)) == 1) {
		int end =
		    visit(arg, column_text(stmt, 0), column_text(stmt, 1));

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
	sqlite3_stmt *stmt = bind(s, err, SQL_DEAD_PUT, "ttttbbibbi",
	    letter->lane, letter->position, letter->code, letter->reason,
	    letter->has_key ? key->agent : NULL, (size_t)16,
	    letter->has_key ? key->epoch : NULL, (size_t)16,
	    letter->has_key ? (int64_t)key->sequence : 0, letter->hash.ptr,
	    letter->hash.len, letter->bytes.len ? letter->bytes.ptr : "",
	    letter->bytes.len, letter->at_us);

	if (finish(s, stmt, "keeping a dead letter", err))
		return -1;
	*added = sqlite3_changes(s->db) == 1;
	return 0;
}

static void
read_dead(sqlite3_stmt *stmt, struct store_dead *letter)
{
	letter->id = (uint64_t)sqlite3_column_int64(stmt, 0);
	letter->lane = column_text(stmt, 1);
	letter->position = column_text(stmt, 2);
	letter->code = column_text(stmt, 3);
	letter->reason = column_text(stmt, 4);
	letter->has_key = sqlite3_column_type(stmt, 5) != SQLITE_NULL;
	column_id(stmt, 5, letter->key.agent);
	column_id(stmt, 6, letter->key.epoch);
	letter->key.sequence = (uint64_t)sqlite3_column_int64(stmt, 7);
	letter->hash = column(stmt, 8);
	letter->bytes = column(stmt, 9);
	letter->at_us = sqlite3_column_int64(stmt, 10);
}

int
store_dead(struct store *s, const char *code, store_dead_fn *visit, void *arg,
    struct err *err)
{
	sqlite3_stmt *stmt = bind(s, err, SQL_DEAD, "t", code);
	struct store_dead letter;
	int got;

	while ((got = step(s, stmt, "reading the dead letters", err)) == 1) {
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
	return finish(s,
	    bind(s, err, SQL_PIN_PUT, "bti", pin->agent, (size_t)16,
		pin->public, pin->at_us),
	    "pinning a key", err);
}

int
store_pins(struct store *s, store_pin_fn *visit, void *arg, struct err *err)
{
	sqlite3_stmt *stmt = bind(s, err, SQL_PINS, "");
	struct store_pin pin;
	int got;

	while ((got = step(s, stmt, "reading the pinned keys", err)) == 1) {
		int end;

		column_id(stmt, 0, pin.agent);
		pin.public = column_text(stmt, 1);
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

	if (finish(s, bind(s, err, SQL_FINDING_NEW, "ti", name, now_us),
		"keeping a finding", err))
		return -1;
	stmt = bind(s, err, SQL_FINDING, "t", name);
	if (step(s, stmt, "reading a finding", err) != 1)
		return -1;
	*since_us = sqlite3_column_int64(stmt, 0);
	*told = sqlite3_column_int(stmt, 1) != 0;
	sqlite3_reset(stmt);
	return 0;
}

int
store_finding_told(struct store *s, const char *name, struct err *err)
{
	return finish(s, bind(s, err, SQL_FINDING_TOLD, "t", name),
	    "keeping a finding", err);
}

/* ---- projections ---- */

int
store_epoch_add(struct store *s, const struct store_key *key, uint64_t index,
    bool from_collector, int64_t readtime_us, const char *host, struct err *err)
{
	return finish(s,
	    bind(s, err, SQL_EPOCH_ADD, "bbiiiit", key->agent, (size_t)16,
		key->epoch, (size_t)16, (int64_t)key->sequence,
		(int64_t)from_collector, (int64_t)index, readtime_us,
		host ? host : ""),
	    "counting a record", err);
}

int
store_epochs(struct store *s, const uint8_t *agent, store_epoch_fn *visit,
    void *arg, struct err *err)
{
	sqlite3_stmt *stmt = bind(s, err, SQL_EPOCHS, "b", agent, (size_t)16);
	struct store_epoch epoch;
	int got;

	while ((got = step(s, stmt, "reading the epochs", err)) == 1) {
		int end;

		column_id(stmt, 0, epoch.agent);
		column_id(stmt, 1, epoch.epoch);
		epoch.from_collector = sqlite3_column_int(stmt, 2) != 0;
		epoch.records = (uint64_t)sqlite3_column_int64(stmt, 3);
		epoch.highest = (uint64_t)sqlite3_column_int64(stmt, 4);
		epoch.first_index = (uint64_t)sqlite3_column_int64(stmt, 5);
		epoch.last_index = (uint64_t)sqlite3_column_int64(stmt, 6);
		epoch.readtime_us = sqlite3_column_int64(stmt, 7);
		epoch.host = column_text(stmt, 8);
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
	return finish(s, bind(s, err, SQL_ANCHOR_ADD, "i", (int64_t)index),
	    "marking an anchor", err);
}

/* ---- care ---- */

int
store_check(struct store *s, struct buf *out, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(
	    s->db, "PRAGMA integrity_check", -1, &stmt, NULL);

	while (rc == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW) {
		const char *text = column_text(stmt, 0);

		if (strcmp(text, "ok") != 0)
			buf_printf(out, "%s\n", text);
	}
	if (rc != SQLITE_OK || sqlite3_finalize(stmt) != SQLITE_OK)
		return failed(s, err, "checking the store");
	return 0;
}

int
store_meta(struct store *s, const char *name, struct buf *out, struct err *err)
{
	sqlite3_stmt *stmt = bind(s, err, SQL_META, "t", name);
	int got = step(s, stmt, "reading a fact", err);

	if (got == 1) {
		buf_puts(out, column_text(stmt, 0));
		sqlite3_reset(stmt);
	}
	return got;
}

int
store_meta_set(
    struct store *s, const char *name, const char *value, struct err *err)
{
	return finish(s, bind(s, err, SQL_META_SET, "tt", name, value),
	    "keeping a fact", err);
}
