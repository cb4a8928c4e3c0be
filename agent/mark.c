/* SPDX-License-Identifier: Apache-2.0 */
#include "mark.h"

#include <string.h>

#include "assay/encode.h"

static const struct slice word = SLICE("mark ");

void
mark_begin(struct mark *m, int facility)
{
	*m = (struct mark){.facility = facility};
}

bool
mark_is_due(const struct mark *m, int64_t now_us)
{
	int64_t every_us = m->failed ? MARK_AGAIN_US : MARK_EVERY_US;

	return m->asked_us == 0 || now_us < m->asked_us ||
	       now_us - m->asked_us >= every_us;
}

void
mark_anew(struct mark *m)
{
	m->asked_us = 0;
}

void
mark_note_sent(
    struct mark *m, const uint8_t nonce[MARK_NONCE_LEN], int64_t now_us)
{
	memcpy(m->nonces[m->next], nonce, MARK_NONCE_LEN);
	m->on_way[m->next] = true;
	m->next = (m->next + 1) % MARK_KEPT;
	m->asked_us = m->sent_us = now_us;
	m->failed = false;
	m->sent++;
}

void
mark_note_failed(struct mark *m, int64_t now_us)
{
	m->asked_us = now_us;
	m->failed = true;
}

void
mark_write(struct buf *out, const uint8_t nonce[MARK_NONCE_LEN])
{
	char hex[2 * MARK_NONCE_LEN + 1];

	encode_hex(hex, nonce, MARK_NONCE_LEN);
	buf_put(out, word);
	buf_puts(out, hex);
}

bool
mark_read(
    struct slice program, struct slice message, uint8_t nonce[MARK_NONCE_LEN])
{
	return slice_eq_str(program, MARK_PROGRAM) &&
	       slice_starts(message, word) &&
	       encode_unhex(
		   slice_from(message, word.len), nonce, MARK_NONCE_LEN);
}

bool
mark_take(struct mark *m, const uint8_t nonce[MARK_NONCE_LEN], int64_t now_us)
{
	for (size_t i = 0; i < MARK_KEPT; i++) {
		if (!m->on_way[i] ||
		    memcmp(m->nonces[i], nonce, MARK_NONCE_LEN) != 0)
			continue;
		m->on_way[i] = false;
		m->back_us = now_us;
		m->back++;
		return true;
	}
	return false;
}
