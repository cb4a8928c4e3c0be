/* SPDX-License-Identifier: Apache-2.0 */
#include "assay/command.h"

#include <stdio.h>
#include <string.h>

#define NAME_MAX_LEN 63

static size_t
distance(const char *a, const char *b)
{
	size_t row[NAME_MAX_LEN + 1];
	size_t la = strlen(a), lb = strlen(b);

	if (la > NAME_MAX_LEN || lb > NAME_MAX_LEN)
		return NAME_MAX_LEN;
	for (size_t j = 0; j <= lb; j++)
		row[j] = j;
	for (size_t i = 1; i <= la; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			size_t best = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[lb];
}

const char *
command_nearest(const char *name, const char *const *candidates)
{
	size_t limit = strlen(name) / 3 + 1;
	const char *nearest = NULL;

	for (; *candidates; candidates++) {
		size_t d = distance(name, *candidates);

		if (d <= limit && (!nearest || d < distance(name, nearest)))
			nearest = *candidates;
	}
	return nearest;
}

static void
print_help(FILE *to, const char *program, const struct command *table)
{
	fprintf(to, "usage: %s COMMAND [ARGUMENTS]\n\n", program);
	for (; table->name; table++)
		fprintf(to, "  %s %s\n      %s\n", table->name,
		    table->arguments, table->help);
	fprintf(to, "\n  --help, --version\n");
}

static int
unknown_command(
    const char *program, const struct command *table, const char *name)
{
	const char *names[64] = {0};
	const char *nearest;
	size_t count = 0;

	for (; table[count].name && count < 63; count++)
		names[count] = table[count].name;
	nearest = command_nearest(name, names);
	fprintf(stderr, "%s: unknown command '%s'", program, name);
	if (nearest)
		fprintf(stderr, "; did you mean '%s'?", nearest);
	fprintf(stderr, "\n`%s --help` lists the commands.\n", program);
	return COMMAND_USAGE;
}

int
command_main(
    const char *program, const struct command *table, int argc, char **argv)
{
	if (argc < 2) {
		print_help(stderr, program, table);
		return COMMAND_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "help")) {
		print_help(stdout, program, table);
		return COMMAND_OK;
	}
	if (!strcmp(argv[1], "--version")) {
		printf("%s %s\n", program, ASSAY_VERSION);
		return COMMAND_OK;
	}
	for (const struct command *c = table; c->name; c++)
		if (!strcmp(argv[1], c->name))
			return c->run(argc - 1, argv + 1);
	return unknown_command(program, table, argv[1]);
}
