/* SPDX-License-Identifier: Apache-2.0 */
#include "database.h"

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

#define BUSY_MS 5000

struct database {
	sqlite3 *db;
	const char *const *sql;
	size_t count;
	sqlite3_stmt **statements;
	enum store_trouble trouble;
	int lock_fd;
	char *path;
};

struct database *
database_new(const char *path, const char *const *sql, size_t count)
{
	struct database *d = calloc(1, sizeof *d);

	if (!d)
		return NULL;
	d->sql = sql;
	d->count = count;
	d->lock_fd = -1;
	d->trouble = STORE_BROKEN;
	d->statements = calloc(count, sizeof(void *));
	d->path = strdup(path);
	if (d->statements && d->path)
		return d;
	database_free(d);
	return NULL;
}

static void
close_database(struct database *d)
{
	for (size_t i = 0; i < d->count; i++) {
		sqlite3_finalize(d->statements[i]);
		d->statements[i] = NULL;
	}
	sqlite3_close(d->db);
	d->db = NULL;
}

void
database_free(struct database *d)
{
	if (!d)
		return;
	if (d->statements)
		close_database(d);
	if (d->lock_fd >= 0)
		close(d->lock_fd);
	free(d->statements);
	free(d->path);
	free(d);
}

const char *
database_path(const struct database *d)
{
	return d->path;
}

/* ---- trouble ---- */

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

int
database_failed(struct database *d, struct err *err, const char *what)
{
	int code = sqlite3_extended_errcode(d->db);

	d->trouble = trouble_of(code);
	return err_set(
	    err, "%s in '%s': %s", what, d->path, sqlite3_errmsg(d->db));
}

enum store_trouble
database_trouble(const struct database *d)
{
	return d->trouble;
}

void
database_set_trouble(struct database *d, enum store_trouble trouble)
{
	d->trouble = trouble;
}

/* ---- statements ---- */

int
database_execute(
    struct database *d, const char *sql, const char *what, struct err *err)
{
	if (sqlite3_exec(d->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return database_failed(d, err, what);
	return 0;
}

void
database_rollback(struct database *d)
{
	if (!sqlite3_get_autocommit(d->db))
		sqlite3_exec(d->db, "ROLLBACK", NULL, NULL, NULL);
}

static int
bind_blob(sqlite3_stmt *stmt, int at, const void *ptr, size_t len)
{
	if (!ptr)
		return sqlite3_bind_null(stmt, at);
	return sqlite3_bind_blob64(
	    stmt, at, len ? ptr : "", len, SQLITE_STATIC);
}

static int
bind_all(sqlite3_stmt *stmt, const char *form, va_list args)
{
	int rc = SQLITE_OK;

	for (int at = 1; rc == SQLITE_OK && *form; at++, form++) {
		if (*form == 'b') {
			const void *ptr = va_arg(args, const void *);

			rc = bind_blob(stmt, at, ptr, va_arg(args, size_t));
		} else if (*form == 't') {
			rc = sqlite3_bind_text(stmt, at,
			    va_arg(args, const char *), -1, SQLITE_STATIC);
		} else {
			rc =
			    sqlite3_bind_int64(stmt, at, va_arg(args, int64_t));
		}
	}
	return rc;
}

sqlite3_stmt *
database_bind(
    struct database *d, struct err *err, size_t which, const char *form, ...)
{
	sqlite3_stmt **stmt = &d->statements[which];
	int rc = SQLITE_OK;
	va_list args;

	if (!*stmt)
		rc = sqlite3_prepare_v3(d->db, d->sql[which], -1,
		    SQLITE_PREPARE_PERSISTENT, stmt, NULL);
	else
		sqlite3_reset(*stmt);
	if (rc == SQLITE_OK) {
		va_start(args, form);
		rc = bind_all(*stmt, form, args);
		va_end(args);
	}
	if (rc == SQLITE_OK)
		return *stmt;
	database_failed(d, err, "preparing a statement");
	return NULL;
}

int
database_step(
    struct database *d, sqlite3_stmt *stmt, const char *what, struct err *err)
{
	int rc = stmt ? sqlite3_step(stmt) : SQLITE_MISUSE;

	if (!stmt)
		return -1;
	if (rc == SQLITE_ROW)
		return 1;
	if (rc != SQLITE_DONE)
		database_failed(d, err, what);
	sqlite3_reset(stmt);
	return rc == SQLITE_DONE ? 0 : -1;
}

int
database_finish(
    struct database *d, sqlite3_stmt *stmt, const char *what, struct err *err)
{
	return database_step(d, stmt, what, err) < 0 ? -1 : 0;
}

void
database_reset(struct database *d, size_t which)
{
	if (d->statements[which])
		sqlite3_reset(d->statements[which]);
}

int64_t
database_last_id(const struct database *d)
{
	return sqlite3_last_insert_rowid(d->db);
}

bool
database_changed_one(const struct database *d)
{
	return sqlite3_changes(d->db) == 1;
}

sqlite3_stmt *
database_prepare(struct database *d, const char *sql, struct err *err)
{
	sqlite3_stmt *stmt = NULL;

	if (sqlite3_prepare_v2(d->db, sql, -1, &stmt, NULL) == SQLITE_OK)
		return stmt;
	database_failed(d, err, "preparing a statement");
	return NULL;
}

struct slice
database_blob(sqlite3_stmt *stmt, int at)
{
	const void *ptr = sqlite3_column_blob(stmt, at);

	if (!ptr)
		return (struct slice){"", 0};
	return (struct slice){ptr, (size_t)sqlite3_column_bytes(stmt, at)};
}

const char *
database_text(sqlite3_stmt *stmt, int at)
{
	const unsigned char *text = sqlite3_column_text(stmt, at);

	return text ? (const char *)text : "";
}

void
database_id(sqlite3_stmt *stmt, int at, uint8_t id[16])
{
	struct slice got = database_blob(stmt, at);

	memset(id, 0, 16);
	if (got.len == 16)
		memcpy(id, got.ptr, 16);
}

/* ---- opening ---- */

/* One writer: a lock beside the store, gone with the process. */
static int
take_lock(struct database *d, struct err *err)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof path, "%s.lock", d->path) >= (int)sizeof path)
		return err_set(err, "the path '%s' is too long", d->path);
	d->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	if (d->lock_fd < 0) {
		d->trouble = errno == EACCES || errno == EROFS ? STORE_DENIED
							       : STORE_BROKEN;
		if (errno == ENOSPC)
			d->trouble = STORE_LATER;
		return err_sys(err, "open '%s'", path);
	}
	if (flock(d->lock_fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	d->trouble = STORE_DENIED;
	return err_set(err,
	    "another collector writes '%s'; stop it first, or read with "
	    "`assay-collector report`",
	    d->path);
}

/* The file is made by us, so that its mode does not hang on the umask. */
static int
make_file(struct database *d, struct err *err)
{
	int fd = open(d->path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);

	if (fd < 0) {
		d->trouble = errno == ENOSPC ? STORE_LATER : STORE_DENIED;
		return err_sys(err, "open '%s'", d->path);
	}
	close(fd);
	return 0;
}

static int
open_database(
    struct database *d, bool writable, bool immutable, struct err *err)
{
	char *uri = sqlite3_mprintf("file:");
	int flags = writable ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
	int rc;

	for (const char *p = d->path; uri && *p; p++) {
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
		return err_set(err, "no memory to open '%s'", d->path);
	rc = sqlite3_open_v2(
	    uri, &d->db, flags | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, NULL);
	sqlite3_free(uri);
	if (rc != SQLITE_OK)
		return database_failed(d, err, "opening the store");
	sqlite3_extended_result_codes(d->db, 1);
	sqlite3_busy_timeout(d->db, BUSY_MS);
	return database_execute(d,
	    "PRAGMA trusted_schema = OFF;"
	    "PRAGMA cell_size_check = ON",
	    "preparing the store", err);
}

/* What a process that was killed left in the write-ahead log may never have
 * reached the disk: move it into the database now, with its own fsync. */
static int
settle(struct database *d, struct err *err)
{
	int on = 1;
	int rc;

	if (database_execute(d,
		"PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
		"PRAGMA journal_size_limit = 67108864",
		"preparing the store", err))
		return -1;
	/* Readers that may not create files need the log to stay. */
	sqlite3_file_control(d->db, "main", SQLITE_FCNTL_PERSIST_WAL, &on);
	sqlite3_busy_timeout(d->db, 0);
	rc = sqlite3_wal_checkpoint_v2(
	    d->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	sqlite3_busy_timeout(d->db, BUSY_MS);
	if (rc != SQLITE_OK && (rc & 0xff) != SQLITE_BUSY)
		return database_failed(d, err, "settling the store");
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

int
database_open_writer(struct database *d, struct err *err)
{
	if (take_lock(d, err) || make_file(d, err) ||
	    open_database(d, true, false, err) || settle(d, err))
		return -1;
	d->trouble = STORE_FINE;
	return 0;
}

static int
begin_reading(struct database *d, bool immutable, struct err *err)
{
	if (open_database(d, false, immutable, err) ||
	    database_execute(d, "BEGIN", "reading the store", err) ||
	    database_execute(
		d, "SELECT 1 FROM sqlite_schema", "reading the store", err))
		return -1;
	d->trouble = STORE_FINE;
	return 0;
}

int
database_open_reader(struct database *d, struct err *err)
{
	if (access(d->path, R_OK) != 0) {
		bool missing = errno == ENOENT;

		d->trouble = missing ? STORE_MISSING : STORE_DENIED;
		err_sys(err, "open '%s'", d->path);
		if (missing)
			err_set(err,
			    "there is no store at '%s' yet; "
			    "`assay-collector run --once` makes it",
			    d->path);
		return -1;
	}
	if (begin_reading(d, false, err) == 0)
		return 0;
	/* In a directory that may not be written, a store without a log to
	 * read is a plain file. */
	if (d->trouble != STORE_DENIED || has_log_to_read(d->path))
		return -1;
	close_database(d);
	return begin_reading(d, true, err);
}
