/* SPDX-License-Identifier: Apache-2.0 */
#include "feed.h"

#include <string.h>

#include "assay/jsonin.h"
#include "assay/jsonout.h"

int
feed_open(struct feed *f, struct source_spec *spec, enum standing_rule rule,
    struct crypto *c, struct err *err)
{
	*f = (struct feed){.spec = spec, .rule = rule};
	if (source_open(&f->source, spec, c, err) == 0)
		return 0;
	feed_close(f);
	return -1;
}

void
feed_close(struct feed *f)
{
	source_close(&f->source);
	source_spec_free(f->spec);
	f->spec = NULL;
}

void
feed_save(const struct feed *f, struct buf *out)
{
	jsonout_object(out);
	jsonout_kstr(out, "id", f->spec->id);
	if (f->standing.known) {
		jsonout_kint(out, "from", f->standing.from_us);
		jsonout_kint(out, "through", f->standing.through_us);
		jsonout_kint(out, "last", f->standing.last_us);
	}
	f->source.ops->save(f->source.impl, out);
	jsonout_object_end(out);
}

int
feed_restore(
    struct feed *f, const json_t *state, bool new_chain, struct err *err)
{
	struct standing s = {0};

	if (jsonin_int(state, "from", &s.from_us) &&
	    jsonin_int(state, "through", &s.through_us) &&
	    jsonin_int(state, "last", &s.last_us)) {
		s.known = true;
		if (new_chain)
			s.from_us = s.through_us;
		f->standing = s;
	}
	return f->source.ops->restore(f->source.impl, state, err);
}

void
feed_scan(struct feed *f, int64_t now_us)
{
	int64_t first_us;

	f->blocked = f->source.ops->scan(f->source.impl, now_us, &f->err) != 0;
	if (f->standing.known)
		return;
	first_us = f->source.ops->first(f->source.impl);
	if (first_us != SOURCE_NO_TIME)
		standing_begin(
		    &f->standing, first_us < now_us ? first_us : now_us);
}

enum rule_class
feed_class(const struct feed *f)
{
	return f->spec->provide_count > 0 ? f->spec->provides[0] : RULE_APP;
}
