/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd.h"

#include <stdlib.h>

#include "assay/command.h"
#include "assay/crypto.h"
#include "audit.h"
#include "evidence.h"

static const struct argument arguments[] = {
    ARGUMENTS_COMMON,
    {"--json", NULL, "one line of JSON"},
    {0},
};

static int
verify_evidence(const struct arguments *a, const char *path,
    struct crypto *crypto, struct evidence *e)
{
	struct audit_counts counts;
	struct audit *audit;
	struct err err = {0};
	struct buf out = {0};
	int code;

	audit = audit_new(crypto, e, &err);
	if (!audit)
		return cmd_fail(COMMAND_UNREACHABLE, &err);
	if (arguments_has(a, "--json"))
		audit_json(audit, path, &out);
	else
		audit_text(audit, path, &out);
	counts = audit_counts(audit);
	audit_free(audit);
	code = cmd_print(&out);
	return counts.wrong ? COMMAND_INTEGRITY : code;
}

static int
verify_path(const struct arguments *a, const char *path)
{
	static const int codes[] = {
	    [EVIDENCE_MISSING] = COMMAND_USAGE,
	    [EVIDENCE_DENIED] = COMMAND_PERMISSION,
	    [EVIDENCE_BROKEN] = COMMAND_INTEGRITY,
	};
	enum evidence_trouble trouble;
	struct err err = {0};
	struct evidence *e = evidence_open(path, &trouble, &err);
	struct crypto *crypto = NULL;
	int code;

	if (!e)
		return cmd_fail(codes[trouble], &err);
	crypto = crypto_new(&err);
	code = crypto ? verify_evidence(a, path, crypto, e)
		      : cmd_fail(COMMAND_UNREACHABLE, &err);
	evidence_close(e);
	crypto_free(crypto);
	return code;
}

int
cmd_verify(int argc, char **argv)
{
	struct settings settings;
	struct arguments a;
	int code = cmd_settings(
	    &settings, &a, arguments, "verify [--json] [PATH]", 1, argc, argv);
	char *path = NULL;

	if (code >= 0)
		return code;
	if (a.operands == 0)
		path = settings_store(&settings);
	if (a.operands || path)
		code = verify_path(&a, path ? path : a.operand[0]);
	else
		code = COMMAND_UNREACHABLE;
	free(path);
	settings_clear(&settings);
	return code;
}
