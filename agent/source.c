/* SPDX-License-Identifier: Apache-2.0 */
#include "source.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "ownlog.h"
#include "assay/encode.h"
#include "assay/jsonin.h"
#include "assay/jsonout.h"

#include "source_file.h"
#include "source_journal.h"
#include "source_stdin.h"

struct source_spec *
source_spec_new(const char *id, const char *path)
{
	struct source_spec *s = calloc(1, sizeof *s);

	if (!s)
		return NULL;
	s->facility = -1;
	s->id = strdup(id);
	s->path = path ? strdup(path) : NULL;
	s->patterns = calloc(1, sizeof *s->patterns);
	if (!s->id || !s->patterns || (path && !s->path)) {
		source_spec_free(s);
		return NULL;
	}
	return s;
}

int
source_spec_add_pattern(struct source_spec *s, const char *pattern)
{
	size_t count = 0;
	char **more;

	while (s->patterns[count])
		count++;
	more = reallocarray(s->patterns, count + 2, sizeof *more);
	if (!more)
		return -1;
	s->patterns = more;
	more[count] = strdup(pattern);
	more[count + 1] = NULL;
	return more[count] ? 0 : -1;
}

void
source_spec_add_class(struct source_spec *s, enum rule_class class)
{
	for (size_t i = 0; i < s->provide_count; i++)
		if (s->provides[i] == class)
			return;
	s->provides[s->provide_count++] = class;
}

int
source_spec_set_own(struct source_spec *s, const struct rule_file *f)
{
	struct rule_file *own = ownlog_new(f);

	if (!own)
		return -1;
	ownlog_free(s->own);
	s->own = own;
	return 0;
}

void
source_spec_free(struct source_spec *s)
{
	if (!s)
		return;
	ownlog_free(s->own);
	for (char **p = s->patterns; p && *p; p++)
		free(*p);
	free(s->patterns);
	free(s->journal);
	free(s->path);
	free(s->id);
	free(s);
}

int
source_open(struct source *s, const struct source_spec *spec, struct crypto *c,
    struct err *err)
{
	s->spec = spec;
	if (spec->journal) {
		s->ops = &source_journal_ops;
		s->impl = source_journal_new(spec, c, err);
		return s->impl ? 0 : -1;
	}
	s->ops = spec->path ? &source_file_ops : &source_stdin_ops;
	s->impl = spec->path ? (void *)source_file_new(spec, c, err)
			     : (void *)source_stdin_new(spec, c, err);
	return s->impl ? 0 : -1;
}

void
source_close(struct source *s)
{
	if (s->impl)
		s->ops->close(s->impl);
	s->impl = NULL;
}

/* ---- holes ---- */

static const char *const reasons[] = {
    "truncated", "deleted", "unreadable", "agent", NULL};

void
source_gap_save(const struct source_gap *gap, struct buf *out)
{
	char gen[33];

	encode_hex(gen, gap->gen, sizeof gap->gen);
	jsonout_object(out);
	jsonout_kstr(out, "gen", gen);
	jsonout_kint(out, "from_offset", gap->from_offset);
	jsonout_kint(out, "to_offset", gap->to_offset);
	if (gap->from_us != SOURCE_NO_TIME)
		jsonout_kint(out, "from", gap->from_us);
	if (gap->to_us != SOURCE_NO_TIME)
		jsonout_kint(out, "to", gap->to_us);
	jsonout_kstr(out, "reason", gap->reason);
	jsonout_kbool(out, "recovered", gap->recovered);
	/* A path is bytes; JSON is not. */
	jsonout_kstr(out, "why",
	    encode_is_utf8(slice_of(gap->why.text)) ? gap->why.text
						    : gap->reason);
	jsonout_object_end(out);
}

bool
source_gap_restore(struct source_gap *gap, const json_t *state)
{
	struct source_gap made = {
	    .from_us = SOURCE_NO_TIME, .to_us = SOURCE_NO_TIME};
	struct slice gen, reason, why;

	if (!jsonin_string(state, "gen", &gen) ||
	    !encode_unhex(gen, made.gen, sizeof made.gen) ||
	    !jsonin_int(state, "from_offset", &made.from_offset) ||
	    !jsonin_int(state, "to_offset", &made.to_offset) ||
	    !jsonin_string(state, "reason", &reason) ||
	    !jsonin_bool(state, "recovered", &made.recovered) ||
	    !jsonin_string(state, "why", &why))
		return false;
	(void)jsonin_int(state, "from", &made.from_us);
	(void)jsonin_int(state, "to", &made.to_us);
	for (size_t i = 0; reasons[i]; i++)
		if (slice_eq_str(reason, reasons[i]))
			made.reason = reasons[i];
	err_set(&made.why, "%.*s", SLICE_FMT(why));
	if (made.reason)
		*gap = made;
	return made.reason != NULL;
}

/* ---- names ---- */

static size_t
drop_suffix(const char *name, size_t len, const char *suffix)
{
	size_t n = strlen(suffix);

	if (len > n && !strncmp(name + len - n, suffix, n))
		return len - n;
	return len;
}

/* The digits (and dashes, for dates) at the end, with the mark before them. */
static size_t
drop_number(const char *name, size_t len)
{
	size_t at = len;
	size_t digits = 0;

	while (at > 0 &&
	       (isdigit((unsigned char)name[at - 1]) || name[at - 1] == '-')) {
		digits += name[at - 1] != '-';
		at--;
	}
	/* "-20260703": the mark was taken with the digits. */
	if (digits >= 6 && at > 0 && at < len && name[at] == '-')
		return at;
	if (digits == 0 || digits > 14 || at < 2 || name[at - 1] != '.')
		return len;
	return at - 1;
}

size_t
source_stem(const char *name)
{
	static const char *const compressed[] = {".gz", ".xz", ".zst", ".bz2"};
	size_t len = strlen(name);

	for (size_t i = 0; i < sizeof compressed / sizeof *compressed; i++)
		len = drop_suffix(name, len, compressed[i]);
	len = drop_suffix(name, len, ".old");
	return drop_number(name, len);
}
