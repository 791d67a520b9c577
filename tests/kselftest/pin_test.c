// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * PINs over netlink: their state, verifying one, asking a person for one; what a
 * card that is silent or goes does to that; and that a PIN is seen nowhere else.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/netlink.h>
#include <pthread.h>
#include <signal.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "genl.h"
#include "ktap.h"
#include "vcard.h"

#define ICCID		"ef-3f00.2fe2/data"
#define TIMEOUT_ATTR	"/sys/module/uicc_virt/parameters/timeout_ms"
#define NONE		0xffffffff

/* VERIFY of key 01: its state, and PIN 1234. */
#define STATE_01	"00 20 00 01 00"
#define VERIFY_01	"00 20 00 01 08 31323334 FFFFFFFF"
#define STATUS_2G	"A0 F2 00 00 16"
#define VERIFY_2G	"A0 20 00 01 08 31323334 FFFFFFFF"

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void put_pin(struct genl *g, const struct vcard *c, uint8_t key_ref, const char *pin)
{
	genl_begin(g, pin ? UICC_CMD_PIN_VERIFY : UICC_CMD_PIN_GET, 0);
	genl_put_u32(g, UICC_A_PIN_SLOT, c->slot);
	genl_put_u8(g, UICC_A_PIN_KEY_REF, key_ref);
	if (pin)
		genl_put(g, UICC_A_PIN_VALUE, pin, strlen(pin));
}

/* The request's number, or -errno. @pin NULL: the state. */
static int request(struct genl *g, const struct vcard *c, uint8_t key_ref, const char *pin)
{
	int ret;

	put_pin(g, c, key_ref, pin);
	ret = genl_call(g);
	return ret == 1 ? (int)genl_u32(g, UICC_A_PIN_ID) : ret ?: -EPROTO;
}

static bool completed(struct genl *g, uint32_t id, uint32_t result, uint32_t retries)
{
	CHECK_EQ(genl_next(g, 20000), 0);
	CHECK_EQ(g->cmd, UICC_CMD_PIN_COMPLETED);
	CHECK_EQ(genl_u32(g, UICC_A_PIN_ID), id);
	CHECK_EQ(genl_u32(g, UICC_A_PIN_RESULT), result);
	CHECK_EQ(genl_u32(g, UICC_A_PIN_RETRIES), retries);
	return true;
}

/* One request with its one completion. */
static bool asked(struct genl *g, const struct vcard *c, uint8_t key_ref, const char *pin,
		  uint32_t result, uint32_t retries)
{
	int id = request(g, c, key_ref, pin);

	CHECK(id > 0);
	CHECK(completed(g, id, result, retries));
	CHECK_EQ(genl_u32(g, UICC_A_PIN_SLOT), c->slot);
	CHECK_EQ(genl_u64(g, UICC_A_PIN_SEQ), 1);
	CHECK_EQ(genl_u8(g, UICC_A_PIN_KEY_REF), key_ref);
	CHECK_EQ(genl_next(g, 20), -ETIMEDOUT);
	return true;
}

static bool test_states(void)
{
	struct vcard *c = vcard_new("pt-state");
	struct genl g;

	genl_open(&g);
	CHECK_EQ(request(&g, c, 1, NULL), -ENODEV);
	CHECK(vcard_insert(c));
	vcard_expect(c, STATE_01, "63C3");
	CHECK(asked(&g, c, 0x01, NULL, UICC_PIN_RESULT_NOT_VERIFIED, 3));
	vcard_expect(c, VERIFY_01, "63C2");
	CHECK(asked(&g, c, 0x01, "1234", UICC_PIN_RESULT_WRONG, 2));
	vcard_expect(c, "00 20 00 01 08 3132333435363738", "9000");
	CHECK(asked(&g, c, 0x01, "12345678", UICC_PIN_RESULT_VERIFIED, NONE));
	vcard_expect(c, STATE_01, "9000");
	CHECK(asked(&g, c, 0x01, NULL, UICC_PIN_RESULT_VERIFIED, NONE));
	vcard_expect(c, "00 20 00 81 00", "6983");
	CHECK(asked(&g, c, 0x81, NULL, UICC_PIN_RESULT_BLOCKED, 0));
	vcard_expect(c, "00 20 00 11 00", "6984");
	CHECK(asked(&g, c, 0x11, NULL, UICC_PIN_RESULT_DISABLED, NONE));
	vcard_expect(c, "00 20 00 02 00", "6A88");
	CHECK(asked(&g, c, 0x02, NULL, UICC_PIN_RESULT_REFUSED, NONE));
	/* An issuer's key is bytes, not digits. */
	vcard_expect(c, "00 20 00 0A 08 A1B2C3D4 FFFFFFFF", "9000");
	CHECK(asked(&g, c, 0x0a, "\xa1\xb2\xc3\xd4", UICC_PIN_RESULT_VERIFIED, NONE));
	/* The last try is not refused, and not repeated. */
	vcard_expect(c, VERIFY_01, "63C0");
	CHECK(asked(&g, c, 0x01, "1234", UICC_PIN_RESULT_BLOCKED, 0));
	put_pin(&g, c, 1, NULL);
	genl_put_u64(&g, UICC_A_PIN_SEQ, 2);
	CHECK_EQ(genl_call(&g), -ENODEV);
	CHECK(vcard_played(c));
	genl_close(&g);
	vcard_free(c);
	return true;
}

/* Before the class is known, no PIN is sent: the state is asked for first. */
static bool test_2g(void)
{
	static const char * const status[] = {
		"00000000 3F00 01 0000000000 09 13 02 04 04 00 83 8A 83 8A 9000",
		"00000000 3F00 01 0000000000 09 13 02 04 04 00 82 8A 83 8A 9000",
	};
	struct vcard *c = vcard_new("pt-2g");
	struct genl g;

	CHECK(vcard_insert(c));
	genl_open(&g);
	vcard_expect(c, STATE_01, "6E00");
	vcard_expect(c, STATUS_2G, status[0]);
	vcard_expect(c, VERIFY_2G, "9804");
	vcard_expect(c, STATUS_2G, status[1]);
	CHECK(asked(&g, c, 0x01, "1234", UICC_PIN_RESULT_WRONG, 2));
	CHECK_EQ(c->resets, 1);
	vcard_expect(c, VERIFY_2G, "9000");
	CHECK(asked(&g, c, 0x01, "1234", UICC_PIN_RESULT_VERIFIED, NONE));
	vcard_expect(c, STATUS_2G, status[0]);
	CHECK(asked(&g, c, 0x81, NULL, UICC_PIN_RESULT_NOT_VERIFIED, 3));
	vcard_expect(c, "A0 20 00 02 08 31323334 FFFFFFFF", "9840");
	CHECK(asked(&g, c, 0x81, "1234", UICC_PIN_RESULT_BLOCKED, 0));
	CHECK(asked(&g, c, 0x11, "1234", UICC_PIN_RESULT_REFUSED, NONE));
	CHECK(vcard_played(c));
	genl_close(&g);
	vcard_free(c);
	return true;
}

static void *read_thread(void *path)
{
	char buf[16];

	return (void *)(long)attr_read(path, buf, 10, 0);
}

/* A reader that is killed in mid-command: the card is reset for the next. */
static bool break_off(struct vcard *c)
{
	unsigned int before = c->commands;
	int status;
	pid_t pid;
	char buf[4];

	vcard_expect(c, "", "");
	pid = fork();
	if (!pid)
		_exit(attr_read(card_path(c, "ef-3f00.2f00/data"), buf, 1, 0));
	CHECK(vcard_wait_commands(c, before + 1));
	kill(pid, SIGKILL);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	return true;
}

/* What a PIN protects: -EACCES, verify, the content; after a reset -EACCES again. */
static bool test_protected_file(void)
{
	struct vcard *c = vcard_new("pt-file");
	struct genl g;
	char buf[16];

	CHECK(vcard_insert(c));
	genl_open(&g);
	vcard_expect(c, "00 A4 08 0C 02 2FE2", "9000");
	vcard_expect(c, "00 B0 00 00 0A", "6982");
	CHECK_EQ(attr_read(card_path(c, ICCID), buf, 10, 0), -EACCES);
	vcard_expect(c, VERIFY_01, "9000");
	CHECK(asked(&g, c, 0x01, "1234", UICC_PIN_RESULT_VERIFIED, NONE));
	/* Nothing remembers the refusal. Whether the file is still selected is the core's. */
	vcard_expect(c, "00 B0 00 00 0A", "98 00 11 22 33 44 55 66 77 88 9000");
	CHECK_EQ(attr_read(card_path(c, ICCID), buf, 10, 0), 10);
	CHECK(vcard_played(c));
	/* The reset comes with the next command, to whichever file. */
	CHECK(break_off(c));
	vcard_expect(c, "", "6982");
	CHECK_EQ(attr_read(card_path(c, "ef-3f00.2f00/data"), buf, 10, 0), -EACCES);
	vcard_expect(c, "00 A4 08 0C 02 2FE2", "9000");
	vcard_expect(c, "00 B0 00 00 0A", "6982");
	CHECK_EQ(attr_read(card_path(c, ICCID), buf, 10, 0), -EACCES);
	CHECK_EQ(c->resets, 1);
	CHECK(vcard_played(c));
	genl_close(&g);
	vcard_free(c);
	return true;
}

/* Who waits for a card that is busy, and goes, has not spent a try. */
static bool test_gone_before(void)
{
	struct vcard *c = vcard_new("pt-gone");
	struct timespec begun = { .tv_nsec = 200000000 };
	char path[128];
	pthread_t reader;
	struct genl g;
	void *got;

	CHECK(vcard_insert(c));
	genl_open(&g);
	snprintf(path, sizeof(path), "%s", card_path(c, ICCID));
	c->answer_ms = 1000;
	vcard_expect(c, "00 A4 08 0C 02 2FE2", "9000");
	vcard_expect(c, "00 B0 00 00 0A", "98 00 11 22 33 44 55 66 77 88 9000");
	CHECK_EQ(pthread_create(&reader, NULL, read_thread, path), 0);
	CHECK(vcard_wait_commands(c, 1));
	CHECK(request(&g, c, 0x01, "1234") > 0);
	nanosleep(&begun, NULL);	/* it is the next in turn now */
	genl_close(&g);
	CHECK_EQ(pthread_join(reader, &got), 0);
	CHECK_EQ((long)got, 10);
	/* Behind it, if it still came: the card says no to whatever it does not expect. */
	c->answer_ms = 0;
	genl_open(&g);
	vcard_expect(c, STATE_01, "63C3");
	CHECK(asked(&g, c, 0x01, NULL, UICC_PIN_RESULT_NOT_VERIFIED, 3));
	CHECK(vcard_played(c));
	genl_close(&g);
	vcard_free(c);
	return true;
}

static bool test_bounds(void)
{
	struct vcard *c = vcard_new("pt-bound");
	struct genl g[5];
	int i, j, first;

	CHECK(vcard_insert(c));
	vcard_expect(c, STATE_01, "");		/* silent: all others wait behind it */
	for (i = 0; i < 5; i++)
		genl_open(&g[i]);
	first = request(&g[0], c, 1, NULL);
	CHECK(first > 0);
	CHECK(vcard_wait_commands(c, 1));
	for (j = 1; j < 8; j++)
		CHECK_EQ(request(&g[0], c, 1, NULL), first + j);
	CHECK_EQ(request(&g[0], c, 1, NULL), -EBUSY);
	for (i = 1; i < 4; i++)
		for (j = 0; j < 8; j++)
			CHECK(request(&g[i], c, 1, NULL) > 0);
	CHECK_EQ(request(&g[4], c, 1, NULL), -EBUSY);
	genl_close(&g[3]);
	for (j = 0; j < 8; j++)
		CHECK(request(&g[4], c, 1, "1234") > 0);
	CHECK(vcard_remove(c));
	for (j = 0; j < 8; j++)
		CHECK(completed(&g[0], first + j, UICC_PIN_RESULT_GONE, NONE));
	CHECK_EQ(genl_next(&g[0], 20), -ETIMEDOUT);
	CHECK(vcard_played(c));		/* no PIN has reached the card */
	for (i = 0; i < 5; i++)
		if (i != 3)
			genl_close(&g[i]);
	vcard_free(c);
	return true;
}

static bool test_bad_requests(void)
{
	struct vcard *c = vcard_new("pt-bad");
	struct genl g;
	int status;
	pid_t pid;

	CHECK(vcard_insert(c));
	genl_open(&g);
	CHECK_EQ(request(&g, c, 0x00, NULL), -ERANGE);
	CHECK_EQ(request(&g, c, 0x20, NULL), -EINVAL);
	CHECK_EQ(request(&g, c, 0x80, "1234"), -EINVAL);
	CHECK_EQ(request(&g, c, 0x01, "123"), -EINVAL);
	CHECK_EQ(request(&g, c, 0x01, "123456789"), -EINVAL);
	CHECK_EQ(request(&g, c, 0x01, "12a4"), -EINVAL);
	CHECK_EQ(request(&g, c, 0x01, ""), -EINVAL);
	put_pin(&g, c, 0x01, NULL);
	genl_put(&g, UICC_A_PIN_VALUE, "1234", 4);	/* pin-get takes none */
	CHECK_EQ(genl_call(&g), -EINVAL);
	genl_begin(&g, UICC_CMD_PIN_VERIFY, 0);
	genl_put_u32(&g, UICC_A_PIN_SLOT, c->slot);
	genl_put_u8(&g, UICC_A_PIN_KEY_REF, 1);
	CHECK_EQ(genl_call(&g), -EINVAL);
	genl_begin(&g, UICC_CMD_PIN_VERIFY, 0);
	genl_put_u32(&g, UICC_A_PIN_SLOT, c->slot);
	genl_put(&g, UICC_A_PIN_VALUE, "1234", 4);
	CHECK_EQ(genl_call(&g), -EINVAL);
	genl_close(&g);
	fflush(stdout);
	pid = fork();
	if (!pid) {
		if (setresuid(65534, 65534, 65534))
			_exit(2);
		genl_open(&g);
		if (request(&g, c, 1, NULL) != -EPERM || request(&g, c, 1, "1234") != -EPERM)
			_exit(3);
		_exit(0);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	CHECK_EQ(c->commands, 0);
	vcard_free(c);
	return true;
}

/* Silent for as long as the test lasts, with a read and a PIN verify pending. */
static bool test_silent(void)
{
	struct vcard *c = vcard_new("pt-silent");
	struct genl g, other;
	pthread_t reader;
	char path[256];
	void *result;
	double t;
	int id, i;

	CHECK_EQ(attr_write(TIMEOUT_ATTR, "60000"), 0);
	CHECK(vcard_insert(c));
	genl_open(&g);
	genl_open(&other);
	/* So that the class is known, and the PIN itself is what it is silent to. */
	vcard_expect(c, STATE_01, "63C3");
	CHECK(asked(&g, c, 0x01, NULL, UICC_PIN_RESULT_NOT_VERIFIED, 3));
	vcard_expect(c, VERIFY_01, "");
	t = now();
	id = request(&g, c, 0x01, "1234");
	CHECK(id > 0);
	CHECK(now() - t < 1.0);		/* the doit does not wait */
	CHECK(vcard_wait_commands(c, 2));
	snprintf(path, sizeof(path), "%s", card_path(c, ICCID));
	CHECK(!pthread_create(&reader, NULL, read_thread, path));
	for (i = 0; i < 10; i++) {
		t = now();
		CHECK(genl_families(&other) > 0);
		if (now() - t >= 0.1)
			printf("# families took %.0f ms\n", (now() - t) * 1000);
		CHECK(now() - t < 0.1);
		CHECK_EQ(genl_next(&g, 50), -ETIMEDOUT);
	}
	t = now();
	CHECK(vcard_remove(c));
	CHECK(now() - t < 1.0);
	CHECK(completed(&g, id, UICC_PIN_RESULT_GONE, NONE));
	CHECK_EQ(genl_next(&g, 20), -ETIMEDOUT);
	pthread_join(reader, &result);
	CHECK_EQ((long)result, -ENODEV);
	CHECK_EQ(attr_write(TIMEOUT_ATTR, "10000"), 0);
	CHECK(vcard_played(c));
	genl_close(&g);
	genl_close(&other);
	vcard_free(c);
	return true;
}

static bool test_timeout(void)
{
	struct vcard *c = vcard_new("pt-time");
	struct genl g;
	int id;

	CHECK_EQ(attr_write(TIMEOUT_ATTR, "300"), 0);
	CHECK(vcard_insert(c));
	genl_open(&g);
	vcard_expect(c, STATE_01, "");
	id = request(&g, c, 0x01, NULL);
	CHECK(id > 0);
	CHECK(completed(&g, id, UICC_PIN_RESULT_TIMEOUT, NONE));
	CHECK_EQ(attr_write(TIMEOUT_ATTR, "10000"), 0);
	/* The card was broken off: it is reset before the next, whose class is unknown. */
	vcard_expect(c, STATE_01, "63C1");
	vcard_expect(c, VERIFY_01, "9000");
	CHECK(asked(&g, c, 0x01, "1234", UICC_PIN_RESULT_VERIFIED, NONE));
	CHECK_EQ(c->resets, 1);
	CHECK(vcard_played(c));
	genl_close(&g);
	vcard_free(c);
	return true;
}

/* --- a person is asked ---------------------------------------------------- */

static int ask_pin(struct genl *g, const struct vcard *c)
{
	int ret;

	genl_begin(g, UICC_CMD_CONSENT_ASK, 0);
	genl_put_u32(g, UICC_A_CONSENT_SLOT, c->slot);
	genl_put_u32(g, UICC_A_CONSENT_KIND, UICC_KIND_PIN);
	genl_put_str(g, UICC_A_CONSENT_ORIGIN, "selftest");
	genl_put_str(g, UICC_A_CONSENT_TEXT, "PIN, please");
	genl_put_u8(g, UICC_A_CONSENT_KEY_REF, 0x01);
	ret = genl_call(g);
	return ret == 1 ? (int)genl_u32(g, UICC_A_CONSENT_ID) : ret ?: -EPROTO;
}

static int answer(struct genl *g, uint32_t id, uint32_t outcome, const char *pin)
{
	genl_begin(g, UICC_CMD_CONSENT_DONE, 0);
	genl_put_u32(g, UICC_A_CONSENT_ID, id);
	genl_put_u32(g, UICC_A_CONSENT_OUTCOME, outcome);
	if (pin)
		genl_put_str(g, UICC_A_CONSENT_VALUE, pin);
	return genl_call(g);
}

static bool agent_open(struct genl *g)
{
	genl_open(g);
	CHECK(genl_join(g, UICC_MCGRP_AGENTS));
	genl_begin(g, UICC_CMD_AGENT_REGISTER, 0);
	CHECK_EQ(genl_call(g), 0);
	return true;
}

/* The agent takes it and sees what it needs to know. */
static bool accepted(struct genl *agent, uint32_t id, uint32_t retries)
{
	CHECK_EQ(genl_next(agent, 10000), 0);
	CHECK_EQ(agent->cmd, UICC_CMD_CONSENT_READY);
	CHECK_EQ(genl_u32(agent, UICC_A_CONSENT_ID), id);
	genl_begin(agent, UICC_CMD_CONSENT_ACCEPT, 0);
	genl_put_u32(agent, UICC_A_CONSENT_ID, id);
	CHECK_EQ(genl_call(agent), 1);
	CHECK_EQ(genl_u32(agent, UICC_A_CONSENT_KIND), UICC_KIND_PIN);
	CHECK_EQ(genl_u8(agent, UICC_A_CONSENT_KEY_REF), 0x01);
	CHECK_EQ(genl_u32(agent, UICC_A_CONSENT_RETRIES), retries);
	return true;
}

static bool ended(struct genl *asker, uint32_t id, uint32_t outcome, uint32_t result,
		  uint32_t retries)
{
	size_t len;

	CHECK_EQ(genl_next(asker, 20000), 0);
	CHECK_EQ(asker->cmd, UICC_CMD_CONSENT_COMPLETED);
	CHECK_EQ(genl_u32(asker, UICC_A_CONSENT_ID), id);
	CHECK_EQ(genl_u32(asker, UICC_A_CONSENT_OUTCOME), outcome);
	CHECK_EQ(genl_u32(asker, UICC_A_CONSENT_PIN_RESULT), result);
	CHECK_EQ(genl_u32(asker, UICC_A_CONSENT_RETRIES), retries);
	CHECK(!genl_attr(asker, UICC_A_CONSENT_VALUE, 0, &len));
	CHECK_EQ(genl_next(asker, 20), -ETIMEDOUT);
	return true;
}

static bool test_question(void)
{
	struct vcard *c = vcard_new("pt-ask");
	struct genl asker, agent;
	int id;

	CHECK(vcard_insert(c));
	genl_open(&asker);
	CHECK(agent_open(&agent));
	vcard_expect(c, STATE_01, "63C3");
	id = ask_pin(&asker, c);
	CHECK(id > 0);
	CHECK(accepted(&agent, id, 3));
	CHECK_EQ(answer(&agent, id, UICC_OUTCOME_YES, NULL), -EINVAL);
	CHECK_EQ(answer(&agent, id, UICC_OUTCOME_YES, "12"), -EINVAL);
	vcard_expect(c, VERIFY_01, "63C2");
	CHECK_EQ(answer(&agent, id, UICC_OUTCOME_YES, "1234"), 0);
	CHECK(ended(&asker, id, UICC_OUTCOME_NO, UICC_PIN_RESULT_WRONG, 2));
	CHECK_EQ(answer(&agent, id, UICC_OUTCOME_YES, "1234"), -ENOENT);
	/* Another try is another question; with one try left it is shown, not refused. */
	vcard_expect(c, STATE_01, "63C1");
	id = ask_pin(&asker, c);
	CHECK(id > 0);
	CHECK(accepted(&agent, id, 1));
	vcard_expect(c, VERIFY_01, "9000");
	CHECK_EQ(answer(&agent, id, UICC_OUTCOME_YES, "1234"), 0);
	CHECK(ended(&asker, id, UICC_OUTCOME_YES, UICC_PIN_RESULT_VERIFIED, NONE));
	/* A person who does not want to: the card hears nothing. */
	vcard_expect(c, STATE_01, "63C3");
	id = ask_pin(&asker, c);
	CHECK(accepted(&agent, id, 3));
	CHECK_EQ(answer(&agent, id, UICC_OUTCOME_NO, NULL), 0);
	CHECK(ended(&asker, id, UICC_OUTCOME_NO, NONE, NONE));
	/* Where no PIN helps nobody is asked. */
	vcard_expect(c, STATE_01, "6983");
	id = ask_pin(&asker, c);
	CHECK(ended(&asker, id, UICC_OUTCOME_NO, UICC_PIN_RESULT_BLOCKED, 0));
	vcard_expect(c, STATE_01, "6984");
	id = ask_pin(&asker, c);
	CHECK(ended(&asker, id, UICC_OUTCOME_NO, UICC_PIN_RESULT_DISABLED, NONE));
	CHECK_EQ(genl_next(&agent, 20), -ETIMEDOUT);
	CHECK_EQ(genl_dump(&asker, UICC_CMD_CONSENT_GET), 0);
	CHECK(vcard_played(c));
	genl_close(&asker);
	genl_close(&agent);
	vcard_free(c);
	return true;
}

/* The agent, the asker and the card go while the card has the PIN and says nothing. */
static bool test_question_ends(void)
{
	struct vcard *c = vcard_new("pt-ends");
	struct genl asker, agent;
	int id;

	CHECK(vcard_insert(c));
	genl_open(&asker);
	CHECK(agent_open(&agent));
	/* The card is asked for the state and goes. */
	vcard_expect(c, STATE_01, "");
	id = ask_pin(&asker, c);
	CHECK(id > 0);
	CHECK(vcard_wait_commands(c, 1));
	CHECK_EQ(genl_dump(&asker, UICC_CMD_CONSENT_GET), 1);
	CHECK(vcard_remove(c));
	CHECK(ended(&asker, id, UICC_OUTCOME_WITHDRAWN, NONE, NONE));
	CHECK(vcard_insert(c));
	/* The agent goes after its answer; then the card. */
	vcard_expect(c, STATE_01, "63C3");
	id = ask_pin(&asker, c);
	CHECK(accepted(&agent, id, 3));
	vcard_expect(c, VERIFY_01, "");
	CHECK_EQ(answer(&agent, id, UICC_OUTCOME_YES, "1234"), 0);
	CHECK(vcard_wait_commands(c, 3));
	CHECK_EQ(answer(&agent, id, UICC_OUTCOME_YES, "1234"), -EPERM);
	genl_close(&agent);
	CHECK_EQ(genl_next(&asker, 50), -ETIMEDOUT);
	CHECK(vcard_remove(c));
	CHECK(ended(&asker, id, UICC_OUTCOME_WITHDRAWN, NONE, NONE));
	CHECK(vcard_insert(c));
	/* The asker takes it back: whatever the card says then, it is over. */
	CHECK(agent_open(&agent));
	vcard_expect(c, STATE_01, "63C3");
	id = ask_pin(&asker, c);
	CHECK(accepted(&agent, id, 3));
	vcard_expect(c, VERIFY_01, "");
	CHECK_EQ(answer(&agent, id, UICC_OUTCOME_YES, "1234"), 0);
	CHECK(vcard_wait_commands(c, 5));
	genl_begin(&asker, UICC_CMD_CONSENT_WITHDRAW, 0);
	genl_put_u32(&asker, UICC_A_CONSENT_ID, id);
	CHECK_EQ(genl_call(&asker), 0);
	CHECK(ended(&asker, id, UICC_OUTCOME_WITHDRAWN, NONE, NONE));
	CHECK_EQ(genl_dump(&asker, UICC_CMD_CONSENT_GET), 0);
	CHECK(vcard_remove(c));
	CHECK_EQ(genl_next(&asker, 50), -ETIMEDOUT);
	CHECK(vcard_played(c));
	genl_close(&asker);
	genl_close(&agent);
	vcard_free(c);
	return true;
}

/* --- secrets -------------------------------------------------------------- */

#define PLANTED		"73519284"
#define PLANTED_HEX	"3733353139323834"

static bool has(const char *text, size_t len, const char *what)
{
	return memmem(text, len, what, strlen(what));
}

static bool seen_in(const char *path)
{
	static char text[1 << 20];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t n;

	if (fd < 0)
		return true;
	while (len < sizeof(text) && (n = read(fd, text + len, sizeof(text) - len)) > 0)
		len += n;
	close(fd);
	return has(text, len, PLANTED) || has(text, len, PLANTED_HEX);
}

/* A refused request comes back whole with its error: the PIN in it is cleared. */
static bool refused_is_clean(struct genl *g, const struct vcard *c, uint8_t cmd)
{
	uint8_t buf[4096];
	ssize_t n;

	if (cmd == UICC_CMD_PIN_VERIFY) {
		put_pin(g, c, 0x20, PLANTED);
		genl_put(g, UICC_A_PIN_VALUE, PLANTED, 8);	/* twice: both are cleared */
	} else {
		genl_begin(g, cmd, 0);
		genl_put_u32(g, UICC_A_CONSENT_ID, 4711);
		genl_put_u32(g, UICC_A_CONSENT_OUTCOME, UICC_OUTCOME_YES);
		genl_put_str(g, UICC_A_CONSENT_VALUE, PLANTED);
	}
	((struct nlmsghdr *)g->buf)->nlmsg_len = g->len;
	CHECK_EQ(send(g->fd, g->buf, g->len, 0), (ssize_t)g->len);
	n = recv(g->fd, buf, sizeof(buf), 0);
	CHECK(n > (ssize_t)g->len);	/* the error carries the request */
	CHECK_EQ(((struct nlmsghdr *)buf)->nlmsg_type, NLMSG_ERROR);
	CHECK(*(int *)(buf + NLMSG_HDRLEN) < 0);
	CHECK(!has((char *)buf, n, PLANTED));
	return true;
}

static bool test_secrets(void)
{
	static const char trace[] = "/sys/kernel/tracing/trace";
	static const char enable[] = "/sys/kernel/tracing/events/uicc/enable";
	static char log[1 << 18];
	struct vcard *c = vcard_new("pt-secret");
	struct genl asker, agent;
	int id, n;

	if (access(trace, F_OK))
		mount("tracefs", "/sys/kernel/tracing", "tracefs", 0, NULL);
	CHECK_EQ(attr_write(enable, "1"), 0);
	CHECK(vcard_insert(c));
	genl_open(&asker);
	CHECK(agent_open(&agent));
	vcard_expect(c, STATE_01, "63C3");
	vcard_expect(c, "00 20 00 01 08 " PLANTED_HEX, "63C2");
	CHECK(asked(&asker, c, 0x01, PLANTED, UICC_PIN_RESULT_WRONG, 2));
	vcard_expect(c, STATE_01, "63C2");
	id = ask_pin(&asker, c);
	CHECK(accepted(&agent, id, 2));
	vcard_expect(c, "00 20 00 01 08 " PLANTED_HEX, "9000");
	CHECK_EQ(answer(&agent, id, UICC_OUTCOME_YES, PLANTED), 0);
	CHECK(ended(&asker, id, UICC_OUTCOME_YES, UICC_PIN_RESULT_VERIFIED, NONE));
	CHECK(refused_is_clean(&asker, c, UICC_CMD_PIN_VERIFY));
	CHECK(refused_is_clean(&agent, c, UICC_CMD_CONSENT_DONE));
	CHECK_EQ(attr_write(enable, "0"), 0);
	CHECK(vcard_played(c));
	/* The trace has the commands' lengths, so it was on; nowhere is the PIN. */
	n = attr_read(trace, log, sizeof(log), 0);
	CHECK(n > 0 && has(log, n, "uicc_transmit") && has(log, n, "sent=13"));
	CHECK(!seen_in(trace));
	n = klogctl(3, log, sizeof(log));
	CHECK(n > 0);
	CHECK(!has(log, n, PLANTED) && !has(log, n, PLANTED_HEX));
	CHECK_EQ(attr_write(trace, " "), 0);
	genl_close(&asker);
	genl_close(&agent);
	vcard_free(c);
	return true;
}

static const struct ktap_test tests[] = {
	{ "the state of PINs, and verifying them", test_states },
	{ "the same on a card of the 2G class", test_2g },
	{ "a protected file before, after, and after a reset", test_protected_file },
	{ "a PIN that nobody waits for any more", test_gone_before },
	{ "no more requests than allowed", test_bounds },
	{ "malformed requests and those of others", test_bad_requests },
	{ "a silent card with a read and a PIN pending", test_silent },
	{ "a card that does not answer in time", test_timeout },
	{ "a person is asked for the PIN", test_question },
	{ "agents, askers and cards that go with a PIN on its way", test_question_ends },
	{ "no PIN in logs, traces and errors", test_secrets },
};

KTAP_MAIN(tests)
