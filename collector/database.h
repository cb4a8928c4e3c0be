/* SPDX-License-Identifier: Apache-2.0 */
/* database: SQLite as the store wants it: how a file is opened by its one
 * writer or by a reader, statements kept prepared and bound by a form, and what
 * its failures mean. Knows no table. Private to store_sqlite.c. */
#ifndef COLLECTOR_DATABASE_H
#define COLLECTOR_DATABASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sqlite3.h>

#include "assay/err.h"
#include "assay/slice.h"
#include "store.h"

struct database;

/* A new, closed database at path, whose statements are the texts sql[0..count).
 * Borrows sql. NULL when memory is short. */
struct database *database_new(
    const char *path, const char *const *sql, size_t count);
void database_free(struct database *d);
const char *database_path(const struct database *d);

/* Open it: for the one writer (file made, locked, write-ahead log settled), or
 * for a reader, within a transaction that shows one moment. */
int database_open_writer(struct database *d, struct err *err);
int database_open_reader(struct database *d, struct err *err);

/* Why the last call that returned -1 failed; the setter is for what the store
 * finds out itself. */
enum store_trouble database_trouble(const struct database *d);
void database_set_trouble(struct database *d, enum store_trouble trouble);

/* Take the database's own words for what failed just now. Returns -1. */
int database_failed(struct database *d, struct err *err, const char *what);

/* Run SQL text without parameters. */
int database_execute(
    struct database *d, const char *sql, const char *what, struct err *err);

/* Undo the open transaction, if there is one; the trouble stays. */
void database_rollback(struct database *d);

/* The statement, reset and bound: b a blob (const void *, size_t; NULL stands
 * for no value), t a text (the same), i an int64_t. NULL when that fails. */
sqlite3_stmt *database_bind(
    struct database *d, struct err *err, size_t which, const char *form, ...);

/* 1 a row, 0 the end, -1 failed (also when stmt is NULL). */
int database_step(
    struct database *d, sqlite3_stmt *stmt, const char *what, struct err *err);

/* Run to the end a statement that gives no rows. */
int database_finish(
    struct database *d, sqlite3_stmt *stmt, const char *what, struct err *err);

/* Let go of a statement's row. */
void database_reset(struct database *d, size_t which);

int64_t database_last_id(const struct database *d);
bool database_changed_one(const struct database *d);

/* A statement of the moment; the caller finalizes it. */
sqlite3_stmt *database_prepare(
    struct database *d, const char *sql, struct err *err);

/* Cells of the current row: what they are when they are NULL is empty. */
struct slice database_blob(sqlite3_stmt *stmt, int at);
const char *database_text(sqlite3_stmt *stmt, int at);
void database_id(sqlite3_stmt *stmt, int at, uint8_t id[16]);

#endif
