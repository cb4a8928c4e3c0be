/* SPDX-License-Identifier: Apache-2.0 */
#include "assay/spooldir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "assay/diskio.h"

int
spooldir_compare(const struct spooldir_entry *a, const struct spooldir_entry *b)
{
	int order;

	if (a->header.created_us != b->header.created_us)
		return a->header.created_us < b->header.created_us ? -1 : 1;
	order = memcmp(a->header.epoch, b->header.epoch, 16);
	if (order != 0)
		return order;
	if (a->header.first_sequence != b->header.first_sequence)
		return a->header.first_sequence < b->header.first_sequence ? -1
									   : 1;
	return 0;
}

/* What can still be known of a segment whose header fails: the name says epoch
 * and sequence, the file when; synced counts as far as it is possible. */
static void
guess_header(const struct spooldir_entry *entry, struct slice bytes,
    struct segment_header *header)
{
	uint64_t synced = 0;

	if (bytes.len == SEGMENT_HEADER_LEN)
		synced = segment_synced_decode(
		    (const uint8_t *)bytes.ptr + SEGMENT_SYNCED_AT);
	if (synced < SEGMENT_HEADER_LEN || synced > entry->size)
		synced = entry->size;
	*header = (struct segment_header){
	    .synced = synced, .created_us = entry->mtime_us};
}

static int
read_entry(int fd, const char *name, struct spooldir_entry *entry)
{
	char bytes[SEGMENT_HEADER_LEN];
	struct segment_header *header = &entry->header;
	struct segment_header named;
	struct stat st;
	ssize_t got = diskio_pread(fd, bytes, sizeof bytes, 0);
	struct slice read = {bytes, got > 0 ? (size_t)got : 0};

	*entry = (struct spooldir_entry){0};
	if (got < 0 || fstat(fd, &st) != 0 ||
	    !segment_unname(slice_of(name), named.epoch, &named.first_sequence))
		return -1;
	memcpy(entry->name, name, SEGMENT_NAME_LEN + 1);
	entry->size = (uint64_t)st.st_size;
	entry->mtime_us =
	    st.st_mtim.tv_sec * INT64_C(1000000) + st.st_mtim.tv_nsec / 1000;
	if (segment_header_decode(read, header, NULL) == 0 &&
	    memcmp(header->epoch, named.epoch, 16) == 0 &&
	    header->first_sequence == named.first_sequence)
		return 0;
	entry->broken = true;
	guess_header(entry, read, header);
	memcpy(header->epoch, named.epoch, 16);
	header->first_sequence = named.first_sequence;
	return 0;
}

int
spooldir_open(const char *dir, const char *name, struct spooldir_entry *entry)
{
	char path[PATH_MAX];
	int fd;

	if (snprintf(path, sizeof path, "%s/%s", dir, name) >=
	    (int)sizeof path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (read_entry(fd, name, entry) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Segments whose header is damaged stand with the others of their epoch. */
static void
mend_times(struct spooldir *found)
{
	for (size_t i = 0; i < found->count; i++) {
		struct segment_header *a = &found->all[i].header;

		for (size_t j = 0; j < found->count; j++) {
			struct segment_header *b = &found->all[j].header;

			if (memcmp(a->epoch, b->epoch, 16) == 0 &&
			    b->created_us < a->created_us)
				a->created_us = b->created_us;
		}
	}
}

static int
add_entry(struct spooldir *found, const char *dir, const char *name)
{
	struct spooldir_entry entry;
	struct spooldir_entry *more;
	int fd = spooldir_open(dir, name, &entry);

	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	close(fd);
	more = reallocarray(found->all, found->count + 1, sizeof *more);
	if (!more)
		return -1;
	found->all = more;
	found->all[found->count++] = entry;
	return 0;
}

static int
compare(const void *left, const void *right)
{
	return spooldir_compare(left, right);
}

static int
add_all(struct spooldir *found, const char *dir, DIR *d, struct err *err)
{
	struct dirent *e;

	/* A list cut short would be segments lost. */
	while (errno = 0, (e = readdir(d))) {
		uint8_t epoch[16];
		uint64_t first;

		if (segment_unname(slice_of(e->d_name), epoch, &first) &&
		    add_entry(found, dir, e->d_name) != 0)
			return err_sys(err, "read '%s/%s'", dir, e->d_name);
	}
	return errno == 0 ? 0 : err_sys(err, "list the spool '%s'", dir);
}

int
spooldir_list(const char *dir, struct spooldir *found, struct err *err)
{
	DIR *d = opendir(dir);
	int status;

	*found = (struct spooldir){0};
	if (!d && errno == ENOENT)
		return 0;
	if (!d)
		return err_sys(err, "open the spool '%s'", dir);
	status = add_all(found, dir, d, err);
	closedir(d);
	if (status != 0) {
		spooldir_clear(found);
		return -1;
	}
	mend_times(found);
	if (found->count > 1)
		qsort(found->all, found->count, sizeof *found->all, compare);
	return 0;
}

void
spooldir_clear(struct spooldir *found)
{
	free(found->all);
	*found = (struct spooldir){0};
}
