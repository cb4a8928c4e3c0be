/* SPDX-License-Identifier: Apache-2.0 */
#include "identity.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "assay/encode.h"
#include "assay/jsonin.h"
#include "assay/jsonout.h"
#include "assay/smallfile.h"

struct paths {
	char identity[PATH_MAX];
	char key[PATH_MAX];
};

static int
make_paths(struct paths *p, const char *state, struct err *err)
{
	if (snprintf(p->identity, sizeof p->identity, "%s/identity.json",
		state) >= (int)sizeof p->identity ||
	    snprintf(p->key, sizeof p->key, "%s/agent.key", state) >=
		(int)sizeof p->key)
		return err_set(err, "the path '%s' is too long", state);
	return 0;
}

static bool
read_uuid(const json_t *json, const char *key, uint8_t uuid[16])
{
	struct slice text;

	return jsonin_string(json, key, &text) && encode_unuuid(text, uuid);
}

/* 1 and who the state says we are, 0 when it says nothing, -1. */
static int
read_saved(
    const char *path, uint8_t agent[16], uint8_t host[16], struct err *err)
{
	struct buf b = {0};
	json_t *json;
	int status = smallfile_read(path, 4096, &b, err);

	if (status != 1) {
		buf_clear(&b);
		return status;
	}
	json = jsonin_parse(buf_slice(&b), err);
	buf_clear(&b);
	if (!json || !read_uuid(json, "agent", agent) ||
	    !read_uuid(json, "host", host))
		status = err_set(err,
		    "'%s' is damaged; move it away to begin with a new "
		    "identity",
		    path);
	json_decref(json);
	return status;
}

static int
write_new(struct identity *i, struct crypto *c, const struct machine *machine,
    const struct paths *p, struct err *err)
{
	char agent[ENCODE_UUID_LEN + 1], host[ENCODE_UUID_LEN + 1];
	struct buf b = {0};
	int status = -1;

	i->is_new = true;
	i->key = crypto_key_new(c, err);
	if (!i->key || crypto_uuid4(i->agent, err) != 0)
		return -1;
	encode_uuid(agent, i->agent);
	encode_uuid(host, machine->host);
	jsonout_object(&b);
	jsonout_kstr(&b, "agent", agent);
	jsonout_kstr(&b, "host", host);
	jsonout_object_end(&b);
	buf_putc(&b, '\n');
	/* The key first: an id is only there with its key. An id that no record
	 * carries yet may be replaced without a trace. */
	if (crypto_key_save(i->key, p->key, err) == 0)
		status = smallfile_write(
		    p->identity, buf_slice(&b), 0600, true, err);
	buf_clear(&b);
	return status;
}

/* Why the saved identity cannot go on; NULL when it can. */
static const char *
obstacle(const struct identity *i, const uint8_t host[16],
    const struct machine *machine, const struct recover *found)
{
	if (memcmp(host, machine->host, 16) != 0)
		return "the state is another machine's";
	if (!found->found)
		return "the spool is lost";
	if (!found->last_known)
		return "the end of the last epoch is damaged";
	if (found->agent_known && memcmp(found->agent, i->agent, 16) != 0)
		return "the spool is another agent's";
	return NULL;
}

int
identity_load(struct identity *i, struct crypto *c,
    const struct machine *machine, const char *state,
    const struct recover *found, struct err *err)
{
	struct paths p;
	uint8_t host[16];
	int saved;

	*i = (struct identity){0};
	if (make_paths(&p, state, err) != 0)
		return -1;
	saved = read_saved(p.identity, i->agent, host, err);
	if (saved < 0)
		return -1;
	if (saved == 0)
		i->reason =
		    found->found ? "the identity is lost" : "first start";
	else
		i->reason = obstacle(i, host, machine, found);
	if (i->reason) {
		if (write_new(i, c, machine, &p, err) != 0)
			goto fail;
		return 0;
	}
	i->key = crypto_key_load(c, p.key, err);
	if (!i->key) {
		err_prefix(err, "the key of this agent (move identity.json "
				"away to begin with a new identity)");
		goto fail;
	}
	i->prev.known = true;
	memcpy(i->prev.epoch, found->epoch, 16);
	i->prev.last = found->last;
	memcpy(i->prev.head, found->head, CHAIN_LEN);
	return 0;
fail:
	identity_clear(i);
	return -1;
}

void
identity_clear(struct identity *i)
{
	crypto_key_free(i->key);
	*i = (struct identity){0};
}
