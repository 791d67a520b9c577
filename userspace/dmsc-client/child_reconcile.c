// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * reconcile-child: deletes what came from cards that are gone (decision 7).
 * Only a reader that is there and says "empty" or "another card" counts; what
 * is not told, or not readable, deletes nothing.
 */
#include <errno.h>
#include <stdio.h>

#include "dmsc-client/bootstrap.h"
#include "dmsc-client/child_common.h"
#include "util/log.h"
#include "util/str.h"

#define SLOTS_MAX 64
#define ORIGINS_MAX 256
#define FACT_MS 30000	/* a fact may need a slow card's ICCID */

struct facts {
	size_t n;
	struct ipc_slot slot[SLOTS_MAX];
	char boot_id[STORE_BOOT_ID_MAX];
};

struct doomed {
	const struct facts *facts;
	struct store *store;
	size_t n;
	struct store_origin origin[ORIGINS_MAX];
};

static int facts_receive(struct facts *f)
{
	struct ipc_msg m;
	int r;

	for (;;) {
		r = ipc_recv(IPC_CHILD_FD, &m, FACT_MS);
		if (r)
			return r;
		if (m.type == IPC_END)
			return 0;
		if (m.type != IPC_SLOT || f->n == SLOTS_MAX)
			return -EPROTO;
		f->slot[f->n++] = m.slot;
	}
}

static void boot_id_read(char *out, size_t size)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	out[0] = 0;
	if (!buf_read_file(&b, "/proc/sys/kernel/random/boot_id"))
		(void)!str_copy(out, size, str_trim(buf_slice(&b)));
}

static const struct ipc_slot *fact_find(const struct facts *f, const char *slot)
{
	char name[STORE_SLOT_MAX];
	size_t i;

	for (i = 0; i < f->n; i++) {
		snprintf(name, sizeof(name), "%s:%s", f->slot[i].transport, f->slot[i].location);
		if (!strcmp(name, slot))
			return &f->slot[i];
	}
	return NULL;
}

/* Was this origin applied by an insertion later than the fact is? */
static bool is_newer(const struct doomed *d, const struct store_origin *o,
		     const struct ipc_slot *fact)
{
	struct store_card c;

	if (store_card_get(d->store, slice_of(o->iccid, o->iccid_len), o->digest, "", &c))
		return false;
	return !strcmp(c.boot_id, d->facts->boot_id) && !strcmp(c.slot, o->slot) &&
	       c.seq > fact->seq;
}

/* What a blank card says is nobody's name. */
static bool is_name(const struct ipc_slot *fact)
{
	size_t i;

	for (i = 0; i < fact->iccid_len; i++)
		if (fact->iccid[i] != 0xff && fact->iccid[i] != 0x00)
			return true;
	return false;
}

static int origin_judge(void *ctx, const struct store_origin *o)
{
	struct doomed *d = ctx;
	const struct ipc_slot *fact = fact_find(d->facts, o->slot);

	if (!fact || fact->state == IPC_SLOT_UNKNOWN)
		return 0;
	if (fact->state == IPC_SLOT_CARD &&
	    (!o->iccid_len || !is_name(fact) ||
	     slice_eq(slice_of(o->iccid, o->iccid_len), slice_of(fact->iccid, fact->iccid_len))))
		return 0;
	if (d->n < ORIGINS_MAX)
		d->origin[d->n++] = *o;
	return 0;
}

static int delete_all(struct doomed *d)
{
	unsigned int accounts;
	int r, result = 0;
	size_t i;

	for (i = 0; i < d->n; i++) {
		const struct store_origin *o = &d->origin[i];

		if (is_newer(d, o, fact_find(d->facts, o->slot)))
			continue;
		r = client_bootstrap_remove(d->store, o->id, &accounts);
		if (r) {
			log_err("what came from the card of %s could not be removed: %s; it stays",
				o->slot, store_strerror(r));
			result = r;
			continue;
		}
		log_notice("the card of %s is gone: %u account%s and everything else that came from it removed",
			   o->slot, accounts, accounts == 1 ? "" : "s");
	}
	return result;
}

/* Is there anything to look at? Spares making a store just to find it empty. */
static bool store_exists(const struct client_args *a)
{
	char path[CONF_VALUE_MAX + 32];

	return snprintf(path, sizeof(path), "%s/%s", a->store, STORE_FILE) < (int)sizeof(path) &&
	       !access(path, F_OK);
}

int child_reconcile_main(int argc, char **argv)
{
	_cleanup_store_ struct store *s = NULL;
	static struct doomed d;
	static struct facts f;
	struct client_args a;
	int rc;

	rc = child_start(argc, argv, false, &a, NULL, NULL);
	if (rc)
		return rc;
	rc = facts_receive(&f);
	if (rc) {
		log_err("reconcile-child: %s; nothing is deleted", strerror(-rc));
		return CHILD_IPC;
	}
	if (!store_exists(&a))
		return CHILD_OK;
	boot_id_read(f.boot_id, sizeof(f.boot_id));
	if (client_store_open(&a, STORE_WRITE, &s))
		return CHILD_FAILED;
	d.facts = &f;
	d.store = s;
	rc = store_origin_each(s, origin_judge, &d);
	if (rc) {
		log_err("reconcile: %s; nothing is deleted", store_strerror(rc));
		return CHILD_FAILED;
	}
	return delete_all(&d) ? CHILD_FAILED : CHILD_OK;
}
