// SPDX-License-Identifier: GPL-2.0-or-later
/* The order in which a card's bootstrap data is shown, and the exit status that follows. */
#include "dmsc-client/decode.h"

#include <stdio.h>

#include "card/filling.h"

static void doc_show(struct decode *d, struct decode_doc *doc)
{
	const char *name = card_kind_name(doc->obj->oid);
	bool cp;
	int r;

	buf_init(&doc->bytes, CLIENT_BOOTSTRAP_MAX);
	r = pkcs15_object_read(&d->rd, doc->obj, 4 * CARD_READ_MAX, &doc->bytes);
	decode_member_str(d, "file", doc->obj->path);
	decode_member_str(d, "name", name);
	if (r) {
		decode_line(d, 0, "%s in %s: cannot be read", name, doc->obj->path);
		decode_member_str(d, "state", "unreadable");
		decode_unreadable(d, doc->obj->path, r);
		return;
	}
	decode_member_number(d, "bytes", doc->bytes.len);
	doc->erased = filling_only(buf_slice(&doc->bytes));
	if (doc->erased) {
		decode_line(d, 0, "%s in %s: empty", name, doc->obj->path);
		decode_member_str(d, "state", "empty");
		return;
	}
	doc->profile = card_data_profile(doc->obj->oid, buf_slice(&doc->bytes));
	cp = doc->profile == CLIENT_PROFILE_CP;
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

		if (o->oid > CARD_CONFIG2)
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
	d->noids = card_data_oids(d->conf, d->oids);
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
