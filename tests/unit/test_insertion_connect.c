// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * connection-hook between the gate and the session: what it is told, what its answers
 * lead to, what ends it, and when it is told that a card is gone. The world around the
 * loop is that of test_insertion.c.
 */
#define INSERTION_MAIN insertion_tests
int insertion_tests(void);
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Who has the lock removes its file right before we get it. */
static const char *removed_first;

int flock(int fd, int how)
{
	if (removed_first)
		unlink(removed_first);
	removed_first = NULL;
	return (int)syscall(SYS_flock, fd, how);
}

#include "test_insertion.c"

static char told_path[96];	/* what the program was told */
static unsigned int connects;	/* IPC_CONNECT before the IPC_SESSION */
static const char *connect_server;
static enum ipc_ui connect_ui;

/* A program that writes it down, and then does @more. */
static const char *tells(const char *more)
{
	static char script[256];

	snprintf(script, sizeof(script), "{ echo \"$@\"; cat; } > %s; %s", told_path, more);
	return script;
}

static void card_connects(int fd)
{
	struct ipc_msg m;

	start_take(fd);
	ipc_prepare(&m, IPC_CONNECT);
	m.connect.conref = 2;
	strcpy(m.connect.server_id, connect_server);
	m.connect.c.auth = CONNECTION_CHAP;
	strcpy(m.connect.c.apn, "internet.example");
	strcpy(m.connect.c.user, "a \"user\"");
	strcpy(m.connect.c.password, "secret");
	strcpy(m.connect.c.dns[0], "192.0.2.53");
	strcpy(m.connect.c.dns[1], "2001:db8::53");
	m.connect.c.ndns = 2;
	for (unsigned int i = 0; i < connects; i++)
		say(fd, &m);
	session_request(fd, connect_ui);
	if (connect_ui == IPC_UI_ASK) {
		WAIT_FOR(w->open);
		event(UNL_EV_COMPLETED, w->last, UNL_NO);
	}
	reply_take(fd, PLAY_MS);
}

static void session_looks(int fd)
{
	struct ipc_msg m;

	w->connected = !access(told_path, F_OK);
	w->lost |= ipc_recv(fd, &m, PLAY_MS) != 0;
	w->start = m.start_session;
	outcome_say(fd, IPC_DONE);
}

static int connect_run(const char *script)
{
	const char *conf = script ? program_conf("connection-hook", script) :
				    "trusted-slots = virt:*\n";

	unlink(told_path);
	world_new();
	card_part = card_connects;
	session_part = session_looks;
	return run_insertion(conf);
}

static void connect_plain(void)
{
	connects = 1;
	connect_server = SERVER;
	connect_ui = IPC_UI_NONE;
}

static void told_is(const char *want)
{
	struct buf b = BUF_INIT;

	assert_int_equal(buf_read_file(&b, told_path), 0);
	assert_string_equal(buf_cstr(&b), want);
	buf_fini(&b);
}

/* Rules: RD-11 CONN-4 CONN-5 CONN-7 */
static void connection_before_the_session(void **state)
{
	connect_plain();
	assert_int_equal(connect_run(tells("echo interface lo; echo interfaces are told")), HELPER_OK);
	assert_int_equal(w->result, IPC_DONE);
	assert_true(w->connected);
	assert_string_equal(w->start.interface, "lo");
	assert_int_equal(w->start.conref, 2);
	told_is("up uicc5 virt here\n"
		"{\"format\":\"dmsc-connection-1\",\"slot\":\"uicc5\",\"transport\":\"virt\","
		"\"location\":\"here\",\"server\":\"" SERVER "\",\"kind\":\"apn\","
		"\"apn\":\"internet.example\",\"auth\":\"chap\",\"user\":\"a \\\"user\\\"\","
		"\"password\":\"secret\",\"dns\":[\"192.0.2.53\",\"2001:db8::53\"]}\n");
	/* It need not name one. */
	assert_int_equal(connect_run(tells("")), HELPER_OK);
	assert_true(w->connected);
	assert_string_equal(w->start.interface, "");
	assert_int_equal(w->start.conref, 2);
	/* Nobody is there to do it: the device's own connection. */
	assert_int_equal(connect_run(NULL), HELPER_OK);
	assert_int_equal(w->result, IPC_DONE);
	assert_int_equal(w->start.conref, 0);
	/* For another server than the session's. */
	connect_server = "another.example";
	assert_int_equal(connect_run(tells("")), HELPER_OK);
	assert_false(w->connected);
	assert_int_equal(w->result, IPC_DONE);
}

/* Rules: CONN-5 */
static void connection_that_is_not_there(void **state)
{
	static const char *const scripts[] = {
		"exit 75", "exit 1", "kill -9 $$", "echo interface no-such-one", "echo interface ..",
		"echo 'interface a b'", "echo interface lo; exit 3",
	};

	connect_plain();
	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		assert_int_equal(connect_run(scripts[i]), HELPER_OK);
		assert_int_equal(w->result, IPC_FAILED);
		assert_int_equal(w->sessions, 0);
		assert_false(w->lost);
	}
}

/* Rules: CONN-4 */
static void no_connection_without_a_yes(void **state)
{
	connect_plain();
	connect_ui = IPC_UI_ASK;
	assert_int_equal(connect_run(tells("")), HELPER_OK);
	assert_int_equal(w->result, IPC_REFUSED);
	assert_int_equal(access(told_path, F_OK), -1);
	/* Nor more of them than sessions. */
	connect_plain();
	connects = 2;
	assert_int_equal(connect_run(tells("")), HELPER_FAILED);
	assert_int_equal(w->sessions, 0);
	assert_int_equal(access(told_path, F_OK), -1);
}

static void events_while_it_is_set_up(void **state)
{
	static const enum outside all[] = { CARD_DEL, SLOT_DEL, SIG_TERM, HUP_DISTRUST, LOST_GONE,
					    SOCKET_BROKE };

	connect_plain();
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		int64_t start = now_ms();
		const char *conf = program_conf("connection-hook", "sleep 20");
		pid_t pid;

		world_new();
		the_event = all[i];
		card_part = card_connects;
		session_part = session_looks;
		pid = event_later();
		(void)run_insertion(conf);
		waitpid(pid, NULL, 0);
		assert_int_equal(w->replies, 1);
		assert_int_equal(w->result, IPC_WITHDRAWN);
		assert_int_equal(w->sessions, 0);
		assert_true(now_ms() - start < 10000);
		assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	}
}

/* Rules: CONN-8 */
static void connection_goes_with_its_card(void **state)
{
	struct helper h = { .sysfs = "sysfs" };
	char err[CONF_ERROR_MAX];

	connect_plain();
	assert_int_equal(connect_run(tells("")), HELPER_OK);
	conf_write(program_conf("connection-hook", tells("")));
	assert_int_equal(conf_load(conf_path, &h.conf, err), 0);
	unlink(told_path);
	connections_down(&h);		/* the card is there */
	assert_int_equal(access(told_path, F_OK), -1);
	w->no_reader = true;
	connections_down(&h);		/* whether it is cannot be told */
	assert_int_equal(access(told_path, F_OK), -1);
	w->no_reader = false;
	w->gone = true;
	connections_down(&h);
	told_is("down uicc5 virt here\n{\"format\":\"dmsc-connection-1\",\"slot\":\"uicc5\","
		"\"transport\":\"virt\",\"location\":\"here\"}\n");
	unlink(told_path);
	connections_down(&h);		/* once */
	assert_int_equal(access(told_path, F_OK), -1);
	/* Another card is in its place. */
	assert_int_equal(connect_run(tells("")), HELPER_OK);
	unlink(told_path);
	w->life++;
	connections_down(&h);
	assert_int_equal(access(told_path, F_OK), 0);
}

/* Rules: CONN-8 */
static void one_program_for_a_reader(void **state)
{
	struct helper h = { .sysfs = "sysfs" };
	char err[CONF_ERROR_MAX], path[MARK_PATH_MAX];
	int fd;

	connect_plain();
	assert_int_equal(mark_path(path, "uicc5"), 0);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(connect_run(tells("")), HELPER_OK);
	assert_int_equal(w->result, IPC_FAILED);
	assert_int_equal(access(told_path, F_OK), -1);
	conf_write(program_conf("connection-hook", tells("")));
	assert_int_equal(conf_load(conf_path, &h.conf, err), 0);
	w->gone = true;
	connections_down(&h);
	assert_int_equal(access(told_path, F_OK), -1);
	assert_int_equal(access(path, F_OK), 0);
	close(fd);
	connections_down(&h);		/* what nobody finished writing says nothing */
	assert_int_equal(access(told_path, F_OK), -1);
	assert_int_equal(access(path, F_OK), -1);
}

/* A mark that nobody finds would leave a connection up, or take the next card's down. */
static void mark_removed_meanwhile(void **state)
{
	struct ef_slot slot = { .name = "uicc5", .transport = "virt", .location = "here", .insertion = 7 };
	char path[MARK_PATH_MAX];
	int fd;

	assert_int_equal(mark_path(path, "uicc5"), 0);
	removed_first = path;
	fd = connection_mark(&slot);
	assert_true(fd >= 0);
	assert_int_equal(access(path, F_OK), 0);
	close(fd);
	removed_first = path;
	assert_int_equal(mark_open("uicc5", false), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(connection_before_the_session),
		cmocka_unit_test(connection_that_is_not_there),
		cmocka_unit_test(no_connection_without_a_yes),
		cmocka_unit_test(events_while_it_is_set_up),
		cmocka_unit_test(connection_goes_with_its_card),
		cmocka_unit_test(one_program_for_a_reader),
		cmocka_unit_test(mark_removed_meanwhile),
	};
	char mark[MARK_PATH_MAX];
	int r = world_begin();

	snprintf(told_path, sizeof(told_path), "%s.told", program);
	if (!r)
		r = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(told_path);
	if (!mark_path(mark, "uicc5"))
		unlink(mark);
	world_end();
	return r;
}
