/* SPDX-License-Identifier: Apache-2.0 */
#include "facility.h"

#include <stddef.h>

static const struct {
	const char *name;
	int code;
} table[] = {
    {"kern", 0},
    {"user", 1},
    {"mail", 2},
    {"daemon", FACILITY_DAEMON},
    {"auth", 4},
    {"syslog", 5},
    {"lpr", 6},
    {"news", 7},
    {"uucp", 8},
    {"cron", 9},
    {"authpriv", FACILITY_AUTHPRIV},
    {"ftp", 11},
    {"local0", 16},
    {"local1", 17},
    {"local2", 18},
    {"local3", 19},
    {"local4", 20},
    {"local5", 21},
    {"local6", 22},
    {"local7", 23},
};
#define COUNT (sizeof table / sizeof *table)

int
facility_find(struct slice name)
{
	for (size_t i = 0; i < COUNT; i++)
		if (slice_eq_str(name, table[i].name))
			return table[i].code;
	return -1;
}

const char *
facility_name(int code)
{
	for (size_t i = 0; i < COUNT; i++)
		if (table[i].code == code)
			return table[i].name;
	return NULL;
}
