// SPDX-License-Identifier: GPL-2.0-or-later
/* session-child: one session for the helper, started behind the gate; the session is session_run's. */
#include <errno.h>
#include <stdio.h>

#include "dmsc-client/child_ui.h"
#include "util/log.h"

#define START_MS 10000
#define REPORT_MS 2000

static void on_signal(int sig)
{
	client_stop = 1;
}

static void say(void *ctx, const char *line)
{
	log_info("%s", line);
}

/* What the outcome means for a later try (decision 3). */
static void report(const struct client_session_result *r, struct ipc_outcome *o)
{
	const char *why = r->reason;

	o->more = r->more;
	o->result = IPC_FAILED;
	if (client_worth_retry(r))
		o->retry = r->retry_after_s > 1 ? r->retry_after_s : 1;
	switch (r->outcome) {
	case CLIENT_OK:
		if (r->authenticated)
			o->result = IPC_DONE;
		else
			why = "the server never accepted our credentials";
		break;
	case CLIENT_ABORTED:
		if (client_stop)
			o->result = IPC_WITHDRAWN;
		break;
	default:
		break;
	}
	child_text(o->reason, sizeof(o->reason), why);
}

/* Code is loaded and programs are started while that is possible, before any byte of a server's. */
static int load_objects(void *ctx, struct client_args *a)
{
	struct mo_set **out = ctx;
	char devid[128];

	*out = client_objects_new(&a->conf, client_args_device_id(a, devid, sizeof(devid)));
	if (*out && !client_objects_load(*out, &a->conf))
		return CHILD_OK;
	log_err("session-child: out of memory; nothing was read or changed");
	return CHILD_FAILED;
}

static void session_run(const struct client_args *a, const struct ipc_start_session *start,
			struct mo_set *objects, struct client_session_result *r)
{
	_cleanup_store_ struct store *s = NULL;
	struct client_session_opts o = {
		.server_id = start->server_id, .cause = start->cause,
		.session_id = (uint16_t)start->session_id,
		.server_initiated = start->server_initiated,
		.interface = start->interface, .conref = start->conref,
		.objects = objects, .wbxml = !a->conf.xml, .say = say, .stop = &client_stop,
		.ui = child_ui_ask, .progress = child_ui_progress,
	};
	char devid[128];

	memset(r, 0, sizeof(*r));
	client_session_conf(&o, &a->conf);
	if (a->conf.trace)
		o.traces_of = a->store;
	o.device_id = client_args_device_id(a, devid, sizeof(devid));
	if (!o.device_id) {
		r->outcome = CLIENT_CONFIG;
		client_reason(r->reason, sizeof(r->reason), "no device-id is configured");
		return;
	}
	if (client_store_open(a, STORE_WRITE, &s)) {
		r->outcome = client_stop ? CLIENT_ABORTED : CLIENT_STORE;
		client_reason(r->reason, sizeof(r->reason), "the store cannot be opened");
		return;
	}
	(void)!client_session_run(s, &o, r);
}

int child_session_main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = on_signal };	/* no SA_RESTART: waits end early */
	struct client_session_result r;
	struct client_args a;
	struct mo_set *objects = NULL;
	struct ipc_msg m, out;
	int rc;

	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	rc = child_start(argc, argv, true, &a, load_objects, &objects);
	if (rc)
		return rc;
	rc = ipc_recv(IPC_CHILD_FD, &m, START_MS);
	if (rc || m.type != IPC_START_SESSION) {
		log_err("session-child: no start message: %s", strerror(rc ? -rc : EPROTO));
		return CHILD_IPC;
	}
	session_run(&a, &m.start_session, objects, &r);
	mo_set_free(objects);
	if (r.outcome == CLIENT_OK)
		log_notice("session with %s completed: %u messages, %u changes%s",
			   m.start_session.server_id, r.messages, r.changes,
			   r.authenticated ? ", authenticated" : "");
	else
		log_err("session with %s failed (%s): %s; what was committed before stays",
			m.start_session.server_id, client_outcome_name(r.outcome), r.reason);
	ipc_prepare(&out, IPC_OUTCOME);
	report(&r, &out.outcome);
	if (ipc_send(IPC_CHILD_FD, &out, REPORT_MS))
		return CHILD_IPC;
	return r.outcome == CLIENT_OK ? CHILD_OK : CHILD_FAILED;
}
