/* SPDX-License-Identifier: Apache-2.0 */
#include "fileid.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "assay/buf.h"

#include "inflate.h"

/* File system id and file handle (inode and its generation) where there are
 * handles, else device, inode and birth time. */
static void
make_key(struct fileid *id, int fd, const struct stat *st, struct crypto *c)
{
	union {
		struct file_handle handle;
		char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	} u = {.handle.handle_bytes = MAX_HANDLE_SZ};
	struct statx birth = {0};
	uint8_t hash[CRYPTO_HASH_LEN];
	struct slice parts[3] = {
	    {(const char *)&st->st_dev, sizeof st->st_dev}};
	int mount;

	if (name_to_handle_at(fd, "", &u.handle, &mount, AT_EMPTY_PATH) == 0) {
		parts[1] = (struct slice){
		    (char *)&u.handle.handle_type, sizeof u.handle.handle_type};
		parts[2] = (struct slice){
		    (char *)u.handle.f_handle, u.handle.handle_bytes};
	} else {
		(void)statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &birth);
		parts[1] = (struct slice){
		    (const char *)&st->st_ino, sizeof st->st_ino};
		parts[2] = (struct slice){
		    (char *)&birth.stx_btime, sizeof birth.stx_btime};
	}
	crypto_sha256(c, parts, 3, hash);
	memcpy(id->key, hash, sizeof id->key);
}

/* The first stamped line among whole lines of start. */
static bool
find_stamp(struct slice start, const struct fileid_form *form,
    int64_t reference_us, struct slice *line, int64_t *time_us)
{
	struct header_context context = {.reference_us = reference_us,
	    .stamp = form->stamp,
	    .program = form->program};

	for (;;) {
		size_t len = slice_find(start, '\n');
		struct header h;

		if (len == start.len)
			return false;
		*line = (struct slice){start.ptr, len};
		if (header_parse(&context, *line, &h) && h.has_time) {
			*time_us = h.time_us;
			return true;
		}
		start = slice_from(start, len + 1);
	}
}

static void
make_gen(struct fileid *id, struct slice start, const struct fileid_form *form,
    const struct stat *st, struct crypto *c)
{
	int64_t mtime_us =
	    st->st_mtim.tv_sec * INT64_C(1000000) + st->st_mtim.tv_nsec / 1000;
	struct slice parts[2] = {{(char *)id->key, sizeof id->key},
	    {(const char *)&form->truncations, sizeof form->truncations}};
	struct slice line;
	uint8_t hash[CRYPTO_HASH_LEN];

	id->first_us = mtime_us;
	id->stamped = find_stamp(start, form, mtime_us, &line, &id->first_us);
	if (id->stamped)
		crypto_sha256(c, &line, 1, hash);
	else
		crypto_sha256(c, parts, 2, hash);
	memcpy(id->gen, hash, sizeof id->gen);
}

/* The beginning of the file, decompressed, into out. */
static int
read_start(struct fileid *id, int fd, const char *name, struct buf *out,
    struct err *err)
{
	char *room = buf_reserve(out, FILEID_START);
	struct inflate *z;
	ssize_t got;

	if (!room)
		return err_set(err, "no memory to read '%s'", name);
	got = pread(fd, room, FILEID_START, 0);
	if (got < 0)
		return err_sys(err, "read '%s'", name);
	out->len = (size_t)got;
	id->foreign = inflate_is_foreign(buf_slice(out));
	id->compressed = inflate_knows(buf_slice(out));
	if (!id->compressed)
		return 0;
	z = inflate_new(fd, err);
	if (!z)
		return -1;
	got = inflate_read(z, room, FILEID_START, NULL);
	out->len = got > 0 ? (size_t)got : 0;
	inflate_free(z);
	return 0;
}

int
fileid_read(struct fileid *id, int fd, const char *name,
    const struct fileid_form *form, struct crypto *c, struct err *err)
{
	struct fileid made = {0};
	struct buf start = {0};
	struct stat st;
	int status;

	if (fstat(fd, &st) != 0)
		return err_sys(err, "look at '%s'", name);
	made.dev = st.st_dev;
	made.ino = st.st_ino;
	make_key(&made, fd, &st, c);
	status = read_start(&made, fd, name, &start, err);
	if (status == 0) {
		make_gen(&made, buf_slice(&start), form, &st, c);
		*id = made;
	}
	buf_clear(&start);
	return status;
}
