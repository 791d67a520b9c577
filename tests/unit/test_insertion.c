// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * dmsc-helper's loop over one insertion: every stage against everything that can come
 * from outside meanwhile. The children are processes that play a part; the kernel's
 * netlink family is a pipe of events, which they write.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define PROGRESS_DIR progress_dir
#define TAKEN_MIN_MS 300
static char progress_dir[80];
static char run_dir[64];
#define CONNECTION_DIR run_dir
#define wake_pending woken	/* the system's own helper is not to be */

/* The program's own files: they are not part of the library. */
#include "dmsc-helper/connection.c"
#include "dmsc-helper/insertion.c"
#include "dmsc-helper/insertion_ask.c"
#include "dmsc-helper/insertion_child.c"
#include "dmsc-helper/insertion_connect.c"
#include "dmsc-helper/insertion_end.c"
#include "dmsc-helper/insertion_event.c"
#include "dmsc-helper/insertion_firmware.c"
#include "dmsc-helper/insertion_hook.c"
#include "dmsc-helper/insertion_session.c"
#include "dmsc-helper/insertion_ui.c"
#include "dmsc-helper/hook.c"
#include "dmsc-helper/lwm2m.c"
#include "dmsc-helper/pin.c"
#include "dmsc-helper/pin_rules.c"
#include "dmsc-helper/progress.c"

#include "played_kernel.h"

#define FILE_1 "a000000063504b43532d3135.6431"
#define SERVER "dm.example.net"
#define SLOT 5
#define SEQ 9
#define PLAY_MS 20000	/* nobody waits so long: a part that does has lost an answer */

/* What the processes see of one another. */
static struct world {
	bool gone;		/* the card */
	int ask_error;		/* what putting a question returns, though it is put */
	bool ask_fails;
	unsigned int asked, notices, withdrawn, sessions, reconciled, checks;
	uint32_t last, open;	/* the last question, and the one that is open; 0 = none */
	unsigned int replies;	/* the card child's, until the end */
	enum ipc_result result;
	bool lost;		/* a part waited in vain */
	unsigned int woken;	/* dmsc-helper for what no card stands for */
	bool term_blocked;	/* while reconciling */
	int reconcile_result;
	unsigned int hup_in_reconcile;
	uint64_t life;		/* of the reader, which counts from 1 in each */
	bool back_in_reconcile;	/* it comes back while that goes on */
	unsigned int cards;	/* card children started */
	struct unl_question question;	/* the last one put */
	bool taken;		/* an agent has it */
	unsigned int ui_answers;	/* the session child's */
	struct ipc_answer ui_answer;	/* the last */
	char progress[256];	/* what the file said meanwhile */
	bool no_reader;
	bool connected;		/* connection-hook had ended when the session began */
	struct ipc_start_session start;
} *w;

static pid_t loop_pid;
static char conf_path[64];
static void (*card_part)(int fd);
static void card_ends(int fd);
static void (*session_part)(int fd);

int woken(void)
{
	w->woken++;
	return 0;
}

/* --- the kernel ---------------------------------------------------------- */

int unl_open(struct unl **out)
{
	*out = (struct unl *)w;
	return 0;
}

void unl_close(struct unl *nl)
{
}

int unl_event_next(struct unl *nl, struct unl_event *ev)
{
	int rc = played_event(ev);

	if (rc <= 0)
		return rc;
	if (ev->type == UNL_EV_COMPLETED && ev->answer.id == w->open)
		w->open = 0;
	return ev->id == UINT32_MAX ? -EIO : 1;
}

int unl_ask(struct unl *nl, const struct unl_question *q, uint32_t *id)
{
	if (w->ask_fails)
		return w->ask_error;
	w->question = *q;
	*id = ++w->last;
	if (q->kind == UNL_KIND_DISPLAY) {
		w->notices++;
		return 0;
	}
	w->asked++;
	w->open = *id;
	return w->ask_error;
}

int unl_cards(struct unl *nl, int (*fn)(void *ctx, const struct unl_card *c), void *ctx)
{
	return w->gone ? 0 : fn(ctx, &(struct unl_card){ .slot = 7, .seq = 3 });
}

int unl_questions(struct unl *nl, int (*fn)(void *ctx, const struct unl_question *q), void *ctx)
{
	if (!w->open)
		return 0;
	return fn(ctx, &(struct unl_question){ .id = w->open, .accepted = w->taken });
}

int unl_withdraw(struct unl *nl, uint32_t id)
{
	w->withdrawn++;
	if (id != w->open)
		return -ENOENT;
	w->open = 0;
	return 0;
}

int unl_pin_get(struct unl *nl, uint32_t slot, uint64_t seq, uint8_t key_ref, uint32_t *id)
{
	w->checks++;
	*id = 77;
	return 0;
}

int ef_slot_read(const char *root, const char *slot, struct ef_slot *out)
{
	if (w->no_reader)
		return -ENODEV;
	*out = (struct ef_slot){ .name = "uicc5", .transport = "virt", .location = "here",
				 .state = w->gone ? EF_SLOT_EMPTY : EF_SLOT_READY, .seq = SEQ,
				 .insertion = w->life << 32 | SEQ };
	return 0;
}

int ef_slot_list(const char *root, char (*names)[32], size_t max)
{
	strcpy(names[0], "uicc5");
	return 1;
}

int ef_slot_name(const char *device, char *out, size_t size)
{
	snprintf(out, size, "uicc5");
	return 0;
}

bool ef_path_allowed(const char *path)
{
	return true;
}

int ef_read(const char *root, const char *card, uint64_t seq, const char *path, size_t off,
	    uint8_t *buf, size_t n)
{
	return -EACCES;
}

int ef_read_access(const char *root, const char *card, uint64_t seq, const char *path,
		   struct ef_access *out)
{
	*out = (struct ef_access){ .kind = EF_PINS, .n = 1, .ref = { 0x01 } };
	return 0;
}

int ef_attr_read(const char *root, const char *device, const char *attr, char *out, size_t size)
{
	out[0] = 0;
	return -ENOENT;
}

int route_open(void)
{
	return -EPERM;
}

bool route_default_came(int fd)
{
	return false;
}

int owner_open_program(const char *path)
{
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* --- the children -------------------------------------------------------- */

int child_spawn(const struct helper *h, const char *mode, bool network, struct child *out)
{
	sigset_t none;
	int fds[2];

	assert_int_equal(ipc_pair(fds), 0);
	if (network)
		w->sessions++;
	else
		w->cards++;
	out->pid = fork();
	if (!out->pid) {
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		close(fds[0]);
		(network ? session_part : card_part)(fds[1]);
		_exit(0);
	}
	close(fds[1]);
	out->fd = fds[0];
	return 0;
}

void child_forget(struct child *c)
{
	if (c->fd >= 0)
		close(c->fd);
	*c = (struct child)CHILD_NONE;
}

static void conf_write(const char *text)
{
	FILE *f = fopen(conf_path, "w");

	fputs(text, f);
	fclose(f);
}

int reconcile_run(const struct helper *h)
{
	sigset_t blocked;

	sigprocmask(SIG_SETMASK, NULL, &blocked);
	w->term_blocked |= sigismember(&blocked, SIGTERM);
	w->reconciled++;
	if (w->hup_in_reconcile) {
		w->hup_in_reconcile--;
		conf_write("trusted-slots = virt:*\n");
		kill(getpid(), SIGHUP);
	}
	if (w->back_in_reconcile) {
		w->back_in_reconcile = false;
		w->life++;
		w->gone = false;
		card_part = card_ends;
	}
	return w->reconcile_result;
}

/* --- what the parts do --------------------------------------------------- */

static void event(enum unl_event_type type, uint32_t id, enum unl_outcome outcome)
{
	struct unl_event ev = { .type = type, .slot = SLOT, .seq = SEQ, .id = id };

	if (type == UNL_EV_COMPLETED)
		ev.answer = (struct unl_answer){ .id = id, .outcome = outcome };
	if (type == UNL_EV_PIN)
		ev.pin = (struct unl_pin){ .id = id, .key_ref = 1, .result = UNL_PIN_NOT_VERIFIED,
					   .retries = 3 };
	(void)!write(events[1], &ev, sizeof(ev));
}

/* Until it holds, or for a long time. */
#define WAIT_FOR(condition) do { \
	for (int i_ = 0; !(condition) && i_ < PLAY_MS / 2; i_++) \
		usleep(2000); \
	w->lost |= !(condition); \
} while (0)

static void say(int fd, struct ipc_msg *m)
{
	w->lost |= ipc_send(fd, m, PLAY_MS) != 0;
}

/* The answer to the open request; false at the end. */
static bool reply_take(int fd, int timeout_ms)
{
	struct ipc_msg m;
	int r;

	do
		r = ipc_recv(fd, &m, timeout_ms);
	while (!r && m.type == IPC_NETWORK);
	w->lost |= r == -ETIMEDOUT;
	if (r)
		return false;
	w->replies++;
	w->result = m.outcome.result;
	return true;
}

static void session_request(int fd, enum ipc_ui ui)
{
	struct ipc_msg m;

	ipc_prepare(&m, IPC_SESSION);
	m.session.ui = ui;
	strcpy(m.session.server_id, SERVER);
	say(fd, &m);
}

static void start_take(int fd)
{
	struct ipc_msg m;

	w->lost |= ipc_recv(fd, &m, PLAY_MS) != 0;
}

/* A session that runs until it is told to end, and says how it did. */
static volatile sig_atomic_t told;

static void on_term(int sig)
{
	told = 1;
}

static void outcome_say(int fd, enum ipc_result result)
{
	struct ipc_msg m;

	ipc_prepare(&m, IPC_OUTCOME);
	m.outcome.result = result;
	m.outcome.retry = true;
	say(fd, &m);
}

static void session_long(int fd)
{
	signal(SIGTERM, on_term);
	start_take(fd);
	w->sessions |= 0x100;	/* it runs */
	WAIT_FOR(told);
	outcome_say(fd, IPC_FAILED);
}

/* A question of the server's, as child_ui.c would send it. */
static struct ipc_msg ui;

static void ui_new(enum ipc_kind kind)
{
	ipc_prepare(&ui, IPC_UI);
	ui.question.kind = kind;
	ui.question.input = 'A';
	ui.question.left_s = 3000;
	strcpy(ui.question.text, "Really?");
	if (kind >= IPC_KIND_CHOICE) {
		ui.question.nchoices = 3;
		strcpy(ui.question.choices[0], "red");
		strcpy(ui.question.choices[1], "green");
		strcpy(ui.question.choices[2], "blue");
	}
}

/* Puts it, and keeps the answer; false at the end. */
static bool ui_play(int fd)
{
	struct ipc_msg m;

	say(fd, &ui);
	if (ipc_recv(fd, &m, PLAY_MS) || m.type != IPC_UI_ANSWER) {
		w->lost = true;
		return false;
	}
	w->ui_answers++;
	w->ui_answer = m.answer;
	return true;
}

/* Asks, and runs on until it is told to end. */
static void session_ui(int fd)
{
	signal(SIGTERM, on_term);
	start_take(fd);
	w->sessions |= 0x100;
	ui_new(IPC_KIND_CONFIRM);
	ui_play(fd);
	WAIT_FOR(told);
	outcome_say(fd, IPC_FAILED);
}

static void session_fails(int fd)
{
	start_take(fd);
	outcome_say(fd, IPC_FAILED);
}

/* --- stage by event ------------------------------------------------------ */

enum part_stage { AT_READING, AT_PIN_CHECK, AT_PIN, AT_DATA, AT_SESSION, AT_SESSION_RUNS, AT_UI, STAGES };

enum outside {
	CARD_DEL, SLOT_DEL, SIG_TERM, SIG_TERM_AND_DEL, HUP_DISTRUST, HUP_BAD, LOST_GONE, LOST_THERE,
	SOCKET_BROKE, CARD_CHILD_DIES, YES_AND_DEL, DEL_AND_YES, OTHERS_CARD, EVENTS
};

static const char *const stage_names[] = { "reading", "PIN check", "PIN", "gate one", "gate two",
					   "session", "server's question" };
static const char *const event_names[] = { "card gone", "reader gone", "SIGTERM",
					   "SIGTERM and card gone", "slot distrusted",
					   "bad configuration", "lost, card gone", "lost",
					   "socket broke", "child dies", "yes, card gone",
					   "card gone, yes", "another card gone" };

static enum part_stage the_stage;
static enum outside the_event;

static void stage_reach(int fd)
{
	struct ipc_msg m;

	switch (the_stage) {
	case AT_PIN_CHECK:
	case AT_PIN:
		ipc_prepare(&m, IPC_PIN);
		strcpy(m.pin.path, FILE_1);
		say(fd, &m);
		WAIT_FOR(w->checks);
		if (the_stage == AT_PIN) {
			event(UNL_EV_PIN, 77, UNL_YES);
			WAIT_FOR(w->open);
		}
		break;
	case AT_DATA:
		ipc_prepare(&m, IPC_ASK);
		say(fd, &m);
		WAIT_FOR(w->open);
		break;
	case AT_SESSION:
		session_request(fd, IPC_UI_ASK);
		WAIT_FOR(w->open);
		break;
	case AT_SESSION_RUNS:
		session_request(fd, IPC_UI_NONE);
		WAIT_FOR(w->sessions & 0x100);
		break;
	case AT_UI:
		session_request(fd, IPC_UI_NONE);
		WAIT_FOR(w->open);
		break;
	default:
		break;
	}
}

static void event_cause(void)
{
	uint32_t id = w->last;

	switch (the_event) {
	case CARD_DEL:
		w->gone = true;
		event(UNL_EV_CARD_DEL, 0, UNL_YES);
		break;
	case SLOT_DEL:
		w->gone = true;
		event(UNL_EV_SLOT_DEL, 0, UNL_YES);
		break;
	case SIG_TERM:
		kill(loop_pid, SIGTERM);
		break;
	case SIG_TERM_AND_DEL:
		w->gone = true;
		kill(loop_pid, SIGTERM);
		event(UNL_EV_CARD_DEL, 0, UNL_YES);
		break;
	case HUP_DISTRUST:
		conf_write("trusted-slots = serial:*\n");
		kill(loop_pid, SIGHUP);
		break;
	case HUP_BAD:
		conf_write("no-such-key = 1\n");
		kill(loop_pid, SIGHUP);
		usleep(20000);
		kill(loop_pid, SIGTERM);
		break;
	case LOST_GONE:
		w->gone = true;
		event(UNL_EV_OVERRUN, 0, UNL_YES);
		break;
	case LOST_THERE:
		event(UNL_EV_OVERRUN, 0, UNL_YES);
		usleep(20000);
		kill(loop_pid, SIGTERM);
		break;
	case SOCKET_BROKE:
		event(UNL_EV_READY, UINT32_MAX, UNL_YES);
		break;
	case CARD_CHILD_DIES:
		_exit(1);
	case YES_AND_DEL:
		w->gone = true;
		event(UNL_EV_COMPLETED, id, UNL_YES);
		event(UNL_EV_CARD_DEL, 0, UNL_YES);
		break;
	case DEL_AND_YES:
		w->gone = true;
		event(UNL_EV_CARD_DEL, 0, UNL_YES);
		event(UNL_EV_COMPLETED, id, UNL_YES);
		break;
	default:
		{
			struct unl_event ev = { .type = UNL_EV_CARD_DEL, .slot = SLOT, .seq = SEQ - 1 };

			(void)!write(events[1], &ev, sizeof(ev));
			ev = (struct unl_event){ .type = UNL_EV_SLOT_DEL, .slot = SLOT + 1, .seq = SEQ };
			(void)!write(events[1], &ev, sizeof(ev));
			usleep(20000);
			kill(loop_pid, SIGTERM);
		}
	}
}

/* Comes to the stage, has the event happen, and takes what it is told until the end. */
static void card_plays(int fd)
{
	start_take(fd);
	stage_reach(fd);
	event_cause();
	while (reply_take(fd, PLAY_MS))
		;
}

static int run_insertion(const char *conf)
{
	struct helper h = { .conf_path = conf_path, .sysfs = "sysfs" };
	char err[CONF_ERROR_MAX];

	conf_write(conf);
	assert_int_equal(conf_load(conf_path, &h.conf, err), 0);
	return insertion_run(&h, "uicc5.card", SEQ);
}

static void world_new(void)
{
	struct unl_event ev;
	struct pollfd p = { .fd = events[0], .events = POLLIN };

	memset(w, 0, sizeof(*w));
	while (poll(&p, 1, 0) > 0)
		(void)!read(events[0], &ev, sizeof(ev));
}

/*
 * Whatever comes when: the child is told once, nothing stays open, no child is left, and
 * what earlier cards left is looked at exactly when this card is not to be used any more.
 */
static void stage_by_event(void **state)
{
	for (the_stage = 0; the_stage < STAGES; the_stage++)
		for (the_event = 0; the_event < EVENTS; the_event++) {
			bool asks = the_stage != AT_READING && the_event != CARD_CHILD_DIES;
			bool stays = the_event == SIG_TERM || the_event == HUP_BAD ||
				     the_event == LOST_THERE || the_event == OTHERS_CARD;
			int r;

			world_new();
			card_part = card_plays;
			session_part = the_stage == AT_UI ? session_ui : session_long;
			r = run_insertion("trusted-slots = virt:*\n");
			print_message("%s, %s: %d\n", stage_names[the_stage],
				      event_names[the_event], r);
			assert_false(w->lost);
			assert_int_equal(w->open, 0);
			assert_int_equal(w->replies, asks);
			if (asks)
				assert_int_not_equal(w->result, IPC_REFUSED);
			assert_int_equal(w->ui_answers, the_stage == AT_UI);
			if (the_stage == AT_UI)
				assert_int_equal(w->ui_answer.answer, the_event == YES_AND_DEL ?
						 IPC_ANSWER_YES : IPC_ANSWER_NOBODY);
			if (asks && the_stage < AT_SESSION_RUNS && the_event != YES_AND_DEL)
				assert_int_equal(w->result, IPC_WITHDRAWN);
			assert_int_equal(w->reconciled, !stays);
			assert_int_equal(r, the_event == SOCKET_BROKE || the_event == CARD_CHILD_DIES ?
					 HELPER_FAILED : HELPER_OK);
			assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
		}
}

/* --- what must not add up, and what comes late --------------------------- */

#define TRIES 100	/* of a week's sessions that fail; more than there are questions */

static void card_tries(int fd)
{
	start_take(fd);
	for (int i = 0; i < TRIES; i++) {
		session_request(fd, IPC_UI_NOTICE);
		if (!reply_take(fd, PLAY_MS))
			return;
	}
}

/* Nobody is told again of each try, and tries that tell somebody are as many as others. */
static void notices_of_many_tries(void **state)
{
	world_new();
	card_part = card_tries;
	session_part = session_fails;
	assert_int_equal(run_insertion("trusted-slots = virt:*\n"), HELPER_OK);
	assert_int_equal(w->replies, TRIES);
	assert_int_equal(w->sessions, TRIES);
	assert_int_equal(w->notices, 1);
}

static void session_killed(int fd)
{
	struct ipc_msg m;

	w->lost |= ipc_recv(fd, &m, PLAY_MS) != 0;
	raise(SIGKILL);
}

/* What it wrote down before, an Exec of an update perhaps, is not told by anybody: it is looked for. */
static void a_killed_session_may_leave_more(void **state)
{
	world_new();
	card_part = card_tries;
	session_part = session_fails;
	assert_int_equal(run_insertion("trusted-slots = virt:*\n"), HELPER_OK);
	assert_int_equal(w->woken, 0);
	world_new();
	card_part = card_tries;
	session_part = session_killed;
	assert_int_equal(run_insertion("trusted-slots = virt:*\n"), HELPER_OK);
	assert_int_equal(w->replies, TRIES);
	assert_int_equal(w->woken, TRIES);
}

static bool notified(int fd, uint16_t session_id, const char *cause, bool question)
{
	struct ipc_msg m;

	ipc_prepare(&m, IPC_SESSION);
	m.session.ui = IPC_UI_ASK;
	m.session.session_id = session_id;
	m.session.server_initiated = 1;
	strcpy(m.session.server_id, SERVER);
	strcpy(m.session.cause, cause);
	say(fd, &m);
	if (question) {
		WAIT_FOR(w->open);
		event(UNL_EV_COMPLETED, w->open, UNL_YES);
	}
	return reply_take(fd, PLAY_MS);
}

static void card_notified(int fd)
{
	start_take(fd);
	if (!notified(fd, 1, "notification", true))
		return;
	memcpy(w->progress, w->question.text, sizeof(w->progress) - 1);
	if (!notified(fd, 1, "notification", false))
		return;
	(void)notified(fd, 2, "requested", true);
}

static void session_notified(int fd)
{
	struct ipc_msg m;

	w->lost |= ipc_recv(fd, &m, PLAY_MS) != 0;
	w->start = m.start_session;
	outcome_say(fd, IPC_FAILED);
}

/* A yes is for one notification, as often as its session is tried; and the person hears who asks. */
/* Rules: NOTI-5 NOTI-6 NOTI-7 */
static void a_yes_to_each_notification(void **state)
{
	world_new();
	card_part = card_notified;
	session_part = session_notified;
	assert_int_equal(run_insertion("trusted-slots = virt:*\n"), HELPER_OK);
	assert_int_equal(w->replies, 3);
	assert_int_equal(w->sessions, 3);
	assert_int_equal(w->asked, 2);
	assert_non_null(strstr(w->progress, "\"" SERVER "\"? The server asks for it."));
	assert_non_null(strstr(w->question.text, "\"" SERVER "\"? You asked the server for it."));
	assert_int_equal(w->start.session_id, 2);
	assert_int_equal(w->start.server_initiated, 1);
}

static void card_asks_then_lost(int fd)
{
	struct ipc_msg m;

	start_take(fd);
	ipc_prepare(&m, IPC_ASK);
	say(fd, &m);
	reply_take(fd, PLAY_MS);
	event(UNL_EV_OVERRUN, 0, UNL_YES);
	event(UNL_EV_COMPLETED, w->last, UNL_YES);
	usleep(50000);
	kill(loop_pid, SIGTERM);
	while (reply_take(fd, PLAY_MS))
		;
}

/* The kernel put the question, and its word about that got lost: one answer, and none for the next. */
static void question_put_and_lost(void **state)
{
	world_new();
	w->ask_error = -ETIMEDOUT;
	card_part = card_asks_then_lost;
	assert_int_equal(run_insertion("trusted-slots = virt:*\n"), HELPER_OK);
	assert_int_equal(w->replies, 1);
	assert_int_equal(w->result, IPC_FAILED);
	assert_int_equal(w->open, 0);
}

static void card_ends(int fd)
{
	start_take(fd);
	w->replies++;
}

/* --reload found us, so it started no other helper: the slot is trusted now, and its card's turn. */
static void trusted_while_reconciling(void **state)
{
	world_new();
	w->hup_in_reconcile = 1;
	card_part = card_ends;
	assert_int_equal(run_insertion("trusted-slots = serial:*\n"), HELPER_OK);
	assert_int_equal(w->reconciled, 1);
	assert_int_equal(w->replies, 1);
}

/* Distrusted, and trusted again while that is being dealt with. */
static void trusted_again(void **state)
{
	world_new();
	w->hup_in_reconcile = 1;
	the_stage = AT_READING;
	the_event = HUP_DISTRUST;
	card_part = card_plays;
	/* The second child plays the same, and is distrusted for good. */
	assert_int_equal(run_insertion("trusted-slots = virt:*\n"), HELPER_OK);
	assert_int_equal(w->reconciled, 2);
	assert_false(w->lost);
}

/* Its card has our number, so nobody else looks after it. */
static void reader_is_back(void **state)
{
	world_new();
	w->back_in_reconcile = true;
	the_stage = AT_READING;
	the_event = SLOT_DEL;
	card_part = card_plays;
	assert_int_equal(run_insertion("trusted-slots = virt:*\n"), HELPER_OK);
	assert_int_equal(w->cards, 2);
	assert_int_equal(w->reconciled, 1);
	assert_false(w->lost);
}

/* It may wait for another card's session for an hour: who stops us need not. */
static void stopped_while_reconciling(void **state)
{
	world_new();
	the_stage = AT_READING;
	the_event = CARD_DEL;
	card_part = card_plays;
	assert_int_equal(run_insertion("trusted-slots = virt:*\n"), HELPER_OK);
	assert_int_equal(w->reconciled, 1);
	assert_false(w->term_blocked);
}

static void reconcile_not_confined(void **state)
{
	world_new();
	w->reconcile_result = HELPER_SANDBOX;
	the_stage = AT_READING;
	the_event = CARD_DEL;
	card_part = card_plays;
	assert_int_equal(run_insertion("trusted-slots = virt:*\n"), HELPER_SANDBOX);
	w->gone = false;
	assert_int_equal(run_insertion("trusted-slots = serial:*\n"), HELPER_SANDBOX);
}

/* --- card-check and lwm2m-hook ------------------------------------------- */

static char program[80];

static const char *program_conf(const char *word, const char *script)
{
	static char conf[256];
	FILE *f = fopen(program, "w");

	fprintf(f, "#!/bin/sh\n%s\n", script);
	fclose(f);
	chmod(program, 0700);
	snprintf(conf, sizeof(conf), "trusted-slots = virt:*\n%s = %s\n", word, program);
	return conf;
}

/* Has the event come from outside, a little later. */
static pid_t event_later(void)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	usleep(200000);
	event_cause();
	_exit(0);
}

static void what_card_check_decides(void **state)
{
	static const struct {
		const char *script;
		unsigned int children, reconciled;
		int exit;
	} cases[] = {
		{ "exit 0", 1, 0, HELPER_OK },
		{ "exit 1", 0, 1, HELPER_OK },
		{ "exit 2", 0, 0, HELPER_FAILED },
		{ "exit 127", 0, 0, HELPER_FAILED },
		{ "kill -9 $$", 0, 0, HELPER_FAILED },
		{ "kill -1 $$", 0, 0, HELPER_FAILED },
		{ "exec </dev/null >/dev/null 2>&1; sleep 0.2", 1, 0, HELPER_OK },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		world_new();
		card_part = card_ends;
		assert_int_equal(run_insertion(program_conf("card-check", cases[i].script)), cases[i].exit);
		assert_int_equal(w->replies, cases[i].children);
		assert_int_equal(w->reconciled, cases[i].reconciled);
	}
}

/* Nothing is started any more, and the program does not outlive what it was asked for. */
static void events_while_card_check_runs(void **state)
{
	static const enum outside all[] = { CARD_DEL, SLOT_DEL, SIG_TERM, SIG_TERM_AND_DEL,
					    HUP_DISTRUST, HUP_BAD, LOST_GONE, SOCKET_BROKE };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		int64_t start = now_ms();
		pid_t pid;
		int r;

		world_new();
		the_event = all[i];
		card_part = card_ends;
		pid = event_later();
		r = run_insertion(program_conf("card-check", "sleep 20"));
		waitpid(pid, NULL, 0);
		print_message("card-check, %s: %d\n", event_names[the_event], r);
		assert_int_equal(w->replies, 0);
		/* Not decided: nothing is deleted, unless the card goes or its slot is not trusted. */
		assert_int_equal(w->reconciled, the_event != SIG_TERM && the_event != HUP_BAD &&
				 the_event != SOCKET_BROKE);
		assert_int_equal(r, the_event == SOCKET_BROKE ? HELPER_FAILED : HELPER_OK);
		assert_true(now_ms() - start < 10000);
		assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	}
}

static void card_gives_lwm2m(int fd)
{
	struct ipc_msg m;

	start_take(fd);
	ipc_prepare(&m, IPC_LWM2M);
	m.lwm2m.object = 1;
	m.lwm2m.resource = 1;
	m.lwm2m.item = LWM2M_ID_NONE;
	m.lwm2m.kind = LWM2M_INTEGER;
	m.lwm2m.number = 86400;
	say(fd, &m);
	ipc_prepare(&m, IPC_LWM2M_END);
	say(fd, &m);
}

/* The card child has nothing more to do; the program goes on for the card, and with it. */
static void lwm2m_hook_ends_with_the_card(void **state)
{
	for (int there = 0; there < 2; there++) {
		int64_t start = now_ms();
		pid_t pid = -1;

		world_new();
		card_part = card_gives_lwm2m;
		the_event = CARD_DEL;
		if (!there)
			pid = event_later();
		assert_int_equal(run_insertion(program_conf("lwm2m-hook", there ? "sleep 0.5" : "sleep 20")),
				 HELPER_OK);
		assert_int_equal(w->reconciled, !there);
		assert_true(now_ms() - start >= (there ? 500 : 200));
		assert_true(now_ms() - start < 10000);
		if (pid > 0)
			waitpid(pid, NULL, 0);
		assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	}
}

static int world_begin(void)
{
	snprintf(conf_path, sizeof(conf_path), "/tmp/dmsc-test-insertion-%d.conf", getpid());
	snprintf(program, sizeof(program), "%s.sh", conf_path);
	snprintf(progress_dir, sizeof(progress_dir), "%s.progress", conf_path);
	snprintf(run_dir, sizeof(run_dir), "/tmp/dmsc-test-insertion-%d.run", getpid());
	w = mmap(NULL, sizeof(*w), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	loop_pid = getpid();
	if (w == MAP_FAILED || pipe(events) || mkdir(run_dir, 0700))
		return -1;
	signal(SIGPIPE, SIG_IGN);
	return 0;
}

static void world_end(void)
{
	unlink(conf_path);
	unlink(program);
	rmdir(progress_dir);
	rmdir(run_dir);
}

#ifndef INSERTION_MAIN		/* test_insertion_connect.c has another one, and tests of its own */
#define INSERTION_MAIN main
#endif
int INSERTION_MAIN(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stage_by_event),
		cmocka_unit_test(notices_of_many_tries),
		cmocka_unit_test(a_killed_session_may_leave_more),
		cmocka_unit_test(a_yes_to_each_notification),
		cmocka_unit_test(question_put_and_lost),
		cmocka_unit_test(trusted_while_reconciling),
		cmocka_unit_test(trusted_again),
		cmocka_unit_test(reader_is_back),
		cmocka_unit_test(stopped_while_reconciling),
		cmocka_unit_test(reconcile_not_confined),
		cmocka_unit_test(what_card_check_decides),
		cmocka_unit_test(events_while_card_check_runs),
		cmocka_unit_test(lwm2m_hook_ends_with_the_card),
	};
	int r = world_begin();

	if (!r)
		r = cmocka_run_group_tests(tests, NULL, NULL);
	world_end();
	return r;
}
