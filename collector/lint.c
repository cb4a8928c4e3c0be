/* SPDX-License-Identifier: Apache-2.0 */
#include "lint.h"

#include "lint_checks.h"
#include "lint_files.h"
#include "lint_isms.h"

static void
count(const struct lint_files *f, struct lint_counts *counts)
{
	counts->frameworks = f->framework_count;
	for (size_t i = 0; i < f->framework_count; i++)
		for (size_t j = 0; framework_control(f->frameworks[i], j); j++)
			counts->controls++;
	while (f->schema && schema_register(f->schema, counts->registers))
		counts->registers++;
	while (check_set_at(f->set, counts->checks))
		counts->checks++;
}

int
lint_run(const char *const *rules, const char *isms, struct problems *p,
    struct lint_counts *counts, struct err *err)
{
	struct lint_files f;
	int result = lint_files_load(&f, rules, isms, p, err);

	*counts = (struct lint_counts){0};
	if (!result) {
		lint_checks(&f);
		result = lint_isms(&f, counts, err);
		count(&f, counts);
	}
	lint_files_clear(&f);
	return result;
}
