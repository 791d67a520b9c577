/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who may talk to the server: the users file, and the nonces that must survive
 * from one session to the next. It checks no credential.
 */
#ifndef DMSERVER_USERS_H
#define DMSERVER_USERS_H

#include "pool.h"
#include "record.h"
#include "util/buf.h"

enum auth_scheme { AUTH_NONE, AUTH_BASIC, AUTH_MD5, AUTH_MAC };

struct user {
	struct user *next;
	struct slice name, password;
	enum auth_scheme scheme;
	bool has_nonce;
	struct buf nonce;		/* for the client's next credentials; raw */
	/* The server's own credentials towards this user's client (SRVCRED). */
	enum auth_scheme server_scheme;	/* AUTH_NONE: none are sent */
	struct slice server_name, server_password;
	struct slice http_name, http_password;	/* of HTTP itself; followed by a NUL */
	bool has_server_nonce;
	struct buf server_nonce;	/* as the client last set it; raw */
};

struct users {
	struct pool mem;
	struct user *head;
	struct record *record;		/* where "nonces" lives; borrowed */
};

/* "syncml:auth-md5" and the like; NULL for AUTH_NONE. */
const char *auth_scheme_name(enum auth_scheme s);

/*
 * Reads the users file @path (NULL: nobody) and the nonces kept in @record.
 * 0, or -errno after a message on stderr. Give it back with users_fini().
 */
int users_load(struct users *u, const char *path, struct record *record);
void users_fini(struct users *u);

struct user *users_find(const struct users *u, struct slice name);
/* By the name of HTTP's own credentials, which is the user's unless there is another. */
struct user *users_find_http(const struct users *u, struct slice name);

/* Sets @b to 16 random bytes. */
void nonce_fresh(struct buf *b);
/* Keeps every user's nonces on disk. A failure is logged. */
void users_save(const struct users *u);

#endif
