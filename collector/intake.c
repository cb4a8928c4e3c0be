/* SPDX-License-Identifier: Apache-2.0 */
#include "intake.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assay/chain.h"
#include "assay/encode.h"
#include "assay/jsonin.h"
#include "assay/log.h"
#include "assay/record.h"
#include "assay/verify.h"
#include "dead.h"
#include "finding.h"
#include "row.h"

/* What is known of an agent beside its records. */
struct agent {
	uint8_t id[16];
	bool pinned;
	struct crypto_public key;
	bool has_host;
	char *host_name;
	uint8_t host_id[16];
};

struct refused {
	uint8_t agent[16];
	uint8_t epoch[16];
};

struct lane {
	char *name;
	char stored[STREAM_POSITION_MAX];
	char next[STREAM_POSITION_MAX];
};

struct intake {
	struct crypto *crypto;
	struct store *store;
	struct finding_teller teller;
	struct verify *verify;
	struct agent *agents;
	size_t agent_count;
	struct refused *refused; /* epochs whose start was of another key */
	size_t refused_count;
	struct lane *lanes;
	size_t lane_count;
	intake_refused_fn *on_refused;
	void *on_refused_arg;
	bool dirty; /* something may be found that was not told */
	struct intake_counts counts;
};

/* One more zeroed item at the end of an array; NULL when memory is short. */
static void *
push(void **array, size_t *count, size_t size)
{
	char *items = *array;

	if ((*count & (*count - 1)) == 0) {
		size_t room = *count ? *count * 2 : 1;

		items = reallocarray(*array, room, size);
		if (!items)
			return NULL;
		*array = items;
	}
	memset(items + *count * size, 0, size);
	return items + (*count)++ * size;
}

static struct agent *
find_agent(struct intake *in, const uint8_t id[16])
{
	for (size_t i = 0; i < in->agent_count; i++)
		if (memcmp(in->agents[i].id, id, 16) == 0)
			return &in->agents[i];
	return NULL;
}

static struct agent *
need_agent(struct intake *in, const uint8_t id[16], struct err *err)
{
	struct agent *agent = find_agent(in, id);

	if (agent)
		return agent;
	agent = push((void **)&in->agents, &in->agent_count, sizeof *agent);
	if (!agent) {
		err_set(err, "no memory to know one more agent");
		return NULL;
	}
	memcpy(agent->id, id, 16);
	return agent;
}

/* The host as the latest start tells it. */
static void
learn_host(struct agent *agent, const struct record *r)
{
	const json_t *host = json_object_get(r->data, "host");
	struct slice name, id;
	char *copy;

	if (!jsonin_string(host, "name", &name) ||
	    !jsonin_string(host, "id", &id) || !(copy = slice_strdup(name)))
		return;
	free(agent->host_name);
	agent->host_name = copy;
	agent->has_host = encode_unuuid(id, agent->host_id);
}

static bool
host_of(void *arg, const uint8_t id[16], struct record_host *host)
{
	const struct agent *agent = find_agent(arg, id);

	if (!agent || !agent->has_host)
		return false;
	host->name = slice_of(agent->host_name);
	memcpy(host->id, agent->host_id, 16);
	return true;
}

static bool
is_refused(const struct intake *in, const struct record *r)
{
	for (size_t i = 0; i < in->refused_count; i++)
		if (memcmp(in->refused[i].epoch, r->epoch, 16) == 0 &&
		    memcmp(in->refused[i].agent, r->agent, 16) == 0)
			return true;
	return false;
}

static void
forgive(struct intake *in, const struct record *r)
{
	for (size_t i = 0; i < in->refused_count; i++)
		if (memcmp(in->refused[i].epoch, r->epoch, 16) == 0 &&
		    memcmp(in->refused[i].agent, r->agent, 16) == 0)
			in->refused[i--] = in->refused[--in->refused_count];
}

/* Nothing of an epoch is taken whose start another key signed; unless the log
 * has a start of it already: then only the forged one is refused. */
static int
refuse_epoch(struct intake *in, const struct store_key *key, struct err *err)
{
	struct store_key start = *key;
	struct store_row row;
	struct refused *refused;
	int got;

	start.sequence = 1;
	got = store_find(in->store, &start, &row, err);
	if (got)
		return got < 0 ? -1 : 0;
	refused =
	    push((void **)&in->refused, &in->refused_count, sizeof *refused);
	if (!refused)
		return err_set(err, "no memory to refuse an epoch");
	memcpy(refused->agent, key->agent, 16);
	memcpy(refused->epoch, key->epoch, 16);
	return 0;
}

/* ---- what the store knows ---- */

struct load {
	struct intake *in;
	struct err *err;
};

static int
load_pin(void *arg, const struct store_pin *pin)
{
	struct load *load = arg;
	struct intake *in = load->in;
	struct agent *agent = need_agent(in, pin->agent, load->err);

	if (!agent || crypto_public_parse(in->crypto, slice_of(pin->public),
			  &agent->key, load->err))
		return -1;
	agent->pinned = true;
	return verify_pin(in->verify, agent->id, &agent->key, load->err);
}

static int
load_row(void *arg, const struct store_row *row)
{
	struct load *load = arg;
	struct intake *in = load->in;
	enum verify_arrival arrival;
	struct record r;
	int rc;

	if (row->leaf.len != CHAIN_LEN)
		return err_set(load->err,
		    "record %" PRIu64 " of the log has no leaf; run "
		    "`assay-collector verify`",
		    row->index);
	if (row->bytes.len == 0 || record_decode(row->bytes, &r, NULL))
		return verify_add_leaf(in->verify, row->key.agent,
		    row->key.epoch, row->key.sequence,
		    (const uint8_t *)row->leaf.ptr, &arrival, load->err);
	rc = verify_add(in->verify, &r, &arrival, load->err);
	if (rc == 0 && r.type == RECORD_START && !r.from_collector) {
		struct agent *agent = need_agent(in, r.agent, load->err);

		if (agent)
			learn_host(agent, &r);
		else
			rc = -1;
	}
	record_clear(&r);
	return rc;
}

static int
load_variant(void *arg, const struct store_dead *letter)
{
	struct load *load = arg;
	enum verify_arrival arrival;
	struct record r;
	int rc;

	if (record_decode(letter->bytes, &r, NULL))
		return 0;
	rc = verify_add(load->in->verify, &r, &arrival, load->err);
	record_clear(&r);
	return rc;
}

struct keys {
	struct store_key *keys;
	size_t count;
};

static int
keep_start(void *arg, const struct store_dead *letter)
{
	struct keys *keys = arg;
	struct store_key *key;

	if (!letter->has_key || letter->key.sequence != 1)
		return 0;
	key = push((void **)&keys->keys, &keys->count, sizeof *key);
	if (!key)
		return -1;
	*key = letter->key;
	return 0;
}

static int
load_refused(struct intake *in, struct err *err)
{
	struct keys keys = {0};
	int rc =
	    store_dead(in->store, dead_code(DEAD_KEY), keep_start, &keys, err);

	for (size_t i = 0; rc == 0 && i < keys.count; i++)
		rc = refuse_epoch(in, &keys.keys[i], err);
	free(keys.keys);
	return rc;
}

static int
load(struct intake *in, struct err *err)
{
	struct load load = {in, err};

	if (store_pins(in->store, load_pin, &load, err) ||
	    store_rows_anchored(in->store, load_row, &load, err) ||
	    store_dead(
		in->store, dead_code(DEAD_BYTES), load_variant, &load, err) ||
	    load_refused(in, err))
		return -1;
	verify_watch(in->verify);
	in->dirty = true;
	return 0;
}

struct intake *
intake_new(struct crypto *c, struct store *s, struct author *a, struct err *err)
{
	struct intake *in = calloc(1, sizeof *in);

	if (!in) {
		err_set(err, "no memory for the intake");
		return NULL;
	}
	in->crypto = c;
	in->store = s;
	in->teller = (struct finding_teller){
	    .store = s, .author = a, .host_of = host_of, .arg = in};
	in->verify = verify_new(c, err);
	if (!in->verify || load(in, err)) {
		intake_free(in);
		return NULL;
	}
	return in;
}

void
intake_free(struct intake *in)
{
	if (!in)
		return;
	for (size_t i = 0; i < in->agent_count; i++)
		free(in->agents[i].host_name);
	for (size_t i = 0; i < in->lane_count; i++)
		free(in->lanes[i].name);
	free(in->agents);
	free(in->refused);
	free(in->lanes);
	verify_free(in->verify);
	free(in);
}

void
intake_on_refused(struct intake *in, intake_refused_fn *fn, void *arg)
{
	in->on_refused = fn;
	in->on_refused_arg = arg;
}

struct intake_counts
intake_counts(const struct intake *in)
{
	struct intake_counts counts = in->counts;

	counts.told = in->teller.told;
	return counts;
}

/* ---- taking ---- */

struct taking {
	const struct stream_item *item;
	int64_t now_us;
	const struct record *r; /* NULL until decoded */
};

static void
tell_refused(struct intake *in, const struct stream_item *item,
    enum dead_cause cause, const char *reason)
{
	struct stream_refused what = {
	    .lane = item->lane,
	    .at = item->at,
	    .code = dead_code(cause),
	    .reason = reason,
	    .bytes = item->bytes,
	};

	if (in->on_refused)
		in->on_refused(in->on_refused_arg, &what);
}

static int
bury(struct intake *in, const struct taking *t, enum dead_cause cause,
    const char *reason, struct err *err)
{
	struct store_key key;
	bool added;

	if (t->r)
		key = row_key(t->r);
	if (dead_put(in->store, in->crypto, t->item, cause, reason,
		t->r ? &key : NULL, t->now_us, &added, err))
		return -1;
	if (added) {
		in->counts.dead++;
		log_warnx("intake", "%s at %s is kept aside: %s", t->item->lane,
		    t->item->at, reason);
		tell_refused(in, t->item, cause, reason);
	}
	return 0;
}

/* A start or seal that somebody else signed, or nobody: aside, and told. detail
 * keeps one forger from filling the log: once for each epoch and key. */
static int
bury_forged(struct intake *in, const struct taking *t, enum dead_cause cause,
    const char *detail, const char *reason, struct err *err)
{
	char name[160], agent[33], epoch[33];
	uint8_t leaf[CHAIN_LEN];
	struct finding finding = {
	    .event = "log.tamper",
	    .outcome = "failure",
	    .agent = t->r->agent,
	    .epoch = t->r->epoch,
	    .sequence = t->r->sequence,
	    .lane = t->item->lane,
	    .position = t->item->at,
	    .hash = leaf,
	    .reason = reason,
	};

	encode_hex(agent, t->r->agent, 16);
	encode_hex(epoch, t->r->epoch, 16);
	snprintf(name, sizeof name, "%s %s %s %s", dead_code(cause), agent,
	    epoch, detail);
	chain_leaf(in->crypto, t->item->bytes, leaf);
	if (bury(in, t, cause, reason, err) ||
	    finding_tell_once(&in->teller, name, &finding, t->now_us, err) < 0)
		return -1;
	return 0;
}

/* What an agent may not say: what only the collector writes, and what another
 * one says. NULL when it may. */
static const char *
find_fault(const struct stream_item *item, const struct record *r)
{
	struct slice set;

	if (r->from_collector)
		return "a collector's record does not come by a lane";
	if (item->has_agent && memcmp(item->agent, r->agent, 16) != 0)
		return "the record is of another agent than its lane or key "
		       "says";
	if (r->type == RECORD_ACT)
		return "an agent does not declare what people do";
	if (r->type == RECORD_RATING)
		return "an agent does not rate";
	if (r->type == RECORD_FILES && (!jsonin_string(r->data, "set", &set) ||
					   !slice_eq_str(set, "rules")))
		return "an agent knows no other set of files than its rules";
	return NULL;
}

enum verdict { VERDICT_FAILED = -1, VERDICT_TAKE, VERDICT_BURIED };

static enum verdict
check_start(struct intake *in, const struct taking *t, struct err *err)
{
	const struct agent *agent = find_agent(in, t->r->agent);
	struct crypto_public key;
	struct record_prev prev;
	struct store_key number = row_key(t->r);
	char reason[256];
	struct err why;

	if (record_read_start(in->crypto, t->r, &key, &prev, &why))
		return bury(in, t, DEAD_RECORD, why.text, err) ? VERDICT_FAILED
							       : VERDICT_BURIED;
	if (!agent || !agent->pinned || strcmp(agent->key.id, key.id) == 0)
		return VERDICT_TAKE;
	snprintf(reason, sizeof reason,
	    "the start is of key %s, but %s is pinned for this agent", key.id,
	    agent->key.id);
	if (bury_forged(in, t, DEAD_KEY, key.id, reason, err) ||
	    refuse_epoch(in, &number, err))
		return VERDICT_FAILED;
	return VERDICT_BURIED;
}

static enum verdict
check_seal(struct intake *in, const struct taking *t, struct err *err)
{
	const struct agent *agent = find_agent(in, t->r->agent);
	struct chain_seal seal;
	char reason[256], range[48];
	struct err why;
	bool good;
	int rc;

	if (record_read_seal(t->r, &seal, &why))
		return bury(in, t, DEAD_RECORD, why.text, err) ? VERDICT_FAILED
							       : VERDICT_BURIED;
	if (!agent || !agent->pinned)
		return VERDICT_TAKE; /* judged once its start is here */
	if (strcmp(seal.key, agent->key.id) != 0) {
		snprintf(reason, sizeof reason,
		    "the seal of %" PRIu64 " to %" PRIu64 " is of key %s, but "
		    "%s is pinned for this agent",
		    seal.first, seal.last, seal.key, agent->key.id);
		rc = bury_forged(in, t, DEAD_KEY, seal.key, reason, err);
		return rc ? VERDICT_FAILED : VERDICT_BURIED;
	}
	if (chain_seal_check(&seal, &agent->key, &good, err))
		return VERDICT_FAILED;
	if (good)
		return VERDICT_TAKE;
	snprintf(reason, sizeof reason,
	    "the signature of the seal of %" PRIu64 " to %" PRIu64
	    " does not hold",
	    seal.first, seal.last);
	snprintf(range, sizeof range, "%" PRIu64, t->r->sequence);
	rc = bury_forged(in, t, DEAD_SIGNATURE, range, reason, err);
	return rc ? VERDICT_FAILED : VERDICT_BURIED;
}

static int
pin(struct intake *in, const struct taking *t, struct err *err)
{
	struct agent *agent = need_agent(in, t->r->agent, err);
	struct store_pin row = {.at_us = t->now_us};
	struct record_prev prev;

	if (!agent)
		return -1;
	learn_host(agent, t->r);
	forgive(in, t->r);
	if (agent->pinned)
		return 0;
	if (record_read_start(in->crypto, t->r, &agent->key, &prev, err))
		return -1;
	agent->pinned = true;
	memcpy(row.agent, agent->id, 16);
	row.public = agent->key.text;
	log_info("intake", "%s: the key of host %s is pinned, fingerprint %s",
	    t->item->lane, agent->host_name ? agent->host_name : "?",
	    agent->key.id);
	return store_pin_put(in->store, &row, err) ||
		       verify_pin(in->verify, agent->id, &agent->key, err)
		   ? -1
		   : 0;
}

static int
append(struct intake *in, const struct taking *t, struct err *err)
{
	uint64_t index;

	if (row_append(in->store, in->crypto, t->r, &index, err))
		return -1;
	in->counts.appended++;
	return t->r->type == RECORD_START ? pin(in, t, err) : 0;
}

static int
take_record(struct intake *in, const struct taking *t, struct err *err)
{
	enum verdict verdict = VERDICT_TAKE;
	enum verify_arrival arrival;
	struct err why = {0};

	if (t->r->type == RECORD_START)
		verdict = check_start(in, t, err);
	else if (is_refused(in, t->r))
		return bury(in, t, DEAD_EPOCH,
		    "the start of this epoch is of another key than the pinned",
		    err);
	else if (t->r->type == RECORD_SEAL)
		verdict = check_seal(in, t, err);
	if (verdict != VERDICT_TAKE)
		return verdict == VERDICT_FAILED ? -1 : 0;
	if (verify_add(in->verify, t->r, &arrival, &why))
		return err_set(err, "%s", why.text);
	switch (arrival) {
	case VERIFY_NEW:
		in->dirty |= t->r->type == RECORD_SEAL;
		return append(in, t, err);
	case VERIFY_REPEAT:
		in->counts.repeated++;
		return 0;
	case VERIFY_OTHER:
		in->dirty = true;
		return bury(in, t, DEAD_BYTES,
		    "other bytes are in the log under this number", err);
	case VERIFY_REFUSED:
		in->dirty = true;
		return bury(in, t, DEAD_VARIANTS, why.text, err);
	}
	return 0;
}

static struct lane *
need_lane(struct intake *in, const char *name, struct err *err)
{
	struct lane *lane;
	struct buf at = {0};

	for (size_t i = 0; i < in->lane_count; i++)
		if (strcmp(in->lanes[i].name, name) == 0)
			return &in->lanes[i];
	if (store_lane(in->store, name, &at, err) < 0)
		return NULL;
	lane = push((void **)&in->lanes, &in->lane_count, sizeof *lane);
	if (lane && !(lane->name = strdup(name))) {
		in->lane_count--;
		lane = NULL;
	}
	if (lane)
		snprintf(lane->stored, sizeof lane->stored, "%.*s",
		    SLICE_FMT(buf_slice(&at)));
	else
		err_set(err, "no memory for one more lane");
	buf_clear(&at);
	return lane;
}

static int
take_bytes(struct intake *in, struct taking *t, struct err *err)
{
	const char *fault;
	struct record r;
	struct err why;
	int rc;

	if (t->item->bytes.len > RECORD_MAX) {
		err_set(&why,
		    "%zu bytes, but a record has at most %zu: these are kept",
		    t->item->bytes.len, RECORD_MAX);
		return bury(in, t, DEAD_SIZE, why.text, err);
	}
	if (t->item->fault)
		return bury(in, t, DEAD_SENDER, t->item->fault, err);
	if (record_decode(t->item->bytes, &r, &why))
		return bury(in, t, DEAD_RECORD, why.text, err);
	t->r = &r;
	fault = find_fault(t->item, &r);
	rc = fault ? bury(in, t, DEAD_SENDER, fault, err)
		   : take_record(in, t, err);
	t->r = NULL;
	record_clear(&r);
	return rc;
}

int
intake_take(struct intake *in, const struct stream_item *item, const char *why,
    int64_t now_us, struct err *err)
{
	struct taking t = {.item = item, .now_us = now_us};
	struct lane *lane = need_lane(in, item->lane, err);

	if (!lane)
		return -1;
	if (why ? bury(in, &t, DEAD_DAMAGE, why, err) : take_bytes(in, &t, err))
		return -1;
	if (item->next[0])
		memcpy(lane->next, item->next, sizeof lane->next);
	return 0;
}

/* ---- judging ---- */

int
intake_judge(
    struct intake *in, int64_t now_us, int64_t grace_us, struct err *err)
{
	struct verify_range settled;
	int waiting;

	while (verify_settled(in->verify, &settled))
		in->dirty |= settled.state != VERIFY_SEALED;
	if (!in->dirty)
		return 0;
	waiting = finding_judge(&in->teller, in->verify, now_us, grace_us, err);
	if (waiting < 0)
		return -1;
	in->dirty = waiting > 0;
	return 0;
}

/* ---- lanes ---- */

int
intake_move_lanes(struct intake *in, struct err *err)
{
	for (size_t i = 0; i < in->lane_count; i++) {
		const struct lane *lane = &in->lanes[i];

		if (lane->next[0] && strcmp(lane->next, lane->stored) != 0 &&
		    store_lane_move(
			in->store, lane->name, lane->stored, lane->next, err))
			return -1;
	}
	return 0;
}

void
intake_moved(struct intake *in, intake_moved_fn *visit, void *arg)
{
	for (size_t i = 0; i < in->lane_count; i++) {
		struct lane *lane = &in->lanes[i];

		if (!lane->next[0] || strcmp(lane->next, lane->stored) == 0)
			continue;
		memcpy(lane->stored, lane->next, sizeof lane->stored);
		visit(arg, lane->name, lane->stored);
	}
}
