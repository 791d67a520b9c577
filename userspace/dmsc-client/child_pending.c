// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * pending-child: looks at what the store says is to be done, has it done through the
 * helper, and ends when nothing is open. What each sort of work is, is elsewhere.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <time.h>

#include "dmsc-client/pending.h"
#include "util/log.h"

#define START_MS 10000
#define SEND_MS 120000

static const struct pending_kind *const kinds[] = { &pending_wishes, &pending_firmware };

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* What the helper says unasked. */
static bool take_news(struct pending *p, const struct ipc_msg *m)
{
	p->turns.network |= m->type == IPC_NETWORK;
	p->ends |= m->type == IPC_END;
	/* IPC_WAKE: all is looked at after each try. */
	return m->type == IPC_NETWORK || m->type == IPC_END || m->type == IPC_WAKE;
}

int pending_request(struct pending *p, const struct ipc_msg *q, struct ipc_msg *a,
		    enum ipc_type type)
{
	int r = ipc_send(IPC_CHILD_FD, q, SEND_MS);

	do {
		if (!r)
			r = ipc_recv(IPC_CHILD_FD, a, -1);
	} while (!r && take_news(p, a));
	if (!r && a->type != type)
		r = -EPROTO;
	p->gone |= r != 0;
	return r;
}

/* Until something is due, the network came, or there is more to do. */
static int pending_wait(void *ctx, int64_t ms)
{
	struct pending *p = ctx;
	struct ipc_msg m;
	int r = ipc_recv(IPC_CHILD_FD, &m, ms < INT_MAX ? (int)ms : INT_MAX);

	if (r == -ETIMEDOUT)
		return 0;
	if (!r && take_news(p, &m))
		return 0;
	p->gone = true;
	return -EPIPE;
}

struct pending_job *pending_found(struct pending *p, const struct pending_kind *kind,
				  const char *key, bool *is_new)
{
	struct pending_job *j;

	*is_new = false;
	for (size_t i = 0; i < p->njobs; i++) {
		j = p->job[i];
		if (j->kind == kind && !strcmp(j->key, key)) {
			j->seen = true;
			return j;
		}
	}
	j = p->njobs < TURNS_MAX ? calloc(1, sizeof(*j)) : NULL;
	if (!j)
		return NULL;
	p->job[p->njobs++] = j;
	j->kind = kind;
	j->seen = *is_new = true;
	client_reason(j->key, sizeof(j->key), "%s", key);
	j->turn = (struct turn){ .open = true, .first = turns_uptime_s(), .name = j->name, .of = j };
	return j;
}

/* Those that the look did not find are done with, by us or by others. */
static void sweep(struct pending *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->njobs; i++) {
		if (p->job[i]->seen) {
			p->turns.turn[n] = &p->job[i]->turn;
			p->job[n++] = p->job[i];
		} else {
			free(p->job[i]);
		}
	}
	p->njobs = p->turns.n = n;
}

/* No lock is needed to look. 0, 1: not any more, or -errno. */
static int look(void *ctx)
{
	_cleanup_store_ struct store *s = NULL;
	struct pending *p = ctx;
	int r;

	if (p->ends)
		return 1;
	r = store_open(p->args.store, STORE_READ, 0, &s);
	for (size_t i = 0; i < p->njobs; i++)
		p->job[i]->seen = false;
	if (r && r != -ENOENT)
		return r;
	for (size_t i = 0; s && i < KINDS && !r; i++)
		r = kinds[i]->look(p, s);
	if (s && r)
		return r;
	sweep(p);
	return 0;
}

static int try(void *ctx, struct turn *t)
{
	struct pending_job *j = t->of;

	return j->kind->try(ctx, j);
}

/* What the power cut off is open again. 0 or -errno. */
static int recover(struct pending *p)
{
	_cleanup_store_ struct store *s = NULL;
	int r = store_open(p->args.store, STORE_READ, 0, &s);

	if (r)	/* nothing was ever stored */
		return r == -ENOENT ? 0 : r;
	store_close(s);
	s = NULL;
	if (client_store_open(&p->args, STORE_WRITE, &s))
		return -EIO;
	return store_wish_recover(s, time(NULL));
}

int child_pending_main(int argc, char **argv)
{
	static struct pending p;
	struct ipc_msg m;
	int r;

	r = child_start(argc, argv, false, &p.args, NULL, NULL);
	if (r)
		return r;
	r = ipc_recv(IPC_CHILD_FD, &m, START_MS);
	if (r || m.type != IPC_START) {
		log_err("pending-child: no start message: %s", strerror(r ? -r : EPROTO));
		return CHILD_IPC;
	}
	p.start = m.start;
	p.turns.policy = turns_policy(p.args.conf.patience_s);
	p.turns.who = "pending";
	p.turns.refresh = look;
	p.turns.try = try;
	p.turns.wait = pending_wait;
	p.turns.ctx = &p;
	r = recover(&p);
	if (!r)
		r = turns_run(&p.turns);
	client_store_end();
	for (size_t i = 0; i < p.njobs; i++)
		free(p.job[i]);
	if (p.gone) {
		log_info("pending: the helper is gone; what is not done stays to be done");
		return CHILD_IPC;
	}
	return r < 0 ? CHILD_FAILED : CHILD_OK;
}
