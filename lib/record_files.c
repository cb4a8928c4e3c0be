/* SPDX-License-Identifier: Apache-2.0 */
#include "assay/record.h"

#include <assert.h>
#include <string.h>

#include "assay/encode.h"
#include "assay/jsonout.h"
#include "assay/wire.h"

#define FRAME_MAX 8192 /* of a files record, without its files */
#define FILE_FRAME 160 /* keys and hash of one file */

static void
put_file(struct buf *b, const struct record_file *file)
{
	jsonout_object(b);
	wire_text(b, "path", file->path);
	wire_hex(b, "sha256", file->sha256, 32);
	if (file->has_text && wire_is_plain(file->text)) {
		jsonout_kstring(b, "text", file->text);
	} else if (file->has_text) {
		jsonout_key(b, "text");
		wire_base64(b, file->text);
		jsonout_kstr(b, "enc", "base64");
	}
	jsonout_object_end(b);
}

int
record_encode_files(struct buf *b, struct crypto *c,
    const struct record_envelope *e, const struct record_files *files,
    struct err *err)
{
	size_t at;

	wire_begin(b, c, e, RECORD_FILES, &at);
	wire_host(b, "host", &files->host);
	wire_text(b, "set", files->set);
	wire_hex(b, "hash", files->hash, 32);
	jsonout_kint(b, "part", files->part);
	jsonout_kint(b, "parts", files->parts);
	jsonout_key(b, "files");
	jsonout_array(b);
	for (size_t i = 0; i < files->file_count; i++)
		put_file(b, &files->files[i]);
	jsonout_array_end(b);
	return wire_end(b, at, RECORD_FILES, err);
}

int
record_set_hash(struct crypto *c, const struct record_file *files, size_t count,
    uint8_t hash[32], struct err *err)
{
	struct buf list = {0};
	struct slice all;
	char hex[65];

	for (size_t i = 0; i < count; i++) {
		assert(
		    i == 0 || slice_cmp(files[i - 1].path, files[i].path) < 0);
		encode_hex(hex, files[i].sha256, 32);
		buf_puts(&list, hex);
		buf_puts(&list, "  ");
		buf_put(&list, files[i].path);
		buf_putc(&list, '\n');
	}
	all = buf_slice(&list);
	if (!list.failed)
		crypto_sha256(c, &all, 1, hash);
	buf_clear(&list);
	return list.failed ? err_set(err, "hash of a set: out of memory") : 0;
}

/* Bytes of text once it stands in JSON, at most. */
static size_t
escaped_len(struct slice text)
{
	size_t len = 2;

	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];

		if (c == '"' || c == '\\' || c == '\n' || c == '\t')
			len += 2;
		else
			len += c < 0x20 || c == 0x7f ? 6 : 1;
	}
	return len;
}

size_t
record_files_fit(const struct record_file *files, size_t count)
{
	size_t room = RECORD_MAX - FRAME_MAX;

	for (size_t i = 0; i < count; i++) {
		struct slice text = files[i].text;
		size_t need = FILE_FRAME + 3 * escaped_len(files[i].path);

		if (files[i].has_text)
			need += wire_is_plain(text) ? escaped_len(text)
						    : (text.len + 2) / 3 * 4;
		if (need > room)
			return i;
		room -= need;
	}
	return count;
}
