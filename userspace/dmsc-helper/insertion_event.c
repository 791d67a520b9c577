// SPDX-License-Identifier: GPL-2.0-or-later
/* What comes from outside while an insertion runs: the kernel's messages, signals, new routes. */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dmsc-helper/insertion_int.h"
#include "kernel/route.h"
#include "util/log.h"
#include "util/wake.h"

/* The pending child waits on: nobody can be asked until there is one again. */
static void netlink_lost(struct insertion *in)
{
	log_warn("%s: the netlink socket broke", in->card);
	unl_close(in->nl);
	in->nl = NULL;
	insertion_ui_withdraw(in);
	if (!in->question)
		return;
	in->question = 0;
	insertion_reply(in, IPC_WITHDRAWN, 0, true, "the netlink socket broke");
}

static void network_tell(struct insertion *in)
{
	struct ipc_msg m;

	if (in->cardc.fd < 0 || in->stop)
		return;
	ipc_prepare(&m, IPC_NETWORK);
	(void)!ipc_send(in->cardc.fd, &m, 0);
}

void insertion_netlink(struct insertion *in)
{
	struct unl_event ev;
	int r;

	while ((r = unl_event_next(in->nl, &ev)) != 0) {
		if (r < 0 && !insertion_has_card(in)) {
			netlink_lost(in);
			return;
		}
		if (r < 0) {
			insertion_stop(in, "the netlink socket broke");
			in->exit = HELPER_FAILED;
			return;
		}
		switch (ev.type) {
		case UNL_EV_COMPLETED:
			insertion_completed(in, &ev.answer);
			break;
		case UNL_EV_PIN:
			if (in->stage == ASKING_PIN)
				pin_checked(&in->pin, &ev.pin);
			break;
		case UNL_EV_CARD_ADD:
			/* It may be the way into the network, and with it people can be asked. */
			if (!insertion_has_card(in))
				network_tell(in);
			break;
		case UNL_EV_CARD_DEL:
			if (insertion_has_card(in) && ev.slot == in->index && ev.seq == in->seq) {
				in->removed = true;
				insertion_stop(in, "the card was removed");
			}
			break;
		case UNL_EV_SLOT_DEL:
			if (insertion_has_card(in) && ev.slot == in->index) {
				in->removed = true;
				insertion_stop(in, "the reader is gone");
			}
			break;
		case UNL_EV_OVERRUN:
			/* A completion may be among the lost: what was asked is taken back. */
			if (insertion_has_card(in))
				insertion_look(in);
			insertion_ui_withdraw(in);
			if (!in->stop && (in->question || in->stage == ASKING_PIN)) {
				insertion_withdraw(in);
				insertion_reply(in, IPC_WITHDRAWN, 0, true, "messages were lost");
			}
			break;
		default:
			break;
		}
	}
}

/* It may wait for a week: what it was handed is over when it has done what it does. */
static void child_anew(struct insertion *in)
{
	struct ipc_msg m;

	in->anew = true;
	if (in->cardc.fd < 0 || in->stop)
		return;
	ipc_prepare(&m, IPC_END);
	(void)!ipc_send(in->cardc.fd, &m, 0);
}

/*
 * SIGHUP. What is to be asked or started from now on is by the new
 * configuration; what runs ends as it began, unless its slot is not trusted any
 * more. A store cannot be changed below a card child that works on it.
 */
static void conf_reload(struct insertion *in)
{
	static struct conf new;		/* too large for the stack */
	char err[CONF_ERROR_MAX];

	if (conf_load(in->h->conf_path, &new, err)) {
		log_err("%s; the configuration of before stays in force", err);
		return;
	}
	if (strcmp(new.store, in->h->conf.store)) {
		log_warn("%s: another store holds from the next insertion on", in->card);
		memcpy(new.store, in->h->conf.store, sizeof(new.store));
	}
	in->h->conf = new;
	log_notice("%s: configuration read again", in->card);
	if (!insertion_has_card(in)) {
		child_anew(in);
		return;
	}
	if (conf_slot_trusted(&new, in->slot.transport, in->slot.location))
		return;
	in->distrusted = true;
	insertion_stop(in, "the slot is not in trusted-slots any more; what its card brought stays until the card goes");
}

void insertion_signal(struct insertion *in)
{
	struct signalfd_siginfo si;
	enum hook_end end;
	int status;

	if (read(in->sigfd, &si, sizeof(si)) != sizeof(si))
		return;
	if (si.ssi_signo == SIGHUP) {
		conf_reload(in);
		return;
	}
	if (si.ssi_signo != SIGCHLD) {
		in->ended = true;
		insertion_stop(in, "stopped; nothing is deleted");
		return;
	}
	if (in->sess.pid && waitpid(in->sess.pid, &status, WNOHANG) == in->sess.pid)
		insertion_session_exit(in, status);
	if (in->cardc.pid && waitpid(in->cardc.pid, &status, WNOHANG) == in->cardc.pid)
		insertion_child_exit(in, status);
	if (hook_reap(&in->hook, &end, &status))
		insertion_hook_end(in, end, status);
	if (hook_reap(&in->conn, &end, &status))
		insertion_connect_end(in, end, status);
}

/*
 * What failed for the network's sake may be tried again at once. A child that is
 * deep in work misses nothing.
 */
void insertion_route(struct insertion *in)
{
	if (route_default_came(in->route))
		network_tell(in);
}

/* There is more to do. When the child just ends, or does not take it, another one begins. */
void insertion_wake(struct insertion *in)
{
	char events[sizeof(struct inotify_event) + NAME_MAX + 1];
	struct ipc_msg m;

	while (read(in->wakefd, events, sizeof(events)) > 0)
		;
	if (in->stop || wake_take(in->h->run_dir) <= 0)
		return;
	in->more = true;
	in->questions = in->sessions = 0;	/* of what there was to do before */
	if (in->cardc.fd < 0)
		return;
	ipc_prepare(&m, IPC_WAKE);
	(void)!ipc_send(in->cardc.fd, &m, 0);
}
