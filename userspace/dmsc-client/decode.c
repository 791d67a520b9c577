// SPDX-License-Identifier: GPL-2.0-or-later
/* The order in which a card's bootstrap data is shown, and the exit status that follows. */
#include "dmsc-client/decode.h"

#include <errno.h>
#include <stdio.h>

static void oids_collect(struct decode *d)
{
	d->oids[DECODE_DM] = PKCS15_OID_DM_BOOTSTRAP;
	d->oids[DECODE_PROVSC] = PKCS15_OID_PROVSC_BOOTSTRAP;
	d->oids[DECODE_CONFIG1] = PKCS15_OID_PROVSC_CONFIG1;
	d->oids[DECODE_CONFIG2] = PKCS15_OID_PROVSC_CONFIG2;
	d->oids[DECODE_LWM2M] = PKCS15_OID_LWM2M_BOOTSTRAP;
	d->noids = DECODE_INDICATOR;
	for (size_t i = 0; i < d->conf->indicator_oids.n && d->noids < DECODE_OIDS; i++)
		if (!pkcs15_oid_parse(slice_str(d->conf->indicator_oids.v[i]), &d->oids[d->noids]))
			d->noids++;
}

static void doc_show(struct decode *d, struct decode_doc *doc)
{
	const char *name = decode_file_name(doc->obj->oid);
	bool cp;
	int r;

	buf_init(&doc->bytes, CLIENT_BOOTSTRAP_MAX);
	r = pkcs15_object_read(&d->rd, doc->obj, 4 * CARD_READ_MAX, &doc->bytes);
	decode_member_str(d, "file", doc->obj->path);
	decode_member_str(d, "name", name);
	doc->unread = r;
	if (r) {
		decode_line(d, 0, "%s in %s: cannot be read", name, doc->obj->path);
		decode_member_str(d, "state", "unreadable");
		decode_unreadable(d, doc->obj->path, r);
		return;
	}
	decode_member_number(d, "bytes", doc->bytes.len);
	doc->erased = decode_is_erased(buf_slice(&doc->bytes));
	if (doc->erased) {
		decode_line(d, 0, "%s in %s: empty", name, doc->obj->path);
		decode_member_str(d, "state", "empty");
		return;
	}
	cp = doc->obj->oid != DECODE_DM ||
	     client_bootstrap_profile(buf_slice(&doc->bytes)) == CLIENT_PROFILE_CP;
	doc->profile = cp ? CLIENT_PROFILE_CP : CLIENT_PROFILE_DM;
	decode_line(d, 0, "%s in %s, %zu bytes, %s profile", name, doc->obj->path, doc->bytes.len,
		    cp ? "CP" : "DM");
	decode_member_str(d, "profile", cp ? "cp" : "dm");
	if (cp)
		decode_cp(d, doc);
	else
		decode_dm(d, doc);
	decode_member_str(d, "state", doc->err ? "malformed" : "ok");
	d->malformed = d->malformed || doc->err;
}

void decode_documents(struct decode *d)
{
	decode_open(d, "documents", '[');
	for (size_t i = 0; i < d->dir.n; i++) {
		const struct pkcs15_object *o = &d->dir.obj[i];

		if (o->oid > DECODE_CONFIG2)
			continue;
		d->doc[d->ndocs] = (struct decode_doc){ .obj = o };
		decode_open(d, NULL, '{');
		doc_show(d, &d->doc[d->ndocs++]);
		decode_close(d, '}');
	}
	decode_close(d, ']');
}

static int verdict(const struct decode *d)
{
	bool any = d->lwm2m;

	for (size_t i = 0; i < d->ndocs; i++)
		any = any || !d->doc[i].erased;
	if (d->unreadable)
		return DECODE_UNREADABLE;
	if (d->malformed)
		return DECODE_MALFORMED;
	return any ? DECODE_USABLE : DECODE_NONE;
}

static const char *verdict_name(int v)
{
	switch (v) {
	case DECODE_USABLE:
		return "usable";
	case DECODE_NONE:
		return "none";
	case DECODE_MALFORMED:
		return "malformed";
	default:
		return "unreadable";
	}
}

int decode_make(struct decode *d)
{
	int rc;

	buf_init(&d->out, DECODE_OUT_MAX);
	oids_collect(d);
	decode_open(d, NULL, '{');
	decode_member_number(d, "format", 1);
	decode_member_str(d, "source", d->source);
	decode_line(d, 0, "Bootstrap data of %s", d->source);
	decode_walk(d);
	decode_indicator(d);
	decode_documents(d);
	decode_lwm2m(d);
	decode_plan(d);
	decode_problems(d);
	rc = verdict(d);
	decode_line(d, 0, "Verdict: %s", verdict_name(rc));
	decode_member_str(d, "verdict", verdict_name(rc));
	decode_member_number(d, "exit", (uint64_t)rc);
	decode_close(d, '}');
	if (d->json)
		buf_put_u8(&d->out, '\n');
	for (size_t i = 0; i < d->ndocs; i++)
		buf_wipe_fini(&d->doc[i].bytes);
	return buf_error(&d->out) ? DECODE_FAILED : rc;
}

int decode_run(struct decode *d)
{
	int rc = decode_make(d);

	if (rc != DECODE_FAILED &&
	    (fwrite(d->out.data, 1, d->out.len, stdout) != d->out.len || fflush(stdout)))
		rc = DECODE_FAILED;
	if (rc == DECODE_FAILED)
		fputs("decode: the output could not be made\n", stderr);
	buf_wipe_fini(&d->out);
	return rc;
}
