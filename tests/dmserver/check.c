// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Is a client's message right by itself: header, package 1, order and ids of
 * its commands. What it answers to is judged in answers.c.
 */
#include "session.h"

#include <stdlib.h>

#include "util/digest.h"
#include "util/str.h"

#define DEVINFO_LEAVES 5

static const char *const devinfo[DEVINFO_LEAVES] = { "DevId", "Man", "Mod", "DmV", "Lang" };

/* "./DevInfo/Man" and "DevInfo/Man" are the same node. */
static struct slice relative(struct slice uri)
{
	if (uri.n >= 2 && !memcmp(uri.p, "./", 2))
		return slice_of(uri.p + 2, uri.n - 2);
	return uri;
}

static void check_ids(struct server *srv, struct session *s, const struct dm_hdr *h)
{
	uint32_t id;

	if (!h->session_id.n || h->session_id.n > 4)
		violation(srv, s, "RepPro SessionID", "\"%.*s\" is not 1 to 4 characters",
			  VIEW(h->session_id));
	if (str_parse_u32(h->msg_id, &id))
		violation(srv, s, "RepPro MsgID", "\"%.*s\" is no number", VIEW(h->msg_id));
	else if (id != s->in_msgid + 1 && !(s->lost && id == s->in_msgid + 2))
		violation(srv, s, "RepPro MsgID", "is %u, must be %u: from 1, one more each message",
			  id, s->in_msgid + 1);
}

static void check_cred(struct server *srv, struct session *s, const struct dm_hdr *h)
{
	const struct dm_cred *c = &h->cred;
	struct buf raw = BUF_INIT;

	if (!h->has_cred)
		return;
	if (slice_eq_str(c->meta.type, "syncml:auth-MAC"))
		violation(srv, s, "DM Security, MAC", "a MAC stands in x-syncml-hmac, not in Cred");
	if (!slice_present(c->meta.type))
		violation(srv, s, "RepPro Cred", "Cred without Meta/Type");
	if (!slice_eq_str(c->meta.format, "b64"))
		violation(srv, s, "RepPro Cred", "Meta/Format is \"%.*s\", must be \"b64\"",
			  VIEW(c->meta.format));
	if (!c->data_opaque && base64_decode(&raw, c->data))
		violation(srv, s, "RepPro Cred", "Data is no base64");
	if (slice_eq_str(c->meta.type, "syncml:auth-md5") && !h->source_name.n)
		violation(srv, s, "DM Security, MD5", "Source/LocName does not name the user");
	buf_wipe_fini(&raw);
}

void check_header(struct server *srv, struct session *s, const struct message *m)
{
	const struct dm_hdr *h = &m->hdr;

	if (!slice_eq_str(h->ver_dtd, "1.2"))
		violation(srv, s, "RepPro VerDTD", "is \"%.*s\", must be \"1.2\"",
			  VIEW(h->ver_dtd));
	if (!slice_eq_str(h->ver_proto, "DM/1.2"))
		violation(srv, s, "RepPro VerProto", "is \"%.*s\", must be \"DM/1.2\"",
			  VIEW(h->ver_proto));
	check_ids(srv, s, h);
	check_cred(srv, s, h);
	if (!h->target.n)
		violation(srv, s, "RepPro SyncHdr", "no Target/LocURI");
	if (!h->source.n)
		violation(srv, s, "RepPro SyncHdr", "no Source/LocURI: which device is it?");
	if (s->format != m->format && s->in_msgid)
		violation(srv, s, "DM Protocol, transport", "the encoding changed within the session");
}

/* --- package 1 ------------------------------------------------------------ */

static void check_devinfo(struct server *srv, struct session *s, const struct message *m)
{
	bool seen[DEVINFO_LEAVES] = { false }, any = false;
	const struct dm_item *it;
	struct slice uri;
	size_t i, j, k;

	for (i = 0; i < m->n; i++) {
		if (m->cmds[i].c.kind != DM_CMD_REPLACE)
			continue;
		any = true;
		for (j = 0; j < m->cmds[i].c.nitems; j++) {
			it = &m->cmds[i].c.items[j];
			uri = relative(it->source);
			for (k = 0; k < DEVINFO_LEAVES; k++)
				if (str_starts(uri, "DevInfo/") &&
				    slice_eq_str(slice_of(uri.p + 8, uri.n - 8), devinfo[k]))
					seen[k] = slice_present(it->data);
		}
	}
	if (!any) {
		violation(srv, s, "DM Protocol, package 1", "no Replace with DevInfo");
		return;
	}
	for (k = 0; k < DEVINFO_LEAVES; k++)
		if (!seen[k])
			violation(srv, s, "DM Protocol, package 1",
				  "the Replace holds no Item for ./DevInfo/%s with Data",
				  devinfo[k]);
}

static void check_package1(struct server *srv, struct session *s, const struct message *m)
{
	unsigned int alerts = 0;
	uint32_t code;
	size_t i;

	for (i = 0; i < m->n; i++)
		if (m->cmds[i].c.kind == DM_CMD_ALERT &&
		    !str_parse_u32(m->cmds[i].c.data, &code) && (code == 1200 || code == 1201)) {
			alerts++;
			s->initiation = code;
		}
	if (alerts != 1)
		violation(srv, s, "DM Protocol, package 1",
			  "%u Alerts 1200 or 1201, there must be one", alerts);
	check_devinfo(srv, s, m);
}

/* --- commands -------------------------------------------------------------- */

static int compare_ids(const void *a, const void *b)
{
	const struct slice *x = a, *y = b;
	size_t n = x->n < y->n ? x->n : y->n;
	int c = n ? memcmp(x->p, y->p, n) : 0;

	return c ? c : (x->n > y->n) - (x->n < y->n);
}

static void check_cmd_ids(struct server *srv, struct session *s, const struct message *m)
{
	struct slice *ids = calloc(m->n ? m->n : 1, sizeof(*ids));
	size_t i, n = 0;

	if (!ids)
		return;
	for (i = 0; i < m->n; i++) {
		const struct dm_cmd *c = &m->cmds[i].c;
		const char *name = dm_cmd_kind_name(c->kind);

		if (!c->cmd_id.n || slice_eq_str(c->cmd_id, "0"))
			violation(srv, s, "RepPro CmdID", "%s has %s", name ? name : "a command",
				  c->cmd_id.n ? "CmdID 0" : "no CmdID");
		else
			ids[n++] = c->cmd_id;
	}
	qsort(ids, n, sizeof(*ids), compare_ids);
	for (i = 1; i < n; i++)
		if (slice_eq(ids[i - 1], ids[i]))
			violation(srv, s, "RepPro CmdID", "\"%.*s\" stands in the message twice",
				  VIEW(ids[i]));
	free(ids);
}

static void check_generic_alert(struct server *srv, struct session *s, const struct dm_cmd *c)
{
	size_t i;

	if (!c->nitems)
		violation(srv, s, "DM Protocol, Generic Alert", "Alert 1226 without an Item");
	for (i = 0; i < c->nitems; i++) {
		const struct dm_meta *meta = &c->items[i].meta;

		if (!meta->type.n)
			violation(srv, s, "DM Protocol, Generic Alert", "an Item has no Meta/Type");
		if (!meta->format.n)
			violation(srv, s, "DM Protocol, Generic Alert",
				  "the Item of Type \"%.*s\" has no Meta/Format",
				  VIEW(meta->type));
		if (!slice_present(c->items[i].data))
			violation(srv, s, "DM Protocol, Generic Alert",
				  "the Item of Type \"%.*s\" has no Data", VIEW(meta->type));
	}
}

static void check_alert(struct server *srv, struct session *s, const struct message *m,
			const struct dm_cmd *c)
{
	uint32_t code = 0;

	if (str_parse_u32(c->data, &code)) {
		violation(srv, s, "RepPro Alert", "Data \"%.*s\" is no alert code", VIEW(c->data));
		return;
	}
	switch (code) {
	case 1200:
	case 1201:
		if (s->authed)
			violation(srv, s, "DM Protocol, package 1",
				  "Alert %u outside package 1", code);
		break;
	case 1222:
	case 1224:
	case 1225:
		break;
	case 1223:
		if (!m->final)
			violation(srv, s, "DM Protocol, session abort", "Alert 1223 without Final");
		break;
	case 1226:
		check_generic_alert(srv, s, c);
		break;
	default:
		violation(srv, s, "RepPro Alert", "code %u is not for a client", code);
	}
}

static void check_replace(struct server *srv, struct session *s, const struct dm_cmd *c)
{
	size_t i;

	for (i = 0; i < c->nitems; i++) {
		if (!c->items[i].source.n)
			violation(srv, s, "DM Protocol, package 1",
				  "an Item of Replace has no Source/LocURI");
		else if (!str_starts(relative(c->items[i].source), "DevInfo/"))
			violation(srv, s, "DM Protocol, package 1",
				  "Replace of \"%.*s\": a client reports DevInfo only",
				  VIEW(c->items[i].source));
	}
}

static void check_command(struct server *srv, struct session *s, const struct message *m,
			  const struct dm_cmd *c)
{
	const char *name;

	switch (c->kind) {
	case DM_CMD_STATUS:
	case DM_CMD_RESULTS:
		break;
	case DM_CMD_ALERT:
		check_alert(srv, s, m, c);
		break;
	case DM_CMD_REPLACE:
		check_replace(srv, s, c);
		break;
	default:
		name = dm_cmd_kind_name(c->kind);
		violation(srv, s, "DM Protocol, packages",
			  "%.*s: a client sends Status, Results, Alert and Replace only",
			  VIEW(name ? slice_str(name) : c->name));
	}
}

void check_body(struct server *srv, struct session *s, const struct message *m)
{
	size_t i;

	/* A message that goes on with package 1 need not hold all of it, nor need an abort. */
	if (!s->authed && (m->final || !s->in_msgid) && !message_has_alert(m, "1223"))
		check_package1(srv, s, m);
	check_cmd_ids(srv, s, m);
	for (i = 0; i < m->n; i++)
		check_command(srv, s, m, &m->cmds[i].c);
	if (s->mid_package && m->final)
		violation(srv, s, "DM Protocol, multiple messages",
			  "Final before the server's package had its own");
}
