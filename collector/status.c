/* SPDX-License-Identifier: Apache-2.0 */
#include "status.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "assay/crypto.h"
#include "assay/encode.h"
#include "assay/jsonin.h"
#include "assay/jsonout.h"
#include "assay/printable.h"
#include "assay/smallfile.h"
#include "assay/stamp.h"

#define FILE_NAME "collector.status.json"
#define FILE_MAX ((size_t)1 << 20)

/* ---- writing ---- */

/* A path may hold any bytes. */
static void
put_path(struct buf *out, const char *key, const char *path)
{
	struct buf text = {0};

	printable_utf8(&text, slice_of(path));
	jsonout_kstring(out, key, buf_slice(&text));
	buf_clear(&text);
}

static int
put_lane(void *arg, const char *lane, const char *position)
{
	struct buf *out = arg;

	jsonout_object(out);
	put_path(out, "lane", lane);
	jsonout_kstr(out, "position", position);
	jsonout_object_end(out);
	return 0;
}

/* All epochs of one agent added up. */
struct totals {
	uint64_t epochs, records, highest;
	int64_t last_us;
	char host[256];
};

static int
add_epoch(void *arg, const struct store_epoch *epoch)
{
	struct totals *t = arg;

	t->epochs++;
	t->records += epoch->records;
	t->highest += epoch->highest;
	if (epoch->readtime_us > t->last_us)
		t->last_us = epoch->readtime_us;
	if (epoch->host[0])
		snprintf(t->host, sizeof t->host, "%s", epoch->host);
	return 0;
}

struct pinned {
	uint8_t (*agents)[16];
	char (*keys)[CRYPTO_KEY_ID_LEN + 1];
	size_t count;
	struct crypto *crypto;
};

static int
keep_pin(void *arg, const struct store_pin *pin)
{
	struct pinned *p = arg;
	struct crypto_public key;
	void *agents = reallocarray(p->agents, p->count + 1, sizeof *p->agents);
	void *keys;

	if (!agents)
		return -1;
	p->agents = agents;
	keys = reallocarray(p->keys, p->count + 1, sizeof *p->keys);
	if (!keys)
		return -1;
	p->keys = keys;
	if (crypto_public_parse(p->crypto, slice_of(pin->public), &key, NULL))
		return 0;
	memcpy(p->agents[p->count], pin->agent, 16);
	memcpy(p->keys[p->count++], key.id, sizeof key.id);
	return 0;
}

static void
put_agent(const struct status *s, const uint8_t agent[16], const char *key,
    struct buf *out)
{
	struct totals t = {0};
	char uuid[ENCODE_UUID_LEN + 1];

	encode_uuid(uuid, agent);
	store_epochs(s->store, agent, add_epoch, &t, NULL);
	jsonout_object(out);
	jsonout_kstr(out, "agent", uuid);
	jsonout_kstr(out, "host", t.host);
	jsonout_kstr(out, "fingerprint", key);
	jsonout_kint(out, "epochs", (int64_t)t.epochs);
	jsonout_kint(out, "records", (int64_t)t.records);
	jsonout_kint(out, "missing", (int64_t)(t.highest - t.records));
	if (t.last_us > 0)
		jsonout_kstamp(out, "last", t.last_us);
	jsonout_object_end(out);
}

static void
put_agents(const struct status *s, struct buf *out)
{
	struct pinned p = {.crypto = crypto_new(NULL)};

	jsonout_key(out, "agents");
	jsonout_array(out);
	if (p.crypto)
		store_pins(s->store, keep_pin, &p, NULL);
	for (size_t i = 0; i < p.count; i++)
		put_agent(s, p.agents[i], p.keys[i], out);
	jsonout_array_end(out);
	crypto_free(p.crypto);
	free(p.agents);
	free(p.keys);
}

static void
put_store(const struct status *s, struct buf *out)
{
	uint64_t records = 0, dead = 0;

	jsonout_key(out, "store");
	jsonout_object(out);
	put_path(out, "path", s->store_path);
	if (store_count(s->store, &records, NULL) == 0)
		jsonout_kint(out, "records", (int64_t)records);
	if (store_dead_count(s->store, &dead, NULL) == 0)
		jsonout_kint(out, "dead_letters", (int64_t)dead);
	jsonout_object_end(out);
}

static void
put_streams(const struct status *s, struct buf *out)
{
	struct stream_state state;

	jsonout_key(out, "streams");
	jsonout_array(out);
	for (size_t i = 0; i < s->stream_count; i++) {
		if (!s->streams[i])
			continue;
		stream_look(s->streams[i], &state);
		jsonout_object(out);
		put_path(out, "stream", state.name);
		put_path(out, "words", state.words);
		jsonout_kbool(out, "trouble", state.trouble);
		jsonout_kbool(out, "insecure", state.insecure);
		jsonout_kint(out, "lanes", (int64_t)state.lanes);
		jsonout_kint(out, "behind", (int64_t)state.behind);
		jsonout_object_end(out);
	}
	jsonout_array_end(out);
}

void
status_json(const struct status *s, struct buf *out)
{
	jsonout_object(out);
	jsonout_kstr(out, "program", "assay-collector");
	jsonout_kstr(out, "version", ASSAY_VERSION);
	jsonout_kstr(out, "state", s->state);
	jsonout_kint(out, "pid", getpid());
	jsonout_kstamp(out, "started", s->started_us);
	jsonout_kstamp(out, "updated", s->now_us);
	put_store(s, out);
	jsonout_key(out, "since_start");
	jsonout_object(out);
	jsonout_kint(out, "appended", (int64_t)s->counts.appended);
	jsonout_kint(out, "repeated", (int64_t)s->counts.repeated);
	jsonout_kint(out, "dead_letters", (int64_t)s->counts.dead);
	jsonout_kint(out, "told", (int64_t)s->counts.told);
	jsonout_object_end(out);
	jsonout_key(out, "progress");
	jsonout_object(out);
	jsonout_kint(out, "bytes_done", (int64_t)s->bytes_done);
	jsonout_kint(out, "bytes_total", (int64_t)s->bytes_total);
	jsonout_object_end(out);
	put_streams(s, out);
	jsonout_key(out, "lanes");
	jsonout_array(out);
	store_lanes(s->store, put_lane, out, NULL);
	jsonout_array_end(out);
	put_agents(s, out);
	jsonout_object_end(out);
	buf_putc(out, '\n');
}

/* ---- the file ---- */

static int
make_path(char path[PATH_MAX], const char *state_dir, struct err *err)
{
	const char *run = getenv("RUNTIME_DIRECTORY");
	int len = snprintf(
	    path, PATH_MAX, "%s/%s", run && *run ? run : state_dir, FILE_NAME);

	if (len < 0 || len >= PATH_MAX)
		return err_set(err, "the path '%s' is too long", state_dir);
	return 0;
}

int
status_write(const char *state_dir, struct slice json, struct err *err)
{
	char path[PATH_MAX];

	if (make_path(path, state_dir, err))
		return -1;
	return smallfile_write(path, json, 0640, false, err);
}

int
status_read(const char *state_dir, struct buf *out, struct err *err)
{
	char path[PATH_MAX];

	if (make_path(path, state_dir, err))
		return -1;
	return smallfile_read(path, FILE_MAX, out, err);
}

/* ---- for a person ---- */

static struct slice
text_of(const json_t *object, const char *key)
{
	struct slice text = SLICE("");

	jsonin_string(object, key, &text);
	return text;
}

static int64_t
int_of(const json_t *object, const char *key)
{
	int64_t value = 0;

	jsonin_int(object, key, &value);
	return value;
}

static void
put_age(struct buf *out, int64_t us)
{
	int64_t s = us / STAMP_US_PER_S;

	if (s < 0)
		buf_puts(out, "in the future");
	else if (s < 120)
		buf_printf(out, "%" PRId64 " s ago", s);
	else if (s < 7200)
		buf_printf(out, "%" PRId64 " min ago", s / 60);
	else if (s < 172800)
		buf_printf(out, "%" PRId64 " h ago", s / 3600);
	else
		buf_printf(out, "%" PRId64 " d ago", s / 86400);
}

static void
say_agent(const json_t *agent, int64_t now_us, struct buf *out)
{
	int64_t last_us, missing = int_of(agent, "missing");

	buf_puts(out, "  ");
	printable_put(out, text_of(agent, "host"));
	buf_puts(out, "  agent ");
	printable_put(out, text_of(agent, "agent"));
	buf_printf(out, "  %" PRId64 " records", int_of(agent, "records"));
	if (missing)
		buf_printf(out, " (%" PRId64 " missing)", missing);
	if (jsonin_stamp(agent, "last", &last_us)) {
		buf_puts(out, ", last ");
		put_age(out, now_us - last_us);
	}
	buf_puts(out, "\n    fingerprint ");
	printable_put(out, text_of(agent, "fingerprint"));
	buf_putc(out, '\n');
}

static void
say_stream(const json_t *stream, struct buf *out)
{
	bool insecure = false;

	buf_puts(out, "  ");
	printable_put(out, text_of(stream, "stream"));
	buf_puts(out, ": ");
	printable_put(out, text_of(stream, "words"));
	if (jsonin_bool(stream, "insecure", &insecure) && insecure)
		buf_puts(out, "; NOT ENCRYPTED (insecure: true)");
	buf_putc(out, '\n');
}

static void
say_all(const json_t *root, int64_t now_us, struct buf *out)
{
	const json_t *store = json_object_get(root, "store");
	const json_t *progress = json_object_get(root, "progress");
	const json_t *list, *item;
	int64_t updated_us = 0;
	size_t i;

	jsonin_stamp(root, "updated", &updated_us);
	printable_put(out, text_of(root, "program"));
	buf_putc(out, ' ');
	printable_put(out, text_of(root, "version"));
	buf_puts(out, ", ");
	printable_put(out, text_of(root, "state"));
	buf_printf(out, " (pid %" PRId64 "), as it was ", int_of(root, "pid"));
	put_age(out, now_us - updated_us);
	buf_printf(out,
	    "\nlog: %" PRId64 " records, %" PRId64 " dead letters\n",
	    int_of(store, "records"), int_of(store, "dead_letters"));
	buf_printf(out, "streams: %" PRId64 " of %" PRId64 " bytes read\n",
	    int_of(progress, "bytes_done"), int_of(progress, "bytes_total"));
	list = json_object_get(root, "streams");
	json_array_foreach(list, i, item) say_stream(item, out);
	list = json_object_get(root, "agents");
	json_array_foreach(list, i, item) say_agent(item, now_us, out);
	list = json_object_get(root, "lanes");
	json_array_foreach(list, i, item)
	{
		buf_puts(out, "  lane ");
		printable_put(out, text_of(item, "lane"));
		buf_puts(out, " at ");
		printable_put(out, text_of(item, "position"));
		buf_putc(out, '\n');
	}
}

bool
status_text(struct slice json, int64_t now_us, struct buf *out)
{
	json_t *root = jsonin_parse(json, NULL);

	if (!root)
		return false;
	say_all(root, now_us, out);
	json_decref(root);
	return true;
}
