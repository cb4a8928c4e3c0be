/* SPDX-License-Identifier: Apache-2.0 */
#include "assay/kafka.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "assay/command.h"
#include "assay/options.h"
#include "assay/slice.h"

#define VALUE_MAX 512

/* What every client of ours has. */
static const struct kafka_property base[] = {
    {"log.queue", "true", ""},
    {"enable.ssl.certificate.verification", "true", ""},
    {"ssl.endpoint.identification.algorithm", "https", ""},
    {"socket.nagle.disable", "true", ""},
    {"socket.keepalive.enable", "true", ""},
    {"reconnect.backoff.max.ms", "10000", ""},
    {"allow.auto.create.topics", "false", ""},
};

/* Defaults, of ours or the caller's, that nobody changes, and why. */
static const struct fixed {
	const char *key, *alias, *why;
} fixed[] = {
    {"log.queue", NULL, "what librdkafka says is read from there"},
    {"enable.ssl.certificate.verification", NULL,
	"who reads the evidence must be who they say"},
    {"ssl.endpoint.identification.algorithm", NULL,
	"who reads the evidence must be who they say"},
    {"enable.idempotence", NULL, "a retry must not write a record twice"},
    {"acks", "request.required.acks",
	"a record counts as sent when every replica has it"},
    {"message.timeout.ms", "delivery.timeout.ms",
	"a record waits as long as it takes, it is never dropped"},
    {"enable.auto.commit", NULL, "the store knows what was read"},
    {"enable.auto.offset.store", NULL, "the store knows what was read"},
    {"auto.offset.reset", NULL, "a hole must be seen, not jumped over"},
    {"check.crcs", NULL, "damage must be seen"},
};

/* Keys that are ours, not librdkafka's. */
static const char *const ours[] = {"topic", "dead_topic", "insecure", NULL};

/* ---- what a map says ---- */

const char *
kafka_value(const struct kafka_property *own, size_t own_count, const char *key,
    const char *fallback)
{
	for (size_t i = own_count; i > 0; i--)
		if (!strcmp(own[i - 1].key, key))
			return own[i - 1].value;
	return fallback;
}

static const struct kafka_property *
find(const struct kafka_property *own, size_t own_count, const char *key,
    const char *alias)
{
	for (size_t i = own_count; i > 0; i--)
		if (!strcmp(own[i - 1].key, key) ||
		    (alias && !strcmp(own[i - 1].key, alias)))
			return &own[i - 1];
	return NULL;
}

static bool
is_ours(const char *key)
{
	for (size_t i = 0; ours[i]; i++)
		if (!strcmp(ours[i], key))
			return true;
	return false;
}

static int
complain(struct err *err, const struct kafka_property *at, const char *text)
{
	return err_set(err, "%s%skafka: %s", at ? at->at : "",
	    at && at->at[0] ? ": " : "", text);
}

/* ---- who may read along ---- */

/* The host of "host:port" or "[v6]:port", cut at both ends. */
static struct slice
host_of(struct slice broker)
{
	while (broker.len > 0 && *broker.ptr == ' ')
		broker = slice_from(broker, 1);
	if (broker.len > 0 && *broker.ptr == '[') {
		broker = slice_from(broker, 1);
		broker.len = slice_find(broker, ']');
	} else {
		broker.len = slice_find(broker, ':');
	}
	while (broker.len > 0 && broker.ptr[broker.len - 1] == ' ')
		broker.len--;
	return broker;
}

static bool
is_loopback(struct slice host)
{
	char text[INET6_ADDRSTRLEN];
	struct in_addr v4;
	struct in6_addr v6;

	if (host.len >= sizeof text)
		return false;
	snprintf(text, sizeof text, "%.*s", SLICE_FMT(host));
	if (!strcasecmp(text, "localhost"))
		return true;
	if (inet_pton(AF_INET, text, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == 127;
	return inet_pton(AF_INET6, text, &v6) == 1 &&
	       memcmp(&v6, &in6addr_loopback, sizeof v6) == 0;
}

/* The first broker that is not on this machine; len 0: there is none. */
static struct slice
first_remote(const char *brokers)
{
	struct slice rest = slice_of(brokers);

	while (rest.len > 0) {
		struct slice one = {rest.ptr, slice_find(rest, ',')};
		struct slice host = host_of(one);

		if (host.len > 0 && !is_loopback(host))
			return host;
		rest = slice_from(rest, one.len + 1);
	}
	return (struct slice){"", 0};
}

static const struct kafka_property *
brokers_of(const struct kafka_property *own, size_t own_count)
{
	return find(
	    own, own_count, "bootstrap.servers", "metadata.broker.list");
}

static bool
is_encrypted(const struct kafka_property *own, size_t own_count)
{
	const char *protocol =
	    kafka_value(own, own_count, "security.protocol", "plaintext");

	return !strcasecmp(protocol, "ssl") ||
	       !strcasecmp(protocol, "sasl_ssl");
}

static bool
is_allowed(const struct kafka_property *own, size_t own_count)
{
	return !strcmp(kafka_value(own, own_count, "insecure", ""), "true");
}

bool
kafka_is_insecure(const struct kafka_property *own, size_t own_count)
{
	const struct kafka_property *brokers = brokers_of(own, own_count);

	return brokers && is_allowed(own, own_count) &&
	       !is_encrypted(own, own_count) &&
	       first_remote(brokers->value).len > 0;
}

static int
check_brokers(
    const struct kafka_property *own, size_t own_count, struct err *err)
{
	const struct kafka_property *brokers = brokers_of(own, own_count);
	struct slice remote;
	char text[512];

	if (!brokers)
		return complain(err, own_count > 0 ? &own[0] : NULL,
		    "bootstrap.servers is missing: it says where the brokers "
		    "are, like \"kafka1.example.org:9093\"");
	if (strstr(brokers->value, "://"))
		return complain(err, brokers,
		    "bootstrap.servers takes HOST:PORT, several with commas "
		    "between; how to talk to them is security.protocol's");
	remote = first_remote(brokers->value);
	if (remote.len == 0 || is_encrypted(own, own_count) ||
	    is_allowed(own, own_count))
		return 0;
	snprintf(text, sizeof text,
	    "'%.*s' is not on this machine, and without encryption everybody "
	    "on the way can read and change what is sent; set "
	    "security.protocol to ssl or sasl_ssl, or `insecure: true` to do "
	    "it all the same",
	    remote.len < 200 ? (int)remote.len : 200, remote.ptr);
	return complain(err,
	    find(own, own_count, "security.protocol", NULL)
		? find(own, own_count, "security.protocol", NULL)
		: brokers,
	    text);
}

/* ---- ours ---- */

static bool
is_topic(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz"
				  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");

	return len > 0 && len <= 249 && name[len] == '\0' &&
	       strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static int
check_ours(const struct kafka_property *p, struct err *err)
{
	char text[VALUE_MAX];

	if (!strcmp(p->key, "insecure")) {
		if (!strcmp(p->value, "true") || !strcmp(p->value, "false"))
			return 0;
		return complain(err, p, "insecure takes true or false");
	}
	if (is_topic(p->value))
		return 0;
	snprintf(text, sizeof text,
	    "%s is a topic's name: letters, digits, '.', '_', '-', at most 249",
	    p->key);
	return complain(err, p, text);
}

/* ---- librdkafka's ---- */

/* All names that librdkafka knows, aliases too, which only its table for people
 * has: the first word of lines like "linger.ms | P | ...". NULL-terminated, in
 * text; NULL when memory is short. */
static const char **
all_names(char *text)
{
	size_t count = sizeof ours / sizeof *ours, n = 0;
	const char **names;
	char *line, *rest = NULL;

	for (const char *at = text; (at = strchr(at, '\n')); at++)
		count++;
	names = calloc(count + 1, sizeof *names);
	if (!names)
		return NULL;
	for (size_t i = 0; ours[i]; i++)
		names[n++] = ours[i];
	for (line = strtok_r(text, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest)) {
		size_t len = strcspn(line, " |");

		if (len > 0 && strchr(line, '|') && strchr("|-", *line) == NULL)
			names[n++] = line;
		line[len] = '\0';
	}
	return names;
}

/* The nearest of all that there are, "" when none is near. */
static void
find_nearest(const char *key, char found[VALUE_MAX])
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);
	const char **names = NULL;
	const char *near;

	found[0] = '\0';
	if (!f)
		return;
	rd_kafka_conf_properties_show(f);
	if (fclose(f) == 0 && text)
		names = all_names(text);
	near = names ? command_nearest(key, names) : NULL;
	if (near)
		snprintf(found, VALUE_MAX, "%s", near);
	free(names);
	free(text);
}

static int
unknown(const struct kafka_property *p, const char *said, struct err *err)
{
	char near[VALUE_MAX], text[VALUE_MAX * 2];

	find_nearest(p->key, near);
	if (near[0])
		snprintf(text, sizeof text,
		    "'%.100s' is no property of librdkafka; did you mean "
		    "'%.100s'?",
		    p->key, near);
	else
		snprintf(text, sizeof text,
		    "'%.100s' is no property of this librdkafka (%s): %.200s",
		    p->key, rd_kafka_version_str(), said);
	return complain(err, p, text);
}

static int
set(rd_kafka_conf_t *conf, const struct kafka_property *p, struct err *err)
{
	char said[VALUE_MAX] = "", text[VALUE_MAX + 64];
	rd_kafka_conf_res_t res =
	    rd_kafka_conf_set(conf, p->key, p->value, said, sizeof said);

	if (res == RD_KAFKA_CONF_OK)
		return 0;
	if (res == RD_KAFKA_CONF_UNKNOWN)
		return unknown(p, said, err);
	if (options_is_secret(slice_of(p->key)))
		snprintf(text, sizeof text,
		    "librdkafka does not take the value of %.100s", p->key);
	else
		snprintf(text, sizeof text, "%.100s: librdkafka says: %.300s",
		    p->key, said);
	return complain(err, p, text);
}

static bool
get(const rd_kafka_conf_t *conf, const char *key, char value[VALUE_MAX])
{
	size_t size = VALUE_MAX;

	return rd_kafka_conf_get(conf, key, value, &size) == RD_KAFKA_CONF_OK;
}

/* Set what nobody changes: only to what it is. */
static int
set_fixed(rd_kafka_conf_t *conf, const struct kafka_property *p,
    const struct fixed *f, struct err *err)
{
	char before[VALUE_MAX], after[VALUE_MAX], text[VALUE_MAX * 2];

	if (!get(conf, f->key, before) || set(conf, p, err) != 0)
		return -1;
	if (get(conf, f->key, after) && !strcmp(before, after))
		return 0;
	snprintf(text, sizeof text, "%s stays %s: %s; leave it out", p->key,
	    before, f->why);
	return complain(err, p, text);
}

/* A file that is named and not there is found now, not at the first
 * connection. */
static int
check_file(const struct kafka_property *p, struct err *err)
{
	size_t len = strlen(p->key), end = strlen(".location");
	char text[VALUE_MAX];

	if (strncmp(p->key, "ssl.", 4) != 0 || len <= end ||
	    strcmp(p->key + len - end, ".location") != 0 ||
	    !strcmp(p->value, "probe") || access(p->value, F_OK) == 0 ||
	    errno != ENOENT)
		return 0;
	snprintf(text, sizeof text, "%s: there is no file '%.300s'", p->key,
	    p->value);
	return complain(err, p, text);
}

static int
set_own(rd_kafka_conf_t *conf, const struct kafka_property *p,
    const struct kafka_property *defaults, size_t default_count,
    struct err *err)
{
	if (is_ours(p->key))
		return check_ours(p, err);
	for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) {
		const struct fixed *f = &fixed[i];

		if (strcmp(p->key, f->key) != 0 &&
		    (!f->alias || strcmp(p->key, f->alias) != 0))
			continue;
		if (find(base, sizeof base / sizeof *base, f->key, NULL) ||
		    find(defaults, default_count, f->key, f->alias))
			return set_fixed(conf, p, f, err);
	}
	return set(conf, p, err) == 0 ? check_file(p, err) : -1;
}

static int
set_all(rd_kafka_conf_t *conf, const struct kafka_property *list, size_t count,
    struct err *err)
{
	for (size_t i = 0; i < count; i++)
		if (set(conf, &list[i], err) != 0)
			return -1;
	return 0;
}

/* ---- callbacks ---- */

/* Before a client has its log queue there is nowhere to say it. */
static void
drop_log(
    const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
	(void)rk;
	(void)level;
	(void)facility;
	(void)text;
}

/* Why a broker's certificate is not accepted: OpenSSL's number, which is part
 * of its interface, in words. What was decided stays decided. */
static int
verify_certificate(rd_kafka_t *rk, const char *broker, int32_t id, int *error,
    int depth, const char *cert, size_t cert_len, char *text, size_t size,
    void *opaque)
{
	static const struct {
		int number;
		const char *why;
	} known[] = {
	    {9, "it is not valid yet (is the clock right?)"},
	    {10, "it has expired"},
	    {18, "it is signed by itself, and ssl.ca.location does not have "
		 "it"},
	    {19, "it is not signed by a CA in ssl.ca.location"},
	    {20, "it is not signed by a CA in ssl.ca.location"},
	    {21, "it is not signed by a CA in ssl.ca.location"},
	    {23, "it was revoked"},
	    {62, "it is for another host name than the one we connect to"},
	    {64, "it is for another address than the one we connect to"},
	};

	(void)rk;
	(void)broker;
	(void)id;
	(void)cert;
	(void)cert_len;
	(void)opaque;
	if (*error == 0)
		return 1;
	snprintf(text, size, "OpenSSL refuses it with error %d", *error);
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (known[i].number == *error)
			snprintf(text, size, "%s%s",
			    depth > 0 ? "of a CA above it: " : "",
			    known[i].why);
	return 0;
}

rd_kafka_conf_t *
kafka_conf_new(const struct kafka_property *own, size_t own_count,
    const struct kafka_property *defaults, size_t default_count,
    struct err *err)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();

	if (set_all(conf, base, sizeof base / sizeof *base, err) != 0 ||
	    set_all(conf, defaults, default_count, err) != 0)
		goto fail;
	for (size_t i = 0; i < own_count; i++)
		if (set_own(conf, &own[i], defaults, default_count, err) != 0)
			goto fail;
	if (check_brokers(own, own_count, err) != 0)
		goto fail;
	rd_kafka_conf_set_log_cb(conf, drop_log);
	if (rd_kafka_conf_set_ssl_cert_verify_cb(conf, verify_certificate) !=
	    RD_KAFKA_CONF_OK) {
		err_set(err, "this librdkafka was built without TLS");
		goto fail;
	}
	return conf;
fail:
	rd_kafka_conf_destroy(conf);
	return NULL;
}
