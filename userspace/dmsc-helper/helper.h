/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dmsc-helper: the small privileged parent of one card insertion. It moves EF
 * bytes, questions and answers between the kernel and unprivileged children.
 * It parses nothing a card or server wrote.
 */
#ifndef DMSC_HELPER_HELPER_H
#define DMSC_HELPER_HELPER_H

#include <sys/types.h>

#include "ipc/ipc.h"
#include "kernel/ef.h"
#include "kernel/nl.h"
#include "util/conf.h"

#define HELPER_RUN_DIR "/run/dmsc"

enum helper_exit {
	HELPER_OK = 0,		/* done, or rightly nothing to do */
	HELPER_FAILED = 1,	/* said why on one line */
	HELPER_USAGE = 2,	/* arguments or configuration */
	HELPER_SANDBOX = 3,	/* a child could not be confined; nothing was parsed */
};

struct helper {
	struct conf conf;
	const char *conf_path;
	const char *client;	/* path of dmsc-client */
	const char *sysfs;	/* EF_SYSFS */
	const char *run_dir;	/* HELPER_RUN_DIR */
	bool detached;		/* nobody starts it again when it failed */
	bool hide_store;	/* a child sees an empty directory in its place */
};

/* --- spawn.c: a confined child --- */

struct child {
	pid_t pid;		/* 0 = none */
	int fd;			/* our end of its socket; -1 = none */
};

#define CHILD_NONE { 0, -1 }

/*
 * Starts `dmsc-client MODE` as user dmsc: no capabilities, no new privileges,
 * nothing writable but the store, no /sys, clean environment and descriptors,
 * and, unless @network, an empty network namespace. 0 or -errno; what goes
 * wrong behind the fork is logged and shows as exit status HELPER_SANDBOX.
 */
int child_spawn(const struct helper *h, const char *mode, bool network, struct child *out) must_check;
/* Closes our end and forgets the child. */
void child_forget(struct child *c);

/* --- insertion.c: one card from insertion to removal --- */
int insertion_run(struct helper *h, const char *card, uint64_t seq);

/* --- pending.c: what no card stands for, until nothing of it is open --- */
int pending_run(struct helper *h);

/* --- main.c --- */
/* The helper of one insertion in a process of its own, which nobody waits for. 0 or -errno. */
int helper_detached(struct helper *h, const char *card, uint64_t seq, const char *log) must_check;

/* --- reload.c: a configuration that was changed --- */
int reload_run(struct helper *h, const char *log);
/* Tells the one of this insertion, and starts none. */
int reload_one(const char *slot, uint64_t seq);

/* --- decode.c: a card's bootstrap data shown by a child, on standard output --- */
int decode_run(const struct helper *h, const char *slot, bool json, bool secrets);

/* --- reconcile.c: delete what came from cards that are gone --- */
int reconcile_run(const struct helper *h);

#endif
