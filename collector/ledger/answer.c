/* SPDX-License-Identifier: Apache-2.0 */
#include "answer.h"

#include <stdio.h>
#include <string.h>

#include "assay/buf.h"
#include "assay/stamp.h"
#include "grade.h"

#define PERIOD_US (90 * STAMP_US_PER_DAY)

/* A graded check, before it is put under its control. */
struct graded {
	struct report_check check;
	bool in_force;
	bool left_out;
};

struct answering {
	struct answer *answer;
	struct arena *arena;
	const struct catalogue *catalogue;
	struct graded *graded;
	size_t graded_count;
};

static const struct assess *
find_assess(const struct answer *a, const char *id)
{
	for (size_t i = 0; a && i < a->assessed.count; i++) {
		const struct assess *it = a->assessed.at[i];

		if (it->course->id == id)
			return it;
	}
	return NULL;
}

static int
assess_all(struct answering *g, const struct answer *before, uint64_t *judged,
    struct err *err)
{
	struct scene *s = &g->answer->scene;
	struct list courses = {0};

	if (s->checks.count && course_list(&courses, g->arena, s->names,
				   &s->checks, &s->isms, err))
		return -1;
	for (size_t i = 0; i < courses.count; i++) {
		const struct course *c = courses.at[i];
		struct assess *a = arena_alloc(g->arena, sizeof *a);

		if (!a || list_add(&g->answer->assessed, g->arena, a))
			return err_set(err, "no memory to assess checks");
		if (assess_check(
			a, s, c, find_assess(before, c->id), judged, err))
			return -1;
	}
	return 0;
}

static int
grade_all(struct answering *g)
{
	const struct list *assessed = &g->answer->assessed;

	g->graded =
	    arena_array(g->arena, assessed->count + 1, sizeof *g->graded);
	if (!g->graded)
		return -1;
	for (size_t i = 0; i < assessed->count; i++) {
		const struct assess *a = assessed->at[i];
		struct graded *graded = &g->graded[g->graded_count++];
		const struct catalogue_control *control =
		    g->catalogue
			? catalogue_find(g->catalogue, a->now->check->control)
			: NULL;

		graded->in_force = a->in_force;
		if (grade_check(&graded->check, &graded->left_out, a,
			&g->answer->scene,
			control ? control->mode : FRAMEWORK_DIRECT))
			return -1;
	}
	return 0;
}

/* All checks, also those no control of the report has. */
static int
list_all(struct answering *g)
{
	struct report *r = &g->answer->report;
	struct report_check *checks =
	    arena_array(g->arena, g->graded_count + 1, sizeof *checks);

	if (!checks)
		return -1;
	for (size_t i = 0; i < g->graded_count; i++)
		checks[i] = g->graded[i].check;
	r->checks = checks;
	r->check_count = g->graded_count;
	return 0;
}

static int64_t
counted_slots(const struct report_check *c)
{
	return rating_all(&c->counts) + c->counts.of[SLOT_NONE] +
	       c->counts.of[SLOT_EXCEPTED];
}

/* ---- controls ---- */

/* The checks of a control: those in force, and retired ones that still count.
 */
static int
list_checks(struct answering *g, struct report_control *into,
    const struct graded ***graded)
{
	struct report_check *checks =
	    arena_array(g->arena, g->graded_count + 1, sizeof *checks);

	*graded = arena_array(
	    g->arena, g->graded_count + 1, sizeof(const struct graded *));
	if (!checks || !*graded)
		return -1;
	for (size_t i = 0; i < g->graded_count; i++) {
		const struct graded *it = &g->graded[i];

		if (strcmp(it->check.control, into->id) != 0 ||
		    (!it->in_force && counted_slots(&it->check) == 0))
			continue;
		(*graded)[into->check_count] = it;
		checks[into->check_count++] = it->check;
	}
	into->checks = checks;
	return 0;
}

/* The worst of the checks; of those left out only when there are no others. */
static const struct graded *
worst(const struct graded *const *graded, size_t count)
{
	const struct graded *found = NULL;

	for (int left_out = 0; left_out < 2 && !found; left_out++)
		for (size_t i = 0; i < count; i++)
			if (graded[i]->left_out == (left_out == 1) &&
			    (!found ||
				graded[i]->check.rating < found->check.rating))
				found = graded[i];
	return found;
}

static const char *
join(struct answering *g, const char *a, const char *between, const char *b)
{
	struct buf text = {0};
	const char *copy;

	buf_puts(&text, a);
	buf_puts(&text, between);
	buf_puts(&text, b ? b : "");
	copy = text.failed ? NULL : arena_copy(g->arena, buf_slice(&text));
	buf_clear(&text);
	return copy;
}

static int
rate_control(struct answering *g, struct report_control *into,
    const struct catalogue_control *control)
{
	const struct edition_text *isms = g->answer->scene.isms_now;
	const struct registry_soa *soa =
	    isms ? registry_decided(isms->registry, into->id) : NULL;
	const struct graded **graded, *it;

	if (list_checks(g, into, &graded))
		return -1;
	it = worst(graded, into->check_count);
	if (soa && !soa->applicable) {
		into->rating = RATING_NOT_APPLICABLE;
		into->reason =
		    join(g, "statement of applicability", ": ", soa->reason);
	} else if (!it) {
		into->rating = RATING_NOT_MONITORED;
		into->reason =
		    control->mode == FRAMEWORK_ATTEST
			? "logs cannot show this control; it needs a person's "
			  "statement"
			: "no check speaks to this control yet";
	} else {
		into->rating = it->check.rating;
		into->reason = join(g, it->check.id, ": ", it->check.reason);
	}
	return into->reason ? 0 : -1;
}

/* When the latest event was that says it is about each control. */
static int
find_evidence(struct answering *g, struct table *latest)
{
	const struct scene *s = &g->answer->scene;
	const struct list *events = &s->facts->events;

	for (size_t i = events->count; i > 0; i--) {
		struct entry *e = events->at[i - 1];

		if (e->time_us > s->as_of_us)
			continue;
		for (size_t k = 0; k < e->event->control_count; k++) {
			const char *control = e->event->controls[k];

			if (!table_get(latest, control) &&
			    table_put(latest, g->arena, control, e))
				return -1;
		}
	}
	return 0;
}

static int64_t
evidence_of(
    const struct answering *g, const struct table *latest, const char *id)
{
	char text[128];
	const char *name;
	const struct entry *e;
	int n = snprintf(
	    text, sizeof text, "%s:%s", catalogue_framework(g->catalogue), id);

	if (n < 0 || (size_t)n >= sizeof text)
		return REPORT_NEVER;
	name = names_find(g->answer->scene.names, slice_of(text));
	e = name ? table_get(latest, name) : NULL;
	return e ? e->time_us : REPORT_NEVER;
}

static int
list_controls(struct answering *g)
{
	struct report *r = &g->answer->report;
	const struct catalogue_control *control;
	struct report_control *controls;
	struct table latest = {0};
	size_t count = 0;

	while (g->catalogue && catalogue_at(g->catalogue, count))
		count++;
	controls = arena_array(g->arena, count + 1, sizeof *controls);
	if (!controls || find_evidence(g, &latest))
		return -1;
	for (size_t i = 0; i < count; i++) {
		struct report_control *into = &controls[i];

		control = catalogue_at(g->catalogue, i);
		into->id = control->id;
		into->title = control->title;
		into->theme = control->theme;
		into->mode = framework_mode_name(control->mode);
		into->last_evidence_us = evidence_of(g, &latest, control->id);
		if (rate_control(g, into, control))
			return -1;
	}
	r->controls = controls;
	r->control_count = count;
	return 0;
}

/* ---- sources ---- */

static int
list_sources(struct answering *g)
{
	const struct list *hosts = &g->answer->scene.coverage.hosts;
	struct report *r = &g->answer->report;
	struct report_source *sources;
	size_t count = 0;

	for (size_t i = 0; i < hosts->count; i++)
		count += ((struct coverage_host *)hosts->at[i])->sources.count;
	sources = arena_array(g->arena, count + 1, sizeof *sources);
	if (!sources)
		return -1;
	for (size_t i = 0; i < hosts->count; i++) {
		const struct coverage_host *h = hosts->at[i];

		for (size_t k = 0; k < h->sources.count; k++) {
			const struct coverage_source *s = h->sources.at[k];

			sources[r->source_count++] = (struct report_source){
			    .host = h->name,
			    .source = s->id,
			    .agent = s->agent,
			    .provides = (const char *const *)s->last->provides,
			    .provide_count = s->last->provide_count,
			    .from_us = s->from_us,
			    .through_us = s->through_us,
			    .lines = s->lines,
			    .known = s->known,
			    .ignored = s->ignored,
			    .unknown = s->unknown,
			    .simulated = s->simulated};
		}
	}
	r->sources = sources;
	return 0;
}

int
answer_make(struct answer *a, const struct answer *before, uint64_t known_at,
    uint64_t *judged, struct err *err)
{
	struct answering g = {a, a->scene.arena, NULL, NULL, 0};
	const struct editions *frameworks = &a->scene.frameworks;

	a->assessed = (struct list){0};
	a->report = (struct report){.as_of_us = a->scene.as_of_us,
	    .known_at = known_at,
	    .from_us = a->scene.as_of_us - PERIOD_US,
	    .framework = "iso27001-2022"};
	if (a->report.from_us < 0)
		a->report.from_us = 0;
	if (frameworks->count)
		g.catalogue =
		    frameworks->at[edition_at(frameworks, a->scene.as_of_us)]
			.text->catalogue;
	if (g.catalogue)
		a->report.framework = catalogue_framework(g.catalogue);
	if (assess_all(&g, before, judged, err))
		return -1;
	if (grade_all(&g) || list_all(&g) || list_controls(&g) ||
	    list_sources(&g))
		return err_set(err, "no memory for a report");
	return 0;
}
