/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A management object: where it stands in the tree, what the standard allows
 * there (its DDF), and what happens when a server reads, writes or runs it.
 *
 * This header is all that an object in a shared library needs; it includes
 * nothing of dmsc. The objects of dmsc itself are made of the same struct.
 * Documentation/management-objects.rst tells how to write one.
 *
 * URIs are whole ("./DevInfo/Man"). A status is a DM response code (200, 405,
 * 500 ...); 0 means "fine". Whatever is handed to an object, or by it, is
 * borrowed until the function returns, or, what read() returns, until the next
 * call of the object.
 */
#ifndef DMSC_MO_H
#define DMSC_MO_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum dmsc_format {
	DMSC_NODE, DMSC_CHR, DMSC_BIN, DMSC_B64, DMSC_BOOL, DMSC_INT,
	DMSC_NULL, DMSC_XML, DMSC_DATE, DMSC_TIME, DMSC_FLOAT
};

enum dmsc_access {
	DMSC_ADD = 1 << 0,	/* nodes may be added below it */
	DMSC_COPY = 1 << 1,
	DMSC_DELETE = 1 << 2,	/* by itself; it always goes with its parent */
	DMSC_EXEC = 1 << 3,
	DMSC_GET = 1 << 4,
	DMSC_REPLACE = 1 << 5,
};

enum dmsc_ddf_flag {
	DMSC_PERMANENT = 1 << 0, /* Scope: no server creates, deletes or renames it */
	DMSC_OPEN = 1 << 1,	/* children that are not described may be added (Ext) */
	DMSC_LIVE = 1 << 2,	/* a Get asks read() for the value */
};

#define DMSC_FMT(f) (1u << (f))
/* Occurrence: how many nodes of this entry one parent may have; max 0 = no bound. */
#define DMSC_ONE .min = 1, .max = 1
#define DMSC_ZERO_OR_ONE .min = 0, .max = 1
#define DMSC_ZERO_OR_MORE .min = 0, .max = 0
#define DMSC_ONE_OR_MORE .min = 1, .max = 0
#define DMSC_ZERO_OR_N(n) .min = 0, .max = (n)
#define DMSC_ONE_OR_N(n) .min = 1, .max = (n)

/*
 * One node of the description. A table of children ends with an entry without
 * formats; an entry without a name stands for every name that no other has
 * (the <X> of the standards) and comes last.
 */
struct dmsc_ddf {
	const char *name;	/* NULL = any; of the root entry: ignored */
	uint16_t formats;	/* DMSC_FMT() of each that is allowed */
	uint8_t access;		/* enum dmsc_access */
	uint8_t flags;		/* enum dmsc_ddf_flag */
	uint16_t min, max;
	const char *type;	/* MIME type demanded of a leaf; NULL = any */
	const struct dmsc_ddf *children;
};

struct dmsc_value {
	enum dmsc_format format;
	const void *data;	/* decoded bytes; not NUL terminated */
	size_t len;
};

/* Something a server is to be told in this session or, when that fails, a later one. */
struct dmsc_alert {
	const char *type;	/* "Reversed-Domain-Name: org.example.x" or "Content-Type: a/b" */
	const char *source;	/* URI of a node of the object's own; NULL = none */
	const char *mark;	/* one of the seven words, as "critical"; NULL = informational */
	/*
	 * Of the Exec that was answered 202 and is over now: then the server of that Exec
	 * is told. NULL = none: whichever server is talked to next.
	 */
	const char *correlator;
	struct dmsc_value value;
};

/* What install() may do. */
struct dmsc_host {
	uint32_t abi;		/* DMSC_HOST_ABI of the dmsc that runs: what is there below */
	/*
	 * Makes the node, and interior nodes above it, or brings its value up to
	 * date; format DMSC_NODE = an interior one. 0 or -errno.
	 */
	int (*put)(const struct dmsc_host *h, const char *uri, struct dmsc_value value);
	/* The stored value of a leaf. 0, or -ENOENT. */
	int (*get)(const struct dmsc_host *h, const char *uri, struct dmsc_value *out);
	/* Takes a node and what is below it away. 0 (also: was not there) or -errno. */
	int (*drop)(const struct dmsc_host *h, const char *uri);
	void *priv;
	/*
	 * From abi 2 on. Durable when it returns, whatever becomes of install(); the same
	 * that still waits is not kept twice. 0 or -errno: -EINVAL (it cannot be sent), -EPERM
	 * (the source is not the object's), -ENOSPC (too many wait), -EOPNOTSUPP (there is no
	 * server, as in a replay).
	 */
	int (*alert)(const struct dmsc_host *h, const struct dmsc_alert *a);
};
#define DMSC_HOST_ABI 2

/* A node that a server changed. */
struct dmsc_change {
	const char *uri;
	int gone;		/* deleted or renamed, with all that was below it; no value then */
	struct dmsc_value value;
};

#define DMSC_MO_ABI 1

/* Any function may be NULL. @ctx is the member of that name. */
struct dmsc_mo {
	uint32_t abi;			/* DMSC_MO_ABI */
	const char *id;			/* "urn:oma:mo:oma-dm-devinfo:1.0" or reversed domain */
	const char *const *roots;	/* URIs where it stands; NULL behind the last */
	const struct dmsc_ddf *ddf;	/* of each root node */
	/*
	 * What servers may do there, until one changes it: the ACL of a root that is
	 * made. NULL: what holds for the whole tree, which is Add and Get.
	 */
	const char *acl;
	void *ctx;
	/* At the start of a session: brings what stands below the roots up to date. 0 or -errno. */
	int (*install)(void *ctx, const struct dmsc_host *h);
	/* The value of a DMSC_LIVE leaf, just before a Get sees it. */
	int (*read)(void *ctx, const char *uri, struct dmsc_value *out);
	/* May a server set this described leaf to @value? Nothing has happened yet. */
	int (*check)(void *ctx, const char *uri, const struct dmsc_value *value);
	/* A server's Exec; 0 and 200: done, 202: begun. */
	int (*exec)(void *ctx, const char *uri, const void *data, size_t len,
		    const char *correlator);
	/*
	 * What one message of the server changed, after it is durable and before
	 * the server hears of it. What an Atomic takes back never gets here.
	 */
	void (*committed)(void *ctx, const struct dmsc_change *changes, size_t n);
};

/*
 * A shared library exports this: the object, or NULL when there is nothing to
 * manage on this device. Called once for each session.
 */
#define DMSC_MO_ENTRY dmsc_mo_entry_1
const struct dmsc_mo *DMSC_MO_ENTRY(void);

#ifdef __cplusplus
}
#endif

#endif
