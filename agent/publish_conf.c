/* SPDX-License-Identifier: Apache-2.0 */
#include "publish_conf.h"

static const struct kafka_property defaults[] = {
    {"client.id", "assay-agent", ""},
    {"enable.idempotence", "true", ""},
    {"acks", "all", ""},
    {"message.timeout.ms", "0", ""},
    {"linger.ms", "50", ""},
    {"compression.codec", "lz4", ""},
    {"queue.buffering.max.messages", "10000", ""},
    {"queue.buffering.max.kbytes", "16384", ""},
    {"message.max.bytes", "1000000", ""},
};

#define DEFAULT_COUNT (sizeof defaults / sizeof *defaults)

int
publish_conf_read(
    const struct options *o, struct kafka_properties *k, struct problems *p)
{
	const struct tree_node *map;

	*k = (struct kafka_properties){0};
	for (size_t i = 0; (map = options_node(o, "kafka", i)); i++)
		if (kafka_properties_add(k, map, p) != 0)
			return -1;
	if (k->count == 0)
		return 0;
	return kafka_properties_check(k, defaults, DEFAULT_COUNT, p);
}

rd_kafka_conf_t *
publish_conf_new(const struct kafka_properties *k, struct err *err)
{
	return kafka_conf_new(k->list, k->count, defaults, DEFAULT_COUNT, err);
}
