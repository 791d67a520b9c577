// SPDX-License-Identifier: GPL-2.0-or-later
/* The EFs of a card profile: the lines that describe one, and what they make of it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "profile_int.h"
#include "tlv.h"

#define SWAP(a, b) do { struct buf t_ = (a); (a) = (b); (b) = t_; } while (0)

static int finish_transparent(struct builder *b, struct card_file *f)
{
	size_t size = b->size ? b->size : b->content.len;

	if (b->records || f->record_len)
		return reader_fail(&b->r, "EF %04X has no records", f->fid);
	if (b->content.len > size)
		return reader_fail(&b->r, "the content of EF %04X (%zu bytes) exceeds its size %zu",
				   f->fid, b->content.len, size);
	f->size = size;
	return 0;
}

static int finish_records(struct builder *b, struct card_file *f)
{
	size_t have = f->record_len ? b->content.len / f->record_len : 0;
	size_t count = b->records ? b->records : have;

	if (!f->record_len)
		return reader_fail(&b->r, "EF %04X needs a record-length", f->fid);
	if (b->size)
		return reader_fail(&b->r, "EF %04X has records: say records, not size", f->fid);
	if (have > count)
		return reader_fail(&b->r, "EF %04X holds %zu records, more than %zu", f->fid, have,
				   count);
	if (count > RECORDS_MAX || count * f->record_len > EF_SIZE_MAX)
		return reader_fail(&b->r, "EF %04X is too large", f->fid);
	f->record_count = count;
	f->size = count * f->record_len;
	return 0;
}

/* The objects may grow to the size that is declared. */
static int finish_tlv(struct builder *b, struct card_file *f)
{
	int err = finish_transparent(b, f);

	f->used = b->content.len;
	return err;
}

int builder_end_ef(struct builder *b)
{
	struct card_file *f;
	int err;

	if (b->ef < 0)
		return 0;
	f = &b->p->files[b->ef];
	if (buf_error(&b->content))
		return reader_fail(&b->r, "EF %04X is larger than %d bytes", f->fid, EF_SIZE_MAX);
	if (f->structure == EF_TRANSPARENT)
		err = finish_transparent(b, f);
	else
		err = f->structure == EF_BER_TLV ? finish_tlv(b, f) : finish_records(b, f);
	if (err)
		return err;
	f->data = malloc(f->size ? f->size : 1);
	if (!f->data)
		return reader_fail(&b->r, "out of memory");
	memset(f->data, f->pad, f->size);
	if (b->content.len)
		memcpy(f->data, b->content.data, b->content.len);
	buf_reset(&b->content);
	b->size = 0;
	b->records = 0;
	b->ef = -1;
	return 0;
}

int builder_ef(struct builder *b)
{
	struct card_file *f;
	int err = builder_new_fid(b, FILE_EF, &f);

	if (err)
		return err;
	if (builder_word_is(b, 2, "transparent"))
		f->structure = EF_TRANSPARENT;
	else if (builder_word_is(b, 2, "linear-fixed"))
		f->structure = EF_LINEAR_FIXED;
	else if (builder_word_is(b, 2, "cyclic"))
		f->structure = EF_CYCLIC;
	else if (builder_word_is(b, 2, "ber-tlv"))
		f->structure = EF_BER_TLV;
	else
		return reader_fail(&b->r, "an EF is transparent, linear-fixed, cyclic or ber-tlv");
	f->has_fid = true;
	f->parent = b->dir;
	b->ef = b->p->n_files++;
	return builder_parse_label(b, 3, f);
}

/* `file "NAME" [first N]`, whose first word is at @at. */
static int add_file(struct builder *b, int at)
{
	struct reader *r = &b->r;
	bool cut = builder_word_is(b, at + 2, "first");
	struct buf file = BUF_INIT;
	char *path = reader_beside(r, r->words[at + 1].s);
	unsigned int count;
	int err;

	buf_init(&file, EF_SIZE_MAX);
	err = path ? buf_read_file(&file, path) : -ENOMEM;
	free(path);
	count = (unsigned int)file.len;
	if (err)
		reader_fail(r, "%s: %s", r->words[at + 1].s, strerror(-err));
	else if (cut)
		err = word_number(r, at + 3, 1, (unsigned int)file.len, &count);
	if (!err)
		buf_put(&b->content, file.data, count);
	buf_fini(&file);
	return err ? err : builder_no_more(b, at + (cut ? 4 : 2));
}

/* Appends `hex ...`, `text "..."`, `file "..."` or `fill N XX`, whose first word is at @at. */
static int add_content(struct builder *b, int at)
{
	struct reader *r = &b->r;
	uint8_t bytes[WORD_BYTES_MAX];
	unsigned int count;
	size_t n;
	int err;

	if (builder_word_is(b, at, "hex")) {
		err = word_hex(r, at + 1, r->n_words, bytes, sizeof(bytes), &n);
		if (!err)
			buf_put(&b->content, bytes, n);
		return err;
	}
	if (builder_word_is(b, at, "fill")) {
		err = word_number(r, at + 1, 1, EF_SIZE_MAX, &count);
		if (!err)
			err = word_hex_exact(r, at + 2, bytes, 1);
		for (unsigned int i = 0; !err && i < count; i++)
			buf_put_u8(&b->content, bytes[0]);
		return err ? err : builder_no_more(b, at + 3);
	}
	if (at + 1 >= r->n_words || !r->words[at + 1].quoted)
		return reader_fail(r, "a \"quoted string\" expected behind \"%s\"", r->words[at].s);
	if (builder_word_is(b, at, "file"))
		return add_file(b, at);
	buf_put(&b->content, r->words[at + 1].s, r->words[at + 1].n);
	return builder_no_more(b, at + 2);
}

static bool is_content(const struct builder *b, int at)
{
	return builder_word_is(b, at, "hex") || builder_word_is(b, at, "text") ||
	       builder_word_is(b, at, "file") || builder_word_is(b, at, "fill");
}

/* `object TAG hex ...`: the value is read first, then the length is known. */
static int do_object(struct builder *b, struct card_file *f)
{
	uint8_t head[TLV_HEAD_MAX];
	struct buf value = BUF_INIT;
	size_t tag_len, n;
	int err;

	if (f->structure != EF_BER_TLV)
		return reader_fail(&b->r, "EF %04X is not ber-tlv and has no objects", f->fid);
	err = word_hex(&b->r, 1, b->r.n_words > 1 ? 2 : 1, head, TLV_TAG_MAX, &tag_len);
	if (err)
		return err;
	if (!tag_len || tlv_tag(head, tag_len) != tag_len)
		return reader_fail(&b->r, "a tag has 1 to 3 bytes, as BER says");
	if (tlv_find(b->content.data, b->content.len, head, tag_len, &n) < b->content.len)
		return reader_fail(&b->r, "a second object %s", b->r.words[1].s);
	if (b->r.n_words > 2 && !is_content(b, 2))
		return reader_fail(&b->r, "an object is hex, text, file or fill");
	/* The value goes to a buffer of its own while its length is not known. */
	buf_init(&value, EF_SIZE_MAX);
	SWAP(value, b->content);
	err = b->r.n_words > 2 ? add_content(b, 2) : 0;
	SWAP(value, b->content);
	if (!err && buf_error(&value))
		err = reader_fail(&b->r, "an object is larger than %d bytes", EF_SIZE_MAX);
	if (!err) {
		n = tag_len + tlv_put_length(head + tag_len, value.len);
		buf_put(&b->content, head, n);
		if (value.len)
			buf_put(&b->content, value.data, value.len);
	}
	buf_fini(&value);
	return err;
}

static int do_record(struct builder *b, struct card_file *f)
{
	size_t start = b->content.len, n;
	int err;

	if (f->structure == EF_TRANSPARENT || f->structure == EF_BER_TLV)
		return reader_fail(&b->r, "EF %04X has no records", f->fid);
	if (!f->record_len)
		return reader_fail(&b->r, "record-length must come before the first record");
	if (!is_content(b, 1))
		return reader_fail(&b->r, "a record is hex, text, file or fill");
	err = add_content(b, 1);
	if (err)
		return err;
	n = b->content.len - start;
	if (n > f->record_len)
		return reader_fail(&b->r, "the record has %zu bytes, record-length is %zu", n,
				   f->record_len);
	for (; n < f->record_len; n++)
		buf_put_u8(&b->content, f->pad);
	return 0;
}

static int parse_access(struct builder *b, int *access)
{
	*access = ACCESS_NEVER;
	if (builder_word_is(b, 1, "always"))
		*access = ACCESS_ALWAYS;
	for (int i = 0; i < PROFILE_KEYS; i++) {
		if (builder_word_is(b, 1, key_name(i)))
			*access = i;
	}
	if (*access == ACCESS_NEVER && !builder_word_is(b, 1, "never"))
		return reader_fail(&b->r,
				   "access is always, never, pin1, pin2, adm1 or universal");
	return builder_no_more(b, 2);
}

static int do_sfi(struct builder *b, struct card_file *f)
{
	uint8_t v;
	int err;

	if (builder_word_is(b, 1, "none")) {
		f->sfi = 0;
		return builder_no_more(b, 2);
	}
	err = word_hex_exact(&b->r, 1, &v, 1);
	if (err)
		return err;
	if (v < 1 || v > 30)
		return reader_fail(&b->r, "an SFI is 01 to 1E");
	for (int i = 1; i < b->p->n_files; i++) {
		const struct card_file *other = &b->p->files[i];

		if (other != f && other->parent == f->parent && other->sfi == v)
			return reader_fail(&b->r, "SFI %02X belongs to %04X already", v, other->fid);
	}
	f->sfi = v;
	return builder_no_more(b, 2);
}

static int do_arr(struct builder *b, struct card_file *f)
{
	unsigned int record;
	int err = builder_parse_fid(b, 1, &f->arr_fid);

	if (!err)
		err = word_number(&b->r, 2, 1, RECORDS_MAX, &record);
	if (err)
		return err;
	f->arr_record = (uint8_t)record;
	if (builder_word_is(b, 3, "se")) {
		err = word_hex_exact(&b->r, 4, &f->arr_se, 1);
		if (err)
			return err;
		f->arr_has_se = true;
		return builder_no_more(b, 5);
	}
	return builder_no_more(b, 3);
}

static int do_content(struct builder *b, struct card_file *f)
{
	if (f->structure != EF_TRANSPARENT)
		return reader_fail(&b->r, "EF %04X has %s: say \"%s %s\"", f->fid,
				   f->structure == EF_BER_TLV ? "objects" : "records",
				   f->structure == EF_BER_TLV ? "object TAG" : "record",
				   b->r.words[0].s);
	return add_content(b, 0);
}

static int do_read(struct builder *b, struct card_file *f)
{
	return parse_access(b, &f->read);
}

static int do_update(struct builder *b, struct card_file *f)
{
	return parse_access(b, &f->update);
}

static int do_size(struct builder *b, struct card_file *f)
{
	int err = word_number(&b->r, 1, 1, EF_SIZE_MAX, &b->size);

	return err ? err : builder_no_more(b, 2);
}

static int do_pad(struct builder *b, struct card_file *f)
{
	int err = word_hex_exact(&b->r, 1, &f->pad, 1);

	return err ? err : builder_no_more(b, 2);
}

static int do_record_length(struct builder *b, struct card_file *f)
{
	unsigned int v;
	int err;

	if (b->content.len)
		return reader_fail(&b->r, "record-length must come before the first record");
	err = word_number(&b->r, 1, 1, RECORD_MAX, &v);
	if (err)
		return err;
	f->record_len = v;
	return builder_no_more(b, 2);
}

static int do_records(struct builder *b, struct card_file *f)
{
	int err = word_number(&b->r, 1, 1, RECORDS_MAX, &b->records);

	return err ? err : builder_no_more(b, 2);
}

static int do_deactivated(struct builder *b, struct card_file *f)
{
	f->deactivated = true;
	return builder_no_more(b, 1);
}

int builder_ef_line(struct builder *b, const char *word)
{
	static const struct {
		const char *word;
		int (*run)(struct builder *b, struct card_file *f);
	} table[] = {
		{ "hex", do_content }, { "text", do_content }, { "file", do_content },
		{ "fill", do_content }, { "record", do_record }, { "object", do_object },
		{ "sfi", do_sfi },
		{ "read", do_read }, { "update", do_update }, { "size", do_size },
		{ "pad", do_pad }, { "record-length", do_record_length },
		{ "records", do_records }, { "arr", do_arr }, { "deactivated", do_deactivated },
	};

	for (size_t i = 0; i < COUNT(table); i++) {
		if (strcmp(word, table[i].word))
			continue;
		if (b->ef < 0)
			return reader_fail(&b->r, "\"%s\" stands outside an EF", word);
		return table[i].run(b, &b->p->files[b->ef]);
	}
	return reader_fail(&b->r, "unknown word \"%s\"", word);
}
