// SPDX-License-Identifier: GPL-2.0-or-later
/* What card-child reads from a card, and the digest by which that is known. It changes nothing. */
#include <errno.h>

#include "card/iccid.h"
#include "dmsc-client/card_int.h"
#include "util/digest.h"
#include "util/log.h"

#define FIRST_BOOTSTRAP (4 * CARD_READ_MAX)	/* bytes asked for at first */

/* The places of OIDs in the list pkcs15_find() is given. */
enum { OID_DM, OID_PROVSC, OID_CONFIG1, OID_CONFIG2, OID_INDICATOR };

/* 0, or -ENODEV. Without an ICCID the card's data is known by its content alone. */
static int iccid_read(struct card *c, const struct card_reader *rd)
{
	int r = rd->read(rd->ctx, "3f00.2fe2", 0, c->iccid, ICCID_LEN);

	if (r == ICCID_LEN) {
		c->iccid_len = ICCID_LEN;
		return 0;
	}
	memset(c->iccid, 0, sizeof(c->iccid));
	if (r == -ENODEV)
		return r;
	log_warn("%s: EF(ICCID): %s", c->start.slot, r < 0 ? card_error(r) : "too short");
	return 0;
}

static size_t oids_collect(const struct conf *conf, struct pkcs15_oid *oids)
{
	size_t i, n = OID_INDICATOR;

	oids[OID_DM] = PKCS15_OID_DM_BOOTSTRAP;
	oids[OID_PROVSC] = PKCS15_OID_PROVSC_BOOTSTRAP;
	oids[OID_CONFIG1] = PKCS15_OID_PROVSC_CONFIG1;
	oids[OID_CONFIG2] = PKCS15_OID_PROVSC_CONFIG2;
	for (i = 0; i < conf->indicator_oids.n; i++)
		if (!pkcs15_oid_parse(slice_str(conf->indicator_oids.v[i]), &oids[n]))
			n++;
	return n;
}

static const struct pkcs15_object *indicator_object(const struct pkcs15_dir *dir, size_t noids)
{
	const struct pkcs15_object *o = NULL;
	unsigned int i;

	for (i = OID_INDICATOR; i < noids && !o; i++)
		o = pkcs15_object_get(dir, i);
	return o;
}

static void indicator_log(const struct card *c)
{
	const struct indicator *i = &c->ind;
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
static int indicator_find(struct card *c, const struct card_reader *rd,
			  const struct pkcs15_dir *dir, size_t noids)
{
	const struct pkcs15_object *o = indicator_object(dir, noids);
	int r = 0;

	memset(&c->ind, 0, sizeof(c->ind));
	if (o) {
		r = indicator_read(rd, o, &c->ind);
	} else if (dir->incomplete || dir->dropped) {
		/* Absence proves nothing here. */
		c->ind.state = INDICATOR_UNREADABLE;
		c->ind.reason = "part of EF(DODF) cannot be read";
		c->ind.err = dir->incomplete;
	}
	if (!r)
		indicator_log(c);
	return r;
}

static void content_digest(struct card *c)
{
	/* State and length keep indicator and bootstrap apart. */
	uint8_t head[6] = { 'd', '1', c->ind.state, (uint8_t)-c->ind.err,
			    (uint8_t)(c->ind.raw_len >> 8), (uint8_t)c->ind.raw_len };
	struct slice parts[] = { slice_of(head, sizeof(head)),
				 slice_of(c->ind.raw, c->ind.raw_len), buf_slice(&c->bootstrap) };

	digest_sha256_parts(parts, 3, c->digest);
}

static bool is_erased(struct slice s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (s.p[i] != 0xff && s.p[i] != 0x00)
			return false;
	return true;
}

/*
 * The bootstrap message is read as soon as its entry is seen: all that is read
 * before it, the user waits for.
 */
static int bootstrap_seen(void *ctx, const struct pkcs15_object *o)
{
	struct card *c = ctx;
	const struct card_reader rd = { card_read_ef, c };

	if (c->args.conf.lwm2m_hook[0] && o->oid == c->lwm2m_oid)
		card_lwm2m_seen(c, o);
	if (o->oid != OID_DM || c->bootstrap_read)
		return 0;
	c->bootstrap_err = pkcs15_object_read(&rd, o, FIRST_BOOTSTRAP, &c->bootstrap);
	c->bootstrap_read = !c->bootstrap_err;
	return c->bootstrap_err;
}

/* What the directory says when it has no EF(DM_Bootstrap). 0 or -errno, logged. */
static int bootstrap_missing(struct card *c, const struct pkcs15_dir *dir)
{
	bool cp = pkcs15_object_get(dir, OID_PROVSC) || pkcs15_object_get(dir, OID_CONFIG1) ||
		  pkcs15_object_get(dir, OID_CONFIG2);

	if (dir->incomplete || dir->dropped) {
		log_err("%s: EF(DM_Bootstrap) was not found in what could be read; nothing is changed",
			c->start.slot);
		return dir->incomplete ? dir->incomplete : -EBADMSG;
	}
	log_notice("%s: the card has no EF(DM_Bootstrap)%s: nothing to apply", c->start.slot,
		   cp ? ", and its CP documents are not supported" : "");
	return 0;
}

/* 1: there is something to apply; 0: there is not; -errno, logged. */
static int data_read(struct card *c, const struct card_reader *rd)
{
	struct pkcs15_oid oids[OID_INDICATOR + CONF_LIST_MAX + 1];
	static struct pkcs15_dir dir;
	size_t noids = oids_collect(&c->args.conf, oids);
	int r;

	/* Behind the indicators, and only for those who want it. */
	oids[noids] = PKCS15_OID_LWM2M_BOOTSTRAP;
	c->lwm2m_oid = (unsigned int)noids;
	r = pkcs15_walk(rd, oids, noids + (c->args.conf.lwm2m_hook[0] != 0), bootstrap_seen, c,
			&dir);
	if (r == -ENOENT) {
		log_notice("%s: the card has no PKCS#15 directory: nothing to apply",
			   c->start.slot);
		return 0;
	}
	if (c->bootstrap_err) {
		log_err("%s: EF(DM_Bootstrap): %s; nothing is applied", c->start.slot,
			card_error(c->bootstrap_err));
		return c->bootstrap_err;
	}
	if (r) {
		log_err("%s: EF(ODF): %s; nothing is applied", c->start.slot, card_error(r));
		return r;
	}
	if (dir.incomplete)
		log_warn("%s: EF(DODF): %s", c->start.slot, card_error(dir.incomplete));
	if (!c->bootstrap_read)
		return bootstrap_missing(c, &dir);
	if (is_erased(buf_slice(&c->bootstrap))) {
		log_notice("%s: EF(DM_Bootstrap) is empty: nothing to apply", c->start.slot);
		return 0;
	}
	r = indicator_find(c, rd, &dir, noids);
	if (r)
		return r;
	log_info("%s: EF(DM_Bootstrap) read, %zu bytes", c->start.slot, c->bootstrap.len);
	content_digest(c);
	return 1;
}

/* As data_read(). EF(ICCID) comes last: it is needed by what follows, not by what is read. */
int card_data_read(struct card *c)
{
	const struct card_reader rd = { card_read_ef, c };
	int found = data_read(c, &rd), r = 0;

	if (found >= 0)
		r = iccid_read(c, &rd);
	return r ? r : found;
}
