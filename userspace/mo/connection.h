/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an account says of its connection: its references to access points and proxies
 * (./NAP, ./Proxy, ./ConnMO, or the name of a profile) followed, and what they lead to as
 * typed values (Documentation/connectivity.rst). It changes nothing in the tree.
 */
#ifndef DMSC_MO_CONNECTION_H
#define DMSC_MO_CONNECTION_H

#include "dm/tree.h"
#include "util/connection.h"

#define MO_CONREF_MAX 32		/* references of one account that are looked at */
#define MO_HOST_MAX 256

struct mo_proxy {
	char host[MO_HOST_MAX];		/* name or address, without brackets */
	uint16_t port;
	char user[CONNECTION_TEXT_MAX], password[CONNECTION_TEXT_MAX];	/* "" = none */
};

/* One reference, followed to its end. */
struct mo_link {
	unsigned int conref;		/* which it is: 1 is PrefConRef, or the first of ToConRef */
	bool has_connection;		/* an access point, or a profile */
	bool has_proxy;
	struct connection connection;
	struct mo_proxy proxy;
};

/*
 * The @turn'th of the account's references that can be used, in their order, and after the
 * last one the first again. 0; -ENOENT: there is no account, or none of its references can be
 * used, or it has none: then the device's own connection is meant. @say (may be NULL) gets a
 * line for each reference that cannot be used, fit for a log and without secrets.
 */
int mo_link_read(struct dm_tree *t, struct slice server_id, unsigned int turn, struct mo_link *out,
		 void (*say)(void *ctx, const char *line), void *ctx) must_check;
/*
 * What a session that goes over reference @conref uses of it: its proxy. With 0, the device's
 * own connection, that of the first reference which is a proxy without an access point. 0, or
 * -ENOENT: no proxy.
 */
int mo_link_proxy(struct dm_tree *t, struct slice server_id, unsigned int conref,
		  struct mo_proxy *out) must_check;
void mo_link_wipe(struct mo_link *l);

#endif
