/* SPDX-License-Identifier: Apache-2.0 */
/* drive: the parts of the agent that the bench measures, in one process, and
 * what they are measured against. Each prints one JSON object.
 *
 *   drive limit FILE MS          read and split into lines, nothing else
 *   drive match FILE MS RULES    header and match, with captures, no records
 *   drive plain FILE MS RULES    the same by trying every pattern in turn
 *   drive agree FILE RULES       do both say the same of each line?
 *   drive hash SPOOL OUT         hash the records of a spool like the agent
 *                                does, write their bytes to OUT, nothing else
 *   drive patterns RULES         the rules' patterns, expanded, as JSON
 *
 * FILE is read again and again until MS milliseconds have passed. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "assay/chain.h"
#include "assay/jsonout.h"
#include "assay/spoolread.h"

#include "lines.h"
#include "match.h"
#include "twin.h"

#define WINDOW ((size_t)256 << 10)
#define REFERENCE_US INT64_C(1795521600000000) /* 2026-11-25 */

struct run {
	const struct ruleset *rules; /* NULL: only the limit */
	struct match *match;
	bool plain;
	uint64_t bytes, lines, passes;
	uint64_t events, kinds[MATCH_NO_PROGRAM + 1];
	uint64_t sum; /* so that nothing is optimised away */
	int64_t last_us;
};

static int64_t
cpu_us(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * INT64_C(1000000) +
	       u.ru_utime.tv_usec + u.ru_stime.tv_usec;
}

static int64_t
wall_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000;
}

static int64_t
pss_kib(void)
{
	FILE *f = fopen("/proc/self/smaps_rollup", "r");
	char line[256];
	long long kib = -1;

	while (f && kib < 0 && fgets(line, sizeof line, f))
		(void)sscanf(line, "Pss: %lld", &kib);
	if (f)
		fclose(f);
	return kib;
}

static void
die(const char *what, const char *why)
{
	fprintf(stderr, "drive: %s: %s\n", what, why);
	exit(1);
}

static struct ruleset *
load(const char *dir)
{
	const char *dirs[] = {dir, NULL};
	struct ruleset_options o = {.dirs = dirs};
	struct problems *p = problems_new();
	struct err err = {0};
	struct ruleset *s = ruleset_load(&o, p, &err);

	if (!s)
		die(dir, err.text[0] ? err.text : "assay-agent check says why");
	problems_free(p);
	return s;
}

static void
take_line(struct run *r, struct slice line)
{
	struct header_context c = {
	    .reference_us = REFERENCE_US, .previous_us = r->last_us};
	struct match_result result;
	struct header h;

	r->lines++;
	r->sum = r->sum * 31 + line.len;
	if (!r->match)
		return;
	header_parse(&c, line, &h);
	if (h.has_time)
		r->last_us = h.time_us;
	if (r->plain)
		match_line_plain(r->match, &h, &result);
	else
		match_line(r->match, &h, &result);
	r->kinds[result.kind]++;
	r->events += result.count;
	for (size_t i = 0; i < result.count; i++)
		r->sum = r->sum * 31 + result.events[i].rule->pattern->index +
			 result.events[i].field_count;
}

static void
read_file(struct run *r, int fd, char *window)
{
	uint64_t at = 0;
	ssize_t got;

	while ((got = pread(fd, window, WINDOW, (off_t)at)) > 0) {
		const char *last = memrchr(window, '\n', (size_t)got);
		struct slice whole = {
		    window, last ? (size_t)(last - window) + 1 : (size_t)got};
		struct lines l;
		struct slice line;

		lines_begin(&l, whole);
		while (lines_next(&l, &line))
			take_line(r, line);
		at += whole.len;
	}
	if (got < 0)
		die("read", strerror(errno));
	r->bytes += at;
	r->passes++;
}

static void
report(const struct run *r, int64_t cpu, int64_t wall)
{
	uint64_t candidates = 0, matches = 0;
	struct buf b = {0};

	jsonout_object(&b);
	jsonout_kint(&b, "bytes", (int64_t)r->bytes);
	jsonout_kint(&b, "lines", (int64_t)r->lines);
	jsonout_kint(&b, "cpu_us", cpu);
	jsonout_kint(&b, "wall_us", wall);
	jsonout_kint(&b, "pss_kib", pss_kib());
	if (r->match) {
		jsonout_kint(&b, "events", (int64_t)(r->events / r->passes));
		jsonout_kint(&b, "event_lines",
		    (int64_t)(r->kinds[MATCH_EVENT] / r->passes));
		jsonout_kint(&b, "ignored",
		    (int64_t)(r->kinds[MATCH_IGNORED] / r->passes));
		jsonout_kint(&b, "unknown",
		    (int64_t)(r->kinds[MATCH_UNKNOWN] / r->passes));
	}
	for (size_t i = 0; r->rules && ruleset_pattern(r->rules, i); i++) {
		candidates += match_counts(r->match, i).candidates;
		matches += match_counts(r->match, i).matches;
	}
	if (r->rules) {
		jsonout_kint(
		    &b, "candidates", (int64_t)(candidates / r->passes));
		jsonout_kint(&b, "matches", (int64_t)(matches / r->passes));
	}
	jsonout_kint(&b, "sum", (int64_t)(r->sum >> 16));
	jsonout_object_end(&b);
	printf("%.*s\n", (int)b.len, b.ptr);
	buf_clear(&b);
}

static void
measure(const char *path, const char *ms, const char *rules, bool plain)
{
	struct ruleset *s = rules ? load(rules) : NULL;
	struct run r = {.rules = s, .plain = plain};
	char *window = malloc(WINDOW);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int64_t cpu, wall, least = strtoll(ms, NULL, 10) * 1000;

	if (fd < 0 || !window)
		die(path, strerror(errno));
	if (s)
		r.match = match_new(s);
	cpu = cpu_us();
	wall = wall_us();
	do
		read_file(&r, fd, window);
	while (cpu_us() - cpu < least);
	report(&r, cpu_us() - cpu, wall_us() - wall);
	close(fd);
	free(window);
	match_free(r.match);
	ruleset_free(s);
}

static void
hash(const char *spool, const char *out)
{
	struct err err = {0};
	struct spoolread *r = spoolread_open(spool, NULL, &err);
	struct crypto *c = crypto_new(&err);
	struct run sums = {.passes = 1};
	struct buf all = {.max = (size_t)8 << 30}, sizes = {0};
	uint8_t head[CHAIN_LEN] = {0}, leaf[CHAIN_LEN];
	struct spoolread_record rec;
	int fd = open(out, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int64_t cpu, wall;
	size_t at = 0, written = 0;

	if (!r || !c || fd < 0)
		die(spool, err.text[0] ? err.text : strerror(errno));
	while (spoolread_next(r, &rec, &err) == SPOOLREAD_RECORD) {
		buf_put(&all, rec.bytes);
		buf_put(&sizes,
		    (struct slice){(char *)&rec.bytes.len, sizeof(size_t)});
	}
	if (all.failed || sizes.failed || all.len == 0)
		die(spool, "no records, or no memory for them");
	cpu = cpu_us();
	wall = wall_us();
	for (size_t i = 0; i < sizes.len; i += sizeof(size_t)) {
		size_t len;

		memcpy(&len, sizes.ptr + i, sizeof len);
		chain_leaf(c, (struct slice){all.ptr + at, len}, leaf);
		chain_next(c, head, leaf);
		at += len;
		sums.lines++;
		/* As often as the agent commits. */
		if (at - written < WINDOW && at < all.len)
			continue;
		if (write(fd, all.ptr + written, at - written) !=
			(ssize_t)(at - written) ||
		    fdatasync(fd) != 0)
			die(out, strerror(errno));
		written = at;
	}
	cpu = cpu_us() - cpu;
	wall = wall_us() - wall;
	memcpy(&sums.sum, head, sizeof sums.sum);
	sums.bytes = at;
	report(&sums, cpu, wall);
	spoolread_close(r);
	crypto_free(c);
	buf_clear(&all);
	buf_clear(&sizes);
	close(fd);
}

static int
agree(const char *path, const char *rules)
{
	struct ruleset *s = load(rules);
	struct match *m = match_new(s);
	FILE *f = fopen(path, "r");
	char *line = NULL;
	size_t room = 0, count = 0, differ = 0;
	ssize_t len;

	if (!f || !m)
		die(path, strerror(errno));
	while ((len = getline(&line, &room, f)) > 0) {
		struct slice text = {line, (size_t)len};

		if (line[len - 1] == '\n')
			text.len--;
		count++;
		if (!twin_agrees(m, text) && differ++ == 0)
			fprintf(stderr, "line %zu: %s", count, line);
	}
	printf("{\"lines\":%zu,\"differ\":%zu}\n", count, differ);
	free(line);
	fclose(f);
	match_free(m);
	ruleset_free(s);
	return differ > 0;
}

static void
patterns(const char *rules)
{
	struct ruleset *s = load(rules);
	struct buf b = {0};
	const struct rule *rule;

	jsonout_array(&b);
	for (size_t i = 0; (rule = ruleset_rule(s, i)); i++) {
		jsonout_object(&b);
		jsonout_kstr(&b, "rule", rule->id);
		jsonout_key(&b, "programs");
		jsonout_array(&b);
		for (rule_texts p = rule->file->programs; *p; p++)
			jsonout_str(&b, *p);
		jsonout_array_end(&b);
		jsonout_kstr(&b, "pattern", rule->pattern->facts.expanded);
		jsonout_object_end(&b);
	}
	jsonout_array_end(&b);
	printf("%.*s\n", (int)b.len, b.ptr);
	buf_clear(&b);
	ruleset_free(s);
}

int
main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "limit") && argc == 4)
		measure(argv[2], argv[3], NULL, false);
	else if (!strcmp(what, "match") && argc == 5)
		measure(argv[2], argv[3], argv[4], false);
	else if (!strcmp(what, "plain") && argc == 5)
		measure(argv[2], argv[3], argv[4], true);
	else if (!strcmp(what, "agree") && argc == 4)
		return agree(argv[2], argv[3]);
	else if (!strcmp(what, "hash") && argc == 4)
		hash(argv[2], argv[3]);
	else if (!strcmp(what, "patterns") && argc == 3)
		patterns(argv[2]);
	else {
		fprintf(stderr, "drive: see the head of drive.c\n");
		return 2;
	}
	return 0;
}
