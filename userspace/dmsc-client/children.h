/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The modes of dmsc-client that only dmsc-helper starts, with the socket of
 * ipc/ipc.h as fd 3: "card-child" parses card data and has no network,
 * "session-child" runs one session after the gate, "reconcile-child" deletes
 * what came from cards that are gone, "decode-child" prints what a card holds,
 * "pending-child" has done what no card stands for, and has no network,
 * "download-child" gets a firmware package. argv[0] is the mode's word.
 */
#ifndef DMSC_CLIENT_CHILDREN_H
#define DMSC_CLIENT_CHILDREN_H

#include <stdbool.h>
#include <sys/types.h>

/* Exit statuses of the programs (dmsc-helper(8)). */
enum child_exit {
	CHILD_OK = 0,
	CHILD_FAILED = 1,	/* said why on one line */
	CHILD_USAGE = 2,	/* arguments or configuration */
	CHILD_SANDBOX = 3,	/* could not be confined: nothing was parsed */
	CHILD_IPC = 4,		/* the helper went away or broke the protocol */
};

int child_card_main(int argc, char **argv);
int child_session_main(int argc, char **argv);
int child_pending_main(int argc, char **argv);
int child_decode_main(int argc, char **argv);	/* also an enum decode_exit */
int child_reconcile_main(int argc, char **argv);
int child_download_main(int argc, char **argv);

/* Settings of a terminal, such as its echo, may be changed in the sandbox; called before it. */
void seccomp_keep_terminal(void);
/*
 * The last step into the sandbox: no new privileges and a system call filter.
 * @network: sockets of the Internet families stay possible. @hooks: programs
 * that it may still kill, and their process groups. 0 or -errno.
 */
int seccomp_enter(bool network, const pid_t *hooks, size_t nhooks);

#endif
