/* SPDX-License-Identifier: Apache-2.0 */
#include "assay/ack.h"

#include <ctype.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "assay/encode.h"
#include "assay/smallfile.h"

#define LINE_LEN (32 + 1 + 20 + 1)

static bool
is_name(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len > 64)
		return false;
	for (const char *p = name; *p; p++)
		if (!isalnum((unsigned char)*p) && *p != '-' && *p != '_')
			return false;
	return true;
}

static int
make_path(
    char path[PATH_MAX], const char *spool, const char *name, struct err *err)
{
	int len;

	if (!is_name(name))
		return err_set(err,
		    "'%.64s' is no name of a reader: letters, digits, '-' "
		    "and '_'",
		    name);
	len = snprintf(path, PATH_MAX, "%s/ack/%s", spool, name);
	if (len < 0 || len >= PATH_MAX)
		return err_set(err, "the path of the spool is too long");
	return 0;
}

int
ack_write(
    const char *spool, const char *name, const struct ack *ack, struct err *err)
{
	char path[PATH_MAX], text[LINE_LEN + 1];

	if (make_path(path, spool, name, err) != 0)
		return -1;
	encode_hex(text, ack->epoch, 16);
	snprintf(
	    text + 32, sizeof text - 32, " %020" PRIu64 "\n", ack->sequence);
	return smallfile_write(
	    path, (struct slice){text, LINE_LEN}, 0640, false, err);
}

int
ack_read(const char *spool, const char *name, struct ack *ack, struct err *err)
{
	char path[PATH_MAX];
	struct buf b = {0};
	unsigned long long sequence = 0;
	int status;

	if (make_path(path, spool, name, err) != 0)
		return -1;
	status = smallfile_read(path, LINE_LEN, &b, err);
	if (status == 1 &&
	    (b.len != LINE_LEN || b.ptr[32] != ' ' || b.ptr[53] != '\n' ||
		!slice_uint(
		    (struct slice){b.ptr + 33, 20}, UINT64_MAX, &sequence) ||
		!encode_unhex((struct slice){b.ptr, 32}, ack->epoch, 16)))
		status = err_set(err,
		    "'%s' is no acknowledgement (want '<epoch> <sequence>'); "
		    "it is ignored",
		    path);
	if (status == 1)
		ack->sequence = sequence;
	buf_clear(&b);
	return status;
}
