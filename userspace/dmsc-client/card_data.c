// SPDX-License-Identifier: GPL-2.0-or-later
/* What card-child reads from a card, and the digest by which that is known. It changes nothing. */
#include <errno.h>

#include "card/iccid.h"
#include "dmsc-client/card_int.h"
#include "util/digest.h"
#include "util/log.h"

#define FIRST_BOOTSTRAP (4 * CARD_READ_MAX)	/* bytes asked for at first */

struct reading {
	struct card *card;
	struct card_data *data;
};

static const char *const kind_names[] = {
	"EF(DM_Bootstrap)", "EF(Bootstrap)", "EF(Config1)", "EF(Config2)", "the indicator",
};

static bool is_erased(struct slice s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (s.p[i] != 0xff && s.p[i] != 0x00)
			return false;
	return true;
}

/*
 * 0 or -errno, logged. A card that says it has no EF(ICCID), or an empty one, is known
 * by its content alone; an error is not taken for that.
 */
static int iccid_read(struct card *c, struct card_data *d, const struct card_reader *rd)
{
	int r = rd->read(rd->ctx, "3f00.2fe2", 0, d->iccid, ICCID_LEN);

	if (r == ICCID_LEN && !is_erased(slice_of(d->iccid, ICCID_LEN))) {
		d->iccid_len = ICCID_LEN;
		return 0;
	}
	memset(d->iccid, 0, sizeof(d->iccid));
	if (r < 0 && r != -ENOENT) {
		log_err("%s: EF(ICCID): %s; nothing is changed", c->start.slot, card_error(r));
		return r;
	}
	if (!d->quiet)
		log_warn("%s: EF(ICCID): %s", c->start.slot,
			 r < 0 ? card_error(r) : "too short or empty");
	return 0;
}

static size_t oids_collect(const struct conf *conf, struct pkcs15_oid *oids)
{
	size_t i, n = CARD_INDICATOR;

	oids[CARD_DM] = PKCS15_OID_DM_BOOTSTRAP;
	oids[CARD_PROVSC] = PKCS15_OID_PROVSC_BOOTSTRAP;
	oids[CARD_CONFIG1] = PKCS15_OID_PROVSC_CONFIG1;
	oids[CARD_CONFIG2] = PKCS15_OID_PROVSC_CONFIG2;
	for (i = 0; i < conf->indicator_oids.n; i++)
		if (!pkcs15_oid_parse(slice_str(conf->indicator_oids.v[i]), &oids[n]))
			n++;
	return n;
}

/*
 * When no object with one of the OIDs @from to @to is known: 0, the card has none; else
 * why that cannot be told.
 */
static int absence(const struct pkcs15_dir *dir, unsigned int from, unsigned int to)
{
	unsigned int i;
	int r = 0;

	for (i = from; i <= to && !r; i++)
		r = pkcs15_absence(dir, i);
	return r;
}

/* Of several, the one whose OID the configuration names first; then the first of the card. */
static const struct pkcs15_object *indicator_object(const struct card *c,
						   const struct pkcs15_dir *dir, int *hidden)
{
	const struct pkcs15_object *o = NULL;
	unsigned int i;

	*hidden = 0;
	for (i = CARD_INDICATOR; i < c->lwm2m_oid && !o && !*hidden; i++) {
		o = pkcs15_object_get(dir, i);
		if (!o)		/* what counts before all others may be where nobody can look */
			*hidden = pkcs15_absence(dir, i);
	}
	return o;
}

static void indicator_log(const struct card *c, const struct indicator *i)
{
	static const char *const ui[] = { "", "", ", with a notice", ", after asking the user" };

	switch (i->state) {
	case INDICATOR_ABSENT:
		log_info("%s: the card has no indicator", c->start.slot);
		break;
	case INDICATOR_VALID:
		log_info("%s: indicator: %s%s%s%s%s", c->start.slot,
			 i->connect ? "connect" : "do not connect", i->connect ? ui[i->ui] : "",
			 i->every_power_on ? ", at every power-on" : "",
			 i->ask_incorporate ? ", ask before taking over data" : "",
			 i->nservers ? ", for named servers" : "");
		break;
	case INDICATOR_MALFORMED:
	case INDICATOR_UNREADABLE:
		log_err("%s: the indicator is %s (%s): no automatic session, and the user is asked before data is taken over",
			c->start.slot,
			i->state == INDICATOR_MALFORMED ? "malformed" : "unreadable", i->reason);
		break;
	}
}

/* 0 or -ENODEV; what is wrong otherwise is the indicator's state. */
static int indicator_find(struct card *c, struct card_data *d, const struct card_reader *rd)
{
	int hidden, r = 0;
	const struct pkcs15_object *o = indicator_object(c, &d->dir, &hidden);

	memset(&d->ind, 0, sizeof(d->ind));
	if (o) {
		r = indicator_read(rd, o, &d->ind);
	} else if (hidden) {
		/* Absence proves nothing here. */
		d->ind.state = INDICATOR_UNREADABLE;
		d->ind.reason = "part of EF(DODF) cannot be read";
		d->ind.err = hidden;
	}
	if (!r && !d->quiet)
		indicator_log(c, &d->ind);
	return r;
}

/* Kind and length before each part: no two contents have the same bytes here. */
static void content_digest(struct card_data *d)
{
	const struct indicator *ind = &d->ind;
	uint8_t head[7] = { 'd', '2', ind->state, (uint8_t)-ind->err,
			    (uint8_t)(ind->raw_len >> 8), (uint8_t)ind->raw_len, d->profile };
	uint8_t file_head[CARD_FILES_MAX][5];
	struct slice parts[2 + 2 * CARD_FILES_MAX];
	size_t i, n = 0;

	parts[n++] = slice_of(head, sizeof(head));
	parts[n++] = slice_of(ind->raw, ind->raw_len);
	for (i = 0; i < d->nfiles; i++) {
		const struct card_file *f = &d->file[i];
		uint32_t len = (uint32_t)f->bytes.len;

		if (f->profile != d->profile)
			continue;
		file_head[i][0] = (uint8_t)f->kind;
		file_head[i][1] = (uint8_t)(len >> 24);
		file_head[i][2] = (uint8_t)(len >> 16);
		file_head[i][3] = (uint8_t)(len >> 8);
		file_head[i][4] = (uint8_t)len;
		parts[n++] = slice_of(file_head[i], sizeof(file_head[i]));
		parts[n++] = buf_slice(&f->bytes);
	}
	digest_sha256_parts(parts, n, d->digest);
}

/* Do both entries mean the same bytes? A card may list a file as oidDO and as opaqueDO. */
static bool same_file(const struct pkcs15_object *a, const struct pkcs15_object *b)
{
	return !strcmp(a->path, b->path) && a->off == b->off && a->len == b->len;
}

/* 0 or -errno, logged: what a file that is there cannot tell is not known to be absent. */
static int file_read(const struct reading *in, const struct pkcs15_object *o)
{
	const struct card_reader rd = { card_read_ef, in->card };
	const char *slot = in->card->start.slot;
	struct card_data *d = in->data;
	struct card_file *f = &d->file[d->nfiles];
	size_t i;
	int r;

	for (i = 0; i < d->nfiles; i++)
		if (same_file(o, &d->file[i].obj))
			return 0;
	if (d->nfiles == CARD_FILES_MAX) {
		log_err("%s: more than %d bootstrap documents; nothing is applied", slot,
			CARD_FILES_MAX);
		return -E2BIG;
	}
	buf_reset(&f->bytes);
	r = pkcs15_object_read(&rd, o, FIRST_BOOTSTRAP, &f->bytes);
	if (r) {
		log_err("%s: %s: %s; nothing is applied", slot, kind_names[o->oid], card_error(r));
		return r;
	}
	if (is_erased(buf_slice(&f->bytes))) {
		if (!d->quiet)
			log_notice("%s: %s is empty", slot, kind_names[o->oid]);
		return 0;
	}
	f->kind = o->oid;
	f->obj = *o;
	f->profile = o->oid == CARD_DM ? client_bootstrap_profile(buf_slice(&f->bytes)) :
		     CLIENT_PROFILE_CP;
	for (i = 0; i < d->nfiles; i++)
		if (d->file[i].profile == f->profile &&
		    slice_eq(buf_slice(&d->file[i].bytes), buf_slice(&f->bytes)))
			return 0;	/* the same document in another place */
	d->nfiles++;
	if (!d->quiet)
		log_info("%s: %s read, %zu bytes%s", slot, kind_names[o->oid], f->bytes.len,
			 o->oid == CARD_DM && f->profile == CLIENT_PROFILE_CP ?
			 ": a provisioning document" : "");
	return 0;
}

/*
 * The bootstrap message is read as soon as its entry is seen: all that is read
 * before it, the user waits for.
 */
static int object_seen(void *ctx, const struct pkcs15_object *o)
{
	const struct reading *in = ctx;

	if (o->oid == in->card->lwm2m_oid)
		card_lwm2m_seen(in->card, o);
	if (o->oid != CARD_DM)
		return 0;
	in->data->err = file_read(in, o);
	return in->data->err;
}

static bool has_profile(const struct card_data *d, enum client_profile p)
{
	size_t i;

	for (i = 0; i < d->nfiles; i++)
		if (d->file[i].profile == p)
			return true;
	return false;
}

/* Is every entry with one of these OIDs of use? Half of a content is not applied. 0 or -errno, logged. */
static int wanted_all(const struct reading *in, enum card_kind from, enum card_kind to)
{
	enum card_kind k;

	for (k = from; k <= to; k++) {
		if (!(in->data->dir.dropped_oids & 1u << k))
			continue;
		log_err("%s: an entry of %s in EF(DODF) is of no use; nothing is applied",
			in->card->start.slot, kind_names[k]);
		return -EBADMSG;
	}
	return 0;
}

/* The files of the CP profile, in the order of ProvSC. 0 or -errno, logged. */
static int provsc_read(const struct reading *in)
{
	struct card_data *d = in->data;
	enum card_kind k;
	size_t i;
	int r = wanted_all(in, CARD_PROVSC, CARD_CONFIG2);

	for (k = CARD_PROVSC; k <= CARD_CONFIG2 && !r; k++)
		for (i = 0; i < d->dir.n && !r; i++)
			if (d->dir.obj[i].oid == k)
				r = file_read(in, &d->dir.obj[i]);
	return r;
}

/* What the directory says when it has no document. 0 or -errno, logged. */
static int nothing_found(struct card *c, const struct card_data *d)
{
	int r = absence(&d->dir, CARD_DM, CARD_CONFIG2);

	if (r) {
		log_err("%s: no bootstrap document was found in what could be read; nothing is changed",
			c->start.slot);
		return r;
	}
	log_notice("%s: the card has no bootstrap document: nothing to apply", c->start.slot);
	return 0;
}

/* Which profile it is, when there is no DM profile the files of the other one, too. As data_read(). */
static int profile_choose(const struct reading *in)
{
	struct card_data *d = in->data;
	int r = wanted_all(in, CARD_DM, CARD_DM);

	if (r)
		return r;
	d->profile = CLIENT_PROFILE_DM;
	if (has_profile(d, d->profile))
		return 1;
	d->profile = CLIENT_PROFILE_CP;
	/* What was not found may be the DM profile. */
	if (absence(&d->dir, CARD_DM, CARD_DM))
		return nothing_found(in->card, d);
	r = provsc_read(in);
	if (r)
		return r;
	return has_profile(d, d->profile) ? 1 : nothing_found(in->card, d);
}

/* 1: there is something to apply; 0: there is not; -errno, logged. */
static int data_read(struct card *c, struct card_data *d, const struct card_reader *rd)
{
	struct reading in = { c, d };
	struct pkcs15_oid oids[CARD_INDICATOR + CONF_LIST_MAX + 1];
	size_t noids = oids_collect(&c->args.conf, oids);
	int r;

	/* Behind the indicators, and only for those who want it. */
	oids[noids] = PKCS15_OID_LWM2M_BOOTSTRAP;
	c->lwm2m_oid = (unsigned int)noids;
	r = pkcs15_walk(rd, oids, noids + (c->args.conf.lwm2m_hook[0] != 0), object_seen, &in,
			&d->dir);
	if (r == -ENOENT) {
		log_notice("%s: the card has no PKCS#15 directory: nothing to apply",
			   c->start.slot);
		return 0;
	}
	if (d->err)
		return d->err;
	if (r) {
		log_err("%s: EF(ODF): %s; nothing is applied", c->start.slot, card_error(r));
		return r;
	}
	if (d->dir.incomplete && !d->quiet)
		log_warn("%s: EF(DODF): %s", c->start.slot, card_error(d->dir.incomplete));
	r = profile_choose(&in);
	if (r <= 0)
		return r;
	r = indicator_find(c, d, rd);
	if (r)
		return r;
	content_digest(d);
	return 1;
}

/* EF(ICCID) comes last: it is needed by what follows, not by what is read. */
int card_data_read(struct card *c, struct card_data *d)
{
	const struct card_reader rd = { card_read_ef, c };
	int found, r = 0;

	d->nfiles = 0;
	d->iccid_len = 0;
	d->err = 0;
	memset(d->digest, 0, sizeof(d->digest));
	found = data_read(c, d, &rd);
	if (found >= 0)
		r = iccid_read(c, d, &rd);
	return r ? r : found;
}

int card_data_fall_back(struct card *c, struct card_data *d)
{
	struct reading in = { c, d };
	int r;

	if (d->profile == CLIENT_PROFILE_CP)
		return 0;
	if (absence(&d->dir, CARD_PROVSC, CARD_CONFIG2))
		return 0;	/* part of the CP profile may be where nobody can look */
	r = provsc_read(&in);
	if (r)
		return r;
	if (!has_profile(d, CLIENT_PROFILE_CP))
		return 0;
	d->profile = CLIENT_PROFILE_CP;
	content_digest(d);
	return 1;
}

size_t card_data_docs(const struct card_data *d, struct client_bootstrap_doc *docs)
{
	size_t i, n = 0;

	for (i = 0; i < d->nfiles; i++)
		if (d->file[i].profile == d->profile)
			docs[n++] = (struct client_bootstrap_doc){ d->profile,
								   buf_slice(&d->file[i].bytes) };
	return n;
}

void card_data_init(struct card_data *d)
{
	size_t i;

	memset(d, 0, sizeof(*d));
	for (i = 0; i < CARD_FILES_MAX; i++)
		buf_init(&d->file[i].bytes, CLIENT_BOOTSTRAP_MAX);
}

void card_data_fini(struct card_data *d)
{
	size_t i;

	for (i = 0; i < CARD_FILES_MAX; i++)
		buf_wipe_fini(&d->file[i].bytes);
}
