// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The message of EF(DM_Bootstrap): one Add of a serialized tree to ./Inbox
 * (DM Bootstrap 1.2, DM profile). What a node is called is DMAcc's of
 * StdObj 1.2 and that of the connectivity objects; how it looks is codec's.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/codec.h"
#include "mkcard.h"

#define NODES_MAX 512
#define TEXTS_MAX (64 * 1024)

/* The tree under construction. Texts that are put together live in @texts until the end. */
struct mkdm {
	const struct desc_doc *doc;
	struct dm_tnds_node nodes[NODES_MAX];
	size_t n;
	char texts[TEXTS_MAX];
	size_t used;
	bool full;
};

static struct dm_tnds_node *node_new(struct mkdm *m, unsigned int depth, const char *name)
{
	static struct dm_tnds_node beyond;
	struct dm_tnds_node *x = m->n < NODES_MAX ? &m->nodes[m->n++] : &beyond;

	m->full = m->full || x == &beyond;
	*x = (struct dm_tnds_node){ .depth = (uint16_t)depth, .name = slice_str(name) };
	return x;
}

/* The text that is @fmt, for as long as the tree. */
static const char *text(struct mkdm *m, const char *fmt, ...)
{
	char *at = m->texts + m->used;
	size_t room = sizeof(m->texts) - m->used;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(at, room, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= room) {
		m->full = true;
		return "";
	}
	m->used += (size_t)n + 1;
	return at;
}

static struct dm_tnds_node *interior(struct mkdm *m, unsigned int depth, const char *name,
				     const char *type)
{
	struct dm_tnds_node *x = node_new(m, depth, name);

	x->format = SLICE_LIT("node");
	x->type = slice_str(type);
	return x;
}

static void leaf(struct mkdm *m, unsigned int depth, const char *name, const char *value)
{
	struct dm_tnds_node *x = node_new(m, depth, name);

	x->format = SLICE_LIT("chr");
	x->type = SLICE_LIT("text/plain");
	x->has_value = true;
	x->value = slice_str(value);
}

static void leaf_if(struct mkdm *m, unsigned int depth, const char *name, const char *value)
{
	if (value[0])
		leaf(m, depth, name, value);
}

static void leaf_number(struct mkdm *m, unsigned int depth, const char *name, unsigned int v)
{
	if (v)
		leaf(m, depth, name, text(m, "%u", v));
}

/* --- accounts ---------------------------------------------------------------- */

static const char *auth_name(int type)
{
	static const char *const names[] = { "", "BASIC", "DIGEST", "HMAC" };

	return names[type];
}

/* References within one object are ./Inbox/ and the name it has there (Bootstrap 3.1.4.5). */
static const char *reference(struct mkdm *m, const char *id)
{
	for (size_t i = 0; i < m->doc->nnaps; i++)
		if (!strcmp(m->doc->naps[i].id, id))
			return text(m, "./Inbox/nap%zu", i + 1);
	for (size_t i = 0; i < m->doc->nproxies; i++)
		if (!strcmp(m->doc->proxies[i].id, id))
			return text(m, "./Inbox/proxy%zu", i + 1);
	return "";
}

static void credentials(struct mkdm *m, const char *name, const char *level,
			const struct desc_cred *c)
{
	struct dm_tnds_node *x;

	if (!c->type)
		return;
	interior(m, 2, name, "");
	leaf(m, 3, "AAuthLevel", level);
	leaf(m, 3, "AAuthType", auth_name(c->type));
	leaf(m, 3, "AAuthName", c->user);
	leaf(m, 3, "AAuthSecret", c->secret);
	if (!c->nonce_len)
		return;
	x = node_new(m, 3, "AAuthData");
	x->format = SLICE_LIT("bin");
	x->type = SLICE_LIT("application/octet-stream");
	x->has_value = true;
	x->value_opaque = true;
	x->value = slice_of(c->nonce, c->nonce_len);
}

static void account(struct mkdm *m, size_t i)
{
	const struct desc_server *s = &m->doc->servers[i];
	int prefer = s->prefer ? s->prefer : (int)s->client.type;
	struct dm_tnds_node *x;

	x = interior(m, 0, text(m, "%zu", i + 1), "urn:oma:mo:oma-dm-dmacc:1.0");
	x->acl = slice_str(s->acl[0] ? s->acl :
			   text(m, "Get=%s&Replace=%s&Delete=%s", s->id, s->id, s->id));
	leaf(m, 1, "AppID", "w7");
	leaf(m, 1, "ServerID", s->id);
	leaf_if(m, 1, "Name", s->name);
	leaf(m, 1, "PrefConRef", s->nconnects ? reference(m, s->connect[0]) : "");
	if (s->nconnects > 1) {
		interior(m, 1, "ToConRef", "");
		for (size_t k = 0; k < s->nconnects; k++) {
			interior(m, 2, text(m, "%zu", k + 1), "");
			leaf(m, 3, "ConRef", reference(m, s->connect[k]));
		}
	}
	interior(m, 1, "AppAddr", "");
	interior(m, 2, "1", "");
	leaf(m, 3, "Addr", s->url);
	leaf(m, 3, "AddrType", "URI");
	if (s->port) {
		interior(m, 3, "Port", "");
		interior(m, 4, "1", "");
		leaf_number(m, 5, "PortNbr", s->port);
	}
	if (prefer)
		leaf(m, 1, "AAuthPref", auth_name(prefer));
	if (s->client.type || s->server.type)
		interior(m, 1, "AppAuth", "");
	credentials(m, "1", "CLCRED", &s->client);
	credentials(m, s->client.type ? "2" : "1", "SRVCRED", &s->server);
}

/* --- connectivity --------------------------------------------------------------- */

/* The rights of every server of the message, as CP would grant them. */
static struct slice shared_acl(struct mkdm *m)
{
	static const char *const grants[] = { "Get=", "&Replace=", "&Delete=" };
	struct buf b = BUF_INIT;
	const char *s;

	if (!m->doc->nservers)
		return SLICE_NONE;
	for (size_t c = 0; c < 3; c++)
		for (size_t i = 0; i < m->doc->nservers; i++)
			buf_printf(&b, "%s%s", i ? "+" : grants[c], m->doc->servers[i].id);
	s = buf_error(&b) ? "" : text(m, "%s", buf_cstr(&b));
	buf_fini(&b);
	return slice_str(s);
}

/* The nodes are those that a provisioning document becomes (management-objects.rst). */
static void nap(struct mkdm *m, size_t i)
{
	const struct desc_nap *n = &m->doc->naps[i];

	interior(m, 0, text(m, "nap%zu", i + 1), "urn:oma:mo:oma-connmo-nap:1.0")->acl =
		shared_acl(m);
	leaf(m, 1, "NapId", n->id);
	leaf_if(m, 1, "Name", n->name);
	leaf(m, 1, "BearerType", n->bearer);
	if (n->apn[0]) {
		leaf(m, 1, "AddrType", "APN");
		leaf(m, 1, "Addr", n->apn);
	}
	if (n->auth[0]) {
		interior(m, 1, "AuthInfo", "");
		leaf(m, 2, "AuthType", n->auth);
		leaf(m, 2, "AuthName", n->user);
		leaf(m, 2, "AuthSecret", n->secret);
	}
}

static void proxy(struct mkdm *m, size_t i)
{
	static const char *const types[] = { "IPV4", "IPV6", "ALPHA" };
	const struct desc_proxy *p = &m->doc->proxies[i];

	interior(m, 0, text(m, "proxy%zu", i + 1), "urn:oma:mo:oma-connmo-proxy:1.0")->acl =
		shared_acl(m);
	leaf(m, 1, "ProxyId", p->id);
	leaf_if(m, 1, "Name", p->name);
	leaf(m, 1, "AddrType", types[p->address_type]);
	leaf(m, 1, "Addr", p->address);
	if (p->port) {
		interior(m, 1, "Ports", "");
		interior(m, 2, "1", "");
		leaf_number(m, 3, "PortNbr", p->port);
		m->nodes[m->n - 1].format = SLICE_LIT("int");
	}
	if (p->auth[0]) {
		interior(m, 1, "AuthInfo", "");
		interior(m, 2, "1", "");
		leaf(m, 3, "AuthType", p->auth);
		leaf(m, 3, "AuthID", p->user);
		leaf(m, 3, "AuthPW", p->secret);
	}
	if (p->through[0]) {
		interior(m, 1, "ConRefs", "");
		interior(m, 2, "1", "");
		leaf(m, 3, "ConRef", reference(m, p->through));
	}
}

/* --- the message -------------------------------------------------------------------- */

static void put_message(struct buf *out, const struct mkdm *m, const struct dm_tnds *tree)
{
	const struct dm_encoder *e = codec_encoder(CODEC_WBXML);
	const char *source = m->doc->nservers ? m->doc->servers[0].id : "/";
	struct dm_hdr hdr = {
		.ver_dtd = SLICE_LIT("1.2"), .ver_proto = SLICE_LIT("DM/1.2"),
		.session_id = SLICE_LIT("0"), .msg_id = SLICE_LIT("1"),
		.target = SLICE_LIT("/"), .source = slice_str(source),
	};
	struct buf opaque = BUF_INIT;
	struct dm_item item = {
		.target = SLICE_LIT("./Inbox"),
		.meta = { .type = slice_str(e->tnds_mime),
			  .format = m->doc->opaque ? SLICE_LIT("bin") : SLICE_LIT("xml") },
	};
	struct dm_cmd add = { .kind = DM_CMD_ADD, .cmd_id = SLICE_LIT("1"), .items = &item,
			      .nitems = 1 };

	if (m->doc->opaque) {
		codec_tnds_encode(CODEC_WBXML, &opaque, tree);
		item.data = buf_slice(&opaque);
		item.data_opaque = true;
	} else {
		item.tnds = tree;
	}
	e->begin(out, &hdr);
	e->command(out, &add);
	e->finish(out, true);
	if (buf_error(&opaque) && !out->err)
		out->err = buf_error(&opaque);
	buf_wipe_fini(&opaque);
}

void mkdm_message(struct buf *out, const struct desc_doc *doc)
{
	struct mkdm *m = calloc(1, sizeof(*m));
	struct dm_tnds tree;

	if (!m) {
		out->err = -ENOMEM;
		return;
	}
	m->doc = doc;
	for (size_t i = 0; i < doc->nservers; i++)
		account(m, i);
	for (size_t i = 0; i < doc->nnaps; i++)
		nap(m, i);
	for (size_t i = 0; i < doc->nproxies; i++)
		proxy(m, i);
	tree = (struct dm_tnds){ m->nodes, m->n };
	if (m->full)
		out->err = -EMSGSIZE;
	else
		put_message(out, m, &tree);
	explicit_bzero(m, sizeof(*m));
	free(m);
}
