// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One insertion, from its beginning to its end: feeds the card child with file
 * ranges, puts its questions to a person through the kernel, starts the session
 * child behind the gate, and ends everything when the card goes. One loop; it
 * waits for nothing else. What is done for each event is in insertion_*.c. With
 * pending.c it is the loop of what no card stands for: no slot, another child.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dmsc-helper/insertion_int.h"
#include "kernel/route.h"
#include "util/log.h"
#include "util/str.h"

/* How long poll() may wait. */
static int patience(const struct insertion *in)
{
	int64_t now = insertion_now_ms(), pin = pin_wait_ms(&in->pin), ui = insertion_ui_wait_ms(in);
	int64_t ask = insertion_ask_wait_ms(in);
	int64_t left = in->stop ? in->deadline - now : INT_MAX;
	int64_t hook = in->hook.pid && !in->hook.late ? in->hook.deadline - now : INT_MAX;
	int64_t conn = in->conn.pid && !in->conn.late ? in->conn.deadline - now : INT_MAX;

	if (conn < left)
		left = conn;
	if (hook < left)
		left = hook;
	if (pin >= 0 && pin < left)
		left = pin;
	if (ui >= 0 && ui < left)
		left = ui;
	if (ask >= 0 && ask < left)
		left = ask;
	return left < 0 ? 0 : left == INT_MAX ? -1 : (int)left;
}

static void loop(struct insertion *in)
{
	while (in->cardc.pid || in->sess.pid || in->hook.pid || in->conn.pid) {
		/* Came while a request was on its way; nothing below makes one before poll(). */
		if (in->nl && unl_pending(in->nl))
			insertion_netlink(in);

		struct pollfd p[10] = {
			{ .fd = in->sigfd, .events = POLLIN },
			{ .fd = in->nl ? unl_fd(in->nl) : -1, .events = POLLIN },
			{ .fd = in->cardc.fd, .events = POLLIN },
			{ .fd = in->sess.fd, .events = POLLIN },
		};
		int r;

		hook_poll(&in->hook, p + 4);
		p[6] = (struct pollfd){ .fd = in->route, .events = POLLIN };
		hook_poll(&in->conn, p + 7);
		p[9] = (struct pollfd){ .fd = in->wakefd, .events = POLLIN };
		r = poll(p, 10, patience(in));
		if (r < 0 && errno != EINTR) {
			log_err("%s: poll: %s", in->card, strerror(errno));
			break;
		}
		/* Not only when it is quiet: a broken socket or a talkative child is never quiet. */
		if (in->stop && insertion_now_ms() >= in->deadline)
			insertion_stop_overdue(in);
		hook_tick(&in->hook, insertion_now_ms());
		hook_tick(&in->conn, insertion_now_ms());
		pin_tick(&in->pin);
		insertion_ui_tick(in);
		insertion_ask_tick(in);
		if (r <= 0)
			continue;
		/* ORDER: removal before anything the child wants */
		if (p[1].revents)
			insertion_netlink(in);
		if (p[3].revents && in->sess.fd >= 0)
			insertion_session_message(in);
		hook_ready(&in->hook, p + 4);
		hook_ready(&in->conn, p + 7);
		if (p[0].revents)
			insertion_signal(in);
		if (p[2].revents && in->cardc.fd >= 0)
			insertion_child_message(in);
		if (p[6].revents)
			insertion_route(in);
		if (p[9].revents)
			insertion_wake(in);
	}
}

static int signals_take(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int insertion_netlink_open(struct insertion *in)
{
	int r = unl_open(&in->nl);

	if (!r)
		r = unl_subscribe(in->nl, "events");
	return r;
}

static int insertion_prepare(struct insertion *in)
{
	struct ef_slot s;
	int r = ef_slot_read(in->h->sysfs, in->slot.name, &s);

	if (r == -ENODEV) {
		log_info("%s: there is no reader %s (any more); nothing to do", in->card,
			 in->slot.name);
		return 1;
	}
	if (r) {
		log_err("%s: the reader's state cannot be read: %s; nothing is applied", in->card,
			strerror(-r));
		return r;
	}
	in->slot = s;
	if (s.seq < in->seq) {
		log_info("%s: there was no insertion %llu yet, the last one is %llu; nothing to do",
			 in->card, (unsigned long long)in->seq, (unsigned long long)s.seq);
		return 1;
	}
	if (s.seq != in->seq || s.state != EF_SLOT_READY) {
		log_info("%s: insertion %llu is over already", in->card,
			 (unsigned long long)in->seq);
		return 1;
	}
	if (!conf_slot_trusted(&in->h->conf, in->slot.transport, in->slot.location)) {
		log_notice("%s: slot %s:%s is not in trusted-slots; nothing of its card is applied",
			   in->card, in->slot.transport, in->slot.location);
		/* What an earlier card left here may still have to go. */
		in->exit = reconcile_run(in->h);
		return 1;
	}
	r = insertion_netlink_open(in);
	if (r)
		log_err("%s: no netlink family: %s; nothing is applied", in->card,
			r == -ENOENT ? "module uicc is not loaded" : strerror(-r));
	return r;
}

/*
 * The last part of an insertion, after a failure, too: the card child may not have
 * come to what earlier cards left. It may wait for another card's session: no
 * question of ours is open meanwhile, and who stops us does not wait.
 */
static void leave(struct insertion *in)
{
	sigset_t ends;
	int r;

	unl_close(in->nl);
	in->nl = NULL;
	if (!insertion_has_card(in))
		return;
	if (!in->removed && !in->rejected && !in->distrusted && (!in->exit || in->undecided))
		return;
	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	sigprocmask(SIG_UNBLOCK, &ends, NULL);
	r = reconcile_run(in->h);
	if (!in->exit)
		in->exit = r;
}

void insertion_work(struct insertion *in)
{
	int r, status;

	insertion_pin_prepare(in);
	progress_init(&in->progress, NULL, in->slot.name[0] ? in->slot.name : "pending");
	in->route = route_open();
	if (in->route < 0)
		log_warn("%s: new routes are not noticed: %s", in->card, strerror(-in->route));
	in->sigfd = signals_take();
	r = in->sigfd < 0 ? in->sigfd : insertion_check(in);
	if (r) {
		log_err("%s: %s could not be started: %s; nothing is applied%s", in->card,
			in->stage == CHECKING ? "card-check" :
			insertion_has_card(in) ? "the card child" : "the pending child", strerror(-r),
			in->undecided ? " or deleted" : "");
		in->exit = HELPER_FAILED;
	}
	if (in->cardc.pid || in->hook.pid) {
		if (insertion_has_card(in))
			insertion_look(in);	/* it may have gone before we listened */
		loop(in);
	}
	/* Only when poll itself failed is one left. */
	if (in->sess.pid && !kill(in->sess.pid, SIGKILL))
		waitpid(in->sess.pid, &status, 0);
	if (in->cardc.pid && !kill(in->cardc.pid, SIGKILL))
		waitpid(in->cardc.pid, &status, 0);
	hook_stop(&in->hook);
	hook_stop(&in->conn);
	insertion_connect_forget(in);	/* a mark that is held would keep the end from it */
	leave(in);
}

void insertion_init(struct insertion *in, struct helper *h, const char *card)
{
	*in = (struct insertion){ .h = h, .sigfd = -1, .route = -1, .wakefd = -1, .mark = -1,
				  .cardc = CHILD_NONE, .sess = CHILD_NONE };
	hook_init(&in->hook);
	hook_init(&in->conn);
	lwm2m_input_init(&in->lwm2m);
	snprintf(in->card, sizeof(in->card), "%s", card);
}

/* Fresh, or -EINVAL. */
static int init_card(struct insertion *in, struct helper *h, const char *card, uint64_t seq)
{
	insertion_init(in, h, card);
	in->seq = seq;
	if (!ef_slot_name(card, in->slot.name, sizeof(in->slot.name)) &&
	    !str_parse_uint(in->slot.name + 4, &in->index))
		return 0;
	log_err("'%s' is no card device", card);
	return -EINVAL;
}

void insertion_fini(struct insertion *in)
{
	child_forget(&in->sess);
	child_forget(&in->cardc);
	lwm2m_input_fini(&in->lwm2m);
	unl_close(in->nl);
	if (in->sigfd >= 0)
		close(in->sigfd);
	if (in->route >= 0)
		close(in->route);
	if (in->wakefd >= 0)
		close(in->wakefd);
}

/*
 * Was a SIGHUP sent that nobody read any more? --reload found our lock, and started
 * no other helper: this one begins anew with what is configured now.
 */
static bool told_late(struct helper *h, const char *card)
{
	static struct conf new;		/* too large for the stack */
	char err[CONF_ERROR_MAX];
	sigset_t hup;

	sigemptyset(&hup);
	sigaddset(&hup, SIGHUP);
	if (sigtimedwait(&hup, NULL, &(struct timespec){ 0 }) != SIGHUP)
		return false;
	if (conf_load(h->conf_path, &new, err)) {
		log_err("%s; the configuration of before stays in force", err);
		return false;
	}
	h->conf = new;
	log_notice("%s: configuration read again", card);
	return true;
}

/*
 * A reader that went and came back counts from 1 again: the helper for its card has our
 * number, so it found our lock, or our unit, and was not started. This one begins anew.
 */
static bool came_back(const struct insertion *in)
{
	struct ef_slot now;

	if (!in->removed || ef_slot_read(in->h->sysfs, in->slot.name, &now) ||
	    now.seq != in->seq || now.insertion == in->slot.insertion ||
	    now.state != EF_SLOT_READY)
		return false;
	log_notice("%s: the reader is there again, with a card", in->card);
	return true;
}

int insertion_run(struct helper *h, const char *card, uint64_t seq)
{
	struct insertion *in = calloc(1, sizeof(*in));
	bool ended, again;
	int r;

	if (!in)
		return HELPER_FAILED;
	do {
		if (init_card(in, h, card, seq)) {
			free(in);
			return HELPER_USAGE;
		}
		r = insertion_prepare(in);
		if (r < 0)
			in->exit = HELPER_FAILED;
		if (!r)
			insertion_work(in);
		r = in->exit;
		ended = in->ended;
		again = came_back(in);
		insertion_fini(in);
	} while (!ended && (told_late(h, card) || again));
	free(in);
	return r;
}
