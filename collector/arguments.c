/* SPDX-License-Identifier: Apache-2.0 */
#include "arguments.h"

#include <stdio.h>
#include <string.h>

#include "assay/command.h"

#define PROGRAM "assay-collector"

static void
print_help(const struct argument *table, const char *usage)
{
	printf("usage: %s %s\n\n", PROGRAM, usage);
	for (; table->name; table++) {
		char left[48];

		snprintf(left, sizeof left, "%s%s%s", table->name,
		    table->value ? " " : "", table->value ? table->value : "");
		printf("  %-22s %s\n", left, table->help);
	}
}

static int
refuse(const char *usage, const char *what, const char *name)
{
	fprintf(stderr, "%s: %s '%s'\nusage: %s %s\n", PROGRAM, what, name,
	    PROGRAM, usage);
	return COMMAND_USAGE;
}

static int
refuse_unknown(
    const struct argument *table, const char *usage, const char *name)
{
	const char *names[ARGUMENTS_MAX] = {0};
	const char *nearest;
	size_t count = 0;

	for (; table[count].name && count < ARGUMENTS_MAX - 1; count++)
		names[count] = table[count].name;
	nearest = command_nearest(name, names);
	if (nearest)
		fprintf(stderr, "%s: did you mean '%s'?\n", PROGRAM, nearest);
	return refuse(usage, "unknown option", name);
}

static const struct argument *
find(const struct argument *table, const char *name, size_t len)
{
	for (; table->name; table++)
		if (strlen(table->name) == len &&
		    strncmp(table->name, name, len) == 0)
			return table;
	return NULL;
}

/* One option at argv[*at], with its value in the same or the next word. */
static int
take_option(struct arguments *a, const struct argument *table,
    const char *usage, int argc, char **argv, int *at)
{
	const char *word = argv[*at];
	size_t len = strcspn(word, "=");
	const struct argument *entry = find(table, word, len);
	const char *value = NULL;

	if (!entry)
		return refuse_unknown(table, usage, word);
	if (word[len] == '=')
		value = word + len + 1;
	if (!entry->value && value)
		return refuse(usage, "no value goes with", entry->name);
	if (entry->value && !value) {
		if (*at + 1 >= argc)
			return refuse(usage, "a value is missing after", word);
		value = argv[++*at];
	}
	if (a->count == ARGUMENTS_MAX)
		return refuse(usage, "too many options, from", word);
	a->given[a->count] = entry;
	a->value[a->count++] = value;
	return -1;
}

int
arguments_parse(struct arguments *a, const struct argument *table,
    const char *usage, size_t operands_max, int argc, char **argv)
{
	bool options = true;

	memset(a, 0, sizeof *a);
	for (int at = 1; at < argc; at++) {
		const char *word = argv[at];
		int code = -1;

		if (options && strcmp(word, "--help") == 0) {
			print_help(table, usage);
			return COMMAND_OK;
		}
		if (options && strcmp(word, "--") == 0)
			options = false;
		else if (options && word[0] == '-' && word[1])
			code = take_option(a, table, usage, argc, argv, &at);
		else if (a->operands == operands_max ||
			 a->operands == ARGUMENTS_MAX)
			code = refuse(usage, "one argument too many:", word);
		else
			a->operand[a->operands++] = word;
		if (code >= 0)
			return code;
	}
	return -1;
}

bool
arguments_has(const struct arguments *a, const char *name)
{
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->given[i]->name, name) == 0)
			return true;
	return false;
}

const char *
arguments_nth(const struct arguments *a, const char *name, size_t n)
{
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->given[i]->name, name) == 0 && n-- == 0)
			return a->value[i];
	return NULL;
}

const char *
arguments_value(const struct arguments *a, const char *name)
{
	const char *value = NULL;

	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->given[i]->name, name) == 0)
			value = a->value[i];
	return value;
}
