/* SPDX-License-Identifier: Apache-2.0 */
#include "ownlog.h"

#include <stdlib.h>
#include <string.h>

static void
free_texts(rule_texts texts)
{
	union {
		rule_texts kept;
		char **mine;
	} list = {texts};

	for (char **text = list.mine; text && *text; text++)
		free(*text);
	free(list.mine);
}

static int
copy_texts(rule_texts *to, rule_texts from)
{
	size_t count = 0;
	char **copy;

	if (!from)
		return 0;
	while (from[count])
		count++;
	copy = calloc(count + 1, sizeof *copy);
	*to = (rule_texts)copy;
	for (size_t i = 0; copy && i < count; i++) {
		copy[i] = strdup(from[i]);
		if (!copy[i])
			return -1;
	}
	return copy ? 0 : -1;
}

static int
copy_text(const char **to, const char *from)
{
	*to = from ? strdup(from) : NULL;
	return from && !*to ? -1 : 0;
}

struct rule_file *
ownlog_new(const struct rule_file *f)
{
	struct rule_file *own = calloc(1, sizeof *own);

	if (!own)
		return NULL;
	own->class = f->class;
	own->closed = f->closed;
	if (copy_text(&own->path, f->path) == 0 &&
	    copy_text(&own->stamp_text, f->stamp_text) == 0 &&
	    copy_texts(&own->programs, f->programs) == 0 &&
	    copy_texts(&own->sender_users, f->sender_users) == 0 &&
	    (!f->stamp_text ||
		(own->stamp = header_stamp_new(slice_of(f->stamp_text), NULL))))
		return own;
	ownlog_free(own);
	return NULL;
}

static void
free_text(const char *text)
{
	union {
		const char *kept;
		char *mine;
	} t = {text};

	free(t.mine);
}

void
ownlog_free(struct rule_file *own)
{
	if (!own)
		return;
	free_text(own->path);
	free_text(own->stamp_text);
	free_texts(own->programs);
	free_texts(own->sender_users);
	header_stamp_free(own->stamp);
	free(own);
}

static bool
same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool
same_texts(rule_texts a, rule_texts b)
{
	if (!a || !b)
		return (!a || !*a) && (!b || !*b);
	for (; *a && *b; a++, b++)
		if (strcmp(*a, *b) != 0)
			return false;
	return *a == *b;
}

bool
ownlog_same(const struct rule_file *a, const struct rule_file *b)
{
	if (!a || !b)
		return a == b;
	return a->class == b->class &&
	       same_text(a->stamp_text, b->stamp_text) &&
	       same_texts(a->programs, b->programs) &&
	       same_texts(a->sender_users, b->sender_users);
}
