// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * dmsc-helper --pending: the loop without a card, its lock and its wake-up. The pending
 * child and the session child are processes that play a part; the kernel's netlink family
 * is a pipe of events, which they write.
 */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define TAKEN_MIN_MS 300
#define QUESTIONS_MAX 3
#define PROGRESS_DIR run_dir
#define PENDING_AGAIN_S 1
#define CONNECTION_DIR run_dir
static char run_dir[64];

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
#include "dmsc-helper/pending.c"
#include "dmsc-helper/pin.c"
#include "dmsc-helper/pin_rules.c"
#include "dmsc-helper/progress.c"

#include "played_kernel.h"

#define SERVER "dm.example.net"
#define PLAY_MS 20000	/* nobody waits so long: a part that does has lost an answer */

/* What the processes see of one another. */
static struct world {
	bool no_module, no_card, detached;
	bool taken;		/* an agent has the question */
	unsigned int children, sessions, asked, withdrawn, opened, told, networks;
	uint32_t open;		/* the question; 0 = none */
	unsigned int replies;
	struct ipc_outcome last;
	bool lost;		/* a part waited in vain */
	unsigned int patience;	/* that the last child was told of */
	unsigned int runs;	/* session children that wait for their end */
	enum ipc_result session_result;
	uint32_t session_retry;
} *w;

static pid_t loop_pid;
static char conf_path[80];
static void (*part)(int fd);
static void (*session_part)(int fd);

/* --- the kernel ---------------------------------------------------------- */

int unl_open(struct unl **out)
{
	if (w->no_module)
		return -ENOENT;
	w->opened++;
	*out = (struct unl *)w;
	return 0;
}

void unl_close(struct unl *nl)
{
	if (nl)
		w->opened--;
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
	assert_int_equal(q->slot, 3);	/* the one that has a card */
	assert_true(q->seq == 0);
	assert_string_equal(q->origin, "dmsc");
	*id = ++w->asked;
	if (q->kind != UNL_KIND_DISPLAY)
		w->open = *id;
	else
		w->told++;
	return 0;
}

int unl_cards(struct unl *nl, int (*fn)(void *ctx, const struct unl_card *c), void *ctx)
{
	const struct unl_card c = { .slot = 3, .seq = 1 };

	return w->no_card ? 0 : fn(ctx, &c);
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
	return -EINVAL;
}

/* No file of a card is looked at. */
int ef_slot_read(const char *root, const char *slot, struct ef_slot *out)
{
	*out = (struct ef_slot){ .name = "uicc5", .transport = "virt", .location = "here",
				 .state = EF_SLOT_READY, .seq = 3, .insertion = 3 };
	return 0;
}

int ef_slot_list(const char *root, char (*names)[32], size_t max)
{
	strcpy(names[0], "uicc5");
	return 1;
}

int owner_open_program(const char *path)
{
	return open(path, O_RDONLY | O_CLOEXEC);
}

int ef_slot_name(const char *device, char *out, size_t size)
{
	abort();
}

bool ef_path_allowed(const char *path)
{
	abort();
}

int ef_read(const char *root, const char *card, uint64_t seq, const char *path, size_t off,
	    uint8_t *buf, size_t n)
{
	abort();
}

int ef_read_access(const char *root, const char *card, uint64_t seq, const char *path,
		   struct ef_access *out)
{
	abort();
}

int ef_attr_read(const char *root, const char *device, const char *attr, char *out, size_t size)
{
	out[0] = 0;
	return -ENOENT;
}

int reconcile_run(const struct helper *h)
{
	abort();
}

int route_open(void)
{
	return -EPERM;
}

bool route_default_came(int fd)
{
	return false;
}

/* --- the children -------------------------------------------------------- */

int child_spawn(const struct helper *h, const char *mode, bool network, struct child *out)
{
	bool session = !strcmp(mode, "session-child");
	sigset_t none;
	int fds[2];

	assert_int_equal(network, session);
	assert_true(session || !strcmp(mode, "pending-child"));
	assert_int_equal(ipc_pair(fds), 0);
	session ? w->sessions++ : w->children++;
	w->patience = h->conf.patience_s;
	out->pid = fork();
	if (!out->pid) {
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		close(fds[0]);
		(session ? session_part : part)(fds[1]);
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

static void event(enum unl_event_type type, uint32_t slot, uint32_t id, enum unl_outcome outcome)
{
	struct unl_event ev = { .type = type, .slot = slot, .id = id };

	if (type == UNL_EV_COMPLETED)
		ev.answer = (struct unl_answer){ .id = id, .outcome = outcome };
	(void)!write(events[1], &ev, sizeof(ev));
}

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
static bool reply_take(int fd)
{
	struct ipc_msg m;
	int r;

	do {
		r = ipc_recv(fd, &m, PLAY_MS);
		w->networks += !r && m.type == IPC_NETWORK;
	} while (!r && (m.type == IPC_NETWORK || m.type == IPC_WAKE || m.type == IPC_END));
	w->lost |= r == -ETIMEDOUT;
	if (r)
		return false;
	w->replies++;
	w->last = m.outcome;
	return true;
}

static void session_ask(int fd, enum ipc_ui ui)
{
	struct ipc_msg m;

	ipc_prepare(&m, IPC_SESSION);
	m.session.ui = ui;
	strcpy(m.session.server_id, SERVER);
	strcpy(m.session.cause, "notification");
	m.session.session_id = 77;
	m.session.server_initiated = 1;
	say(fd, &m);
}

static void start_take(int fd)
{
	struct ipc_msg m;

	w->lost |= ipc_recv(fd, &m, PLAY_MS) != 0;
	w->lost |= m.type != IPC_START || m.start.slot[0] || m.start.seq;
}

static volatile sig_atomic_t ended;

static void on_term(int sig)
{
	ended = 1;
}

static void session_take(int fd)
{
	struct ipc_msg m;

	w->lost |= ipc_recv(fd, &m, PLAY_MS) != 0;
	w->lost |= m.type != IPC_START_SESSION || m.start_session.slot[0] ||
		   strcmp(m.start_session.cause, "notification") ||
		   m.start_session.session_id != 77 || !m.start_session.server_initiated;
}

static void outcome_say(int fd)
{
	struct ipc_msg m;

	ipc_prepare(&m, IPC_OUTCOME);
	m.outcome.result = w->session_result;
	m.outcome.retry = w->session_retry;
	say(fd, &m);
}

static void session_short(int fd)
{
	session_take(fd);
	outcome_say(fd);
}

static void session_long(int fd)
{
	signal(SIGTERM, on_term);
	session_take(fd);
	w->runs++;
	WAIT_FOR(ended);
	outcome_say(fd);
}

/* --- runs ---------------------------------------------------------------- */

static const char *beside(const char *name)
{
	static char path[96];

	snprintf(path, sizeof(path), "%s/%s", run_dir, name);
	return path;
}

static void conf_write(const char *text)
{
	FILE *f = fopen(conf_path, "w");

	fputs(text, f);
	fclose(f);
}

static int run_pending(void)
{
	struct helper h = { .detached = w->detached, .conf_path = conf_path, .sysfs = "sysfs", .run_dir = run_dir };
	char err[CONF_ERROR_MAX];

	assert_int_equal(conf_load(conf_path, &h.conf, err), 0);
	return pending_run(&h);
}

static void world_new(void (*child)(int fd))
{
	struct unl_event ev;
	struct pollfd p = { .fd = events[0], .events = POLLIN };

	memset(w, 0, sizeof(*w));
	part = child;
	session_part = session_short;
	/* Neither a slot that is not trusted nor card-check concerns it. */
	conf_write("trusted-slots = none:*\ncard-check = /bin/false\n");
	while (poll(&p, 1, 0) > 0)
		(void)!read(events[0], &ev, sizeof(ev));
}

static void assert_clean(void)
{
	assert_false(w->lost);
	assert_int_equal(w->open, 0);
	assert_int_equal(w->opened, 0);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(access(beside("wake"), F_OK), -1);
}

/* --- stage by event ------------------------------------------------------ */

enum part_stage { AT_READING, AT_QUESTION, AT_SESSION, STAGES };
enum outside { SIG_TERM, HUP, CARD_GONE, SLOT_0_GONE, SOCKET_BROKE, LOST, DIES, CARD_CAME, EVENTS };

static const char *const stage_names[] = { "reading", "question", "session" };
static const char *const event_names[] = { "SIGTERM", "SIGHUP", "card gone", "slot 0 gone",
					   "socket broke", "lost", "child dies", "card came" };
static enum part_stage the_stage;
static enum outside the_event;

static void event_cause(void)
{
	switch (the_event) {
	case SIG_TERM:
		break;
	case HUP:
		kill(loop_pid, SIGHUP);
		break;
	case CARD_GONE:	/* with it goes the question that stood beside it */
		event(UNL_EV_CARD_DEL, 3, 0, UNL_YES);
		if (w->open)
			event(UNL_EV_COMPLETED, 0, w->open, UNL_WITHDRAWN);
		break;
	case SLOT_0_GONE:
		event(UNL_EV_CARD_DEL, 0, 0, UNL_YES);
		event(UNL_EV_SLOT_DEL, 0, 0, UNL_YES);
		break;
	case SOCKET_BROKE:
		w->open = 0;
		event(UNL_EV_READY, 0, UINT32_MAX, UNL_YES);
		break;
	case LOST:
		event(UNL_EV_OVERRUN, 0, 0, UNL_YES);
		break;
	case DIES:
		_exit(1);
	default:
		event(UNL_EV_CARD_ADD, 3, 0, UNL_YES);
	}
	usleep(20000);
	kill(loop_pid, SIGTERM);
}

static void plays(int fd)
{
	start_take(fd);
	if (the_stage != AT_READING)
		session_ask(fd, the_stage == AT_QUESTION ? IPC_UI_ASK : IPC_UI_NONE);
	if (the_stage == AT_QUESTION)
		WAIT_FOR(w->open);
	if (the_stage == AT_SESSION)
		WAIT_FOR(w->runs);
	event_cause();
	while (reply_take(fd))
		;
}

/* Whatever comes when: the child is told once, nothing stays open, no child is left. */
static void stage_by_event(void **state)
{
	for (the_stage = 0; the_stage < STAGES; the_stage++)
		for (the_event = 0; the_event < EVENTS; the_event++) {
			int r;

			world_new(plays);
			session_part = session_long;
			w->session_result = IPC_WITHDRAWN;
			r = run_pending();
			print_message("%s, %s: %d\n", stage_names[the_stage],
				      event_names[the_event], r);
			assert_clean();
			assert_int_equal(r, the_event == DIES ? HELPER_FAILED : HELPER_OK);
			assert_int_equal(w->replies, the_event != DIES && the_stage != AT_READING);
			if (w->replies)
				assert_int_equal(w->last.result, IPC_WITHDRAWN);
			assert_int_equal(w->networks, the_event == CARD_CAME);
			assert_int_equal(w->children, 1);
		}
}

/* --- what it may ask for ------------------------------------------------- */

static enum ipc_type the_type;

static void asks_for_a_card(int fd)
{
	struct ipc_msg m;

	start_take(fd);
	ipc_prepare(&m, the_type);
	if (the_type == IPC_READ) {
		m.read.len = 1;
		strcpy(m.read.path, "3f00.2fe2");
	}
	if (the_type == IPC_PIN)
		strcpy(m.pin.path, "3f00.7f50.6431");
	say(fd, &m);
	pause();	/* it is ended */
}

/* Rules: PEND-9 */
static void nothing_of_a_card(void **state)
{
	static const enum ipc_type types[] = { IPC_READ, IPC_PIN, IPC_ASK, IPC_LWM2M_END, IPC_START,
					       IPC_OUTCOME };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		the_type = types[i];
		world_new(asks_for_a_card);
		assert_int_equal(run_pending(), HELPER_FAILED);
		assert_clean();
		assert_int_equal(w->asked, 0);
	}
}

static void asks_twice(int fd)
{
	start_take(fd);
	for (int i = 0; i < 2; i++) {
		session_ask(fd, IPC_UI_ASK);
		WAIT_FOR(w->open || w->replies > (unsigned int)i || w->sessions > (unsigned int)i);
		if (w->open)
			event(UNL_EV_COMPLETED, 0, w->open, UNL_YES);
		if (!reply_take(fd))
			return;
	}
}

/*
 * A yes holds while the session is tried again, and not for what comes after it.
 * Rules: PEND-5
 */
static void a_yes_holds_for_the_retries(void **state)
{
	world_new(asks_twice);
	w->session_result = IPC_FAILED;
	w->session_retry = 120;
	assert_int_equal(run_pending(), HELPER_OK);
	assert_clean();
	assert_int_equal(w->sessions, 2);
	assert_int_equal(w->asked, 1);
	assert_int_equal(w->last.retry, 120);	/* seconds that the server asked for */

	world_new(asks_twice);
	w->session_result = IPC_DONE;
	assert_int_equal(run_pending(), HELPER_OK);
	assert_clean();
	assert_int_equal(w->sessions, 2);
	assert_int_equal(w->asked, 2);
}

static void asks_both(int fd)
{
	start_take(fd);
	session_ask(fd, IPC_UI_ASK);
	if (!reply_take(fd))
		return;
	w->lost |= w->last.result != IPC_FAILED || !w->last.retry ||
		   !strstr(w->last.reason, "nobody can be asked");
	session_ask(fd, IPC_UI_NOTICE);
	reply_take(fd);
}

/*
 * No card, or no kernel module: a session that wants a question waits and says so; another one runs.
 * Rules: PEND-6
 */
static void nobody_can_be_asked(void **state)
{
	for (int i = 0; i < 2; i++) {
		world_new(asks_both);
		w->no_module = i == 0;
		w->no_card = true;
		w->session_result = IPC_DONE;
		assert_int_equal(run_pending(), HELPER_OK);
		assert_clean();
		assert_int_equal(w->replies, 2);
		assert_int_equal(w->sessions, 1);
		assert_int_equal(w->last.result, IPC_DONE);
		assert_int_equal(w->told, 0);
	}
}

#define TRIES 220	/* of one wish, with the longest patience there is */

static void asks_for_days(int fd)
{
	start_take(fd);
	for (int i = 0; i < TRIES; i++) {
		session_ask(fd, IPC_UI_ASK);
		w->lost |= !reply_take(fd) || w->last.result != IPC_FAILED || !w->last.retry ||
			   !strstr(w->last.reason, "nobody can be asked");
	}
	w->no_card = false;
	session_ask(fd, IPC_UI_ASK);
	WAIT_FOR(w->open);
	event(UNL_EV_COMPLETED, 0, w->open, UNL_YES);
	reply_take(fd);
}

/*
 * Questions that could not be put are none that a person was bothered with.
 * Rules: PEND-6
 */
static void nobody_can_be_asked_for_days(void **state)
{
	world_new(asks_for_days);
	w->no_card = true;
	w->session_result = IPC_DONE;
	assert_int_equal(run_pending(), HELPER_OK);
	assert_clean();
	assert_int_equal(w->replies, TRIES + 1);
	assert_int_equal(w->sessions, 1);
}

/* --- waking -------------------------------------------------------------- */

static void is_woken(int fd)
{
	struct ipc_msg m;

	start_take(fd);
	w->lost |= !access(beside("wake"), F_OK);
	if (w->children > 1)
		return;
	w->lost |= wake_mark(run_dir) != 0;
	w->lost |= ipc_recv(fd, &m, PLAY_MS) != 0 || m.type != IPC_WAKE;
	session_ask(fd, IPC_UI_NONE);
	reply_take(fd);
}

/* Told of it, it has seen it once it is answered: no other one is started. */
static void more_while_it_runs(void **state)
{
	world_new(is_woken);
	assert_int_equal(wake_mark(run_dir), 0);	/* what it was started for */
	assert_int_equal(run_pending(), HELPER_OK);
	assert_clean();
	assert_int_equal(w->children, 1);
	assert_int_equal(w->sessions, 1);
}

static void dies_once(int fd)
{
	start_take(fd);
	if (w->children == 1)
		raise(SIGKILL);
}

static void dies_in_a_session(int fd)
{
	start_take(fd);
	if (w->children > 1)
		return;
	session_ask(fd, IPC_UI_NONE);
	WAIT_FOR(w->runs);
	raise(SIGKILL);
}

static void dies_and_is_stopped(int fd)
{
	start_take(fd);
	if (!fork()) {
		close_range(3, ~0U, 0);
		usleep(200000);
		kill(loop_pid, SIGTERM);
		_exit(0);
	}
	raise(SIGKILL);
}

/*
 * Nobody starts a detached one again but itself; a service is started again by systemd.
 * Rules: PEND-1
 */
static void one_that_failed_begins_again(void **state)
{
	world_new(dies_once);
	assert_int_equal(run_pending(), HELPER_FAILED);
	assert_clean();
	assert_int_equal(w->children, 1);

	world_new(dies_once);
	w->detached = true;
	assert_int_equal(run_pending(), HELPER_OK);
	assert_clean();
	assert_int_equal(w->children, 2);

	world_new(dies_in_a_session);
	session_part = session_long;
	w->detached = true;
	assert_int_equal(run_pending(), HELPER_OK);
	assert_clean();
	assert_int_equal(w->children, 2);

	world_new(dies_and_is_stopped);
	w->detached = true;
	assert_int_equal(run_pending(), HELPER_FAILED);
	assert_clean();
	assert_int_equal(w->children, 1);
}

static void is_reloaded(int fd)
{
	struct ipc_msg m;

	start_take(fd);
	session_ask(fd, IPC_UI_ASK);
	if (w->children == 1) {
		WAIT_FOR(w->open);
		event(UNL_EV_COMPLETED, 0, w->open, UNL_YES);
	}
	reply_take(fd);
	if (w->children > 1)
		return;
	conf_write("patience = 5\n");
	kill(loop_pid, SIGHUP);
	w->lost |= ipc_recv(fd, &m, PLAY_MS) != 0 || m.type != IPC_END;
}

/* Its child may wait for a week: what is configured now is the next one's. A yes holds all the same. */
static void a_reload_is_seen_by_a_child_anew(void **state)
{
	world_new(is_reloaded);
	w->session_result = IPC_FAILED;
	w->session_retry = 1;
	assert_int_equal(run_pending(), HELPER_OK);
	assert_clean();
	assert_int_equal(w->children, 2);
	assert_int_equal(w->patience, 5);
	assert_int_equal(w->sessions, 2);
	assert_int_equal(w->asked, 1);
}

static void ends_deaf(int fd)
{
	start_take(fd);
	if (w->children == 1) {
		w->lost |= wake_mark(run_dir) != 0;
		WAIT_FOR(access(beside("wake"), F_OK));
	}
}

static void ends_and_leaves_a_mark(int fd)
{
	start_take(fd);
	kill(loop_pid, SIGSTOP);
	if (w->children == 1)
		w->lost |= wake_mark(run_dir) != 0;
	shutdown(fd, SHUT_RDWR);
	if (!fork()) {
		close_range(3, ~0U, 0);		/* the lock of the one that ends is among them */
		usleep(50000);
		kill(loop_pid, SIGCONT);
		_exit(0);
	}
}

/*
 * It ends without having seen it: another one looks.
 * Rules: PEND-8
 */
static void more_when_it_ends(void **state)
{
	world_new(ends_deaf);
	assert_int_equal(run_pending(), HELPER_OK);
	assert_clean();
	assert_int_equal(w->children, 2);

	world_new(ends_and_leaves_a_mark);
	assert_int_equal(run_pending(), HELPER_OK);
	assert_clean();
	assert_int_equal(w->children, 2);
}

static void waits_for_another(int fd)
{
	int status;
	pid_t pid;

	start_take(fd);
	pid = fork();
	if (!pid)
		_exit(run_pending());
	w->lost |= waitpid(pid, &status, 0) != pid || status != 0;
}

/* Rules: PEND-8 */
static void there_is_one(void **state)
{
	world_new(waits_for_another);
	assert_int_equal(run_pending(), HELPER_OK);
	assert_clean();
	assert_int_equal(w->children, 1);
}

static void wake_file(void **state)
{
	mode_t mask = umask(077);	/* as dmsc-client has it */
	struct stat st;
	char dir[80];

	snprintf(dir, sizeof(dir), "%s/new", run_dir);
	assert_int_equal(wake_take(dir), 0);
	assert_int_equal(wake_mark(dir), 0);
	umask(mask);
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);	/* progress is for everybody */
	assert_int_equal(wake_mark(dir), 0);
	assert_int_equal(wake_take(dir), 1);
	assert_int_equal(wake_take(dir), 0);
	assert_int_equal(rmdir(dir), 0);
	assert_int_equal(symlink("/nowhere", dir), 0);
	assert_int_not_equal(wake_mark(dir), 0);
	assert_int_equal(unlink(dir), 0);
}

/* --- what the session goes over ------------------------------------------- */

static const char *location;	/* of the card that the account came from; "" = it did not */

static void connects(int fd)
{
	struct ipc_msg m;

	start_take(fd);
	ipc_prepare(&m, IPC_CONNECT);
	m.connect.conref = 1;
	strcpy(m.connect.server_id, SERVER);
	strcpy(m.connect.c.apn, "a");
	strcpy(m.connect.transport, location[0] ? "virt" : "");
	strcpy(m.connect.location, location);
	say(fd, &m);
	session_ask(fd, IPC_UI_NONE);
	reply_take(fd);
}

/* A session that no card drives goes over the connection of the account's card, when that is there. */
/* Rules: CONN-5 */
static void connection_of_the_accounts_card(void **state)
{
	static const struct { const char *location, *words; } cases[] = {
		{ "here", "up uicc5 virt here\n" }, { "elsewhere", "up - - -\n" }, { "", "up - - -\n" },
	};
	char conf[256], program[96], told[96];
	struct buf b = BUF_INIT;
	FILE *f;

	snprintf(program, sizeof(program), "%s", beside("hook"));
	snprintf(told, sizeof(told), "%s", beside("told"));
	snprintf(conf, sizeof(conf), "connection-hook = %s\n", program);
	f = fopen(program, "w");
	fprintf(f, "#!/bin/sh\necho \"$@\" > %s\n", told);
	fclose(f);
	chmod(program, 0700);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		world_new(connects);
		conf_write(conf);
		location = cases[i].location;
		assert_int_equal(run_pending(), HELPER_OK);
		assert_int_equal(w->sessions, 1);
		buf_reset(&b);
		assert_int_equal(buf_read_file(&b, told), 0);
		assert_string_equal(buf_cstr(&b), cases[i].words);
		unlink(told);
	}
	buf_fini(&b);
	unlink(program);
	assert_int_equal(unlink(beside("uicc5" MARK_END)), 0);
}

static int group_setup(void **state)
{
	w = mmap(NULL, sizeof(*w), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	strcpy(run_dir, "/tmp/dmsc-pending-XXXXXX");
	if (w == MAP_FAILED || !mkdtemp(run_dir) || pipe2(events, O_NONBLOCK))
		return -1;
	snprintf(conf_path, sizeof(conf_path), "%s/conf", run_dir);
	loop_pid = getpid();
	return 0;
}

static int group_teardown(void **state)
{
	unlink(conf_path);
	unlink(beside("pending.lock"));
	return rmdir(run_dir);
}

/* --- nobody is there to be asked ------------------------------------------ */

static void asks_then_another(int fd)
{
	start_take(fd);
	session_ask(fd, IPC_UI_ASK);
	w->lost |= !reply_take(fd) || w->last.result != IPC_FAILED || w->last.retry != 1;
	session_ask(fd, IPC_UI_NONE);
	reply_take(fd);
}

/* Other servers wait behind it: a question that no agent takes is put again another time. */
static void question_nobody_takes(void **state)
{
	world_new(asks_then_another);
	conf_write("consent-timeout = 1\n");
	assert_int_equal(run_pending(), HELPER_OK);
	assert_clean();
	assert_int_equal(w->replies, 2);
	assert_int_equal(w->asked, 1);
	assert_int_equal(w->withdrawn, 1);
	assert_int_equal(w->sessions, 1);
}

static void asks_those_who_do_not_come(int fd)
{
	start_take(fd);
	for (int i = 0; i < QUESTIONS_MAX + 1; i++) {
		session_ask(fd, IPC_UI_ASK);
		w->lost |= !reply_take(fd) || !strstr(w->last.reason, "no agent took");
	}
}

/* A week without an agent: who saw no question is not asked too often. */
static void questions_nobody_takes(void **state)
{
	world_new(asks_those_who_do_not_come);
	conf_write("consent-timeout = 1\n");
	assert_int_equal(run_pending(), HELPER_OK);
	assert_clean();
	assert_int_equal(w->asked, QUESTIONS_MAX + 1);
}

static void asks_a_slow_one(int fd)
{
	start_take(fd);
	session_ask(fd, IPC_UI_ASK);
	WAIT_FOR(w->open);
	w->taken = true;
	usleep(1500000);
	event(UNL_EV_COMPLETED, 0, w->open, UNL_YES);
	reply_take(fd);
}

/* Who has it has the kernel's time. */
static void question_somebody_has(void **state)
{
	world_new(asks_a_slow_one);
	conf_write("consent-timeout = 1\n");
	assert_int_equal(run_pending(), HELPER_OK);
	assert_clean();
	assert_int_equal(w->withdrawn, 0);
	assert_int_equal(w->sessions, 1);
	assert_int_equal(w->last.result, IPC_DONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stage_by_event),
		cmocka_unit_test(question_nobody_takes),
		cmocka_unit_test(questions_nobody_takes),
		cmocka_unit_test(question_somebody_has),
		cmocka_unit_test(nothing_of_a_card),
		cmocka_unit_test(a_yes_holds_for_the_retries),
		cmocka_unit_test(nobody_can_be_asked),
		cmocka_unit_test(nobody_can_be_asked_for_days),
		cmocka_unit_test(more_while_it_runs),
		cmocka_unit_test(more_when_it_ends),
		cmocka_unit_test(one_that_failed_begins_again),
		cmocka_unit_test(a_reload_is_seen_by_a_child_anew),
		cmocka_unit_test(there_is_one),
		cmocka_unit_test(wake_file),
		cmocka_unit_test(connection_of_the_accounts_card),
	};

	return cmocka_run_group_tests_name("pending", tests, group_setup, group_teardown);
}
