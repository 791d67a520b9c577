// SPDX-License-Identifier: GPL-2.0-or-later
/* Firmware updates as work of pending-child: the steps are firmware_job's, the doing is the helper's. */
#include <errno.h>
#include <time.h>

#include "dmsc-client/firmware_job.h"
#include "dmsc-client/pending.h"
#include "util/log.h"

/* Is there something to do with it in this boot? */
static bool wants(const struct pending *p, const struct store_firmware *f)
{
	if (!p->args.conf.update_hook[0] || strcmp(f->uri, MO_FUMO_URI))
		return false;
	return store_firmware_open(f->phase) &&
	       (f->phase != STORE_FIRMWARE_REBOOT || strcmp(f->boot_id, p->start.boot_id));
}

/* Clocks may have been wrong then, or be wrong now: no wait is longer than the longest. */
static void turn_resume(struct pending *p, struct turn *t, const struct store_firmware *f)
{
	int64_t now = turns_uptime_s(), date = time(NULL), wait = f->next_attempt - date;

	*t = (struct turn){ .open = true, .first = now - (f->spent > 0 ? f->spent : 0),
			    .failures = f->attempts < 32 ? f->attempts : 32, .name = t->name,
			    .of = t->of };
	if (f->phase == STORE_FIRMWARE_DOWNLOADING && f->next_attempt && wait > 0 &&
	    f->updated >= date - now)
		t->due = now + (wait < p->turns.policy.max_s ? wait : p->turns.policy.max_s);
}

static int on_row(void *ctx, const struct store_firmware *f)
{
	struct pending *p = ctx;
	struct pending_job *j;
	bool is_new;

	if (!wants(p, f))
		return 0;
	j = pending_found(p, &pending_firmware, f->uri, &is_new);
	if (!j)
		return 0;	/* when others are done */
	child_text(j->name, sizeof(j->name), "firmware");
	/* Another order than the one we knew, which is over. */
	if (is_new || !j->turn.open || j->made != f->created)
		turn_resume(p, &j->turn, f);
	j->made = f->created;
	return 0;
}

static int firmware_look(struct pending *p, struct store *s)
{
	return store_firmware_each(s, on_row, p);
}

/* The store is held only to write down what was decided, not while it is done. */
struct bench {
	struct store *store;
	struct firmware_env env;
};

static int bench_open(struct pending *p, struct mo_set *objects, struct bench *b)
{
	if (client_store_open(&p->args, STORE_WRITE, &b->store))
		return -EIO;
	b->env = (struct firmware_env){ .store = b->store, .objects = objects,
					.dir = p->args.store, .boot_id = p->start.boot_id,
					.now = time(NULL) };
	return 0;
}

static void bench_close(struct bench *b)
{
	client_store_rest(&b->store);
}

static int next(struct pending *p, struct mo_set *objects, struct firmware_job *j)
{
	struct bench b = { .store = NULL };
	int r = bench_open(p, objects, &b);

	if (!r)
		r = firmware_next(&b.env, j);
	bench_close(&b);
	return r;
}

static void make_request(struct pending *p, const struct firmware_job *j, struct ipc_msg *q)
{
	if (j->todo == FIRMWARE_DOWNLOAD) {
		ipc_prepare(q, IPC_DOWNLOAD);
		q->download.max = (uint64_t)p->args.conf.update_max_mib << 20;
		child_text(q->download.url, sizeof(q->download.url), j->row.url);
		child_text(q->download.server_id, sizeof(q->download.server_id), j->row.server);
		child_text(q->download.package, sizeof(q->download.package), j->row.path);
		return;
	}
	ipc_prepare(q, IPC_UPDATE);
	q->update.verb = j->todo == FIRMWARE_UPDATE ? IPC_VERB_UPDATE : IPC_VERB_RESULT;
	if (q->update.verb == IPC_VERB_UPDATE) {
		q->update.size = j->row.size;
		child_text(q->update.package, sizeof(q->update.package), j->row.path);
	}
	child_text(q->update.name, sizeof(q->update.name), j->name);
	child_text(q->update.version, sizeof(q->update.version), j->version);
}

static int record(struct pending *p, struct pending_job *pj, struct mo_set *objects,
		  struct firmware_job *j, const struct ipc_firmware *f)
{
	const struct firmware_report report = { .code = f->code, .retry = f->retry, .size = f->size,
						.reason = f->reason };
	struct bench b = { .store = NULL };
	uint32_t wait = 0;
	int r;

	if (j->todo == FIRMWARE_DOWNLOAD && report.retry) {
		if (firmware_progress(j, &report)) {
			pj->turn.failures = 0;
			pj->turn.first = turns_uptime_s();
			j->row.attempts = 0;
		}
		wait = turn_again(&p->turns, &pj->turn, 0);
	}
	r = bench_open(p, objects, &b);
	if (!r && j->todo == FIRMWARE_DOWNLOAD)
		r = firmware_downloaded(&b.env, j, &report, wait, turns_uptime_s() - pj->turn.first);
	else if (!r)
		r = firmware_updated(&b.env, j, &report);
	bench_close(&b);
	return r;
}

static int work(struct pending *p, struct pending_job *pj, struct mo_set *objects)
{
	struct firmware_job j;
	struct ipc_msg q, a;
	int r = next(p, objects, &j);

	if (r || j.todo == FIRMWARE_NOTHING) {
		turn_close(&pj->turn);
		return r;
	}
	make_request(p, &j, &q);
	r = pending_request(p, &q, &a, IPC_FIRMWARE);
	return r ? r : record(p, pj, objects, &j, &a.firmware);
}

static int firmware_try(struct pending *p, struct pending_job *pj)
{
	char devid[128];
	struct mo_set *objects = client_objects_new(&p->args.conf,
						    client_args_device_id(&p->args, devid, sizeof(devid)));
	int r = objects ? work(p, pj, objects) : -ENOMEM;

	mo_set_free(objects);
	if (r && !p->gone)
		log_err("firmware: %s; what is not done stays to be done", store_strerror(r));
	return r;
}

const struct pending_kind pending_firmware = { firmware_look, firmware_try };
