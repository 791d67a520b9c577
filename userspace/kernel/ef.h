/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The class "uicc" in sysfs: slot and card attributes, and EF content by path.
 * It checks paths by grammar and allow-list and moves bytes; it never looks
 * into them.
 */
#ifndef DMSC_KERNEL_EF_H
#define DMSC_KERNEL_EF_H

#include <stdint.h>
#include "util/cleanup.h"

#define EF_SYSFS "/sys/class/uicc"
#define EF_PATH_MAX 80		/* with the NUL */
#define EF_ICCID "3f00.2fe2"

/*
 * Grammar (Documentation/ABI/testing/sysfs-class-uicc): components joined by
 * ".", lower-case hex; the first is 3f00 or an AID of 5-16 bytes, the others
 * FIDs; 2 to 6 components.
 */
bool ef_path_valid(const char *path);
/*
 * May an unprivileged child read it? EF(DIR), EF(ICCID) and EFs of the PKCS#15
 * subtree (the PKCS#15 AID, or DF 7F50 or 5015 under the MF). Valid paths only.
 */
bool ef_path_allowed(const char *path);

enum ef_slot_state { EF_SLOT_EMPTY, EF_SLOT_READY, EF_SLOT_MUTE };

struct ef_slot {
	char name[32];		/* "uicc0" */
	char transport[32];
	char location[128];
	enum ef_slot_state state;
	uint64_t seq;		/* insertions since this reader came: one that comes back begins anew */
	uint64_t insertion;	/* the same, but above those of every earlier reader of this boot */
};

/* @root: EF_SYSFS, or another directory in tests. @slot must not point into *@out. 0; -ENODEV: no such slot; -EPROTO: an odd value. */
int ef_slot_read(const char *root, const char *slot, struct ef_slot *out) must_check;
/* Names of the present slots, at most @max, sorted; the count or -errno (-ENOENT: no class, module absent). */
int ef_slot_list(const char *root, char (*names)[32], size_t max) must_check;
/* An attribute as one line without its end. 0 or -errno. */
int ef_attr_read(const char *root, const char *device, const char *attr, char *out, size_t size) must_check;
/* Writes a class or device attribute (@device NULL: of the class). 0 or -errno. */
int ef_attr_write(const char *root, const char *device, const char *attr, const char *value) must_check;
/* "uicc0.card" or "uicc0" to "uicc0". 0 or -EINVAL. */
int ef_slot_name(const char *device, char *out, size_t size) must_check;

/*
 * Reads up to @n bytes of an EF from @off, exporting the EF when it has no
 * group yet. Returns the count (less than @n: end of file) or -errno:
 * -EINVAL path breaks the grammar, -ENODEV card gone or another card (@seq
 * differs), else the kernel's -ENOENT -EACCES -ETIMEDOUT -EPROTO.
 */
int ef_read(const char *root, const char *card, uint64_t seq, const char *path, size_t off,
	    uint8_t *buf, size_t n) must_check;

/* What the card wants before a file is read, as the kernel understood it. */
enum ef_condition { EF_UNKNOWN, EF_ALWAYS, EF_NEVER, EF_PINS };

#define EF_PINS_MAX 8

struct ef_access {
	enum ef_condition kind;
	bool all;			/* every one of the PINs, else any */
	size_t n;			/* EF_PINS: 1 or more */
	uint8_t ref[EF_PINS_MAX];	/* key references */
};

/* "always", "never", "pin 01", "pin 01 or 0a", "pin 01 and 81", "unknown". 0 or -EPROTO. */
int ef_access_parse(const char *text, struct ef_access *out) must_check;
/* Attribute read_access of an EF that has a group, as after ef_read(). 0 or -errno, as ef_read(). */
int ef_read_access(const char *root, const char *card, uint64_t seq, const char *path,
		   struct ef_access *out) must_check;

#endif
