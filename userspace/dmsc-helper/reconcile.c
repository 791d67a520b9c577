// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tells an unprivileged child what each present reader reports, so that it can
 * delete what came from cards that are gone. What is deleted is its decision;
 * a reader that is not there, or a card that cannot be read, is never told as
 * empty.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "dmsc-helper/connection.h"
#include "util/log.h"

#define SLOTS_MAX 64
#define SEND_MS 5000
#define CHILD_MS 4000000	/* it may have to wait for another card's session, at most an hour */

static void slot_facts(const struct helper *h, const char *name, struct ipc_slot *out)
{
	char card[40];
	struct ef_slot s;
	int r;

	out->state = IPC_SLOT_UNKNOWN;
	r = ef_slot_read(h->sysfs, name, &s);
	if (r) {
		log_warn("%s: %s; what came from it stays", name, strerror(-r));
		return;
	}
	snprintf(out->transport, sizeof(out->transport), "%s", s.transport);
	snprintf(out->location, sizeof(out->location), "%s", s.location);
	out->seq = s.insertion;
	if (s.state == EF_SLOT_EMPTY)
		out->state = IPC_SLOT_EMPTY;
	if (s.state != EF_SLOT_READY)
		return;
	snprintf(card, sizeof(card), "%s.card", s.name);
	r = ef_read(h->sysfs, card, s.seq, EF_ICCID, 0, out->iccid, 10);
	if (r != 10) {
		log_warn("%s: the card's ICCID cannot be read (%s); what came from the slot stays",
			 name, r < 0 ? strerror(-r) : "too short");
		memset(out->iccid, 0, sizeof(out->iccid));
		return;
	}
	out->iccid_len = 10;
	out->state = IPC_SLOT_CARD;
}

/* Waits for the child's end; kills it when it takes too long. Its exit status, or -errno. */
static int child_wait(struct child *c)
{
	int fd = (int)syscall(SYS_pidfd_open, c->pid, 0);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int status = 0, r;

	do
		r = fd < 0 ? 1 : poll(&p, 1, CHILD_MS);	/* unwatched it is waited for below */
	while (r < 0 && errno == EINTR);
	if (fd >= 0)
		close(fd);
	if (r <= 0)
		kill(c->pid, SIGKILL);
	while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
		;
	child_forget(c);
	if (r <= 0)
		return -ETIMEDOUT;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -EINTR;
}

int reconcile_run(const struct helper *h)
{
	char names[SLOTS_MAX][32];
	struct child c = CHILD_NONE;
	struct ipc_msg m;
	int i, n, r;

	n = ef_slot_list(h->sysfs, names, SLOTS_MAX);
	if (n <= 0) {
		log_info("reconcile: no reader is present (%s); nothing is deleted",
			 n == 0 ? "no slot" : n == -ENOENT ? "module uicc is not loaded" :
			 strerror(-n));
		return HELPER_OK;
	}
	r = child_spawn(h, "reconcile-child", false, &c);
	if (r)
		return HELPER_FAILED;
	for (i = 0; i < n && !r; i++) {
		ipc_prepare(&m, IPC_SLOT);
		slot_facts(h, names[i], &m.slot);
		if (m.slot.transport[0])
			r = ipc_send(c.fd, &m, SEND_MS);
	}
	ipc_prepare(&m, IPC_END);
	if (!r)
		r = ipc_send(c.fd, &m, SEND_MS);
	explicit_bzero(&m, sizeof(m));
	if (r) {
		log_err("reconcile: the child went away (%s); nothing more is deleted", strerror(-r));
		kill(c.pid, SIGTERM);
	}
	r = child_wait(&c);
	if (r < 0)
		log_err("reconcile: the child %s; what it did not finish stays as it was",
			r == -ETIMEDOUT ? "took too long" : "was killed");
	connections_down(h);
	return r == 0 ? HELPER_OK : r == HELPER_SANDBOX ? HELPER_SANDBOX : HELPER_FAILED;
}
