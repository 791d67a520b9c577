/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Test helper: provisioning documents on the whole way into a tree, and the tree as lines. */
#ifndef CP_FAR_END_H
#define CP_FAR_END_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* The program's own file: it is not part of the library. */
#include "dmsc-client/bootstrap_cp.c"

#include "dm_far_end.h"

void client_reason(char *out, size_t size, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(out, size, fmt, ap);
	va_end(ap);
}

#define P(n, v) "<parm name='" n "' value='" v "'/>"
#define FLAG(n) "<parm name='" n "'/>"
#define C(t, content) "<characteristic type='" t "'>" content "</characteristic>"
#define DOC(content) "<wap-provisioningdoc version='1.1'>" content "</wap-provisioningdoc>"
#define APP(id, content) C("APPLICATION", P("APPID", "w7") P("PROVIDER-ID", id) content)
#define W7(id, content) APP(id, P("ADDR", "https://" id "/dm") content)

#define CP_ORIGIN 7

struct cp_applied {
	int err;
	struct dm_bootstrap_result res;
	bool init[DM_BOOTSTRAP_MAX_SERVERS];
	char reason[256];
};

/* As bootstrap.c does it with documents of a card. */
static void cp_apply(struct far_end *f, const struct slice *docs, size_t n, struct cp_applied *a)
{
	const struct dm_bootstrap_config cfg = {
	    .tree = f->tree, .tnds = &far_tnds_ops, .origin = CP_ORIGIN, .now = f->now,
	    .no_account = true};
	struct dm_bootstrap *b = dm_bootstrap_new(&cfg);
	struct client_cp *cp = b ? client_cp_new(n) : NULL;
	int err = cp ? 0 : -ENOMEM;

	memset(a, 0, sizeof(*a));
	for (size_t i = 0; i < n && !err; i++)
		err = client_cp_add(cp, docs[i], a->reason, sizeof(a->reason));
	if (!err)
		err = client_cp_finish(cp, b, a->reason, sizeof(a->reason));
	a->err = b ? dm_bootstrap_finish(b, err, &a->res) : err;
	if (a->err && !a->reason[0])
		snprintf(a->reason, sizeof(a->reason), "%s", a->res.text);
	for (size_t i = 0; i < a->res.nservers; i++)
		a->init[i] = client_cp_init(cp, a->res.servers[i]);
	client_cp_free(cp);
}

/*
 * The objects as lines: "./DMAcc/1/Name [acl] = value", "/" behind the URI of an interior
 * node, "(bin)" and the like before a value that is no text. What tells the content is left out.
 */
static void cp_lines(struct far_end *f, struct buf *out)
{
	static const char *const dirs[] = { "./NAP", "./Proxy", "./DMAcc" };

	for (size_t i = 0; i < 3; i++) {
		struct dm_node *top = dm_tree_find(f->tree, slice_str(dirs[i])), *n;

		for (n = top ? dm_tree_next(top, top) : NULL; n; n = dm_tree_next(top, n)) {
			if (!strcmp(n->name, "Content") ||
			    (!n->first_child && n->format == DM_FMT_NODE))
				continue;
			/* Directories show by what is in them; those with a type or rights count. */
			if (n->format == DM_FMT_NODE && !n->type && !n->acl)
				continue;
			dm_node_uri(n, out);
			if (n->acl)
				buf_printf(out, " [%s]", n->acl);
			if (n->format == DM_FMT_NODE)
				buf_printf(out, "/ %s", n->type ? n->type : "");
			else if (n->format == DM_FMT_CHR)
				buf_printf(out, " = %s", n->value ? (char *)n->value : "");
			else
				buf_printf(out, " = (%s) %s", dm_format_name(n->format),
					   n->value ? (char *)n->value : "");
			buf_put_u8(out, '\n');
		}
	}
}

#endif
