/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What cp*.c share; nobody else includes this. */
#ifndef DMSC_MO_CP_INT_H
#define DMSC_MO_CP_INT_H

#include "mo/cp.h"

enum cp_kind { CP_NAP, CP_PROXY, CP_ACCOUNT, CP_KINDS };

/* One characteristic of a document. */
struct cp_at {
	const struct dm_prov *doc;
	size_t i;
};

/* One object to be made. */
struct cp_object {
	enum cp_kind kind;
	size_t doc;			/* index of the document */
	struct cp_at at;		/* NAPDEF, PXLOGICAL or APPLICATION */
	struct cp_at physical;		/* PXPHYSICAL */
	struct slice id;		/* NAPID, PROXY-ID, PROVIDER-ID */
	unsigned int number;		/* among those of its kind, from 1 */
	bool internet;			/* NAPDEF: leads to the internet */
	bool init;			/* w7: INIT */
};

struct cp_kept;

struct cp_map {
	const struct dm_prov *const *docs;
	size_t ndocs;
	struct cp_object objects[CP_OBJECTS_MAX];
	size_t nobjects;
	unsigned int count[CP_KINDS];
	struct dm_tnds tnds;
	struct dm_tnds_node *nodes;
	size_t cap;
	struct cp_kept *texts;		/* those made here, newest first */
	size_t ignored;
	int err;			/* the first one; nothing is done after it */
	char *why;
	size_t why_size;
};

/* Notes the first failure; returns it. */
int cp_fail(struct cp_map *m, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* --- reading ------------------------------------------------------------- */

/*
 * The next item of this kind and name directly in @at, behind *i; begin with
 * *i = at.i.
 */
bool cp_next(struct cp_at at, enum dm_prov_kind kind, const char *name, size_t *i);
/* The first such characteristic directly in @at. */
bool cp_part(struct cp_at at, const char *type, struct cp_at *out);
/* Value of the first parm of that name: SLICE_NONE = no such parm; empty without a value. */
struct slice cp_value(struct cp_at at, const char *parm);

/* --- writing ------------------------------------------------------------- */

/* A copy of @s that lives as long as the map; SLICE_NONE after a failure. */
struct slice cp_keep(struct cp_map *m, struct slice s);
/* Interior nodes: named, numbered, and the root of an object. */
void cp_dir(struct cp_map *m, unsigned int depth, const char *name);
void cp_numbered(struct cp_map *m, unsigned int depth, unsigned int number);
/* The node of list @name for its @number'th member; the list itself before the first. */
void cp_member(struct cp_map *m, unsigned int depth, const char *name, unsigned int *number);
void cp_root(struct cp_map *m, const struct cp_object *o, const char *type);
/* A leaf of @format; not made when @value is empty. @parm is named when the value is refused. */
void cp_leaf(struct cp_map *m, unsigned int depth, const char *name, const char *format,
	     struct slice value, const char *parm);
/* The same for what cp_refs() hands out. */
void cp_ref(struct cp_map *m, unsigned int depth, const char *name, struct slice ref);
/* The first @parm of @at as text, as a number. */
void cp_text(struct cp_map *m, unsigned int depth, const char *name, struct cp_at at,
	     const char *parm);
void cp_number(struct cp_map *m, unsigned int depth, const char *name, struct cp_at at,
	       const char *parm);

/* What cp_number() writes: decimal, and an int of the tree. */
bool cp_is_number(struct slice v);
/* A port: decimal, 1 to 65535. Anything else is refused. */
struct slice cp_port(struct cp_map *m, struct slice value);

/*
 * References of TO-PROXY and TO-NAPID directly in @at, in the order of the
 * document, each as the URI in ./Inbox of what it names: calls @fn.
 */
typedef void cp_ref_fn(struct cp_map *m, void *ctx, struct slice ref);
void cp_refs(struct cp_map *m, struct cp_at at, cp_ref_fn *fn, void *ctx);

/* --- the objects --------------------------------------------------------- */

/* cp_w7.c: notes one w7 APPLICATION; makes its account. */
void cp_w7_note(struct cp_map *m, struct cp_object *o);
void cp_w7_make(struct cp_map *m, const struct cp_object *o);
/* cp_conn.c */
void cp_nap_make(struct cp_map *m, const struct cp_object *o);
void cp_proxy_make(struct cp_map *m, const struct cp_object *o);

#endif
