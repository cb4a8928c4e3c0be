/* SPDX-License-Identifier: Apache-2.0 */
#include "settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assay/problems.h"
#include "assay/tree.h"
#include "store.h"
#include "stream_kafka.h"

#define DEFAULT_FILE "/etc/assay/collector.yml"

const struct options_entry settings_table[] = {
    {"state", OPTIONS_TEXT, 0, 0, "/var/lib/assay/collector",
	"directory of the store (evidence.db) and of the collector's key"},
    {"rules", OPTIONS_TEXTS, 0, 0, "/usr/share/assay/rules /etc/assay/rules",
	"directories of rules, checks and frameworks; later ones stand before "
	"earlier ones"},
    {"isms", OPTIONS_TEXT, 0, 0, "/etc/assay/isms",
	"directory of what the organisation declares"},
    {"streams", OPTIONS_NODE, 0, 0, NULL,
	"where records come from: a list of {spool: DIR} and {kafka: "
	"{bootstrap.servers: HOST:PORT, ...}} with any property of librdkafka; "
	"without it the spool of an agent on this host"},
    {"listen", OPTIONS_TEXT, 0, 0, "127.0.0.1:8480",
	"address and port of the API and the board"},
    {0},
};

#define DEFAULT_SPOOL "/var/lib/assay/agent/spool"

static struct settings_stream *
add_stream(struct settings *s)
{
	struct settings_stream *streams =
	    reallocarray(s->streams, s->stream_count + 1, sizeof *streams);

	if (!streams)
		return NULL;
	s->streams = streams;
	streams += s->stream_count++;
	*streams = (struct settings_stream){0};
	return streams;
}

static int
add_spool(struct settings *s, const char *dir)
{
	struct settings_stream *stream = add_stream(s);

	if (!stream)
		return -1;
	stream->spool = strdup(dir);
	return stream->spool ? 0 : -1;
}

static const char *
topic_of(const struct settings_stream *stream)
{
	return kafka_value(
	    stream->kafka.list, stream->kafka.count, "topic", KAFKA_TOPIC);
}

/* Lanes are named by their topic: two clusters that have one of the same name
 * would share them. */
static int
check_topic(const struct settings *s, const struct settings_stream *stream,
    const struct tree_node *n, struct problems *p)
{
	for (size_t i = 0; i < s->stream_count; i++) {
		const struct settings_stream *other = &s->streams[i];

		if (other != stream && !other->spool &&
		    strcmp(topic_of(other), topic_of(stream)) == 0)
			return tree_problem(p, n,
			    "topic '%s' is read by another stream already; "
			    "name another `topic`, or put all its brokers "
			    "into one bootstrap.servers",
			    topic_of(stream));
	}
	return 0;
}

static int
read_kafka(struct settings *s, const struct tree_node *n, struct problems *p)
{
	struct settings_stream *stream;

	if (tree_map(p, n, "kafka"))
		return -1;
	stream = add_stream(s);
	if (!stream)
		return tree_problem(p, n, "no memory for a stream");
	if (kafka_properties_add(&stream->kafka, n, p))
		return -1;
	if (stream->kafka.count == 0)
		return tree_problem(p, n,
		    "kafka needs bootstrap.servers: where the brokers are, "
		    "like \"kafka1.example.org:9093\"");
	return stream_kafka_check(&stream->kafka, p) ||
		       check_topic(s, stream, n, p)
		   ? -1
		   : 0;
}

static int
read_spool(struct settings *s, const struct tree_node *n, struct problems *p)
{
	struct slice dir;
	char *copy;
	int rc;

	if (tree_string(p, n, &dir))
		return -1;
	copy = slice_strdup(dir);
	if (!copy)
		return tree_problem(p, n, "a path holds no zero byte");
	rc = add_spool(s, copy);
	free(copy);
	return rc;
}

static int
read_stream(struct settings *s, const struct tree_node *n, struct problems *p)
{
	static const char *const known[] = {"spool", "kafka", NULL};

	if (tree_map(p, n, "a stream") || tree_keys(p, n, known))
		return -1;
	if (tree_count(n) != 1)
		return tree_problem(p, n,
		    "a stream is one of {spool: DIR} and {kafka: "
		    "{bootstrap.servers: HOST:PORT}}; write several as "
		    "several");
	return tree_get(n, "kafka") ? read_kafka(s, tree_get(n, "kafka"), p)
				    : read_spool(s, tree_get(n, "spool"), p);
}

static int
read_streams(struct settings *s, struct problems *p)
{
	const struct tree_node *list = options_node(s->options, "streams", 0);

	if (!list)
		return add_spool(s, DEFAULT_SPOOL);
	if (tree_list(p, list, "streams"))
		return -1;
	for (size_t i = 0; i < tree_count(list); i++)
		if (read_stream(s, tree_item(list, i), p))
			return -1;
	return 0;
}

/* Options of the command line that stand for a setting. */
static int
apply(struct settings *s, const struct arguments *a, struct problems *p)
{
	static const char *const same[][2] = {
	    {"--state", "state"}, {"--rules", "rules"}, {"--isms", "isms"}};
	const char *value;

	for (size_t i = 0; i < sizeof same / sizeof *same; i++)
		for (size_t n = 0; (value = arguments_nth(a, same[i][0], n));
		     n++)
			if (options_set(s->options, same[i][1], value, p))
				return -1;
	return 0;
}

static int
fill(struct settings *s, const struct arguments *a, struct problems *p)
{
	const char *dir;

	s->state = options_text(s->options, "state");
	s->rules = options_texts(s->options, "rules");
	s->isms = options_text(s->options, "isms");
	if (!arguments_has(a, "--spool"))
		return read_streams(s, p);
	for (size_t n = 0; (dir = arguments_nth(a, "--spool", n)); n++)
		if (add_spool(s, dir))
			return -1;
	return 0;
}

int
settings_load(struct settings *s, const struct arguments *a, struct buf *out)
{
	const char *file = arguments_value(a, "--config");
	struct problems *p = problems_new();
	int rc = -1;

	memset(s, 0, sizeof *s);
	if (p)
		s->options = options_load(settings_table,
		    file ? file : DEFAULT_FILE, file != NULL, p);
	if (s->options && apply(s, a, p) == 0 && fill(s, a, p) == 0)
		rc = 0;
	if (rc && p && problems_errors(p))
		problems_print(p, out);
	else if (rc)
		buf_puts(out, "no memory for the configuration\n");
	problems_free(p);
	if (rc)
		settings_clear(s);
	return rc;
}

void
settings_clear(struct settings *s)
{
	for (size_t i = 0; i < s->stream_count; i++) {
		free((void *)(uintptr_t)s->streams[i].spool);
		kafka_properties_clear(&s->streams[i].kafka);
	}
	free(s->streams);
	options_free(s->options);
	memset(s, 0, sizeof *s);
}

char *
settings_store(const struct settings *s)
{
	char *path = NULL;

	if (asprintf(&path, "%s/%s", s->state, STORE_NAME) < 0)
		return NULL;
	return path;
}
