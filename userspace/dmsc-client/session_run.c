// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Drives one DM session; the contract is in session_run.h. The engine says
 * what to send, session_http.c sends it, and nothing leaves before what it
 * reports is stored.
 */
#include "dmsc-client/card_wish.h"
#include "dmsc-client/session_int.h"

#include <errno.h>
#include <stdio.h>
#include <sys/random.h>
#include <time.h>

#include "dmsc-client/client.h"
#include "dmsc-client/pending.h"
#include "dmsc-client/traces.h"
#include "mo/dmacc.h"
#include "mo/mo.h"
#include "util/log.h"
#include "util/str.h"

#define ANSWER_S 60	/* of it, left for what follows a person's answer */
#define SESSION_MAX_S 3600	/* the store is locked meanwhile: a server that dawdles is left */
#define GOODBYE_MS 4000		/* of the 5 s a stopped session may still take */
#define MAX_MSG_SIZE 65536	/* bytes of one message, announced to the server */
#define MAX_OBJ_SIZE (1 << 20)

int run_fail(struct run *x, enum client_outcome outcome, int err, const char *why)
{
	if (x->r->outcome == CLIENT_OK) {
		x->r->outcome = outcome;
		client_reason(x->r->reason, sizeof(x->r->reason), "%s", why);
	}
	x->r->no_space = x->r->no_space || (outcome == CLIENT_STORE && err == -ENOSPC);
	return err;
}

static int64_t uptime_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return t.tv_sec;
}

static bool stopped(const struct run *x)
{
	return x->o->stop && *x->o->stop;
}

void run_say(struct run *x, const char *arrow, unsigned int n)
{
	_cleanup_buf_ struct buf line = BUF_INIT;

	buf_printf(&line, "%s %u: %s", arrow, n, view_line(&x->view));
	if (x->o->say)
		x->o->say(x->o->ctx, buf_cstr(&line));
	else
		log_info("%s", buf_cstr(&line));
}

/* --- what the engine asks for --- */

static int op_random(void *ctx, void *p, size_t n)
{
	return getrandom(p, n, 0) == (ssize_t)n ? 0 : -EIO;
}

static int op_commit(void *ctx, struct dm_tree *tree)
{
	struct run *x = ctx;
	int err;

	/* What objects are told has happened for good, and all that did is what they are told. */
	err = mo_set_collect(x->o->objects, tree);
	if (!err)
		err = store_tree_commit(x->store, tree);
	x->r->no_space = x->r->no_space || err == -ENOSPC;
	if (err)
		mo_set_forget(x->o->objects);
	else
		mo_set_tell(x->o->objects);
	return err;
}

static int op_save_nonces(void *ctx, struct dm_tree *tree, struct slice server_id,
			  struct slice client_nonce, struct slice server_nonce, int64_t now)
{
	return dmacc_save_nonces(tree, server_id, client_nonce, server_nonce, now);
}

static enum dm_status op_exec(void *ctx, struct dm_tree *tree, struct dm_node *node,
			      struct slice data, struct slice correlator)
{
	struct run *x = ctx;
	enum dm_status st = mo_set_exec(x->o->objects, node, data, correlator);
	char word[STORE_ALERT_WORD_MAX];

	/* Its end will be told to this server, even by who does not know that there are others. */
	if (st == DM_ST_ACCEPTED && correlator.n && !str_copy(word, sizeof(word), correlator) &&
	    store_alert_expect(x->store, x->o->server_id, word, time(NULL)) < 0)
		log_warn("the store cannot keep whose Exec was begun");
	return st;
}

static enum dm_status op_read(void *ctx, const struct dm_node *leaf, struct buf *out)
{
	struct run *x = ctx;

	return mo_set_read(x->o->objects, leaf, out);
}

static enum dm_status op_check(void *ctx, const struct dm_node *parent, struct slice name,
			       enum dm_format format, struct slice value)
{
	struct run *x = ctx;

	return mo_set_check(x->o->objects, parent, name, format, value);
}

static enum dm_status op_ui(void *ctx, const struct dm_ui_request *req, struct dm_ui_answer *answer)
{
	struct run *x = ctx;

	int64_t left = x->deadline - uptime_s() - ANSWER_S;

	if (!x->o->ui)
		return DM_ST_UNSUPPORTED;
	/* A person's time is the session's: who thinks for an hour finds it over. */
	if (left <= 0)
		return DM_ST_TIMEOUT;
	return x->o->ui(x->o->ctx, req, (unsigned int)left, answer);
}

static const struct dm_session_ops session_ops = {
	.random = op_random,
	.commit = op_commit,
	.save_nonces = op_save_nonces,
	.cmd = { .exec = op_exec, .read = op_read, .check = op_check, .ui = op_ui },
};

/* --- setting up --- */

static int load_account(struct run *x)
{
	int err;

	mo_set_on_alert(x->o->objects, alert_of_object, x->store);
	err = client_tree_open(x->store, x->o->objects, &x->tree);
	if (err)
		return run_fail(x, CLIENT_STORE, err, store_strerror(err));
	err = dmacc_read(x->tree, slice_str(x->o->server_id), &x->account);
	if (err == -ENOENT)
		return run_fail(x, CLIENT_CONFIG, err, "there is no account for this server");
	if (err)
		return run_fail(x, CLIENT_CONFIG, err, "the account has no usable address");
	err = run_first_address(x);
	if (err)
		return err;
	x->firmware = (struct firmware_session){ .store = x->store, .server = x->o->server_id };
	firmware_session_begin(&x->firmware, x->o->objects, x->tree, x->o->allow_http);
	return 0;
}

/* Where mo_card_set() put this card's number. */
static int find_card_uri(struct run *x)
{
	struct dm_node *dir = dm_tree_find(x->tree, SLICE_LIT("./DevDetail/Ext/dmsc/Card"));

	for (struct dm_node *n = dir ? dir->first_child : NULL; n; n = n->next) {
		struct dm_node *leaf = dm_tree_child(x->tree, n, SLICE_LIT("ICCID"));

		if (leaf && slice_eq_str(dm_node_value(leaf), x->iccid)) {
			dm_node_uri(leaf, &x->card_uri);
			return buf_error(&x->card_uri);
		}
	}
	return -ENOENT;
}

/* The issuer learns of a new combination of card and device: once, and only over TLS. */
static int announce_pair(struct run *x)
{
	struct slice iccid = slice_of(x->origin.iccid, x->origin.iccid_len);
	bool known = true;
	int err;

	err = store_pair_known(x->store, x->device_id, iccid, x->o->server_id, &known);
	if (err || known)
		return err;
	err = find_card_uri(x);
	if (err)
		return err;
	x->alerts[x->nalerts++] = (struct dm_session_alert){
		.source = buf_slice(&x->card_uri),
		.type = SLICE_LIT("Reversed-Domain-Name: org.dmsc.newcard"),
		.format = SLICE_LIT("chr"),
		.data = x->plain ? SLICE_LIT("") : slice_str(x->iccid),
	};
	x->new_pair = true;
	return 0;
}

static int set_up_card(struct run *x)
{
	int err;

	if (!x->account.origin)
		return 0;
	err = store_origin_get(x->store, x->account.origin, &x->origin);
	if (err == -ENOENT)
		return 0;
	if (!err && x->o->by_hand)
		err = card_wish_lift(x->store, &x->origin, x->o->server_id);
	if (err)
		return run_fail(x, CLIENT_STORE, err, store_strerror(err));
	if (x->origin.iccid_len == 0 ||
	    iccid_format(slice_of(x->origin.iccid, x->origin.iccid_len), x->iccid) < 0)
		return 0;
	err = mo_card_set(x->tree, x->origin.id, slice_str(x->iccid), time(NULL));
	if (!err)
		err = announce_pair(x);
	return err ? run_fail(x, CLIENT_STORE, err, store_strerror(err)) : 0;
}

/* Room for one of our own stays; what does not fit is told in the next session. */
static int load_alerts(struct run *x)
{
	int err = alerts_load(&x->queued, x->store, x->o->server_id, x->alerts, &x->nalerts,
			      DM_SESSION_MAX_ALERTS - 1);

	return err ? run_fail(x, CLIENT_STORE, err, store_strerror(err)) : 0;
}

/* What the device says of itself stands before the server does anything to it. */
static int store_facts(struct run *x)
{
	int err = dm_tree_dirty(x->tree) ? store_tree_commit(x->store, x->tree) : 0;

	return err ? run_fail(x, CLIENT_STORE, err, store_strerror(err)) : 0;
}

/* What the configuration demands, the server can only give when the account has its secret. */
static int check_insisted(struct run *x)
{
	if (!x->o->insist_credentials || (x->account.server.present && x->account.server.secret.len))
		return 0;
	return run_fail(x, CLIENT_CONFIG, -EPERM, "the account holds no secret for the server, and "
			"the configuration has this server prove itself by one (insist-credentials)");
}

/* By configuration: no session fails for it. */
static void keep_trace(struct run *x)
{
	char dir[TRACES_PATH_MAX];
	int err = traces_place(x->o->traces_of, x->journal, dir);

	if (!err)
		err = record_open(&x->record, dir);
	if (err)
		log_warn("the session leaves no trace: %s", strerror(-err));
}

static int set_up(struct run *x)
{
	int err;

	if (x->o->nalerts >= DM_SESSION_MAX_ALERTS)
		return run_fail(x, CLIENT_USAGE, -EINVAL, "too many alerts");
	if (x->o->nalerts)
		memcpy(x->alerts, x->o->alerts, x->o->nalerts * sizeof(x->alerts[0]));
	x->nalerts = x->o->nalerts;
	if (x->o->device_id)
		err = str_copy(x->device_id, sizeof(x->device_id), slice_str(x->o->device_id));
	else
		err = client_device_id(x->device_id, sizeof(x->device_id));
	if (err || !x->device_id[0])
		return run_fail(x, CLIENT_CONFIG, err ? err : -EINVAL,
				"no usable device-id: configure one");
	err = load_account(x);
	if (!err)
		err = check_insisted(x);
	if (!err)
		err = load_alerts(x);
	if (!err)
		err = set_up_card(x);
	if (!err)
		err = store_facts(x);
	if (!err)
		err = run_open_http(x);
	if (err)
		return err;
	if (!x->o->trace_dir && x->o->traces_of) {
		keep_trace(x);
		return 0;
	}
	err = record_open(&x->record, x->o->trace_dir);
	if (err == -EEXIST)
		return run_fail(x, CLIENT_CONFIG, err, "the trace directory holds a trace already");
	return err ? run_fail(x, CLIENT_CONFIG, err, "the trace directory cannot be used") : 0;
}

static int new_session(struct run *x)
{
	struct dm_session_config cfg = {
		.tree = x->tree,
		.encoder = codec_encoder(x->format),
		.tnds = &client_tnds_ops,
		.account = &x->account,
		.device_id = slice_str(x->device_id),
		.session_id = x->o->session_id,
		.server_initiated = x->o->server_initiated,
		/*
		 * Plain http was allowed for this server by configuration, which
		 * vouches for the way there; but a server that can prove itself
		 * by its own credentials then has to.
		 */
		.transport_authenticated = true,
		.insist_srvcred = x->o->insist_credentials ||
				  (x->plain && x->account.server.present),
		.transport_plain = x->plain,
		.max_msg_size = MAX_MSG_SIZE,
		.max_obj_size = MAX_OBJ_SIZE,
		.limits = mo_set_facts(x->o->objects)->limits,
		.alerts = x->alerts,
		.nalerts = x->nalerts,
		.ops = &session_ops,
		.ctx = x,
	};

	record_config(&x->record, &cfg, x->format);
	x->session = dm_session_new(&cfg);
	return x->session ? 0 : run_fail(x, CLIENT_STORE, -ENOMEM, "out of memory");
}

/* --- the session --- */

static bool changes_tree(const struct view_op *op)
{
	if (op->status < 200 || op->status > 299 || op->status == DM_ST_CHUNK_BUFFERED ||
	    op->status == DM_ST_CANCELLED || op->status == DM_ST_NOT_EXECUTED ||
	    op->status == DM_ST_ROLLED_BACK)
		return false;
	return op->kind == DM_CMD_ADD || op->kind == DM_CMD_REPLACE || op->kind == DM_CMD_DELETE ||
	       op->kind == DM_CMD_COPY;
}

/*
 * What the server asked in its last message, and what it is told, before it is told. A
 * power cut may take the last line: one message costs one sync of the disk.
 */
static int write_journal(struct run *x)
{
	int err;

	if (x->view.nops == 0)
		return 0;
	err = store_begin_soon(x->store);
	for (size_t i = 0; i < x->view.nops && !err; i++) {
		const struct view_op *op = &x->view.ops[i];

		x->r->changes += changes_tree(op);
		err = store_session_note(x->store, x->journal, dm_cmd_kind_name(op->kind),
					 slice_str(op->uri), op->status);
	}
	if (!err)
		return store_commit(x->store);
	store_rollback(x->store);
	return err;
}

/* Large objects alone: what fits one message is over before anybody could look. */
static void tell_progress(struct run *x)
{
	struct dm_session_progress p;

	if (!x->o->progress)
		return;
	if (dm_session_progress(x->session, &p) && p.done < p.total) {
		x->long_one = true;
		x->o->progress(x->o->ctx, p.uri, p.sent, p.done, p.total);
	} else if (x->long_one) {
		x->long_one = false;
		x->o->progress(x->o->ctx, SLICE_NONE, false, 0, 0);
	}
}

/*
 * What the server took is not told again. Between its taking and this line a power cut
 * makes it hear the same twice; nothing makes it never hear.
 */
static int settle_alerts(struct run *x, bool end)
{
	const struct dm_session_result *e = dm_session_result(x->session);

	if (end && !x->r->messages && (x->r->http_status == 413 || x->r->http_status == 400))
		return alerts_too_large(&x->queued, x->store, x->alerts);
	return alerts_settle(&x->queued, x->store, x->alerts, e, x->journal, end,
			     e->end == DM_END_NORMAL);
}

/* --- the engine, until a RespURI turns out to lead where nobody may be told anything --- */

static int in_header(void *ctx, const struct dm_hdr *h)
{
	struct run *x = ctx;
	int rc = dm_session_sink()->header(x->session, h);

	if (slice_present(h->resp_uri))
		x->misled = run_check_address(x) != 0;
	return rc;
}

static int in_command(void *ctx, const struct dm_cmd *cmd)
{
	const struct run *x = ctx;

	return x->misled ? 0 : dm_session_sink()->command(x->session, cmd);
}

static int in_container_begin(void *ctx, const struct dm_cmd *cmd)
{
	const struct run *x = ctx;

	return x->misled ? 0 : dm_session_sink()->container_begin(x->session, cmd);
}

static int in_container_end(void *ctx)
{
	const struct run *x = ctx;

	return x->misled ? 0 : dm_session_sink()->container_end(x->session);
}

static int in_end(void *ctx, bool final)
{
	const struct run *x = ctx;

	return x->misled ? 0 : dm_session_sink()->end(x->session, final);
}

static const struct dm_sink in_sink = {
	.header = in_header,
	.command = in_command,
	.container_begin = in_container_begin,
	.container_end = in_container_end,
	.end = in_end,
};

/* Decodes the answer into the engine and gets its reply; dm_session_reply()'s return. */
static int take_answer(struct run *x)
{
	struct slice body = buf_slice(&x->answer.body);
	enum codec_format f = codec_guess(slice_str(x->answer.content_type), body);
	struct codec_error e = { .text = "" };
	int64_t now = time(NULL);
	int err, rc;

	x->r->messages++;
	record_message(&x->record, x->session, now);
	record_in(&x->record, f, x->answer.content_type, body);
	if (x->answer.hmac[0])
		record_hmac(&x->record, x->session, body, slice_str(x->answer.hmac));
	err = view_in(&x->view, f, body, &in_sink, x, &e);
	record_decoded(&x->record, err);
	run_say(x, "<-", x->sent);
	if (err == -EBADMSG || err == -E2BIG)
		log_warn("server's message, byte %zu: %s", e.offset, e.text);
	if (x->misled) {
		(void)record_abort(&x->record, x->session, x->r->reason, &x->out);
		return -EPERM;
	}
	rc = record_reply(&x->record, x->session, now, &x->out);
	if (rc > 0)
		view_out(&x->view, x->format, buf_slice(&x->out));
	tell_progress(x);
	err = write_journal(x);
	/* What is done has to be told, whether or not there was room to note it. */
	if (err)
		log_warn("what the server did could not be noted in the journal: %s", store_strerror(err));
	err = settle_alerts(x, false);
	if (err)
		log_warn("what the server was told could not be noted: %s", store_strerror(err));
	return rc;
}

/* Best effort and at most 5 s: the card that left may have been the way to the server. */
static int say_goodbye(struct run *x, const char *why)
{
	run_fail(x, CLIENT_ABORTED, -EINTR, why);
	if (x->r->sent && record_abort(&x->record, x->session, why, &x->out) == 1) {
		http_last_words(x->http, GOODBYE_MS);
		view_out(&x->view, x->format, buf_slice(&x->out));
		(void)!run_exchange(x, false);
	}
	return -EINTR;
}

static int talk(struct run *x)
{
	unsigned int max_s = x->o->session_timeout_ms ? x->o->session_timeout_ms / 1000 : SESSION_MAX_S;
	int rc = record_start(&x->record, x->session, time(NULL), &x->out);
	char why[80];

	x->deadline = uptime_s() + max_s;
	if (rc)
		return run_fail(x, CLIENT_PROTOCOL, rc, "package 1 cannot be made");
	view_out(&x->view, x->format, buf_slice(&x->out));
	if (stopped(x))
		return say_goodbye(x, "stopped");
	do {
		rc = run_exchange(x, true);
		if (rc)
			return x->answer.err == HTTP_ERR_STOPPED ? say_goodbye(x, "stopped") : rc;
		/* Before the answer is looked at: what is done for it could not be told any more. */
		if (stopped(x))
			return say_goodbye(x, "stopped");
		if (uptime_s() > x->deadline) {
			client_reason(why, sizeof(why), "the server did not come to an end within %u s", max_s);
			return say_goodbye(x, why);
		}
		rc = take_answer(x);
	} while (rc == 1);
	if (rc == 2)
		(void)!run_exchange(x, false);
	return rc < 0 ? rc : 0;
}

enum client_outcome client_outcome_of(enum dm_session_end e)
{
	switch (e) {
	case DM_END_NORMAL:
		return CLIENT_OK;
	case DM_END_ABORTED_BY_SERVER:
	case DM_END_ABORTED_BY_US:
		return CLIENT_ABORTED;
	case DM_END_AUTH_REFUSED:
	case DM_END_AUTH_UNSUPPORTED:
	case DM_END_SERVER_UNAUTHENTICATED:
		return CLIENT_AUTH;
	case DM_END_STORE:
		return CLIENT_STORE;
	default:
		return CLIENT_PROTOCOL;
	}
}

/* An error status; the others say that it would be the same again. */
static bool status_passes(const struct client_session_result *r)
{
	long s = r->http_status;

	return s < 400 || s > 499 || s == 407 || s == 408 || s == 425 || s == 429 || r->web_page;
}

bool client_worth_retry(const struct client_session_result *r)
{
	switch (r->outcome) {
	case CLIENT_NETWORK:
		return status_passes(r);
	case CLIENT_TLS:		/* a captive portal has a certificate of its own */
		return true;
	case CLIENT_STORE:		/* a disk that is full is made room on */
		return r->no_space;
	default:
		return r->outcome != CLIENT_OK && r->busy;
	}
}

/* SyncHdr's Status of a server that could not do its work just now (REP 10.1.5). */
static bool is_busy(const struct dm_session_result *e)
{
	switch (e->hdr_status) {
	case 408:
	case 417:
	case 500:
	case 503:
	case 506:
	case 511:
		return e->end == DM_END_STATUS;
	default:
		return false;
	}
}

/* The engine's own verdict is more exact than "the last call failed". */
static int conclude(struct run *x, int err)
{
	const struct dm_session_result *e = dm_session_result(x->session);

	x->r->authenticated = e->accepted;
	x->r->busy = is_busy(e);
	if (e->end != DM_END_NOT && e->end != DM_END_NORMAL)
		err = run_fail(x, client_outcome_of(e->end), err ? err : -EPROTO,
			       e->text ? e->text : dm_session_end_name(e->end));
	else if (err)
		err = run_fail(x, CLIENT_PROTOCOL, err, strerror(-err));
	if (settle_alerts(x, true) < 0)
		err = run_fail(x, CLIENT_STORE, -EIO, "the store cannot keep that an alert was told");
	if (x->new_pair && e->alert_status[x->nalerts - 1] != 0 &&
	    store_pair_put(x->store, x->device_id, slice_of(x->origin.iccid, x->origin.iccid_len),
			   x->o->server_id, time(NULL)) < 0)
		err = run_fail(x, CLIENT_STORE, -EIO, "the store cannot keep that the server was told");
	if (dm_tree_dirty(x->tree) && store_tree_commit(x->store, x->tree) < 0)
		err = run_fail(x, CLIENT_STORE, -EIO, "the last changes could not be stored");
	if (!err && e->accepted && x->origin.id &&
	    card_wish_done(x->store, &x->origin, x->o->server_id) < 0)
		err = run_fail(x, CLIENT_STORE, -EIO, "the store cannot keep that the session is done");
	if (!err && e->accepted &&
	    store_wish_settle(x->store, x->o->server_id, x->o->session_id) < 0)
		err = run_fail(x, CLIENT_STORE, -EIO, "the store cannot keep that the session is done");
	return err;
}

static int run(struct run *x)
{
	int err = set_up(x);

	if (err)
		return err;
	err = new_session(x);
	if (!err)
		err = talk(x);
	return x->session ? conclude(x, err) : err;
}

static void tear_down(struct run *x)
{
	firmware_session_end(x->o->objects);
	mo_set_on_alert(x->o->objects, NULL, NULL);
	x->r->more |= x->firmware.begun;
	(void)!record_close(&x->record, x->session);
	dm_session_free(x->session);
	alerts_fini(&x->queued);
	http_free(x->http);
	http_response_fini(&x->answer);
	view_fini(&x->view);
	buf_wipe_fini(&x->out);
	buf_fini(&x->card_uri);
	buf_fini(&x->address);
	dm_account_fini(&x->account);
	dm_tree_free(x->tree);
}

int client_session_run(struct store *s, const struct client_session_opts *opts,
		       struct client_session_result *result)
{
	struct run x = {
		.store = s,
		.o = opts,
		.r = result,
		.format = opts->wbxml ? CODEC_WBXML : CODEC_XML,
		.record = { .fd = -1, .files = { .dir_fd = -1 } },
	};
	int err;

	memset(result, 0, sizeof(*result));
	dm_account_init(&x.account);
	http_response_init(&x.answer);
	view_init(&x.view);
	err = store_session_begin(s, opts->server_id, opts->cause ? opts->cause : "", time(NULL),
				  &x.journal);
	if (err)
		err = run_fail(&x, CLIENT_STORE, err, store_strerror(err));
	else
		err = run(&x);
	if (x.journal && store_session_end(s, x.journal, client_outcome_name(result->outcome),
					   result->reason, result->messages, time(NULL)) < 0)
		log_warn("the session's end could not be written to the journal");
	result->more = result->more || pending_any(s);
	tear_down(&x);
	return err;
}
