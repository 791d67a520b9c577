// SPDX-License-Identifier: GPL-2.0-or-later
/* The description of a card: its lines, those outside of blocks, and what must fit together. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "desc_int.h"
#include "util/text.h"

#define OFF(type, field) offsetof(struct type, field)

static const char *const file_names[] = {
	[DESC_DM_BOOTSTRAP] = "dm-bootstrap", [DESC_BOOTSTRAP] = "bootstrap",
	[DESC_CONFIG1] = "config1", [DESC_CONFIG2] = "config2", [DESC_INDICATOR] = "indicator",
	[DESC_LWM2M] = "lwm2m", [DESC_DODF] = "dodf", NULL };

const char *desc_file_name(enum desc_file f)
{
	return file_names[f];
}

/* --- words ---------------------------------------------------------------- */

unsigned int desc_line_now(const struct desc_reader *r)
{
	return r->r.stack[r->r.depth - 1].line;
}

bool desc_word_is(const struct desc_reader *r, int at, const char *s)
{
	return at < r->r.n_words && !r->r.words[at].quoted && !strcmp(r->r.words[at].s, s);
}

int desc_no_more(struct desc_reader *r, int at)
{
	if (at < r->r.n_words)
		return reader_fail(&r->r, "\"%s\" is too much", r->r.words[at].s);
	return 0;
}

int desc_text(struct desc_reader *r, int at, unsigned int min, unsigned int max, char *out)
{
	const struct word *w = &r->r.words[at];

	if (at >= r->r.n_words || !w->quoted)
		return reader_fail(&r->r, "a \"quoted string\" expected behind \"%s\"",
				   r->r.words[at - 1].s);
	/* What it says may be a secret: no error repeats it. */
	if (w->n < min || w->n > max)
		return reader_fail(&r->r, "the string behind \"%s\" has %zu bytes; %u to %u are possible",
				   r->r.words[at - 1].s, w->n, min, max);
	if (!text_is_printable(slice_of(w->s, w->n)))
		return reader_fail(&r->r, "the string behind \"%s\" holds what cannot be printed",
				   r->r.words[at - 1].s);
	memcpy(out, w->s, w->n);
	out[w->n] = '\0';
	return 0;
}

int desc_choice(struct desc_reader *r, int at, const char *const *names, int *out)
{
	char all[160] = "";

	for (int i = 0; names[i]; i++) {
		if (desc_word_is(r, at, names[i])) {
			*out = i;
			return 0;
		}
		if (names[i][0] && strlen(all) + strlen(names[i]) + 3 < sizeof(all)) {
			strcat(all, all[0] ? ", " : "");
			strcat(all, names[i]);
		}
	}
	return reader_fail(&r->r, "one of %s expected behind \"%s\"", all, r->r.words[at - 1].s);
}

/* --- lines outside of blocks ------------------------------------------------ */

static int do_iccid(struct desc_reader *r, void *what)
{
	const struct word *w = &r->r.words[1];
	size_t i;

	for (i = 0; r->r.n_words > 1 && i < w->n && w->s[i] >= '0' && w->s[i] <= '9'; i++)
		;
	if (r->r.n_words < 2 || i != w->n || w->n < 18 || w->n > 20)
		return reader_fail(&r->r, "an iccid has 18 to 20 digits");
	memcpy(r->d->iccid, w->s, w->n + 1);
	return desc_no_more(r, 2);
}

static int do_atr(struct desc_reader *r, void *what)
{
	int err = word_hex(&r->r, 1, r->r.n_words, r->d->atr, ATR_MAX, &r->d->atr_len);

	if (!err && !profile_atr_is_sound(r->d->atr, r->d->atr_len))
		err = reader_fail(&r->r, "the atr is malformed");
	return err;
}

/* pin pin1 | universal "VALUE" [tries N] [for FILE...] */
static int do_pin(struct desc_reader *r, void *what)
{
	static const char *const all[] = { "dm-bootstrap", "bootstrap", "config1", "config2",
					   "indicator", "lwm2m" };
	struct desc *d = r->d;
	int at = 3, err;

	for (int i = 0; i < PROFILE_KEYS; i++)
		if (desc_word_is(r, 1, key_name(i)) && strcmp(key_name(i), "adm1"))
			d->pin_key = i;
	if (d->pin_key < 0)
		return reader_fail(&r->r, "a pin is pin1, pin2 or universal");
	err = desc_text(r, 2, 4, 8, d->pin);
	if (!err && desc_word_is(r, at, "tries")) {
		err = word_number(&r->r, at + 1, 1, 15, &d->pin_tries);
		at += 2;
	}
	if (err)
		return err;
	d->secrets = true;
	if (at == r->r.n_words) {
		for (size_t i = 0; i < COUNT(all); i++)
			d->ef[i].is_private = true;
		return 0;
	}
	if (!desc_word_is(r, at, "for") || at + 1 == r->r.n_words)
		return reader_fail(&r->r, "\"for\" and the names of files expected");
	for (at++; at < r->r.n_words; at++) {
		int file;

		err = desc_choice(r, at, file_names, &file);
		if (err)
			return err;
		d->ef[file].is_private = true;
		d->ef[file].named_line = desc_line_now(r);
	}
	return 0;
}

/* file NAME [fid FID] [size N] [label "TEXT"] */
static int do_file(struct desc_reader *r, void *what)
{
	struct desc_ef *f;
	uint8_t fid[2];
	int file, at = 2, err = r->r.n_words > 1 ? desc_choice(r, 1, file_names, &file) :
						   reader_fail(&r->r, "the name of a file expected");

	if (err)
		return err;
	f = &r->d->ef[file];
	f->line = desc_line_now(r);
	if (desc_word_is(r, at, "fid")) {
		err = word_hex_exact(&r->r, at + 1, fid, 2);
		f->fid = (uint16_t)(fid[0] << 8 | fid[1]);
		at += 2;
		if (!err && (f->fid == 0x3F00 || f->fid == 0x3FFF || f->fid == 0x7FFF ||
			     f->fid == 0xFFFF || f->fid == 0x5031 || f->fid == 0x5032))
			err = reader_fail(&r->r, "%04X is taken", f->fid);
	}
	if (!err && desc_word_is(r, at, "size")) {
		err = word_number(&r->r, at + 1, 1, 32768, &f->size);
		at += 2;
	}
	if (!err && desc_word_is(r, at, "label")) {
		err = desc_text(r, at + 1, 1, DESC_TEXT_MAX, f->label);
		at += 2;
	}
	return err ? err : desc_no_more(r, at);
}

static bool file_has_doc(const struct desc *d, enum desc_file file)
{
	for (size_t i = 0; i < d->ndocs; i++)
		if (d->docs[i].file == file)
			return true;
	return false;
}

/* profile dm [opaque] | profile cp [in FILE] [version 1.0|1.1] */
static int do_profile(struct desc_reader *r, void *what)
{
	static const char *const kinds[] = { "dm", "cp", NULL };
	static const char *const versions[] = { "1.1", "1.0", NULL };
	int kind, file, version = 0, at = 2, err;

	err = r->r.n_words > 1 ? desc_choice(r, 1, kinds, &kind) :
				 reader_fail(&r->r, "\"dm\" or \"cp\" expected");
	if (err)
		return err;
	if (r->d->ndocs == DESC_DOCS_MAX)
		return reader_fail(&r->r, "more than %d profiles", DESC_DOCS_MAX);
	r->doc = &r->d->docs[r->d->ndocs];
	r->doc->cp = kind == 1;
	r->doc->line = desc_line_now(r);
	file = kind == 1 ? DESC_BOOTSTRAP : DESC_DM_BOOTSTRAP;
	if (kind == 0 && desc_word_is(r, at, "opaque")) {
		r->doc->opaque = true;
		at++;
	}
	if (kind == 1 && desc_word_is(r, at, "in")) {
		err = desc_choice(r, at + 1, file_names, &file);
		if (!err && file > DESC_CONFIG2)
			err = reader_fail(&r->r, "a document stands in dm-bootstrap, bootstrap, config1 or config2");
		at += 2;
	}
	if (!err && kind == 1 && desc_word_is(r, at, "version")) {
		err = desc_choice(r, at + 1, versions, &version);
		at += 2;
	}
	if (!err)
		err = desc_no_more(r, at);
	if (!err && file_has_doc(r->d, file))
		err = reader_fail(&r->r, "%s holds a profile already", file_names[file]);
	r->doc->file = file;
	r->doc->version_1_0 = version == 1;
	r->d->ndocs += !err;
	return err;
}

static const char *const card_names[] = { "uicc", "2g", NULL };
static const char *const object_names[] = {
	[DESC_OID] = "oid", [DESC_OPAQUE_OBJECT] = "opaque", [DESC_OID_TWICE] = "oid-twice",
	[DESC_OPAQUE_TWICE] = "opaque-twice", NULL };
static const char *const filling_names[] = { "FF", "00", NULL };

static int do_card(struct desc_reader *r, void *what)
{
	int v = 0, err = desc_choice(r, 1, card_names, &v);

	r->d->gsm = v == 1;
	return err ? err : desc_no_more(r, 2);
}

static int do_filling(struct desc_reader *r, void *what)
{
	int v = 0, err = desc_choice(r, 1, filling_names, &v);

	r->d->zeros = v == 1;
	return err ? err : desc_no_more(r, 2);
}

static const struct desc_key top_keys[] = {
	{ "card", KEY_CALL_ONCE, .run = do_card },
	{ "iccid", KEY_CALL_ONCE, .run = do_iccid },
	{ "atr", KEY_CALL_ONCE, .run = do_atr },
	{ "objects", KEY_CHOICE, OFF(desc, objects), .names = object_names },
	{ "filling", KEY_CALL_ONCE, .run = do_filling },
	{ "pin", KEY_CALL_ONCE, .run = do_pin },
	{ "file", KEY_CALL, .run = do_file },
	{ "profile", KEY_CALL, .run = do_profile },
	{ "server", KEY_CALL, .run = desc_open_server },
	{ "nap", KEY_CALL, .run = desc_open_nap },
	{ "proxy", KEY_CALL, .run = desc_open_proxy },
	{ "indicator", KEY_CALL_ONCE, .run = desc_open_indicator },
	{ "lwm2m", KEY_CALL_ONCE, .run = desc_open_lwm2m },
};

/* --- a line ----------------------------------------------------------------- */

static int key_run(struct desc_reader *r, const struct desc_key *k, void *what)
{
	char *field = (char *)what + k->offset;
	int err;

	switch (k->kind) {
	case KEY_TEXT:
		err = desc_text(r, 1, k->min, k->max, field);
		break;
	case KEY_NUMBER:
		err = word_number(&r->r, 1, k->min, k->max, (unsigned int *)field);
		break;
	case KEY_CHOICE:
		err = desc_choice(r, 1, k->names, (int *)field);
		break;
	case KEY_FLAG:
		*(bool *)field = true;
		return desc_no_more(r, 1);
	default:
		return k->run(r, what);
	}
	return err ? err : desc_no_more(r, 2);
}

static int desc_line(struct desc_reader *r)
{
	const struct desc_block *b = r->block;
	const struct desc_key *keys = b ? b->keys : top_keys;
	size_t n = b ? b->nkeys : COUNT(top_keys);
	uint64_t *seen = b ? &r->seen : &r->top_seen;
	const char *word = r->r.words[0].s;

	if (r->r.words[0].quoted)
		return reader_fail(&r->r, "a line begins with a word, not a string");
	if (b && !strcmp(word, "end")) {
		int err = desc_no_more(r, 1);

		if (!err && b->end)
			err = b->end(r, r->what);
		r->block = NULL;
		return err;
	}
	for (size_t i = 0; i < n; i++) {
		if (strcmp(word, keys[i].word))
			continue;
		if (keys[i].kind != KEY_CALL && *seen & 1ULL << i)
			return reader_fail(&r->r, "a second \"%s\"", word);
		*seen |= 1ULL << i;
		return key_run(r, &keys[i], b ? r->what : r->d);
	}
	if (b)
		return reader_fail(&r->r, "unknown word \"%s\" in \"%s\"", word, b->word);
	return reader_fail(&r->r, "unknown word \"%s\"", word);
}

/* --- what must fit together --------------------------------------------------- */

static bool doc_names(const struct desc_doc *doc, const char *id, bool proxies)
{
	for (size_t i = 0; i < doc->nnaps; i++)
		if (!strcmp(doc->naps[i].id, id))
			return true;
	for (size_t i = 0; proxies && i < doc->nproxies; i++)
		if (!strcmp(doc->proxies[i].id, id))
			return true;
	return false;
}

/* As reader_fail(), of a line that was read before. */
static int __attribute__((format(printf, 4, 5)))
fail_at(struct desc_reader *r, const char *path, unsigned int line, const char *fmt, ...)
{
	char why[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	return reader_fail(&r->r, "%s:%u: %s", path, line, why);
}

/* A word that the profile has no place for would not be on the card. */
static int server_check(struct desc_reader *r, const char *path, const struct desc_doc *doc,
			const struct desc_server *s)
{
	const char *other = doc->cp ? "dm" : "cp";
	const char *word = !doc->cp ? s->init ? "init" : NULL :
			   s->acl[0] ? "acl" : s->prefer ? "prefer" : NULL;

	if (word)
		return fail_at(r, path, s->line, "\"%s\" is of the profile %s", word, other);
	for (size_t k = 0; k < s->nconnects; k++)
		if (!doc_names(doc, s->connect[k], true))
			return fail_at(r, path, s->line,
				       "server \"%s\" connects by \"%s\", which no nap or proxy of its profile is",
				       s->id, s->connect[k]);
	return 0;
}

static int doc_check(struct desc_reader *r, const char *path, const struct desc_doc *doc)
{
	int err = 0;

	if (!doc->nservers && !doc->nnaps && !doc->nproxies)
		return fail_at(r, path, doc->line, "the profile in %s is empty",
			       file_names[doc->file]);
	for (size_t i = 0; !err && i < doc->nservers; i++)
		err = server_check(r, path, doc, &doc->servers[i]);
	for (size_t i = 0; !err && i < doc->nnaps; i++)
		if (doc->naps[i].internet && !doc->cp)
			err = fail_at(r, path, doc->naps[i].line,
				      "\"internet\" is of the profile cp");
	for (size_t i = 0; !err && i < doc->nproxies; i++) {
		const struct desc_proxy *p = &doc->proxies[i];

		if (p->through[0] && !doc_names(doc, p->through, false))
			err = fail_at(r, path, p->line,
				      "proxy \"%s\" is reached by \"%s\", which no nap of its profile is",
				      p->id, p->through);
	}
	return err;
}

static bool file_is_there(const struct desc *d, enum desc_file file)
{
	return file == DESC_DODF || file_has_doc(d, file) ||
	       (file == DESC_INDICATOR && d->indicator.present) ||
	       (file == DESC_LWM2M && d->lwm2m.present);
}

/* What `file` and `pin` say of files; of two with the same FID, the later line. */
static int files_check(struct desc_reader *r, const char *path)
{
	const struct desc_ef *ef = r->d->ef;

	for (int i = 0; i < DESC_FILES; i++) {
		unsigned int line = ef[i].line ? ef[i].line : ef[i].named_line;

		if (line && !file_is_there(r->d, i))
			return fail_at(r, path, line, "nothing is described that goes into %s",
				       file_names[i]);
		for (int k = 0; k < i; k++)
			if (ef[i].fid == ef[k].fid)
				return fail_at(r, path,
					       ef[i].line > ef[k].line ? ef[i].line : ef[k].line,
					       "%s and %s have the same FID %04X",
					       file_names[k], file_names[i], ef[i].fid);
	}
	return 0;
}

static int desc_check(struct desc_reader *r, const char *path)
{
	const struct desc *d = r->d;
	int err;

	if (r->block)
		return fail_at(r, path, r->block_line, "\"%s\" lacks its \"end\"", r->block->word);
	if (!d->iccid[0])
		return reader_fail(&r->r, "%s: an iccid is missing", path);
	err = files_check(r, path);
	for (size_t i = 0; !err && i < d->ndocs; i++)
		err = doc_check(r, path, &d->docs[i]);
	return err;
}

static void desc_defaults(struct desc *d)
{
	static const struct desc_ef ef[DESC_FILES] = {
		[DESC_DM_BOOTSTRAP] = { .fid = 0x6431, .label = "DM Bootstrap" },
		[DESC_BOOTSTRAP] = { .fid = 0x6434, .label = "Bootstrap" },
		[DESC_CONFIG1] = { .fid = 0x6435, .label = "Config1" },
		[DESC_CONFIG2] = { .fid = 0x6436, .label = "Config2" },
		[DESC_INDICATOR] = { .fid = 0x6433, .label = "DM-SC" },
		[DESC_LWM2M] = { .fid = 0x6432, .label = "LwM2M Bootstrap" },
		[DESC_DODF] = { .fid = 0x6430 },
	};

	memcpy(d->ef, ef, sizeof(ef));
	d->pin_key = -1;
	d->pin_tries = 3;
}

struct desc *desc_load(const char *path, char *error, size_t error_size)
{
	struct desc_reader *r = calloc(1, sizeof(*r));
	struct desc *d = calloc(1, sizeof(*d));
	int err = -ENOMEM;

	snprintf(error, error_size, "%s: out of memory", path);
	if (r && d) {
		error[0] = '\0';
		desc_defaults(d);
		r->d = d;
		r->r.error = error;
		r->r.error_size = error_size;
		err = reader_open(&r->r, path);
		while (!err) {
			int more = reader_next(&r->r);

			if (more <= 0) {
				err = more ? more : desc_check(r, path);
				break;
			}
			err = desc_line(r);
		}
		reader_close(&r->r);
		explicit_bzero(r, sizeof(*r));
	}
	free(r);
	if (!err)
		return d;
	desc_free(d);
	return NULL;
}

void desc_free(struct desc *d)
{
	if (d)
		explicit_bzero(d, sizeof(*d));
	free(d);
}
