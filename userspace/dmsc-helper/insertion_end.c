// SPDX-License-Identifier: GPL-2.0-or-later
/* How an insertion ends: what is open is answered, what runs is told to stop. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "dmsc-helper/insertion_int.h"
#include "util/log.h"

#define SESSION_STOP_MS 5000	/* decision 7: time to say 1223 */

int64_t insertion_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void insertion_withdraw(struct insertion *in)
{
	int r;

	insertion_ui_withdraw(in);
	if (!in->question)
		return;
	r = unl_withdraw(in->nl, in->question);
	if (r && r != -ENOENT)
		log_warn("%s: the question could not be withdrawn: %s", in->card, strerror(-r));
	in->question = 0;
}

void insertion_child_release(struct insertion *in)
{
	if (in->cardc.fd >= 0)
		close(in->cardc.fd);
	in->cardc.fd = -1;
}

void insertion_child_fail(struct insertion *in, const char *why)
{
	log_err("%s: %s; the card child is stopped, what it stored stays", in->card, why);
	insertion_child_release(in);
	if (in->cardc.pid)
		kill(in->cardc.pid, SIGKILL);
	in->exit = HELPER_FAILED;
}

void insertion_reply(struct insertion *in, enum ipc_result result, int err, uint32_t retry,
		     const char *reason)
{
	struct ipc_msg m;

	in->stage = READING;
	pin_forget(&in->pin);
	insertion_connect_forget(in);
	if (in->cardc.fd < 0)
		return;
	ipc_prepare(&m, IPC_OUTCOME);
	m.outcome.result = result;
	m.outcome.err = err;
	m.outcome.retry = retry;
	snprintf(m.outcome.reason, sizeof(m.outcome.reason), "%s", reason);
	if (ipc_send(in->cardc.fd, &m, SEND_MS))
		insertion_child_release(in);	/* it has gone: its exit status will say why */
}

void insertion_stop(struct insertion *in, const char *why)
{
	if (in->stop)
		return;
	in->stop = why;
	log_info("%s: %s", in->card, why);
	in->undecided |= in->stage == CHECKING;
	if (in->sess.pid)	/* before its question is withdrawn: it is not to go on */
		kill(in->sess.pid, SIGTERM);
	insertion_withdraw(in);
	hook_kill(&in->hook);
	hook_kill(&in->conn);
	in->deadline = insertion_now_ms() + (in->sess.pid ? SESSION_STOP_MS : CARD_STOP_MS);
	if (in->sess.pid)
		return;
	/*
	 * The card child learns it from its socket, not by a signal: it may be
	 * storing that the session which just ended is done, and a session that
	 * is not known as done is repeated.
	 */
	if (in->stage != READING)	/* it waits for us: let it record how this ended */
		insertion_reply(in, IPC_WITHDRAWN, 0, true, why);
	insertion_child_release(in);
}

void insertion_stop_overdue(struct insertion *in)
{
	if (in->sess.pid) {
		log_warn("%s: the session did not end within %d ms and is killed", in->card,
			 SESSION_STOP_MS);
		kill(in->sess.pid, SIGKILL);
	} else if (in->cardc.pid) {
		kill(in->cardc.pid, SIGKILL);
	}
	in->deadline = insertion_now_ms() + CARD_STOP_MS;
}

void insertion_look(struct insertion *in)
{
	struct ef_slot now;
	int r = ef_slot_read(in->h->sysfs, in->slot.name, &now);

	if (r || now.insertion != in->slot.insertion || now.state != EF_SLOT_READY) {
		in->removed = true;
		insertion_stop(in, r ? "the reader is gone" : "the card was removed");
	}
}
