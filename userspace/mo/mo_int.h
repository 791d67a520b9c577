/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of mo/ share; nobody outside mo/ includes this. */
#ifndef DMSC_MO_MO_INT_H
#define DMSC_MO_MO_INT_H

#include "dm/ddf.h"
#include "mo/mo.h"

/* --- the built-in ones ---------------------------------------------------- */

enum mo_builtin { MO_DEVINFO, MO_DEVDETAIL, MO_DMACC, MO_INBOX, MO_NAP, MO_PROXY, MO_BUILTIN };

#define MO_DEVINFO_ID "urn:oma:mo:oma-dm-devinfo:1.0"
#define MO_DEVDETAIL_ID "urn:oma:mo:oma-dm-devdetail:1.0"
#define MO_INBOX_ID "urn:oma:mo:oma-dm-inbox:1.0"
#define MO_NAP_ID "urn:oma:mo:oma-connmo-nap:1.0"
#define MO_PROXY_ID "urn:oma:mo:oma-connmo-proxy:1.0"

extern const struct dmsc_ddf mo_builtin_ddf[MO_BUILTIN + 1];
/* Their ctx is the struct mo_facts of the session. */
extern const struct dmsc_mo mo_devinfo, mo_devdetail, mo_dmacc, mo_inbox, mo_nap, mo_proxy;

struct mo_leaf {
	const char *uri;
	const char *value;
};

/* Leaves of text by way of @h. 0 or -errno. */
int mo_host_text(const struct dmsc_host *h, const struct mo_leaf *leaves, size_t n) must_check;

/* --- the tree, for who needs more than a host offers ---------------------- */

/*
 * The child @want->name of @parent, made or brought up to date: value and
 * format, nothing else. An unchanged node is not touched. 0 or -errno.
 */
int mo_put(struct dm_tree *t, struct dm_node *parent, const struct dm_node_init *want, int64_t now,
	   struct dm_node **out) must_check;

/* --- a set ---------------------------------------------------------------- */

#define MO_ROOTS_MAX 8			/* of one object */

struct mo_entry {
	const struct dmsc_mo *mo;
	void *ctx;
	void (*end)(void *arg);		/* may be NULL */
	void *end_arg;
	const struct dmsc_ddf *roots[MO_ROOTS_MAX];	/* entries of the set's description */
	size_t nroots;
};

struct mo_set {
	struct mo_facts facts;
	struct mo_entry v[MO_BUILTIN + MO_MAX];
	size_t n;
	struct dmsc_ddf root;		/* "." */
	struct dmsc_ddf *levels[(MO_MAX + 1) * MO_ROOTS_MAX];	/* tables made for it */
	size_t nlevels;
	mo_alert_fn *alert;		/* NULL: nobody is told */
	void *alert_ctx;
	struct buf uri;			/* scratch of a call */
	/* What a message changed, from collecting to delivering: see mo_call.c. */
	struct buf changed;
};

/* Why a file or a description was refused, for a person. */
const char *mo_strerror(int rc);

/* The object that stands at or above @n; NULL = none. */
struct mo_entry *mo_set_owner(struct mo_set *s, const struct dm_node *n);

#endif
