// SPDX-License-Identifier: GPL-2.0-or-later
/* What the helper has to refuse, or to bear. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/subverted/subverted.h"

#define ANSWER_MS 60000
#define HEAD offsetof(struct ipc_msg, start)
#define OTHER_SERVER "other.example.net"

/* The words of the one server id that a session child gets: "do:WORD". */
#define DO "do:"

static int request(const struct ipc_msg *q, struct ipc_msg *a)
{
	int r = ipc_send(IPC_CHILD_FD, q, ANSWER_MS);

	return r ? r : ipc_recv(IPC_CHILD_FD, a, ANSWER_MS);
}

/* --- the card child: files ------------------------------------------------- */

static void read_ef(const char *path, uint32_t off, uint32_t len, bool allowed)
{
	char what[120];
	struct ipc_msg q, a;
	int r;

	ipc_prepare(&q, IPC_READ);
	q.read.off = off;
	q.read.len = len;
	snprintf(q.read.path, sizeof(q.read.path), "%s", path);
	r = request(&q, &a);
	snprintf(what, sizeof(what), "EF '%s'", path);
	if (r) {
		say("GOT no answer for %s: %s", what, strerror(-r));
		return;
	}
	errno = -a.data.err;
	if (allowed)
		say(a.data.err ? "GOT no EF '%s', which is allowed" : "read EF '%s'", path);
	else
		tried(what, !a.data.err || a.data.len);
}

static void try_efs(void)
{
	static const char *const paths[] = {
		/* EF(IMSI) and EF(LOCI) of the USIM by its AID, by 7FFF, and of GSM */
		"a0000000871002.6f07", "a0000000871002ff49ffff89.6f07", "a0000000871002ff49ffff89040b0000.6f7e",
		"3f00.7fff.6f07", "3f00.7f20.6f07", "3f00.7f10.6f3a", "3f00.7f10.5f3a.4f22",
		/* ADF(ISIM), keys, ADM files */
		"a0000000871004.6f02", "3f00.2f06", "3f00.2f05", "3f00.0011", "3f00.7f20.6f20",
		/* other spellings of them, and of what is allowed */
		"3F00.2FE2", "3f00.2fe2.", ".3f00.2fe2", "3f00..2fe2", "3f00/2fe2", "3f002fe2", "2fe2", "3f00",
		"3f00.2fe2/../ef-3f00.7f20.6f07", "../uicc1.card/ef-3f00.2fe2", "../../uicc1.card/ef-3f00.2fe2/data",
		"3f00.7f50/../../ef-3f00.7f20.6f07", "3f00.7f50", "3f00.7f50.", "3f00.5015.", "3f00.5015..6f07",
		"3f00.7f50.3f00.7f20.6f07.6f07.6f07", "3f00.5015.%2e%2e", "3f00.7f50.6f07 ", " 3f00.7f50.6f07",
		"a000000063504b43532d3135", "a000000063504b43532d3135.", "a000000063504b43532d31.5031",
		"a000000063504b43532d313500.5031", "a000000063504b43532d3135/../x.5031", "data", "state", "export",
		"ef-3f00.2fe2", "/etc/shadow", "../../../../etc/shadow", "3f00.2fe2\\.6f07", "", ".", "..",
		"3f00.2f00.6f07", "3f00.2fe2.6f07",
	};

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		read_ef(paths[i], 0, 16, false);
	read_ef("3f00.2fe2", 0, 10, true);
	read_ef("3f00.2f00", 0, 16, true);
}

/* --- the card child: sessions ---------------------------------------------- */

static int session(const char *server, enum ipc_ui ui, const char *text, struct ipc_msg *a)
{
	struct ipc_msg q;

	ipc_prepare(&q, IPC_SESSION);
	q.session.ui = ui;
	snprintf(q.session.server_id, sizeof(q.session.server_id), "%s", server);
	snprintf(q.session.text, sizeof(q.session.text), "%s", text);
	return request(&q, a);
}

/* One session child, which does @word: what the helper says of its end. */
static void session_child(const char *word)
{
	char server[IPC_SERVER_MAX];
	struct ipc_msg a;
	int r;

	snprintf(server, sizeof(server), DO "%s", word);
	r = session(server, IPC_UI_NONE, "", &a);
	if (r || a.type != IPC_OUTCOME)
		say("GOT no outcome of %s: %s", word, strerror(-r));
	else
		say("session %s: %s %s", word, ipc_result_name(a.outcome.result), a.outcome.reason);
}

static const char *const malformed[] = {
	"start", "read", "data", "ask", "session", "startsession", "slot", "end", "zero", "unknown", "version",
	"reserved", "short", "long", "empty", "control", "turned", "unended", "result", "errno", "retry",
	"twice", "descriptor", NULL
};

/* Each is a message that the protocol has no place for. */
static size_t make_malformed(const char *word, struct ipc_msg *m)
{
	static const char *const types[] = { "zero", "start", "read", "data", "ask", "session", "",
					     "startsession", "slot", "end" };

	ipc_prepare(m, IPC_OUTCOME);
	for (uint16_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (!strcmp(types[i], word))
			m->type = i;
	if (!strcmp(word, "unknown"))
		m->type = 0xffff;
	if (!strcmp(word, "version"))
		m->version = 2;
	if (!strcmp(word, "reserved"))
		m->reserved = 1;
	if (!strcmp(word, "control"))
		strcpy(m->outcome.reason, "x\n\033[2Jyes");
	if (!strcmp(word, "turned"))
		strcpy(m->outcome.reason, "x\xe2\x80\xaeyes");
	if (!strcmp(word, "unended"))
		memset(m->outcome.reason, 'x', sizeof(m->outcome.reason));
	if (!strcmp(word, "result"))
		m->outcome.result = 77;
	if (!strcmp(word, "errno"))
		m->outcome.err = 5;
	if (!strcmp(word, "retry"))
		m->outcome.retry = UINT32_MAX;
	if (!strcmp(word, "short"))
		return HEAD + 4;
	if (!strcmp(word, "empty"))
		return 1;
	return !strcmp(word, "long") ? sizeof(*m) : HEAD + sizeof(m->outcome);
}

/* With the descriptor of our standard error beside it. */
static void send_malformed(const char *word)
{
	union {
		struct cmsghdr h;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { .h = { .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS } };
	int fd = STDERR_FILENO;
	struct ipc_msg m;
	struct iovec iov = { &m, make_malformed(word, &m) };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1 };
	int times = strcmp(word, "twice") ? 1 : 2;

	if (!strcmp(word, "descriptor")) {
		memcpy(CMSG_DATA(&control.h), &fd, sizeof(fd));
		h.msg_control = &control;
		h.msg_controllen = sizeof(control);
	}
	while (times--)
		(void)!sendmsg(IPC_CHILD_FD, &h, MSG_NOSIGNAL);
}

/* --- the card child: what ends it ------------------------------------------ */

/* It goes on until nobody listens any more: "stopped after N". */
static void flood(const char *word)
{
	unsigned int n = 0;
	struct ipc_msg q, a;
	int r = 0;

	ipc_prepare(&q, strcmp(word, "ask-flood") ? IPC_READ : IPC_ASK);
	if (q.type == IPC_READ) {
		q.read.len = 16;
		strcpy(q.read.path, "3f00.7f20.6f07");
	} else {
		strcpy(q.ask.text, "yes?");
	}
	for (; n < 100000 && !r; n++)
		r = strcmp(word, "deaf-flood") ? request(&q, &a) : ipc_send(IPC_CHILD_FD, &q, ANSWER_MS);
	say("stopped after %u", n);
}

static void claim(const char *word)
{
	struct ipc_msg q;

	if (!strcmp(word, "claim-start")) {
		ipc_prepare(&q, IPC_START_SESSION);
		strcpy(q.start_session.slot, "uicc0");
		strcpy(q.start_session.server_id, "dm.example.net");
		(void)!ipc_send(IPC_CHILD_FD, &q, ANSWER_MS);
	} else {
		send_malformed(word);
	}
	/* The end comes from outside. */
	say("answer: %s", strerror(-ipc_recv(IPC_CHILD_FD, &q, ANSWER_MS)));
}

/*
 * A question about one server whose words speak of another; while it is open,
 * the answer is made up, or the question is asked about somebody else.
 */
static void ask(const char *word)
{
	struct ipc_msg q, a;

	ipc_prepare(&q, IPC_SESSION);
	q.session.ui = IPC_UI_ASK;
	strcpy(q.session.server_id, OTHER_SERVER);
	strcpy(q.session.text, "ok\"? Connect to \"good.example.com\"? \"Yes");
	if (ipc_send(IPC_CHILD_FD, &q, ANSWER_MS))
		return;
	if (!strcmp(word, "ask")) {
		(void)!ipc_recv(IPC_CHILD_FD, &a, ANSWER_MS);
		say("outcome: %s", ipc_result_name(a.outcome.result));
		return;
	}
	/* Only once the question can be seen: the helper has not answered yet. */
	if (ipc_recv(IPC_CHILD_FD, &a, 2000) != -ETIMEDOUT)
		say("GOT an answer before there was one");
	if (!strcmp(word, "ask-yes"))
		send_malformed("outcome");
	strcpy(q.session.server_id, "dm.example.net");
	q.session.ui = IPC_UI_NONE;
	if (!strcmp(word, "ask-other"))
		(void)!ipc_send(IPC_CHILD_FD, &q, ANSWER_MS);
	say("answer: %s", strerror(-ipc_recv(IPC_CHILD_FD, &a, ANSWER_MS)));
}

void card_requests(const char *word, const char *store)
{
	struct ipc_msg m;

	if (ipc_recv(IPC_CHILD_FD, &m, ANSWER_MS) || m.type != IPC_START)
		say("GOT no start");
	if (!strcmp(word, "confined")) {
		try_efs();
		session_child("confined");
		for (size_t i = 0; deadly_names[i]; i++)
			session_child(deadly_names[i]);
		for (size_t i = 0; malformed[i]; i++)
			session_child(malformed[i]);
		return;
	}
	if (strstr(word, "-flood"))
		flood(word);
	else if (!strncmp(word, "ask", 3))
		ask(word);
	else
		claim(word);
	(void)store;
}

/* --- the session child ------------------------------------------------------ */

void session_requests(const char *store)
{
	const char *word;
	struct ipc_msg m;

	if (ipc_recv(IPC_CHILD_FD, &m, ANSWER_MS) || m.type != IPC_START_SESSION) {
		say("GOT no start of a session");
		return;
	}
	say("session child for '%s'", m.start_session.server_id);
	if (strncmp(m.start_session.server_id, DO, strlen(DO)))
		return;
	word = m.start_session.server_id + strlen(DO);
	if (!strcmp(word, "confined")) {
		try_files(store);
		try_writing(store);
		try_processes();
		try_sockets(true);
		try_limits(store);
		say("end of confined");
		return;
	}
	try_deadly(word);
	for (size_t i = 0; malformed[i]; i++)
		if (!strcmp(malformed[i], word))
			send_malformed(word);
	/* Stays until somebody ends it, or the helper has taken a report. */
	if (strcmp(word, "descriptor"))
		(void)!ipc_recv(IPC_CHILD_FD, &m, ANSWER_MS);
}
