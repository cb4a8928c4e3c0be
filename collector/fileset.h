/* SPDX-License-Identifier: Apache-2.0 */
/* fileset: the files of one set as they stand on disk now, in the form in which
 * records carry them. Knows which directories and names make a set:
 *
 *   checks      <rules>/checks/<name>.yml, and <rules>/events.yml
 *   frameworks  <rules>/frameworks/<name>.yml
 *   isms        every .yml below the isms directory, and, as path `zone`, the
 *               TZif bytes of the zone that the scope names
 *
 * Of several rules directories a later one stands before an earlier one, file
 * by file. Names that begin with a dot are not seen. Files are sorted by path.
 */
#ifndef COLLECTOR_FILESET_H
#define COLLECTOR_FILESET_H

#include <stddef.h>

#include "assay/crypto.h"
#include "assay/err.h"
#include "assay/record.h"

#define FILESET_FILE_MAX ((size_t)512 << 10) /* bytes of one file */
#define FILESET_COUNT_MAX 2000

struct fileset {
	struct record_file *files; /* path, sha256, text */
	size_t count;
	size_t room;
};

/* Read a set. A directory that does not exist holds no files; one that cannot
 * be read is a failure, and fs is empty then. */
int fileset_checks(struct fileset *fs, struct crypto *c,
    const char *const *rules, size_t rule_count, struct err *err);
int fileset_frameworks(struct fileset *fs, struct crypto *c,
    const char *const *rules, size_t rule_count, struct err *err);
int fileset_isms(
    struct fileset *fs, struct crypto *c, const char *isms, struct err *err);
void fileset_clear(struct fileset *fs);

#endif
