/* SPDX-License-Identifier: Apache-2.0 */
#include "assay/machine.h"

#include <string.h>
#include <unistd.h>

#include "assay/buf.h"
#include "assay/encode.h"
#include "assay/smallfile.h"

#define ID_LEN 32 /* hex digits */

/* 1 and the 32 digits, 0 when the file does not hold them, -1. */
static int
read_id(const char *path, char id[ID_LEN], struct err *err)
{
	struct buf b = {0};
	uint8_t raw[ID_LEN / 2];
	int status = smallfile_read(path, 64, &b, err);

	if (status == 1 &&
	    (b.len < ID_LEN ||
		!encode_unhex((struct slice){b.ptr, ID_LEN}, raw, sizeof raw)))
		status = 0;
	if (status == 1)
		memcpy(id, b.ptr, ID_LEN);
	buf_clear(&b);
	return status;
}

static int
make_spare(const char *path, char id[ID_LEN], struct err *err)
{
	char text[ID_LEN + 2];
	uint8_t raw[ID_LEN / 2];

	if (crypto_random(raw, sizeof raw, err) != 0)
		return -1;
	encode_hex(text, raw, sizeof raw);
	text[ID_LEN] = '\n';
	memcpy(id, text, ID_LEN);
	return smallfile_write(
	    path, (struct slice){text, ID_LEN + 1}, 0600, true, err);
}

static void
derive(struct crypto *c, const char id[ID_LEN], struct slice word,
    uint8_t uuid[16])
{
	uint8_t mac[CRYPTO_HASH_LEN];

	crypto_hmac(c, (struct slice){id, ID_LEN}, &word, 1, mac);
	memcpy(uuid, mac, 16);
	uuid[6] = (uint8_t)((uuid[6] & 0x0f) | 0x80);
	uuid[8] = (uint8_t)((uuid[8] & 0x3f) | 0x80);
}

int
machine_read(
    struct machine *m, struct crypto *c, const char *spare, struct err *err)
{
	struct machine made = {0};
	char id[ID_LEN];
	int got = read_id("/etc/machine-id", id, NULL);

	if (got != 1)
		got = read_id(spare, id, err);
	if (got < 0 || (got == 0 && make_spare(spare, id, err) != 0))
		return -1;
	if (gethostname(made.name, sizeof made.name - 1) != 0)
		return err_sys(err, "the name of this host");
	derive(c, id, SLICE("assay host id"), made.host);
	derive(c, id, SLICE("assay event ids"), made.space);
	*m = made;
	return 0;
}
