/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How far something long has come: the files that dmsc-helper(8) keeps below
 * /run/dmsc/progress, as lines for a person.
 */
#ifndef DMSC_AGENT_PROGRESS_H
#define DMSC_AGENT_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#ifndef PROGRESS_VIEW_DIR
#define PROGRESS_VIEW_DIR "/run/dmsc/progress"
#endif
#define PROGRESS_RARELY_MS 10000	/* where each line stays */

struct progress_view {
	const char *dir;
	bool screen;		/* a line can be written over */
	bool line;		/* there is one, and it has no end yet */
	int fd;			/* inotify; -1 = none */
	int watch;		/* of the directory; -1 = it is not there (yet) */
	int64_t next_ms;
};

/* @dir NULL = PROGRESS_VIEW_DIR, borrowed. Without inotify nothing is ever shown. */
void progress_view_init(struct progress_view *v, const char *dir, bool screen);
void progress_view_fini(struct progress_view *v);
/* Readable when something changed; -1 = never. */
int progress_fd(const struct progress_view *v);
/* Takes what changed, and prints it if @show. */
void progress_take(struct progress_view *v, bool show, int64_t now_ms);
/* What is printed next begins on a new line. */
void progress_break(struct progress_view *v);

#endif
