/* SPDX-License-Identifier: Apache-2.0 */
#include "identity.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "assay/encode.h"
#include "assay/smallfile.h"

static int
make_path(
    char path[PATH_MAX], const char *state, const char *name, struct err *err)
{
	int len = snprintf(path, PATH_MAX, "%s/%s", state, name);

	if (len < 0 || len >= PATH_MAX)
		return err_set(err, "the path '%s' is too long", state);
	return 0;
}

static int
read_id(const char *path, uint8_t id[16], struct err *err)
{
	struct buf text = {0};
	int got = smallfile_read(path, 64, &text, err);

	if (got == 1 &&
	    (text.len != ENCODE_UUID_LEN + 1 ||
		text.ptr[ENCODE_UUID_LEN] != '\n' ||
		!encode_unuuid((struct slice){text.ptr, ENCODE_UUID_LEN}, id)))
		got = err_set(err,
		    "'%s' is damaged: want one UUID and a newline; move it "
		    "away to begin with a new identity",
		    path);
	buf_clear(&text);
	return got;
}

static int
write_id(const char *path, const uint8_t id[16], struct err *err)
{
	char text[ENCODE_UUID_LEN + 2];

	encode_uuid(text, id);
	text[ENCODE_UUID_LEN] = '\n';
	return smallfile_write(
	    path, (struct slice){text, ENCODE_UUID_LEN + 1}, 0640, true, err);
}

/* The key comes first: an id is only there with a key that was saved. */
static int
make_identity(struct identity *i, struct crypto *c, const char *id_path,
    const char *key_path, struct err *err)
{
	i->key = crypto_key_new(c, err);
	if (!i->key || crypto_uuid4(i->id, err) ||
	    crypto_key_save(i->key, key_path, err) ||
	    write_id(id_path, i->id, err))
		return -1;
	return 0;
}

int
identity_load(
    struct identity *i, struct crypto *c, const char *state, struct err *err)
{
	char id_path[PATH_MAX], key_path[PATH_MAX], spare[PATH_MAX];
	struct identity made = {0};
	int got;

	if (make_path(id_path, state, "collector.id", err) ||
	    make_path(key_path, state, "collector.key", err) ||
	    make_path(spare, state, "machine-id", err))
		return -1;
	got = read_id(id_path, made.id, err);
	if (got < 0)
		return -1;
	if (got && access(key_path, F_OK) == 0)
		made.key = crypto_key_load(c, key_path, err);
	else if (make_identity(&made, c, id_path, key_path, err))
		goto fail;
	if (!made.key || machine_read(&made.machine, c, spare, err))
		goto fail;
	*i = made;
	return 0;
fail:
	crypto_key_free(made.key);
	return -1;
}

void
identity_clear(struct identity *i)
{
	crypto_key_free(i->key);
	memset(i, 0, sizeof *i);
}

struct record_host
identity_host(const struct identity *i)
{
	struct record_host host = {.name = slice_of(i->machine.name)};

	memcpy(host.id, i->machine.host, 16);
	return host;
}
