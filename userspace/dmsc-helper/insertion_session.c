// SPDX-License-Identifier: GPL-2.0-or-later
/* The session child of an insertion: its start behind the gate, its outcome, and its end. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dmsc-helper/insertion_int.h"
#include "util/log.h"
#include "util/wake.h"

void insertion_session_start(struct insertion *in)
{
	if (!insertion_connect(in))
		insertion_session_go(in);
}

void insertion_session_go(struct insertion *in)
{
	struct ipc_msg m;
	int r;

	in->have_outcome = false;
	insertion_ui_begin(in);
	r = ++in->sessions > SESSIONS_MAX ? -EDQUOT : 0;
	if (!r)
		r = child_spawn(in->h, "session-child", true, &in->sess);
	if (!r) {
		ipc_prepare(&m, IPC_START_SESSION);
		m.start_session.seq = in->seq;
		snprintf(m.start_session.slot, sizeof(m.start_session.slot), "%s", in->slot.name);
		memcpy(m.start_session.server_id, in->want.server_id,
		       sizeof(m.start_session.server_id));
		memcpy(m.start_session.cause, in->want.cause, sizeof(m.start_session.cause));
		m.start_session.session_id = in->want.session_id;
		m.start_session.server_initiated = in->want.server_initiated;
		memcpy(m.start_session.interface, in->interface, sizeof(m.start_session.interface));
		m.start_session.conref = in->conref;
		r = ipc_send(in->sess.fd, &m, SEND_MS);
		if (r)
			kill(in->sess.pid, SIGKILL);
	}
	if (r && !in->sess.pid) {
		insertion_reply(in, IPC_FAILED, r, true, "the session could not be started");
		return;
	}
	in->stage = IN_SESSION;
	log_info("%s: session with '%s' starts", in->card, in->want.server_id);
}

void insertion_session_message(struct insertion *in)
{
	struct ipc_msg m;
	int r;

	if (in->stage == DOWNLOADING) {
		insertion_download_message(in);
		return;
	}
	r = ipc_recv(in->sess.fd, &m, 0);
	if (r == -ETIMEDOUT)
		return;
	if (!r && m.type == IPC_OUTCOME && !in->have_outcome) {
		in->have_outcome = true;
		in->outcome = m.outcome;
		return;
	}
	if (!r && m.type == IPC_PROGRESS && ++in->ui.told <= TOLD_MAX) {
		if (!m.progress.what[0])
			progress_end(&in->progress);
		else
			progress_write(&in->progress, insertion_now_ms(), in->want.server_id,
				       m.progress.what, m.progress.done, m.progress.total);
		return;
	}
	if (!r && m.type == IPC_UI && !in->have_outcome && insertion_ui_ask(in, &m.question))
		return;
	if (r != -EPIPE) {
		log_err("%s: the session child broke the protocol", in->card);
		if (in->sess.pid)
			kill(in->sess.pid, SIGKILL);
	}
	close(in->sess.fd);
	in->sess.fd = -1;
}

void insertion_session_exit(struct insertion *in, int status)
{
	char reason[IPC_REASON_MAX];

	if (in->stage == DOWNLOADING) {
		insertion_download_exit(in, status);
		return;
	}
	in->sess.pid = 0;	/* reaped: the number may be another process's by now */
	while (in->sess.fd >= 0 && !in->have_outcome) {
		/* its last word may still be in the socket */
		struct pollfd p = { .fd = in->sess.fd, .events = POLLIN };

		if (poll(&p, 1, 0) <= 0)
			break;
		insertion_session_message(in);
	}
	child_forget(&in->sess);
	insertion_ui_withdraw(in);
	progress_end(&in->progress);
	if (!insertion_has_card(in) && in->have_outcome && !in->outcome.retry)
		insertion_agreed_forget(in, in->want.server_id);
	/* Else the pending child looks itself. Who was killed may have left work, and told nobody. */
	if ((!in->have_outcome || in->outcome.more) && insertion_has_card(in))
		(void)!wake_pending();
	if (in->have_outcome) {
		insertion_reply(in, in->outcome.result, in->outcome.err, in->outcome.retry,
			      in->outcome.reason);
	} else {
		snprintf(reason, sizeof(reason), "the session child ended with %s %d",
			 WIFSIGNALED(status) ? "signal" : "status",
			 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
		log_err("%s: %s; what was committed stays", in->card, reason);
		insertion_reply(in, IPC_FAILED, 0, true, reason);
	}
	if (in->stop) {
		insertion_child_release(in);
		in->deadline = insertion_now_ms() + CARD_STOP_MS;
	}
}
