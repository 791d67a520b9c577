// SPDX-License-Identifier: GPL-2.0-or-later
/* ipc: what a broken or hostile peer can send. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <cmocka.h>

#include "ipc/ipc.h"

#define HEAD offsetof(struct ipc_msg, start)

static int fds[2];
static struct ipc_msg m, got;

static int setup(void **state)
{
	return ipc_pair(fds);
}

static int teardown(void **state)
{
	close(fds[0]);
	if (fds[1] >= 0)
		close(fds[1]);
	return 0;
}

/* Sends raw bytes and returns what the receiver says. */
static int raw(const void *p, size_t n)
{
	assert_int_equal(send(fds[0], p, n, 0), n);
	return ipc_recv(fds[1], &got, 1000);
}

static void good_messages_pass(void **state)
{
	ipc_prepare(&m, IPC_READ);
	m.read.len = IPC_DATA_MAX;
	strcpy(m.read.path, "3f00.2fe2");
	assert_int_equal(ipc_send(fds[0], &m, 1000), 0);
	assert_int_equal(ipc_recv(fds[1], &got, 1000), 0);
	assert_int_equal(got.type, IPC_READ);
	assert_string_equal(got.read.path, "3f00.2fe2");

	ipc_prepare(&m, IPC_DATA);
	m.data.len = 3;
	memcpy(m.data.data, "abc", 3);
	assert_int_equal(ipc_send(fds[1], &m, 1000), 0);
	assert_int_equal(ipc_recv(fds[0], &got, 1000), 0);
	assert_int_equal(got.data.len, 3);
	assert_memory_equal(got.data.data, "abc", 3);

	ipc_prepare(&m, IPC_END);
	assert_int_equal(ipc_send(fds[0], &m, 1000), 0);
	assert_int_equal(ipc_recv(fds[1], &got, 1000), 0);
	assert_int_equal(got.type, IPC_END);
}

static void header_is_judged(void **state)
{
	ipc_prepare(&m, IPC_END);
	assert_int_equal(raw(&m, HEAD), 0);
	assert_int_equal(raw(&m, HEAD - 1), -EPROTO);
	assert_int_equal(raw(&m, 1), -EPROTO);
	m.version = 2;
	assert_int_equal(raw(&m, HEAD), -EPROTO);
	ipc_prepare(&m, IPC_END);
	m.reserved = 1;
	assert_int_equal(raw(&m, HEAD), -EPROTO);
	ipc_prepare(&m, 0);
	assert_int_equal(raw(&m, HEAD), -EPROTO);
	ipc_prepare(&m, IPC_TYPE_COUNT);
	assert_int_equal(raw(&m, HEAD), -EPROTO);
	m.type = 0xffff;
	assert_int_equal(raw(&m, HEAD), -EPROTO);
}

static void size_is_exact(void **state)
{
	static uint8_t big[sizeof(struct ipc_msg) + 1];
	size_t n = HEAD + sizeof(struct ipc_session);

	ipc_prepare(&m, IPC_SESSION);
	strcpy(m.session.server_id, "s");
	assert_int_equal(raw(&m, n), 0);
	assert_int_equal(raw(&m, n - 1), -EPROTO);
	assert_int_equal(raw(&m, n + 1), -EPROTO);
	ipc_prepare(&m, IPC_DATA);
	memcpy(big, &m, HEAD);
	assert_int_equal(raw(big, sizeof(big)), -EPROTO);	/* truncated by the receiver */
	m.data.len = 5;
	assert_int_equal(raw(&m, HEAD + 8 + 4), -EPROTO);
	assert_int_equal(raw(&m, HEAD + 8 + 5), 0);
	m.data.len = IPC_DATA_MAX + 1;
	assert_int_equal(raw(&m, HEAD + 8), -EPROTO);
	m.data.len = 0xffffffff;
	assert_int_equal(raw(&m, HEAD + 8), -EPROTO);
}

static void fields_are_judged(void **state)
{
	size_t read = HEAD + sizeof(struct ipc_read), outcome = HEAD + sizeof(struct ipc_outcome);
	size_t session = HEAD + sizeof(struct ipc_session);
	size_t start = HEAD + sizeof(struct ipc_start_session);

	ipc_prepare(&m, IPC_READ);
	assert_int_equal(raw(&m, read), -EPROTO);	/* reads nothing */
	m.read.len = IPC_DATA_MAX + 1;
	assert_int_equal(raw(&m, read), -EPROTO);
	m.read.len = 1;
	m.read.off = 0x1000000;
	assert_int_equal(raw(&m, read), -EPROTO);
	m.read.off = 0;
	memset(m.read.path, 'a', sizeof(m.read.path));	/* no end */
	assert_int_equal(raw(&m, read), -EPROTO);

	ipc_prepare(&m, IPC_SESSION);
	assert_int_equal(raw(&m, session), -EPROTO);	/* no server */
	strcpy(m.session.server_id, "a\nb");
	assert_int_equal(raw(&m, session), -EPROTO);
	strcpy(m.session.server_id, "a");
	m.session.ui = IPC_UI_ASK + 1;
	assert_int_equal(raw(&m, session), -EPROTO);
	m.session.ui = IPC_UI_ASK;
	m.session.timeout_s = 65536;
	assert_int_equal(raw(&m, session), -EPROTO);

	m.session.timeout_s = 0;
	m.session.session_id = 1;	/* only a notification has one */
	assert_int_equal(raw(&m, session), -EPROTO);
	m.session.server_initiated = 1;
	assert_int_equal(raw(&m, session), 0);
	m.session.session_id = 65536;
	assert_int_equal(raw(&m, session), -EPROTO);
	m.session.session_id = 0;
	strcpy(m.session.cause, "card\n");
	assert_int_equal(raw(&m, session), -EPROTO);

	ipc_prepare(&m, IPC_START_SESSION);
	strcpy(m.start_session.server_id, "a");
	strcpy(m.start_session.interface, "wwan0");
	strcpy(m.start_session.cause, "notification");
	m.start_session.session_id = 65535;
	m.start_session.server_initiated = 1;
	assert_int_equal(raw(&m, start), 0);
	m.start_session.server_initiated = 2;
	assert_int_equal(raw(&m, start), -EPROTO);
	m.start_session.server_initiated = 0;
	assert_int_equal(raw(&m, start), -EPROTO);
	m.start_session.session_id = 0;
	memset(m.start_session.cause, 'c', sizeof(m.start_session.cause));
	assert_int_equal(raw(&m, start), -EPROTO);
	m.start_session.cause[0] = 0;
	m.start_session.conref = IPC_CONREF_MAX + 1;
	assert_int_equal(raw(&m, start), -EPROTO);
	m.start_session.conref = 0;
	strcpy(m.start_session.interface, "../wwan0");
	assert_int_equal(raw(&m, start), -EPROTO);
	memset(m.start_session.interface, 'i', sizeof(m.start_session.interface));
	assert_int_equal(raw(&m, start), -EPROTO);

	ipc_prepare(&m, IPC_OUTCOME);
	assert_int_equal(raw(&m, outcome), 0);
	m.outcome.more = 1;
	assert_int_equal(raw(&m, outcome), 0);
	m.outcome.more = 2;
	assert_int_equal(raw(&m, outcome), -EPROTO);
	m.outcome.more = 0;
	m.outcome.retry = IPC_RETRY_MAX;
	assert_int_equal(raw(&m, outcome), 0);
	m.outcome.retry++;
	assert_int_equal(raw(&m, outcome), -EPROTO);
	m.outcome.retry = 0;
	m.outcome.result = IPC_RESULT_COUNT;
	assert_int_equal(raw(&m, outcome), -EPROTO);
	m.outcome.result = 0;
	m.outcome.err = 1;
	assert_int_equal(raw(&m, outcome), -EPROTO);
	m.outcome.err = INT32_MIN;
	assert_int_equal(raw(&m, outcome), -EPROTO);

	ipc_prepare(&m, IPC_SLOT);
	m.slot.iccid_len = 10;	/* an empty slot has no ICCID */
	assert_int_equal(raw(&m, HEAD + sizeof(struct ipc_slot)), -EPROTO);
	m.slot.state = IPC_SLOT_CARD;
	assert_int_equal(raw(&m, HEAD + sizeof(struct ipc_slot)), 0);
	m.slot.iccid_len = IPC_ICCID_MAX + 1;
	assert_int_equal(raw(&m, HEAD + sizeof(struct ipc_slot)), -EPROTO);

	ipc_prepare(&m, IPC_PIN);
	strcpy(m.pin.path, "3f00.7f50.6431");
	assert_int_equal(raw(&m, HEAD + sizeof(struct ipc_pin)), 0);
	assert_int_equal(raw(&m, HEAD + sizeof(struct ipc_pin) - 1), -EPROTO);
	m.pin.off = 0x1000000;
	assert_int_equal(raw(&m, HEAD + sizeof(struct ipc_pin)), -EPROTO);
	m.pin.off = 0xffffff;
	m.pin.reserved = 1;
	assert_int_equal(raw(&m, HEAD + sizeof(struct ipc_pin)), -EPROTO);
	m.pin.reserved = 0;
	m.pin.path[1] = '\n';
	assert_int_equal(raw(&m, HEAD + sizeof(struct ipc_pin)), -EPROTO);
}

/* What root may show to a person or log: no cursor control, no turned or hidden text. */
static void texts_are_fit_to_be_shown(void **state)
{
	static const char *const bad[] = {
		"a\nb", "\033[2J", "a\xc2\x9b" "31m", "\xe2\x80\xae" "oN", "\xff", "\xc3",
		"a\xe2\x80\xa8" "dmsc-helper: yes",
	};
	size_t n = HEAD + sizeof(struct ipc_ask), i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ipc_prepare(&m, IPC_ASK);
		strcpy(m.ask.text, bad[i]);
		if (raw(&m, n) != -EPROTO)
			fail_msg("taken: text %zu", i);
	}
	ipc_prepare(&m, IPC_ASK);
	strcpy(m.ask.text, "Verbinden? \xc3\xa4 \xe2\x82\xac");
	assert_int_equal(raw(&m, n), 0);
	memset(m.ask.text, 'x', sizeof(m.ask.text));	/* no end */
	assert_int_equal(raw(&m, n), -EPROTO);
}

#define QUESTION(n) (HEAD + offsetof(struct ipc_question, choices) + (n) * (size_t)IPC_CHOICE_MAX)

static void question(enum ipc_kind kind, unsigned int nchoices)
{
	ipc_prepare(&m, IPC_UI);
	m.question.kind = kind;
	m.question.input = 'A';
	m.question.left_s = IPC_UI_SECONDS_MAX;
	m.question.nchoices = (uint8_t)nchoices;
	for (unsigned int i = 0; i < nchoices && i < IPC_CHOICES_MAX; i++)
		strcpy(m.question.choices[i], "x");
}

static void questions_are_judged(void **state)
{
	question(IPC_KIND_TEXT, 0);
	assert_int_equal(raw(&m, QUESTION(0)), 0);
	assert_int_equal(raw(&m, QUESTION(0) - 1), -EPROTO);
	assert_int_equal(raw(&m, QUESTION(1)), -EPROTO);
	m.question.kind = IPC_KINDS;
	assert_int_equal(raw(&m, QUESTION(0)), -EPROTO);
	for (int i = 0; i < 128; i++) {
		question(IPC_KIND_TEXT, 0);
		m.question.input = (uint32_t)i;
		assert_int_equal(raw(&m, QUESTION(0)), i && strchr("ANDTPI", i) ? 0 : -EPROTO);
	}
	m.question.input = 'A' + 256;
	assert_int_equal(raw(&m, QUESTION(0)), -EPROTO);
	question(IPC_KIND_TEXT, 0);
	m.question.max_s = IPC_UI_SECONDS_MAX + 1;
	assert_int_equal(raw(&m, QUESTION(0)), -EPROTO);
	question(IPC_KIND_TEXT, 0);
	m.question.left_s = 0;
	assert_int_equal(raw(&m, QUESTION(0)), -EPROTO);
	m.question.left_s = IPC_UI_SECONDS_MAX + 1;
	assert_int_equal(raw(&m, QUESTION(0)), -EPROTO);
	question(IPC_KIND_DISPLAY, 0);
	m.question.min_s = IPC_UI_SECONDS_MAX + 1;
	assert_int_equal(raw(&m, QUESTION(0)), -EPROTO);
	question(IPC_KIND_TEXT, 0);
	m.question.max_len = IPC_DATA_MAX + 1;
	assert_int_equal(raw(&m, QUESTION(0)), -EPROTO);
	question(IPC_KIND_TEXT, 0);
	m.question.masked = 2;
	assert_int_equal(raw(&m, QUESTION(0)), -EPROTO);
	question(IPC_KIND_CONFIRM, 0);
	m.question.accept = 2;
	assert_int_equal(raw(&m, QUESTION(0)), -EPROTO);
	question(IPC_KIND_CONFIRM, 0);
	m.question.has_default = 2;
	assert_int_equal(raw(&m, QUESTION(0)), -EPROTO);
	question(IPC_KIND_TEXT, 0);
	strcpy(m.question.text, "\033[2J");
	assert_int_equal(raw(&m, QUESTION(0)), -EPROTO);
	question(IPC_KIND_TEXT, 0);
	memset(m.question.initial, 'x', sizeof(m.question.initial));	/* no end */
	assert_int_equal(raw(&m, QUESTION(0)), -EPROTO);
}

static void choices_are_judged(void **state)
{
	question(IPC_KIND_CHOICE, IPC_CHOICES_MAX);
	m.question.chosen = UINT32_MAX;
	assert_int_equal(raw(&m, QUESTION(IPC_CHOICES_MAX)), 0);
	assert_int_equal(got.question.nchoices, IPC_CHOICES_MAX);
	assert_int_equal(raw(&m, QUESTION(IPC_CHOICES_MAX) - 1), -EPROTO);
	question(IPC_KIND_CHOICES, 2);
	m.question.chosen = 4;			/* there is no third */
	assert_int_equal(raw(&m, QUESTION(2)), -EPROTO);
	m.question.chosen = 3;
	assert_int_equal(raw(&m, QUESTION(2)), 0);
	m.question.choices[1][0] = 0;
	assert_int_equal(raw(&m, QUESTION(2)), -EPROTO);
	m.question.choices[1][0] = '\n';
	assert_int_equal(raw(&m, QUESTION(2)), -EPROTO);
	question(IPC_KIND_CHOICE, 0);		/* nothing to choose from */
	assert_int_equal(raw(&m, QUESTION(0)), -EPROTO);
	question(IPC_KIND_CONFIRM, 1);
	assert_int_equal(raw(&m, QUESTION(1)), -EPROTO);
	question(IPC_KIND_CHOICE, 33);
	assert_int_equal(raw(&m, QUESTION(IPC_CHOICES_MAX)), -EPROTO);
	m.question.nchoices = 255;
	assert_int_equal(raw(&m, QUESTION(IPC_CHOICES_MAX)), -EPROTO);
}

static void answers_and_progress_are_judged(void **state)
{
	size_t answer = HEAD + sizeof(struct ipc_answer), progress = HEAD + sizeof(struct ipc_progress);

	ipc_prepare(&m, IPC_UI_ANSWER);
	strcpy(m.answer.text, "typed");
	m.answer.chosen = 5;
	assert_int_equal(raw(&m, answer), 0);
	m.answer.answer = IPC_ANSWER_CANCELLED;	/* and yet something typed */
	assert_int_equal(raw(&m, answer), -EPROTO);
	m.answer.chosen = 0;
	assert_int_equal(raw(&m, answer), -EPROTO);
	m.answer.text[0] = 0;
	assert_int_equal(raw(&m, answer), 0);
	m.answer.answer = IPC_ANSWER_COUNT;
	assert_int_equal(raw(&m, answer), -EPROTO);

	ipc_prepare(&m, IPC_PROGRESS);
	strcpy(m.progress.what, "receiving ./Big");
	m.progress.done = 5;
	assert_int_equal(raw(&m, progress), 0);	/* how much there is is not known */
	m.progress.total = 4;
	assert_int_equal(raw(&m, progress), -EPROTO);
	m.progress.total = UINT64_MAX;
	assert_int_equal(raw(&m, progress), 0);
	strcpy(m.progress.what, "a\rb");
	assert_int_equal(raw(&m, progress), -EPROTO);
}

/* A good record of that kind; @len bytes of 'x'. */
static size_t lwm2m(enum lwm2m_kind kind, int64_t number, uint32_t len)
{
	ipc_prepare(&m, IPC_LWM2M);
	m.lwm2m.item = LWM2M_ID_NONE;
	m.lwm2m.kind = kind;
	m.lwm2m.number = number;
	m.lwm2m.len = len;
	memset(m.lwm2m.data, 'x', sizeof(m.lwm2m.data));
	return HEAD + offsetof(struct ipc_lwm2m, data) + (len < IPC_DATA_MAX ? len : IPC_DATA_MAX);
}

static void records_of_lwm2m_are_judged(void **state)
{
	size_t n = lwm2m(LWM2M_STRING, 0, 5);

	assert_int_equal(raw(&m, n), 0);
	assert_int_equal(got.lwm2m.len, 5);
	assert_int_equal(raw(&m, n - 1), -EPROTO);
	assert_int_equal(raw(&m, n + 1), -EPROTO);
	m.lwm2m.data[4] = '\n';
	assert_int_equal(raw(&m, n), -EPROTO);	/* it becomes text of a program's input */
	n = lwm2m(LWM2M_STRING, 1, 5);
	assert_int_equal(raw(&m, n), -EPROTO);
	n = lwm2m(LWM2M_STRING, 0, 5);
	m.lwm2m.more = 1;			/* a text is not cut */
	assert_int_equal(raw(&m, n), -EPROTO);
	n = lwm2m(LWM2M_OPAQUE, 0, IPC_DATA_MAX);
	m.lwm2m.more = 1;
	assert_int_equal(raw(&m, n), 0);
	m.lwm2m.more = 2;
	assert_int_equal(raw(&m, n), -EPROTO);
	n = lwm2m(LWM2M_OPAQUE, 0, IPC_DATA_MAX - 1);
	m.lwm2m.more = 1;
	assert_int_equal(raw(&m, n), -EPROTO);
	n = lwm2m(LWM2M_OPAQUE, 0, IPC_DATA_MAX + 1);
	assert_int_equal(raw(&m, n), -EPROTO);
	assert_int_equal(raw(&m, lwm2m(LWM2M_OPAQUE, 0, 0)), 0);
	assert_int_equal(raw(&m, lwm2m(LWM2M_INTEGER, INT64_MIN, 0)), 0);
	assert_int_equal(raw(&m, lwm2m(LWM2M_INTEGER, 1, 1)), -EPROTO);
	assert_int_equal(raw(&m, lwm2m(LWM2M_BOOLEAN, 1, 0)), 0);
	assert_int_equal(raw(&m, lwm2m(LWM2M_BOOLEAN, 2, 0)), -EPROTO);
	assert_int_equal(raw(&m, lwm2m(LWM2M_LINK, UINT32_MAX, 0)), 0);
	assert_int_equal(raw(&m, lwm2m(LWM2M_LINK, -1, 0)), -EPROTO);
	assert_int_equal(raw(&m, lwm2m(LWM2M_LINK, 1LL << 32, 0)), -EPROTO);
	assert_int_equal(raw(&m, lwm2m(LWM2M_KINDS, 0, 0)), -EPROTO);
	n = lwm2m(LWM2M_INTEGER, 0, 0);
	m.lwm2m.secret = 2;
	assert_int_equal(raw(&m, n), -EPROTO);
	n = lwm2m(LWM2M_INTEGER, 0, 0);
	m.lwm2m.reserved = 1;
	assert_int_equal(raw(&m, n), -EPROTO);
	n = lwm2m(LWM2M_INTEGER, 0, 0);
	m.lwm2m.resource = LWM2M_ID_NONE;
	assert_int_equal(raw(&m, n), -EPROTO);
	ipc_prepare(&m, IPC_LWM2M_END);
	assert_int_equal(raw(&m, HEAD), 0);
	assert_int_equal(raw(&m, HEAD + 1), -EPROTO);
}

/* A good one. */
static size_t connect_msg(void)
{
	ipc_prepare(&m, IPC_CONNECT);
	m.connect.conref = 1;
	strcpy(m.connect.server_id, "s");
	strcpy(m.connect.c.apn, "internet.example");
	m.connect.c.ndns = 1;
	strcpy(m.connect.c.dns[0], "192.0.2.53");
	return HEAD + sizeof(struct ipc_connect);
}

/* What connection-hook, which is root, gets of a card or a server. */
/* Rules: CONN-7 */
static void connections_are_judged(void **state)
{
	size_t n = connect_msg();

	assert_int_equal(raw(&m, n), 0);
	assert_string_equal(got.connect.c.apn, "internet.example");
	assert_int_equal(raw(&m, n - 1), -EPROTO);
	m.connect.conref = 0;
	assert_int_equal(raw(&m, n), -EPROTO);
	m.connect.conref = IPC_CONREF_MAX + 1;
	assert_int_equal(raw(&m, n), -EPROTO);
	connect_msg();
	m.connect.reserved = 1;
	assert_int_equal(raw(&m, n), -EPROTO);
	connect_msg();
	m.connect.server_id[0] = 0;
	assert_int_equal(raw(&m, n), -EPROTO);
	connect_msg();
	memset(m.connect.c.password, 'x', sizeof(m.connect.c.password));
	assert_int_equal(raw(&m, n), -EPROTO);
	connect_msg();
	strcpy(m.connect.c.user, "a\nautoconnect=true");
	assert_int_equal(raw(&m, n), -EPROTO);
	connect_msg();
	strcpy(m.connect.c.apn, "a;b");
	assert_int_equal(raw(&m, n), -EPROTO);
	connect_msg();
	m.connect.c.ndns = 1000;
	assert_int_equal(raw(&m, n), -EPROTO);
	connect_msg();
	m.connect.c.kind = CONNECTION_PROFILE;
	assert_int_equal(raw(&m, n), -EPROTO);
}

static void firmware_is_judged(void **state)
{
	size_t n;

	ipc_prepare(&m, IPC_DOWNLOAD);
	m.download.max = 1;
	strcpy(m.download.url, "https://h/x");
	strcpy(m.download.server_id, "srv");
	strcpy(m.download.package, "0123456789abcdef");
	n = HEAD + sizeof(m.download);
	assert_int_equal(raw(&m, n), 0);
	m.download.max = 0;
	assert_int_equal(raw(&m, n), -EPROTO);
	m.download.max = UINT64_MAX;
	assert_int_equal(raw(&m, n), -EPROTO);
	m.download.max = 5;
	strcpy(m.download.url, "https://h/\033[2J");
	assert_int_equal(raw(&m, n), -EPROTO);
	strcpy(m.download.url, "");
	assert_int_equal(raw(&m, n), -EPROTO);
	strcpy(m.download.url, "u");
	strcpy(m.download.server_id, "");
	assert_int_equal(raw(&m, n), -EPROTO);
	strcpy(m.download.server_id, "srv");
	for (const char *const *bad = (const char *const[]){ "", "0", "../../etc/passwd", "0123456789abcdeF",
							      "/123456789abcdef", NULL }; *bad; bad++) {
		memset(m.download.package, 0, sizeof(m.download.package));
		strcpy(m.download.package, *bad);
		assert_int_equal(raw(&m, n), -EPROTO);
	}
	memset(m.download.package, 'a', sizeof(m.download.package));
	assert_int_equal(raw(&m, n), -EPROTO);
	m.download.package[16] = 0;
	assert_int_equal(raw(&m, n), 0);
	m.download.reserved[6] = 1;
	assert_int_equal(raw(&m, n), -EPROTO);
}

static void updates_are_judged(void **state)
{
	size_t n = HEAD + sizeof(m.update);

	ipc_prepare(&m, IPC_UPDATE);
	m.update.size = 7;
	strcpy(m.update.package, "0123456789abcdef");
	strcpy(m.update.name, "root fs");
	strcpy(m.update.version, "2.0");
	assert_int_equal(raw(&m, n), 0);
	strcpy(m.update.version, "-x");
	assert_int_equal(raw(&m, n), -EPROTO);
	strcpy(m.update.version, "");
	strcpy(m.update.name, "--install");
	assert_int_equal(raw(&m, n), -EPROTO);
	strcpy(m.update.name, "a\nb");
	assert_int_equal(raw(&m, n), -EPROTO);
	strcpy(m.update.name, "");
	memset(m.update.package, 0, sizeof(m.update.package));
	assert_int_equal(raw(&m, n), -EPROTO);	/* nothing to install */
	m.update.verb = IPC_VERB_RESULT;
	assert_int_equal(raw(&m, n), -EPROTO);	/* 7 bytes of what? */
	m.update.size = 0;
	assert_int_equal(raw(&m, n), 0);
	m.update.verb = IPC_VERBS;
	assert_int_equal(raw(&m, n), -EPROTO);

	ipc_prepare(&m, IPC_FIRMWARE);
	n = HEAD + sizeof(m.firmware);
	assert_int_equal(raw(&m, n), 0);
	for (uint32_t code = 1; code < 700; code++) {
		m.firmware.code = code;
		assert_int_equal(raw(&m, n), code >= 200 && code <= 599 ? 0 : -EPROTO);
	}
	m.firmware.code = 200;
	m.firmware.retry = 2;
	assert_int_equal(raw(&m, n), -EPROTO);
	m.firmware.retry = 0;
	strcpy(m.firmware.reason, "\x9b");
	assert_int_equal(raw(&m, n), -EPROTO);
}

static void descriptors_sent_along_are_dropped(void **state)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { &m, HEAD };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			    .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&h);
	int before, after;

	ipc_prepare(&m, IPC_END);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fds[0], sizeof(int));
	before = dup(0);
	close(before);
	assert_int_equal(sendmsg(fds[0], &h, 0), HEAD);
	assert_int_equal(ipc_recv(fds[1], &got, 1000), 0);
	after = dup(0);
	close(after);
	assert_int_equal(before, after);
}

static void waits_are_bounded_and_ends_are_told(void **state)
{
	int i, r = 0;

	assert_int_equal(ipc_recv(fds[1], &got, 20), -ETIMEDOUT);
	ipc_prepare(&m, IPC_DATA);
	m.data.len = IPC_DATA_MAX;
	for (i = 0; i < 10000 && !r; i++)	/* nobody reads */
		r = ipc_send(fds[0], &m, 10);
	assert_int_equal(r, -ETIMEDOUT);
	close(fds[1]);
	fds[1] = -1;
	assert_int_equal(ipc_send(fds[0], &m, 10), -EPIPE);
	assert_int_equal(ipc_recv(fds[0], &got, 10), -EPIPE);
}

/* A route that came while a child ended is no reason not to hear what came of its work. */
static void last_words_of_one_that_did_not_listen(void **state)
{
	ipc_prepare(&m, IPC_NETWORK);
	assert_int_equal(ipc_send(fds[0], &m, 10), 0);
	for (int i = 0; i < 2; i++) {
		ipc_prepare(&m, IPC_DATA);
		m.data.len = 1;
		m.data.data[0] = (uint8_t)i;
		assert_int_equal(ipc_send(fds[1], &m, 10), 0);
	}
	close(fds[1]);
	fds[1] = -1;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(ipc_recv(fds[0], &got, 10), 0);
		assert_int_equal(got.type, IPC_DATA);
		assert_int_equal(got.data.data[0], i);
	}
	assert_int_equal(ipc_recv(fds[0], &got, 10), -EPIPE);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(good_messages_pass), T(header_is_judged), T(size_is_exact), T(fields_are_judged),
		T(questions_are_judged), T(choices_are_judged), T(answers_and_progress_are_judged),
		T(texts_are_fit_to_be_shown), T(records_of_lwm2m_are_judged),
		T(connections_are_judged), T(firmware_is_judged), T(updates_are_judged),
		T(descriptors_sent_along_are_dropped),
		T(waits_are_bounded_and_ends_are_told), T(last_words_of_one_that_did_not_listen),
	};

	return cmocka_run_group_tests_name("ipc", tests, NULL, NULL);
}
