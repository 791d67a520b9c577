// SPDX-License-Identifier: GPL-2.0-or-later
/* The card child of an insertion, or the pending child: its start, its requests one at a time, and its end. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "dmsc-helper/insertion_int.h"
#include "util/log.h"

#define OVER_MAX 16		/* refused because of these bounds, before it is stopped */

static void serve_read(struct insertion *in, const struct ipc_read *q)
{
	struct ipc_msg m;
	int r;

	if (++in->reads > READS_MAX) {
		insertion_child_fail(in, "the card child does not come to an end of reading");
		return;
	}
	ipc_prepare(&m, IPC_DATA);
	if (!ef_path_allowed(q->path)) {
		if (!in->denied++)	/* a card's directory may name many such files */
			log_warn("%s: the card child asked for a file it may not read", in->card);
		r = -EPERM;
	} else {
		r = ef_read(in->h->sysfs, in->card, in->seq, q->path, q->off, m.data.data,
			    q->len);
	}
	if (r < 0)
		m.data.err = r;
	else
		m.data.len = (uint32_t)r;
	r = ipc_send(in->cardc.fd, &m, SEND_MS);
	explicit_bzero(&m, sizeof(m));
	if (r)
		insertion_child_fail(in, "the card child does not take its answer");
}

/* Without a card there is nothing to read or to take over; with one, no firmware. */
static bool may_send(const struct insertion *in, unsigned int type)
{
	if (type == IPC_DOWNLOAD || type == IPC_UPDATE)
		return !insertion_has_card(in);
	return insertion_has_card(in) || type == IPC_SESSION || type == IPC_CONNECT;
}

void insertion_child_message(struct insertion *in)
{
	struct ipc_msg m;
	int r = ipc_recv(in->cardc.fd, &m, 0);

	if (r == -ETIMEDOUT)
		return;
	if (r == -EPIPE) {	/* it ends; SIGCHLD follows */
		insertion_child_release(in);
		return;
	}
	if (!r && (in->stage != READING || !may_send(in, m.type)))
		r = -EPROTO;	/* one request at a time */
	if (r) {
		insertion_child_fail(in, "the card child broke the protocol");
		return;
	}
	in->more = false;	/* what it was told before is before the answer in its socket */
	if (in->questions > QUESTIONS_MAX + OVER_MAX || in->sessions > SESSIONS_MAX + OVER_MAX) {
		insertion_child_fail(in, "the card child does not come to an end of asking");
		return;
	}
	switch (m.type) {
	case IPC_READ:
		serve_read(in, &m.read);
		break;
	case IPC_PIN:
		insertion_ask_pin(in, &m.pin);
		break;
	case IPC_ASK:
		insertion_ask_data(in, &m.ask);
		break;
	case IPC_CONNECT:
		if (!insertion_connect_note(in, &m.connect))
			insertion_child_fail(in, "the card child sent what it may not send");
		explicit_bzero(&m, sizeof(m));
		break;
	case IPC_SESSION:
		insertion_ask_session(in, &m.session);
		break;
	case IPC_DOWNLOAD:
		insertion_download(in, &m.download);
		break;
	case IPC_UPDATE:
		insertion_update(in, &m.update);
		break;
	case IPC_LWM2M:
	case IPC_LWM2M_END:
		if (!insertion_lwm2m(in, &m))
			insertion_child_fail(in, "the card child sent what it may not send");
		explicit_bzero(&m, sizeof(m));
		break;
	default:
		insertion_child_fail(in, "the card child sent what it may not send");
	}
}

void insertion_child_exit(struct insertion *in, int status)
{
	in->cardc.pid = 0;
	insertion_last_words(in);
	insertion_child_release(in);
	if (!in->stop && status && insertion_has_card(in))
		insertion_look(in);	/* the child often sees first that the card went */
	if (!in->stop && WIFSIGNALED(status)) {
		log_err("%s: the card child ended with signal %d; what it stored stays", in->card,
			WTERMSIG(status));
		in->exit = HELPER_FAILED;
	} else if (!in->stop && WEXITSTATUS(status)) {
		in->exit = WEXITSTATUS(status) == HELPER_SANDBOX ? HELPER_SANDBOX : HELPER_FAILED;
	}
	if (in->question || in->sess.pid || in->conn.pid)
		insertion_stop(in, "the card child ended");
}

int insertion_child_start(struct insertion *in)
{
	struct ipc_msg m;
	int r;

	r = child_spawn(in->h, insertion_has_card(in) ? "card-child" : "pending-child", false,
			&in->cardc);
	if (r)
		return r;
	ipc_prepare(&m, IPC_START);
	m.start.seq = in->slot.insertion;
	snprintf(m.start.slot, sizeof(m.start.slot), "%s", in->slot.name);
	snprintf(m.start.transport, sizeof(m.start.transport), "%s", in->slot.transport);
	snprintf(m.start.location, sizeof(m.start.location), "%s", in->slot.location);
	if (!ef_attr_read("/proc/sys/kernel/random", NULL, "boot_id", m.start.boot_id,
			  sizeof(m.start.boot_id)))
		m.start.boot_id[36] = 0;
	return ipc_send(in->cardc.fd, &m, SEND_MS);
}
