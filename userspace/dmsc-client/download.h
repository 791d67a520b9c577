/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One attempt to get a firmware package into a file: what is there of it already is
 * gone on with, what came stays for the next attempt. It knows no store and no State.
 */
#ifndef DMSC_CLIENT_DOWNLOAD_H
#define DMSC_CLIENT_DOWNLOAD_H

#include "dmsc-client/firmware_job.h"
#include "net/http.h"

#define DOWNLOAD_REDIRECTS_MAX 5
#define DOWNLOAD_RESERVE_MIN (8ull << 20)	/* bytes that stay free, and at least 1/20 of all */

struct download {
	int dir;			/* where PATH.part, PATH.tag and PATH.pkg are */
	const char *path;
	const char *url;
	uint64_t max;			/* bytes of a package */
	const struct http_opts *http;
	/* Now and then; total 0 = not known. May be NULL. */
	void (*progress)(void *ctx, uint64_t done, uint64_t total);
	void *ctx;
};

#define DOWNLOAD_REASON_MAX 160

struct download_end {
	uint32_t code;			/* FUMO's: 200 = PATH.pkg is there, durable */
	bool retry;			/* a later attempt may succeed */
	uint64_t size;			/* bytes that are there */
	char reason[DOWNLOAD_REASON_MAX];
};

void download_run(const struct download *d, struct download_end *end);

#endif
