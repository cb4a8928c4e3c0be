/* SPDX-License-Identifier: Apache-2.0 */
/* twin: whether the quick ways of the agent say what the plain ways say. */
#ifndef ASSAY_TEST_TWIN_H
#define ASSAY_TEST_TWIN_H

#include <stdbool.h>

#include "header.h"
#include "match.h"

static inline bool
twin_same_header(const struct header *a, const struct header *b)
{
	return a->form == b->form && a->priority == b->priority &&
	       slice_eq(a->host, b->host) && slice_eq(a->program, b->program) &&
	       slice_eq(a->pid, b->pid) && slice_eq(a->service, b->service) &&
	       slice_eq(a->type, b->type) && slice_eq(a->message, b->message) &&
	       slice_eq(a->stamp, b->stamp) && a->has_time == b->has_time &&
	       a->time_us == b->time_us && a->repeated == b->repeated;
}

static inline bool
twin_same_event(const struct match_event *a, const struct match_event *b)
{
	if (a->rule != b->rule || a->ambiguous != b->ambiguous ||
	    a->field_count != b->field_count)
		return false;
	for (size_t i = 0; i < a->field_count; i++)
		if (a->fields[i].field != b->fields[i].field ||
		    !slice_eq(a->fields[i].value.text, b->fields[i].value.text))
			return false;
	return true;
}

static inline bool
twin_same_result(const struct match_result *a, const struct match_result *b)
{
	if (a->kind != b->kind || a->closed != b->closed || a->cut != b->cut ||
	    a->limit_hits != b->limit_hits || a->dropped != b->dropped ||
	    a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (!twin_same_event(&a->events[i], &b->events[i]))
			return false;
	return true;
}

/* Header and match of one line, both ways. */
static inline bool
twin_agrees(struct match *m, struct slice line)
{
	struct header_context c = {.reference_us = INT64_C(1795521600000000)};
	struct header quick, plain;
	struct match_result fast, slow;

	header_parse(&c, line, &quick);
	c.plain = true;
	header_parse(&c, line, &plain);
	if (!twin_same_header(&quick, &plain))
		return false;
	match_line(m, &quick, &fast);
	match_line_plain(m, &quick, &slow);
	return twin_same_result(&fast, &slow);
}

#endif
