// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One insertion: feeds the card child with file ranges, puts its questions to
 * a person through the kernel, starts the session child behind the gate, and
 * ends everything when the card goes. One loop; it waits for nothing else.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>

#include "dmsc-helper/insertion.h"
#include "kernel/route.h"
#include "util/log.h"
#include "util/str.h"

#define SEND_MS 1000
#define SESSION_STOP_MS 5000	/* decision 7: time to say 1223 */
#define CARD_STOP_MS 5000	/* time for the card child to record what happened */
#define READS_MAX 4096		/* file ranges one card may cost */
#define QUESTIONS_MAX 64	/* put to a person for one insertion */
#define SESSIONS_MAX 4096	/* started for one insertion, with all retries */
#define OVER_MAX 16		/* refused because of these bounds, before it is stopped */
#define CONSENT_MAX_S 3600	/* the kernel's longest answer time */

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* --- ending -------------------------------------------------------------- */

static void question_withdraw(struct insertion *in)
{
	int r;

	if (!in->question)
		return;
	r = unl_withdraw(in->nl, in->question);
	if (r && r != -ENOENT)
		log_warn("%s: the question could not be withdrawn: %s", in->card, strerror(-r));
	in->question = 0;
}

static void card_child_release(struct insertion *in)
{
	if (in->cardc.fd >= 0)
		close(in->cardc.fd);
	in->cardc.fd = -1;
}

static void card_child_fail(struct insertion *in, const char *why)
{
	log_err("%s: %s; the card child is stopped, what it stored stays", in->card, why);
	card_child_release(in);
	if (in->cardc.pid)
		kill(in->cardc.pid, SIGKILL);
	in->exit = HELPER_FAILED;
}

/* The answer to the card child's open request. */
static void reply_outcome(struct insertion *in, enum ipc_result result, int err, bool retry,
			  const char *reason)
{
	struct ipc_msg m;

	in->stage = READING;
	pin_forget(&in->pin);
	if (in->cardc.fd < 0)
		return;
	ipc_prepare(&m, IPC_OUTCOME);
	m.outcome.result = result;
	m.outcome.err = err;
	m.outcome.retry = retry;
	snprintf(m.outcome.reason, sizeof(m.outcome.reason), "%s", reason);
	if (ipc_send(in->cardc.fd, &m, SEND_MS))
		card_child_release(in);	/* it has gone: its exit status will say why */
}

static void stop(struct insertion *in, const char *why)
{
	if (in->stop)
		return;
	in->stop = why;
	log_info("%s: %s", in->card, why);
	question_withdraw(in);
	hook_kill(&in->hook);
	in->deadline = now_ms() + (in->sess.pid ? SESSION_STOP_MS : CARD_STOP_MS);
	if (in->sess.pid) {
		kill(in->sess.pid, SIGTERM);
		return;
	}
	/*
	 * The card child learns it from its socket, not by a signal: it may be
	 * storing that the session which just ended is done, and a session that
	 * is not known as done is repeated.
	 */
	if (in->stage != READING)	/* it waits for us: let it record how this ended */
		reply_outcome(in, IPC_WITHDRAWN, 0, true, why);
	card_child_release(in);
}

static void stop_overdue(struct insertion *in)
{
	if (in->sess.pid) {
		log_warn("%s: the session did not end within %d ms and is killed", in->card,
			 SESSION_STOP_MS);
		kill(in->sess.pid, SIGKILL);
	} else if (in->cardc.pid) {
		kill(in->cardc.pid, SIGKILL);
	}
	in->deadline = now_ms() + CARD_STOP_MS;
}

/* --- requests of the card child ------------------------------------------ */

static void serve_read(struct insertion *in, const struct ipc_read *q)
{
	struct ipc_msg m;
	int r;

	if (++in->reads > READS_MAX) {
		card_child_fail(in, "the card child does not come to an end of reading");
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
		card_child_fail(in, "the card child does not take its answer");
}

/* Fills in what every question has, asks, and notes which one is open. */
static int ask(struct insertion *in, struct unl_question *q, unsigned int timeout_s, uint32_t *id)
{
	unsigned int s = timeout_s ? timeout_s : in->h->conf.consent_timeout_s;

	if (++in->questions > QUESTIONS_MAX)
		return -EDQUOT;
	q->slot = in->index;
	q->seq = in->seq;
	q->timeout_ms = (s > CONSENT_MAX_S ? CONSENT_MAX_S : s) * 1000;
	snprintf(q->origin, sizeof(q->origin), "dmsc, for the card in %s (%s:%s)",
		 in->slot.name, in->slot.transport, in->slot.location);
	return unl_ask(in->nl, q, id);
}

/* Appends a card's words, which cannot close the quotation marks they stand in. */
static void quote(char *text, size_t size, const char *before, const char *words, const char *after)
{
	size_t n = strlen(text), from = n + strlen(before) + 1, i;

	snprintf(text + n, size - n, "%s\"%s", before, words);
	for (i = from; i < size && text[i]; i++)
		if (text[i] == '"')
			text[i] = '\'';
	n = strlen(text);
	snprintf(text + n, size - n, "\"%s", after);
}

static void card_words(char *text, size_t size, const char *words)
{
	if (words[0])
		quote(text, size, " The card says: ", words, "");
}

static int pin_ask(void *ctx, struct unl_question *q, uint32_t *id)
{
	struct insertion *in = ctx;
	int r = ask(in, q, 0, &in->question);

	*id = in->question;
	return r;
}

static void pin_end(void *ctx, enum ipc_result result, const char *reason)
{
	struct insertion *in = ctx;

	in->question = 0;	/* a notice that nobody showed yet stays open until we end */
	reply_outcome(in, result, 0, false, reason);
}

static void pin_prepare(struct insertion *in)
{
	pin_rules_init(&in->pin.rules, in->slot.name);
	in->pin.nl = in->nl;
	in->pin.sysfs = in->h->sysfs;
	in->pin.card = in->card;
	in->pin.index = in->index;
	in->pin.seq = in->seq;
	in->pin.now_ms = now_ms;
	in->pin.ask = pin_ask;
	in->pin.end = pin_end;
	in->pin.ctx = in;
}

static void serve_pin(struct insertion *in, const struct ipc_pin *q)
{
	if (++in->reads > READS_MAX) {
		card_child_fail(in, "the card child does not come to an end of reading");
		return;
	}
	if (!ef_path_allowed(q->path)) {
		reply_outcome(in, IPC_FAILED, -EPERM, false, "the file is outside of what may be read");
		return;
	}
	in->stage = ASKING_PIN;
	pin_need(&in->pin, q->path, q->off);
}

static void serve_ask(struct insertion *in, const struct ipc_ask *q)
{
	struct unl_question nq = { .kind = UNL_KIND_PROVISION };
	int r;

	snprintf(nq.text, sizeof(nq.text), "Take over the management settings of the card in %s?",
		 in->slot.name);
	card_words(nq.text, sizeof(nq.text), q->text);
	r = ask(in, &nq, q->timeout_s, &in->question);
	if (r) {
		log_err("%s: the user could not be asked: %s; nothing of the card is applied",
			in->card, strerror(-r));
		reply_outcome(in, r == -ENODEV ? IPC_WITHDRAWN : IPC_FAILED, r, true,
			      "the user could not be asked");
		return;
	}
	in->stage = ASKING_DATA;
	log_notice("%s: question %u put: may the card's settings be taken over?", in->card,
		   in->question);
}

static bool has_agreed(const struct insertion *in, const char *server)
{
	size_t i;

	for (i = 0; i < in->nagreed; i++)
		if (!strcmp(in->agreed[i], server))
			return true;
	return false;
}

static void session_start(struct insertion *in)
{
	struct ipc_msg m;
	int r;

	in->have_outcome = false;
	r = ++in->sessions > SESSIONS_MAX ? -EDQUOT : 0;
	if (!r)
		r = child_spawn(in->h, "session-child", true, &in->sess);
	if (!r) {
		ipc_prepare(&m, IPC_START_SESSION);
		m.start_session.seq = in->seq;
		snprintf(m.start_session.slot, sizeof(m.start_session.slot), "%s", in->slot.name);
		memcpy(m.start_session.server_id, in->want.server_id,
		       sizeof(m.start_session.server_id));
		r = ipc_send(in->sess.fd, &m, SEND_MS);
		if (r)
			kill(in->sess.pid, SIGKILL);
	}
	if (r && !in->sess.pid) {
		reply_outcome(in, IPC_FAILED, r, true, "the session could not be started");
		return;
	}
	in->stage = IN_SESSION;
	log_info("%s: session with '%s' starts", in->card, in->want.server_id);
}

static void serve_session(struct insertion *in, const struct ipc_session *s)
{
	struct unl_question q = { .kind = UNL_KIND_SESSION };
	uint32_t notice = 0;
	int r = 0;

	in->want = *s;
	quote(q.text, sizeof(q.text),
	      s->ui == IPC_UI_ASK ? "Connect this device to the management server " :
				    "This device now connects to the management server ",
	      s->server_id, s->ui == IPC_UI_ASK ? "?" : ".");
	card_words(q.text, sizeof(q.text), s->text);
	if (s->ui == IPC_UI_NOTICE) {
		/* Nobody's answer is waited for; a notice nobody can be shown stops nothing. */
		q.kind = UNL_KIND_DISPLAY;
		r = ask(in, &q, s->timeout_s, &notice);
		if (r)
			log_warn("%s: the notice could not be put: %s", in->card, strerror(-r));
	}
	if (s->ui != IPC_UI_ASK || has_agreed(in, s->server_id)) {
		session_start(in);
		return;
	}
	r = ask(in, &q, s->timeout_s, &in->question);
	if (r) {
		log_err("%s: the user could not be asked: %s; no session, the account stays",
			in->card, strerror(-r));
		reply_outcome(in, r == -ENODEV ? IPC_WITHDRAWN : IPC_FAILED, r, true,
			      "the user could not be asked");
		return;
	}
	in->stage = ASKING_SESSION;
	log_notice("%s: question %u put: may a session with '%s' start? Nothing is sent before a yes",
		   in->card, in->question, s->server_id);
}

static void on_card_child(struct insertion *in)
{
	struct ipc_msg m;
	int r = ipc_recv(in->cardc.fd, &m, 0);

	if (r == -ETIMEDOUT)
		return;
	if (r == -EPIPE) {	/* it ends; SIGCHLD follows */
		card_child_release(in);
		return;
	}
	if (!r && in->stage != READING)
		r = -EPROTO;	/* one request at a time */
	if (r) {
		card_child_fail(in, "the card child broke the protocol");
		return;
	}
	if (in->questions > QUESTIONS_MAX + OVER_MAX || in->sessions > SESSIONS_MAX + OVER_MAX) {
		card_child_fail(in, "the card child does not come to an end of asking");
		return;
	}
	switch (m.type) {
	case IPC_READ:
		serve_read(in, &m.read);
		break;
	case IPC_PIN:
		serve_pin(in, &m.pin);
		break;
	case IPC_ASK:
		serve_ask(in, &m.ask);
		break;
	case IPC_SESSION:
		serve_session(in, &m.session);
		break;
	case IPC_LWM2M:
	case IPC_LWM2M_END:
		if (!insertion_lwm2m(in, &m))
			card_child_fail(in, "the card child sent what it may not send");
		explicit_bzero(&m, sizeof(m));
		break;
	default:
		card_child_fail(in, "the card child sent what it may not send");
	}
}

/* --- answers, events, ends ----------------------------------------------- */

static void on_completed(struct insertion *in, const struct unl_answer *a)
{
	static const char *const words[] = { "yes", "no", "cancelled", "no answer in time",
					     "withdrawn" };
	/* Only an explicit no is a refusal that may be remembered (decision 4). */
	static const enum ipc_result results[] = { IPC_DONE, IPC_REFUSED, IPC_TIMEOUT,
						   IPC_TIMEOUT, IPC_WITHDRAWN };
	bool session = in->stage == ASKING_SESSION;

	if (!in->question || a->id != in->question)
		return;	/* a notice */
	in->question = 0;
	log_notice("%s: question %u: %s", in->card, a->id, words[a->outcome]);
	if (in->stage == ASKING_PIN) {
		pin_answered(&in->pin, a);
		return;
	}
	if (session && a->outcome == UNL_YES) {
		if (in->nagreed < AGREED_MAX)
			memcpy(in->agreed[in->nagreed++], in->want.server_id, IPC_SERVER_MAX);
		session_start(in);
		return;
	}
	reply_outcome(in, results[a->outcome], 0, false, words[a->outcome]);
}

/* Is our card still there? Asked at the start and after lost messages. */
static void card_check(struct insertion *in)
{
	struct ef_slot now;
	int r = ef_slot_read(in->h->sysfs, in->slot.name, &now);

	if (r || now.seq != in->seq || now.state != EF_SLOT_READY) {
		in->removed = true;
		stop(in, r ? "the reader is gone" : "the card was removed");
	}
}

static void on_netlink(struct insertion *in)
{
	struct unl_event ev;
	int r;

	while ((r = unl_event_next(in->nl, &ev)) != 0) {
		if (r < 0) {
			stop(in, "the netlink socket broke");
			in->exit = HELPER_FAILED;
			return;
		}
		switch (ev.type) {
		case UNL_EV_COMPLETED:
			on_completed(in, &ev.answer);
			break;
		case UNL_EV_PIN:
			if (in->stage == ASKING_PIN)
				pin_checked(&in->pin, &ev.pin);
			break;
		case UNL_EV_CARD_DEL:
			if (ev.slot == in->index && ev.seq == in->seq) {
				in->removed = true;
				stop(in, "the card was removed");
			}
			break;
		case UNL_EV_SLOT_DEL:
			if (ev.slot == in->index) {
				in->removed = true;
				stop(in, "the reader is gone");
			}
			break;
		case UNL_EV_OVERRUN:
			/* A completion may be among the lost: what was asked is taken back. */
			card_check(in);
			if (!in->stop && (in->question || in->stage == ASKING_PIN)) {
				question_withdraw(in);
				reply_outcome(in, IPC_WITHDRAWN, 0, true, "messages were lost");
			}
			break;
		default:
			break;
		}
	}
}

static void on_session_message(struct insertion *in)
{
	struct ipc_msg m;
	int r = ipc_recv(in->sess.fd, &m, 0);

	if (r == -ETIMEDOUT)
		return;
	if (!r && m.type == IPC_OUTCOME && !in->have_outcome) {
		in->have_outcome = true;
		in->outcome = m.outcome;
		return;
	}
	if (r != -EPIPE) {
		log_err("%s: the session child broke the protocol", in->card);
		if (in->sess.pid)
			kill(in->sess.pid, SIGKILL);
	}
	close(in->sess.fd);
	in->sess.fd = -1;
}

static void on_session_exit(struct insertion *in, int status)
{
	char reason[IPC_REASON_MAX];

	in->sess.pid = 0;	/* reaped: the number may be another process's by now */
	while (in->sess.fd >= 0 && !in->have_outcome) {
		/* its last word may still be in the socket */
		struct pollfd p = { .fd = in->sess.fd, .events = POLLIN };

		if (poll(&p, 1, 0) <= 0)
			break;
		on_session_message(in);
	}
	child_forget(&in->sess);
	if (in->have_outcome) {
		reply_outcome(in, in->outcome.result, in->outcome.err, in->outcome.retry,
			      in->outcome.reason);
	} else {
		snprintf(reason, sizeof(reason), "the session child ended with %s %d",
			 WIFSIGNALED(status) ? "signal" : "status",
			 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
		log_err("%s: %s; what was committed stays", in->card, reason);
		reply_outcome(in, IPC_FAILED, 0, true, reason);
	}
	if (in->stop) {
		card_child_release(in);
		in->deadline = now_ms() + CARD_STOP_MS;
	}
}

static void on_card_exit(struct insertion *in, int status)
{
	in->cardc.pid = 0;
	insertion_last_words(in);
	card_child_release(in);
	if (!in->stop && status)
		card_check(in);	/* the child often sees first that the card went */
	if (!in->stop && WIFSIGNALED(status)) {
		log_err("%s: the card child ended with signal %d; what it stored stays", in->card,
			WTERMSIG(status));
		in->exit = HELPER_FAILED;
	} else if (!in->stop && WEXITSTATUS(status)) {
		in->exit = WEXITSTATUS(status) == HELPER_SANDBOX ? HELPER_SANDBOX : HELPER_FAILED;
	}
	if (in->question || in->sess.pid)
		stop(in, "the card child ended");
}

int insertion_child_start(struct insertion *in)
{
	struct ipc_msg m;
	int r;

	r = child_spawn(in->h, "card-child", false, &in->cardc);
	if (r)
		return r;
	ipc_prepare(&m, IPC_START);
	m.start.seq = in->seq;
	snprintf(m.start.slot, sizeof(m.start.slot), "%s", in->slot.name);
	snprintf(m.start.transport, sizeof(m.start.transport), "%s", in->slot.transport);
	snprintf(m.start.location, sizeof(m.start.location), "%s", in->slot.location);
	if (!ef_attr_read("/proc/sys/kernel/random", NULL, "boot_id", m.start.boot_id,
			  sizeof(m.start.boot_id)))
		m.start.boot_id[36] = 0;
	return ipc_send(in->cardc.fd, &m, SEND_MS);
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
	if (conf_slot_trusted(&new, in->slot.transport, in->slot.location))
		return;
	in->distrusted = true;
	stop(in, "the slot is not in trusted-slots any more; what its card brought stays until the card goes");
}

static void on_signal(struct insertion *in)
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
		stop(in, "stopped; nothing is deleted");
		return;
	}
	if (in->sess.pid && waitpid(in->sess.pid, &status, WNOHANG) == in->sess.pid)
		on_session_exit(in, status);
	if (in->cardc.pid && waitpid(in->cardc.pid, &status, WNOHANG) == in->cardc.pid)
		on_card_exit(in, status);
	if (hook_reap(&in->hook, &end, &status))
		insertion_hook_end(in, end, status);
}

/* What failed for the network's sake may be tried again at once. A child that is deep in work misses nothing. */
static void on_route(struct insertion *in)
{
	struct ipc_msg m;

	if (!route_default_came(in->route) || in->cardc.fd < 0 || in->stop)
		return;
	ipc_prepare(&m, IPC_NETWORK);
	(void)!ipc_send(in->cardc.fd, &m, 0);
}

/* --- the loop ------------------------------------------------------------ */

/* How long poll() may wait. */
static int patience(const struct insertion *in)
{
	int64_t left = in->stop ? in->deadline - now_ms() : INT_MAX;
	int64_t hook = in->hook.pid && !in->hook.late ? in->hook.deadline - now_ms() : INT_MAX;

	int64_t pin = pin_wait_ms(&in->pin);

	if (hook < left)
		left = hook;
	if (pin >= 0 && pin < left)
		left = pin;
	return left < 0 ? 0 : left == INT_MAX ? -1 : (int)left;
}

static void loop(struct insertion *in)
{
	while (in->cardc.pid || in->sess.pid || in->hook.pid) {
		/* Came while a request was on its way; nothing below makes one before poll(). */
		if (unl_pending(in->nl))
			on_netlink(in);

		struct pollfd p[7] = {
			{ .fd = in->sigfd, .events = POLLIN },
			{ .fd = unl_fd(in->nl), .events = POLLIN },
			{ .fd = in->cardc.fd, .events = POLLIN },
			{ .fd = in->sess.fd, .events = POLLIN },
		};
		int r;

		hook_poll(&in->hook, p + 4);
		p[6] = (struct pollfd){ .fd = in->route, .events = POLLIN };
		r = poll(p, 7, patience(in));
		if (r < 0 && errno != EINTR) {
			log_err("%s: poll: %s", in->card, strerror(errno));
			break;
		}
		/* Not only when it is quiet: a broken socket or a talkative child is never quiet. */
		if (in->stop && now_ms() >= in->deadline)
			stop_overdue(in);
		hook_tick(&in->hook, now_ms());
		pin_tick(&in->pin);
		if (r <= 0)
			continue;
		/* ORDER: removal before anything the child wants */
		if (p[1].revents)
			on_netlink(in);
		if (p[3].revents && in->sess.fd >= 0)
			on_session_message(in);
		hook_ready(&in->hook, p + 4);
		if (p[0].revents)
			on_signal(in);
		if (p[2].revents && in->cardc.fd >= 0)
			on_card_child(in);
		if (p[6].revents)
			on_route(in);
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

static int netlink_open(struct insertion *in)
{
	int r = unl_open(&in->nl);

	if (!r)
		r = unl_subscribe(in->nl, "events");
	if (r)
		log_err("%s: no netlink family: %s; nothing is applied", in->card,
			r == -ENOENT ? "module uicc is not loaded" : strerror(-r));
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
		return reconcile_run(in->h) ? -EIO : 1;
	}
	return netlink_open(in);
}

int insertion_run(struct helper *h, const char *card, uint64_t seq)
{
	struct insertion *in = calloc(1, sizeof(*in));
	int r, status;

	if (!in)
		return HELPER_FAILED;
	in->h = h;
	in->seq = seq;
	in->sigfd = in->route = -1;
	in->cardc = in->sess = (struct child)CHILD_NONE;
	hook_init(&in->hook);
	lwm2m_input_init(&in->lwm2m);
	snprintf(in->card, sizeof(in->card), "%s", card);
	if (ef_slot_name(card, in->slot.name, sizeof(in->slot.name)) ||
	    str_parse_uint(in->slot.name + 4, &in->index)) {
		log_err("'%s' is no card device", card);
		free(in);
		return HELPER_USAGE;
	}
	r = insertion_prepare(in);
	if (r) {
		in->exit = r < 0 ? HELPER_FAILED : HELPER_OK;
		goto out;
	}
	pin_prepare(in);
	in->route = route_open();
	if (in->route < 0)
		log_warn("%s: new routes are not noticed: %s", card, strerror(-in->route));
	in->sigfd = signals_take();
	r = in->sigfd < 0 ? in->sigfd : insertion_check(in);
	if (r) {
		log_err("%s: %s could not be started: %s; nothing is applied%s", card,
			in->stage == CHECKING ? "card-check" : "the card child", strerror(-r),
			in->undecided ? " or deleted" : "");
		in->exit = HELPER_FAILED;
	}
	if (in->cardc.pid || in->hook.pid) {
		card_check(in);	/* it may have gone before we listened */
		loop(in);
	}
	/* Only when poll itself failed is one left. */
	if (in->sess.pid && !kill(in->sess.pid, SIGKILL))
		waitpid(in->sess.pid, &status, 0);
	if (in->cardc.pid && !kill(in->cardc.pid, SIGKILL))
		waitpid(in->cardc.pid, &status, 0);
	hook_stop(&in->hook);
	/* After a failure, too: the child may not have come to what earlier cards left. */
	if ((in->removed || in->rejected || ((in->distrusted || in->exit) && !in->undecided)) &&
	    reconcile_run(h) && !in->exit)
		in->exit = HELPER_FAILED;
out:
	r = in->exit;
	child_forget(&in->sess);
	child_forget(&in->cardc);
	lwm2m_input_fini(&in->lwm2m);
	unl_close(in->nl);
	if (in->sigfd >= 0)
		close(in->sigfd);
	if (in->route >= 0)
		close(in->route);
	free(in);
	return r;
}
