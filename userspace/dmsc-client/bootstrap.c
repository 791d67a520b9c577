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

static int decode_into(struct dm_tree *t, struct slice bytes, uint32_t origin,
		       struct client_bootstrap_result *res, struct dm_bootstrap_result *out)
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
	enum codec_format f;
	int decoded, err;

	if (!b)
		return -ENOMEM;
	f = origin ? CODEC_WBXML : codec_guess(SLICE_NONE, bytes);
	decoded = codec_decode(f, bytes, &limits, dm_bootstrap_sink(), b, &e);
	err = dm_bootstrap_finish(b, decoded, out);
	if (!err)
		return 0;
	if (e.text[0] && (decoded == -EBADMSG || decoded == -E2BIG))
		client_reason(res->reason, sizeof(res->reason), "%s at byte %zu: %s",
			      f == CODEC_XML ? "bad XML" : "bad WBXML", e.offset, e.text);
	else
		client_reason(res->reason, sizeof(res->reason), "%s", out->text);
	return err == -EPROTO || err == -ENOENT || err == -EINVAL || err == -E2BIG ? -EBADMSG : err;
}

static int apply(struct store *s, struct dm_tree *t, struct slice bytes, uint32_t origin,
		 struct client_bootstrap_result *res)
{
	struct dm_bootstrap_result r = { 0 };
	int err = decode_into(t, bytes, origin, res, &r);

	for (size_t i = 0; !err && i < r.nservers && i < CLIENT_BOOTSTRAP_SERVERS; i++)
		client_reason(res->server_id[res->nservers++], STORE_SERVER_MAX, "%s", r.servers[i]);
	res->changed = r.changed;
	dm_bootstrap_result_fini(&r);
	return err ? err : store_tree_commit(s, t);
}

int client_bootstrap_apply(struct store *s, struct slice bytes, uint32_t origin,
			   struct client_bootstrap_result *res)
{
	struct dm_tree *t = NULL;
	int err;

	memset(res, 0, sizeof(*res));
	if (bytes.n == 0 || bytes.n > CLIENT_BOOTSTRAP_MAX) {
		err = bytes.n ? -EMSGSIZE : -EBADMSG;
		client_reason(res->reason, sizeof(res->reason), "%s",
			      bytes.n ? "larger than a bootstrap message may be" : "empty");
	} else {
		err = client_tree_open(s, NULL, &t);
		if (!err)
			err = apply(s, t, bytes, origin, res);
	}
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
