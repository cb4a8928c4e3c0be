/* SPDX-License-Identifier: Apache-2.0 */
#include "publish_files.h"

#include <string.h>
#include <sys/stat.h>

/* FNV-1a. */
static uint64_t
mix(uint64_t sum, const void *bytes, size_t len)
{
	const unsigned char *p = bytes;

	for (size_t i = 0; i < len; i++)
		sum = (sum ^ p[i]) * UINT64_C(1099511628211);
	return sum;
}

static bool
names_file(const char *key)
{
	size_t len = strlen(key), end = strlen(".location");

	return !strncmp(key, "ssl.", 4) && len > end &&
	       !strcmp(key + len - end, ".location");
}

static uint64_t
look(uint64_t sum, const char *path)
{
	struct stat st;
	int64_t facts[6] = {0};

	if (stat(path, &st) == 0) {
		facts[0] = (int64_t)st.st_dev;
		facts[1] = (int64_t)st.st_ino;
		facts[2] = (int64_t)st.st_size;
		facts[3] = (int64_t)st.st_mtim.tv_sec;
		facts[4] = (int64_t)st.st_mtim.tv_nsec;
		facts[5] = 1;
	}
	return mix(sum, facts, sizeof facts);
}

uint64_t
publish_files_look(const struct kafka_properties *k)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < k->count; i++)
		if (names_file(k->list[i].key))
			sum = look(sum ? sum : UINT64_C(14695981039346656037),
			    k->list[i].value);
	return sum;
}
