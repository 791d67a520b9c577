// SPDX-License-Identifier: GPL-2.0-or-later
/* A bootstrap message into the store; the contract is in bootstrap.h. What the message means is dm/bootstrap's. */
#include "dmsc-client/bootstrap.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "dm/bootstrap.h"
#include "dm/origin.h"
#include "dmsc-client/client.h"
#include "mo/mo.h"
#include "util/log.h"

/* Why the documents were not taken: what the decoder said when it gave up, else what they lack. */
static void explain(const struct codec_error *e, enum codec_format f, int decoded,
		    const struct dm_bootstrap_result *out, struct client_bootstrap_result *res)
{
	if (e->text[0] && (decoded == -EBADMSG || decoded == -E2BIG))
		client_reason(res->reason, sizeof(res->reason), "%s at byte %zu: %s",
			      f == CODEC_XML ? "bad XML" : "bad WBXML", e->offset, e->text);
	else
		client_reason(res->reason, sizeof(res->reason), "%s", out->text);
}

static int decode_into(struct dm_tree *t, const struct client_bootstrap_doc *docs, size_t ndocs,
		       uint32_t origin, struct client_bootstrap_result *res,
		       struct dm_bootstrap_result *out)
{
	const struct dm_bootstrap_config cfg = {
		.tree = t,
		.tnds = &client_tnds_ops,
		.origin = origin,
		.now = time(NULL),
	};
	struct codec_limits limits = { .message = CLIENT_BOOTSTRAP_MAX, .allow_padding = true };
	struct codec_error e = { .text = "" };
	struct dm_bootstrap *b = dm_bootstrap_new(&cfg);
	enum codec_format f = CODEC_WBXML;
	int decoded = 0, err;

	if (!b)
		return -ENOMEM;
	for (size_t i = 0; i < ndocs && !decoded; i++) {
		f = origin ? CODEC_WBXML : codec_guess(SLICE_NONE, docs[i].bytes);
		decoded = codec_decode(f, docs[i].bytes, &limits, dm_bootstrap_sink(), b, &e);
	}
	err = dm_bootstrap_finish(b, decoded, out);
	if (!err)
		return 0;
	explain(&e, f, decoded, out, res);
	return err == -EPROTO || err == -ENOENT || err == -EINVAL || err == -E2BIG ? -EBADMSG : err;
}

static int apply(struct store *s, struct dm_tree *t, const struct client_bootstrap_doc *docs,
		 size_t ndocs, uint32_t origin, struct client_bootstrap_result *res)
{
	struct dm_bootstrap_result r = { 0 };
	int err = decode_into(t, docs, ndocs, origin, res, &r);

	for (size_t i = 0; !err && i < r.nservers && i < CLIENT_BOOTSTRAP_SERVERS; i++)
		client_reason(res->server_id[res->nservers++], STORE_SERVER_MAX, "%s", r.servers[i]);
	res->changed = r.changed;
	dm_bootstrap_result_fini(&r);
	return err ? err : store_tree_commit(s, t);
}

static int sizes_check(const struct client_bootstrap_doc *docs, size_t ndocs,
		       struct client_bootstrap_result *res)
{
	int err = ndocs ? 0 : -EBADMSG;

	for (size_t i = 0; i < ndocs && !err; i++)
		if (docs[i].bytes.n == 0 || docs[i].bytes.n > CLIENT_BOOTSTRAP_MAX)
			err = docs[i].bytes.n ? -EMSGSIZE : -EBADMSG;
	if (err)
		client_reason(res->reason, sizeof(res->reason), "%s",
			      err == -EMSGSIZE ? "larger than a bootstrap message may be" : "empty");
	return err;
}

int client_bootstrap_apply(struct store *s, const struct client_bootstrap_doc *docs, size_t ndocs,
			   uint32_t origin, struct client_bootstrap_result *res)
{
	struct dm_tree *t = NULL;
	int err;

	memset(res, 0, sizeof(*res));
	err = sizes_check(docs, ndocs, res);
	if (!err)
		err = client_tree_open(s, NULL, &t);
	if (!err)
		err = apply(s, t, docs, ndocs, origin, res);
	dm_tree_free(t);
	if (!err)
		return 0;
	store_rollback(s);
	res->nservers = 0;
	if (!res->reason[0])
		client_reason(res->reason, sizeof(res->reason), "%s", store_strerror(err));
	return err;
}

/* --- and back --- */

static int count(void *ctx, struct slice server_id)
{
	++*(unsigned int *)ctx;
	return 0;
}

int client_bootstrap_remove(struct store *s, uint32_t origin, unsigned int *removed)
{
	struct dm_tree *t = NULL;
	unsigned int n = 0;
	int err;

	if (removed)
		*removed = 0;
	if (origin == 0)
		return -EINVAL;
	err = client_tree_open(s, NULL, &t);
	if (err)
		goto fail;
	err = dm_origin_servers(t, origin, count, &n);
	if (!err && !store_in_transaction(s))
		err = store_begin(s);
	if (!err)
		err = mo_card_remove(t, origin, time(NULL));
	if (!err)
		err = dm_origin_remove(t, origin, time(NULL), NULL);
	if (!err)
		err = store_origin_delete(s, origin);
	if (!err)
		err = store_tree_commit(s, t);
	if (!err && removed)
		*removed = n;
fail:
	dm_tree_free(t);
	if (err)
		store_rollback(s);
	return err;
}
