/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The last update of each firmware update object: what a server asked for, how far it
 * is and what became of it. The object's State is nothing but the phase, so neither
 * can be there without the other. Every function returns as store.h says.
 */
#ifndef DMSC_STORE_FIRMWARE_H
#define DMSC_STORE_FIRMWARE_H

#include "store/store.h"

#define STORE_FIRMWARE_URI_MAX 64
#define STORE_FIRMWARE_URL_MAX 2048
#define STORE_FIRMWARE_CORRELATOR_MAX 256
#define STORE_FIRMWARE_PATH_MAX 32

enum store_firmware_op {
	STORE_FIRMWARE_OP_DOWNLOAD,
	STORE_FIRMWARE_OP_UPDATE,
	STORE_FIRMWARE_OP_DOWNLOAD_UPDATE,
	STORE_FIRMWARE_OPS
};

enum store_firmware_phase {
	STORE_FIRMWARE_DOWNLOADING,	/* to be downloaded, or gone on with, at next_attempt */
	STORE_FIRMWARE_DOWNLOADED,	/* the package is there */
	STORE_FIRMWARE_UPDATE,		/* to be installed */
	STORE_FIRMWARE_UPDATING,	/* the updater was started, in boot_id */
	STORE_FIRMWARE_REBOOT,		/* it says what came of it after another boot than boot_id */
	/* Nothing more to do until a server asks: */
	STORE_FIRMWARE_READY,		/* downloaded; an update was not asked for */
	STORE_FIRMWARE_DOWNLOAD_FAILED,
	STORE_FIRMWARE_FAILED_DATA,	/* the update did; the package is kept */
	STORE_FIRMWARE_FAILED,
	STORE_FIRMWARE_DONE,
	STORE_FIRMWARE_PHASES
};

const char *store_firmware_op_name(enum store_firmware_op op);
const char *store_firmware_phase_name(enum store_firmware_phase p);
/* Is there something to do without a server? */
bool store_firmware_open(enum store_firmware_phase p);

struct store_firmware {
	char uri[STORE_FIRMWARE_URI_MAX];		/* of the object */
	char server[STORE_SERVER_MAX];			/* who asked, and is told */
	enum store_firmware_op op;
	char url[STORE_FIRMWARE_URL_MAX];		/* "" = the package came as PkgData */
	char correlator[STORE_FIRMWARE_CORRELATOR_MAX];	/* "" = none */
	enum store_firmware_phase phase;
	char path[STORE_FIRMWARE_PATH_MAX];		/* of the package, without its ending */
	uint64_t size;					/* bytes of it; 0 = not known */
	uint32_t result;				/* FUMO's code; 0 = none yet */
	char reason[STORE_REASON_MAX];			/* of a failure, for a person */
	char boot_id[STORE_BOOT_ID_MAX];
	uint32_t attempts;				/* in this phase */
	int64_t first;					/* attempt; 0 = there was none */
	int64_t spent;					/* seconds of this device being on since then */
	int64_t next_attempt;				/* 0 = at once */
	int64_t created, updated;
};

/* -ENOENT when there is none; *out is then unmodified. */
int store_firmware_get(struct store *s, const char *uri, struct store_firmware *out) must_check;
/* Makes the row or writes it anew. */
int store_firmware_put(struct store *s, const struct store_firmware *f) must_check;
/* By URI. The callback's first non-zero return ends the walk and is returned. */
typedef int store_firmware_fn(void *ctx, const struct store_firmware *f);
int store_firmware_each(struct store *s, store_firmware_fn *fn, void *ctx);

#endif
