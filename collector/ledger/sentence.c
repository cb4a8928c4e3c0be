/* SPDX-License-Identifier: Apache-2.0 */
#include "sentence.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "assay/stamp.h"

#define VOUCHES                                                         \
	", but only {trust} vouches for it: any local user could have " \
	"written it"

static const struct {
	const char *code;
	const char *text;
} sentences[] = {
    {"open", "{unit}: open, due {due}"},
    {"fork", "{unit}: two copies of {host} ran together {from} to {to}"},
    {"register", "{unit}: register {name} is missing"},
    {"every.pass", "{unit}: {event} begun {start} succeeded"},
    {"every.below", "{unit}: {event} begun {start} succeeded" VOUCHES},
    {"every.warn", "{unit}: {event} begun {start} ended with a warning"},
    {"every.overdue",
	"{unit}: {event} begun {start} ended {end}, after it was due {due}"},
    {"every.fail", "{unit}: {event} begun {start} failed"},
    {"every.unended", "{unit}: {event} begun {start} had no end by {due}"},
    {"every.doubtful",
	"{unit}: {n} {event}, first {start}, none that can be relied on"},
    {"every.late",
	"{unit}: {event} begun {start} came after the period ended {end}"},
    {"every.missed",
	"{unit}: no {event} from {start} to {due}, watched throughout"},
    {"every.mostly", "{unit}: no {event} from {start} to {due}, watched but "
		     "for {minutes} min: {hole}"},
    {"every.unknown", "{unit}: no {event} seen, but {hole}"},
    {"never.fail", "{unit}: {n} {event}, first {time}"},
    {"never.warn", "{unit}: {n} {event} with a warning, first {time}"},
    {"never.doubtful",
	"{unit}: {n} {event}, first {time}, none that can be relied on"},
    {"never.closed",
	"{unit}: {n} lines of {program} not understood, first {time}"},
    {"never.pass",
	"{unit}: no {event} from {start} to {end}, watched throughout"},
    {"never.unknown", "{unit}: no {event} among what was seen, but {hole}"},
    {"each.pass", "{unit}: {k} of {m} {event} with {need}"},
    {"each.below", "{unit}: {k} of {m} {event} with {need}" VOUCHES},
    {"each.fail",
	"{unit}: {k} of {m} {event} with {need}, first without {time}"},
    {"each.doubtful", "{unit}: {k} of {m} {event} with {need}, {n} that "
		      "cannot be relied on"},
    {"each.window",
	"{unit}: {k} of {m} {event} with {need}, but around {time} {hole}"},
    {"each.unknown", "{unit}: {k} of {m} {event} with {need} among what was "
		     "seen, but {hole}"},
    {"each.none", "{unit}: no {event} to judge from {start} to {end}, "
		  "watched throughout"},
    {"share.pass",
	"{unit}: {k} of {m} {event} good, at least {at_least} asked"},
    {"share.below", "{unit}: {k} of {m} {event} good, at least {at_least} "
		    "asked" VOUCHES},
    {"share.fail",
	"{unit}: {k} of {m} {event} good, below the {at_least} asked"},
    {"share.doubtful", "{unit}: {k} of {m} {event} good, {n} that cannot be "
		       "relied on, at least {at_least} asked"},
    {"share.unknown",
	"{unit}: {k} of {m} {event} good among what was seen, but {hole}"},
    {"share.none", "{unit}: no {event} to rate from {start} to {end}, "
		   "watched throughout"},
    {"excepted", "{unit}: excepted by {by}: {reason} (was: {state})"},
};
#define SENTENCES (sizeof sentences / sizeof *sentences)

/* The words in braces and where struct sentence has them. */
enum kind { TEXT, TIME, NUMBER };

static const struct {
	const char *word;
	enum kind kind;
	size_t offset;
} words[] = {
    {"unit", TEXT, offsetof(struct sentence, unit)},
    {"host", TEXT, offsetof(struct sentence, host)},
    {"event", TEXT, offsetof(struct sentence, event)},
    {"need", TEXT, offsetof(struct sentence, need)},
    {"trust", TEXT, offsetof(struct sentence, trust)},
    {"name", TEXT, offsetof(struct sentence, name)},
    {"program", TEXT, offsetof(struct sentence, program)},
    {"by", TEXT, offsetof(struct sentence, by)},
    {"reason", TEXT, offsetof(struct sentence, reason)},
    {"state", TEXT, offsetof(struct sentence, state)},
    {"hole", TEXT, offsetof(struct sentence, hole)},
    {"at_least", TEXT, offsetof(struct sentence, at_least)},
    {"start", TIME, offsetof(struct sentence, start_us)},
    {"end", TIME, offsetof(struct sentence, end_us)},
    {"due", TIME, offsetof(struct sentence, due_us)},
    {"from", TIME, offsetof(struct sentence, from_us)},
    {"to", TIME, offsetof(struct sentence, to_us)},
    {"time", TIME, offsetof(struct sentence, time_us)},
    {"n", NUMBER, offsetof(struct sentence, n)},
    {"k", NUMBER, offsetof(struct sentence, k)},
    {"m", NUMBER, offsetof(struct sentence, m)},
    {"minutes", NUMBER, offsetof(struct sentence, minutes)},
};
#define WORDS (sizeof words / sizeof *words)

void
sentence_time(struct buf *out, int64_t us)
{
	static const int64_t last_us = INT64_C(253402300799999999);
	char text[STAMP_LEN + 1];

	if (us < 0)
		us = 0;
	stamp_format(text, us < last_us ? us : last_us);
	buf_printf(out, "%.10s %.5sZ", text, text + 11);
}

static void
put_word(struct buf *out, struct slice word, const struct sentence *s)
{
	for (size_t i = 0; i < WORDS; i++) {
		const char *at = (const char *)s + words[i].offset;
		const char *text;
		int64_t number;

		if (!slice_eq_str(word, words[i].word))
			continue;
		if (words[i].kind == TEXT) {
			memcpy(&text, at, sizeof text);
			buf_puts(out, text ? text : "");
			return;
		}
		memcpy(&number, at, sizeof number);
		if (words[i].kind == TIME)
			sentence_time(out, number);
		else
			buf_printf(out, "%" PRId64, number);
		return;
	}
	assert(!"a word that no sentence may use");
}

void
sentence_put(struct buf *out, const char *code, const struct sentence *s)
{
	const char *text = sentence_text(code);

	assert(text);
	while (*text) {
		size_t plain = strcspn(text, "{"), word;

		buf_put(out, (struct slice){text, plain});
		text += plain;
		if (!*text)
			break;
		word = strcspn(text, "}");
		put_word(out, (struct slice){text + 1, word - 1}, s);
		text += word + 1;
	}
}

const char *
sentence_code(size_t i)
{
	return i < SENTENCES ? sentences[i].code : NULL;
}

const char *
sentence_text(const char *code)
{
	for (size_t i = 0; i < SENTENCES; i++)
		if (strcmp(sentences[i].code, code) == 0)
			return sentences[i].text;
	return NULL;
}
