/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "assay/kafka.h"
#include "assay/slice.h"

/* What to look at, by what librdkafka's sentence holds. */
static const struct {
	const char *holds, *help;
} helps[] = {
    {"Connection refused",
	"nothing listens there: does the broker run, is the port right?"},
    {"Failed to resolve",
	"the name is not known here: check bootstrap.servers and DNS"},
    {"No route to host", "the network does not get there"},
    {"Network is unreachable", "the network does not get there"},
    {"Connection timed out",
	"nothing answers there: a firewall on the way, or the wrong address?"},
    {"timed out in queue", "the broker does not answer"},
    {"Connection setup timed out",
	"nothing answers there: a firewall on the way, or the wrong address?"},
    {"certificate verify failed",
	"the broker's certificate is not accepted: check ssl.ca.location, its "
	"names and its dates"},
    {"certificate required", "the broker asks for a client certificate: set "
			     "ssl.certificate.location and ssl.key.location"},
    {"bad certificate", "the broker does not accept our certificate, or asks "
			"for one and none is set: check "
			"ssl.certificate.location and ssl.key.location"},
    {"unknown ca", "the broker does not know who signed our certificate"},
    {"certificate expired", "our certificate has expired: renew it"},
    {"certificate unknown", "the broker does not accept our certificate"},
    {"wrong version number",
	"the broker does not speak TLS on this port: check the port and "
	"security.protocol"},
    {"unexpected eof",
	"the broker ended the TLS handshake: does it speak TLS on this port? "
	"check the port and security.protocol"},
    {"SSL handshake failed: Disconnected",
	"the broker ended the TLS handshake: does it want another "
	"security.protocol, or a client certificate?"},
    {"ApiVersionRequest",
	"the broker does not answer as one: does it want another "
	"security.protocol?"},
    {"SASL authentication error",
	"check sasl.mechanism, sasl.username and sasl.password"},
    {"Receive failed", "the broker closed the connection"},
    {"Disconnected",
	"the broker closed the connection: where it always does, check the "
	"port and security.protocol"},
};

static const char *
help_by_code(rd_kafka_resp_err_t code)
{
	switch (code) {
	case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
	case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
	case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
		return "the topic is not there: make it, the agents do not";
	case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
		return "the broker's ACLs do not allow it: Write on the topic "
		       "is needed";
	case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
		return "the broker's ACLs do not allow it";
	case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
		return "the topic's max.message.bytes must be 1 MiB or more";
	case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS:
	case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND:
		return "too few brokers of the cluster run";
	case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
		return "no broker can be reached";
	default:
		return NULL;
	}
}

/* "ssl://kafka1:9093/bootstrap" -> "kafka1:9093". */
static struct slice
broker_name(struct slice name)
{
	const char *scheme =
	    name.len > 3 ? memmem(name.ptr, name.len, "://", 3) : NULL;

	if (scheme)
		name = slice_from(name, (size_t)(scheme - name.ptr) + 3);
	name.len = slice_find(name, '/');
	return name;
}

/* Without " (after 12ms in state CONNECT ...)". */
static struct slice
without_tail(struct slice text)
{
	const char *tail =
	    text.len > 8 ? memmem(text.ptr, text.len, " (after ", 8) : NULL;

	if (tail)
		text.len = (size_t)(tail - text.ptr);
	return text;
}

/* "[thrd:..]: k1:9093/1: .." of a log -> "k1:9093/1: .." */
static const char *
without_thread(const char *said)
{
	const char *end =
	    strncmp(said, "[thrd:", 6) ? NULL : strstr(said, "]: ");

	return end ? end + 3 : said;
}

/* "Certificate (subject=.., issuer=..) verification callback failed: WHY": the
 * why is ours, see kafka.c. */
static struct slice
why_refused(struct slice text)
{
	static const char mark[] = "verification callback failed: ";
	const char *at = text.len > sizeof mark
			     ? memmem(text.ptr, text.len, mark, sizeof mark - 1)
			     : NULL;

	return at ? slice_from(text, (size_t)(at - text.ptr) + sizeof mark - 1)
		  : (struct slice){"", 0};
}

void
kafka_explain(struct err *err, rd_kafka_resp_err_t code, const char *said)
{
	struct slice text, why, broker = {"", 0};
	const char *help = help_by_code(code);
	const char *colon;

	said = without_thread(said);
	text = without_tail(slice_of(said));
	colon = strstr(said, ": ");

	/* A name holds no space; a sentence does. */
	if (colon && !memchr(said, ' ', (size_t)(colon - said)) &&
	    memchr(said, '/', (size_t)(colon - said))) {
		broker =
		    broker_name((struct slice){said, (size_t)(colon - said)});
		text = slice_from(text, (size_t)(colon - said) + 2);
	}
	why = why_refused(text);
	if (why.len > 0) {
		text = why;
		help = NULL;
	}
	for (size_t i = 0;
	     why.len == 0 && !help && i < sizeof helps / sizeof *helps; i++)
		if (strcasestr(said, helps[i].holds))
			help = helps[i].help;
	err_set(err, "%.*s%s%s%.*s%s%s",
	    broker.len < 200 ? (int)broker.len : 200, broker.ptr,
	    broker.len > 0 ? ": " : "",
	    why.len > 0 ? "the broker's certificate is refused: " : "",
	    text.len < 500 ? (int)text.len : 500, text.ptr, help ? ": " : "",
	    help ? help : "");
}
