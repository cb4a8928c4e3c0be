/* SPDX-License-Identifier: Apache-2.0 */
#include "load.h"

#include "assay/command.h"
#include "evidence.h"

static int
code_of(enum evidence_trouble trouble)
{
	switch (trouble) {
	case EVIDENCE_DENIED:
		return COMMAND_PERMISSION;
	case EVIDENCE_BROKEN:
		return COMMAND_INTEGRITY;
	default:
		return COMMAND_USAGE;
	}
}

static int
add_all(struct ledger *l, struct evidence *e, struct err *err)
{
	struct evidence_item item;
	int got;

	while ((got = evidence_next(e, &item, err)) == 1) {
		/* Of an erased record the act that erased it tells. */
		if (item.erased)
			continue;
		if (item.broken)
			return -1;
		if (ledger_add(l, item.index, item.bytes, err))
			return err_prefix(err, "%s", item.where);
	}
	return got;
}

struct ledger *
load_ledger(const char *path, int *code, struct err *err)
{
	enum evidence_trouble trouble;
	struct evidence *e = evidence_open(path, &trouble, err);
	struct ledger *l = NULL;

	if (!e) {
		*code = code_of(trouble);
		return NULL;
	}
	*code = COMMAND_UNREACHABLE;
	l = ledger_new(err);
	if (l && add_all(l, e, err)) {
		*code = COMMAND_INTEGRITY;
		ledger_free(l);
		l = NULL;
	}
	evidence_close(e);
	if (l)
		*code = COMMAND_OK;
	return l;
}
