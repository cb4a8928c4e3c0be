/* SPDX-License-Identifier: Apache-2.0 */
/* A spool of 64 KiB of real records, two epochs in several segments, damaged at
 * each byte in three ways, cut at each length, robbed of each segment, hit in
 * many places at once: recovery starts, keeps or tells each record, keeps the
 * damaged bytes, believes nothing forged; nor does a reader that comes before
 * recovery did.
 *
 * What a segment's bytes say is asked of every byte. On files it is asked of
 * one byte in ASSAY_EVERY (1: of all, some minutes with sanitizers). What syncs
 * do is not asked: nothing here waits for a disk. */
#include "test.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "assay/segment.h"
#include "assay/spooldir.h"
#include "assay/spoolread.h"
#include "identity.h"
#include "salvage.h"
#include "spool.h"
#include "writer.h"

#define EXPORT __attribute__((visibility("default")))

EXPORT int
fsync(int fd)
{
	(void)fd;
	return 0;
}

EXPORT int
fdatasync(int fd)
{
	(void)fd;
	return 0;
}

#define NOW INT64_C(1783091957000000)
#define SIZE ((size_t)64 << 10)
#define SEGMENTS_MAX 32
#define RECORDS_MAX 512
#define EPOCHS 2

struct file {
	char name[SEGMENT_NAME_LEN + 1];
	struct buf bytes;
	struct timespec times[2];
	struct segment_header header;
	uint64_t next; /* first sequence of the segment after it; 0: none */
	int epoch;
};

/* What was written, and what must be found. */
static struct crypto *crypto;
static const char *dir;
static char quick[] = "/dev/shm/assay-test-XXXXXX"; /* where there is one */
static struct file files[SEGMENTS_MAX];
static size_t file_count;
static size_t total;
static uint8_t epochs[EPOCHS][16];
static struct buf records[EPOCHS][RECORDS_MAX]; /* by sequence */
static uint64_t last[EPOCHS];
static uint8_t head[32];
static struct buf states[RECORDS_MAX]; /* all checkpoints */
static size_t state_count;

/* ---- writing it ---- */

struct maker {
	struct spool *spool;
	struct writer *writer;
	struct identity identity;
	struct machine machine;
	int made;
};

static void
write_state(void *arg, bool full, size_t part, struct buf *out)
{
	const struct maker *m = arg;

	if (part == 0)
		buf_printf(out,
		    "{\"sources\":[{\"id\":\"/var/log/auth.log\",\"%s\":%d}]}",
		    full ? "full" : "made", m->made);
}

static void
put_event(struct maker *m, int64_t now_us)
{
	char user[32], line[256];
	struct slice control = SLICE("iso27001-2022:A.8.5");
	struct record_field fields[] = {
	    {SLICE("user"), RECORD_TEXT, {NULL, 0}, 0},
	    {SLICE("src_ip"), RECORD_TEXT, SLICE("192.0.2.1"), 0}};
	uint8_t gen[16] = {7};
	struct record_event e = {.host = writer_host(m->writer),
	    .event = SLICE("auth.login"),
	    .outcome = SLICE("success"),
	    .rule = SLICE("sshd.accepted"),
	    .controls = &control,
	    .control_count = 1,
	    .program = SLICE("sshd"),
	    .pid = 100 + m->made,
	    .fields = fields,
	    .field_count = 2,
	    .count = 1,
	    .origin = {.source = SLICE("file"),
		.path = SLICE("/var/log/auth.log"),
		.id = SLICE("/var/log/auth.log"),
		.class = SLICE("auth"),
		.gen = gen,
		.offset = m->made * 100,
		.trust = SLICE("local")},
	    .clock_raw = SLICE("Jul  3 14:59:17"),
	    .clock_precision = SLICE("s"),
	    .raw = RECORD_RAW_TEXT};
	struct err err;

	snprintf(user, sizeof user, "u%06d", m->made);
	fields[0].text = slice_of(user);
	snprintf(line, sizeof line,
	    "Jul  3 14:59:17 web01 sshd[%d]: Accepted password for %s from "
	    "192.0.2.1 port 50122 ssh2%.*s",
	    100 + m->made, user, m->made % 9,
	    m->made % 5 ? "        " : "\xff\x00\xfe\x01\x00\x00\x00\x03");
	e.line = (struct slice){line, strlen(line)};
	if (writer_event(m->writer, &e, now_us, false, now_us, &err) !=
	    SPOOL_OK)
		fail_msg("%s", err.text);
	m->made++;
}

static void
put_heartbeat(struct maker *m, int64_t now_us)
{
	struct record_heartbeat beat = {
	    .through_us = now_us, .complete = true, .clock_synced = true};
	struct err err;

	if (writer_heartbeat(m->writer, &beat, now_us, &err) != SPOOL_OK)
		fail_msg("%s", err.text);
}

/* One epoch of some size bytes. */
static void
write_epoch(int which, size_t size)
{
	static const char *const readers[] = {"collector", NULL};
	struct spool_options o = {.dir = dir,
	    .max_bytes = 1 << 20,
	    .segment_size = 20 << 10,
	    .keep_us = INT64_C(86400000000),
	    .readers = readers};
	struct maker m = {0};
	struct record_start start = {
	    .version = SLICE("1"), .zone = SLICE("UTC")};
	int64_t now_us = NOW + which * INT64_C(3600000000);
	struct err err;

	m.spool = spool_open(&o, crypto, &err);
	if (!m.spool ||
	    machine_read(&m.machine, crypto, "/nonexistent", &err) != 0)
		fail_msg("%s", err.text);
	memset(m.identity.agent, 0xa9, 16);
	m.identity.key = crypto_key_new(crypto, &err);
	m.identity.prev.known = which > 0;
	memcpy(m.identity.prev.epoch, spool_found(m.spool)->epoch, 16);
	m.identity.prev.last = spool_found(m.spool)->last;
	memcpy(m.identity.prev.head, spool_found(m.spool)->head, 32);
	m.identity.reason = which > 0 ? NULL : "first start";
	m.writer = writer_new(m.spool, crypto, &m.identity, &m.machine, now_us,
	    write_state, &m, &err);
	assert_int_equal(
	    writer_start(m.writer, &start, now_us, &err), SPOOL_OK);
	while (spool_bytes(m.spool) < size) {
		for (int i = 0; i < m.made % 4 + 1; i++)
			put_event(&m, now_us += 700000);
		if (m.made % 7 == 0)
			put_heartbeat(&m, now_us);
		assert_int_equal(
		    writer_seal(m.writer, false, now_us, &err), SPOOL_OK);
		assert_int_equal(spool_commit(m.spool, &err), SPOOL_OK);
	}
	put_heartbeat(&m, now_us);
	assert_int_equal(writer_seal(m.writer, true, now_us, &err), SPOOL_OK);
	assert_int_equal(spool_commit(m.spool, &err), SPOOL_OK);
	last[which] = spool_next_sequence(m.spool) - 1;
	memcpy(head, spool_head(m.spool), 32);
	writer_free(m.writer);
	spool_close(m.spool);
	crypto_key_free(m.identity.key);
}

/* ---- knowing it ---- */

static const char *
path_of(const char *name, const char *suffix)
{
	static char path[512];

	snprintf(path, sizeof path, "%s/%.*s%s", dir,
	    suffix ? SEGMENT_NAME_LEN - 4 : SEGMENT_NAME_LEN, name,
	    suffix ? suffix : "");
	return path;
}

static void
learn_frames(struct file *f)
{
	struct segment_frame frame;
	size_t at = SEGMENT_HEADER_LEN;

	for (; at < f->bytes.len; at += frame.size) {
		struct buf *b = NULL;

		assert_int_equal(
		    segment_get(
			slice_from(buf_slice(&f->bytes), at), &frame, NULL),
		    SEGMENT_FRAME);
		if (frame.type == SEGMENT_RECORD)
			b = &records[f->epoch][frame.sequence];
		else if (frame.type == SEGMENT_CHECKPOINT)
			b = &states[state_count++];
		assert_true(
		    frame.sequence < RECORDS_MAX && state_count < RECORDS_MAX);
		if (b)
			buf_put(b, frame.payload);
	}
}

static void
learn(void)
{
	struct spooldir all;

	assert_int_equal(spooldir_list(dir, &all, NULL), 0);
	assert_true(all.count > 3 && all.count < SEGMENTS_MAX);
	for (size_t i = 0; i < all.count; i++) {
		struct file *f = &files[file_count++];

		memcpy(f->name, all.all[i].name, sizeof f->name);
		f->header = all.all[i].header;
		f->bytes = test_read(path_of(f->name, NULL));
		if (i > 0 && memcmp(all.all[i].header.epoch,
				 all.all[i - 1].header.epoch, 16) != 0)
			f->epoch = files[i - 1].epoch + 1;
		else if (i > 0)
			f->epoch = files[i - 1].epoch;
		if (i > 0 && f->epoch == files[i - 1].epoch)
			files[i - 1].next = f->header.first_sequence;
		memcpy(epochs[f->epoch], all.all[i].header.epoch, 16);
		/* As if each had been written when its records say. */
		for (int t = 0; t < 2; t++)
			f->times[t].tv_sec =
			    NOW / 1000000 + f->epoch * 3600 + (time_t)i * 60;
		total += f->bytes.len;
		learn_frames(f);
	}
	spooldir_clear(&all);
}

static void
put_file(const struct file *f, struct slice bytes)
{
	test_write(path_of(f->name, NULL), bytes);
	assert_int_equal(
	    utimensat(AT_FDCWD, path_of(f->name, NULL), f->times, 0), 0);
}

static bool
is_ours(const char *name)
{
	for (size_t i = 0; i < file_count; i++)
		if (!strcmp(files[i].name, name))
			return true;
	return false;
}

/* All files as they were: `which` was damaged. */
static void
restore(const struct file *which)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	while ((e = readdir(d)))
		if (strchr(e->d_name, '-') && !is_ours(e->d_name))
			unlinkat(dirfd(d), e->d_name, 0);
	closedir(d);
	put_file(which, buf_slice(&which->bytes));
}

/* ---- judging ---- */

static struct {
	long cases, told, told_free, silent;
	long lost, kept; /* records, over all cases */
} count;

static char what[160]; /* the case, for messages */

/* Read everything; seen by epoch and sequence. Returns how often damage was
 * said. */
static int
read_all(bool seen[EPOCHS][RECORDS_MAX])
{
	struct err err;
	struct spoolread *r = spoolread_open(dir, NULL, &err);
	struct spoolread_record rec;
	enum spoolread_got got;
	int damages = 0;

	memset(seen, 0, sizeof(bool[EPOCHS][RECORDS_MAX]));
	while ((got = spoolread_next(r, &rec, &err)) != SPOOLREAD_NOTHING) {
		int e = memcmp(rec.epoch, epochs[1], 16) == 0;

		if (got == SPOOLREAD_ERROR)
			fail_msg("%s: %s", what, err.text);
		if (got == SPOOLREAD_DAMAGE) {
			damages++;
			continue;
		}
		if (rec.sequence > last[e] ||
		    !slice_eq(rec.bytes, buf_slice(&records[e][rec.sequence])))
			fail_msg("%s: record %llu is not what was written",
			    what, (unsigned long long)rec.sequence);
		if (seen[e][rec.sequence])
			fail_msg("%s: record %llu comes twice", what,
			    (unsigned long long)rec.sequence);
		seen[e][rec.sequence] = true;
	}
	spoolread_close(r);
	return damages;
}

static bool
is_told(const struct recover *found, int epoch, uint64_t sequence)
{
	for (size_t i = 0; i < found->damage_count; i++) {
		const struct recover_damage *d = &found->damages[i];

		if (memcmp(d->epoch, epochs[epoch], 16) == 0 && d->first > 0 &&
		    d->first <= sequence && sequence <= d->last)
			return true;
	}
	return false;
}

/* Where the end of an epoch is gone nobody knows how many records that were;
 * then the first of them is told. */
static bool
is_told_tail(const struct recover *found, int epoch, uint64_t sequence,
    bool seen[RECORDS_MAX])
{
	for (uint64_t n = sequence; n <= last[epoch]; n++)
		if (seen[n])
			return false;
	while (sequence > 1 && !seen[sequence - 1])
		if (is_told(found, epoch, sequence--))
			return true;
	return is_told(found, epoch, sequence);
}

static void
judge_records(const struct recover *found)
{
	static bool seen[EPOCHS][RECORDS_MAX];

	if (read_all(seen) > 0)
		fail_msg("%s: a reader still meets damage", what);
	for (int e = 0; e < EPOCHS; e++)
		for (uint64_t n = 1; n <= last[e]; n++) {
			bool told = is_told(found, e, n) ||
				    is_told_tail(found, e, n, seen[e]);

			if (seen[e][n] == told)
				fail_msg("%s: record %llu of epoch %d is %s",
				    what, (unsigned long long)n, e,
				    told ? "there and told lost"
					 : "lost and not told");
			count.lost += told;
			count.kept += !told;
		}
}

/* What the next epoch is begun from: the truth, or nothing. */
static void
judge_end(const struct recover *found)
{
	static const uint8_t nobody[16];
	bool newest = memcmp(found->epoch, epochs[1], 16) == 0;

	if (!found->found || !newest)
		fail_msg("%s: the newest epoch is not found", what);
	if (found->last_known &&
	    (found->last != last[1] || memcmp(found->head, head, 32) != 0))
		fail_msg("%s: a wrong end is taken for the end", what);
	if (found->agent_known)
		assert_int_equal(found->agent[0], 0xa9);
	else
		assert_memory_equal(found->agent, nobody, 16);
	for (size_t i = 0; i < found->checkpoint_count; i++) {
		bool known = false;

		for (size_t j = 0; j < state_count && !known; j++)
			known = slice_eq(buf_slice(&found->checkpoints[i]),
			    buf_slice(&states[j]));
		if (!known)
			fail_msg("%s: a state nobody wrote", what);
	}
}

/* The damaged bytes are kept as they were, whatever else became of them. */
static void
judge_kept(const struct file *f, struct slice damaged)
{
	struct buf b = test_read(path_of(f->name, ".bad"));

	if (!slice_eq(buf_slice(&b), damaged))
		fail_msg("%s: what was kept aside is not what was there", what);
	buf_clear(&b);
}

/* Recover what lies there, where file f holds the bytes `damaged` now. A byte
 * of `synced` alone may go without a word: it then changes nothing. */
static void
judge(const struct file *f, struct slice damaged, bool may_be_silent)
{
	struct recover_safe none = {0};
	struct recover found;
	struct err err;

	if (recover_spool(dir, &none, crypto, &found, &err) != 0)
		fail_msg("%s: recovery gives up: %s", what, err.text);
	count.cases++;
	judge_records(&found);
	judge_end(&found);
	if (found.damage_count == 0) {
		struct buf b = test_read(path_of(f->name, NULL));

		/* Mended: exactly what it was before. */
		if (!may_be_silent ||
		    !slice_eq(buf_slice(&b), buf_slice(&f->bytes)))
			fail_msg("%s: nothing is told", what);
		buf_clear(&b);
		count.silent++;
	} else {
		judge_kept(f, damaged);
		if (found.damages[0].first > 0)
			count.told++;
		else
			count.told_free++;
	}
	recover_clear(&found);
}

/* A reader that comes before recovery: it may see less, and nothing else. */
static void
judge_reader(void)
{
	static bool seen[EPOCHS][RECORDS_MAX];

	(void)read_all(seen);
}

static void
report(const char *title)
{
	printf("# %s: %ld cases, %ld told with what is lost, %ld told as "
	       "costing nothing, %ld mended as before; of %ld records %ld were "
	       "lost\n",
	    title, count.cases, count.told, count.told_free, count.silent,
	    count.kept + count.lost, count.lost);
	memset(&count, 0, sizeof count);
}

/* ---- the ways to damage a byte ---- */

enum way { FLIPPED, ZEROED, FILLED, WAYS };

static char
damaged(char was, enum way way, size_t at)
{
	if (way == FLIPPED)
		return (char)(was ^ (1 << at % 8));
	return way == ZEROED ? 0 : (char)0xff;
}

/* One byte in so many. */
static size_t
every(void)
{
	const char *text = getenv("ASSAY_EVERY");
	size_t n = text ? (size_t)strtoul(text, NULL, 10) : 0;

	return n ? n : 31;
}

/* ---- in memory ---- */

/* A piece: its records as they were written, closed by a commit. */
static void
judge_piece(const struct file *f, const struct salvage_piece *p)
{
	struct segment_frame frame;
	struct segment_commit commit = {0};
	uint64_t n = p->first;

	for (size_t at = 0; at < p->frames.len; at += frame.size) {
		assert_int_equal(
		    segment_get(
			slice_from(buf_slice(&p->frames), at), &frame, NULL),
		    SEGMENT_FRAME);
		if (frame.type == SEGMENT_COMMIT)
			segment_commit_decode(frame.payload, &commit);
		if (frame.type != SEGMENT_RECORD)
			continue;
		assert_int_equal(frame.sequence, n);
		assert_slice(frame.payload, buf_slice(&records[f->epoch][n]));
		n++;
	}
	assert_int_equal(n, p->last + 1);
	assert_int_equal(commit.last, p->last);
}

/* What recovery makes of a segment alone, as far as it is a matter of bytes. */
static void
judge_bytes(const struct file *f, const struct segment_header *truth)
{
	struct slice bytes = buf_slice(&f->bytes);
	struct segment_header h = *truth;
	struct segment_run run;
	struct salvage left;
	uint64_t n = truth->first_sequence, end = last[f->epoch];
	bool whole = segment_header_decode(bytes, &h, NULL) == 0;
	size_t hole = 0;

	if (!whole)
		h = *truth;
	h.synced = segment_synced_decode(
	    (const uint8_t *)bytes.ptr + SEGMENT_SYNCED_AT);
	segment_walk(bytes, SEGMENT_HEADER_LEN, h.first_sequence, h.prev_head,
	    &run, NULL);
	if (f + 1 < files + file_count && f[1].epoch == f->epoch)
		end = f->next - 1;
	count.cases++;
	if (whole && segment_judge(bytes, h.synced, &run) == SEGMENT_WHOLE) {
		if (run.last != end || run.end != bytes.len)
			fail_msg("%s: not seen", what);
		count.silent++;
		return;
	}
	if (salvage_segment(bytes, &h, true, f->next ? f->next - 1 : UINT64_MAX,
		crypto, &left) != 0)
		fail_msg("%s: no memory", what);
	/* Pieces and holes take turns, and leave nothing out. */
	for (size_t i = 0; i < left.piece_count; i++) {
		const struct salvage_piece *p = &left.pieces[i];

		if (n < p->first) {
			assert_true(hole < left.hole_count);
			assert_int_equal(left.holes[hole].first, n);
			assert_int_equal(left.holes[hole].last, p->first - 1);
			count.lost += (long)(p->first - n);
			hole++;
		}
		judge_piece(f, p);
		count.kept += (long)(p->last - p->first + 1);
		n = p->last + 1;
	}
	if (n <= end) {
		assert_int_equal(left.hole_count, hole + 1);
		assert_int_equal(left.holes[hole].first, n);
		/* One at least, where the end is not known. */
		assert_true(left.holes[hole].last == end ||
			    (!f->next && left.holes[hole].last == n &&
				!left.end_known));
		count.lost += (long)(end - n + 1);
	}
	count.told += left.hole_count > 0;
	count.told_free += left.hole_count == 0;
	salvage_clear(&left);
}

static void
every_byte_damaged_in_memory_costs_its_own_record_at_most(void **state)
{
	(void)state;
	for (size_t i = 0; i < file_count; i++)
		for (size_t at = 0; at < files[i].bytes.len; at++)
			for (int way = 0; way < WAYS; way++) {
				struct file *f = &files[i];
				char was = f->bytes.ptr[at];
				long lost = count.lost;

				snprintf(what, sizeof what, "%.57s: byte %zu",
				    f->name, at);
				f->bytes.ptr[at] =
				    damaged(was, (enum way)way, at);
				if (f->bytes.ptr[at] != was)
					judge_bytes(f, &f->header);
				f->bytes.ptr[at] = was;
				assert_true(count.lost - lost <= 1);
			}
	report("each byte in three ways, in memory");
}

static void
every_length_in_memory_loses_what_was_cut_and_no_more(void **state)
{
	(void)state;
	for (size_t i = 0; i < file_count; i++) {
		struct file *f = &files[i];
		size_t whole = f->bytes.len;

		/* From the end: ever more is lost. */
		while (--f->bytes.len > SEGMENT_HEADER_LEN) {
			snprintf(what, sizeof what, "%.57s: cut to %zu",
			    f->name, f->bytes.len);
			judge_bytes(f, &f->header);
		}
		f->bytes.len = whole;
	}
	assert_int_equal(count.silent, 0);
	report("each length, in memory");
}

/* ---- on files ---- */

/* File f holds what its bytes are now; they become what they were. */
static void
try_file(struct file *f, size_t at, char was, bool with_reader)
{
	struct buf now = {0};

	buf_put(&now, buf_slice(&f->bytes));
	put_file(f, buf_slice(&now));
	f->bytes.ptr[at] = was;
	if (with_reader)
		judge_reader();
	judge(f, buf_slice(&now),
	    at >= SEGMENT_SYNCED_AT && at < SEGMENT_HEADER_LEN);
	buf_clear(&now);
	restore(f);
}

static void
bytes_damaged_on_disk_are_told_and_cost_their_own_record(void **state)
{
	(void)state;
	for (size_t i = 0; i < file_count; i++)
		for (size_t at = i; at < files[i].bytes.len; at += every()) {
			struct file *f = &files[i];
			enum way way = (enum way)(at / every() % WAYS);
			char was = f->bytes.ptr[at];
			char to = damaged(was, way, at);

			if (to == was)
				to = damaged(was, FLIPPED, at);
			snprintf(what, sizeof what,
			    "%.57s: byte %zu (%02x) becomes %02x", f->name, at,
			    (uint8_t)was, (uint8_t)to);
			f->bytes.ptr[at] = to;
			try_file(f, at, was, at % 4 == 0);
		}
	report("bytes damaged on disk");
}

static void
a_segment_cut_short_loses_what_was_cut_and_says_so(void **state)
{
	(void)state;
	for (size_t i = 0; i < file_count; i++)
		for (size_t len = i; len < files[i].bytes.len;
		     len += every() * 8 + 1) {
			struct file *f = &files[i];
			struct slice left = {f->bytes.ptr, len};

			snprintf(what, sizeof what, "%.57s: cut to %zu",
			    f->name, len);
			put_file(f, left);
			judge_reader();
			judge(f, left, false);
			restore(f);
		}
	report("segments cut short");
}

/* The newest one leaves no trace here: what it held is read again, and a
 * collector that had it sees the epoch fork. Of older epochs the start that
 * followed had told; a reader sees their numbers missing. */
static void
a_missing_segment_of_the_newest_epoch_is_told(void **state)
{
	size_t told = 0;

	(void)state;
	for (size_t i = 0; i + 1 < file_count; i++) {
		struct recover_safe none = {0};
		static bool seen[EPOCHS][RECORDS_MAX];
		struct recover found;
		struct err err;
		struct file *f = &files[i];

		snprintf(what, sizeof what, "%.57s: missing", f->name);
		assert_int_equal(unlink(path_of(f->name, NULL)), 0);
		assert_int_equal(
		    recover_spool(dir, &none, crypto, &found, &err), 0);
		judge_end(&found);
		(void)read_all(seen);
		for (uint64_t n = 1; n <= last[f->epoch]; n++) {
			bool gone = n >= f->header.first_sequence &&
				    (f->next == 0 || n < f->next);

			assert_int_equal(seen[f->epoch][n], !gone);
			if (f->epoch + 1 == EPOCHS)
				assert_int_equal(
				    is_told(&found, f->epoch, n), gone);
		}
		told += found.damage_count;
		recover_clear(&found);
		restore(f);
	}
	assert_true(told > 0);
}

/* Bytes here and there, and runs of zeros as a lost block leaves them, all at
 * once; the same sums hold. */
static void
many_damages_at_once_are_told_all(void **state)
{
	(void)state;
	srand(27001);
	for (int n = 0; n < 3000 / (int)every() + 50; n++) {
		struct buf was[SEGMENTS_MAX] = {{0}};
		struct recover_safe none = {0};
		struct recover found;
		struct err err;

		snprintf(what, sizeof what, "many damages, number %d", n);
		for (size_t i = 0; i < file_count; i++)
			buf_put(&was[i], buf_slice(&files[i].bytes));
		for (int hits = rand() % 12 + 1; hits > 0; hits--) {
			struct file *f = &files[(size_t)rand() % file_count];
			size_t at = (size_t)rand() % f->bytes.len;
			size_t len = rand() % 4 ? 1 : (size_t)rand() % 5000;

			if (len > f->bytes.len - at)
				len = f->bytes.len - at;
			if (len == 1)
				f->bytes.ptr[at] ^= (char)(rand() % 255 + 1);
			else
				memset(f->bytes.ptr + at, 0, len);
		}
		for (size_t i = 0; i < file_count; i++)
			put_file(&files[i], buf_slice(&files[i].bytes));
		judge_reader();
		if (recover_spool(dir, &none, crypto, &found, &err) != 0)
			fail_msg("%s: %s", what, err.text);
		count.cases++;
		judge_records(&found);
		judge_end(&found);
		recover_clear(&found);
		for (size_t i = 0; i < file_count; i++) {
			buf_reset(&files[i].bytes);
			buf_put(&files[i].bytes, buf_slice(&was[i]));
			buf_clear(&was[i]);
			restore(&files[i]);
		}
	}
	report("many damages at once");
}

/* Damaged, mended, damaged again at the same place, before anything new was
 * written: both files are kept, the first is not overwritten. */
static void
a_segment_damaged_twice_is_kept_twice(void **state)
{
	struct file *f = &files[1];
	struct recover_safe none = {0};
	struct buf first = {0}, second, kept;
	struct recover found;
	struct err err;

	(void)state;
	buf_put(&first, buf_slice(&f->bytes));
	first.ptr[3000] ^= 1;
	put_file(f, buf_slice(&first));
	assert_int_equal(recover_spool(dir, &none, crypto, &found, &err), 0);
	assert_int_equal(found.damage_count, 1);
	recover_clear(&found);
	second = test_read(path_of(f->name, NULL));
	second.ptr[SEGMENT_HEADER_LEN + 40] ^= 1;
	put_file(f, buf_slice(&second));
	assert_int_equal(recover_spool(dir, &none, crypto, &found, &err), 0);
	assert_true(found.damage_count > 0);
	recover_clear(&found);
	kept = test_read(path_of(f->name, ".bad"));
	assert_slice(buf_slice(&kept), buf_slice(&first));
	buf_clear(&kept);
	kept = test_read(path_of(f->name, ".2.bad"));
	assert_slice(buf_slice(&kept), buf_slice(&second));
	buf_clear(&kept);
	buf_clear(&first);
	buf_clear(&second);
	restore(f);
}

static int
set_up(void **state)
{
	struct err err;

	(void)state;
	crypto = crypto_new(&err);
	dir = mkdtemp(quick) ? quick : test_dir();
	write_epoch(0, SIZE / 2);
	write_epoch(1, SIZE);
	learn();
	for (size_t i = 0; i < file_count; i++)
		put_file(&files[i], buf_slice(&files[i].bytes));
	printf("# a spool of %zu bytes in %zu segments, %llu records\n", total,
	    file_count, (unsigned long long)(last[0] + last[1]));
	return total >= SIZE ? 0 : -1;
}

static void
remove_quick(void)
{
	char command[128];

	snprintf(command, sizeof command, "rm -rf '%s'", quick);
	if (dir == quick && system(command) != 0)
		fail_msg("cannot remove %s", quick);
}

static int
tear_down(void **state)
{
	(void)state;
	remove_quick();
	for (size_t i = 0; i < file_count; i++)
		buf_clear(&files[i].bytes);
	for (int e = 0; e < EPOCHS; e++)
		for (size_t n = 0; n < RECORDS_MAX; n++)
			buf_clear(&records[e][n]);
	for (size_t i = 0; i < state_count; i++)
		buf_clear(&states[i]);
	crypto_free(crypto);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		every_byte_damaged_in_memory_costs_its_own_record_at_most),
	    cmocka_unit_test(
		every_length_in_memory_loses_what_was_cut_and_no_more),
	    cmocka_unit_test(
		bytes_damaged_on_disk_are_told_and_cost_their_own_record),
	    cmocka_unit_test(
		a_segment_cut_short_loses_what_was_cut_and_says_so),
	    cmocka_unit_test(a_missing_segment_of_the_newest_epoch_is_told),
	    cmocka_unit_test(many_damages_at_once_are_told_all),
	    cmocka_unit_test(a_segment_damaged_twice_is_kept_twice),
	};

	return cmocka_run_group_tests_name(
	    "spool_damage", tests, set_up, tear_down);
}
