// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Consent in a storm: twenty agents, ten askers and three more, two hundred
 * questions and more, agents and askers killed at any moment, cards pulled out.
 * Every asker that lived got exactly one completion for each of its questions,
 * and no question is left.
 */
#define _GNU_SOURCE
#include <linux/netlink.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "genl.h"
#include "ktap.h"
#include "mcard.h"
#include "vcard.h"

#define AGENTS		20
#define ASKERS		13
#define DOOMED		3	/* of the askers: killed */
#define QUESTIONS	20	/* of each asker */
#define OPEN_MAX	6	/* at a time, of each asker */
#define LIMIT_S		90	/* when something hangs */

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void child_begin(unsigned int seed)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	alarm(LIMIT_S);
	srandom(seed);
}

/* --- agents --------------------------------------------------------------- */

/* One answer to what was accepted, which is what @g has received last. */
static void agent_answer(struct genl *g)
{
	uint32_t id = genl_u32(g, UICC_A_CONSENT_ID), kind = genl_u32(g, UICC_A_CONSENT_KIND);
	uint32_t outcome = random() % 3;	/* yes, no, cancelled */

	genl_begin(g, UICC_CMD_CONSENT_DONE, 0);
	genl_put_u32(g, UICC_A_CONSENT_ID, id);
	genl_put_u32(g, UICC_A_CONSENT_OUTCOME, outcome);
	if (outcome == UICC_OUTCOME_YES && kind == UICC_KIND_SINGLE_CHOICE)
		genl_put_u32(g, UICC_A_CONSENT_SELECTED, 2);
	if (outcome == UICC_OUTCOME_YES && kind == UICC_KIND_TEXT)
		genl_put_str(g, UICC_A_CONSENT_VALUE, "typed");
	if (outcome == UICC_OUTCOME_YES && kind == UICC_KIND_PIN)
		genl_put_str(g, UICC_A_CONSENT_VALUE, "1234");
	genl_call(g);	/* it may be withdrawn by now */
}

static void agent_main(unsigned int seed)
{
	struct genl g;

	child_begin(seed);
	genl_open(&g);
	genl_join(&g, UICC_MCGRP_AGENTS);
	genl_begin(&g, UICC_CMD_AGENT_REGISTER, 0);
	if (genl_call(&g))
		_exit(2);
	for (;;) {
		genl_next(&g, 200);
		genl_begin(&g, UICC_CMD_CONSENT_ACCEPT, 0);
		if (genl_call(&g) != 1)
			continue;
		usleep(random() % 20000);
		if (random() % 8)
			agent_answer(&g);	/* else it is never answered */
	}
}

/* --- askers --------------------------------------------------------------- */

struct asked {
	uint32_t id;
	unsigned int completions;
};

static int asker_ask(struct genl *g, const struct mcard *c)
{
	static const uint32_t kinds[] = {
		UICC_KIND_SESSION, UICC_KIND_PROVISION, UICC_KIND_PIN, UICC_KIND_DISPLAY,
		UICC_KIND_CONFIRM, UICC_KIND_TEXT, UICC_KIND_SINGLE_CHOICE,
		UICC_KIND_MULTIPLE_CHOICE,
	};
	uint32_t kind = kinds[random() % (sizeof(kinds) / sizeof(kinds[0]))];
	int ret;

	genl_begin(g, UICC_CMD_CONSENT_ASK, 0);
	genl_put_u32(g, UICC_A_CONSENT_SLOT, c->slot);
	genl_put_u32(g, UICC_A_CONSENT_KIND, kind);
	genl_put_str(g, UICC_A_CONSENT_ORIGIN, "storm");
	genl_put_u32(g, UICC_A_CONSENT_TIMEOUT_MS, 300);
	if (kind == UICC_KIND_PIN)
		genl_put_u8(g, UICC_A_CONSENT_KEY_REF, 1);
	if (kind == UICC_KIND_SINGLE_CHOICE || kind == UICC_KIND_MULTIPLE_CHOICE) {
		genl_put_str(g, UICC_A_CONSENT_CHOICE, "one");
		genl_put_str(g, UICC_A_CONSENT_CHOICE, "two");
	}
	ret = genl_call(g);
	return ret == 1 ? (int)genl_u32(g, UICC_A_CONSENT_ID) : ret;
}

/* Counts one completion, if there is one; false for one that nobody asked for. */
static bool asker_collect(struct genl *g, struct asked *q, unsigned int n, int timeout_ms,
			  unsigned int *open)
{
	int ret = genl_next(g, timeout_ms);
	uint32_t id = genl_u32(g, UICC_A_CONSENT_ID);
	unsigned int i;

	if (ret == -ETIMEDOUT)
		return true;
	if (ret || g->cmd != UICC_CMD_CONSENT_COMPLETED)
		return false;
	for (i = 0; i < n; i++) {
		if (q[i].id == id) {
			(*open)--;
			return ++q[i].completions == 1;
		}
	}
	return false;
}

/* Exits with 0 when each question had its one completion. */
static void asker_main(unsigned int seed, const struct mcard *c)
{
	struct asked q[QUESTIONS] = { 0 };
	unsigned int n = 0, open = 0;
	struct genl g;
	int id;

	child_begin(seed);
	genl_open(&g);
	while (n < QUESTIONS || open) {
		if (n < QUESTIONS && open < OPEN_MAX) {
			id = asker_ask(&g, c);
			if (id > 0) {
				q[n++].id = id;
				open++;
			} else if (id != -EBUSY && id != -ENODEV) {
				_exit(3);
			}
		}
		if (open && random() % 20 == 0) {
			genl_begin(&g, UICC_CMD_CONSENT_WITHDRAW, 0);
			genl_put_u32(&g, UICC_A_CONSENT_ID, q[random() % n].id);
			id = genl_call(&g);
			if (id && id != -ENOENT)
				_exit(4);
		}
		if (!asker_collect(&g, q, n, 20, &open))
			_exit(5);
	}
	/* and none comes later */
	if (!asker_collect(&g, q, n, 1000, &open))
		_exit(6);
	_exit(0);
}

/* --- the storm ------------------------------------------------------------ */

struct storm {
	struct mcard *card;
	pid_t agents[AGENTS], askers[ASKERS];
	unsigned int seed, agents_killed, askers_killed, cards, askers_ended;
	bool ok;
};

static pid_t spawn(struct storm *s, bool agent)
{
	unsigned int seed = ++s->seed;
	pid_t pid = fork();

	if (!pid) {
		if (agent)
			agent_main(seed);
		else
			asker_main(seed, s->card);
		_exit(9);
	}
	return pid;
}

static void reap(struct storm *s)
{
	int status, i;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (i = 0; i < AGENTS; i++)
			if (s->agents[i] == pid)
				s->agents[i] = spawn(s, true);
		for (i = 0; i < ASKERS; i++) {
			if (s->askers[i] != pid)
				continue;
			s->askers[i] = 0;
			s->askers_ended++;
			if (i >= DOOMED && status) {
				printf("# asker %d ended with %#x\n", i, status);
				s->ok = false;
			}
		}
	}
}

static void storm_step(struct storm *s, unsigned int step)
{
	int i;

	usleep(20000);
	i = random() % AGENTS;
	if (step % 3 == 0) {
		kill(s->agents[i], SIGKILL);
		s->agents_killed++;
	}
	if (step % 25 == 20 && s->askers_killed < DOOMED) {
		i = s->askers_killed++;
		if (s->askers[i])
			kill(s->askers[i], SIGKILL);
	}
	if (step % 40 == 30) {
		s->ok &= mcard_remove(s->card);
		usleep(50000);
		s->ok &= mcard_insert(s->card);
		s->cards++;
	}
	reap(s);
}

static bool test_storm(void)
{
	struct storm s = { .card = mcard_new("st-storm"), .seed = 4711, .ok = true };
	unsigned int step;
	struct genl g;
	double begin;
	int i, left;

	srandom(4711);
	CHECK(mcard_insert(s.card));
	begin = now();
	fflush(stdout);
	for (i = 0; i < AGENTS; i++)
		s.agents[i] = spawn(&s, true);
	for (i = 0; i < ASKERS; i++)
		s.askers[i] = spawn(&s, false);
	for (step = 0; s.askers_ended < ASKERS && now() - begin < LIMIT_S; step++)
		storm_step(&s, step);
	printf("# %u questions, %u agents and %u askers killed, %u cards pulled out, %.0f s\n",
	       ASKERS * QUESTIONS, s.agents_killed, s.askers_killed, s.cards, now() - begin);
	CHECK(s.ok);
	CHECK_EQ(s.askers_ended, ASKERS);
	CHECK_EQ(s.askers_killed, DOOMED);
	CHECK(s.agents_killed > 20);
	CHECK(s.cards > 1);
	/* The agents still live, and no question is left, accepted or not. */
	genl_open(&g);
	left = genl_dump(&g, UICC_CMD_CONSENT_GET);
	for (i = 0; i < AGENTS; i++)
		kill(s.agents[i], SIGKILL);
	for (i = 0; i < AGENTS; i++)
		waitpid(s.agents[i], NULL, 0);
	CHECK_EQ(left, 0);
	genl_close(&g);
	mcard_free(s.card);
	return true;
}

static const struct ktap_test tests[] = {
	{ "exactly one completion for each question of a storm", test_storm },
};

KTAP_MAIN(tests)
