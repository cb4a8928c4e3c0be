/* SPDX-License-Identifier: Apache-2.0 */
#include "stream.h"

#include <stdlib.h>
#include <string.h>

struct stream {
	const struct stream_ops *ops;
	void *impl;
};

struct stream *
stream_new(const struct stream_ops *ops, void *impl, struct err *err)
{
	struct stream *s = malloc(sizeof *s);

	if (!s) {
		ops->close(impl);
		err_set(err, "no memory for a stream");
		return NULL;
	}
	*s = (struct stream){.ops = ops, .impl = impl};
	return s;
}

enum stream_got
stream_next(struct stream *s, struct stream_item *item, struct err *err)
{
	memset(item, 0, sizeof *item);
	return s->ops->next(s->impl, item, err);
}

bool
stream_has(const struct stream *s, const char *lane)
{
	return s->ops->has(s->impl, lane);
}

int
stream_stored(
    struct stream *s, const char *lane, const char *position, struct err *err)
{
	return s->ops->stored(s->impl, lane, position, err);
}

int
stream_rewind(struct stream *s, struct err *err)
{
	return s->ops->rewind(s->impl, err);
}

bool
stream_done(const struct stream *s)
{
	return s->ops->done(s->impl);
}

void
stream_refuse(struct stream *s, const struct stream_refused *what)
{
	if (s->ops->refused)
		s->ops->refused(s->impl, what);
}

void
stream_look(const struct stream *s, struct stream_state *state)
{
	memset(state, 0, sizeof *state);
	s->ops->look(s->impl, state);
}

void
stream_progress(const struct stream *s, uint64_t *done, uint64_t *total)
{
	s->ops->progress(s->impl, done, total);
}

void
stream_close(struct stream *s)
{
	if (!s)
		return;
	s->ops->close(s->impl);
	free(s);
}
