/* SPDX-License-Identifier: Apache-2.0 */
#include "publish_again.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "assay/encode.h"
#include "assay/smallfile.h"

#define LINE_LEN (32 + 1 + 20 + 1)

static int
make_path(char path[PATH_MAX], const char *spool, struct err *err)
{
	int len = snprintf(path, PATH_MAX, "%s/ack/kafka.again", spool);

	if (len < 0 || len >= PATH_MAX)
		return err_set(err, "the path of the spool is too long");
	return 0;
}

int
publish_again_read(
    const char *spool, struct spoolread_position *from, struct err *err)
{
	char path[PATH_MAX];
	struct buf text = {0};
	unsigned long long sequence = 0;
	struct slice line;
	int got;

	if (make_path(path, spool, err) != 0)
		return -1;
	got = smallfile_read(path, LINE_LEN, &text, err);
	line = buf_slice(&text);
	if (got == 1 &&
	    (line.len != LINE_LEN || line.ptr[32] != ' ' ||
		line.ptr[LINE_LEN - 1] != '\n' ||
		!encode_unhex((struct slice){line.ptr, 32}, from->epoch, 16) ||
		!slice_uint(
		    (struct slice){line.ptr + 33, 20}, UINT64_MAX, &sequence) ||
		sequence == 0))
		got = err_set(err, "'%s' is no request to send again", path);
	from->sequence = sequence;
	buf_clear(&text);
	return got;
}

int
publish_again_write(
    const char *spool, const struct spoolread_position *from, struct err *err)
{
	char path[PATH_MAX], text[LINE_LEN + 1];

	if (make_path(path, spool, err) != 0)
		return -1;
	encode_hex(text, from->epoch, 16);
	snprintf(
	    text + 32, sizeof text - 32, " %020" PRIu64 "\n", from->sequence);
	return smallfile_write(
	    path, (struct slice){text, LINE_LEN}, 0640, false, err);
}

int
publish_again_remove(const char *spool, struct err *err)
{
	char path[PATH_MAX];

	if (make_path(path, spool, err) != 0)
		return -1;
	if (unlink(path) == 0 || errno == ENOENT)
		return 0;
	return err_sys(err, "remove '%s'", path);
}
