// SPDX-License-Identifier: GPL-2.0-or-later
/* What the store holds: accounts, cards' wishes. Read-only, no secret, no ICCID. */
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "dmscctl/ctl.h"
#include "mo/dmacc.h"
#include "store/store.h"
#include "util/owner.h"

int ctl_store_open(const struct ctl *c, struct store **s)
{
	/* The session child wrote that file: it is not for root to parse. */
	int r = owner_become(c->store);

	if (!r)
		r = store_open(c->store, STORE_READ, 0, s);
	if (r == -ENOENT) {
		*s = NULL;
		return CTL_OK;
	}
	if (r == -EACCES)
		fprintf(stderr, "dmscctl: %s: permission denied: only root and the user dmsc may look\n",
			c->store);
	else if (r)
		fprintf(stderr, "dmscctl: %s: %s\n", c->store, store_strerror(r));
	return r ? CTL_STORE : CTL_OK;
}

void ctl_cell_time(struct table *t, int64_t when)
{
	char text[32] = "-";
	time_t sec = when;
	struct tm tm;

	if (when && gmtime_r(&sec, &tm))
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	table_cell(t, "%s", text);
}

struct accounts {
	struct table table;
	struct store *store;
	struct dm_tree *tree;
};

static int on_account(void *ctx, struct dm_node *node, struct slice server_id)
{
	struct accounts *x = ctx;
	struct store_origin o;
	struct dm_account a;

	if (dmacc_read(x->tree, server_id, &a) == -ENOMEM) {
		dm_account_fini(&a);
		return -ENOMEM;
	}
	table_cell(&x->table, "%.*s", (int)server_id.n, (const char *)server_id.p);
	table_cell(&x->table, "%s", buf_cstr(&a.url));
	if (!node->origin)
		table_cell(&x->table, "by hand or server");
	else if (!store_origin_get(x->store, node->origin, &o))
		table_cell(&x->table, "card in %s", o.slot);
	else
		table_cell(&x->table, "card");
	dm_account_fini(&a);
	return 0;
}

int ctl_accounts(const struct ctl *c)
{
	static const char *const columns[] = { "server", "address", "from" };
	struct accounts x = { 0 };
	int rc = ctl_store_open(c, &x.store), r = 0;

	if (rc)
		return rc;
	table_init(&x.table, c->json, columns, 3);
	if (x.store) {
		x.tree = dm_tree_new();
		r = x.tree ? store_tree_load(x.store, x.tree) : -ENOMEM;
		if (!r)
			r = dmacc_each(x.tree, on_account, &x);
		dm_tree_free(x.tree);
	}
	if (r)
		fprintf(stderr, "dmscctl: accounts: %s\n", store_strerror(r));
	table_print(&x.table);
	store_close(x.store);
	return r ? CTL_STORE : CTL_OK;
}

static int on_card(void *ctx, const struct store_card *k)
{
	struct table *t = ctx;

	table_cell(t, "%s", k->slot);
	/* The reader's own count, as the kernel shows it; above it is which reader that was. */
	table_cell(t, "%llu", (unsigned long long)(k->seq & UINT32_MAX));
	table_cell(t, "%s", k->server[0] ? k->server : "-");
	table_cell(t, "%s", store_card_phase_name(k->phase));
	table_cell(t, "%u", k->attempts);
	ctl_cell_time(t, k->next_attempt);
	ctl_cell_time(t, k->updated);
	table_cell(t, "%s", k->reason);
	return 0;
}

int ctl_state(const struct ctl *c)
{
	static const char *const columns[] = { "slot", "seq", "server", "phase", "attempts", "next",
					       "updated", "about" };
	struct store *s = NULL;
	struct table t;
	int rc = ctl_store_open(c, &s), r = 0;

	if (rc)
		return rc;
	table_init(&t, c->json, columns, 8);
	if (s)
		r = store_card_each(s, on_card, &t);
	table_print(&t);
	store_close(s);
	return r ? CTL_STORE : CTL_OK;
}

/* The tree's printer lives in dmsc-client, with the masking of secrets. */
int ctl_tree(const struct ctl *c, const char *uri)
{
	execl(DMSC_PREFIX "/bin/dmsc-client", "dmsc-client", "--store", c->store, "tree", uri, NULL);
	execlp("dmsc-client", "dmsc-client", "--store", c->store, "tree", uri, NULL);
	fprintf(stderr, "dmscctl: dmsc-client: %s\n", strerror(errno));
	return CTL_FAILED;
}

/* Who looks at what is told gives up his rights first, and is woken where one is to be. */
int ctl_alert(const struct ctl *c, int argc, char **argv)
{
	const char **args = calloc((size_t)argc + 8, sizeof(*args));
	size_t n = 0;

	if (!args)
		return CTL_FAILED;
	args[n++] = "dmsc-client";
	if (strcmp(c->conf_path, CONF_PATH)) {
		args[n++] = "--" "config";
		args[n++] = c->conf_path;
	}
	args[n++] = "--" "store";
	args[n++] = c->store;
	memcpy(args + n, argv, (size_t)argc * sizeof(*args));
	n += (size_t)argc;
	if (c->json)
		args[n++] = "--" "json";
	execv(DMSC_PREFIX "/bin/dmsc-client", (char **)args);
	execvp("dmsc-client", (char **)args);
	fprintf(stderr, "dmscctl: dmsc-client: %s\n", strerror(errno));
	free(args);
	return CTL_FAILED;
}
