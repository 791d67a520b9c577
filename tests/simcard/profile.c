// SPDX-License-Identifier: GPL-2.0-or-later
/* The grammar of a card profile: files, keys, ATR. Faults are in profile_quirk.c. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "profile_int.h"
#include "util/buf.h"

#define MF_FID 0x3F00

/* What is being built while lines are read. */
struct builder {
	struct reader r;
	struct profile *p;
	int dir;		/* index of the directory lines add to */
	int ef;			/* the EF that content lines belong to, or -1 */
	struct buf content;
	unsigned int size;	/* declared; 0 = none */
	unsigned int records;	/* declared; 0 = none */
	bool atr_seen, protocol_seen, card_seen;
};

static const struct {
	const char *name;
	uint8_t reference;
} keys[PROFILE_KEYS] = {
	{ "pin1", 0x01 }, { "pin2", 0x81 }, { "adm1", 0x0A }, { "universal", 0x11 },
};

const char *key_name(int index)
{
	return keys[index].name;
}

uint8_t key_reference(int index)
{
	return keys[index].reference;
}

static bool word_is(const struct builder *b, int at, const char *s)
{
	const struct reader *r = &b->r;

	return at < r->n_words && !r->words[at].quoted && !strcmp(r->words[at].s, s);
}

static int no_more(struct builder *b, int at)
{
	if (at >= b->r.n_words)
		return 0;
	return reader_fail(&b->r, "\"%s\" is one word too many", b->r.words[at].s);
}

static int parse_fid(struct builder *b, int at, uint16_t *fid)
{
	uint8_t bytes[2];
	int err = word_hex_exact(&b->r, at, bytes, 2);

	if (err)
		return err;
	*fid = (uint16_t)(bytes[0] << 8 | bytes[1]);
	if (*fid == MF_FID || *fid == 0x3FFF || *fid == 0x7FFF || *fid == 0xFFFF)
		return reader_fail(&b->r, "%04X is reserved", *fid);
	return 0;
}

/* The files that a name must be unique among: children of @dir. */
static bool fid_taken(const struct profile *p, int dir, uint16_t fid)
{
	for (int i = 1; i < p->n_files; i++) {
		if (p->files[i].parent == dir && p->files[i].has_fid && p->files[i].fid == fid)
			return true;
	}
	return false;
}

static int new_file(struct builder *b, enum file_kind kind, struct card_file **out)
{
	struct card_file *f;

	if (b->p->n_files == PROFILE_FILES_MAX)
		return reader_fail(&b->r, "more than %d files", PROFILE_FILES_MAX);
	f = &b->p->files[b->p->n_files];
	memset(f, 0, sizeof(*f));
	f->kind = kind;
	f->parent = -1;
	f->update = ACCESS_NEVER;
	f->read = ACCESS_ALWAYS;
	f->pad = 0xFF;
	*out = f;
	return 0;
}

/* `label "..."` as the last words of a line. */
static int parse_label(struct builder *b, int at, struct card_file *f)
{
	if (at == b->r.n_words)
		return 0;
	if (!word_is(b, at, "label") || at + 1 >= b->r.n_words)
		return reader_fail(&b->r, "\"%s\" is not known here", b->r.words[at].s);
	free(f->label);
	f->label = strdup(b->r.words[at + 1].s);
	if (!f->label)
		return reader_fail(&b->r, "out of memory");
	return no_more(b, at + 2);
}

static int finish_transparent(struct builder *b, struct card_file *f)
{
	size_t size = b->size ? b->size : b->content.len;

	if (b->records || f->record_len)
		return reader_fail(&b->r, "EF %04X is transparent and has no records", f->fid);
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

/* Ends the EF that is being described, if there is one. */
static int finish_ef(struct builder *b)
{
	struct card_file *f;
	int err;

	if (b->ef < 0)
		return 0;
	f = &b->p->files[b->ef];
	if (buf_error(&b->content))
		return reader_fail(&b->r, "EF %04X is larger than %d bytes", f->fid, EF_SIZE_MAX);
	err = f->structure == EF_TRANSPARENT ? finish_transparent(b, f) : finish_records(b, f);
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

static int do_df(struct builder *b)
{
	struct card_file *f;
	int err = finish_ef(b);

	if (!err)
		err = new_file(b, FILE_DF, &f);
	if (!err)
		err = parse_fid(b, 1, &f->fid);
	if (err)
		return err;
	if (fid_taken(b->p, b->dir, f->fid))
		return reader_fail(&b->r, "%04X is in this directory already", f->fid);
	f->has_fid = true;
	f->parent = b->dir;
	b->dir = b->p->n_files++;
	return parse_label(b, 2, f);
}

static int do_adf(struct builder *b)
{
	struct card_file *f;
	int at = 2, err = finish_ef(b);

	if (err)
		return err;
	if (b->dir != 0)
		return reader_fail(&b->r, "an ADF stands beside the MF: "
				   "the directory above lacks its \"end\"");
	err = new_file(b, FILE_ADF, &f);
	if (!err)
		err = word_hex(&b->r, 1, b->r.n_words > 1 ? 2 : 1, f->aid, AID_MAX, &f->aid_len);
	if (err)
		return err;
	if (f->aid_len < 5)
		return reader_fail(&b->r, "an AID has 5 to 16 bytes");
	if (word_is(b, at, "fid")) {
		err = parse_fid(b, at + 1, &f->fid);
		if (err)
			return err;
		f->has_fid = true;
		at += 2;
	}
	b->dir = b->p->n_files++;
	return parse_label(b, at, f);
}

static int do_end(struct builder *b)
{
	int err = finish_ef(b);

	if (err)
		return err;
	if (b->dir == 0)
		return reader_fail(&b->r, "\"end\" without a df or adf");
	b->dir = b->p->files[b->dir].kind == FILE_ADF ? 0 : b->p->files[b->dir].parent;
	return no_more(b, 1);
}

static int do_ef(struct builder *b)
{
	struct card_file *f;
	int err = finish_ef(b);

	if (!err)
		err = new_file(b, FILE_EF, &f);
	if (!err)
		err = parse_fid(b, 1, &f->fid);
	if (err)
		return err;
	if (fid_taken(b->p, b->dir, f->fid))
		return reader_fail(&b->r, "%04X is in this directory already", f->fid);
	if (word_is(b, 2, "transparent"))
		f->structure = EF_TRANSPARENT;
	else if (word_is(b, 2, "linear-fixed"))
		f->structure = EF_LINEAR_FIXED;
	else if (word_is(b, 2, "cyclic"))
		f->structure = EF_CYCLIC;
	else
		return reader_fail(&b->r, "an EF is transparent, linear-fixed or cyclic");
	f->has_fid = true;
	f->parent = b->dir;
	b->ef = b->p->n_files++;
	return parse_label(b, 3, f);
}

/* `file "NAME" [first N]`, whose first word is at @at. */
static int add_file(struct builder *b, int at)
{
	struct reader *r = &b->r;
	bool cut = word_is(b, at + 2, "first");
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
	return err ? err : no_more(b, at + (cut ? 4 : 2));
}

/* Appends `hex ...`, `text "..."`, `file "..."` or `fill N XX`, whose first word is at @at. */
static int add_content(struct builder *b, int at)
{
	struct reader *r = &b->r;
	uint8_t bytes[WORD_BYTES_MAX];
	unsigned int count;
	size_t n;
	int err;

	if (word_is(b, at, "hex")) {
		err = word_hex(r, at + 1, r->n_words, bytes, sizeof(bytes), &n);
		if (!err)
			buf_put(&b->content, bytes, n);
		return err;
	}
	if (word_is(b, at, "fill")) {
		err = word_number(r, at + 1, 1, EF_SIZE_MAX, &count);
		if (!err)
			err = word_hex_exact(r, at + 2, bytes, 1);
		for (unsigned int i = 0; !err && i < count; i++)
			buf_put_u8(&b->content, bytes[0]);
		return err ? err : no_more(b, at + 3);
	}
	if (at + 1 >= r->n_words || !r->words[at + 1].quoted)
		return reader_fail(r, "a \"quoted string\" expected behind \"%s\"", r->words[at].s);
	if (word_is(b, at, "file"))
		return add_file(b, at);
	buf_put(&b->content, r->words[at + 1].s, r->words[at + 1].n);
	return no_more(b, at + 2);
}

static int do_record(struct builder *b, struct card_file *f)
{
	size_t start = b->content.len, n;
	int err;

	if (f->structure == EF_TRANSPARENT)
		return reader_fail(&b->r, "EF %04X is transparent and has no records", f->fid);
	if (!f->record_len)
		return reader_fail(&b->r, "record-length must come before the first record");
	if (!word_is(b, 1, "hex") && !word_is(b, 1, "text") && !word_is(b, 1, "file") &&
	    !word_is(b, 1, "fill"))
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
	if (word_is(b, 1, "always"))
		*access = ACCESS_ALWAYS;
	for (int i = 0; i < PROFILE_KEYS; i++) {
		if (word_is(b, 1, keys[i].name))
			*access = i;
	}
	if (*access == ACCESS_NEVER && !word_is(b, 1, "never"))
		return reader_fail(&b->r,
				   "access is always, never, pin1, pin2, adm1 or universal");
	return no_more(b, 2);
}

static int do_sfi(struct builder *b, struct card_file *f)
{
	uint8_t v;
	int err;

	if (word_is(b, 1, "none")) {
		f->sfi = 0;
		return no_more(b, 2);
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
	return no_more(b, 2);
}

static int do_arr(struct builder *b, struct card_file *f)
{
	unsigned int record;
	int err = parse_fid(b, 1, &f->arr_fid);

	if (!err)
		err = word_number(&b->r, 2, 1, RECORDS_MAX, &record);
	if (err)
		return err;
	f->arr_record = (uint8_t)record;
	return no_more(b, 3);
}

static int do_content(struct builder *b, struct card_file *f)
{
	if (f->structure != EF_TRANSPARENT)
		return reader_fail(&b->r, "EF %04X has records: say \"record %s\"", f->fid,
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

	return err ? err : no_more(b, 2);
}

static int do_pad(struct builder *b, struct card_file *f)
{
	int err = word_hex_exact(&b->r, 1, &f->pad, 1);

	return err ? err : no_more(b, 2);
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
	return no_more(b, 2);
}

static int do_records(struct builder *b, struct card_file *f)
{
	int err = word_number(&b->r, 1, 1, RECORDS_MAX, &b->records);

	return err ? err : no_more(b, 2);
}

static int do_deactivated(struct builder *b, struct card_file *f)
{
	f->deactivated = true;
	return no_more(b, 1);
}

/* Lines that belong to the EF above them. */
static int ef_line(struct builder *b, const char *word)
{
	static const struct {
		const char *word;
		int (*run)(struct builder *b, struct card_file *f);
	} table[] = {
		{ "hex", do_content }, { "text", do_content }, { "file", do_content },
		{ "fill", do_content }, { "record", do_record }, { "sfi", do_sfi },
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

static int do_atr(struct builder *b)
{
	if (b->atr_seen)
		return reader_fail(&b->r, "a second atr");
	b->atr_seen = true;
	return word_hex(&b->r, 1, b->r.n_words, b->p->atr, ATR_MAX, &b->p->atr_len);
}

static int do_card(struct builder *b)
{
	if (b->card_seen)
		return reader_fail(&b->r, "a second card line");
	b->card_seen = true;
	b->p->uicc = word_is(b, 1, "uicc") || word_is(b, 1, "both");
	b->p->gsm = word_is(b, 1, "2g") || word_is(b, 1, "both");
	if (!b->p->uicc && !b->p->gsm)
		return reader_fail(&b->r, "a card is uicc, 2g or both");
	return no_more(b, 2);
}

static int do_protocol(struct builder *b)
{
	if (!word_is(b, 1, "T=0") && !word_is(b, 1, "T=1"))
		return reader_fail(&b->r, "a protocol is T=0 or T=1");
	b->protocol_seen = true;
	b->p->protocol = word_is(b, 1, "T=1");
	return no_more(b, 2);
}

/* key NAME "VALUE" [tries N] [disabled] */
static int do_key(struct builder *b)
{
	struct reader *r = &b->r;
	struct card_key *key = NULL;
	unsigned int tries = 3;
	int at = 3;

	for (int i = 0; i < PROFILE_KEYS; i++) {
		if (word_is(b, 1, keys[i].name))
			key = &b->p->keys[i];
	}
	if (!key)
		return reader_fail(r, "a key is pin1, pin2, adm1 or universal");
	if (key->present)
		return reader_fail(r, "a second key %s", r->words[1].s);
	if (r->n_words < 3 || !r->words[2].quoted || r->words[2].n < 4 || r->words[2].n > 8)
		return reader_fail(r, "a key has a quoted value of 4 to 8 characters");
	memset(key->value, 0xFF, sizeof(key->value));
	memcpy(key->value, r->words[2].s, r->words[2].n);
	if (word_is(b, at, "tries")) {
		int err = word_number(r, at + 1, 0, 15, &tries);

		if (err)
			return err;
		at += 2;
	}
	if (word_is(b, at, "disabled")) {
		key->disabled = true;
		at++;
	}
	key->tries = (int)tries;
	key->present = true;
	return no_more(b, at);
}

static int do_include(struct builder *b)
{
	char *path;
	int err;

	if (b->r.n_words != 2 || !b->r.words[1].quoted)
		return reader_fail(&b->r, "include \"FILE\"");
	path = reader_beside(&b->r, b->r.words[1].s);
	if (!path)
		return reader_fail(&b->r, "out of memory");
	err = reader_open(&b->r, path);
	if (err)
		reader_fail(&b->r, "%s: %s", b->r.words[1].s,
			    err == -EINVAL ? "includes are nested too deep" : strerror(-err));
	free(path);
	return err;
}

static int do_line(struct builder *b)
{
	static const struct {
		const char *word;
		int (*run)(struct builder *b);
	} table[] = {
		{ "card", do_card }, { "atr", do_atr }, { "protocol", do_protocol },
		{ "key", do_key }, { "include", do_include }, { "df", do_df },
		{ "adf", do_adf }, { "end", do_end }, { "ef", do_ef },
	};
	const char *word = b->r.words[0].s;

	if (b->r.words[0].quoted)
		return reader_fail(&b->r, "a line begins with a word, not a string");
	for (size_t i = 0; i < COUNT(table); i++) {
		if (!strcmp(word, table[i].word))
			return table[i].run(b);
	}
	if (!strcmp(word, "quirk"))
		return quirk_parse(&b->r, b->p);
	return ef_line(b, word);
}

/*
 * Walks the interface bytes of the ATR (ISO 7816-3 8.2). Returns 0 and the
 * first protocol offered, or -EINVAL when the lengths or TCK do not fit.
 */
static int atr_protocol(const uint8_t *atr, size_t len, int *protocol)
{
	size_t at = 2, history = atr[1] & 0x0F;
	unsigned int y = atr[1] >> 4;
	bool first = true, check = false;
	uint8_t sum = 0;

	if (atr[0] != 0x3B && atr[0] != 0x3F)
		return -EINVAL;
	*protocol = 0;
	while (y) {
		at += (y & 1) + (y >> 1 & 1) + (y >> 2 & 1);
		if (!(y & 8))
			break;
		if (at >= len)
			return -EINVAL;
		if (first)
			*protocol = atr[at] & 0x0F;
		first = false;
		check = check || (atr[at] & 0x0F);
		y = atr[at++] >> 4;
	}
	if (at + history + check != len)
		return -EINVAL;
	for (size_t i = 1; check && i < len; i++)
		sum ^= atr[i];
	return sum ? -EINVAL : 0;
}

static int finish_access(struct builder *b)
{
	for (int i = 1; i < b->p->n_files; i++) {
		const struct card_file *f = &b->p->files[i];

		if (f->kind != FILE_EF)
			continue;
		if ((f->read >= 0 && !b->p->keys[f->read].present) ||
		    (f->update >= 0 && !b->p->keys[f->update].present))
			return reader_fail(&b->r, "%s: EF %04X needs a key that is not there",
					   b->p->path, f->fid);
	}
	return 0;
}

static int finish_profile(struct builder *b)
{
	struct profile *p = b->p;
	int protocol = 0, err;

	if (b->dir != 0)
		return reader_fail(&b->r, "%s: a df or adf lacks its \"end\"", p->path);
	if (!b->atr_seen || p->atr_len < ATR_MIN)
		return reader_fail(&b->r, "%s: an atr of 2 to 33 bytes is missing", p->path);
	err = atr_protocol(p->atr, p->atr_len, &protocol);
	if ((err || protocol > 1) && !profile_quirk(p, QUIRK_BAD_ATR))
		return reader_fail(&b->r, "%s: the atr is malformed (quirk bad-atr allows it)",
				   p->path);
	if (!b->protocol_seen)
		p->protocol = protocol == 1;
	return finish_access(b);
}

int profile_load(struct profile *p, const char *path, char *error, size_t error_size)
{
	struct builder *b = calloc(1, sizeof(*b));
	struct card_file *mf;
	int err;

	memset(p, 0, sizeof(*p));
	if (b)
		p->path = strdup(path);
	if (!p->path) {
		free(b);
		snprintf(error, error_size, "%s: out of memory", path);
		return -ENOMEM;
	}
	b->p = p;
	b->ef = -1;
	b->r.error = error;
	b->r.error_size = error_size;
	buf_init(&b->content, EF_SIZE_MAX);
	p->uicc = true;
	error[0] = '\0';
	err = new_file(b, FILE_MF, &mf);
	if (!err) {
		mf->fid = MF_FID;
		mf->has_fid = true;
		p->n_files = 1;
		err = reader_open(&b->r, path);
	}
	while (!err) {
		int more = reader_next(&b->r);

		if (more <= 0) {
			err = more;
			break;
		}
		err = do_line(b);
	}
	if (!err)
		err = finish_ef(b);
	if (!err)
		err = finish_profile(b);
	reader_close(&b->r);
	buf_fini(&b->content);
	free(b);
	if (err)
		profile_fini(p);
	return err;
}

void profile_fini(struct profile *p)
{
	/* One more than counted: a file whose line failed may hold a label. */
	for (int i = 0; i < PROFILE_FILES_MAX; i++) {
		free(p->files[i].data);
		free(p->files[i].label);
	}
	free(p->path);
	memset(p, 0, sizeof(*p));
}
