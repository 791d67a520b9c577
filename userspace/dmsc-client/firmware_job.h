/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The work between sessions: what is to be done next for a firmware update, and what
 * follows from how it went. It downloads nothing and starts nothing; every step it
 * takes is durable before its caller does what it says, so that a power cut at any
 * point leads to the same end.
 */
#ifndef DMSC_CLIENT_FIRMWARE_JOB_H
#define DMSC_CLIENT_FIRMWARE_JOB_H

#include "mo/fumo.h"
#include "store/firmware.h"

#define FIRMWARE_DIR "firmware"		/* in the store: ID.part, ID.tag, ID.pkg */
#define FIRMWARE_BOOTS_MAX 5		/* boots after which a result is still asked for */
#define FIRMWARE_PROGRESS (64 << 10)	/* bytes an attempt must bring to renew the patience */

enum firmware_code {			/* FUMO 1.0, result codes */
	FIRMWARE_OK = 200,
	FIRMWARE_CLIENT_ERROR = 400,
	FIRMWARE_CORRUPT = 402,
	FIRMWARE_MISMATCH = 403,
	FIRMWARE_SIGNATURE = 404,
	FIRMWARE_AUTH = 406,
	FIRMWARE_TIMEOUT = 407,
	FIRMWARE_UPDATE_FAILED = 410,
	FIRMWARE_BAD_URL = 411,
	FIRMWARE_NO_ROOM = 501,
	FIRMWARE_NETWORK = 503,
};

struct firmware_env {
	struct store *store;		/* open for writing, no transaction open */
	struct mo_set *objects;		/* with the object */
	const char *dir;		/* of the store */
	const char *boot_id;
	int64_t now;
};

enum firmware_todo {
	FIRMWARE_NOTHING,	/* until a server asks, or this machine boots */
	FIRMWARE_DOWNLOAD,	/* @row.url to @row.path; then firmware_downloaded() */
	FIRMWARE_UPDATE,	/* give @row.path to the updater; then firmware_updated() */
	FIRMWARE_RESULT,	/* ask the updater what became of it; then firmware_updated() */
};

struct firmware_job {
	enum firmware_todo todo;
	struct store_firmware row;
	char name[MO_FUMO_NAME_MAX], version[MO_FUMO_NAME_MAX];	/* of the package */
};

/* How it went. */
struct firmware_report {
	uint32_t code;		/* FUMO's; 0: of an update: known after a reboot */
	bool retry;		/* a later try may get it; @code says what it is if there is none */
	uint64_t size;		/* of what is there */
	const char *reason;	/* for a person; "" = none */
};

/* 0 with @out filled, or -errno. */
int firmware_next(const struct firmware_env *e, struct firmware_job *out) must_check;
/* Did this attempt come so much further that patience begins anew? */
bool firmware_progress(const struct firmware_job *j, const struct firmware_report *r);
/* @wait_s: until the next try of one that may be tried again; 0: there is none. */
int firmware_downloaded(const struct firmware_env *e, struct firmware_job *j,
			const struct firmware_report *r, uint32_t wait_s, int64_t spent_s) must_check;
int firmware_updated(const struct firmware_env *e, struct firmware_job *j,
		     const struct firmware_report *r) must_check;

/* --- firmware_file.c: the files of packages --- */

/* The directory below @store, made when it is missing. A descriptor or -errno. */
int firmware_dir(const char *store) must_check;
/* Everything but what is named @path goes; NULL: everything. 0 or -errno. */
int firmware_sweep(int dir, const char *path) must_check;
/* Size of @path's package. 0, -ENOENT or -errno. */
int firmware_package_size(int dir, const char *path, uint64_t *out) must_check;
/* A package from memory, durable. 0 or -errno. */
int firmware_package_write(int dir, const char *path, struct slice data) must_check;

#endif
