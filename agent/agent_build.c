/* SPDX-License-Identifier: Apache-2.0 */
#include "agent.h"

#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "assay/log.h"

#include "agent_parts.h"

#define FILES_MAX 65536 /* open at once */
#define FILES_SPARE 64

static int
set_zone(struct agent *a, struct err *err)
{
	const char *name = a->o.zone_name;
	char link[PATH_MAX];
	const char *at;
	ssize_t len;

	if (name && *name) {
		snprintf(a->zone_name, sizeof a->zone_name, "%s", name);
		a->zone = zone_load_file(name, err);
		return a->zone ? 0 : -1;
	}
	len = readlink("/etc/localtime", link, sizeof link - 1);
	snprintf(a->zone_name, sizeof a->zone_name, "UTC");
	if (len > 0) {
		link[len] = '\0';
		at = strstr(link, "zoneinfo/");
		if (at)
			snprintf(a->zone_name, sizeof a->zone_name, "%s",
			    at + strlen("zoneinfo/"));
	}
	a->zone = access("/etc/localtime", R_OK) == 0
		      ? zone_load_file("/etc/localtime", err)
		      : zone_new_utc();
	return a->zone ? 0 : -1;
}

/* Directories from the root down, like mkdir -p. */
static int
make_state(const char *path, struct err *err)
{
	char part[PATH_MAX];

	if (snprintf(part, sizeof part, "%s", path) >= (int)sizeof part)
		return err_set(err, "the path '%s' is too long", path);
	for (char *p = part + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		(void)mkdir(part, 0755);
		*p = '/';
	}
	if (mkdir(part, 0750) != 0 && errno != EEXIST)
		return err_sys(err, "make the state directory '%s'", path);
	return 0;
}

static int
open_spool(struct agent *a, struct err *err)
{
	struct spool_options o = {.dir = a->spool_dir,
	    .max_bytes = a->o.max_bytes,
	    .keep_us = a->o.keep_us,
	    .readers = a->o.readers};

	if (snprintf(a->spool_dir, sizeof a->spool_dir, "%s/spool",
		a->o.state) >= (int)sizeof a->spool_dir)
		return err_set(err, "the path '%s' is too long", a->o.state);
	a->spool = spool_open(&o, a->crypto, err);
	return a->spool ? 0 : -1;
}

static int
know_ourselves(struct agent *a, struct err *err)
{
	char spare[PATH_MAX];

	if (snprintf(spare, sizeof spare, "%s/machine-id", a->o.state) >=
	    (int)sizeof spare)
		return err_set(err, "the path '%s' is too long", a->o.state);
	if (machine_read(&a->machine, a->crypto, spare, err) != 0)
		return -1;
	return identity_load(&a->identity, a->crypto, &a->machine, a->o.state,
	    spool_found(a->spool), err);
}

/* How many files each of so many sources may keep open. The hard limit is ours
 * to use; what is opened without being kept needs room as well. */
static size_t
share_files(size_t sources)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return 0;
	if (limit.rlim_cur < limit.rlim_max && limit.rlim_cur < FILES_MAX) {
		limit.rlim_cur =
		    limit.rlim_max < FILES_MAX ? limit.rlim_max : FILES_MAX;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
		(void)getrlimit(RLIMIT_NOFILE, &limit);
	}
	if (limit.rlim_cur < 2 * FILES_SPARE + sources)
		return 1;
	return ((size_t)limit.rlim_cur - FILES_SPARE) / (sources + 1);
}

static int
note_recorded(struct agent *a, const uint8_t hash[32], struct err *err)
{
	return agent_note_recorded(a, hash) == 0
		   ? 0
		   : err_set(err, "no memory for the agent");
}

static int
open_feeds(struct agent *a, struct discover *d, struct err *err)
{
	struct feeds_options o = {.crypto = a->crypto,
	    .open_max = share_files(d->count),
	    .once = a->o.once,
	    .simulated = a->o.simulated,
	    .new_chain = !a->identity.prev.known};
	size_t i = 0;
	int status = feeds_init(&a->feeds, &o, spool_found(a->spool), err);

	while (status == 0 && i < d->count)
		status = feeds_add(&a->feeds, d->specs[i++], err);
	/* The rest is still the caller's. */
	d->count -= i;
	if (d->count > 0)
		memmove(d->specs, d->specs + i, d->count * sizeof(void *));
	if (status == 0 && a->feeds.saved.has_rules && !a->identity.is_new)
		status = note_recorded(a, a->feeds.saved.rules, err);
	return status;
}

static void
append_state(void *arg, bool full, size_t part, struct buf *out)
{
	struct agent *a = arg;

	feeds_append(&a->feeds, a->files.hash, full, part, out);
}

static int
build(struct agent *a, const struct ruleset *rules, int64_t now_us,
    struct err *err)
{
	struct reader_parts parts;

	a->match = match_new(rules);
	a->unknown = unknown_new();
	a->tally = tally_new();
	a->today = unknown_new();
	a->today_us = now_us;
	a->writer = writer_new(a->spool, a->crypto, &a->identity, &a->machine,
	    now_us, append_state, a, err);
	if (!a->match || !a->unknown || !a->tally || !a->today || !a->writer)
		return a->writer ? err_set(err, "no memory for the agent") : -1;
	parts = (struct reader_parts){.match = a->match,
	    .zone = a->zone,
	    .writer = a->writer,
	    .unknown = a->unknown,
	    .tally = a->tally,
	    .today = a->today,
	    .crypto = a->crypto,
	    .host = a->machine.name,
	    .simulated = a->o.simulated,
	    .feeds = &a->feeds};
	a->reader = reader_new(&parts);
	if (a->reader)
		a->heartbeat = heartbeat_new(&a->feeds, a->unknown, a->reader);
	return a->heartbeat ? 0 : err_set(err, "no memory for the agent");
}

/* Start, files, what was lost, and where every source stands. */
static int
open_epoch(struct agent *a, int64_t now_us, struct err *err)
{
	const struct recover *found = spool_found(a->spool);
	struct opening o = {.zone = a->zone_name,
	    .simulated = a->o.simulated,
	    .files = &a->files,
	    .files_known = agent_has_recorded(a, a->files.hash),
	    .found = found,
	    .feeds = a->feeds.list,
	    .feed_count = a->feeds.count};

	for (size_t i = 0; i < found->damage_count; i++)
		log_warnx("agent", "the spool was damaged: %s",
		    found->damages[i].why.text);
	if (found->torn_bytes > 0)
		log_info("agent",
		    "%llu bytes that were not committed when the agent ended "
		    "are cut off; their lines are read again",
		    (unsigned long long)found->torn_bytes);
	if (opening_put(&o, a->writer, now_us, err) != SPOOL_OK)
		return -1;
	for (size_t i = 0; i < a->feeds.count; i++)
		feed_scan(&a->feeds.list[i], now_us);
	a->scanned_us = now_us;
	if (!agent_beat(a, true, now_us) || !agent_commit(a, now_us)) {
		/* A full disk is waited for, with the logs held open. */
		if (!a->stuck || a->phase != AGENT_FULL || a->o.once) {
			*err = a->problem;
			return -1;
		}
	}
	return note_recorded(a, a->files.hash, err);
}

struct agent *
agent_new(const struct agent_options *o, const struct ruleset *rules,
    struct discover *d, int64_t now_us, struct err *err)
{
	struct agent *a = calloc(1, sizeof *a);

	if (!a) {
		err_set(err, "no memory for the agent");
		return NULL;
	}
	a->o = *o;
	a->crypto = crypto_new(err);
	if (!a->crypto || make_state(o->state, err) != 0 ||
	    set_zone(a, err) != 0 || open_spool(a, err) != 0 ||
	    know_ourselves(a, err) != 0 || open_feeds(a, d, err) != 0 ||
	    opening_files_init(&a->files, rules, a->crypto, err) != 0 ||
	    build(a, rules, now_us, err) != 0 ||
	    open_epoch(a, now_us, err) != 0) {
		agent_free(a);
		return NULL;
	}
	/* A start says more at once than all that follows, and reads states
	 * and rules; what that took is given back. */
	spool_trim(a->spool);
	malloc_trim(0);
	return a;
}

void
agent_free(struct agent *a)
{
	if (!a)
		return;
	heartbeat_free(a->heartbeat);
	reader_free(a->reader);
	writer_free(a->writer);
	unknown_free(a->unknown);
	tally_free(a->tally);
	unknown_free(a->today);
	match_free(a->match);
	opening_files_clear(&a->files);
	feeds_clear(&a->feeds);
	free(a->recorded);
	identity_clear(&a->identity);
	spool_close(a->spool);
	zone_free(a->zone);
	crypto_free(a->crypto);
	free(a);
}
