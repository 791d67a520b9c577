/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A program of the administrator's, run for one card: words on its command line,
 * bytes on its stdin, what it prints goes to the log line by line. It never makes
 * its caller wait: the caller's loop polls for it.
 */
#ifndef DMSC_HELPER_HOOK_H
#define DMSC_HELPER_HOOK_H

#include <poll.h>
#include <sys/types.h>

#include "util/buf.h"
#include "util/cleanup.h"

#define HOOK_TIME_MS 30000	/* dmsc.conf(5) names them */
#define HOOK_CONNECTION_MS 120000
#define HOOK_UPDATE_MS 1800000
#define HOOK_LINE_MAX 256	/* bytes of a line that are logged */
#define HOOK_LINES_MAX 64	/* lines of one run that are */

struct hook {
	const char *word;	/* of the configuration, for the log */
	const char *card;
	pid_t pid;		/* 0 = none runs */
	int in, out;		/* our ends of its stdin, and of its stdout and stderr; -1 = closed */
	int time_ms;		/* what it may take */
	int64_t deadline;	/* CLOCK_MONOTONIC, ms */
	bool late;		/* it was killed for its time */
	struct buf input;
	size_t sent;
	char line[HOOK_LINE_MAX + 1];
	size_t len;		/* of the line so far; more is dropped */
	unsigned int lines;
	/* Set behind hook_start(): a line that it takes (true) is not logged. May be NULL. */
	bool (*take)(void *ctx, const char *line);
	void *ctx;
};

enum hook_end {
	HOOK_EXITED,		/* @status is its exit status */
	HOOK_KILLED,		/* by a signal: @status */
	HOOK_LATE,
};

void hook_init(struct hook *k);
/*
 * Starts @path, which must be root's and writable by root alone, with the words
 * @argv (NULL behind the last; argv[0] is replaced by @path). It takes over what
 * @input holds; it is killed after @time_ms. 0 or -errno, logged; -EBUSY: one runs
 * already.
 */
int hook_start(struct hook *k, const char *word, const char *card, const char *path,
	       const char **argv, struct buf *input, int time_ms) must_check;
/* The same with the open file @input as its stdin, which stays open here, too. */
int hook_start_file(struct hook *k, const char *word, const char *card, const char *path,
		    const char **argv, int input, int time_ms) must_check;
/* What to poll for; both have fd -1 when there is nothing. */
void hook_poll(const struct hook *k, struct pollfd p[2]);
/* Moves what can be moved without waiting. */
void hook_ready(struct hook *k, const struct pollfd p[2]);
/* Kills it, and what it started, when its time is over. */
void hook_tick(struct hook *k, int64_t now_ms);
/* Has it ended? Then all that it started is killed, its last words are logged, and *@status is set. */
bool hook_reap(struct hook *k, enum hook_end *end, int *status);
/* Kills it, and what it started; hook_reap() tells its end. */
void hook_kill(struct hook *k);
/* Kills it and waits for it: SIGKILL does not take long. */
void hook_stop(struct hook *k);

#endif
