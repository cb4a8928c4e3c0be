/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "assay/command.h"
#include "assay/printable.h"
#include "assay/stamp.h"

static int64_t
now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * STAMP_US_PER_S + ts.tv_nsec / 1000;
}

/* "2026-07-03" or "2026-07-03T14:59[:17[.000000]]Z", filled up to the one wire
 * form. */
bool
cmd_time(const char *text, int64_t *us)
{
	static const char rest[] = "T00:00:00.000000Z";
	char full[STAMP_LEN + 1] = "";
	size_t len = strlen(text), at = len;

	if (strcmp(text, "now") == 0) {
		*us = now_us();
		return true;
	}
	if (len > 0 && text[len - 1] == 'Z')
		at--;
	else if (len != 10)
		return false;
	if (at != 10 && at != 16 && at != 19 && (at < 21 || at > 26))
		return false;
	memcpy(full, text, at);
	memcpy(full + at, rest + at - 10, STAMP_LEN - at);
	return stamp_parse((struct slice){full, STAMP_LEN}, us);
}

int
cmd_bad_time(const char *option, const char *text)
{
	fprintf(stderr,
	    "assay-collector: %s '%s' is no time; want 2026-07-03, "
	    "2026-07-03T14:59:17Z or now\n",
	    option, text);
	return COMMAND_USAGE;
}

int
cmd_print(struct buf *out)
{
	int code = COMMAND_OK;

	if (out->failed) {
		fputs("assay-collector: out of memory\n", stderr);
		code = COMMAND_UNREACHABLE;
	} else if (fwrite(buf_slice(out).ptr, 1, out->len, stdout) !=
		       out->len ||
		   fflush(stdout)) {
		perror("assay-collector: standard output");
		code = COMMAND_UNREACHABLE;
	}
	buf_clear(out);
	return code;
}

int
cmd_fail(int code, const struct err *err)
{
	struct buf text = {0};

	printable_put(&text, slice_of(err->text));
	fprintf(stderr, "assay-collector: %.*s\n", SLICE_FMT(buf_slice(&text)));
	buf_clear(&text);
	return code;
}

bool
cmd_colour(void)
{
	const char *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && !getenv("NO_COLOR") &&
	       !(term && strcmp(term, "dumb") == 0);
}

int
cmd_settings(struct settings *s, struct arguments *a,
    const struct argument *table, const char *usage, size_t operands_max,
    int argc, char **argv)
{
	struct buf wrong = {0};
	int code = arguments_parse(a, table, usage, operands_max, argc, argv);

	if (code >= 0)
		return code;
	if (settings_load(s, a, &wrong)) {
		fwrite(wrong.ptr, 1, wrong.len, stderr);
		code = COMMAND_USAGE;
	}
	buf_clear(&wrong);
	return code;
}

void
cmd_put_minute(struct buf *out, int64_t us)
{
	char text[STAMP_LEN + 1];

	stamp_format(text, us);
	buf_printf(out, "%.10s %.5sZ", text, text + 11);
}

void
cmd_put_second(struct buf *out, int64_t us)
{
	char text[STAMP_LEN + 1];

	stamp_format(text, us);
	buf_printf(out, "%.10s %.8sZ", text, text + 11);
}

int
cmd_store_code(enum store_trouble trouble)
{
	switch (trouble) {
	case STORE_MISSING:
		return COMMAND_USAGE;
	case STORE_DENIED:
		return COMMAND_PERMISSION;
	case STORE_BROKEN:
		return COMMAND_INTEGRITY;
	default:
		return COMMAND_UNREACHABLE;
	}
}

const struct report *
cmd_ask(struct ledger *l, const struct cmd_question *question, int *code,
    struct err *err)
{
	const struct report *r;
	unsigned long long known_at = LEDGER_ALL;
	int64_t as_of_us = ledger_latest_us(l);

	*code = COMMAND_USAGE;
	if (question->as_of && !cmd_time(question->as_of, &as_of_us)) {
		err_set(err,
		    "--as-of '%s' is no time; want 2026-07-03, "
		    "2026-07-03T14:59:17Z or now",
		    question->as_of);
		return NULL;
	}
	if (question->known_at &&
	    !slice_uint(slice_of(question->known_at), INT64_MAX, &known_at)) {
		err_set(err, "--known-at '%s' is no number of records",
		    question->known_at);
		return NULL;
	}
	r = ledger_report(l, as_of_us, known_at, err);
	*code = r ? COMMAND_OK : COMMAND_UNREACHABLE;
	return r;
}
