/* SPDX-License-Identifier: Apache-2.0 */
#include "trouble.h"

#include <stdlib.h>
#include <string.h>

#define WAIT_MIN_US INT64_C(1000000)
#define WAIT_MAX_US (INT64_C(60) * 1000000)
#define HOLE_US (INT64_C(60) * 1000000)
#define AGAIN_US (INT64_C(3600) * 1000000)

void
troubles_clear(struct troubles *t)
{
	while (t->count > 0)
		troubles_remove(t, t->count - 1);
	free(t->at);
	*t = (struct troubles){0};
}

struct trouble *
troubles_find(struct troubles *t, dev_t dev, ino_t ino)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->at[i].dev == dev && t->at[i].ino == ino)
			return &t->at[i];
	return NULL;
}

bool
trouble_is_due(const struct trouble *t, int64_t now_us)
{
	/* A clock that was set back must not make it wait for long. */
	return now_us >= t->next_us || now_us < t->next_us - t->wait_us;
}

static struct trouble *
add(struct troubles *t, const char *path, int64_t now_us)
{
	struct trouble *more = reallocarray(t->at, t->count + 1, sizeof *more);

	if (!more)
		return NULL;
	t->at = more;
	more += t->count;
	*more = (struct trouble){.path = strdup(path),
	    .since_us = now_us,
	    .wait_us = WAIT_MIN_US / 2};
	if (!more->path)
		return NULL;
	t->count++;
	return more;
}

int
troubles_note(struct troubles *t, const char *path, dev_t dev, ino_t ino,
    const struct err *why, int64_t now_us)
{
	struct trouble *it = troubles_find(t, dev, ino);

	if (!it)
		it = add(t, path, now_us);
	if (!it)
		return -1;
	it->dev = dev; /* path: the name it had first serves */
	it->ino = ino;
	it->there = true;
	it->why = *why;
	it->wait_us *= 2;
	if (it->wait_us > WAIT_MAX_US)
		it->wait_us = WAIT_MAX_US;
	it->next_us = now_us + it->wait_us;
	return 0;
}

bool
trouble_tell(struct trouble *t, int64_t now_us)
{
	int64_t last_us = t->told_us ? t->told_us : t->since_us;

	if (now_us - last_us < (t->told_us ? AGAIN_US : HOLE_US))
		return false;
	t->told_us = now_us;
	return true;
}

void
troubles_remove(struct troubles *t, size_t i)
{
	free(t->at[i].path);
	t->count--;
	memmove(&t->at[i], &t->at[i + 1], (t->count - i) * sizeof *t->at);
}
