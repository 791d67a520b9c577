// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What dmsc-agent shows of each kind of question: the real program on a terminal, with
 * a kernel that is played and a clock that stands still. Documentation/agent.rst is what
 * it printed; scripts/agent-captures --write makes that anew.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static int played_clock(clockid_t id, struct timespec *t);

/* The program's own files: they are not part of the library. */
int agent_main(int argc, char **argv);
#define main agent_main
#define clock_gettime played_clock
#define PROGRESS_VIEW_DIR progress_dir
static char progress_dir[80];
#include "dmsc-agent/main.c"
#include "dmsc-agent/progress.c"
#undef main
#undef clock_gettime
#include "dmsc-helper/progress.c"

#include "played_kernel.h"

#define DOCUMENT "Documentation/agent.rst"
#define PATIENCE 20000

/* --- the kernel ------------------------------------------------------------ */

static struct world {
	int64_t now_ms;
	bool asked;			/* the question below is there to be taken */
	struct unl_question q;
	bool answered;
	struct unl_answer answer;
} *w;

static int played_clock(clockid_t id, struct timespec *t)
{
	t->tv_sec = w->now_ms / 1000;
	t->tv_nsec = w->now_ms % 1000 * 1000000;
	return 0;
}

int unl_open(struct unl **out)
{
	*out = (struct unl *)w;
	return 0;
}

void unl_close(struct unl *nl)
{
}

int unl_agent_register(struct unl *nl)
{
	return 0;
}

int unl_event_next(struct unl *nl, struct unl_event *ev)
{
	return played_event(ev);
}

int unl_accept(struct unl *nl, uint32_t id, struct unl_question *out)
{
	if (!w->asked)
		return -ENOENT;
	w->asked = false;
	*out = w->q;
	return 0;
}

int unl_done(struct unl *nl, const struct unl_answer *a)
{
	w->answer = *a;
	w->answered = true;
	return 0;
}

static void kernel_says(enum unl_event_type type, enum unl_outcome outcome)
{
	struct unl_event ev = { .type = type, .id = w->q.id };

	ev.answer.outcome = outcome;
	assert_int_equal(write(events[1], &ev, sizeof(ev)), sizeof(ev));
}

/* --- the terminal ---------------------------------------------------------- */

static int master;
static pid_t agent_pid;
static char seen[16384];
static size_t nseen;

static void agent_start(void)
{
	char *argv[] = { (char *)"dmsc-agent", NULL };
	struct winsize size = { .ws_col = 80, .ws_row = 24 };
	int slave;

	nseen = 0;
	master = posix_openpt(O_RDWR | O_NOCTTY);
	assert_true(master >= 0);
	assert_int_equal(grantpt(master) | unlockpt(master), 0);
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	assert_true(slave >= 0);
	assert_int_equal(ioctl(slave, TIOCSWINSZ, &size), 0);
	agent_pid = fork();
	if (!agent_pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);	/* of a test that failed, none is left */
		setsid();
		ioctl(slave, TIOCSCTTY, 0);
		for (int i = 0; i < 3; i++)
			dup2(slave, i);
		setvbuf(stdout, NULL, _IOLBF, 0);
		optind = 1;
		exit(agent_main(1, argv));
	}
	close(slave);
}

/* Reads on until the terminal ends with @words. */
static void see(const char *words)
{
	size_t n = strlen(words);

	for (int i = 0; i < PATIENCE / 100; i++) {
		struct pollfd p = { .fd = master, .events = POLLIN };
		ssize_t got;

		seen[nseen] = 0;
		if (nseen >= n && !strcmp(seen + nseen - n, words))
			return;
		if (poll(&p, 1, 100) <= 0)
			continue;
		got = read(master, seen + nseen, sizeof(seen) - 1 - nseen);
		assert_true(got > 0);
		nseen += (size_t)got;
	}
	fail_msg("not seen: '%s'; but\n%s", words, seen);
}

static void type(const char *keys)
{
	assert_int_equal(write(master, keys, strlen(keys)), strlen(keys));
}

static void agent_end(void)
{
	int status;

	kill(agent_pid, SIGTERM);
	assert_int_equal(waitpid(agent_pid, &status, 0), agent_pid);
	assert_int_equal(status, 0);
	close(master);
}

/* --- the document ---------------------------------------------------------- */

static struct buf document = BUF_INIT;

static void chapter(const char *title, const char *words)
{
	buf_printf(&document, "\n%s\n", title);
	for (size_t i = 0; i < strlen(title); i++)
		buf_put_str(&document, "=");
	buf_printf(&document, "\n\n%s\n\n::\n\n    $ dmsc-agent\n", words);
}

/* As text: what is written over a line stands below it, Esc is shown as the terminal shows it. */
static void screen_put(void)
{
	bool begins = true;

	for (size_t i = 0; i < nseen; i++) {
		if (seen[i] == '\r' && seen[i + 1] == '\033') {
			i += 3;			/* \r ESC [ K */
			assert_int_equal(seen[i], 'K');
			if (!begins)
				buf_put_str(&document, "\n");
			begins = true;
		} else if (seen[i] != '\r') {
			if (begins && seen[i] != '\n')
				buf_put_str(&document, "    ");
			begins = seen[i] == '\n';
			while (begins && document.len && document.data[document.len - 1] == ' ')
				buf_truncate(&document, document.len - 1);
			buf_put(&document, seen + i, 1);
		}
	}
	if (!begins)
		buf_put_str(&document, "\n");
}

/* --- the questions --------------------------------------------------------- */

#define SERVER "server \"dm.example.net\", over dmsc, for the card in uicc0"

static uint32_t last_id;

/* One step: what the terminal ends with, and what is typed then. */
struct step {
	const char *see, *type;
};

static void capture(const char *title, const char *words, const struct unl_question *q,
		    const struct step *steps, size_t nsteps)
{
	w->q = *q;
	w->q.id = ++last_id;
	w->q.seq = 1;
	w->answered = false;
	w->asked = true;
	chapter(title, words);
	agent_start();
	for (size_t i = 0; i < nsteps; i++) {
		see(steps[i].see);
		if (steps[i].type)
			type(steps[i].type);
	}
	agent_end();
	screen_put();
}

#define CAPTURE(title, words, q, ...) do { \
	static const struct step steps_[] = { __VA_ARGS__ }; \
	capture(title, words, q, steps_, sizeof(steps_) / sizeof(steps_[0])); \
} while (0)

static void session(void **state)
{
	static const struct unl_question q = {
		.kind = UNL_KIND_SESSION, .timeout_ms = 60000,
		.origin = "dmsc, for the card in uicc0 (serial:mmio:fe001000)",
		.text = "Connect this device to the management server \"dm.example.net\"?"
			" The card says: \"Connect to Example Mobile?\"",
	};

	CAPTURE("A session", "A card asks for a session with its management server, and for a person's leave.",
		&q, { "y or n; c cancels: ", "perhaps\n" }, { "type y or n\r\n    (60 s left) y or n; c cancels: ", "y\n" },
		{ "question 1 answered: yes\r\n", NULL });
	assert_int_equal(w->answer.outcome, UNL_YES);
}

static void provision(void **state)
{
	static const struct unl_question q = {
		.kind = UNL_KIND_PROVISION, .timeout_ms = 60000,
		.origin = "dmsc, for the card in uicc0 (serial:mmio:fe001000)",
		.text = "Take over the management settings of the card in uicc0?",
	};

	CAPTURE("Settings of a card", "A card wants its settings to be taken over only when a person agrees.",
		&q, { "y or n; c cancels: ", "n\n" }, { "answered: no\r\n", NULL });
	assert_int_equal(w->answer.outcome, UNL_NO);
}

static void pin(void **state)
{
	static const struct unl_question q = {
		.kind = UNL_KIND_PIN, .timeout_ms = 60000, .key_ref = 1, .retries = 3,
		.origin = "dmsc, for the card in uicc0 (serial:mmio:fe001000)",
		.text = "The card in uicc0 keeps management data behind a PIN.",
	};

	CAPTURE("A PIN", "Nothing of it is shown, not even how long it is.",
		&q, { "PIN, not shown: ", "123\n" },
		{ "gives none\r\n    (60 s left) PIN, not shown: ", "83520174\n" },
		{ "the card gets the PIN\r\n", NULL });
	assert_string_equal(w->answer.value, "83520174");
	assert_null(strstr(seen, "8352"));
}

static void last_try(void **state)
{
	static const struct unl_question q = {
		.kind = UNL_KIND_PIN, .timeout_ms = 60000, .key_ref = 1, .retries = 1,
		.origin = "dmsc, for the card in uicc0 (serial:mmio:fe001000)",
		.text = "The card in uicc0 keeps management data behind a PIN.",
	};

	CAPTURE("The last try of a PIN", "It has to be typed twice.",
		&q, { "PIN, not shown: ", "83520174\n" },
		{ "it is the last try\r\n    (60 s left) PIN, not shown: ", "\n" },
		{ "answered: no\r\n", NULL });
}

/* Rules: UI-29 */
static void display(void **state)
{
	static const struct unl_question q = {
		.kind = UNL_KIND_DISPLAY, .timeout_ms = 60000, .origin = SERVER, .options = "MINDT=10",
		.text = "Maintenance tonight between 1 and 3 o'clock: there may be no connection for some minutes.",
	};

	w->q = q;
	w->q.id = ++last_id;
	w->answered = false;
	w->asked = true;
	chapter("A notice of a server",
		"Alert 1100 of DM Protocol 1.2, with MINDT=10: nothing else is shown for ten seconds, then the\n"
		"server is told that it was.");
	agent_start();
	see("(10 s left) shown for a while; c closes: ");
	w->now_ms += 9000;
	kernel_says(UNL_EV_CARD_ADD, UNL_YES);	/* it looks at the clock */
	usleep(200000);
	assert_false(w->answered);
	w->now_ms += 1000;
	kernel_says(UNL_EV_CARD_ADD, UNL_YES);
	see("answered: yes\r\n");
	assert_true(w->answered && w->answer.outcome == UNL_YES);
	agent_end();
	screen_put();
}

static void confirm(void **state)
{
	static const struct unl_question q = {
		.kind = UNL_KIND_CONFIRM, .timeout_ms = 30000, .origin = SERVER, .options = "MAXDT=30&DR=0",
		.text = "May a new firmware be installed now? The device starts anew.          "
			"                              --- question 7: is this line one of dmsc-agent's?",
	};

	CAPTURE("Yes or no to a server",
		"Alert 1101, with MAXDT=30 and DR=0. The server sent blanks enough to begin a line of its own:\n"
		"what is foreign never comes to the edge.",
		&q, { "y or n; c cancels: ", "\n" }, { "answered: no\r\n", NULL });
	assert_int_equal(w->answer.outcome, UNL_NO);
}

static void text_typed(void **state)
{
	static const struct unl_question q = {
		.kind = UNL_KIND_TEXT, .timeout_ms = 60000, .origin = SERVER,
		.options = "DR=01012027&MAXLEN=8&IT=D", .text = "From when on shall the new tariff hold?",
	};

	CAPTURE("Text for a server", "Alert 1102 with IT=D, MAXLEN=8 and DR.",
		&q, { "text; Esc cancels: ", "30022027\n" },
		{ "24122026\r\n    (60 s left) text; Esc cancels: ", "28022027\n" }, { "answered: yes\r\n", NULL });
	assert_string_equal(w->answer.value, "28022027");
}

static void text_masked(void **state)
{
	static const struct unl_question q = {
		.kind = UNL_KIND_TEXT, .timeout_ms = 60000, .origin = SERVER, .options = "ET=P&MAXLEN=20",
		.text = "Your password for Example Mobile?",
	};

	CAPTURE("Masked text", "Alert 1102 with ET=P.",
		&q, { "text, not shown; Esc cancels: ", "correct horse\n" }, { "answered: yes\r\n", NULL });
	assert_string_equal(w->answer.value, "correct horse");
	assert_null(strstr(seen, "horse"));
}

static void single(void **state)
{
	static const struct unl_question q = {
		.kind = UNL_KIND_SINGLE_CHOICE, .timeout_ms = 60000, .origin = SERVER, .options = "DR=2",
		.text = "Which network is to be preferred?", .nchoices = 3,
		.choices = { "Example Mobile", "Example Mobile abroad", "whichever is strongest" },
	};

	CAPTURE("One of several choices", "Alert 1103 with DR=2.",
		&q, { "number; c cancels: ", "4\n" },
		{ "of the list\r\n    (60 s left) number; c cancels: ", "3\n" }, { "answered: yes\r\n", NULL });
	assert_true(w->answer.nselected == 1 && w->answer.selected[0] == 3);
}

static void multiple(void **state)
{
	static const struct unl_question q = {
		.kind = UNL_KIND_MULTIPLE_CHOICE, .timeout_ms = 60000, .origin = SERVER, .options = "DR=1-3",
		.text = "What may be reported to Example Mobile?", .nchoices = 3,
		.choices = { "errors of the modem", "where the device is", "how strong networks are" },
	};

	CAPTURE("Any of several choices", "Alert 1104 with DR=1-3; an answer has several numbers, or none.",
		&q, { "none; c cancels: ", "1, 3\n" }, { "answered: yes\r\n", NULL });
	assert_true(w->answer.nselected == 2 && w->answer.selected[1] == 3);
}

static void cancel(void **state)
{
	static const struct unl_question q = {
		.kind = UNL_KIND_TEXT, .timeout_ms = 60000, .origin = SERVER, .text = "Your name?",
	};

	CAPTURE("A question closed", "Esc, then Enter: no text can be that. The server is told 214.",
		&q, { "text; Esc cancels: ", "\033\n" }, { "answered: cancelled\r\n", NULL });
	assert_int_equal(w->answer.outcome, UNL_CANCELLED);
}

static void timed_out(void **state)
{
	static const struct unl_question q = {
		.kind = UNL_KIND_CONFIRM, .timeout_ms = 30000, .origin = SERVER, .options = "MAXDT=30",
		.text = "Is anybody there?",
	};

	w->q = q;
	w->q.id = ++last_id;
	w->answered = false;
	w->asked = true;
	chapter("A question that nobody answered", "The time is the server's, MAXDT=30, or that of dmsc.conf(5).");
	agent_start();
	see("(30 s left) y or n; c cancels: ");
	w->now_ms += 20000;
	kernel_says(UNL_EV_CARD_ADD, UNL_YES);
	see("(10 s left) y or n; c cancels: ");
	kernel_says(UNL_EV_QUESTION_WITHDRAWN, UNL_TIMEOUT);
	see("the time to answer is over\r\n");
	assert_false(w->answered);
	agent_end();
	screen_put();
}

static void progress(void **state)
{
	struct progress p;

	w->asked = false;
	chapter("Progress", "Of what takes long; on a terminal each line takes the place of the one before.");
	assert_int_equal(mkdir(progress_dir, 0755), 0);
	progress_init(&p, progress_dir, "uicc0");
	agent_start();
	see("waiting for questions\r\n");	/* it listens before it says so */
	progress_write(&p, 3000, "dm.example.net", "receiving ./Com.Example/Map", 65536, 250000);
	see("65536 of 250000 bytes (26 %)");
	progress_write(&p, 5000, "dm.example.net", "receiving ./Com.Example/Map", 196608, 250000);
	see("196608 of 250000 bytes (78 %)");
	progress_end(&p);
	see("(78 %)\r\n");
	agent_end();
	screen_put();
}

/* --- where nothing can be written over: a feed of answers, and a file --------- */

/* An agent that reads @feed and an end; what it says goes to @seen as before. */
static void agent_piped(const char *feed)
{
	char *argv[] = { (char *)"dmsc-agent", NULL };
	int in[2], out[2];

	nseen = 0;
	assert_int_equal(pipe(in) | pipe(out), 0);
	assert_int_equal(write(in[1], feed, strlen(feed)), strlen(feed));
	agent_pid = fork();
	if (!agent_pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);	/* of a test that failed, none is left */
		dup2(in[0], 0);
		dup2(out[1], 1);
		close(in[1]);
		setvbuf(stdout, NULL, _IOLBF, 0);
		optind = 1;
		exit(agent_main(1, argv));
	}
	close(in[0]);
	close(in[1]);
	close(out[1]);
	master = out[0];
}

static void wait_answered(void)
{
	for (int i = 0; !w->answered && i < PATIENCE / 10; i++)
		usleep(10000);
	assert_true(w->answered);
}

/* The line was meant for the question that comes after a notice, however long that is shown. */
static void a_feed_and_a_notice(void **state)
{
	w->q = (struct unl_question){ .id = 90, .kind = UNL_KIND_DISPLAY, .options = "MINDT=5",
				      .timeout_ms = 60000 };
	w->answered = false;
	w->asked = true;
	agent_piped("y\n");
	see("c closes: ");
	kernel_says(UNL_EV_CARD_ADD, UNL_YES);
	usleep(200000);
	assert_false(w->answered);
	w->now_ms += 5000;
	kernel_says(UNL_EV_CARD_ADD, UNL_YES);
	see("question 90 answered: yes\n");
	w->answered = false;
	w->q = (struct unl_question){ .id = 91, .kind = UNL_KIND_CONFIRM, .timeout_ms = 60000 };
	w->asked = true;
	kernel_says(UNL_EV_READY, UNL_YES);
	wait_answered();
	assert_true(w->answer.id == 91 && w->answer.outcome == UNL_YES);
	see("the input has ended\n");
	agent_end();
}

/* What is written while the clock stands still is too soon, whenever it is looked at. */
static void progress_is_told_rarely(void **state)
{
	struct progress p;

	w->asked = false;
	progress_init(&p, progress_dir, "pending");
	agent_piped("\n");
	see("waiting for questions\n");
	progress_write(&p, 1, "s", "w", 1, 100);
	see("    s: w, 1 of 100 bytes (1 %)\n");
	for (uint64_t i = 2; i < 5; i++) {
		w->now_ms += 1000;
		progress_write(&p, (int64_t)i * 1000, "s", "w", i, 100);
	}
	w->now_ms += 10000;
	progress_write(&p, 9000, "s", "w", 4, 100);
	see("    s: w, 4 of 100 bytes (4 %)\n");
	assert_null(strstr(seen, "\r"));
	assert_null(strstr(seen, "2 of"));
	assert_null(strstr(seen, "3 of"));
	progress_end(&p);
	agent_end();
}

/* An agent that was there before the first of them. */
static void progress_directory_comes(void **state)
{
	struct pollfd f = { .events = POLLIN };
	struct progress p;
	int i;

	rmdir(progress_dir);
	progress_init(&p, progress_dir, "pending");
	agent_piped("\n");
	see("waiting for questions\n");
	f.fd = master;
	for (i = 1; i < PATIENCE / 200 && poll(&f, 1, 200) <= 0; i++) {
		w->now_ms += 10000;
		progress_write(&p, i * 1000, "s", "w", 1, 100);
	}
	see("    s: w, 1 of 100 bytes (1 %)\n");
	progress_end(&p);
	agent_end();
}

/* --- what is kept ---------------------------------------------------------- */

static void the_document_is_that(void **state)
{
	_cleanup_buf_ struct buf kept = BUF_INIT;
	const char *write_it = getenv("AGENT_CAPTURES");
	FILE *f;

	assert_int_equal(buf_error(&document), 0);
	if (write_it && !strcmp(write_it, "write")) {
		f = fopen(DOCUMENT, "w");
		assert_non_null(f);
		assert_int_equal(fwrite(document.data, 1, document.len, f), document.len);
		assert_int_equal(fclose(f), 0);
		return;
	}
	assert_int_equal(buf_read_file(&kept, DOCUMENT), 0);
	if (strcmp(buf_cstr(&kept), buf_cstr(&document)))
		fail_msg(DOCUMENT " is not what the agent shows: scripts/agent-captures --write\n%s",
			 buf_cstr(&document));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(session), cmocka_unit_test(provision), cmocka_unit_test(pin),
		cmocka_unit_test(last_try), cmocka_unit_test(display), cmocka_unit_test(confirm),
		cmocka_unit_test(text_typed), cmocka_unit_test(text_masked), cmocka_unit_test(single),
		cmocka_unit_test(multiple), cmocka_unit_test(cancel), cmocka_unit_test(timed_out),
		cmocka_unit_test(progress), cmocka_unit_test(the_document_is_that),
		cmocka_unit_test(a_feed_and_a_notice), cmocka_unit_test(progress_is_told_rarely),
		cmocka_unit_test(progress_directory_comes),
	};
	char top[] = "/tmp/dmsc-test-captures-XXXXXX";
	int r;

	w = mmap(NULL, sizeof(*w), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (w == MAP_FAILED || pipe(events) || !mkdtemp(top))
		return 1;
	w->now_ms = 1000000;
	snprintf(progress_dir, sizeof(progress_dir), "%s/progress", top);
	alarm(120);
	buf_put_str(&document,
		    ".. SPDX-License-Identifier: GPL-2.0-or-later\n\n"
		    "====================\nWhat the agent shows\n====================\n\n"
		    "**dmsc-agent**\\(1) on a terminal, one question of each kind. Made by\n"
		    "``scripts/agent-captures --write`` and compared by every run of the tests.\n");
	r = cmocka_run_group_tests(tests, NULL, NULL);
	buf_fini(&document);
	rmdir(progress_dir);
	rmdir(top);
	return r;
}
