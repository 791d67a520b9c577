// SPDX-License-Identifier: GPL-2.0-or-later
/* dmsc-client alert: something to tell a server in the next session; and what waits to be told. */
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "dmsc-client/alerts.h"
#include "dmsc-client/client.h"
#include "mo/dmacc.h"
#include "store/wish.h"
#include "util/json.h"
#include "util/log.h"
#include "util/str.h"
#include "util/text.h"
#include "util/wake.h"

enum { OPT_SERVER = OPT_OWN, OPT_TYPE, OPT_SOURCE, OPT_FORMAT, OPT_MARK, OPT_CORRELATOR, OPT_DATA,
       OPT_DATA_FILE, OPT_NOW, OPT_JSON };

static const struct option options[] = {
	CLIENT_COMMON_OPTIONS,
	{ "server", required_argument, NULL, OPT_SERVER },
	{ "type", required_argument, NULL, OPT_TYPE },
	{ "source", required_argument, NULL, OPT_SOURCE },
	{ "format", required_argument, NULL, OPT_FORMAT },
	{ "mark", required_argument, NULL, OPT_MARK },
	{ "correlator", required_argument, NULL, OPT_CORRELATOR },
	{ "data", required_argument, NULL, OPT_DATA },
	{ "data-file", required_argument, NULL, OPT_DATA_FILE },
	{ "now", no_argument, NULL, OPT_NOW },
	{ "json", no_argument, NULL, OPT_JSON },
	{ NULL, 0, NULL, 0 },
};

struct request {
	struct store_alert alert;
	struct buf data, text;
	const char *data_text, *data_file;
	bool now, json;
	bool any;			/* an option of an alert was given */
};

static int word(const char *name, const char *arg, char *out, size_t size)
{
	if (arg[0] && !str_copy(out, size, slice_str(arg)))
		return CLIENT_OK;
	log_err("%s: 1 to %zu bytes", name, size - 1);
	return CLIENT_USAGE;
}

static int take_option(struct client_args *a, struct request *q, int c)
{
	struct store_alert *t = &q->alert;

	q->any = q->any || (c >= OPT_SERVER && c <= OPT_NOW);
	switch (c) {
	case OPT_SERVER:
		return word("--server", optarg, t->server, sizeof(t->server));
	case OPT_TYPE:
		return word("--type", optarg, t->type, sizeof(t->type));
	case OPT_SOURCE:
		return word("--source", optarg, t->source, sizeof(t->source));
	case OPT_FORMAT:
		return word("--format", optarg, t->format, sizeof(t->format));
	case OPT_MARK:
		return word("--mark", optarg, t->mark, sizeof(t->mark));
	case OPT_CORRELATOR:
		return word("--correlator", optarg, t->correlator, sizeof(t->correlator));
	case OPT_DATA:
		q->data_text = optarg;
		return CLIENT_OK;
	case OPT_DATA_FILE:
		q->data_file = optarg;
		return CLIENT_OK;
	case OPT_NOW:
		q->now = true;
		return CLIENT_OK;
	case OPT_JSON:
		q->json = true;
		return CLIENT_OK;
	default:
		return client_common_option(a, c, optarg);
	}
}

/* The data while files can be read, then whether all of it is an alert. */
static int prepare(struct request *q)
{
	const char *why = NULL;
	int err = 0;

	q->data.max = STORE_ALERT_DATA_MAX;
	if (q->data_file)
		err = buf_read_file(&q->data, q->data_file);
	if (err == -EMSGSIZE) {
		log_err("alert: the data is longer than %d bytes", STORE_ALERT_DATA_MAX);
		return CLIENT_USAGE;
	}
	if (err) {
		log_err("%s: %s", q->data_file, strerror(-err));
		return CLIENT_CONFIG;
	}
	q->alert.data = q->data_file ? buf_slice(&q->data) : slice_str(q->data_text);
	err = alert_prepare(&q->alert, &q->text, &why);
	if (err)
		log_err("alert: %s", err == -EINVAL ? why : "out of memory");
	return !err ? CLIENT_OK : err == -EINVAL ? CLIENT_USAGE : CLIENT_STORE;
}

/* --- whom it is for --- */

struct only {
	char server[STORE_SERVER_MAX];
	unsigned int n;
};

static int on_account(void *ctx, struct dm_node *account, struct slice server_id)
{
	struct only *o = ctx;

	o->n++;
	return str_copy(o->server, sizeof(o->server), server_id) ? -EINVAL : 0;
}

/* A server named has an account; one to talk to now is named, or is the only one. */
static int check_server(struct store *s, struct request *q)
{
	struct only only = { .n = 0 };
	struct dm_tree *t;
	bool known;

	if (!q->alert.server[0] && !q->now)
		return CLIENT_OK;
	if (client_tree_open(s, NULL, &t))
		return CLIENT_STORE;
	known = q->alert.server[0] && dm_account_find(t, slice_str(q->alert.server));
	(void)!dmacc_each(t, on_account, &only);
	dm_tree_free(t);
	if (q->alert.server[0] && !known) {
		log_err("alert: there is no account for this server");
		return CLIENT_CONFIG;
	}
	if (!q->alert.server[0] && only.n != 1) {
		log_err("alert: --now needs --server when there is more than one account, or none");
		return CLIENT_USAGE;
	}
	if (!q->alert.server[0])
		memcpy(q->alert.server, only.server, sizeof(q->alert.server));
	return CLIENT_OK;
}

static int store_it(struct store *s, const struct request *q)
{
	struct store_wish w = { .ui = STORE_WISH_QUIET, .cause = STORE_CAUSE_ALERT };
	int64_t now = time(NULL);
	int err = store_begin(s);

	memcpy(w.server, q->alert.server, sizeof(w.server));
	if (!err)
		err = store_alert_put(s, &q->alert, now);
	if (!err && q->now)
		err = store_wish_put(s, &w, now);
	if (!err)
		return store_commit(s);
	store_rollback(s);
	return err;
}

static int add(struct client_args *a, struct request *q)
{
	_cleanup_store_ struct store *s = NULL;
	int rc, waker = -1;

	if (!q->alert.type[0] || (q->data_text && q->data_file) || q->json) {
		log_err("alert: give --type, and --data or --data-file or neither");
		return CLIENT_USAGE;
	}
	rc = client_args_finish(a);
	if (!rc)
		rc = prepare(q);
	if (!rc && q->now && client_rights_systems(a))
		waker = waker_new();
	if (!rc)
		rc = client_rights_store(a, STORE_WRITE, false, -1);
	if (!rc)
		rc = client_rights_filter(false);
	if (!rc)
		rc = client_store_open(a, STORE_WRITE, &s);
	if (!rc)
		rc = check_server(s, q);
	if (!rc && store_it(s, q))
		rc = CLIENT_STORE;
	waker_end(waker, rc == CLIENT_OK);
	return rc;
}

/* --- what waits --- */

struct listing {
	bool json;
	size_t n;
};

static void print_word(const char *v)
{
	char clean[STORE_URI_MAX];

	text_printable(slice_str(v), clean, sizeof(clean));
	printf("  %s", clean[0] ? clean : "-");
}

/* How long its data is, and not what it is: that is the server's. */
static int print_one(void *ctx, const struct store_alert *a)
{
	struct listing *l = ctx;
	_cleanup_buf_ struct buf line = BUF_INIT;

	if (!l->json) {
		printf("%lld", (long long)a->id);
		print_word(a->server[0] ? a->server : "*");
		print_word(a->source);
		print_word(a->type);
		print_word(a->mark);
		print_word(a->correlator);
		printf("  %zu bytes  %u tries\n", a->data.n, a->tries);
		return 0;
	}
	buf_printf(&line, "%s{\"id\":%lld,\"server\":", l->n++ ? "," : "", (long long)a->id);
	json_string(&line, slice_str(a->server));
	buf_put_str(&line, ",\"source\":");
	json_string(&line, slice_str(a->source));
	buf_put_str(&line, ",\"type\":");
	json_string(&line, slice_str(a->type));
	buf_put_str(&line, ",\"mark\":");
	json_string(&line, slice_str(a->mark));
	buf_put_str(&line, ",\"correlator\":");
	json_string(&line, slice_str(a->correlator));
	buf_printf(&line, ",\"bytes\":%zu,\"created\":%lld,\"tries\":%u}", a->data.n,
		   (long long)a->created, a->tries);
	fputs(buf_cstr(&line), stdout);
	return buf_error(&line);
}

static int list(struct client_args *a, const struct request *q)
{
	_cleanup_store_ struct store *s = NULL;
	struct listing l = { .json = q->json };
	int rc;

	if (q->any) {
		log_err("alert list: takes no options but --json");
		return CLIENT_USAGE;
	}
	rc = client_args_finish(a);
	if (!rc)
		rc = client_rights_store(a, STORE_READ, false, -1);
	if (!rc)
		rc = client_rights_filter(false);
	if (!rc)
		rc = client_store_open(a, STORE_READ, &s);
	if (rc)
		return rc;
	if (l.json)
		putchar('[');
	rc = store_alert_each(s, NULL, print_one, &l) ? CLIENT_STORE : CLIENT_OK;
	if (l.json)
		puts("]");
	return rc;
}

int cmd_alert(int argc, char **argv, struct client_args *a)
{
	static struct request q;
	int c, rc;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		rc = take_option(a, &q, c);
		if (rc)
			return rc;
	}
	if (optind == argc) {
		rc = add(a, &q);
	} else if (argc - optind == 1 && !strcmp(argv[optind], "list")) {
		rc = list(a, &q);
	} else {
		log_err("alert: 'list', or the options of an alert");
		rc = CLIENT_USAGE;
	}
	buf_wipe_fini(&q.data);
	buf_wipe_fini(&q.text);
	return rc;
}
