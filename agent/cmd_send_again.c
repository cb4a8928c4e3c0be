/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd_send_again.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "assay/clock.h"
#include "assay/command.h"
#include "assay/encode.h"
#include "assay/log.h"
#include "assay/spooldir.h"

#include "publish_again.h"
#include "publish_wait.h"
#include "settings.h"

#define PATIENCE_US (INT64_C(15) * 1000000)

struct request {
	struct settings settings;
	char spool[PATH_MAX];
	const char *from_text, *epoch_text;
	struct spoolread_position from;
};

static int
refuse(int status, const struct err *err)
{
	fprintf(stderr, "assay-agent send-again: %s\n", err->text);
	return status;
}

/* Take --from and --epoch out of the arguments; the others are settings'. */
static int
take_own(struct request *r, int *argc, char **argv)
{
	int kept = 1;

	for (int i = 1; i < *argc; i++) {
		bool from = !strcmp(argv[i], "--from");

		if (!from && strcmp(argv[i], "--epoch") != 0) {
			argv[kept++] = argv[i];
			continue;
		}
		if (i + 1 == *argc) {
			fprintf(stderr,
			    "assay-agent send-again: no value after '%s'\n",
			    argv[i]);
			return COMMAND_USAGE;
		}
		*(from ? &r->from_text : &r->epoch_text) = argv[++i];
	}
	*argc = kept;
	return COMMAND_OK;
}

/* ---- which records ---- */

/* What there is, for whom named what is not. */
static void
print_epochs(const struct spooldir *all)
{
	char epoch[33] = "";

	for (size_t i = 0; i < all->count; i++) {
		const struct segment_header *h = &all->all[i].header;

		if (i > 0 &&
		    !memcmp(h->epoch, all->all[i - 1].header.epoch, 16))
			continue;
		encode_hex(epoch, h->epoch, 16);
		fprintf(stderr, "  %s from %" PRIu64 " on\n", epoch,
		    h->first_sequence);
	}
}

/* The first segment of the epoch that is asked for: the newest, when none is
 * named. */
static const struct spooldir_entry *
find_epoch(struct request *r, const struct spooldir *all)
{
	size_t i = 0;

	if (!r->epoch_text && all->count > 0)
		memcpy(
		    r->from.epoch, all->all[all->count - 1].header.epoch, 16);
	while (i < all->count &&
	       memcmp(all->all[i].header.epoch, r->from.epoch, 16) != 0)
		i++;
	return i < all->count ? &all->all[i] : NULL;
}

static int
check_epoch(struct request *r, const struct spooldir *all)
{
	const struct spooldir_entry *first = find_epoch(r, all);

	if (!first) {
		fprintf(stderr,
		    "assay-agent send-again: the spool '%s' has %s%s\n",
		    r->spool,
		    all->count > 0 ? "no record of that epoch; it has"
				   : "no records",
		    all->count > 0 ? ":" : "");
		print_epochs(all);
		return COMMAND_NO;
	}
	if (r->from.sequence < first->header.first_sequence)
		fprintf(stderr,
		    "assay-agent send-again: records before %" PRIu64
		    " of this epoch are not in the spool any more; what is "
		    "there is sent\n",
		    first->header.first_sequence);
	return COMMAND_OK;
}

static int
read_request(struct request *r)
{
	unsigned long long sequence = 0;
	struct spooldir all;
	struct err err;
	int status;

	if (!r->from_text ||
	    !slice_uint(slice_of(r->from_text), INT64_MAX, &sequence) ||
	    sequence == 0) {
		err_set(&err, "--from wants the number of a record, from 1 "
			      "on; the collector names what is missing");
		return refuse(COMMAND_USAGE, &err);
	}
	if (r->epoch_text &&
	    !encode_unhex(slice_of(r->epoch_text), r->from.epoch, 16)) {
		err_set(&err, "--epoch wants 32 hex digits");
		return refuse(COMMAND_USAGE, &err);
	}
	r->from.sequence = sequence;
	if (spooldir_list(r->spool, &all, &err) != 0)
		return refuse(
		    errno == EACCES ? COMMAND_PERMISSION : COMMAND_NO, &err);
	status = check_epoch(r, &all);
	spooldir_clear(&all);
	return status;
}

/* ---- sending ---- */

/* Does an agent run with this spool? */
static bool
is_running(const struct request *r)
{
	char path[PATH_MAX + 8];
	bool locked;
	int fd;

	snprintf(path, sizeof path, "%s/lock", r->spool);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	locked = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
	close(fd);
	return locked;
}

static int
ask_agent(const struct request *r)
{
	struct spoolread_position pending;
	struct err err;

	if (publish_again_read(r->spool, &pending, &err) == 1) {
		err_set(&err,
		    "the agent still sends again from record %" PRIu64
		    " on, as it was asked before; `assay-agent status` shows "
		    "how far it is",
		    pending.sequence);
		return refuse(COMMAND_NO, &err);
	}
	if (publish_again_write(r->spool, &r->from, &err) != 0)
		return refuse(
		    errno == EACCES ? COMMAND_PERMISSION : COMMAND_NO, &err);
	printf("asked the running agent to send records from %" PRIu64
	       " on again; `assay-agent status` shows how far it is\n",
	    r->from.sequence);
	return COMMAND_OK;
}

static int
send_now(const struct request *r)
{
	struct publish_options o = {
	    .spool = r->spool, .kafka = &r->settings.kafka, .again = &r->from};
	struct publish_health h;
	struct err err;
	struct clock *clock = clock_new();
	struct publish *p = clock ? publish_new(&o, &err) : NULL;
	int status = COMMAND_NO;

	if (p && publish_wait(p, clock, PATIENCE_US)) {
		publish_look(p, &h);
		printf("%" PRIu64 " records were sent again\n", h.delivered);
		status = COMMAND_OK;
	} else if (p) {
		publish_look(p, &h);
		err_set(&err,
		    "%" PRIu64 " records were sent again, then nothing was "
		    "delivered any more: %s",
		    h.delivered, h.problem ? h.problem : "no answer");
		status = refuse(COMMAND_UNREACHABLE, &err);
	} else if (clock) {
		status = refuse(COMMAND_NO, &err);
	}
	publish_free(p, PATIENCE_US);
	clock_free(clock);
	return status;
}

static int
work(struct request *r)
{
	struct err err;
	int status;

	if (snprintf(r->spool, sizeof r->spool, "%s/spool",
		options_text(r->settings.options, "state")) >=
	    (int)sizeof r->spool) {
		err_set(&err, "the path of the state is too long");
		return refuse(COMMAND_USAGE, &err);
	}
	if (r->settings.kafka.count == 0) {
		err_set(&err,
		    "kafka is not set up: nothing is sent from here "
		    "(`kafka:` in " SETTINGS_CONFIG ", or --config FILE)");
		return refuse(COMMAND_USAGE, &err);
	}
	status = read_request(r);
	if (status != COMMAND_OK)
		return status;
	return is_running(r) ? ask_agent(r) : send_now(r);
}

int
cmd_send_again(int argc, char **argv)
{
	struct request r = {0};
	struct problems *p = problems_new();
	struct buf out = {0};
	int status = p ? take_own(&r, &argc, argv) : COMMAND_NO;

	log_start(STDERR_FILENO, LOG_AT_WARN, -1);
	if (status == COMMAND_OK)
		status = settings_read(
		    &r.settings, "send-again", "from epoch", argc, argv, p);
	if (p)
		problems_print(p, &out);
	fwrite(out.ptr ? out.ptr : "", 1, out.len, stderr);
	if (status == COMMAND_OK && !r.settings.help)
		status = work(&r);
	settings_clear(&r.settings);
	buf_clear(&out);
	problems_free(p);
	return status;
}
