/* SPDX-License-Identifier: Apache-2.0 */
/* options: a daemon's settings, from its configuration file, the drop-ins
 * beside it and the command line, checked against one const table that also
 * holds defaults and help. For FILE.yml the drop-ins are FILE.d/ *.yml in the
 * order of their names. Maps merge, everything else replaces; what the command
 * line says wins. No file at all is valid. Paths in a file are taken as they
 * are. */
#ifndef ASSAY_OPTIONS_H
#define ASSAY_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "assay/buf.h"
#include "assay/problems.h"
#include "assay/tree.h"

enum options_type {
	OPTIONS_TEXT,	  /* a string */
	OPTIONS_TEXTS,	  /* a string or a list of them */
	OPTIONS_NUMBER,	  /* an integer */
	OPTIONS_BYTES,	  /* an integer, or one with KiB, MiB, GiB, TiB */
	OPTIONS_DURATION, /* as tree_duration; kept in microseconds */
	OPTIONS_BOOL,
	OPTIONS_NODE, /* anything; the daemon reads it with tree.h */
	OPTIONS_MAP,  /* a map of any keys, each with one value; as a NODE */
};

struct options_entry {
	const char *name; /* "spool.max_bytes"; NULL ends a table */
	enum options_type type;
	int64_t min, max;     /* of numbers; both 0: anything from 0 up */
	const char *fallback; /* as text, lists separated by spaces; or NULL */
	const char *help;     /* one sentence */
};

struct options;

/* New settings: the table's defaults, then the file at path with its drop-ins.
 * A missing file is an error only when must_exist. NULL when p has errors or
 * memory is short. Borrows table. */
struct options *options_load(const struct options_entry *table,
    const char *path, bool must_exist, struct problems *p);
void options_free(struct options *o);

/* What the command line says. A texts value is replaced by the first and
 * extended by the following calls for the name. -1 and a problem when text is
 * not a value of the setting. */
int options_set(
    struct options *o, const char *name, const char *text, struct problems *p);

/* Values; name must be in the table and of the right type. What is returned
 * borrows from o. A text without value is NULL, texts are NULL-terminated. */
const char *options_text(const struct options *o, const char *name);
const char *const *options_texts(const struct options *o, const char *name);
int64_t options_number(const struct options *o, const char *name);
bool options_bool(const struct options *o, const char *name);

/* True when a file or the command line gave it. */
bool options_given(const struct options *o, const char *name);

/* OPTIONS_NODE, OPTIONS_MAP: what the files say, in the order of reading, i
 * from 0 until NULL. For maps each one's keys overrule those before; a list is
 * given once, the last. */
const struct tree_node *options_node(
    const struct options *o, const char *name, size_t i);

/* Say what the default comes to here: its value (a list grows with each call;
 * NULL: none) and a few words why, for those who look. Does nothing to a
 * setting that was given. -1 when memory is short. */
int options_derive(
    struct options *o, const char *name, const char *text, const char *note);

/* Is the value of such a key nobody's to see? (passwords, keys, secrets) */
bool options_is_secret(struct slice key);

/* Append all settings as they are in force, each with the file and line or the
 * option it is from: YAML that could be the file, but for secrets, which are
 * masked. Maps that several files make are shown put together. */
void options_show(const struct options *o, struct buf *out);

/* The same as a JSON array of {"key","value","from","note"}. */
void options_json(const struct options *o, struct buf *out);

/* Append what can be set, with the default of each and what it does. */
void options_help(const struct options_entry *table, struct buf *out);

#endif
