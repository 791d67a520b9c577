// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libFuzzer target of a card's bootstrap message: the input is the file as the
 * card has it, padding included. What fails leaves the tree as it was; what
 * came from the card goes with it.
 */
#include <errno.h>
#include <stdlib.h>

#include "dm/bootstrap.h"
#include "dm/origin.h"
#include "mo/dmacc_old.h"
#include "world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ORIGIN 7

static int apply(struct dm_tree *t, struct slice msg, bool dry, struct dm_bootstrap_result *res)
{
	static const struct codec_limits limits = { .allow_padding = true };
	struct dm_bootstrap_config cfg = { .tree = t, .tnds = &world_tnds, .origin = ORIGIN,
					   .dry_run = dry, .now = WORLD_NOW + 1 };
	struct dm_bootstrap *b = dm_bootstrap_new(&cfg);
	uint64_t before = world_print(t);
	int rc;

	if (!b)
		abort();
	rc = codec_decode(codec_guess(SLICE_NONE, msg), msg, &limits, dm_bootstrap_sink(), b, NULL);
	/* Also accounts of DM 1.1, as the client has it. */
	if (!rc)
		rc = dmacc_old_take(t, true, WORLD_NOW + 1, NULL);
	rc = dm_bootstrap_finish(b, rc, res);
	if ((rc || dry || !res->changed) && world_print(t) != before)
		abort();
	if (rc && !res->text[0])
		abort();
	if (res->nservers > DM_BOOTSTRAP_MAX_SERVERS)
		abort();
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice msg = slice_of(data, size);
	struct dm_bootstrap_result res = { 0 }, dry = { 0 };
	struct dm_tree *t = world_tree();
	int rc = apply(t, msg, true, &dry);

	/* The rehearsal and the play agree. */
	if (apply(t, msg, false, &res) != rc || (!rc && res.changed != dry.changed))
		abort();
	dm_bootstrap_result_fini(&res);
	dm_bootstrap_result_fini(&dry);
	world_check(t);
	dm_tree_committed(t);
	if (dm_origin_remove(t, ORIGIN, WORLD_NOW + 2, NULL) || dm_origin_exists(t, ORIGIN))
		abort();
	world_check(t);
	dm_tree_free(t);
	return 0;
}
