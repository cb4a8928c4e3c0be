/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd_init.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "assay/command.h"
#include "cmd.h"
#include "draft.h"
#include "evidence.h"
#include "lint_files.h"

static const struct argument arguments[] = {
    ARGUMENTS_COMMON,
    {"--isms", "DIR", "where the files are written; made when it is missing"},
    {"--from-observed", NULL,
	"write down the hosts and jobs that the records show: those of the "
	"store, or of FILE (a store, an export, a spool; - for standard "
	"input)"},
    {0},
};

/* All a draft is made from. */
struct sources {
	struct problems *problems;
	struct lint_files files;
	const char **kinds; /* events that tell of jobs */
	struct observed *observed;
};

/* ---- what was seen ---- */

static int
add_line(struct observed *o, const struct evidence_item *item, size_t *unread,
    struct err *err)
{
	struct record r;
	struct err ignored = {""};
	int result;

	if (item->erased)
		return 0;
	if (item->broken || record_decode(item->bytes, &r, &ignored)) {
		++*unread;
		return 0;
	}
	result = observed_add(o, &r, err);
	record_clear(&r);
	return result;
}

/* The exit code for evidence that cannot be opened. */
static int
trouble_code(enum evidence_trouble trouble)
{
	switch (trouble) {
	case EVIDENCE_DENIED:
		return COMMAND_PERMISSION;
	case EVIDENCE_BROKEN:
		return COMMAND_INTEGRITY;
	default:
		return COMMAND_UNREACHABLE;
	}
}

/* -1: go on; else the exit code. */
static int
observe(struct observed *o, const char *path)
{
	enum evidence_trouble trouble = EVIDENCE_MISSING;
	struct err err = {""};
	struct evidence *e = evidence_open(path, &trouble, &err);
	struct evidence_item item;
	size_t unread = 0;
	int got;

	if (!e) {
		err_prefix(&err, "nothing to observe: name a store, an export "
				 "or a spool, or leave out --from-observed");
		return cmd_fail(trouble_code(trouble), &err);
	}
	while ((got = evidence_next(e, &item, &err)) > 0)
		if (add_line(o, &item, &unread, &err)) {
			got = -1;
			break;
		}
	evidence_close(e);
	if (got < 0)
		return cmd_fail(COMMAND_INTEGRITY, &err);
	if (unread)
		fprintf(stderr,
		    "assay-collector init: %zu records could not be read and "
		    "are not in the draft; `assay-collector verify` names "
		    "them\n",
		    unread);
	return -1;
}

/* The events of all checks that are judged per job. */
static const char **
kinds_of(const struct check_set *set)
{
	const struct check *c;
	const char **kinds;
	size_t count = 0;

	while (check_set_at(set, count))
		count++;
	kinds = calloc(count + 1, sizeof *kinds);
	count = 0;
	for (size_t i = 0; kinds && (c = check_set_at(set, i)); i++)
		if (c->unit == CHECK_JOB)
			kinds[count++] = c->of.event;
	return kinds;
}

/* ---- writing ---- */

static int
write_all(int fd, struct slice text)
{
	while (text.len) {
		ssize_t n = write(fd, text.ptr, text.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		text = slice_from(text, (size_t)n);
	}
	return fsync(fd);
}

/* Write a file that must not exist yet, whole or not at all: 1 written, 0 it
 * is there already, -1 failed. */
static int
write_new(int dir, const char *name, struct slice text, struct err *err)
{
	char temporary[64];
	int fd, result = 1;

	snprintf(temporary, sizeof temporary, ".%s.%ld", name, (long)getpid());
	fd = openat(
	    dir, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_sys(err, "cannot make a file beside %s", name);
	if (write_all(fd, text))
		result = err_sys(err, "cannot write %s", name);
	else if (linkat(dir, temporary, dir, name, 0))
		result =
		    errno == EEXIST ? 0 : err_sys(err, "cannot make %s", name);
	close(fd);
	unlinkat(dir, temporary, 0);
	return result;
}

struct draft_file {
	const char *name;
	void (*put)(struct buf *out, const struct sources *s);
};

static void
put_scope(struct buf *out, const struct sources *s)
{
	draft_scope(out, s->observed);
}

static void
put_inventory(struct buf *out, const struct sources *s)
{
	draft_inventory(out, s->observed);
}

static void
put_policy(struct buf *out, const struct sources *s)
{
	draft_policy(out, s->files.set);
}

static void
put_soa(struct buf *out, const struct sources *s)
{
	draft_soa(out, s->files.frameworks[0]);
}

static const struct draft_file drafts[] = {
    {"scope.yml", put_scope},
    {"inventory.yml", put_inventory},
    {"policy.yml", put_policy},
    {"soa.yml", put_soa},
};
#define DRAFTS (sizeof drafts / sizeof *drafts)

/* -1: go on (*written counts); else the exit code. */
static int
write_draft(const struct sources *s, const struct draft_file *d, int dir,
    const char *path, size_t *written)
{
	struct buf text = {0};
	struct err err = {""};
	int result;

	d->put(&text, s);
	result = text.failed
		     ? err_set(&err, "memory is too short for %s", d->name)
		     : write_new(dir, d->name, buf_slice(&text), &err);
	buf_clear(&text);
	if (result < 0)
		return cmd_fail(COMMAND_PERMISSION, &err);
	printf(result ? "%s/%s written\n"
		      : "%s/%s is there already and stays as it is\n",
	    path, d->name);
	*written += (size_t)result;
	return -1;
}

/* Make a directory and those above it; one that is there is as good. */
static int
make_dirs(const char *path, struct err *err)
{
	char *copy = strdup(path);
	int result = 0;

	if (!copy)
		return err_set(err, "memory is short");
	for (char *at = copy; !result && *at; at++) {
		char *end = strchrnul(at + 1, '/');
		char was = *end;

		*end = '\0';
		if (mkdir(copy, 0755) && errno != EEXIST)
			result =
			    err_sys(err, "cannot make the directory %s", copy);
		*end = was;
		at = end - 1;
	}
	free(copy);
	return result;
}

/* The exit code. */
static int
write_drafts(const struct sources *s, const char *path)
{
	struct err err = {""};
	size_t written = 0;
	int dir, code = -1;

	if (make_dirs(path, &err))
		return cmd_fail(COMMAND_PERMISSION, &err);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0) {
		err_sys(&err, "cannot open the directory %s", path);
		return cmd_fail(COMMAND_PERMISSION, &err);
	}
	for (size_t i = 0; code < 0 && i < DRAFTS; i++)
		code = write_draft(s, &drafts[i], dir, path, &written);
	if (code < 0 && fsync(dir)) {
		err_sys(&err, "cannot write the directory %s", path);
		code = cmd_fail(COMMAND_UNREACHABLE, &err);
	}
	close(dir);
	if (code >= 0)
		return code;
	puts(written ? "Read them, fill in what is empty, and run "
		       "`assay-collector check`."
		     : "Nothing was written.");
	return written ? COMMAND_OK : COMMAND_NO;
}

/* ---- all ---- */

static int
load(struct sources *s, const struct settings *settings)
{
	struct err err = {""};
	struct buf out = {0};

	if (lint_files_load(
		&s->files, settings->rules, settings->isms, s->problems, &err))
		return cmd_fail(COMMAND_USAGE, &err);
	if (s->files.framework_count && !problems_errors(s->problems))
		return -1;
	problems_print(s->problems, &out);
	fwrite(out.ptr, 1, out.len, stderr);
	buf_clear(&out);
	return cmd_fail(COMMAND_USAGE,
	    &(struct err){"the files above have to be in order first; "
			  "`assay-collector check` says more"});
}

static int
init(struct sources *s, const struct settings *settings,
    const struct arguments *a)
{
	const char *path = a->operands ? a->operand[0] : settings->state;
	struct err err = {""};
	int code = load(s, settings);

	if (code >= 0)
		return code;
	s->kinds = kinds_of(s->files.set);
	s->observed = s->kinds ? observed_new(s->kinds) : NULL;
	if (!s->observed)
		return cmd_fail(
		    COMMAND_UNREACHABLE, &(struct err){"memory is short"});
	if (arguments_has(a, "--from-observed"))
		code = observe(s->observed, path);
	if (code < 0 && observed_settle(s->observed, &err))
		code = cmd_fail(COMMAND_UNREACHABLE, &err);
	return code < 0 ? write_drafts(s, settings->isms) : code;
}

int
cmd_init(int argc, char **argv)
{
	struct sources s = {0};
	struct arguments a;
	struct settings settings;
	int code = cmd_settings(&settings, &a, arguments,
	    "init [--from-observed [FILE]] [--isms DIR]", 1, argc, argv);

	if (code >= 0)
		return code;
	s.problems = problems_new();
	if (a.operands && !arguments_has(&a, "--from-observed"))
		code = cmd_fail(COMMAND_USAGE,
		    &(struct err){"init reads a file with --from-observed "
				  "only"});
	else if (!s.problems)
		code = cmd_fail(
		    COMMAND_UNREACHABLE, &(struct err){"memory is short"});
	else
		code = init(&s, &settings, &a);
	observed_free(s.observed);
	free(s.kinds);
	lint_files_clear(&s.files);
	problems_free(s.problems);
	settings_clear(&settings);
	return code;
}
