/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PKCS#15 v1.1 on a UICC: from EF(ODF) over EF(DODF) to the data objects a
 * device-management client looks for. It reads through a callback and asks
 * for as few bytes as the TLV lengths allow; it interprets no file behind the
 * objects it finds.
 */
#ifndef DMSC_CARD_PKCS15_H
#define DMSC_CARD_PKCS15_H

#include "card/dirfile.h"
#include "util/buf.h"
#include "util/cleanup.h"

#define PKCS15_OID_MAX 32	/* content octets of an OID compared here */
#define PKCS15_OBJECTS_MAX 64	/* objects of interest kept; the rest are counted */

struct pkcs15_oid {
	uint8_t len;
	uint8_t v[PKCS15_OID_MAX];	/* content octets, without 06 LL */
};

/* A data object whose OID is one of those asked for. */
struct pkcs15_object {
	unsigned int oid;		/* index into the caller's list */
	/* The file; of an object that the directory holds itself: where in the directory. */
	char path[CARD_PATH_MAX];	/* absolute, sysfs grammar */
	size_t off;			/* Path.index */
	size_t len;			/* Path.length; 0 = to the end of the file */
	bool is_private;		/* CommonObjectFlags.private: needs a PIN */
	bool opaque;			/* opaqueDO, else oidDO */
};

struct pkcs15_dir {
	struct pkcs15_object obj[PKCS15_OBJECTS_MAX];	/* in card order, ODF's DODF order first */
	size_t n;
	unsigned int foreign;		/* objects skipped: other OIDs, external objects */
	unsigned int dropped;		/* wanted objects beyond PKCS15_OBJECTS_MAX or with an unusable value */
	uint32_t dropped_oids;		/* bit n: one of them has OID number n */
	/*
	 * 0, or why part of the directory could not be walked: -EBADMSG (an entry
	 * is malformed), or the reader's error for one of several DODFs. What was
	 * found is valid, but absence then proves nothing.
	 */
	int incomplete;
};

/*
 * However the card's directory is made, walking it takes no more reads than these:
 * EF(DIR), EF(ODF) in the three places, EF(DODF)s.
 */
#define PKCS15_DODF_MAX 8	/* followed */
#define PKCS15_READS_MAX ((4 + PKCS15_DODF_MAX) * DIRFILE_READS_MAX)

/*
 * Finds the PKCS#15 application (by AID, then by the path that EF(DIR) gives for
 * it, then DF 7F50) and lists the objects with one of @oids, at most 32.
 * 0: *@out is filled (perhaps with no object); -ENOENT: the card has no
 * PKCS#15 directory; other -errno: EF(ODF) could not be read, or -EBADMSG: it
 * holds no usable entry, or EF(DIR) names one that is not there. *@out is zeroed
 * on failure.
 */
int pkcs15_find(const struct card_reader *rd, const struct pkcs15_oid *oids, size_t noids,
		struct pkcs15_dir *out) must_check;

/*
 * As pkcs15_find(), and @seen is told of each object as soon as its entry is
 * read: it may read the object's file before the rest of the directory. Not 0
 * from it ends the walk: -ECANCELED, and *@out is zeroed.
 */
typedef int pkcs15_seen_fn(void *ctx, const struct pkcs15_object *obj);
int pkcs15_walk(const struct card_reader *rd, const struct pkcs15_oid *oids, size_t noids,
		pkcs15_seen_fn *seen, void *ctx, struct pkcs15_dir *out) must_check;

/* One entry of EF(ODF) or an EF(DODF) as it stands there, for who shows a card to a person. */
struct pkcs15_entry {
	const char *file;		/* path of the directory file */
	size_t off;			/* of the entry in it */
	uint32_t tag;
	/*
	 * 0: followed, or wanted; -ENOENT: of another kind, or with another OID;
	 * -EBADMSG: malformed; -EINVAL: wanted, but its place cannot be used;
	 * -ENOSPC: wanted, and one too many.
	 */
	int err;
	struct slice label;		/* of the object, else its applicationName; SLICE_NONE */
	struct slice oid;		/* content octets; SLICE_NONE */
	bool twice;			/* the OID is wrapped in another */
	bool opaque, is_private;
	char path[CARD_PATH_MAX];	/* where it points; "" = nowhere usable */
	size_t pos, len;		/* Path.index and length; len 0 = to the end */
};

/*
 * As pkcs15_find(), and @entry is told of every entry in the order of reading;
 * what it is handed ends with the call. At most PKCS15_ENTRIES_MAX are told.
 */
#define PKCS15_ENTRIES_MAX 1024
typedef void pkcs15_entry_fn(void *ctx, const struct pkcs15_entry *e);
int pkcs15_explain(const struct card_reader *rd, const struct pkcs15_oid *oids, size_t noids,
		   pkcs15_entry_fn *entry, void *ctx, struct pkcs15_dir *out) must_check;

/* First object with OID number @oid, or NULL. */
const struct pkcs15_object *pkcs15_object_get(const struct pkcs15_dir *dir, unsigned int oid);

/*
 * When there is no object with OID number @oid: 0, the card has none; else why that
 * cannot be told.
 */
int pkcs15_absence(const struct pkcs15_dir *dir, unsigned int oid);

/*
 * Reads an object's bytes into @out (appended; buf's max is the size cap).
 * @first: how much to ask for at first; then everything up to obj->len or the
 * end of the file. 0, -errno of the reader, -EMSGSIZE past the cap,
 * -ENODATA: the file is shorter than Path.length says (what is there is in @out).
 */
int pkcs15_object_read(const struct card_reader *rd, const struct pkcs15_object *obj,
		       size_t first, struct buf *out) must_check;

/* "0604672B0701" (a whole TLV, spaces allowed) into its content octets. 0 or -EINVAL. */
int pkcs15_oid_parse(struct slice hex, struct pkcs15_oid *out) must_check;

extern const struct pkcs15_oid PKCS15_OID_DM_BOOTSTRAP;	/* 2.23.43.7.1 */
extern const struct pkcs15_oid PKCS15_OID_PROVSC_BOOTSTRAP, PKCS15_OID_PROVSC_CONFIG1,
	PKCS15_OID_PROVSC_CONFIG2;			/* 2.23.43.5.1 .. .3 */
extern const struct pkcs15_oid PKCS15_OID_LWM2M_BOOTSTRAP;	/* 2.23.43.9.1 */
extern const struct pkcs15_oid PKCS15_OID_INDICATOR;	/* 2.25.15107605307005597650712612834974338080 */

#endif
