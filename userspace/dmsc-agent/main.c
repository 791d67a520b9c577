// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * dmsc-agent(1): takes questions from the kernel, shows them on a terminal and
 * returns the answer. It knows no card, no server and no session.
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <termios.h>
#include <time.h>

#include "ask/ask.h"
#include "dmsc-agent/progress.h"

#define LINE_MAX_LEN 2048
#define TURN_MS 2200		/* another agent has its turn for 2 s */
#define REMIND_MS 10000

enum { EXIT_OK, EXIT_FAIL, EXIT_USAGE, EXIT_PERMISSION, EXIT_MODULE };

struct agent {
	struct unl *nl;
	bool once, tty;
	bool screen;		/* stdout is a terminal */
	bool waiting;		/* questions may be pending at the kernel */
	int64_t try_again;	/* when to try to accept again; 0 = when told */
	bool have;		/* q is held and shown */
	struct unl_question q;
	int64_t deadline, remind;
	int64_t until;		/* a notice is to be seen so long; 0 = no longer */
	unsigned int answered;
	/* input */
	char line[LINE_MAX_LEN];
	size_t len;
	bool eof, overlong;
	struct pin_first first;
	struct termios shown;	/* terminal settings to return to */
	bool hidden;
	struct progress_view progress;
};

static volatile sig_atomic_t ended, suspended;

static void on_signal(int sig)
{
	if (sig == SIGTSTP)
		suspended = 1;
	else
		ended = 1;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* What is said from here on stands on a line of its own. */
static unsigned int columns(struct agent *a)
{
	struct winsize size = { 0 };

	progress_break(&a->progress);
	if (!a->screen)
		return 0;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_col)
		return 80;
	return size.ws_col;
}

static unsigned int seconds_left(const struct agent *a)
{
	int64_t left = (a->until ? a->until : a->deadline) - now_ms();

	return left > 0 ? (unsigned int)((left + 999) / 1000) : 0;
}

/* --- the terminal -------------------------------------------------------- */

static void echo_hide(struct agent *a)
{
	struct termios t;

	if (!a->tty || tcgetattr(STDIN_FILENO, &a->shown))
		return;
	t = a->shown;
	t.c_lflag &= ~(tcflag_t)ECHO;
	a->hidden = tcsetattr(STDIN_FILENO, TCSAFLUSH, &t) == 0;
}

static void echo_restore(struct agent *a)
{
	if (a->hidden)
		/* Half a PIN that nobody waits for any more must not reach a shell. */
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &a->shown);
	a->hidden = false;
}

/* --- one question -------------------------------------------------------- */

static void question_end(struct agent *a)
{
	echo_restore(a);
	explicit_bzero(a->line + a->len, sizeof(a->line) - a->len);	/* it may have been a PIN */
	explicit_bzero(&a->first, sizeof(a->first));
	a->have = false;
	a->until = 0;
	a->waiting = true;	/* another may have come meanwhile */
	a->try_again = 0;
	a->answered++;
}

static void answer_send(struct agent *a, struct unl_answer *ans)
{
	static const char *const words[] = { "yes", "no", "cancelled" };
	int r;

	ans->id = a->q.id;
	r = unl_done(a->nl, ans);
	if (!r && a->q.kind == UNL_KIND_PIN && ans->outcome == UNL_YES)
		printf("    question %u: the card gets the PIN\n", a->q.id);
	else if (!r)
		printf("    question %u answered: %s\n", a->q.id, words[ans->outcome]);
	else if (r == -ENOENT)
		printf("    question %u is not open any more; the answer was not used\n", a->q.id);
	else
		printf("    question %u: the answer could not be given: %s\n", a->q.id, strerror(-r));
	fflush(stdout);
	explicit_bzero(ans, sizeof(*ans));
	question_end(a);
}

/* A feed that answers whatever comes must not block a card, however often the card comes. */
static bool last_try_refused(struct agent *a)
{
	struct unl_answer ans = { .outcome = UNL_CANCELLED };

	if (a->tty || a->q.kind != UNL_KIND_PIN || a->q.retries != 1)
		return false;
	puts("    the last try is taken from a terminal alone");
	answer_send(a, &ans);
	return true;
}

static void question_take(struct agent *a)
{
	struct unl_answer ans = { 0 };
	int r = unl_accept(a->nl, 0, &a->q);

	a->try_again = 0;
	if (r == -EAGAIN) {
		a->try_again = now_ms() + TURN_MS;
		return;
	}
	a->waiting = false;
	if (r) {
		if (r != -ENOENT)
			printf("dmsc-agent: a question could not be taken: %s\n", strerror(-r));
		return;
	}
	a->have = true;
	a->deadline = now_ms() + (a->q.timeout_ms ? a->q.timeout_ms : 60000);
	a->remind = now_ms() + REMIND_MS;
	show_question(&a->q, columns(a));
	if (question_shown_only(&a->q) && !question_min_s(&a->q)) {
		ans.outcome = UNL_YES;
		answer_send(a, &ans);
		return;
	}
	if (question_shown_only(&a->q))
		a->until = now_ms() + (int64_t)question_min_s(&a->q) * 1000;
	if (last_try_refused(a))
		return;
	if (a->tty) {	/* what was typed before the question was seen answers nothing */
		tcflush(STDIN_FILENO, TCIFLUSH);
		explicit_bzero(a->line, sizeof(a->line));
		a->len = 0;
		a->overlong = false;
	}
	if (question_secret(&a->q))
		echo_hide(a);
	show_prompt(&a->q, seconds_left(a));
}

/* --- input --------------------------------------------------------------- */

static void input_read(struct agent *a)
{
	ssize_t n;

	if (a->len == sizeof(a->line)) {	/* a line nobody types */
		a->len = 0;
		a->overlong = true;
	}
	n = read(STDIN_FILENO, a->line + a->len, sizeof(a->line) - a->len);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0)
		a->eof = true;
	else
		a->len += (size_t)n;
}

/* Takes one line out of the input; false when there is none yet. */
static bool input_line(struct agent *a, char *out, size_t *len)
{
	char *end = memchr(a->line, '\n', a->len);
	size_t n;

	if (!end && !(a->eof && a->len))
		return false;
	n = end ? (size_t)(end - a->line) : a->len;
	memcpy(out, a->line, n);
	*len = n;
	if (end)
		n++;
	memmove(a->line, a->line + n, a->len - n);
	a->len -= n;
	return true;
}

static enum typed line_use(struct agent *a, struct slice line, struct unl_answer *ans)
{
	if (a->hidden)
		printf("\n");	/* the line's own end was not shown either */
	if (a->overlong) {
		puts("    that is too long");
		return TYPED_AGAIN;
	}
	if (a->until && !line_cancels(&a->q, line))
		return TYPED_AGAIN;	/* nothing was asked */
	if (a->q.kind == UNL_KIND_PIN)
		return pin_understand(&a->q, line, &a->first, ans);
	return line_understand(&a->q, line, ans);
}

static void input_use(struct agent *a)
{
	struct unl_answer ans = { 0 };
	char line[LINE_MAX_LEN];
	size_t len;

	/* A feed's lines are for what comes after a notice. */
	while (a->have && !(a->until && !a->tty) && input_line(a, line, &len)) {
		memset(&ans, 0, sizeof(ans));
		if (line_use(a, slice_of(line, len), &ans) == TYPED_ANSWER)
			answer_send(a, &ans);
		else
			show_prompt(&a->q, seconds_left(a));
		a->overlong = false;
	}
	explicit_bzero(line, sizeof(line));
	if (a->have && a->eof && !a->until) {
		printf("\n    the input has ended: nobody can answer\n");
		ans.outcome = UNL_CANCELLED;
		answer_send(a, &ans);
	}
}

/*
 * Ctrl-Z. The shell gets its terminal back as it was, and may set it as it likes
 * before we go on: what is to be hidden is hidden anew then.
 */
static void suspend(struct agent *a)
{
	bool hidden = a->hidden;

	suspended = 0;
	echo_restore(a);
	/* By the signal's own way: without a shell to go on from, it does not stop us. */
	signal(SIGTSTP, SIG_DFL);
	raise(SIGTSTP);
	sigaction(SIGTSTP, &(struct sigaction){ .sa_handler = on_signal }, NULL);
	if (hidden)
		echo_hide(a);
	if (a->have && a->tty) {
		printf("\n");
		show_prompt(&a->q, seconds_left(a));
	}
}

/* --- events -------------------------------------------------------------- */

static const char *withdrawn_words(enum unl_outcome o)
{
	return o == UNL_TIMEOUT ? "the time to answer is over" :
				  "it was withdrawn (card removed, or nobody asks any more)";
}

static int events_take(struct agent *a)
{
	struct unl_event ev;
	int r;

	while ((r = unl_event_next(a->nl, &ev)) == 1) {
		if (ev.type == UNL_EV_READY || ev.type == UNL_EV_OVERRUN) {
			a->waiting = true;
			a->try_again = 0;
		} else if (ev.type == UNL_EV_QUESTION_WITHDRAWN && a->have && ev.id == a->q.id) {
			printf("\n    question %u: %s\n", a->q.id, withdrawn_words(ev.answer.outcome));
			fflush(stdout);
			question_end(a);
		}
	}
	return r;
}

static void clock_look(struct agent *a)
{
	int64_t now = now_ms();

	if (!a->have)
		return;
	if (a->until && now >= a->until) {
		struct unl_answer ans = { .outcome = UNL_YES };

		if (a->tty)
			printf("\n");
		answer_send(a, &ans);
		return;
	}
	/* The kernel keeps the time; this is for the case that its word got lost. */
	if (now > a->deadline + 2000) {
		printf("\n    question %u: the time to answer is over\n", a->q.id);
		question_end(a);
	} else if (now >= a->remind && seconds_left(a)) {
		a->remind = now + REMIND_MS;
		if (a->tty) {
			printf("\n");
			show_prompt(&a->q, seconds_left(a));
		}
	}
}

static int wait_ms(const struct agent *a)
{
	int64_t until = a->have ? (a->deadline + 2001 < a->remind ? a->deadline + 2001 : a->remind) :
				  a->try_again;
	int64_t left;

	if (a->until && a->until < until)
		until = a->until;
	left = until - now_ms();
	if (!until)
		return -1;
	return left < 0 ? 0 : (int)left;
}

static int broken(void)
{
	fprintf(stderr, "dmsc-agent: the kernel's socket broke (module unloaded?)\n");
	return EXIT_FAIL;
}

static int agent_loop(struct agent *a)
{
	int r;

	while (!ended && !(a->once && a->answered)) {
		if (suspended)
			suspend(a);
		/* Came while a request was on its way; poll() would not tell. */
		if (unl_pending(a->nl) && events_take(a) < 0)
			return broken();
		if (a->waiting && !a->have && (!a->try_again || now_ms() >= a->try_again)) {
			question_take(a);
			input_use(a);
			continue;
		}
		if (a->eof && !a->have && !a->len && !a->once) {
			puts("dmsc-agent: the input has ended");
			return EXIT_OK;
		}
		struct pollfd p[3] = {
			{ .fd = unl_fd(a->nl), .events = POLLIN },
			{ .fd = a->eof ? -1 : STDIN_FILENO, .events = POLLIN },
			{ .fd = progress_fd(&a->progress), .events = POLLIN },
		};

		r = poll(p, 3, wait_ms(a));
		if (r < 0 && errno != EINTR) {
			fprintf(stderr, "dmsc-agent: poll: %s\n", strerror(errno));
			return EXIT_FAIL;
		}
		if (r < 0)
			continue;
		if (p[0].revents && events_take(a) < 0)
			return broken();
		if (p[1].revents)
			input_read(a);
		if (p[2].revents)
			progress_take(&a->progress, !a->have, now_ms());
		input_use(a);
		clock_look(a);
	}
	return EXIT_OK;
}

static int agent_open(struct agent *a)
{
	int r = unl_open(&a->nl);

	if (r == -ENOENT) {
		fputs("dmsc-agent: the kernel has no family \"uicc\": is the module uicc loaded?\n",
		      stderr);
		return EXIT_MODULE;
	}
	if (!r)
		r = unl_subscribe(a->nl, "agents");
	if (!r)
		r = unl_agent_register(a->nl);
	if (r == -EPERM || r == -EACCES) {
		fputs("dmsc-agent: not allowed to answer questions: be a member of the group dmsc-agent\n"
		      "(log in anew after joining it), or root; see also /sys/class/uicc/agent_gid\n",
		      stderr);
		return EXIT_PERMISSION;
	}
	if (r) {
		fprintf(stderr, "dmsc-agent: %s\n", strerror(-r));
		return EXIT_FAIL;
	}
	return EXIT_OK;
}

static int options_take(int argc, char **argv, struct agent *a)
{
	static const char usage[] =
		"usage: dmsc-agent [--once]\n"
		"Shows the questions of cards and servers, reads the answers from the terminal.\n"
		"  --once     end after one question\n"
		"  --help, --version\n";
	static const struct option options[] = {
		{ "once", no_argument, NULL, '1' }, { "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' }, { NULL, 0, NULL, 0 } };
	int c;

	while ((c = getopt_long(argc, argv, "hV", options, NULL)) >= 0) {
		switch (c) {
		case '1':
			a->once = true;
			break;
		case 'h':
			fputs(usage, stdout);
			exit(EXIT_OK);
		case 'V':
			puts("dmsc-agent " DMSC_VERSION);
			exit(EXIT_OK);
		default:
			fputs(usage, stderr);
			return EXIT_USAGE;
		}
	}
	if (optind != argc) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	return EXIT_OK;
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = on_signal };
	static struct agent a;
	int r = options_take(argc, argv, &a);

	if (r)
		return r;
	/* What passes through here is no debugger's of the same user, and in no core file. */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) ||
	    setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 })) {
		perror("dmsc-agent: prctl");
		return EXIT_FAIL;
	}
	a.tty = isatty(STDIN_FILENO);
	a.screen = isatty(STDOUT_FILENO);
	progress_view_init(&a.progress, NULL, a.screen);
	a.waiting = true;	/* questions asked before we came wait for us */
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
	sigaction(SIGQUIT, &sa, NULL);	/* these two would leave the terminal without echo */
	sigaction(SIGTSTP, &sa, NULL);
	r = agent_open(&a);
	if (!r) {
		puts("dmsc-agent: waiting for questions");
		fflush(stdout);
		r = agent_loop(&a);
	}
	echo_restore(&a);
	fflush(stdout);
	progress_view_fini(&a.progress);
	unl_close(a.nl);
	return r;
}
