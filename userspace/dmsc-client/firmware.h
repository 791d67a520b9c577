/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The firmware update object (mo/fumo.h) and what the store knows of its work
 * (store/firmware.h) brought together: in a session an Exec becomes a row, between
 * sessions the row is worked on (firmware_job.h).
 */
#ifndef DMSC_CLIENT_FIRMWARE_H
#define DMSC_CLIENT_FIRMWARE_H

#include "mo/fumo.h"
#include "store/firmware.h"

/* State as the standard numbers it. */
enum mo_fumo_state firmware_state(enum store_firmware_phase p);
/* The object of @objects, if it has one, says what @s knows. 0 or -errno. */
int firmware_load(struct mo_set *objects, struct store *s) must_check;
/* 16 random hexadecimal digits. 0 or -EIO. */
int firmware_new_path(char out[STORE_FIRMWARE_PATH_MAX]) must_check;

/* A session with @server: what its Execs begin. */
struct firmware_session {
	struct store *store;
	const char *server;
	bool begun;		/* there is something to do now */
};

/*
 * From here to firmware_session_end() Execs are taken. One is durable, in a transaction of its
 * own, before exec() returns: its 202 promises what no later failure of the message
 * takes back.
 */
void firmware_session_begin(struct firmware_session *f, struct mo_set *objects, struct dm_tree *t,
			    bool allow_http);
void firmware_session_end(struct mo_set *objects);

#endif
