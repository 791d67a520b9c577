// SPDX-License-Identifier: GPL-2.0-or-later
/* dmsc-client session: one session with a stored account; the work is session_run.c's. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "dmsc-client/children.h"
#include "dmsc-client/client.h"
#include "dmsc-client/session_ask.h"
#include "util/log.h"
#include "util/str.h"
#include "util/wake.h"

enum { OPT_SERVER = OPT_OWN, OPT_ALLOW_HTTP, OPT_CA, OPT_TRACE, OPT_XML, OPT_WBXML, OPT_CONNECT, OPT_TOTAL,
       OPT_SESSION, OPT_INTERFACE };

static const struct option options[] = {
	CLIENT_COMMON_OPTIONS,
	{ "server", required_argument, NULL, OPT_SERVER },
	{ "allow-http", no_argument, NULL, OPT_ALLOW_HTTP },
	{ "ca", required_argument, NULL, OPT_CA },
	{ "trace", required_argument, NULL, OPT_TRACE },
	{ "xml", no_argument, NULL, OPT_XML },
	{ "wbxml", no_argument, NULL, OPT_WBXML },
	{ "connect-timeout", required_argument, NULL, OPT_CONNECT },
	{ "timeout", required_argument, NULL, OPT_TOTAL },
	{ "session-timeout", required_argument, NULL, OPT_SESSION },
	{ "interface", required_argument, NULL, OPT_INTERFACE },
	{ NULL, 0, NULL, 0 },
};

/* Control characters of a server's names must not reach a terminal. */
static void print_line(void *ctx, const char *line)
{
	for (; *line; line++)
		putchar((unsigned char)*line < ' ' || *line == 0x7f ? '?' : *line);
	putchar('\n');
	fflush(stdout);
}

static int seconds(const char *name, const char *arg, unsigned int *ms)
{
	unsigned int s;

	if (str_parse_uint(arg, &s) < 0 || s < 1 || s > 3600) {
		log_err("%s: 1 to 3600 seconds", name);
		return CLIENT_USAGE;
	}
	*ms = s * 1000;
	return CLIENT_OK;
}

static int take_option(struct client_args *a, struct client_session_opts *o, int *encoding, int c)
{
	switch (c) {
	case OPT_SERVER:
		o->server_id = optarg;
		return CLIENT_OK;
	case OPT_ALLOW_HTTP:
		o->allow_http = true;
		return CLIENT_OK;
	case OPT_CA:
		o->ca_file = optarg;
		return CLIENT_OK;
	case OPT_TRACE:
		o->trace_dir = optarg;
		return CLIENT_OK;
	case OPT_INTERFACE:
		o->interface = optarg;
		return CLIENT_OK;
	case OPT_XML:
	case OPT_WBXML:
		*encoding = c;
		return CLIENT_OK;
	case OPT_CONNECT:
		return seconds("--connect-timeout", optarg, &o->connect_timeout_ms);
	case OPT_TOTAL:
		return seconds("--timeout", optarg, &o->total_timeout_ms);
	case OPT_SESSION:
		return seconds("--session-timeout", optarg, &o->session_timeout_ms);
	default:
		return client_common_option(a, c, optarg);
	}
}

static int report(const struct client_session_opts *o, const struct client_session_result *r)
{
	if (r->outcome == CLIENT_OK)
		printf("session with %s completed: %u messages, %u changes%s\n", o->server_id,
		       r->messages, r->changes, r->authenticated ? ", authenticated" : "");
	else
		log_err("session with %s failed (%s): %s", o->server_id,
			client_outcome_name(r->outcome), r->reason);
	if (r->outcome != CLIENT_OK)
		log_info("in the background such a session is%s tried again",
			 client_worth_retry(r) ? "" : " not");
	return r->outcome;
}

/*
 * From here on as the helper's session child does it. What root names on the
 * command line may be where only root gets to: it is opened before.
 */
static int give_up_rights(struct client_args *a, struct client_session_opts *o,
			  char ca[CLIENT_KEPT_MAX], char trace[CLIENT_KEPT_MAX])
{
	const char **file = o->ca_file ? &o->ca_file : &o->ca_default;
	int fd, made = -1, rc;

	if (geteuid() == 0 && *file) {
		fd = client_rights_keep(*file, O_RDONLY, ca);
		if (fd < 0) {
			log_err("%s: %s", *file, strerror(-fd));
			return CLIENT_CONFIG;
		}
		o->ca_name = *file;
		*file = ca;
	}
	if (geteuid() == 0 && o->trace_dir) {
		bool is_new = mkdir(o->trace_dir, 0700) == 0;

		fd = client_rights_keep(o->trace_dir, O_RDONLY | O_DIRECTORY, trace);
		if (fd < 0) {
			log_err("%s: %s", o->trace_dir, strerror(-fd));
			return CLIENT_CONFIG;
		}
		made = is_new ? fd : -1;
		o->trace_dir = trace;
	}
	rc = client_rights_store(a, STORE_WRITE, true, made);
	if (rc)
		return rc;
	/* Libraries are loaded and hooks are started while that is possible. */
	o->objects = client_objects_new(&a->conf, o->device_id);
	if (!o->objects || client_objects_load(o->objects, &a->conf)) {
		log_err("session: out of memory");
		return CLIENT_STORE;
	}
	return client_rights_filter(true);
}

int cmd_session(int argc, char **argv, struct client_args *a)
{
	_cleanup_store_ struct store *s = NULL;
	struct client_session_opts o = { .say = print_line, .stop = &client_stop, .by_hand = true,
					 .cause = STORE_CAUSE_HAND };
	struct client_session_result r;
	struct session_ask person = { 0 };
	char devid[128], ca[CLIENT_KEPT_MAX], trace[CLIENT_KEPT_MAX];
	int c, rc, encoding = 0, waker;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		rc = take_option(a, &o, &encoding, c);
		if (rc)
			return rc;
	}
	if (!o.server_id || optind != argc) {
		log_err("session: give --server ID and nothing else");
		return CLIENT_USAGE;
	}
	/* The journal has no room for such a name, and no account has it. */
	if (!o.server_id[0] || strlen(o.server_id) >= STORE_SERVER_MAX) {
		log_err("session: there is no account for this server");
		return CLIENT_CONFIG;
	}
	rc = client_args_finish(a);
	if (rc)
		return rc;
	client_session_conf(&o, &a->conf);
	o.wbxml = encoding ? encoding == OPT_WBXML : !a->conf.xml;
	o.device_id = client_args_device_id(a, devid, sizeof(devid));
	if (!o.device_id)
		return CLIENT_CONFIG;
	person.server_id = o.server_id;
	person.timeout_s = a->conf.consent_timeout_s;
	if (session_ask_possible()) {
		seccomp_keep_terminal();
		o.ui = session_ask_ui;
		o.ctx = &person;
	}
	r.more = false;
	waker = client_rights_systems(a) ? waker_new() : -1;
	rc = give_up_rights(a, &o, ca, trace);
	if (!rc)
		rc = client_store_open(a, STORE_WRITE, &s);
	if (!rc) {
		(void)!client_session_run(s, &o, &r);
		rc = report(&o, &r);
	}
	store_close(s);
	s = NULL;
	waker_end(waker, r.more);
	mo_set_free(o.objects);
	return rc;
}
