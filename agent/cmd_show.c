/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd_show.h"

#include <stdio.h>

#include "assay/command.h"
#include "assay/jsonout.h"
#include "assay/printable.h"

#include "discover.h"
#include "facility.h"

static void
put_classes(struct buf *out, const struct source_spec *s)
{
	for (size_t i = 0; i < s->provide_count; i++)
		buf_printf(out, "%s%s", i > 0 ? ", " : "",
		    rule_class_name(s->provides[i]));
}

/* As comments: the page could still be the file. */
static void
show_sources(struct buf *out, const struct discover *d)
{
	buf_puts(out, d->count > 0 ? "#\n# It reads:\n"
				   : "#\n# There is nothing it would read.\n");
	for (size_t i = 0; i < d->count; i++) {
		const struct source_spec *s = d->specs[i];
		const char *facility = facility_name(s->facility);

		buf_puts(out, "#   ");
		printable_put(out, slice_of(s->id));
		buf_puts(out, " (");
		put_classes(out, s);
		buf_printf(out, "): %s", s->chosen);
		if (s->own)
			buf_printf(out, ", %s's", s->own->programs[0]);
		if (facility)
			buf_printf(out, "; marks go to %s", facility);
		if (s->relay)
			buf_puts(out, "; the hosts in its lines count");
		buf_putc(out, '\n');
	}
	if (d->note_count > 0)
		buf_puts(out, "# It does not read:\n");
	for (size_t i = 0; i < d->note_count; i++) {
		buf_puts(out, "#   ");
		printable_put(out, slice_of(d->notes[i].path));
		buf_printf(out, ": %s\n", d->notes[i].why);
	}
}

static void
json_text(struct buf *out, const char *key, const char *text)
{
	struct buf clean = {0};

	printable_utf8(&clean, slice_of(text));
	jsonout_kstring(out, key, buf_slice(&clean));
	out->failed |= clean.failed;
	buf_clear(&clean);
}

static void
json_source(struct buf *out, const struct source_spec *s)
{
	const char *facility = facility_name(s->facility);

	jsonout_object(out);
	json_text(out, "id", s->id);
	jsonout_key(out, "provides");
	jsonout_array(out);
	for (size_t i = 0; i < s->provide_count; i++)
		jsonout_str(out, rule_class_name(s->provides[i]));
	jsonout_array_end(out);
	if (s->own)
		jsonout_kstr(out, "program", s->own->programs[0]);
	if (facility)
		jsonout_kstr(out, "facility", facility);
	jsonout_kbool(out, "relay", s->relay);
	jsonout_kstr(out, "chosen", s->chosen);
	jsonout_object_end(out);
}

static void
json_sources(struct buf *out, const struct discover *d)
{
	jsonout_key(out, "reads");
	jsonout_array(out);
	for (size_t i = 0; i < d->count; i++)
		json_source(out, d->specs[i]);
	jsonout_array_end(out);
	jsonout_key(out, "not_read");
	jsonout_array(out);
	for (size_t i = 0; i < d->note_count; i++) {
		jsonout_object(out);
		json_text(out, "path", d->notes[i].path);
		jsonout_kstr(out, "why", d->notes[i].why);
		jsonout_object_end(out);
	}
	jsonout_array_end(out);
}

int
cmd_show(struct cmd_options *o, struct problems *p, struct buf *out)
{
	struct discover d = {0};
	struct ruleset *s = NULL;
	struct buf wrong = {0};
	int status = COMMAND_USAGE;

	if (cmd_options_dirs(o, p) == 0)
		s = cmd_options_load(o, NULL, p, &status);
	if (s && cmd_options_sources(o, s, &d, p) != 0)
		status = COMMAND_NO;
	if (o->options && o->json) {
		jsonout_object(out);
		jsonout_key(out, "settings");
		options_json(o->options, out);
		json_sources(out, &d);
		jsonout_object_end(out);
		buf_putc(out, '\n');
	} else if (o->options) {
		options_show(o->options, out);
		show_sources(out, &d);
	}
	problems_print(p, &wrong);
	fwrite(wrong.ptr ? wrong.ptr : "", 1, wrong.len, stderr);
	buf_clear(&wrong);
	discover_clear(&d);
	ruleset_free(s);
	return status;
}
