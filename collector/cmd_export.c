/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assay/command.h"
#include "store.h"

static const struct argument arguments[] = {
    ARGUMENTS_COMMON,
    {"--from", "N", "from this record of the log on (default 1)"},
    {"--to", "N", "up to this record (default: the last)"},
    {0},
};

struct export
{
	uint64_t erased;
	bool failed;
};

static int
put_row(void *arg, const struct store_row *row)
{
	struct export *e = arg;

	if (row->bytes.len == 0) {
		e->erased++;
		return 0;
	}
	e->failed = fwrite(row->bytes.ptr, 1, row->bytes.len, stdout) !=
			row->bytes.len ||
		    putchar('\n') == EOF;
	return e->failed;
}

static int
read_index(const struct arguments *a, const char *name, uint64_t fallback,
    uint64_t *value)
{
	const char *text = arguments_value(a, name);
	unsigned long long number = fallback;

	if (text &&
	    (!slice_uint(slice_of(text), INT64_MAX, &number) || number == 0)) {
		fprintf(stderr,
		    "assay-collector: %s '%s' is no place in the log; they "
		    "count from 1\n",
		    name, text);
		return -1;
	}
	*value = number;
	return 0;
}

static int export(const struct arguments *a, const char *path)
{
	struct export e = {0};
	enum store_trouble trouble;
	uint64_t from, to;
	struct err err = {0};
	struct store *s;
	int rc;

	if (read_index(a, "--from", 1, &from) ||
	    read_index(a, "--to", INT64_MAX, &to))
		return COMMAND_USAGE;
	s = store_open(path, STORE_READ, &trouble, &err);
	if (!s)
		return cmd_fail(cmd_store_code(trouble), &err);
	rc = store_rows(s, from, to, put_row, &e, &err);
	trouble = store_trouble(s);
	store_close(s);
	if (e.failed || fflush(stdout)) {
		err_sys(&err, "standard output");
		return cmd_fail(COMMAND_UNREACHABLE, &err);
	}
	if (rc < 0)
		return cmd_fail(cmd_store_code(trouble), &err);
	if (e.erased)
		fprintf(stderr,
		    "assay-collector: %" PRIu64
		    " erased records have no bytes to export\n",
		    e.erased);
	return COMMAND_OK;
}

int
cmd_export(int argc, char **argv)
{
	struct settings settings;
	struct arguments a;
	int code = cmd_settings(&settings, &a, arguments,
	    "export [--from N] [--to N] > FILE", 0, argc, argv);
	char *path;

	if (code >= 0)
		return code;
	path = settings_store(&settings);
	code = path ? export(&a, path) : COMMAND_UNREACHABLE;
	free(path);
	settings_clear(&settings);
	return code;
}
