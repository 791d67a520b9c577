// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A provisioning document in WBXML (ProvCont 1.1): which characteristics and
 * parms a description means, and their tokens, looked up in the decoder's table.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "codec/prov_tokens.h"
#include "codec/wbxml.h"
#include "mkcard.h"
#include "util/digest.h"

/* The attribute code page is switched apart from that of tags, which stays 0. */
struct mkcp {
	struct buf *out;
	unsigned int page;
};

static void put_page(struct mkcp *w, unsigned int page)
{
	if (page == w->page)
		return;
	buf_put_u8(w->out, WBXML_SWITCH_PAGE);
	buf_put_u8(w->out, (uint8_t)page);
	w->page = page;
}

static void put_string(struct mkcp *w, const char *s)
{
	buf_put_u8(w->out, WBXML_STR_I);
	buf_put(w->out, s, strlen(s) + 1);
}

/* The token that stands for @text as a start or a value; the current page is asked first. */
static uint8_t token_find(struct mkcp *w, const char *(*get)(unsigned int page, uint8_t token),
			  unsigned int first, unsigned int end, const char *text,
			  unsigned int *page, bool other_pages)
{
	for (unsigned int k = 0; k < (other_pages ? PROV_PAGES : 1); k++) {
		*page = (w->page + k) % PROV_PAGES;
		for (unsigned int t = first; t < end; t++) {
			const char *s = get(*page, (uint8_t)t);

			if (s && !strcmp(s, text))
				return (uint8_t)t;
		}
	}
	return 0;
}

/* name="@s" or type="@s", by a token of its own or as a literal. */
static void put_start(struct mkcp *w, const char *attr, const char *s)
{
	char whole[64];
	unsigned int page = 0;
	uint8_t token;

	snprintf(whole, sizeof(whole), "%s=%s", attr, s);
	token = token_find(w, prov_attr_start, 0x05, 0x80, whole, &page, true);
	if (!token)
		token = token_find(w, prov_attr_start, 0x05, 0x80, attr, &page, true);
	else
		s = NULL;
	put_page(w, page);
	buf_put_u8(w->out, token);
	if (s)
		put_string(w, s);
}

static void characteristic(struct mkcp *w, const char *type)
{
	buf_put_u8(w->out, PROV_TAG_CHARACTERISTIC | WBXML_TAG_CONTENT | WBXML_TAG_ATTRS);
	put_start(w, "type", type);
	buf_put_u8(w->out, WBXML_END);
}

static void end(struct mkcp *w)
{
	buf_put_u8(w->out, WBXML_END);
}

/* @value NULL: a parm that says enough by being there. */
static void parm(struct mkcp *w, const char *name, const char *value)
{
	unsigned int page = 0;
	uint8_t token;

	buf_put_u8(w->out, PROV_TAG_PARM | WBXML_TAG_ATTRS);
	put_start(w, "name", name);
	if (value) {
		token = token_find(w, prov_attr_start, 0x05, 0x80, "value", &page, false);
		buf_put_u8(w->out, token);
		token = token_find(w, prov_attr_value, 0x85, 0x100, value, &page, false);
		if (token)
			buf_put_u8(w->out, token);
		else
			put_string(w, value);
	}
	buf_put_u8(w->out, WBXML_END);
}

static void parm_if(struct mkcp *w, const char *name, const char *value)
{
	if (value[0])
		parm(w, name, value);
}

static void port(struct mkcp *w, unsigned int number)
{
	char text[12];

	if (!number)
		return;
	snprintf(text, sizeof(text), "%u", number);
	characteristic(w, "PORT");
	parm(w, "PORTNBR", text);
	end(w);
}

/* --- connectivity -------------------------------------------------------------- */

static void nap(struct mkcp *w, const struct desc_nap *n)
{
	characteristic(w, "NAPDEF");
	parm(w, "NAPID", n->id);
	parm(w, "BEARER", n->bearer);
	parm_if(w, "NAME", n->name);
	if (n->internet)
		parm(w, "INTERNET", NULL);
	if (n->apn[0]) {
		parm(w, "NAP-ADDRESS", n->apn);
		parm(w, "NAP-ADDRTYPE", "APN");
	}
	if (n->auth[0]) {
		characteristic(w, "NAPAUTHINFO");
		parm(w, "AUTHTYPE", n->auth);
		parm(w, "AUTHNAME", n->user);
		parm(w, "AUTHSECRET", n->secret);
		end(w);
	}
	end(w);
}

static void proxy(struct mkcp *w, const struct desc_proxy *p)
{
	static const char *const types[] = { "IPV4", "IPV6", "ALPHA" };

	characteristic(w, "PXLOGICAL");
	parm(w, "PROXY-ID", p->id);
	parm(w, "NAME", p->name[0] ? p->name : p->id);
	if (p->auth[0]) {
		characteristic(w, "PXAUTHINFO");
		parm(w, "PXAUTH-TYPE", p->auth);
		parm(w, "PXAUTH-ID", p->user);
		parm(w, "PXAUTH-PW", p->secret);
		end(w);
	}
	characteristic(w, "PXPHYSICAL");
	parm(w, "PHYSICAL-PROXY-ID", p->id);
	parm(w, "PXADDR", p->address);
	parm(w, "PXADDRTYPE", types[p->address_type]);
	parm_if(w, "TO-NAPID", p->through);
	port(w, p->port);
	end(w);
	end(w);
}

/* --- accounts -------------------------------------------------------------------- */

static void credentials(struct mkcp *w, const char *level, const struct desc_cred *c)
{
	static const char *const names[] = { "", "BASIC", "DIGEST", "HMAC" };
	struct buf nonce = BUF_INIT;

	if (!c->type)
		return;
	characteristic(w, "APPAUTH");
	parm(w, "AAUTHLEVEL", level);
	parm(w, "AAUTHTYPE", names[c->type]);
	parm(w, "AAUTHNAME", c->user);
	parm(w, "AAUTHSECRET", c->secret);
	if (c->nonce_len) {
		base64_encode(&nonce, slice_of(c->nonce, c->nonce_len));
		parm(w, "AAUTHDATA", buf_cstr(&nonce));
		if (buf_error(&nonce))
			w->out->err = buf_error(&nonce);
	}
	buf_wipe_fini(&nonce);
	end(w);
}

static bool is_proxy(const struct desc_doc *doc, const char *id)
{
	for (size_t i = 0; i < doc->nproxies; i++)
		if (!strcmp(doc->proxies[i].id, id))
			return true;
	return false;
}

/* w7; APPSRV names what the client shows to the server, CLIENT the reverse (DM AC 1.0). */
static void application(struct mkcp *w, const struct desc_doc *doc, const struct desc_server *s)
{
	characteristic(w, "APPLICATION");
	parm(w, "APPID", "w7");
	parm(w, "PROVIDER-ID", s->id);
	parm_if(w, "NAME", s->name);
	for (size_t i = 0; i < s->nconnects; i++)
		parm(w, is_proxy(doc, s->connect[i]) ? "TO-PROXY" : "TO-NAPID", s->connect[i]);
	if (s->init)
		parm(w, "INIT", NULL);
	if (s->port) {
		characteristic(w, "APPADDR");
		parm(w, "ADDR", s->url);
		port(w, s->port);
		end(w);
	} else {
		parm(w, "ADDR", s->url);
	}
	credentials(w, "APPSRV", &s->client);
	credentials(w, "CLIENT", &s->server);
	end(w);
}

void mkcp_document(struct buf *out, const struct desc_doc *doc)
{
	static const uint8_t prolog[] = { WBXML_VERSION_1_3, WBXML_ID_PROV_1_0, WBXML_UTF_8, 0 };
	struct mkcp w = { .out = out };

	buf_put(out, prolog, sizeof(prolog));
	buf_put_u8(out, PROV_TAG_DOC | WBXML_TAG_CONTENT | WBXML_TAG_ATTRS);
	put_start(&w, "version", doc->version_1_0 ? "1.0" : "1.1");
	buf_put_u8(out, WBXML_END);
	for (size_t i = 0; i < doc->nproxies; i++)
		proxy(&w, &doc->proxies[i]);
	for (size_t i = 0; i < doc->nnaps; i++)
		nap(&w, &doc->naps[i]);
	for (size_t i = 0; i < doc->nservers; i++)
		application(&w, doc, &doc->servers[i]);
	buf_put_u8(out, WBXML_END);
}
