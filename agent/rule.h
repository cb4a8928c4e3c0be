/* SPDX-License-Identifier: Apache-2.0 */
/* rule: one rule file (rules/<class>/<program>.yml): what it says, checked
 * against the vocabulary, the pieces and the language of patterns. A rule is
 * data once it is read: nothing changes it, and all its memory is the arena's
 * it was read into. Whether its examples hold is proof.h's business. */
#ifndef ASSAY_RULE_H
#define ASSAY_RULE_H

#include <stdbool.h>
#include <stddef.h>

#include "assay/arena.h"
#include "assay/problems.h"
#include "assay/slice.h"
#include "assay/tree.h"
#include "assay/vocab.h"

#include "header.h"
#include "pattern.h"
#include "reading.h"

enum rule_class {
	RULE_AUTH,
	RULE_SYSLOG,
	RULE_AUDIT,
	RULE_BACKUP,
	RULE_PACKAGE,
	RULE_APP,
	RULE_AGENT,
};
#define RULE_CLASSES 7

enum rule_phase { RULE_NO_PHASE, RULE_START, RULE_NOTE, RULE_END };

enum rule_raw { RULE_RAW_TEXT, RULE_RAW_HASH, RULE_RAW_NONE };

/* A NULL-terminated list of texts. */
typedef const char *const *rule_texts;

/* What gives a field its value: a group of the pattern, a constant (`set:`), or
 * the service or type of a pam line. */
enum rule_origin { RULE_GROUP, RULE_SET, RULE_SERVICE, RULE_TYPE };

struct rule_field {
	const struct vocab_field *field;
	enum rule_origin origin;
	unsigned group;		     /* RULE_GROUP */
	enum pattern_check check;    /* RULE_GROUP: of the piece it holds */
	struct vocab_value constant; /* RULE_SET */
};

/* A group whose text must pass a check that no field's type makes. */
struct rule_check {
	unsigned group;
	enum pattern_check check;
};

/* One pattern of a file: a rule's, or one of `ignore:` (rule is NULL). */
struct rule_pattern {
	const struct rule *rule;
	struct slice text; /* as written */
	struct pattern_facts facts;
	struct reading_code *code;
	const struct tree_node *node;
	/* By ruleset_seal: */
	size_t index; /* among all patterns of the rule set */
	const struct rule_check *checks;
	size_t check_count;
	struct slice literal; /* of facts, the one to look for first */
};

/* A line of this kind says that a daemon lost lines: it becomes a gap. */
#define RULE_LOSS_KIND "log.loss"

struct rule {
	const char *id; /* "sshd.accepted" */
	const char *title;
	const struct vocab_kind *kind;
	enum vocab_outcome outcome;
	bool loss;	       /* kind is RULE_LOSS_KIND */
	enum rule_phase phase; /* of a run kind */
	enum rule_raw raw;
	rule_texts controls; /* with edition: "iso27001-2022:A.8.5" */
	const struct rule_file *file;
	const struct rule_field *fields; /* in the order of the vocabulary */
	size_t field_count;
	const struct rule_pattern *pattern;
	const struct tree_node *node; /* while the trees are kept, else NULL */
	struct slice head;	      /* by rule_make_head: record_event's */
};

struct rule_file {
	const char *path; /* relative to its directory: "auth/sshd.yml" */
	const char *name; /* as messages call it */
	enum rule_class class;
	rule_texts programs;
	bool closed;		/* all lines these programs write are known */
	const char *from;	/* where the patterns were read, or NULL */
	rule_texts files;	/* globs of their own log files */
	const char *stamp_text; /* `stamp:`, or NULL */
	struct header_stamp *stamp;
	rule_texts sender_users; /* accounts that count as root here */
	rule_texts sender_units;
	rule_texts sender_exes;
	struct rule *rules;
	size_t rule_count;
	struct rule_pattern *patterns; /* the rules', in order, then ignore's */
	size_t pattern_count;
};

struct piece_set;

/* Read one parsed file into the arena. path, name: as in struct
 * rule_file, copied where needed. class is what its directory says, or
 * RULE_CLASSES when nothing does. Returns 0 with *out set, or -1 with what is
 * wrong in p; reading_code and header_stamp of what was read so far are then
 * still in *out for rule_file_clear. */
int rule_read(struct rule_file *out, const struct tree *t, const char *path,
    enum rule_class class, const struct vocab *vocab,
    const struct piece_set *pieces, struct arena *arena, struct problems *p);

/* Make what all records of a rule's events have in common. -1 when memory is
 * short. */
int rule_make_head(struct rule *rule, struct arena *arena);

/* Free what is not the arena's. */
void rule_file_clear(struct rule_file *file);

const char *rule_class_name(enum rule_class c);
const char *rule_phase_name(enum rule_phase phase); /* "" for none */

#endif
