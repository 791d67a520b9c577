/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The firmware update object (FUMO 1.0), ./FUMO/dmsc. It says what a server may
 * set and run there; the work itself, and where it stands, is its owner's.
 */
#ifndef DMSC_MO_FUMO_H
#define DMSC_MO_FUMO_H

#include "mo/mo.h"

#define MO_FUMO_URI "./FUMO/dmsc"
#define MO_FUMO_NAME_MAX 128		/* PkgName, PkgVersion; both with the NUL */
#define MO_FUMO_URL_MAX 2048

enum mo_fumo_state {			/* FUMO 1.0, State */
	MO_FUMO_IDLE = 10,
	MO_FUMO_DOWNLOAD_FAILED = 20,
	MO_FUMO_DOWNLOADING = 30,
	MO_FUMO_DOWNLOADED = 40,
	MO_FUMO_READY = 50,
	MO_FUMO_UPDATING = 60,
	MO_FUMO_FAILED_DATA = 70,	/* the package is still there */
	MO_FUMO_FAILED = 80,
	MO_FUMO_DONE_DATA = 90,
	MO_FUMO_DONE = 100,
};

enum mo_fumo_op { MO_FUMO_DOWNLOAD, MO_FUMO_UPDATE, MO_FUMO_DOWNLOAD_UPDATE, MO_FUMO_OPS };

/* What an Exec asks for; borrowed. */
struct mo_fumo_order {
	enum mo_fumo_op op;
	char url[MO_FUMO_URL_MAX];	/* "" for an update */
	const char *correlator;		/* "" = none */
};

/* Kept by who runs sessions, between them and during one. */
struct mo_fumo {
	enum mo_fumo_state state;	/* of the work; PkgData in the tree adds to it */
	bool busy;			/* work is under way: nothing is changed, nothing begun */
	bool allow_http;		/* for the server of this session */
	struct dm_tree *tree;		/* of this session; NULL = none: an Exec is refused */
	/* Makes the order durable: 202, or why not. */
	enum dm_status (*begin)(void *ctx, const struct mo_fumo_order *o);
	void *ctx;
	const struct mo_facts *facts;
	char text[8];
	struct dmsc_mo mo;
};

/* Adds the object to @s, idle, and without begin(). 0 or -errno. */
int mo_fumo_add(struct mo_set *s) must_check;
/* That of @s; NULL = it has none. */
struct mo_fumo *mo_fumo_of(const struct mo_set *s);
/* What a Get of State says now. */
enum mo_fumo_state mo_fumo_state(const struct mo_fumo *f);
/* A package that a server sent as PkgData, in @t. false: there is none. */
bool mo_fumo_data(const struct dm_tree *t, struct slice *out);
/* Takes it out of the tree. 0 or -errno. */
int mo_fumo_drop_data(struct dm_tree *t, int64_t now) must_check;
/* PkgName and PkgVersion as they stand; "" = none. */
void mo_fumo_package(const struct dm_tree *t, char name[MO_FUMO_NAME_MAX],
		     char version[MO_FUMO_NAME_MAX]);
/* A URL of http or https with a host and no user, in printable ASCII. */
bool mo_fumo_url_good(struct slice url);

#endif
