/* SPDX-License-Identifier: Apache-2.0 */
#include "identity.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "assay/encode.h"

static int
make_path(
    char path[PATH_MAX], const char *state, const char *name, struct err *err)
{
	int len = snprintf(path, PATH_MAX, "%s/%s", state, name);

	if (len < 0 || len >= PATH_MAX)
		return err_set(err, "the path '%s' is too long", state);
	return 0;
}

/* 1 and the first bytes of a small file, 0 when it is missing, -1. */
static int
read_small(
    const char *path, char *text, size_t size, size_t *len, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return err_sys(err, "open '%s'", path);
	got = read(fd, text, size);
	if (got < 0)
		err_sys(err, "read '%s'", path);
	close(fd);
	if (got < 0)
		return -1;
	*len = (size_t)got;
	return 1;
}

static int
read_id(const char *path, uint8_t id[16], struct err *err)
{
	char text[64];
	size_t len;
	int got = read_small(path, text, sizeof text, &len, err);

	if (got != 1)
		return got;
	if (len != ENCODE_UUID_LEN + 1 || text[ENCODE_UUID_LEN] != '\n' ||
	    !encode_unuuid((struct slice){text, ENCODE_UUID_LEN}, id))
		return err_set(err,
		    "'%s' is damaged: want one UUID and a newline; move it "
		    "away to begin with a new identity",
		    path);
	return 1;
}

/* Written beside and renamed: the file is whole or not there. */
static int
write_id(const char *path, const uint8_t id[16], struct err *err)
{
	char text[ENCODE_UUID_LEN + 2], temporary[PATH_MAX];
	int fd;

	encode_uuid(text, id);
	text[ENCODE_UUID_LEN] = '\n';
	if (snprintf(temporary, sizeof temporary, "%s.new", path) >=
	    (int)sizeof temporary)
		return err_set(err, "the path '%s' is too long", path);
	fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	if (fd < 0)
		return err_sys(err, "open '%s'", temporary);
	if (write(fd, text, ENCODE_UUID_LEN + 1) != ENCODE_UUID_LEN + 1 ||
	    fsync(fd)) {
		err_sys(err, "write '%s'", temporary);
		close(fd);
		return -1;
	}
	close(fd);
	if (rename(temporary, path))
		return err_sys(err, "rename '%s'", temporary);
	return 0;
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

/* A machine's id as others may see it: not the secret one itself. */
static int
find_host(struct identity *i, struct crypto *c, struct err *err)
{
	static const char application[] = "assay host id";
	uint8_t mac[CRYPTO_HASH_LEN];
	char machine[64];
	struct slice part = SLICE(application);
	size_t len = 0;

	if (gethostname(i->host_name, sizeof i->host_name - 1))
		return err_sys(err, "the name of this host");
	if (read_small("/etc/machine-id", machine, sizeof machine, &len, err) !=
		1 ||
	    len < 32) {
		/* Without one, the collector's own id serves. */
		memcpy(i->host_id, i->id, 16);
		return 0;
	}
	crypto_hmac(c, (struct slice){machine, 32}, &part, 1, mac);
	memcpy(i->host_id, mac, 16);
	i->host_id[6] = (uint8_t)((i->host_id[6] & 0x0f) | 0x80);
	i->host_id[8] = (uint8_t)((i->host_id[8] & 0x3f) | 0x80);
	return 0;
}

int
identity_load(
    struct identity *i, struct crypto *c, const char *state, struct err *err)
{
	char id_path[PATH_MAX], key_path[PATH_MAX];
	struct identity made = {0};
	int got;

	if (make_path(id_path, state, "collector.id", err) ||
	    make_path(key_path, state, "collector.key", err))
		return -1;
	got = read_id(id_path, made.id, err);
	if (got < 0)
		return -1;
	if (got && access(key_path, F_OK) == 0)
		made.key = crypto_key_load(c, key_path, err);
	else if (make_identity(&made, c, id_path, key_path, err))
		goto fail;
	if (!made.key || find_host(&made, c, err))
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
	struct record_host host = {.name = slice_of(i->host_name)};

	memcpy(host.id, i->host_id, 16);
	return host;
}
