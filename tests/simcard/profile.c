// SPDX-License-Identifier: GPL-2.0-or-later
/* The grammar of a card profile: files, keys, ATR. Faults are in profile_quirk.c. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "profile_int.h"
#include "util/buf.h"

#define MF_FID 0x3F00

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

bool builder_word_is(const struct builder *b, int at, const char *s)
{
	const struct reader *r = &b->r;

	return at < r->n_words && !r->words[at].quoted && !strcmp(r->words[at].s, s);
}

int builder_no_more(struct builder *b, int at)
{
	if (at >= b->r.n_words)
		return 0;
	return reader_fail(&b->r, "\"%s\" is one word too many", b->r.words[at].s);
}

int builder_parse_fid(struct builder *b, int at, uint16_t *fid)
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
static bool builder_fid_taken(const struct profile *p, int dir, uint16_t fid)
{
	for (int i = 1; i < p->n_files; i++) {
		if (p->files[i].parent == dir && p->files[i].has_fid && p->files[i].fid == fid)
			return true;
	}
	return false;
}

static int builder_new_file(struct builder *b, enum file_kind kind, struct card_file **out)
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
int builder_parse_label(struct builder *b, int at, struct card_file *f)
{
	if (at == b->r.n_words)
		return 0;
	if (!builder_word_is(b, at, "label") || at + 1 >= b->r.n_words)
		return reader_fail(&b->r, "\"%s\" is not known here", b->r.words[at].s);
	free(f->label);
	f->label = strdup(b->r.words[at + 1].s);
	if (!f->label)
		return reader_fail(&b->r, "out of memory");
	return builder_no_more(b, at + 2);
}

int builder_new_fid(struct builder *b, enum file_kind kind, struct card_file **out)
{
	int err = builder_end_ef(b);

	if (!err)
		err = builder_new_file(b, kind, out);
	if (!err)
		err = builder_parse_fid(b, 1, &(*out)->fid);
	if (!err && builder_fid_taken(b->p, b->dir, (*out)->fid))
		err = reader_fail(&b->r, "%04X is in this directory already", (*out)->fid);
	return err;
}

static int do_df(struct builder *b)
{
	struct card_file *f;
	int err = builder_new_fid(b, FILE_DF, &f);

	if (err)
		return err;
	f->has_fid = true;
	f->parent = b->dir;
	b->dir = b->p->n_files++;
	return builder_parse_label(b, 2, f);
}

static int do_adf(struct builder *b)
{
	struct card_file *f;
	int at = 2, err = builder_end_ef(b);

	if (err)
		return err;
	if (b->dir != 0)
		return reader_fail(&b->r, "an ADF stands beside the MF: "
				   "the directory above lacks its \"end\"");
	err = builder_new_file(b, FILE_ADF, &f);
	if (!err)
		err = word_hex(&b->r, 1, b->r.n_words > 1 ? 2 : 1, f->aid, AID_MAX, &f->aid_len);
	if (err)
		return err;
	if (f->aid_len < 5)
		return reader_fail(&b->r, "an AID has 5 to 16 bytes");
	if (builder_word_is(b, at, "fid")) {
		err = builder_parse_fid(b, at + 1, &f->fid);
		if (err)
			return err;
		f->has_fid = true;
		at += 2;
	}
	b->dir = b->p->n_files++;
	return builder_parse_label(b, at, f);
}

static int do_end(struct builder *b)
{
	int err = builder_end_ef(b);

	if (err)
		return err;
	if (b->dir == 0)
		return reader_fail(&b->r, "\"end\" without a df or adf");
	b->dir = b->p->files[b->dir].kind == FILE_ADF ? 0 : b->p->files[b->dir].parent;
	return builder_no_more(b, 1);
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
	b->p->uicc = builder_word_is(b, 1, "uicc") || builder_word_is(b, 1, "both");
	b->p->gsm = builder_word_is(b, 1, "2g") || builder_word_is(b, 1, "both");
	if (!b->p->uicc && !b->p->gsm)
		return reader_fail(&b->r, "a card is uicc, 2g or both");
	return builder_no_more(b, 2);
}

static int do_protocol(struct builder *b)
{
	if (!builder_word_is(b, 1, "T=0") && !builder_word_is(b, 1, "T=1"))
		return reader_fail(&b->r, "a protocol is T=0 or T=1");
	b->protocol_seen = true;
	b->p->protocol = builder_word_is(b, 1, "T=1");
	return builder_no_more(b, 2);
}

static int do_apdu(struct builder *b)
{
	b->p->apdu = true;
	return builder_no_more(b, 1);
}

static int do_extended(struct builder *b)
{
	b->p->apdu = true;
	b->p->extended = true;
	return builder_no_more(b, 1);
}

static int do_shared(struct builder *b)
{
	b->p->shared = true;
	return builder_no_more(b, 1);
}

static int do_channels(struct builder *b)
{
	unsigned int n;
	int err = word_number(&b->r, 1, 1, CHANNELS_MAX, &n);

	if (err)
		return err;
	b->p->channels = (int)n;
	return builder_no_more(b, 2);
}

/* key NAME "VALUE" [tries N] [disabled] */
static int do_key(struct builder *b)
{
	struct reader *r = &b->r;
	struct card_key *key = NULL;
	unsigned int tries = 3;
	int at = 3;

	for (int i = 0; i < PROFILE_KEYS; i++) {
		if (builder_word_is(b, 1, keys[i].name))
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
	if (builder_word_is(b, at, "tries")) {
		int err = word_number(r, at + 1, 0, 15, &tries);

		if (err)
			return err;
		at += 2;
	}
	if (builder_word_is(b, at, "disabled")) {
		key->disabled = true;
		at++;
	}
	key->tries = (int)tries;
	key->present = true;
	return builder_no_more(b, at);
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
		{ "adf", do_adf }, { "end", do_end },
		{ "apdu", do_apdu }, { "extended", do_extended }, { "shared", do_shared },
		{ "channels", do_channels }, { "ef", builder_ef },
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
	return builder_ef_line(b, word);
}

/*
 * Walks the interface bytes of the ATR (ISO 7816-3 8.2). Returns 0 and the
 * first protocol offered, or -EINVAL when the lengths or TCK do not fit. The
 * historical bytes begin at *@history_at.
 */
static int atr_protocol(const uint8_t *atr, size_t len, int *protocol, size_t *history_at)
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
	*history_at = at;
	for (size_t i = 1; check && i < len; i++)
		sum ^= atr[i];
	return sum ? -EINVAL : 0;
}

bool profile_atr_is_sound(const uint8_t *atr, size_t len)
{
	size_t history;
	int protocol;

	return len >= ATR_MIN && !atr_protocol(atr, len, &protocol, &history) && protocol <= 1;
}

/*
 * Whether the historical bytes say that extended length is taken: b7 of the third
 * byte of the card capabilities, compact tag 7 (ISO 7816-4 12.1.1.9).
 */
static bool atr_extended(const uint8_t *atr, size_t at)
{
	size_t end = at + (atr[1] & 0x0F);

	if (at == end || (atr[at] != 0x80 && atr[at] != 0x00))
		return false;
	for (at++; at < end; at += 1 + (atr[at] & 0x0F)) {
		if (atr[at] >> 4 == 7 && (atr[at] & 0x0F) >= 3 && at + 3 < end)
			return atr[at + 3] & 0x40;
	}
	return false;
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
	size_t history = 0;
	int protocol = 0, err;

	if (b->dir != 0)
		return reader_fail(&b->r, "%s: a df or adf lacks its \"end\"", p->path);
	if (!b->atr_seen || p->atr_len < ATR_MIN)
		return reader_fail(&b->r, "%s: an atr of 2 to 33 bytes is missing", p->path);
	err = atr_protocol(p->atr, p->atr_len, &protocol, &history);
	if ((err || protocol > 1) && !profile_quirk(p, QUIRK_BAD_ATR))
		return reader_fail(&b->r, "%s: the atr is malformed (quirk bad-atr allows it)",
				   p->path);
	if (!b->protocol_seen)
		p->protocol = protocol == 1;
	if (p->extended && !err && !atr_extended(p->atr, history))
		return reader_fail(&b->r, "%s: the atr does not say that extended length is taken",
				   p->path);
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
	p->channels = 4;
	error[0] = '\0';
	err = builder_new_file(b, FILE_MF, &mf);
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
		err = builder_end_ef(b);
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
