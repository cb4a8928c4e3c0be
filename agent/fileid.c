/* SPDX-License-Identifier: Apache-2.0 */
#include "fileid.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "assay/buf.h"
#include "assay/diskio.h"

#include "inflate.h"

/* A handle that names a file without being good to open it: newer kernels, for
 * every file system. */
#ifndef AT_HANDLE_FID
#define AT_HANDLE_FID 0x200
#endif
#define TYPE_INODE_GENERATION 0x81 /* inode u64, generation u32 */

union handle {
	struct file_handle h;
	char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
};

const char *
fileid_strength_name(enum fileid_strength strength)
{
	static const char *const names[] = {[FILEID_INODE] = "inode alone",
	    [FILEID_BIRTH] = "inode and birth time",
	    [FILEID_VERSION] = "inode and generation",
	    [FILEID_HANDLE] = "file handle"};

	return names[strength];
}

static bool
ask_handle(int fd, int flags, union handle *u)
{
	uint32_t generation;
	int mount;

	u->h.handle_bytes = MAX_HANDLE_SZ;
	if (name_to_handle_at(fd, "", &u->h, &mount, AT_EMPTY_PATH | flags) !=
	    0)
		return false;
	if (u->h.handle_type != TYPE_INODE_GENERATION ||
	    u->h.handle_bytes != 12)
		return true;
	/* A file system without generations answers 0: that is an inode. */
	memcpy(&generation, u->h.f_handle + 8, sizeof generation);
	return generation != 0;
}

/* The name of the file system that outlives a boot; where it has none, the
 * device. */
static struct slice
file_system(int fd, const struct stat *st, struct statfs *fs)
{
	static const fsid_t none;

	if (fstatfs(fd, fs) == 0 &&
	    memcmp(&fs->f_fsid, &none, sizeof none) != 0)
		return (struct slice){(char *)&fs->f_fsid, sizeof fs->f_fsid};
	return (struct slice){(const char *)&st->st_dev, sizeof st->st_dev};
}

/* What tells apart two files that have one inode number after each other. */
static struct slice
ask_inode(struct fileid *id, int fd, int *version, struct statx *birth)
{
	if (ioctl(fd, FS_IOC_GETVERSION, version) == 0 && *version != 0) {
		id->strength = FILEID_VERSION;
		return (struct slice){(char *)version, sizeof *version};
	}
	if (statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, birth) == 0 &&
	    (birth->stx_mask & STATX_BTIME)) {
		id->strength = FILEID_BIRTH;
		return (struct slice){
		    (char *)&birth->stx_btime, sizeof birth->stx_btime};
	}
	id->strength = FILEID_INODE;
	return (struct slice){"", 0};
}

static void
make_key(struct fileid *id, int fd, const struct stat *st, struct crypto *c)
{
	union handle u;
	struct statfs fs;
	struct statx birth = {0};
	int version = 0;
	uint8_t hash[CRYPTO_HASH_LEN];
	struct slice parts[4] = {file_system(fd, st, &fs)};
	size_t count = 3;

	if (ask_handle(fd, 0, &u) || ask_handle(fd, AT_HANDLE_FID, &u)) {
		id->strength = FILEID_HANDLE;
		parts[1] = (struct slice){
		    (char *)&u.h.handle_type, sizeof u.h.handle_type};
		parts[2] =
		    (struct slice){(char *)u.h.f_handle, u.h.handle_bytes};
	} else {
		/* Layers of an overlay share its id and tell their inodes
		 * apart by device. */
		parts[1] = (struct slice){
		    (const char *)&st->st_dev, sizeof st->st_dev};
		parts[2] = (struct slice){
		    (const char *)&st->st_ino, sizeof st->st_ino};
		parts[3] = ask_inode(id, fd, &version, &birth);
		count = 4;
	}
	crypto_sha256(c, parts, count, hash);
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
	got = diskio_pread(fd, room, FILEID_START, 0);
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
