// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * dmsc-client replay: canned server messages through the real engine with a
 * tree in memory. No network, no store, no clock, no randomness: the same
 * input gives the same bytes.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "dmsc-client/client.h"
#include "dmsc-client/player.h"
#include "dmsc-client/trace.h"
#include "mo/dmacc.h"
#include "mo/mo.h"
#include "util/digest.h"
#include "util/log.h"
#include "util/str.h"

#define REPLAY_TIME 1262304000	/* 2010-01-01T00:00:00Z; +1 s per message */
#define REPLAY_FILE_MAX (64u << 20)
#define TOO_LARGE "larger than 64 MiB"
#define REPLAY_MSG_SIZE 0x7fffffff	/* replies are never split unless --max-msg-size says so */

enum { OPT_PRELOAD = OPT_OWN, OPT_OUT, OPT_SERVER, OPT_MAX, OPT_OBJECTS, OPT_TRACE };

struct replay {
	struct client_args *a;
	const char *preload, *out_dir, *server;
	unsigned int max_msg_size;
	char **files;
	int nfiles;
	struct mo_set *objects;
	bool with_objects;		/* those of the configuration too */
	struct dm_tree *tree;
	struct dm_account account;
	struct dm_session *session;
	struct trace out;
	enum codec_format format;
	uint64_t random;
	unsigned int commits;
	/* Of the first message's header. */
	char device_id[128], server_id[STORE_SERVER_MAX], session_id[8];
};

/* --- the world: none --- */

/* Not random on purpose; the numbers of Knuth's MMIX generator. */
static int op_random(void *ctx, void *p, size_t n)
{
	struct replay *r = ctx;
	uint8_t *b = p;

	while (n--) {
		r->random = r->random * 6364136223846793005u + 1442695040888963407u;
		*b++ = (uint8_t)(r->random >> 56);
	}
	return 0;
}

static int op_commit(void *ctx, struct dm_tree *tree)
{
	struct replay *r = ctx;

	int err = mo_set_collect(r->objects, tree);

	if (err)
		return err;
	r->commits++;
	dm_tree_committed(tree);
	mo_set_tell(r->objects);
	return 0;
}

static enum dm_status op_exec(void *ctx, struct dm_tree *tree, struct dm_node *node,
			      struct slice data, struct slice correlator)
{
	struct replay *r = ctx;

	return mo_set_exec(r->objects, node, data, correlator);
}

static enum dm_status op_read(void *ctx, const struct dm_node *leaf, struct buf *out)
{
	struct replay *r = ctx;

	return mo_set_read(r->objects, leaf, out);
}

static enum dm_status op_check(void *ctx, const struct dm_node *parent, struct slice name,
			       enum dm_format format, struct slice value)
{
	struct replay *r = ctx;

	return mo_set_check(r->objects, parent, name, format, value);
}

static int op_save_nonces(void *ctx, struct dm_tree *tree, struct slice server_id,
			  struct slice client_nonce, struct slice server_nonce, int64_t now)
{
	/* An account made up for the replay is not in the tree. */
	int err = dmacc_save_nonces(tree, server_id, client_nonce, server_nonce, now);

	return err == -ENOENT ? 0 : err;
}

static const struct dm_session_ops replay_ops = {
	.random = op_random,
	.commit = op_commit,
	.save_nonces = op_save_nonces,
	.cmd = { .exec = op_exec, .read = op_read, .check = op_check },
};

/* --- the tree to begin with --- */

static int set_node(struct dm_tree *t, struct dm_node *n, const struct dm_tnds_node *x,
		    enum dm_format f, struct slice value)
{
	int err = 0;

	if (f != DM_FMT_NODE)
		err = dm_tree_set_value(t, n, f, x->type, value, REPLAY_TIME);
	if (!err && slice_present(x->acl))
		err = dm_tree_set_acl(t, n, x->acl, REPLAY_TIME);
	return err;
}

static int add_node(struct dm_tree *t, struct dm_node *parent, const struct dm_tnds_node *x,
		    struct dm_node **out)
{
	_cleanup_buf_ struct buf raw = BUF_INIT;
	struct slice value = x->value;
	enum dm_format f = x->has_value ? DM_FMT_CHR : DM_FMT_NODE;
	struct dm_node_init init;
	int err;

	if (slice_present(x->format) && dm_format_parse(x->format, &f) < 0)
		return -EINVAL;
	if (f == DM_FMT_BIN && x->has_value && !x->value_opaque) {
		err = base64_decode(&raw, x->value);
		if (err)
			return err;
		value = buf_slice(&raw);
	}
	/* The object's own root may stand for the tree's. */
	*out = slice_eq_str(x->name, ".") || x->name.n == 0 ? parent : dm_tree_child(t, parent, x->name);
	if (*out)
		return set_node(t, *out, x, f, value);
	init = (struct dm_node_init){
		.name = x->name, .format = f, .type = x->type, .value = value, .acl = x->acl,
		.title = x->title, .access = DM_ACC_ALL,
	};
	return dm_tree_add(t, parent, &init, REPLAY_TIME, out);
}

/* Where a node of depth 0 goes: its Path, made when missing. */
static int make_path(struct dm_tree *t, struct slice path, struct dm_node **out)
{
	struct dm_node *at = dm_tree_root(t);
	struct slice seg;

	while (str_split(&path, '/', &seg)) {
		struct dm_node *n;
		int err;

		if (seg.n == 0 || slice_eq_str(seg, "."))
			continue;
		n = dm_tree_child(t, at, seg);
		if (!n) {
			const struct dm_node_init init = {
				.name = seg, .format = DM_FMT_NODE, .access = DM_ACC_ALL,
			};

			err = dm_tree_add(t, at, &init, REPLAY_TIME, &n);
			if (err)
				return err;
		}
		at = n;
	}
	*out = at;
	return 0;
}

static int preload_nodes(struct dm_tree *t, const struct dm_tnds *d)
{
	struct dm_node *stack[256];	/* codec bounds the depth below this */
	int err = 0;

	for (size_t i = 0; i < d->n && !err; i++) {
		const struct dm_tnds_node *x = &d->nodes[i];
		struct dm_node *parent;

		if (x->depth >= 256)
			return -EINVAL;
		if (x->depth == 0)
			err = make_path(t, x->path, &parent);
		else
			parent = stack[x->depth - 1];
		if (!err)
			err = add_node(t, parent, x, &stack[x->depth]);
		if (err)
			log_err("preload: node %.*s: %s", (int)x->name.n,
				x->name.p ? (const char *)x->name.p : "", strerror(-err));
	}
	return err;
}

static const struct codec_limits preload_limits = {
	.message = REPLAY_FILE_MAX, .memory = REPLAY_FILE_MAX * 4ul, .elements = 1u << 24, .nodes = 1u << 21,
};

static int preload(struct replay *r)
{
	_cleanup_buf_ struct buf doc = BUF_INIT;
	struct codec_tnds *t = NULL;
	struct codec_error e = { .text = "" };
	int err;

	doc.max = REPLAY_FILE_MAX;
	err = buf_read_file(&doc, r->preload);
	if (err) {
		log_err("%s: %s", r->preload, err == -EMSGSIZE ? TOO_LARGE : strerror(-err));
		return -ECANCELED;
	}
	err = codec_tnds_decode(codec_guess(SLICE_NONE, buf_slice(&doc)), buf_slice(&doc),
				&preload_limits, &t, &e);
	if (err) {
		log_err("%s: no tree object (TNDS): byte %zu: %s", r->preload, e.offset, e.text);
		return -ECANCELED;
	}
	err = preload_nodes(r->tree, codec_tnds_get(t));
	codec_tnds_free(t);
	return err ? -ECANCELED : 0;	/* preload_nodes() said why */
}

/* As a device has them: mo_facts_from_system(). */
static const struct dm_uri_limits replay_limits = { 64, 1024, 127 };

static int make_tree(struct replay *r)
{
	struct mo_facts f = { .man = "dmsc", .mod = "replay", .dmv = "replay", .lang = "en",
			      .large_objects = true, .limits = replay_limits };
	int err;

	client_reason(f.dev_id, sizeof(f.dev_id), "%s", r->device_id);
	r->tree = dm_tree_new();
	if (!r->tree)
		return -ENOMEM;
	r->objects = mo_set_new(&f);
	err = r->objects ? 0 : -ENOMEM;
	if (!err && r->with_objects)
		err = client_objects_load(r->objects, &r->a->conf);
	if (!err)
		err = mo_set_install(r->objects, r->tree, REPLAY_TIME);
	if (!err && r->preload)
		err = preload(r);
	if (!err)
		dm_tree_committed(r->tree);
	return err;
}

/* --- what the first message says of the session --- */

static int first_header(void *ctx, const struct dm_hdr *h)
{
	struct replay *r = ctx;

	/* What does not fit stays empty, and the engine answers to it. */
	(void)!str_copy(r->device_id, sizeof(r->device_id), h->target);
	if (!r->server)
		(void)!str_copy(r->server_id, sizeof(r->server_id), h->source);
	(void)!str_copy(r->session_id, sizeof(r->session_id), h->session_id);
	return -ECANCELED;
}

static uint32_t parse_session_id(const char *s)
{
	char *end;
	unsigned long v = strtoul(s, &end, 16);

	return s[0] && !*end && v >= 1 && v <= 0xffff ? (uint32_t)v : 1;
}

static void peek(struct replay *r, struct slice msg)
{
	static const struct dm_sink sink = { .header = first_header };

	r->format = codec_guess(SLICE_NONE, msg);
	if (codec_decode(r->format, msg, NULL, &sink, r, NULL) != -ECANCELED)
		log_info("the first message has no readable header");
	if (r->a->device_id)
		client_reason(r->device_id, sizeof(r->device_id), "%s", r->a->device_id);
	if (!r->device_id[0])
		client_reason(r->device_id, sizeof(r->device_id), "IMEI:493005100592800");
	if (r->server)
		client_reason(r->server_id, sizeof(r->server_id), "%s", r->server);
	if (!r->server_id[0])
		client_reason(r->server_id, sizeof(r->server_id), "replay");
}

/* The account of the preloaded tree, or one made up that trusts the messages. */
static int make_account(struct replay *r)
{
	int err = dmacc_read(r->tree, slice_str(r->server_id), &r->account);

	if (!err || err == -ENOMEM)
		return err;
	dm_account_fini(&r->account);
	buf_put_str(&r->account.server_id, r->server_id);
	buf_put_str(&r->account.url, "https://replay.invalid/");
	/* So that a recorded challenge can be answered; what is sent is not the recording's. */
	r->account.client.present = true;
	r->account.client.type = DM_AUTH_MD5;
	buf_put_str(&r->account.client.name, "replay");
	buf_put_str(&r->account.client.secret, "replay");
	return buf_error(&r->account.client.secret) ? -ENOMEM : 0;
}

static int make_session(struct replay *r)
{
	struct dm_session_config cfg = {
		.encoder = codec_encoder(r->format),
		.tnds = &client_tnds_ops,
		.account = &r->account,
		.device_id = slice_str(r->device_id),
		.session_id = parse_session_id(r->session_id),
		.transport_authenticated = true,
		.max_msg_size = r->max_msg_size,
		.limits = replay_limits,
		.ops = &replay_ops,
		.ctx = r,
	};
	int err = make_tree(r);

	if (!err)
		err = make_account(r);
	if (err)
		return err;
	cfg.tree = r->tree;
	r->session = dm_session_new(&cfg);
	return r->session ? 0 : -ENOMEM;
}

/* --- the messages --- */

static void write_reply(struct replay *r, const struct buf *out)
{
	if (r->out_dir)
		trace_out(&r->out, r->format == CODEC_XML ? "xml" : "wbxml", buf_slice(out));
}

static const struct codec_limits message_limits = {
	.message = REPLAY_FILE_MAX, .elements = 1u << 24,
};

static int64_t cpu_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* dm_session_reply()'s return; the reply is in @out. */
static int play(struct replay *r, int i, const struct buf *msg, struct buf *out)
{
	struct slice bytes = buf_slice(msg);
	struct codec_error e = { .text = "" };
	int64_t now = REPLAY_TIME + 1 + i;
	int64_t start = cpu_us();
	unsigned int before = dm_session_result(r->session)->commands;
	int err, rc;

	dm_session_message(r->session, now);
	err = codec_decode(codec_guess(SLICE_NONE, bytes), bytes, &message_limits, dm_session_sink(),
			   r->session, &e);
	rc = dm_session_reply(r->session, now, out);
	printf("%s: %zu bytes in, %u commands, %zu bytes out, %lld us\n", r->files[i], bytes.n,
	       dm_session_result(r->session)->commands - before, rc > 0 ? out->len : 0,
	       (long long)(cpu_us() - start));
	if (err == -EBADMSG || err == -E2BIG)
		printf("%s: byte %zu: %s\n", r->files[i], e.offset, e.text);
	if (rc > 0)
		write_reply(r, out);
	return rc;
}

static enum client_outcome outcome(const struct replay *r)
{
	enum dm_session_end end = dm_session_result(r->session)->end;

	/* A recording may end before its session does. */
	return end == DM_END_NOT ? CLIENT_OK : client_outcome_of(end);
}

/*
 * Not ru_maxrss of getrusage(): that holds the peak of the program that started
 * this one as well. 0 where /proc is not.
 */
static unsigned long peak_memory_kb(void)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	const char *at;

	if (buf_read_file(&b, "/proc/self/status") < 0)
		return 0;
	at = strstr(buf_cstr(&b), "VmHWM:");
	return at ? strtoul(at + 6, NULL, 10) : 0;
}

static void summarise(const struct replay *r)
{
	const struct dm_session_result *e = dm_session_result(r->session);
	printf("replay: %s%s%s; %u commands, %u commits, peak memory %lu kB\n",
	       e->end == DM_END_NOT ? "still open" : dm_session_end_name(e->end),
	       e->end != DM_END_NOT && e->end != DM_END_NORMAL && e->text ? ": " : "",
	       e->end != DM_END_NOT && e->end != DM_END_NORMAL && e->text ? e->text : "", e->commands,
	       r->commits, peak_memory_kb());
}

static int read_message(const char *file, struct buf *msg)
{
	int err;

	buf_reset(msg);
	msg->max = REPLAY_FILE_MAX;
	err = buf_read_file(msg, file);
	if (err)
		log_err("%s: %s", file, err == -EMSGSIZE ? TOO_LARGE : strerror(-err));
	return err;
}

static int replay(struct replay *r)
{
	_cleanup_buf_ struct buf msg = BUF_INIT;
	_cleanup_buf_ struct buf out = BUF_INIT;
	int rc;

	if (read_message(r->files[0], &msg) < 0)
		return CLIENT_CONFIG;
	peek(r, buf_slice(&msg));
	rc = make_session(r);
	if (!rc)
		rc = dm_session_start(r->session, REPLAY_TIME, &out);
	if (rc == -ECANCELED)
		return CLIENT_CONFIG;	/* said already */
	if (rc) {
		log_err("replay: cannot begin: %s", strerror(-rc));
		return CLIENT_CONFIG;
	}
	write_reply(r, &out);
	for (int i = 0; i < r->nfiles; i++) {
		if (i > 0 && read_message(r->files[i], &msg) < 0)
			return CLIENT_CONFIG;
		if (play(r, i, &msg, &out) != 1) {
			if (i + 1 < r->nfiles)
				printf("replay: the session is over; %d messages were not played\n",
				       r->nfiles - i - 1);
			break;
		}
	}
	summarise(r);
	return outcome(r);
}

/* --- a whole recorded session -------------------------------------------- */

static int replay_trace(const char *dir, struct trace *copy)
{
	struct player p = { .tnds = &client_tnds_ops, .copy = copy };
	int rc = CLIENT_OK;

	switch (player_run(&p, dir)) {
	case PLAYER_SAME:
		printf("replay: %s: identical: %u messages sent, %u received, %s\n", dir, p.n_out,
		       p.n_in, dm_session_end_name(dm_session_result(p.session)->end));
		break;
	case PLAYER_DIFFERS:
		printf("replay: %s: %s\n", dir, buf_cstr(&p.text));
		if (strcmp(p.client, DMSC_VERSION) != 0)
			printf("  recorded by dmsc-client %.20s, this is %s\n", p.client, DMSC_VERSION);
		rc = CLIENT_DIFFERS;
		break;
	case PLAYER_BAD:
		log_err("%s: %s", dir, p.tape.error);
		rc = CLIENT_TRACE;
	}
	player_fini(&p);
	return rc;
}

static int replay_files(struct replay *r)
{
	int rc;

	dm_account_init(&r->account);
	rc = replay(r);
	dm_session_free(r->session);
	dm_account_fini(&r->account);
	dm_tree_free(r->tree);
	mo_set_free(r->objects);
	return rc;
}

static int take_option(struct replay *r, const char **trace, int c)
{
	switch (c) {
	case OPT_PRELOAD:
		r->preload = optarg;
		return CLIENT_OK;
	case OPT_OUT:
		r->out_dir = optarg;
		return CLIENT_OK;
	case OPT_SERVER:
		r->server = optarg;
		return CLIENT_OK;
	case OPT_OBJECTS:
		r->with_objects = true;
		return CLIENT_OK;
	case OPT_TRACE:
		*trace = optarg;
		return CLIENT_OK;
	case OPT_MAX:
		if (str_parse_uint(optarg, &r->max_msg_size) == 0)
			return CLIENT_OK;
		log_err("--max-msg-size: a number of bytes");
		return CLIENT_USAGE;
	default:
		return client_common_option(r->a, c, optarg);
	}
}

int cmd_replay(int argc, char **argv, struct client_args *a)
{
	static const struct option options[] = {
		CLIENT_COMMON_OPTIONS,
		{ "preload", required_argument, NULL, OPT_PRELOAD },
		{ "out", required_argument, NULL, OPT_OUT },
		{ "server", required_argument, NULL, OPT_SERVER },
		{ "max-msg-size", required_argument, NULL, OPT_MAX },
		{ "objects", no_argument, NULL, OPT_OBJECTS },
		{ "trace", required_argument, NULL, OPT_TRACE },
		{ NULL, 0, NULL, 0 },
	};
	struct replay r = { .a = a, .max_msg_size = REPLAY_MSG_SIZE, .out = { .dir_fd = -1 } };
	const char *trace = NULL;
	bool is_new;
	int c, rc;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		rc = take_option(&r, &trace, c);
		if (rc)
			return rc;
	}
	if ((optind == argc) == !trace) {
		log_err(trace ? "replay: --trace DIR plays all of a session; give no MESSAGE with it"
			      : "replay: give at least one MESSAGE, or --trace DIR");
		return CLIENT_USAGE;
	}
	if (trace && (r.preload || r.server || r.with_objects || r.max_msg_size != REPLAY_MSG_SIZE)) {
		log_err("replay: the trace itself says what --preload, --server, --objects and --max-msg-size say");
		return CLIENT_USAGE;
	}
	rc = r.with_objects ? client_args_finish(a) : CLIENT_OK;
	if (rc)
		return rc;
	r.files = argv + optind;
	r.nfiles = argc - optind;
	is_new = r.out_dir && access(r.out_dir, F_OK) < 0;
	rc = trace_open(&r.out, r.out_dir);
	if (rc) {
		log_err("%s: %s", r.out_dir, rc == -EEXIST ? "holds replies already" : strerror(-rc));
		return CLIENT_CONFIG;
	}
	rc = client_rights_replay(trace ? trace : r.files[0], is_new ? r.out.dir_fd : -1);
	/* Objects of the configuration are loaded and started when the first message has been seen. */
	if (!rc && !r.with_objects)
		rc = client_rights_filter(false);
	if (!rc)
		rc = trace ? replay_trace(trace, &r.out) : replay_files(&r);
	if (r.out.broken && rc == CLIENT_OK)
		rc = CLIENT_CONFIG;
	trace_close(&r.out);
	return rc;
}
