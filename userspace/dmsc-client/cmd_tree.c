// SPDX-License-Identifier: GPL-2.0-or-later
/* dmsc-client tree [URI]: the stored tree in lines; what no server may read, and card numbers, are masked. */
#include <errno.h>
#include <stdio.h>

#include "dmsc-client/client.h"
#include "util/log.h"
#include "util/str.h"
#include "util/text.h"

#define SHOWN_MAX 128	/* bytes of a value */

static void put_text(struct buf *out, struct slice v)
{
	size_t n = v.n > SHOWN_MAX ? SHOWN_MAX : v.n;

	for (size_t i = 0; i < n; i++) {
		if (v.p[i] < ' ' || v.p[i] == 0x7f || v.p[i] == '\\')
			buf_printf(out, "\\x%02x", v.p[i]);
		else
			buf_put_u8(out, v.p[i]);
	}
	if (n < v.n)
		buf_printf(out, "... (%zu bytes)", v.n);
}

/* ./DevDetail/Ext/dmsc/Card/X/ICCID: one server may read it, but it is for no terminal or log. */
static bool is_card_number(const struct dm_node *n)
{
	return !strcmp(n->name, "ICCID") && n->parent && n->parent->parent &&
	       !strcmp(n->parent->parent->name, "Card");
}

static void put_value(struct buf *out, const struct dm_node *n)
{
	struct slice v = dm_node_value(n);

	buf_put_str(out, " = ");
	if (!(n->access & DM_ACC_GET) || is_card_number(n))
		buf_put_str(out, v.n ? "********" : "(empty)");
	else if (n->format == DM_FMT_BIN || !str_utf8_valid(v))
		buf_printf(out, "(%zu bytes)", v.n);
	else
		put_text(out, v);
	if (n->format != DM_FMT_CHR)
		buf_printf(out, "  (%s)", dm_format_name(n->format));
}

static int print_node(const struct dm_node *n)
{
	_cleanup_buf_ struct buf line = BUF_INIT, clean = BUF_INIT;

	dm_node_uri(n, &line);
	if (n->format == DM_FMT_NODE) {
		if (n->parent)
			buf_put_u8(&line, '/');
		if (n->type) {
			buf_put_str(&line, "  ");
			put_text(&line, slice_str(n->type));
		}
	} else {
		put_value(&line, n);
	}
	if (n->acl)
		buf_printf(&line, "  [%s]", n->acl);
	/* Names and values are a server's: none may steer the terminal. */
	text_escape(&clean, buf_slice(&line));
	if (buf_error(&line) || buf_error(&clean))
		return -ENOMEM;
	puts(buf_cstr(&clean));
	return 0;
}

static int print_tree(struct dm_tree *t, const char *uri)
{
	struct dm_node *from = dm_tree_find(t, slice_str(uri));

	if (!from) {
		log_err("tree: there is no node %s", uri);
		return CLIENT_CONFIG;
	}
	for (struct dm_node *n = from; n; n = dm_tree_next(from, n)) {
		if (print_node(n) < 0) {
			log_err("tree: out of memory");
			return CLIENT_STORE;
		}
	}
	return CLIENT_OK;
}

int cmd_tree(int argc, char **argv, struct client_args *a)
{
	static const struct option options[] = { CLIENT_COMMON_OPTIONS, { NULL, 0, NULL, 0 } };
	_cleanup_store_ struct store *s = NULL;
	struct mo_set *objects;
	struct dm_tree *t = NULL;
	char devid[128];
	const char *id;
	int c, rc, err;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		rc = client_common_option(a, c, optarg);
		if (rc)
			return rc;
	}
	if (argc - optind > 1) {
		log_err("tree: give at most one URI");
		return CLIENT_USAGE;
	}
	rc = client_args_finish(a);
	if (!rc)
		rc = client_rights_store(a, STORE_READ, false, -1);
	if (!rc)
		rc = client_rights_filter(false);
	if (!rc)
		rc = client_store_open(a, STORE_READ, &s);
	if (rc)
		return rc;
	id = a->device_id;
	if (!id && client_device_id(devid, sizeof(devid)) == 0)
		id = devid;
	objects = client_objects_new(&a->conf, id);
	err = objects ? client_tree_open(s, objects, &t) : -ENOMEM;
	if (err)
		log_err("tree: %s", store_strerror(err));
	rc = err ? CLIENT_STORE : print_tree(t, optind < argc ? argv[optind] : ".");
	dm_tree_free(t);
	mo_set_free(objects);
	return rc;
}
