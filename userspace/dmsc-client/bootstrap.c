// SPDX-License-Identifier: GPL-2.0-or-later
/* Bootstrap documents into the store: see bootstrap.h. What a message means is dm/bootstrap's. */
#include "dmsc-client/bootstrap.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "dm/bootstrap.h"
#include "dm/origin.h"
#include "dmsc-client/client.h"
#include "mo/dmacc_old.h"
#include "mo/mo.h"
#include "util/log.h"

/* What one application of documents needs on its way. */
struct run {
	const struct client_bootstrap_doc *docs;
	size_t ndocs;
	uint32_t origin;
	bool by_mark;			/* go by what the objects are marked with alone */
	bool known;			/* what @origin brought is in the tree */
	struct client_cp *cp;
	struct client_bootstrap_result *res;
};

static bool is_cp(const struct client_bootstrap_doc *d)
{
	return d->profile == CLIENT_PROFILE_CP ||
	       client_bootstrap_profile(d->bytes) == CLIENT_PROFILE_CP;
}

/* Which of several it was. */
static void put_document(struct run *r, size_t i)
{
	char text[STORE_REASON_MAX];

	if (r->ndocs == 1 || !r->res->reason[0])
		return;
	memcpy(text, r->res->reason, sizeof(text));
	client_reason(r->res->reason, sizeof(r->res->reason), "document %zu: %s", i + 1, text);
}

static int decode_one(struct run *r, const struct client_bootstrap_doc *d, struct dm_bootstrap *b)
{
	struct codec_limits limits = { .message = CLIENT_BOOTSTRAP_MAX, .allow_padding = true };
	struct codec_error e = { .text = "" };
	enum codec_format f;
	int err;

	if (is_cp(d))
		return client_cp_add(r->cp, d->bytes, r->res->reason, sizeof(r->res->reason));
	f = r->origin ? CODEC_WBXML : codec_guess(SLICE_NONE, d->bytes);
	err = codec_decode(f, d->bytes, &limits, dm_bootstrap_sink(), b, &e);
	if (e.text[0] && (err == -EBADMSG || err == -E2BIG))
		client_reason(r->res->reason, sizeof(r->res->reason), "%s at byte %zu: %s",
			      f == CODEC_XML ? "bad XML" : "bad WBXML", e.offset, e.text);
	return err;
}

static int decode_all(struct run *r, struct dm_bootstrap *b)
{
	int err = 0;

	for (size_t i = 0; i < r->ndocs && !err; i++) {
		err = decode_one(r, &r->docs[i], b);
		if (err)
			put_document(r, i);
	}
	if (!err)
		err = client_cp_finish(r->cp, b, r->res->reason, sizeof(r->res->reason));
	return err;
}

static int decode_into(struct run *r, struct dm_tree *t, struct dm_bootstrap_result *out)
{
	struct dm_bootstrap_config cfg = {
		.tree = t,
		.tnds = &client_tnds_ops,
		.origin = r->origin,
		.known = r->known,
		.now = time(NULL),
		.no_account = true,
	};
	struct dm_bootstrap *b;
	int err;

	/* A message without an account is no bootstrap; provisioning documents may be. */
	for (size_t i = 0; i < r->ndocs; i++)
		cfg.no_account &= is_cp(&r->docs[i]);
	b = dm_bootstrap_new(&cfg);
	if (!b)
		return -ENOMEM;
	err = decode_all(r, b);
	/* Accounts of DM 1.1 are ones of 1.2 before it is looked at which there are. */
	if (!err)
		err = dmacc_old_take(t, true, cfg.now, NULL);
	err = dm_bootstrap_finish(b, err, out);
	if (err && !r->res->reason[0])
		client_reason(r->res->reason, sizeof(r->res->reason), "%s", out->text);
	return err == -EPROTO || err == -ENOENT || err == -EINVAL || err == -E2BIG ? -EBADMSG : err;
}

static int apply(struct dm_tree *t, struct run *r)
{
	struct client_bootstrap_result *res = r->res;
	struct dm_bootstrap_result out = { 0 };
	int err = decode_into(r, t, &out);

	for (size_t i = 0; !err && i < out.nservers && i < CLIENT_BOOTSTRAP_SERVERS; i++) {
		client_reason(res->server_id[res->nservers], STORE_SERVER_MAX, "%s",
			      out.servers[i]);
		res->init[res->nservers++] = client_cp_init(r->cp, out.servers[i]);
	}
	res->changed = out.changed;
	dm_bootstrap_result_fini(&out);
	return err;
}

/* Takes back what came from @origin, its row included; nothing is committed. */
static int remove_origin(struct store *s, struct dm_tree *t, uint32_t origin)
{
	int err = mo_card_remove(t, origin, time(NULL));

	if (!err)
		err = dm_origin_remove(t, origin, time(NULL), NULL);
	return err ? err : store_origin_delete(s, origin);
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

/* What @r says in place of the origins @old. 0 or -errno; nothing is committed. */
static int take_over(struct store *s, struct dm_tree *t, struct run *r, const uint32_t *old,
		     size_t nold)
{
	int err = store_in_transaction(s) ? 0 : store_begin(s);

	r->known = !r->by_mark && r->origin && dm_origin_exists(t, r->origin);
	for (size_t i = 0; !err && i < nold; i++)
		err = remove_origin(s, t, old[i]);
	return err ? err : apply(t, r);
}

/* Why it failed, when nothing else has said it. */
static int failed(struct client_bootstrap_result *res, int err)
{
	res->nservers = 0;
	if (!res->reason[0])
		client_reason(res->reason, sizeof(res->reason), "%s", store_strerror(err));
	return err;
}

int client_bootstrap_try(struct dm_tree *t, const struct client_bootstrap_doc *docs, size_t ndocs,
			 uint32_t origin, struct client_bootstrap_result *res)
{
	struct run r = { .docs = docs, .ndocs = ndocs, .origin = origin, .res = res };
	int err;

	memset(res, 0, sizeof(*res));
	r.cp = client_cp_new(ndocs);
	err = r.cp ? sizes_check(docs, ndocs, res) : -ENOMEM;
	if (!err)
		err = apply(t, &r);
	client_cp_free(r.cp);
	return err ? failed(res, err) : 0;
}

static int replace(struct store *s, struct run *r, const uint32_t *old, size_t nold, bool dry)
{
	struct client_bootstrap_result *res = r->res;
	struct dm_tree *t = NULL;
	int err;

	memset(res, 0, sizeof(*res));
	r->cp = client_cp_new(r->ndocs);
	err = r->cp ? sizes_check(r->docs, r->ndocs, res) : -ENOMEM;
	if (!err)
		err = client_tree_open(s, NULL, &t);
	if (!err)
		err = take_over(s, t, r, old, nold);
	if (!err && !dry)
		err = store_tree_commit(s, t);
	dm_tree_free(t);
	client_cp_free(r->cp);
	if (err || dry)
		store_rollback(s);
	return err ? failed(res, err) : 0;
}

int client_bootstrap_apply(struct store *s, const struct client_bootstrap_doc *docs, size_t ndocs,
			   uint32_t origin, struct client_bootstrap_result *res)
{
	struct run r = { .docs = docs, .ndocs = ndocs, .origin = origin, .res = res };

	return replace(s, &r, NULL, 0, false);
}

int client_bootstrap_replace(struct store *s, const struct client_bootstrap_doc *docs, size_t ndocs,
			     uint32_t origin, const uint32_t *old, size_t nold,
			     struct client_bootstrap_result *res)
{
	struct run r = { .docs = docs, .ndocs = ndocs, .origin = origin, .res = res };

	return replace(s, &r, old, nold, false);
}

int client_bootstrap_check(struct store *s, const struct client_bootstrap_doc *docs, size_t ndocs,
			   uint32_t origin, const uint32_t *old, size_t nold,
			   struct client_bootstrap_result *res)
{
	struct run r = { .docs = docs, .ndocs = ndocs, .origin = origin, .res = res };

	return replace(s, &r, old, nold, true);
}

bool client_bootstrap_is(struct store *s, const struct client_bootstrap_doc *docs, size_t ndocs,
			 uint32_t origin)
{
	struct client_bootstrap_result res;
	struct run r = { .docs = docs, .ndocs = ndocs, .origin = origin, .res = &res,
			 .by_mark = true };

	return !replace(s, &r, NULL, 0, true) && !res.changed;
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
		err = remove_origin(s, t, origin);
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
