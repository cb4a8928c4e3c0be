/* SPDX-License-Identifier: Apache-2.0 */
#include "finding.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assay/chain.h"
#include "assay/encode.h"
#include "assay/log.h"
#include "dead.h"

static void
put_text(struct record_field *fields, size_t *count, const char *name,
    const char *text)
{
	if (!text)
		return;
	fields[*count].name = slice_of(name);
	fields[*count].kind = RECORD_TEXT;
	fields[(*count)++].text = slice_of(text);
}

static int
tell(struct finding_teller *teller, const struct finding *t, struct err *err)
{
	struct record_host host;
	char uuid[ENCODE_UUID_LEN + 1], epoch[33], number[21], hash[65];
	struct record_field fields[7];
	struct author_event event = {
	    .event = t->event, .outcome = t->outcome, .fields = fields};

	encode_uuid(uuid, t->agent);
	encode_hex(epoch, t->epoch, 16);
	snprintf(number, sizeof number, "%020" PRIu64, t->sequence);
	if (t->hash)
		encode_hex(hash, t->hash, 32);
	put_text(fields, &event.field_count, "agent", uuid);
	put_text(fields, &event.field_count, "epoch", epoch);
	put_text(fields, &event.field_count, "sequence", number);
	put_text(fields, &event.field_count, "lane", t->lane);
	put_text(fields, &event.field_count, "position", t->position);
	put_text(fields, &event.field_count, "hash", t->hash ? hash : NULL);
	put_text(fields, &event.field_count, "reason", t->reason);
	if (teller->host_of(teller->arg, t->agent, &host))
		event.host = host;
	log_warnx("intake", "%s: %s", t->event, t->reason);
	teller->told++;
	return author_event(teller->author, &event, err);
}

int
finding_tell_once(struct finding_teller *teller, const char *name,
    const struct finding *t, int64_t now_us, struct err *err)
{
	int64_t since_us;
	bool told;

	if (store_finding(teller->store, name, now_us, &since_us, &told, err))
		return -1;
	if (told)
		return 0;
	if (tell(teller, t, err) ||
	    store_finding_told(teller->store, name, err))
		return -1;
	return 1;
}

struct found {
	struct verify_finding *all;
	size_t count;
	bool failed;
};

static bool
keep_finding(void *arg, const struct verify_finding *f)
{
	struct found *found = arg;
	struct verify_finding *kept;

	if (!verify_is_tamper(f->kind) && !verify_is_fork(f->kind))
		return true;
	if ((found->count & (found->count - 1)) == 0) {
		size_t room = found->count ? found->count * 2 : 1;

		kept = reallocarray(found->all, room, sizeof *kept);
		if (kept)
			found->all = kept;
		found->failed = kept == NULL;
	}
	if (found->failed)
		return false;
	found->all[found->count++] = *f;
	return true;
}

static void
name_finding(char *name, size_t size, const struct verify_finding *f)
{
	char agent[33], epoch[33], leaf[65] = "", other[33] = "";

	encode_hex(agent, f->agent, 16);
	encode_hex(epoch, f->epoch, 16);
	if (f->has_leaf)
		encode_hex(leaf, f->leaf, 32);
	if (f->has_other)
		encode_hex(other, f->other, 16);
	snprintf(name, size, "found %d %s %s %" PRIu64 " %" PRIu64 " %s%s",
	    (int)f->kind, agent, epoch, f->first, f->last, leaf, other);
}

/* Which dead letter is it about? */
struct letter {
	const uint8_t *leaf;
	char *lane;
	char *position;
};

static int
find_letter(void *arg, const struct store_dead *letter)
{
	struct letter *wanted = arg;

	if (letter->hash.len != CHAIN_LEN ||
	    memcmp(letter->hash.ptr, wanted->leaf, CHAIN_LEN) != 0)
		return 0;
	wanted->lane = strdup(letter->lane);
	wanted->position = strdup(letter->position);
	return 1;
}

static int
tell_finding(struct finding_teller *teller, const struct verify_finding *f,
    const char *name, size_t members, int64_t now_us, struct err *err)
{
	bool fork = verify_is_fork(f->kind);
	struct letter letter = {.leaf = f->leaf};
	struct buf reason = {0};
	struct finding t = {
	    .event = fork ? "log.fork" : "log.tamper",
	    .outcome = fork ? "warning" : "failure",
	    .agent = f->agent,
	    .epoch = f->epoch,
	    .sequence = f->first,
	    .hash = f->has_leaf ? f->leaf : NULL,
	};
	int rc = -1;

	verify_explain(&reason, f);
	if (members > 1)
		buf_printf(&reason, " (and %zu records after it)", members - 1);
	buf_putc(&reason, '\0');
	if (reason.failed) {
		err_set(err, "no memory to tell what was found");
		goto done;
	}
	if (f->has_leaf && store_dead(teller->store, dead_code(DEAD_BYTES),
			       find_letter, &letter, err) < 0)
		goto done;
	t.lane = letter.lane;
	t.position = letter.position;
	t.reason = reason.ptr;
	if (fork && f->kind != VERIFY_FORK_BYTES) {
		/* The starts say it themselves; nothing to add to the log. */
		log_warnx("intake", "%s", reason.ptr);
		rc = store_finding_told(teller->store, name, err);
	} else {
		rc = finding_tell_once(teller, name, &t, now_us, err) < 0 ? -1
									  : 0;
	}
done:
	free(letter.lane);
	free(letter.position);
	buf_clear(&reason);
	return rc;
}

/* Is b the record after a, with the same said of it? */
static bool
goes_on(const struct verify_finding *a, const struct verify_finding *b)
{
	return a->kind == b->kind && a->last + 1 == b->first &&
	       memcmp(a->agent, b->agent, 16) == 0 &&
	       memcmp(a->epoch, b->epoch, 16) == 0;
}

/* One event for a series of findings; *waiting when it is too early to tell. */
static int
judge_series(struct finding_teller *teller, const struct verify_finding *series,
    size_t n, int64_t now_us, int64_t grace_us, bool *waiting, struct err *err)
{
	size_t fresh = n;
	char name[256];

	for (size_t i = 0; i < n; i++) {
		int64_t since_us;
		bool told;

		name_finding(name, sizeof name, &series[i]);
		if (store_finding(
			teller->store, name, now_us, &since_us, &told, err))
			return -1;
		if (told)
			continue;
		if (now_us - since_us < grace_us) {
			*waiting = true;
			return 0;
		}
		if (fresh == n)
			fresh = i;
	}
	if (fresh == n)
		return 0;
	name_finding(name, sizeof name, &series[fresh]);
	if (tell_finding(teller, &series[fresh], name, n - fresh, now_us, err))
		return -1;
	for (size_t i = fresh + 1; i < n; i++) {
		name_finding(name, sizeof name, &series[i]);
		if (store_finding_told(teller->store, name, err))
			return -1;
	}
	return 0;
}

int
finding_judge(struct finding_teller *teller, const struct verify *verify,
    int64_t now_us, int64_t grace_us, struct err *err)
{
	struct found found = {0};
	bool waiting = false;
	int rc = 0;

	if (verify_findings(verify, keep_finding, &found, err))
		rc = -1;
	if (found.failed)
		rc = err_set(err, "no memory for what was found");
	for (size_t at = 0, n; rc == 0 && at < found.count; at += n) {
		for (n = 1;
		     at + n < found.count &&
		     goes_on(&found.all[at + n - 1], &found.all[at + n]);)
			n++;
		rc = judge_series(
		    teller, &found.all[at], n, now_us, grace_us, &waiting, err);
	}
	free(found.all);
	return rc ? -1 : waiting;
}
