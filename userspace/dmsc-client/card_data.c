// SPDX-License-Identifier: GPL-2.0-or-later
/* What is read from a card, and the digest by which that is known; contracts are in card_data.h. */
#include "dmsc-client/card_data.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "card/filling.h"
#include "card/iccid.h"
#include "util/digest.h"
#include "util/log.h"

#define FIRST_BOOTSTRAP (4 * CARD_READ_MAX)	/* bytes asked for at first */

const char *card_kind_name(unsigned int oid)
{
	static const char *const names[] = {
		[CARD_DM] = "EF(DM_Bootstrap)", [CARD_PROVSC] = "ProvSC Bootstrap",
		[CARD_CONFIG1] = "ProvSC Config1", [CARD_CONFIG2] = "ProvSC Config2",
		[CARD_LWM2M] = "EF(LwM2M_Bootstrap)" };

	return oid < CARD_INDICATOR ? names[oid] : "connection indicator";
}

const char *card_error(int r)
{
	switch (r) {
	case -ENOENT:
		return "there is no such file";
	case -EACCES:
		return "a PIN is needed";
	case -EPERM:
		return "the file is outside of what may be read";
	case -ENODEV:
		return "the card is gone";
	case -ETIMEDOUT:
		return "the card does not answer";
	case -EPROTO:
		return "the card answers nonsense";
	case -EBADMSG:
		return "its content is malformed";
	case -ENODATA:
		return "the file is shorter than its entry says";
	case -EMSGSIZE:
		return "the file is larger than a bootstrap message may be";
	default:
		return strerror(-r);
	}
}

enum client_profile card_data_profile(unsigned int kind, struct slice bytes)
{
	return kind == CARD_DM ? client_bootstrap_profile(bytes) : CLIENT_PROFILE_CP;
}

__attribute__((format(printf, 2, 3)))
static void set_reason(struct card_data *d, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(d->reason, sizeof(d->reason), fmt, ap);
	va_end(ap);
}

/* Why nothing is applied; @err, which is returned. */
static int failed(struct card_data *d, int err)
{
	if (d->say != CARD_SAY_NOTHING)
		log_err("%s: %s; nothing is changed", d->name, d->reason);
	return err;
}

/*
 * 0 or -errno with a reason. A card that says it has no EF(ICCID), or an empty one, is
 * known by its content alone; an error is not taken for that.
 */
static int iccid_read(struct card_data *d)
{
	int r = d->rd.read(d->rd.ctx, "3f00.2fe2", 0, d->iccid, ICCID_LEN);

	if (r == ICCID_LEN && !filling_only(slice_of(d->iccid, ICCID_LEN))) {
		d->iccid_len = ICCID_LEN;
		return 0;
	}
	memset(d->iccid, 0, sizeof(d->iccid));
	if (r < 0 && r != -ENOENT) {
		set_reason(d, "EF(ICCID): %s", card_error(r));
		return failed(d, r);
	}
	if (d->say == CARD_SAY_ALL)
		log_warn("%s: EF(ICCID): %s", d->name,
			 r < 0 ? card_error(r) : "too short or empty");
	return 0;
}

size_t card_data_oids(const struct conf *conf, struct pkcs15_oid oids[CARD_OIDS_MAX])
{
	size_t i, n = CARD_INDICATOR;

	oids[CARD_DM] = PKCS15_OID_DM_BOOTSTRAP;
	oids[CARD_PROVSC] = PKCS15_OID_PROVSC_BOOTSTRAP;
	oids[CARD_CONFIG1] = PKCS15_OID_PROVSC_CONFIG1;
	oids[CARD_CONFIG2] = PKCS15_OID_PROVSC_CONFIG2;
	oids[CARD_LWM2M] = PKCS15_OID_LWM2M_BOOTSTRAP;
	for (i = 0; i < conf->indicator_oids.n && n < CARD_OIDS_MAX; i++)
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

const struct pkcs15_object *card_data_indicator(const struct pkcs15_dir *dir, size_t noids,
						int *hidden)
{
	const struct pkcs15_object *o = NULL;
	unsigned int i;

	*hidden = 0;
	for (i = CARD_INDICATOR; i < noids && !o && !*hidden; i++) {
		o = pkcs15_object_get(dir, i);
		if (!o)		/* what counts before all others may be where nobody can look */
			*hidden = pkcs15_absence(dir, i);
	}
	return o;
}

static void indicator_log(const struct card_data *d)
{
	const struct indicator *i = &d->ind;
	static const char *const ui[] = { "", "", ", with a notice", ", after asking the user" };

	switch (i->state) {
	case INDICATOR_ABSENT:
		log_info("%s: the card has no indicator", d->name);
		break;
	case INDICATOR_VALID:
		log_info("%s: indicator: %s%s%s%s%s", d->name,
			 i->connect ? "connect" : "do not connect", i->connect ? ui[i->ui] : "",
			 i->every_power_on ? ", at every power-on" : "",
			 i->ask_incorporate ? ", ask before taking over data" : "",
			 i->nservers ? ", for named servers" : "");
		break;
	case INDICATOR_MALFORMED:
	case INDICATOR_UNREADABLE:
		log_err("%s: the indicator is %s (%s): no automatic session, and the user is asked before data is taken over",
			d->name,
			i->state == INDICATOR_MALFORMED ? "malformed" : "unreadable", i->reason);
		break;
	}
}

/* 0 or -ENODEV; what is wrong otherwise is the indicator's state. */
static int indicator_find(struct card_data *d, size_t noids)
{
	int hidden, r = 0;
	const struct pkcs15_object *o = card_data_indicator(&d->dir, noids, &hidden);

	memset(&d->ind, 0, sizeof(d->ind));
	if (o) {
		r = indicator_read(&d->rd, o, &d->ind);
	} else if (hidden) {
		/* Absence proves nothing here. */
		d->ind.state = INDICATOR_UNREADABLE;
		d->ind.reason = "part of EF(DODF) cannot be read";
		d->ind.err = hidden;
	}
	if (r)
		set_reason(d, "%s", card_error(r));
	else if (d->say == CARD_SAY_ALL)
		indicator_log(d);
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
		const struct card_doc *f = &d->file[i];
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

/* 0 or -errno with a reason: what a file that is there cannot tell is not known to be absent. */
static int file_read(struct card_data *d, const struct pkcs15_object *o)
{
	const char *name = card_kind_name(o->oid);
	struct card_doc *f = &d->file[d->nfiles];
	size_t i;
	int r;

	for (i = 0; i < d->nfiles; i++)
		if (same_file(o, &d->file[i].obj))
			return 0;
	if (d->nfiles == CARD_FILES_MAX) {
		set_reason(d, "more than %d bootstrap documents", CARD_FILES_MAX);
		return failed(d, -E2BIG);
	}
	buf_reset(&f->bytes);
	r = pkcs15_object_read(&d->rd, o, FIRST_BOOTSTRAP, &f->bytes);
	if (r) {
		set_reason(d, "%s: %s", name, card_error(r));
		return failed(d, r);
	}
	if (filling_only(buf_slice(&f->bytes))) {
		if (d->say == CARD_SAY_ALL)
			log_notice("%s: %s is empty", d->name, name);
		return 0;
	}
	f->kind = o->oid;
	f->obj = *o;
	f->profile = card_data_profile(o->oid, buf_slice(&f->bytes));
	for (i = 0; i < d->nfiles; i++)
		if (d->file[i].profile == f->profile &&
		    slice_eq(buf_slice(&d->file[i].bytes), buf_slice(&f->bytes)))
			return 0;	/* the same document in another place */
	d->nfiles++;
	if (d->say == CARD_SAY_ALL)
		log_info("%s: %s read, %zu bytes%s", d->name, name, f->bytes.len,
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
	struct card_data *d = ctx;

	if (o->oid == CARD_LWM2M && !d->lwm2m.path[0])
		d->lwm2m = *o;
	if (o->oid != CARD_DM)
		return 0;
	d->err = file_read(d, o);
	return d->err;
}

static bool has_profile(const struct card_data *d, enum client_profile p)
{
	size_t i;

	for (i = 0; i < d->nfiles; i++)
		if (d->file[i].profile == p)
			return true;
	return false;
}

/* Is every entry with one of these OIDs of use? Half of a content is not applied. 0 or -errno with a reason. */
static int wanted_all(struct card_data *d, enum card_kind from, enum card_kind to)
{
	enum card_kind k;

	for (k = from; k <= to; k++) {
		if (!(d->dir.dropped_oids & 1u << k))
			continue;
		set_reason(d, "an entry of %s in EF(DODF) is of no use", card_kind_name(k));
		return failed(d, -EBADMSG);
	}
	return 0;
}

/* The files of the CP profile, in the order of ProvSC. 0 or -errno with a reason. */
static int provsc_read(struct card_data *d)
{
	enum card_kind k;
	size_t i;
	int r = wanted_all(d, CARD_PROVSC, CARD_CONFIG2);

	for (k = CARD_PROVSC; k <= CARD_CONFIG2 && !r; k++)
		for (i = 0; i < d->dir.n && !r; i++)
			if (d->dir.obj[i].oid == k)
				r = file_read(d, &d->dir.obj[i]);
	return r;
}

/* What the directory says when it has no document. 0 or -errno, with a reason. */
static int nothing_found(struct card_data *d)
{
	int r = absence(&d->dir, CARD_DM, CARD_CONFIG2);

	if (r) {
		set_reason(d, "no bootstrap document was found in what could be read");
		return failed(d, r);
	}
	set_reason(d, "the card has no bootstrap document");
	if (d->say != CARD_SAY_NOTHING)
		log_notice("%s: %s: nothing to apply", d->name, d->reason);
	return 0;
}

/* Which profile it is, when there is no DM profile the files of the other one, too. As data_read(). */
static int profile_choose(struct card_data *d)
{
	int r = wanted_all(d, CARD_DM, CARD_DM);

	if (r)
		return r;
	d->profile = CLIENT_PROFILE_DM;
	if (has_profile(d, d->profile))
		return 1;
	d->profile = CLIENT_PROFILE_CP;
	/* What was not found may be the DM profile. */
	if (absence(&d->dir, CARD_DM, CARD_DM))
		return nothing_found(d);
	r = provsc_read(d);
	if (r)
		return r;
	return has_profile(d, d->profile) ? 1 : nothing_found(d);
}

/* As card_data_read(), but for EF(ICCID). */
static int data_read(struct card_data *d)
{
	struct pkcs15_oid oids[CARD_OIDS_MAX];
	size_t noids = card_data_oids(d->conf, oids);
	int r = pkcs15_walk(&d->rd, oids, noids, object_seen, d, &d->dir);

	if (r == -ENOENT) {
		set_reason(d, "the card has no PKCS#15 directory");
		if (d->say != CARD_SAY_NOTHING)
			log_notice("%s: %s: nothing to apply", d->name, d->reason);
		return 0;
	}
	if (d->err)
		return d->err;
	if (r) {
		set_reason(d, "EF(ODF): %s", card_error(r));
		return failed(d, r);
	}
	if (d->dir.incomplete && d->say == CARD_SAY_ALL)
		log_warn("%s: EF(DODF): %s", d->name, card_error(d->dir.incomplete));
	r = profile_choose(d);
	if (r <= 0)
		return r;
	r = indicator_find(d, noids);
	if (r)
		return r;
	content_digest(d);
	return 1;
}

/* EF(ICCID) comes last: it is needed by what follows, not by what is read. */
int card_data_read(struct card_data *d)
{
	int found, r = 0;

	d->nfiles = 0;
	d->iccid_len = 0;
	d->err = 0;
	d->reason[0] = 0;
	memset(d->digest, 0, sizeof(d->digest));
	found = data_read(d);
	if (found >= 0)
		r = iccid_read(d);
	return r ? r : found;
}

int card_data_fall_back(struct card_data *d, int err)
{
	int r;

	if (d->profile == CLIENT_PROFILE_CP || (err != -EBADMSG && err != -EMSGSIZE))
		return 0;
	if (absence(&d->dir, CARD_PROVSC, CARD_CONFIG2))
		return 0;	/* part of the CP profile may be where nobody can look */
	r = provsc_read(d);
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
