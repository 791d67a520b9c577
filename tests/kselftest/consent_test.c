// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The netlink family: slots, cards and events, and consent: who may ask, who may
 * answer, and one completion for each question.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <grp.h>
#include <linux/netlink.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "genl.h"
#include "ktap.h"
#include "vcard.h"

#define AGENT_GID_ATTR	"/sys/class/uicc/agent_gid"
#define AGENT_GID	4711

static void put_question(struct genl *g, const struct vcard *c, uint32_t kind, const char *text)
{
	genl_begin(g, UICC_CMD_CONSENT_ASK, 0);
	genl_put_u32(g, UICC_A_CONSENT_SLOT, c->slot);
	genl_put_u32(g, UICC_A_CONSENT_KIND, kind);
	genl_put_str(g, UICC_A_CONSENT_ORIGIN, "selftest");
	genl_put_str(g, UICC_A_CONSENT_TEXT, text);
}

/* The question's number, or -errno. */
static int ask(struct genl *g, const struct vcard *c)
{
	int ret;

	put_question(g, c, UICC_KIND_CONFIRM, "may I?");
	ret = genl_call(g);
	return ret == 1 ? (int)genl_u32(g, UICC_A_CONSENT_ID) : ret ?: -EPROTO;
}

static int call(struct genl *g, uint8_t cmd, uint32_t id)
{
	genl_begin(g, cmd, 0);
	if (id)
		genl_put_u32(g, UICC_A_CONSENT_ID, id);
	return genl_call(g);
}

static int done(struct genl *g, uint32_t id, uint32_t outcome)
{
	genl_begin(g, UICC_CMD_CONSENT_DONE, 0);
	genl_put_u32(g, UICC_A_CONSENT_ID, id);
	genl_put_u32(g, UICC_A_CONSENT_OUTCOME, outcome);
	return genl_call(g);
}

static bool next_is(struct genl *g, uint8_t cmd, uint32_t id, uint32_t outcome)
{
	CHECK_EQ(genl_next(g, 10000), 0);
	CHECK_EQ(g->cmd, cmd);
	CHECK_EQ(genl_u32(g, UICC_A_CONSENT_ID), id);
	CHECK_EQ(genl_u32(g, UICC_A_CONSENT_OUTCOME), outcome);
	return true;
}

#define NONE	0xffffffff

static bool agent_open(struct genl *g)
{
	genl_open(g);
	CHECK(genl_join(g, UICC_MCGRP_AGENTS));
	CHECK_EQ(call(g, UICC_CMD_AGENT_REGISTER, 0), 0);
	return true;
}

static bool test_dump(void)
{
	struct vcard *c = vcard_new("ct-dump");
	struct genl g, events;
	size_t len;
	const uint8_t *atr;

	genl_open(&g);
	genl_open(&events);
	CHECK(genl_join(&events, UICC_MCGRP_EVENTS));
	CHECK(vcard_insert(c));
	CHECK_EQ(genl_next(&events, 5000), 0);
	CHECK_EQ(events.cmd, UICC_CMD_CARD_ADD);
	CHECK_EQ(genl_u32(&events, UICC_A_CARD_SLOT), c->slot);

	genl_begin(&g, UICC_CMD_SLOT_GET, 0);
	genl_put_u32(&g, UICC_A_SLOT_INDEX, c->slot);
	CHECK_EQ(genl_call(&g), 1);
	CHECK(!strcmp(genl_str(&g, UICC_A_SLOT_LOCATION), "ct-dump"));
	CHECK(!strcmp(genl_str(&g, UICC_A_SLOT_TRANSPORT), "virt"));
	CHECK_EQ(genl_u32(&g, UICC_A_SLOT_STATE), UICC_SLOT_STATE_READY);
	CHECK_EQ(genl_u64(&g, UICC_A_SLOT_SEQ), 1);
	genl_begin(&g, UICC_CMD_CARD_GET, 0);
	genl_put_u32(&g, UICC_A_CARD_SLOT, c->slot);
	CHECK_EQ(genl_call(&g), 1);
	CHECK(!strcmp(genl_str(&g, UICC_A_CARD_PROTOCOL), "T=0"));
	atr = genl_attr(&g, UICC_A_CARD_ATR, 0, &len);
	CHECK(atr && len >= 2 && atr[0] == 0x3b);
	genl_begin(&g, UICC_CMD_CARD_GET, 0);
	genl_put_u32(&g, UICC_A_CARD_SLOT, 9999);
	CHECK_EQ(genl_call(&g), -ENODEV);
	CHECK_EQ(genl_dump(&g, UICC_CMD_SLOT_GET), 1);
	CHECK_EQ(genl_dump(&g, UICC_CMD_CARD_GET), 1);
	CHECK(vcard_remove(c));
	CHECK_EQ(genl_next(&events, 5000), 0);
	CHECK_EQ(events.cmd, UICC_CMD_CARD_DEL);
	CHECK_EQ(genl_dump(&g, UICC_CMD_CARD_GET), 0);
	vcard_free(c);
	CHECK_EQ(genl_next(&events, 5000), 0);
	CHECK_EQ(events.cmd, UICC_CMD_SLOT_DEL);
	CHECK_EQ(genl_dump(&g, UICC_CMD_SLOT_GET), 0);
	genl_close(&g);
	genl_close(&events);
	return true;
}

static bool test_answer(void)
{
	struct vcard *c = vcard_new("ct-yes");
	struct genl asker, agent;
	int id;

	genl_open(&asker);
	CHECK(agent_open(&agent));
	CHECK_EQ(call(&agent, UICC_CMD_AGENT_REGISTER, 0), -EALREADY);
	CHECK_EQ(call(&agent, UICC_CMD_CONSENT_ACCEPT, 0), -ENOENT);
	CHECK_EQ(ask(&asker, c), -ENODEV);
	CHECK(vcard_insert(c));

	put_question(&asker, c, UICC_KIND_SINGLE_CHOICE, "which?");
	genl_put_u64(&asker, UICC_A_CONSENT_SEQ, 1);
	genl_put_u32(&asker, UICC_A_CONSENT_TIMEOUT_MS, 30000);
	genl_put_str(&asker, UICC_A_CONSENT_OPTIONS, "MINDT=10");
	genl_put_str(&asker, UICC_A_CONSENT_CHOICE, "red");
	genl_put(&asker, UICC_A_CONSENT_CHOICE, "green", 5);	/* no NUL */
	CHECK_EQ(genl_call(&asker), 1);
	id = genl_u32(&asker, UICC_A_CONSENT_ID);
	CHECK(id > 0);
	/* The multicast says that there is a question, not which. */
	CHECK(next_is(&agent, UICC_CMD_CONSENT_READY, id, NONE));
	CHECK(!genl_str(&agent, UICC_A_CONSENT_TEXT)[0]);
	CHECK_EQ(genl_dump(&asker, UICC_CMD_CONSENT_GET), 1);
	CHECK_EQ(genl_u32(&asker, UICC_A_CONSENT_STATE), UICC_CONSENT_STATE_PENDING);
	CHECK(!genl_str(&asker, UICC_A_CONSENT_TEXT)[0]);

	CHECK_EQ(done(&agent, id, UICC_OUTCOME_YES), -EPERM);	/* before accept */
	CHECK_EQ(call(&agent, UICC_CMD_CONSENT_ACCEPT, id), 1);
	CHECK_EQ(genl_u32(&agent, UICC_A_CONSENT_ID), id);
	CHECK_EQ(genl_u64(&agent, UICC_A_CONSENT_SEQ), 1);
	CHECK_EQ(genl_u32(&agent, UICC_A_CONSENT_KIND), UICC_KIND_SINGLE_CHOICE);
	CHECK_EQ(genl_u32(&agent, UICC_A_CONSENT_TIMEOUT_MS), 30000);
	CHECK(!strcmp(genl_str(&agent, UICC_A_CONSENT_TEXT), "which?"));
	CHECK(!strcmp(genl_str(&agent, UICC_A_CONSENT_ORIGIN), "selftest"));
	CHECK(!strcmp(genl_str(&agent, UICC_A_CONSENT_OPTIONS), "MINDT=10"));
	{
		size_t len;
		const char *choice = genl_attr(&agent, UICC_A_CONSENT_CHOICE, 1, &len);

		CHECK(choice && len == 6 && !strcmp(choice, "green"));
	}
	CHECK_EQ(done(&agent, id, UICC_OUTCOME_TIMEOUT), -EINVAL);
	genl_begin(&agent, UICC_CMD_CONSENT_DONE, 0);
	genl_put_u32(&agent, UICC_A_CONSENT_ID, id);
	genl_put_u32(&agent, UICC_A_CONSENT_OUTCOME, UICC_OUTCOME_YES);
	genl_put_u32(&agent, UICC_A_CONSENT_SELECTED, 2);
	CHECK_EQ(genl_call(&agent), 0);
	CHECK(next_is(&asker, UICC_CMD_CONSENT_COMPLETED, id, UICC_OUTCOME_YES));
	CHECK_EQ(genl_u32(&asker, UICC_A_CONSENT_SELECTED), 2);
	CHECK_EQ(done(&agent, id, UICC_OUTCOME_NO), -ENOENT);
	CHECK_EQ(genl_next(&asker, 100), -ETIMEDOUT);	/* exactly one */

	/* A text comes back as it was typed. */
	put_question(&asker, c, UICC_KIND_TEXT, "name?");
	CHECK_EQ(genl_call(&asker), 1);
	id = genl_u32(&asker, UICC_A_CONSENT_ID);
	CHECK_EQ(call(&agent, UICC_CMD_CONSENT_ACCEPT, 0), 1);
	genl_begin(&agent, UICC_CMD_CONSENT_DONE, 0);
	genl_put_u32(&agent, UICC_A_CONSENT_ID, id);
	genl_put_u32(&agent, UICC_A_CONSENT_OUTCOME, UICC_OUTCOME_YES);
	genl_put_str(&agent, UICC_A_CONSENT_VALUE, "Zo\xc3\xab");
	CHECK_EQ(genl_call(&agent), 0);
	CHECK(next_is(&asker, UICC_CMD_CONSENT_COMPLETED, id, UICC_OUTCOME_YES));
	CHECK(!strcmp(genl_str(&asker, UICC_A_CONSENT_VALUE), "Zo\xc3\xab"));
	genl_close(&asker);
	genl_close(&agent);
	vcard_free(c);
	return true;
}

static bool test_deaths(void)
{
	struct vcard *c = vcard_new("ct-dead");
	struct genl asker, first, second;
	int id;

	CHECK(vcard_insert(c));
	genl_open(&asker);
	CHECK(agent_open(&first));
	CHECK(agent_open(&second));
	id = ask(&asker, c);
	CHECK(id > 0);
	CHECK(next_is(&first, UICC_CMD_CONSENT_READY, id, NONE));
	CHECK(next_is(&second, UICC_CMD_CONSENT_READY, id, NONE));
	CHECK_EQ(call(&second, UICC_CMD_CONSENT_ACCEPT, id), -EAGAIN);	/* the first one's turn */
	CHECK_EQ(call(&first, UICC_CMD_CONSENT_ACCEPT, id), 1);
	CHECK_EQ(call(&second, UICC_CMD_CONSENT_ACCEPT, id), -ENOENT);
	CHECK_EQ(done(&second, id, UICC_OUTCOME_YES), -EPERM);
	/* An agent that dies gives its question back. */
	genl_close(&first);
	CHECK(next_is(&second, UICC_CMD_CONSENT_READY, id, NONE));
	CHECK_EQ(call(&second, UICC_CMD_CONSENT_ACCEPT, id), 1);
	CHECK_EQ(genl_next(&asker, 50), -ETIMEDOUT);
	/* An asker that dies takes its question with it. */
	genl_close(&asker);
	CHECK(next_is(&second, UICC_CMD_CONSENT_WITHDRAWN, id, UICC_OUTCOME_WITHDRAWN));
	CHECK_EQ(done(&second, id, UICC_OUTCOME_YES), -ENOENT);
	CHECK_EQ(genl_dump(&second, UICC_CMD_CONSENT_GET), 0);
	/* A card that goes withdraws the questions about it. */
	genl_open(&asker);
	id = ask(&asker, c);
	CHECK(id > 0);
	CHECK(next_is(&second, UICC_CMD_CONSENT_READY, id, NONE));
	CHECK_EQ(call(&second, UICC_CMD_CONSENT_ACCEPT, id), 1);
	CHECK(vcard_remove(c));
	CHECK(next_is(&second, UICC_CMD_CONSENT_WITHDRAWN, id, UICC_OUTCOME_WITHDRAWN));
	CHECK(next_is(&asker, UICC_CMD_CONSENT_COMPLETED, id, UICC_OUTCOME_WITHDRAWN));
	CHECK_EQ(ask(&asker, c), -ENODEV);
	/* And one that asks about a card that was swapped is refused. */
	CHECK(vcard_insert(c));
	put_question(&asker, c, UICC_KIND_SESSION, "?");
	genl_put_u64(&asker, UICC_A_CONSENT_SEQ, 1);
	CHECK_EQ(genl_call(&asker), -ENODEV);
	genl_close(&asker);
	genl_close(&second);
	vcard_free(c);
	return true;
}

static bool test_times(void)
{
	struct vcard *c = vcard_new("ct-time");
	struct genl asker, first, second;
	int id;

	CHECK(vcard_insert(c));
	genl_open(&asker);
	CHECK(agent_open(&first));
	CHECK(agent_open(&second));
	put_question(&asker, c, UICC_KIND_CONFIRM, "now?");
	genl_put_u32(&asker, UICC_A_CONSENT_TIMEOUT_MS, 200);
	CHECK_EQ(genl_call(&asker), 1);
	id = genl_u32(&asker, UICC_A_CONSENT_ID);
	CHECK(next_is(&second, UICC_CMD_CONSENT_READY, id, NONE));
	/* The first agent does nothing: after its head start anyone may. */
	CHECK(next_is(&second, UICC_CMD_CONSENT_READY, id, NONE));
	CHECK_EQ(call(&second, UICC_CMD_CONSENT_ACCEPT, id), 1);
	/* The time to answer runs from accept. */
	CHECK(next_is(&second, UICC_CMD_CONSENT_WITHDRAWN, id, UICC_OUTCOME_TIMEOUT));
	CHECK(next_is(&asker, UICC_CMD_CONSENT_COMPLETED, id, UICC_OUTCOME_TIMEOUT));
	CHECK_EQ(done(&second, id, UICC_OUTCOME_YES), -ENOENT);
	/* Withdrawn by its asker, and by nobody else. */
	id = ask(&asker, c);
	CHECK(id > 0);
	CHECK_EQ(call(&second, UICC_CMD_CONSENT_WITHDRAW, id), -ENOENT);
	CHECK_EQ(call(&asker, UICC_CMD_CONSENT_WITHDRAW, id), 0);
	CHECK_EQ(call(&asker, UICC_CMD_CONSENT_WITHDRAW, id), -ENOENT);
	genl_close(&asker);
	genl_close(&first);
	genl_close(&second);
	vcard_free(c);
	return true;
}

static bool test_bounds(void)
{
	struct vcard *c = vcard_new("ct-many");
	struct genl asker, other;
	char text[2000];
	int i;

	CHECK(vcard_insert(c));
	genl_open(&asker);
	genl_open(&other);
	for (i = 0; i < 8; i++)
		CHECK(ask(&asker, c) > 0);
	CHECK_EQ(ask(&asker, c), -EBUSY);
	CHECK(ask(&other, c) > 0);
	CHECK_EQ(genl_dump(&other, UICC_CMD_CONSENT_GET), 9);
	genl_close(&asker);
	CHECK_EQ(genl_dump(&other, UICC_CMD_CONSENT_GET), 1);

	memset(text, 'x', sizeof(text));
	text[UICC_TEXT_MAX + 1] = '\0';
	put_question(&other, c, UICC_KIND_CONFIRM, text);
	CHECK_EQ(genl_call(&other), -EINVAL);
	put_question(&other, c, 99, "?");
	CHECK_EQ(genl_call(&other), -ERANGE);
	put_question(&other, c, UICC_KIND_PIN, "?");
	CHECK_EQ(genl_call(&other), -EINVAL);		/* which? */
	put_question(&other, c, UICC_KIND_SINGLE_CHOICE, "?");
	CHECK_EQ(genl_call(&other), -EINVAL);		/* no choice */
	put_question(&other, c, UICC_KIND_MULTIPLE_CHOICE, "?");
	for (i = 0; i < 33; i++)
		genl_put_str(&other, UICC_A_CONSENT_CHOICE, "x");
	CHECK_EQ(genl_call(&other), -EINVAL);
	put_question(&other, c, UICC_KIND_CONFIRM, "?");
	genl_put_u32(&other, UICC_A_CONSENT_STATE, 0);	/* not an attribute of ask */
	CHECK_EQ(genl_call(&other), -EINVAL);
	put_question(&other, c, UICC_KIND_CONFIRM, "?");
	genl_put_u32(&other, UICC_A_CONSENT_TIMEOUT_MS, UICC_TIMEOUT_MAX_MS + 1);
	CHECK_EQ(genl_call(&other), -EINVAL);
	genl_begin(&other, UICC_CMD_CONSENT_ASK, 0);
	CHECK_EQ(genl_call(&other), -EINVAL);
	CHECK_EQ(call(&other, UICC_CMD_CONSENT_ACCEPT, 0), -EPERM);	/* no agent */
	genl_close(&other);
	vcard_free(c);
	return true;
}

/* Becomes nobody, in the agent group or not, and tries. Exits 0 when all was as it should. */
static bool as_nobody(const struct vcard *c, bool in_group, int answer, int question)
{
	gid_t group = AGENT_GID;
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		struct genl g;

		if (setgroups(in_group, &group) || setresgid(65534, 65534, 65534) ||
		    setresuid(65534, 65534, 65534))
			_exit(2);
		genl_open(&g);
		if (call(&g, UICC_CMD_AGENT_REGISTER, 0) != answer)
			_exit(3);
		if (ask(&g, c) != question)
			_exit(4);
		if (call(&g, UICC_CMD_CONSENT_ACCEPT, 0) == 1)
			_exit(5);
		if (call(&g, UICC_CMD_CONSENT_WITHDRAW, 1) != -EPERM)
			_exit(6);
		_exit(0);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(WEXITSTATUS(status), 0);
	return true;
}

/* Rights are those of who opened the socket, whatever its user became. */
static bool test_opener(const struct vcard *c)
{
	struct genl g;
	int status;
	pid_t pid;

	genl_open(&g);
	fflush(stdout);
	pid = fork();
	if (!pid) {
		if (setresuid(65534, 65534, 65534))
			_exit(2);
		_exit(ask(&g, c) > 0 ? 0 : 1);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(WEXITSTATUS(status), 0);
	genl_close(&g);
	return true;
}

static bool test_rights(void)
{
	struct vcard *c = vcard_new("ct-right");
	struct genl both, agent;
	int id;

	CHECK(vcard_insert(c));
	CHECK(attr_is(AGENT_GID_ATTR, "-1\n"));
	CHECK_EQ(attr_write(AGENT_GID_ATTR, "x"), -EINVAL);
	CHECK_EQ(attr_write(AGENT_GID_ATTR, "-2"), -EINVAL);
	CHECK_EQ(attr_write(AGENT_GID_ATTR, "4294967295"), -EINVAL);
	CHECK(as_nobody(c, true, -EPERM, -EPERM));
	CHECK_EQ(attr_write(AGENT_GID_ATTR, "4711"), 0);
	CHECK(attr_is(AGENT_GID_ATTR, "4711\n"));
	CHECK(as_nobody(c, false, -EPERM, -EPERM));
	CHECK(as_nobody(c, true, 0, -EPERM));
	CHECK_EQ(attr_write(AGENT_GID_ATTR, "-1"), 0);
	CHECK(attr_is(AGENT_GID_ATTR, "-1\n"));
	CHECK(test_opener(c));

	/* Who asks may not answer, whatever its rights. */
	CHECK(agent_open(&both));
	id = ask(&both, c);
	CHECK(id > 0);
	CHECK_EQ(call(&both, UICC_CMD_CONSENT_ACCEPT, id), -EPERM);
	CHECK_EQ(call(&both, UICC_CMD_CONSENT_ACCEPT, 0), -ENOENT);
	CHECK_EQ(done(&both, id, UICC_OUTCOME_YES), -EPERM);
	genl_open(&agent);
	CHECK_EQ(call(&agent, UICC_CMD_CONSENT_ACCEPT, id), -EPERM);	/* not registered */
	CHECK_EQ(call(&agent, UICC_CMD_AGENT_REGISTER, 0), 0);
	CHECK_EQ(call(&agent, UICC_CMD_CONSENT_ACCEPT, id), 1);
	CHECK_EQ(done(&agent, id, UICC_OUTCOME_NO), 0);
	genl_close(&both);
	genl_close(&agent);
	vcard_free(c);
	return true;
}

/*
 * A port that is free again is another's. The kernel frees it before it says that
 * its socket is closed: whoever waits for that moment must not get what was meant
 * for the first owner.
 */
struct heir {
	pthread_t thread;
	uint32_t portid;
	volatile bool stop;
	bool bound, got;
};

static void *heir_thread(void *arg)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK };
	struct heir *heir = arg;
	char buf[4096];
	int fd;

	addr.nl_pid = heir->portid;
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	while (!heir->stop) {
		if (!bind(fd, (void *)&addr, sizeof(addr))) {
			heir->bound = true;
			break;
		}
	}
	while (!heir->stop)
		usleep(1000);
	heir->got = heir->bound && recv(fd, buf, sizeof(buf), MSG_DONTWAIT) > 0;
	close(fd);
	return NULL;
}

static void *close_thread(void *asker)
{
	genl_close(asker);
	return NULL;
}

static bool test_port_again(void)
{
	struct vcard *c = vcard_new("ct-port");
	struct genl asker, agent;
	struct heir heir;
	int round, id, ret, bound = 0, answered = 0;
	pthread_t closer;

	CHECK(vcard_insert(c));
	CHECK(agent_open(&agent));
	for (round = 0; round < 100; round++) {
		genl_open(&asker);
		id = ask(&asker, c);
		CHECK(id > 0);
		CHECK_EQ(call(&agent, UICC_CMD_CONSENT_ACCEPT, id), 1);
		memset(&heir, 0, sizeof(heir));
		heir.portid = asker.portid;
		CHECK(!pthread_create(&heir.thread, NULL, heir_thread, &heir));
		usleep(1000);
		/* At the same time, sooner or later. */
		CHECK(!pthread_create(&closer, NULL, close_thread, &asker));
		usleep(round % 10 * 20);
		ret = done(&agent, id, UICC_OUTCOME_YES);
		CHECK(!ret || ret == -ENOENT);
		answered += !ret;
		pthread_join(closer, NULL);
		usleep(2000);
		heir.stop = true;
		pthread_join(heir.thread, NULL);
		bound += heir.bound;
		CHECK(!heir.got);
	}
	CHECK(bound > 0);
	printf("# the port was taken %d times, answered in time %d times\n", bound, answered);
	genl_close(&agent);
	vcard_free(c);
	return true;
}

/* What anyone may know of one question: where it stands, and nothing of its content. */
static bool test_state(void)
{
	struct vcard *c = vcard_new("ct-state");
	struct genl asker, agent, watcher;
	size_t len;
	int id;

	genl_open(&asker);
	genl_open(&agent);
	genl_open(&watcher);
	CHECK(vcard_insert(c));
	id = ask(&asker, c);
	CHECK(id > 0);
	CHECK_EQ(call(&watcher, UICC_CMD_CONSENT_GET, id), 1);
	CHECK_EQ(genl_u32(&watcher, UICC_A_CONSENT_ID), id);
	CHECK_EQ(genl_u32(&watcher, UICC_A_CONSENT_SLOT), c->slot);
	CHECK_EQ(genl_u32(&watcher, UICC_A_CONSENT_KIND), UICC_KIND_CONFIRM);
	CHECK_EQ(genl_u32(&watcher, UICC_A_CONSENT_STATE), UICC_CONSENT_STATE_PENDING);
	CHECK(!genl_attr(&watcher, UICC_A_CONSENT_TEXT, 0, &len));
	CHECK(!genl_attr(&watcher, UICC_A_CONSENT_ORIGIN, 0, &len));
	CHECK_EQ(call(&watcher, UICC_CMD_CONSENT_GET, id + 1), -ENOENT);
	CHECK_EQ(call(&watcher, UICC_CMD_CONSENT_GET, 0), -EINVAL);

	/* An agent with a name, which only a trace shows. */
	genl_begin(&agent, UICC_CMD_AGENT_REGISTER, 0);
	genl_put_str(&agent, UICC_A_CONSENT_AGENT, "selftest");
	CHECK_EQ(genl_call(&agent), 0);
	CHECK_EQ(call(&agent, UICC_CMD_CONSENT_ACCEPT, id), 1);
	CHECK_EQ(call(&watcher, UICC_CMD_CONSENT_GET, id), 1);
	CHECK_EQ(genl_u32(&watcher, UICC_A_CONSENT_STATE), UICC_CONSENT_STATE_ACCEPTED);
	CHECK_EQ(done(&agent, id, UICC_OUTCOME_YES), 0);
	CHECK(next_is(&asker, UICC_CMD_CONSENT_COMPLETED, id, UICC_OUTCOME_YES));
	CHECK_EQ(call(&watcher, UICC_CMD_CONSENT_GET, id), -ENOENT);
	genl_close(&asker);
	genl_close(&agent);
	genl_close(&watcher);
	vcard_free(c);
	return true;
}

static const struct ktap_test tests[] = {
	{ "slots and cards are dumped, their events multicast", test_dump },
	{ "a question, its answer, one completion", test_answer },
	{ "agents, askers and cards that go", test_deaths },
	{ "head start, time to answer, withdrawal", test_times },
	{ "bounds and malformed questions", test_bounds },
	{ "who may ask and who may answer", test_rights },
	{ "where a question stands", test_state },
	{ "a port used again gets nothing of its first owner", test_port_again },
};

KTAP_MAIN(tests)
