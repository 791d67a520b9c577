// SPDX-License-Identifier: GPL-2.0-or-later
/* Bad provisioning documents: each is applied as a whole, or refused with the tree as it was. */
#include "cp_far_end.h"

#include "codec_dump.h"
#include "dm/origin.h"

/* The objects, with what tells the content, as one number and as lines. */
static void look(struct far_end *f, struct buf *out)
{
	buf_reset(out);
	cp_lines(f, out);
	buf_printf(out, "%zu nodes\n", dm_tree_count(f->tree));
}

/* Refused, for this reason, and nothing moved. */
static void refuse(struct far_end *f, const char *doc, const char *reason)
{
	_cleanup_buf_ struct buf before = BUF_INIT, after = BUF_INIT;
	const struct slice s = slice_str(doc);
	struct cp_applied a;

	look(f, &before);
	cp_apply(f, &s, 1, &a);
	look(f, &after);
	assert_int_not_equal(a.err, 0);
	assert_string_equal(a.reason, reason);
	assert_string_equal(buf_cstr(&before), buf_cstr(&after));
	assert_false(dm_tree_dirty(f->tree));
	assert_int_equal(a.res.nservers, 0);
}

#define AUTH(content) C("APPAUTH", content)
#define NO_ACL "a PROVIDER-ID holds what no ACL can name, or is too long"

/* What an account must have, and what it must not be. Rules: CPP-11 */
static void required(struct far_end *f)
{
	refuse(f, DOC(C("APPLICATION", P("APPID", "w7") P("ADDR", "https://x"))),
	       "a w7 application has no PROVIDER-ID");
	refuse(f, DOC(APP("", P("ADDR", "https://x"))), "a w7 application has no PROVIDER-ID");
	refuse(f, DOC(C("APPLICATION", P("APPID", "w7") FLAG("PROVIDER-ID") P("ADDR", "https://x"))),
	       "a w7 application has no PROVIDER-ID");
	refuse(f, DOC(APP("s", "")), "a w7 application has no ADDR that can be used");
	refuse(f, DOC(APP("s", C("APPADDR", P("ADDRTYPE", "URI")))),
	       "a w7 application has no ADDR that can be used");
	refuse(f, DOC(APP("s", C("APPADDR", P("ADDR", "+358") P("ADDRTYPE", "E164")))),
	       "a w7 application has no ADDR that can be used");
	refuse(f, DOC(W7("s", AUTH(P("AAUTHTYPE", "BASIC")))), "an APPAUTH has no known AAUTHLEVEL");
	refuse(f, DOC(W7("s", AUTH(P("AAUTHLEVEL", "appsrv")))),
	       "an APPAUTH has no known AAUTHLEVEL");
	refuse(f, DOC(W7("s", "") C("NAPDEF", P("NAPID", "n")) W7("s", "")),
	       "two w7 applications have the same PROVIDER-ID");
	/* One that is good does not carry one that is not. */
	refuse(f, DOC(C("NAPDEF", P("NAPID", "n")) W7("good", "") APP("s", "")),
	       "a w7 application has no ADDR that can be used");
}

/* A name that would say more in an ACL than a name. */
static void server_names(struct far_end *f)
{
	static const char *const bad[] = {
		DOC(W7("a=b", "")), DOC(W7("a&amp;Get=*", "")), DOC(W7("a+b", "")), DOC(W7("*", "")),
		DOC(W7("a*", "")), DOC(W7("a b", "")), DOC(W7(" a", "")), DOC(W7("a&#10;", "")),
		DOC(W7("a&#9;b", "")), DOC(W7("a&#127;", "")), DOC(W7("&amp;", "")),
	};
	_cleanup_buf_ struct buf longest = BUF_INIT;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		refuse(f, bad[i], NO_ACL);
	buf_printf(&longest, DOC(C("APPLICATION", P("APPID", "w7") P("ADDR", "https://x")
				   P("PROVIDER-ID", "%0256d"))), 1);
	refuse(f, buf_cstr(&longest), NO_ACL);
}

static void values(struct far_end *f)
{
	_cleanup_buf_ struct buf doc = BUF_INIT;

	refuse(f, DOC(W7("s", C("APPADDR", P("ADDR", "https://x") C("PORT", P("PORTNBR", "0"))))),
	       "PORTNBR is no port number");
	refuse(f, DOC(W7("s", C("APPADDR", P("ADDR", "https://x") C("PORT", P("PORTNBR", "65536"))))),
	       "PORTNBR is no port number");
	refuse(f, DOC(W7("s", C("APPADDR", P("ADDR", "https://x") C("PORT", P("PORTNBR", "-1"))))),
	       "PORTNBR is no port number");
	refuse(f, DOC(C("PXLOGICAL", P("PROXY-ID", "p") C("PXPHYSICAL", P("PXADDR", "x")
		      C("PORT", P("PORTNBR", "http"))))), "PORTNBR is no port number");
	refuse(f, DOC(W7("s", P("NAME", "a&#127;b"))), "NAME holds control characters");
	/* Only references of the mapping's own have this form. */
	refuse(f, DOC(W7("s", P("NAME", "./Inbox/NAP/1"))), "NAME refers to the Inbox");
	refuse(f, DOC(W7("s", P("TO-NAPID", "./Inbox/DMAcc/1"))), "TO-NAPID refers to the Inbox");
	refuse(f, DOC(W7("s", P("TO-PROXY", "./Inbox/x"))), "TO-PROXY refers to the Inbox");
	refuse(f, DOC(APP("s", P("ADDR", "./Inbox/x"))), "ADDR refers to the Inbox");
	buf_printf(&doc, DOC(W7("s", P("NAME", "%02049d"))), 1);
	refuse(f, buf_cstr(&doc), "NAME is too long");
	buf_reset(&doc);
	buf_printf(&doc, DOC(W7("s", AUTH(P("AAUTHLEVEL", "CLIENT") P("AAUTHDATA", "%02740d")))), 1);
	refuse(f, buf_cstr(&doc), "AAUTHDATA is too long");
}

/* How much of it there may be. */
static void bounds(struct far_end *f)
{
	_cleanup_buf_ struct buf doc = BUF_INIT;
	struct cp_applied a;
	struct slice s;

	for (int n = 64; n <= 65; n++) {
		buf_reset(&doc);
		buf_put_str(&doc, "<wap-provisioningdoc>");
		for (int i = 0; i < n; i++)
			buf_printf(&doc, C("NAPDEF", P("NAPID", "n%d")), i);
		buf_put_str(&doc, "</wap-provisioningdoc>");
		s = buf_slice(&doc);
		if (n == 65)
			refuse(f, buf_cstr(&doc), "the documents hold more than 64 objects");
		else
			cp_apply(f, &s, 1, &a);
		dm_tree_committed(f->tree);
	}
	assert_non_null(far_find(f, "./NAP/64"));
	buf_reset(&doc);
	buf_put_str(&doc, "<wap-provisioningdoc>");
	for (int i = 0; i < 9; i++)
		buf_printf(&doc, C("APPLICATION", P("APPID", "w7") P("PROVIDER-ID", "s%d")
				   P("ADDR", "https://x")), i);
	buf_put_str(&doc, "</wap-provisioningdoc>");
	refuse(f, buf_cstr(&doc), "too many accounts in one message");
	/* Many parts in one object, and one inside the other. */
	buf_reset(&doc);
	buf_put_str(&doc, "<wap-provisioningdoc>");
	for (int i = 0; i < 33; i++)
		buf_put_str(&doc, "<characteristic type='APPLICATION'>");
	refuse(f, buf_cstr(&doc),
	       "bad provisioning document at byte 1140: elements are nested too deep");
	buf_reset(&doc);
	buf_put_str(&doc, "<wap-provisioningdoc><characteristic type='NAPDEF'>" P("NAPID", "n"));
	for (int i = 0; i < 4100; i++)
		buf_put_str(&doc, "<parm name=''/>");
	s = buf_slice(&doc);
	cp_apply(f, &s, 1, &a);
	assert_int_equal(a.err, -EPROTO);
	assert_non_null(strstr(a.reason, "too many characteristics and parms"));
}

/* A number that is none leaves nothing behind, not even a directory. */
static void no_number(struct far_end *f)
{
	const struct slice s = slice_str(DOC(C("NAPDEF", P("NAPID", "n") P("LINGER", "soon")
					       P("MAX-NUM-RETRY", "4294967296") P("REREG-THRESHOLD", "-1"))));
	struct cp_applied a;

	cp_apply(f, &s, 1, &a);
	assert_int_equal(a.err, 0);
	assert_non_null(far_find(f, "./NAP/1/NapId"));
	assert_null(far_find(f, "./NAP/1/Bearer"));
	assert_null(far_find(f, "./NAP/1/Linger"));
}

/* All documents together make at most so many nodes. */
static void too_much(struct far_end *f)
{
	struct buf text[3] = { BUF_INIT, BUF_INIT, BUF_INIT };
	struct slice docs[3];
	struct cp_applied a;

	for (int k = 0; k < 3; k++) {
		buf_printf(&text[k], "<wap-provisioningdoc><characteristic type='APPLICATION'>"
			   P("APPID", "w7") P("PROVIDER-ID", "s%d"), k);
		for (int i = 0; i < 2200; i++)
			buf_put_str(&text[k], P("ADDR", "a"));
		buf_put_str(&text[k], "</characteristic></wap-provisioningdoc>");
		docs[k] = buf_slice(&text[k]);
		assert_true(docs[k].n <= CLIENT_BOOTSTRAP_MAX);
	}
	cp_apply(f, docs, 3, &a);
	assert_int_not_equal(a.err, 0);
	assert_string_equal(a.reason, "the documents hold too much");
	assert_false(dm_tree_dirty(f->tree));
	cp_apply(f, docs, 2, &a);
	assert_int_equal(a.err, 0);
	assert_non_null(far_find(f, "./DMAcc/2/AppAddr/2200/Addr"));
	dm_bootstrap_result_fini(&a.res);
	for (int k = 0; k < 3; k++)
		buf_fini(&text[k]);
}

/* --- mutations ----------------------------------------------------------- */

/* Every kind of object and reference. */
static const char good[] = DOC(
	C("NAPDEF", P("NAPID", "n1") P("BEARER", "GSM-GPRS") P("NAP-ADDRESS", "apn")
	  P("NAP-ADDRTYPE", "APN") P("LINGER", "5") P("DNS-ADDR", "192.0.2.1") FLAG("INTERNET")
	  C("NAPAUTHINFO", P("AUTHTYPE", "PAP") P("AUTHNAME", "u") P("AUTHSECRET", "p")))
	C("PXLOGICAL", P("PROXY-ID", "p1")
	  C("PXAUTHINFO", P("PXAUTH-TYPE", "HTTP-BASIC") P("PXAUTH-ID", "i") P("PXAUTH-PW", "w"))
	  C("PXPHYSICAL", P("PXADDR", "192.0.2.2") P("PXADDRTYPE", "IPV4") P("TO-NAPID", "n1")
	    C("PORT", P("PORTNBR", "8080") P("SERVICE", "x"))))
	C("APPLICATION", P("APPID", "w7") P("PROVIDER-ID", "one") P("NAME", "N") P("ADDR", "https://a")
	  P("TO-PROXY", "p1") P("TO-NAPID", "INTERNET") FLAG("INIT")
	  C("APPADDR", P("ADDR", "https://b") P("ADDRTYPE", "URI") C("PORT", P("PORTNBR", "443")))
	  C("APPAUTH", P("AAUTHLEVEL", "APPSRV") P("AAUTHTYPE", "DIGEST") P("AAUTHNAME", "u")
	    P("AAUTHSECRET", "p") P("AAUTHDATA", "Tm9uY2U=")))
	W7("two", ""));

struct mutant {
	struct dm_prov_item items[256];
	struct dm_prov doc;
};

/* One mutation of item @i; false when there are no more of them. */
static bool mutate(struct mutant *m, const struct dm_prov *from, size_t i, unsigned int kind)
{
	static const char longest[4096] = { [0 ... 4095] = 'x' };
	static const struct slice values[] = {
		{ NULL, 0 }, { (const uint8_t *)"", 0 }, { (const uint8_t *)longest, 255 },
		{ (const uint8_t *)longest, 4096 }, { (const uint8_t *)"\x01", 1 },
		{ (const uint8_t *)"*", 1 }, { (const uint8_t *)"one", 3 },
		{ (const uint8_t *)"-1", 2 }, { (const uint8_t *)"4294967296", 10 },
		{ (const uint8_t *)"./Inbox/NAP/1", 13 }, { (const uint8_t *)"a&Get=*", 7 },
		{ (const uint8_t *)"\xef\xbf\xbf", 3 }, { (const uint8_t *)"..", 2 },
	};
	const size_t nvalues = sizeof(values) / sizeof(values[0]);
	struct dm_prov_item *x = &m->items[i];
	size_t n = from->n, end = i + 1;

	while (end < n && from->items[end].depth > from->items[i].depth)
		end++;
	memcpy(m->items, from->items, n * sizeof(*m->items));
	if (kind < nvalues) {			/* another value, or type */
		if (x->kind == DM_PROV_PARM)
			x->value = values[kind];
		else
			x->name = values[kind].n ? values[kind] : SLICE_LIT("PORT");
	} else if (kind == nvalues) {		/* gone, with what is in it */
		memmove(x, x + (end - i), (n - end) * sizeof(*x));
		n -= end - i;
	} else if (kind == nvalues + 1) {	/* twice */
		memmove(&m->items[end + (end - i)], &m->items[end], (n - end) * sizeof(*x));
		memcpy(&m->items[end], &from->items[i], (end - i) * sizeof(*x));
		n += end - i;
	} else if (kind == nvalues + 2) {	/* of the other kind; a parm holds nothing */
		if (x->kind == DM_PROV_PARM)
			x->kind = DM_PROV_CHARACTERISTIC;
		else
			for (x->kind = DM_PROV_PARM; end > i + 1; end--)
				m->items[end - 1].depth = x->depth;
	} else if (kind == nvalues + 3) {	/* inside another of its kind */
		memmove(x + 1, x, (n - i) * sizeof(*x));
		n++;
		x->kind = DM_PROV_CHARACTERISTIC;
		x->name = SLICE_LIT("APPLICATION");
		for (size_t k = i + 1; k <= end; k++)
			m->items[k].depth++;
	} else if (kind == nvalues + 4) {	/* all behind it gone: cut off */
		n = i + 1;
	} else {
		return false;
	}
	m->doc = (struct dm_prov){ from->version, m->items, n };
	return true;
}

static void put_escaped(struct buf *out, struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (strchr("<>&'\"", s.p[i]) || s.p[i] < 0x20)
			buf_printf(out, "&#%u;", s.p[i]);
		else
			buf_put_u8(out, s.p[i]);
	}
}

static void write_doc(struct buf *out, const struct dm_prov *p)
{
	unsigned int open = 0;

	buf_put_str(out, "<wap-provisioningdoc>");
	for (size_t i = 0; i < p->n; i++) {
		const struct dm_prov_item *it = &p->items[i];
		bool parm = it->kind == DM_PROV_PARM;

		for (; open > it->depth; open--)
			buf_put_str(out, "</characteristic>");
		buf_put_str(out, parm ? "<parm name='" : "<characteristic type='");
		put_escaped(out, it->name);
		if (parm && slice_present(it->value)) {
			buf_put_str(out, "' value='");
			put_escaped(out, it->value);
		}
		buf_put_str(out, parm ? "'/>" : "'>");
		open += !parm;
	}
	for (; open; open--)
		buf_put_str(out, "</characteristic>");
	buf_put_str(out, "</wap-provisioningdoc>");
}

struct tally {
	size_t applied, refused;
};

/* Applied as a whole, and taken back as a whole; or refused, and nothing moved. */
static void try_one(struct far_end *f, struct slice doc, const struct buf *before, struct tally *t)
{
	_cleanup_buf_ struct buf after = BUF_INIT;
	struct cp_applied a;

	cp_apply(f, &doc, 1, &a);
	if (!a.err) {
		t->applied++;
		assert_true(a.res.changed);
		for (size_t i = 0; i < a.res.nservers; i++)
			assert_non_null(dm_account_find(f->tree, slice_str(a.res.servers[i])));
		dm_bootstrap_result_fini(&a.res);
		dm_tree_committed(f->tree);
		assert_int_equal(dm_origin_remove(f->tree, CP_ORIGIN, f->now, NULL), 0);
		dm_tree_committed(f->tree);
	} else {
		t->refused++;
		assert_true(a.reason[0]);
		assert_int_equal(a.res.nservers, 0);
		assert_false(dm_tree_dirty(f->tree));
	}
	look(f, &after);
	assert_string_equal(buf_cstr(before), buf_cstr(&after));
}

/* Another's objects stand there, which no document may touch. */
static void others(struct far_end *f, struct buf *before)
{
	struct slice s = slice_str(DOC(C("NAPDEF", P("NAPID", "keep"))));
	struct cp_applied a;

	far_node(f, "./NAP/other/NAPID", "o", NULL);
	far_node(f, "./DMAcc/other/ServerID", "other", NULL);
	/* The directories stay once they are there. */
	far_node(f, "./Proxy/other/ProxyID", "o", NULL);
	cp_apply(f, &s, 1, &a);
	assert_int_equal(a.err, 0);
	dm_tree_committed(f->tree);
	assert_int_equal(dm_origin_remove(f->tree, CP_ORIGIN, f->now, NULL), 0);
	dm_tree_committed(f->tree);
	look(f, before);
}

static void fields(struct far_end *f)
{
	_cleanup_buf_ struct buf before = BUF_INIT, doc = BUF_INIT;
	struct codec_prov *p;
	struct tally t = { 0 };
	static struct mutant m;

	others(f, &before);
	assert_int_equal(codec_prov_decode(CODEC_XML, slice_str(good), NULL, &p, NULL), 0);
	assert_true(codec_prov_get(p)->n < 100);
	for (size_t i = 0; i < codec_prov_get(p)->n; i++) {
		for (unsigned int kind = 0; mutate(&m, codec_prov_get(p), i, kind); kind++) {
			buf_reset(&doc);
			write_doc(&doc, &m.doc);
			try_one(f, buf_slice(&doc), &before, &t);
		}
	}
	codec_prov_free(p);
	/* Of both there is plenty, or this shows nothing. */
	assert_true(t.applied > 300 && t.refused > 150);
}

/* Each byte of a document in WBXML: cut off before it, or another one. */
static void bytes(struct far_end *f)
{
	static const uint8_t other[] = { 0x00, 0x01, 0x03, 0x7f, 0x80, 0xc3, 0xff };
	_cleanup_buf_ struct buf before = BUF_INIT, doc = BUF_INIT, m = BUF_INIT;
	struct tally t = { 0 };

	others(f, &before);
	codec_vector("prov.wbxml", &doc);
	try_one(f, buf_slice(&doc), &before, &t);
	assert_int_equal(t.applied, 1);
	for (size_t i = 0; i < doc.len; i++) {
		try_one(f, slice_of(doc.data, i), &before, &t);
		for (size_t k = 0; k <= sizeof(other); k++) {
			buf_reset(&m);
			buf_put_slice(&m, buf_slice(&doc));
			m.data[i] = k < sizeof(other) ? other[k] : m.data[i] ^ 1;
			try_one(f, buf_slice(&m), &before, &t);
		}
	}
	assert_true(t.applied > 300 && t.refused > 300);
}

/* The same with text: each byte cut off, or changed. */
static void text(struct far_end *f)
{
	static const char other[] = "<>&'\" \x01\xff/";
	_cleanup_buf_ struct buf before = BUF_INIT, m = BUF_INIT;
	struct tally t = { 0 };

	others(f, &before);
	for (size_t i = 0; i < sizeof(good) - 1; i++) {
		try_one(f, slice_of(good, i), &before, &t);
		buf_reset(&m);
		buf_put_str(&m, good);
		m.data[i] = (uint8_t)other[i % (sizeof(other) - 1)];
		try_one(f, buf_slice(&m), &before, &t);
	}
	assert_true(t.refused > sizeof(good));
}

#define CASES(X) X(required) X(server_names) X(values) X(bounds) X(no_number) X(too_much) \
	X(fields) X(bytes) X(text)

FAR_TESTS(CASES)
