// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * FUMO 1.0: what a server may set and run at ./FUMO/dmsc. It neither downloads
 * nor updates: an Exec becomes an order for its owner (mo/fumo.h).
 */
#include "mo/fumo.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "mo/mo_int.h"
#include "util/str.h"
#include "util/text.h"

#define ID "urn:oma:mo:oma-fumo:1.0"
#define NODE DMSC_FMT(DMSC_NODE)
#define CHR DMSC_FMT(DMSC_CHR)
#define END { .formats = 0 }
#define U(rest) MO_FUMO_URI "/" rest


/* --- the description (FUMO 1.0, 5) ---------------------------------------- */

/*
 * The standard names Get alone for name and version and lets a device allow more:
 * a server says with them what it sends, and the updater is told.
 */
#define EDIT(n, occurs) { .name = n, .formats = CHR, .access = DMSC_GET | DMSC_REPLACE, \
	.flags = DMSC_PERMANENT, occurs }

static const struct dmsc_ddf url[] = { EDIT("PkgURL", DMSC_ONE), END };

static const struct dmsc_ddf data[] = {
	{ .name = "PkgData", .formats = DMSC_FMT(DMSC_BIN), .access = DMSC_REPLACE,
	  .flags = DMSC_PERMANENT, DMSC_ZERO_OR_ONE }, END
};

#define ACTION(n, below) { .name = n, .formats = NODE, .access = DMSC_EXEC | DMSC_GET, \
	.flags = DMSC_PERMANENT, DMSC_ZERO_OR_ONE, .children = below }

static const struct dmsc_ddf package[] = {
	EDIT("PkgName", DMSC_ZERO_OR_ONE), EDIT("PkgVersion", DMSC_ZERO_OR_ONE),
	ACTION("Download", url), ACTION("Update", data), ACTION("DownloadAndUpdate", url),
	{ .name = "State", .formats = DMSC_FMT(DMSC_INT), .access = DMSC_GET,
	  .flags = DMSC_PERMANENT | DMSC_LIVE, DMSC_ONE },
	{ .name = "Ext", .formats = NODE, .access = DMSC_ADD | DMSC_GET,
	  .flags = DMSC_PERMANENT | DMSC_OPEN, DMSC_ZERO_OR_ONE },
	END
};

/* The device has one firmware, and makes the node for it. */
static const struct dmsc_ddf packages[] = {
	{ .formats = NODE, .access = DMSC_GET, .flags = DMSC_PERMANENT, DMSC_ZERO_OR_MORE,
	  .type = ID, .children = package }, END
};

static const struct dmsc_ddf root = {
	.formats = NODE, .access = DMSC_GET, .flags = DMSC_PERMANENT, DMSC_ONE,
	.children = packages,
};

/* --- what stands there ---------------------------------------------------- */

static const struct { const char *uri; enum mo_fumo_op op; } actions[] = {
	{ U("Download"), MO_FUMO_DOWNLOAD },
	{ U("Update"), MO_FUMO_UPDATE },
	{ U("DownloadAndUpdate"), MO_FUMO_DOWNLOAD_UPDATE },
};

static struct slice value_of(const struct dm_tree *t, const char *uri)
{
	struct dm_node *n = t ? dm_tree_find((struct dm_tree *)t, slice_str(uri)) : NULL;

	return n && n->value_len ? dm_node_value(n) : SLICE_LIT("");
}

bool mo_fumo_data(const struct dm_tree *t, struct slice *out)
{
	*out = value_of(t, U("Update/PkgData"));
	return out->n > 0;
}

int mo_fumo_drop_data(struct dm_tree *t, int64_t now)
{
	struct dm_node *n = dm_tree_find(t, SLICE_LIT(U("Update/PkgData")));

	if (!n || !n->value_len)
		return 0;
	return dm_tree_set_value(t, n, DM_FMT_BIN, SLICE_NONE, SLICE_LIT(""), now);
}

/* What the updater gets as a word: never an option, never a line of a terminal. */
static bool word_good(struct slice v)
{
	return v.n < MO_FUMO_NAME_MAX && text_is_printable(v) && !(v.n && v.p[0] == '-');
}

static void word(const struct dm_tree *t, const char *uri, char out[MO_FUMO_NAME_MAX])
{
	struct slice v = value_of(t, uri);

	if (!word_good(v) || str_copy(out, MO_FUMO_NAME_MAX, v))
		out[0] = '\0';
}

void mo_fumo_package(const struct dm_tree *t, char name[MO_FUMO_NAME_MAX],
		     char version[MO_FUMO_NAME_MAX])
{
	word(t, U("PkgName"), name);
	word(t, U("PkgVersion"), version);
}

enum mo_fumo_state mo_fumo_state(const struct mo_fumo *f)
{
	struct slice v;

	return !f->busy && mo_fumo_data(f->tree, &v) ? MO_FUMO_READY : f->state;
}

static int first_text(const struct dmsc_host *h, const char *uri, const char *text)
{
	struct dmsc_value old;

	/* What a server set in an earlier session stays. */
	if (!h->get(h, uri, &old))
		return 0;
	return h->put(h, uri, (struct dmsc_value){ DMSC_CHR, text, strlen(text) });
}

static int install(void *ctx, const struct dmsc_host *h)
{
	struct mo_fumo *f = ctx;
	struct dmsc_value old;
	int rc = h->put(h, MO_FUMO_URI, (struct dmsc_value){ .format = DMSC_NODE });

	if (!rc)
		rc = first_text(h, U("PkgName"), word_good(slice_str(f->facts->mod)) ? f->facts->mod : "");
	if (!rc)
		rc = first_text(h, U("PkgVersion"), word_good(slice_str(f->facts->fwv)) ? f->facts->fwv : "");
	if (!rc)
		rc = first_text(h, U("Download/PkgURL"), "");
	if (!rc)
		rc = first_text(h, U("DownloadAndUpdate/PkgURL"), "");
	if (!rc && h->get(h, U("Update/PkgData"), &old))
		rc = h->put(h, U("Update/PkgData"), (struct dmsc_value){ .format = DMSC_BIN });
	if (!rc)
		rc = h->put(h, U("Ext"), (struct dmsc_value){ .format = DMSC_NODE });
	snprintf(f->text, sizeof(f->text), "%d", f->state);
	return rc ? rc : h->put(h, U("State"), (struct dmsc_value){ DMSC_INT, f->text, strlen(f->text) });
}

static int read_value(void *ctx, const char *uri, struct dmsc_value *out)
{
	struct mo_fumo *f = ctx;

	if (strcmp(uri, U("State")))
		return DM_ST_NOT_FOUND;
	snprintf(f->text, sizeof(f->text), "%d", mo_fumo_state(f));
	*out = (struct dmsc_value){ DMSC_INT, f->text, strlen(f->text) };
	return 0;
}

/* --- what a server may set ------------------------------------------------ */

bool mo_fumo_url_good(struct slice v)
{
	size_t skip = v.n > 8 && !strncasecmp((const char *)v.p, "https://", 8) ? 8 :
		      v.n > 7 && !strncasecmp((const char *)v.p, "http://", 7) ? 7 : 0;
	size_t i;

	if (!skip || v.n >= MO_FUMO_URL_MAX)
		return false;
	for (i = 0; i < v.n; i++)
		if (v.p[i] <= 0x20 || v.p[i] >= 0x7f || strchr("\"<>\\^`{|}", v.p[i]))
			return false;
	for (i = skip; i < v.n && !strchr("/?#", v.p[i]); i++)
		if (v.p[i] == '@')
			return false;	/* a password would be in every log on the way */
	return i > skip && v.p[skip] != ':';
}

static int check_url(const struct mo_fumo *f, struct slice v)
{
	struct slice pkg;

	if (!v.n)
		return 0;	/* taken back */
	if (!mo_fumo_url_good(v))
		return DM_ST_BAD_REQUEST;
	if (strncasecmp((const char *)v.p, "https", 5) && !f->allow_http)
		return DM_ST_FORBIDDEN;
	return mo_fumo_data(f->tree, &pkg) ? DM_ST_NOT_ALLOWED : 0;
}

static bool has_url(const struct mo_fumo *f)
{
	return value_of(f->tree, U("Download/PkgURL")).n ||
	       value_of(f->tree, U("DownloadAndUpdate/PkgURL")).n;
}

static int check(void *ctx, const char *uri, const struct dmsc_value *value)
{
	const struct mo_fumo *f = ctx;
	struct slice u = slice_str(uri), v = slice_of(value->data, value->len);

	if (!str_starts(u, U("")) || str_starts(u, U("Ext/")))
		return 0;
	/* What is being installed is what these say. */
	if (f->busy)
		return DM_ST_RETRY_LATER;
	if (str_ends(u, "/PkgURL"))
		return check_url(f, v);
	if (str_ends(u, "/PkgData"))
		return v.n && has_url(f) ? DM_ST_NOT_ALLOWED : 0;
	return word_good(v) ? 0 : DM_ST_BAD_REQUEST;
}

/* --- what it may run ------------------------------------------------------ */

/* Handed over, the work is under way: the next command of the same message sees it so. */
static int hand_over(struct mo_fumo *f, const struct mo_fumo_order *o)
{
	enum dm_status st = f->begin(f->ctx, o);

	if (st == DM_ST_ACCEPTED) {
		f->busy = true;
		f->state = o->op == MO_FUMO_UPDATE ? MO_FUMO_UPDATING : MO_FUMO_DOWNLOADING;
	}
	return st;
}

static int exec(void *ctx, const char *uri, const void *arg, size_t len, const char *correlator)
{
	struct mo_fumo *f = ctx;
	struct mo_fumo_order o = { .op = MO_FUMO_OPS, .correlator = correlator };
	char from[sizeof(U("DownloadAndUpdate/PkgURL"))];
	enum mo_fumo_state state = mo_fumo_state(f);

	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (!strcmp(uri, actions[i].uri))
			o.op = actions[i].op;
	if (o.op == MO_FUMO_OPS || !f->tree || !f->begin)
		return DM_ST_NOT_ALLOWED;
	if (f->busy)
		return DM_ST_RETRY_LATER;
	if (o.op == MO_FUMO_UPDATE) {
		if (state != MO_FUMO_READY && state != MO_FUMO_FAILED_DATA &&
		    state != MO_FUMO_DONE_DATA)
			return DM_ST_NOT_ALLOWED;	/* there is nothing to update with */
		return hand_over(f, &o);
	}
	snprintf(from, sizeof(from), "%s/PkgURL", uri);
	if (str_copy(o.url, sizeof(o.url), value_of(f->tree, from)) || !o.url[0])
		return DM_ST_INCOMPLETE;
	/* It may have been set when plain http was allowed, or for another server. */
	if (strncasecmp(o.url, "https", 5) && !f->allow_http)
		return DM_ST_FORBIDDEN;
	return hand_over(f, &o);
}

/* --- the object ----------------------------------------------------------- */

static const char *const roots[] = { "./FUMO", NULL };

int mo_fumo_add(struct mo_set *s)
{
	struct mo_fumo *f = calloc(1, sizeof(*f));

	if (!f)
		return -ENOMEM;
	f->state = MO_FUMO_IDLE;
	f->facts = mo_set_facts(s);
	f->mo = (struct dmsc_mo){
		.abi = DMSC_MO_ABI, .id = ID, .roots = roots, .ddf = &root, .ctx = f,
		.acl = "Add=*&Delete=*&Exec=*&Get=*&Replace=*", .install = install,
		.read = read_value, .check = check, .exec = exec,
	};
	return mo_set_add(s, &f->mo, free, f);
}

struct mo_fumo *mo_fumo_of(const struct mo_set *s)
{
	for (size_t i = 0; s && i < s->n; i++)
		if (s->v[i].mo->roots == roots)
			return s->v[i].ctx;
	return NULL;
}
