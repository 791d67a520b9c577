/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What something long has come to, in a file that anyone may read:
 * /run/dmsc/progress/NAME, lines "key value" (dmsc-helper(8)). Its reader sees
 * one state or the next, never half of one.
 */
#ifndef DMSC_HELPER_PROGRESS_H
#define DMSC_HELPER_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#ifndef PROGRESS_DIR
#define PROGRESS_DIR "/run/dmsc/progress"
#endif
#define PROGRESS_EVERY_MS 500	/* one file is written no more often */

struct progress {
	const char *dir;
	char name[40];		/* "uicc0", "pending": one writer each */
	int64_t next_ms;	/* not before */
	bool whole;		/* the last state was an end */
};

/* Removes what a writer of that name left behind. @dir NULL = PROGRESS_DIR; borrowed. */
void progress_init(struct progress *p, const char *dir, const char *name);
/*
 * @now_ms: a monotonic clock. What comes too soon is left out, but for an end
 * (@done == @total) that follows what was none. @server, @what: printable text. Best effort.
 */
void progress_write(struct progress *p, int64_t now_ms, const char *server, const char *what,
		    uint64_t done, uint64_t total);
/* It is over, well or not: the file goes. */
void progress_end(struct progress *p);

#endif
