// SPDX-License-Identifier: GPL-2.0-or-later
/* What enters and leaves the engine, as lines of a file; the contract is in record.h. */
#include "dmsc-client/record.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "mo/ddf_table.h"
#include "util/log.h"
#include "util/str.h"

#define FLUSH_AT 65536u

/* --- lines --------------------------------------------------------------- */

static void broken(struct record *r, const char *why)
{
	if (!r->broken)
		log_err("trace: %s cannot be written (%s): the trace will not be complete",
			RECORD_FILE, why);
	r->broken = true;
}

static void flush(struct record *r)
{
	struct slice s = buf_slice(&r->lines);

	if (buf_error(&r->lines))
		broken(r, strerror(-buf_error(&r->lines)));
	else if (r->written + s.n > RECORD_FILE_MAX)
		broken(r, "it would be too large to be read again");
	while (s.n && !r->broken) {
		ssize_t w = write(r->fd, s.p, s.n);

		if (w < 0) {
			broken(r, strerror(errno));
			break;
		}
		s.p += w;
		s.n -= (size_t)w;
		r->written += (size_t)w;
	}
	buf_reset(&r->lines);
}

static void put_word(struct record *r, const char *word)
{
	buf_put_u8(&r->lines, ' ');
	buf_put_str(&r->lines, word);
}

static void put_number(struct record *r, int64_t v)
{
	buf_printf(&r->lines, " %" PRId64, v);
}

/* "-" for what is absent, else "=" and the bytes, %XX for all that is no plain character. */
static void put_text(struct record *r, struct slice s)
{
	static const char hex[] = "0123456789ABCDEF";
	uint8_t *p = buf_room(&r->lines, s.n * 3 + 3);
	size_t n = 0;

	if (!p)
		return;
	p[n++] = ' ';
	p[n++] = slice_present(s) ? '=' : '-';
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];

		if (c > ' ' && c < 0x7f && c != '%') {
			p[n++] = c;
			continue;
		}
		p[n++] = '%';
		p[n++] = (uint8_t)hex[c >> 4];
		p[n++] = (uint8_t)hex[c & 15];
	}
	r->lines.len += n;
}

static void put_cstr(struct record *r, const char *s)
{
	put_text(r, s ? slice_str(s) : SLICE_NONE);
}

/* False: nothing is recorded (any more). Else the line is open until end_line(). */
static bool begin_line(struct record *r, const char *word)
{
	if (r->fd < 0 || r->broken)
		return false;
	/* The line stands alone in the buffer until the chain has it. */
	if (r->lines.len > FLUSH_AT)
		flush(r);
	r->line_at = r->lines.len;
	buf_put_str(&r->lines, word);
	return true;
}

static void end_line(struct record *r)
{
	struct slice parts[2] = { slice_of(r->chain, sizeof(r->chain)) };

	buf_put_u8(&r->lines, '\n');
	if (buf_error(&r->lines))
		return;
	parts[1] = slice_of(r->lines.data + r->line_at, r->lines.len - r->line_at);
	digest_sha256_parts(parts, 2, r->chain);
}

static void number_line(struct record *r, const char *word, int64_t v)
{
	if (!begin_line(r, word))
		return;
	put_number(r, v);
	end_line(r);
}

static void put_hex(struct record *r, const void *p, size_t n)
{
	buf_put_u8(&r->lines, ' ');
	hex_encode(&r->lines, slice_of(p, n));
}

/* A message's length and digest: its bytes are in a file of their own. */
static void put_message(struct record *r, struct slice msg)
{
	uint8_t d[DIGEST_SHA256_SIZE];

	digest_sha256(msg, d);
	put_number(r, (int64_t)msg.n);
	put_hex(r, d, sizeof(d));
}

/* --- opening and closing --------------------------------------------------- */

int record_open(struct record *r, const char *dir)
{
	int err;

	*r = (struct record){ .fd = -1 };
	err = trace_open(&r->files, dir);
	if (err || !dir)
		return err;
	r->fd = openat(r->files.dir_fd, RECORD_FILE,
		       O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (r->fd >= 0)
		return 0;
	err = -errno;
	trace_close(&r->files);
	return err;
}

bool record_close(struct record *r, const struct dm_session *s)
{
	bool complete;

	if (s && begin_line(r, "end")) {
		const struct dm_session_result *e = dm_session_result(s);

		put_word(r, dm_session_end_name(e->end));
		put_cstr(r, e->text);
		end_line(r);
	}
	if (r->fd >= 0 && !r->broken) {
		buf_put_str(&r->lines, "sum");
		put_hex(r, r->chain, sizeof(r->chain));
		buf_put_u8(&r->lines, '\n');
		flush(r);
	}
	if (r->fd >= 0 && close(r->fd) < 0)
		broken(r, strerror(errno));
	complete = !r->broken && !r->files.broken;
	if (!complete)
		log_err("trace: this session's trace is not complete and cannot be replayed as a whole");
	r->fd = -1;
	trace_close(&r->files);
	buf_wipe_fini(&r->lines);
	return complete;
}

/* --- what the session begins with ------------------------------------------ */

static void put_credential(struct record *r, const char *word, const struct dm_credential *c)
{
	if (!begin_line(r, word))
		return;
	put_number(r, c->present);
	put_number(r, c->type);
	put_text(r, buf_slice(&c->name));
	put_text(r, buf_slice(&c->secret));
	put_text(r, buf_slice(&c->nonce));
	end_line(r);
}

static void put_account(struct record *r, const struct dm_account *a)
{
	if (!begin_line(r, "account"))
		return;
	put_text(r, buf_slice(&a->server_id));
	put_text(r, buf_slice(&a->name));
	put_text(r, buf_slice(&a->url));
	put_text(r, buf_slice(&a->conref));
	put_cstr(r, a->node_name);
	put_number(r, a->origin);
	put_number(r, a->pref);
	end_line(r);
	put_credential(r, "client-cred", &a->client);
	put_credential(r, "server-cred", &a->server);
}

static void put_alerts(struct record *r, const struct dm_session_config *cfg)
{
	for (size_t i = 0; i < cfg->nalerts; i++) {
		const struct dm_session_alert *a = &cfg->alerts[i];

		if (!begin_line(r, a->code == 1224 ? "event" : "alert"))
			return;
		put_text(r, a->source);
		put_text(r, a->type);
		put_text(r, a->format);
		put_text(r, a->mark);
		put_text(r, a->data);
		put_text(r, a->correlator);
		end_line(r);
	}
}

/* Parents before children and children in their order; what is not committed yet is said. */
static void put_tree(struct record *r, struct dm_tree *t)
{
	struct dm_node *root = dm_tree_root(t);

	if (!begin_line(r, "tree"))
		return;
	put_number(r, (int64_t)dm_tree_count(t));
	put_number(r, dm_tree_dirty(t));
	end_line(r);
	for (const struct dm_node *n = root; n; n = dm_tree_next(root, n)) {
		if (!begin_line(r, "node"))
			return;
		put_number(r, (int64_t)n->id);
		put_number(r, n->parent ? (int64_t)n->parent->id : 0);
		put_word(r, dm_format_name(n->format));
		put_number(r, n->flags);
		put_number(r, n->access);
		put_number(r, n->origin);
		put_number(r, n->tstamp);
		put_number(r, n->verno);
		put_cstr(r, n->name);
		put_cstr(r, n->type);
		put_cstr(r, n->acl);
		put_cstr(r, n->title);
		put_text(r, dm_node_value(n));
		end_line(r);
	}
}

static int put_entry(void *ctx, const struct dmsc_ddf *d, size_t parent)
{
	struct record *r = ctx;

	if (!begin_line(r, "ddf"))
		return -EIO;
	put_number(r, (int64_t)parent);
	put_cstr(r, d->name);
	put_number(r, d->formats);
	put_number(r, d->access);
	put_number(r, d->flags);
	put_number(r, d->min);
	put_number(r, d->max);
	put_cstr(r, d->type);
	end_line(r);
	return 0;
}

static int count_entry(void *ctx, const struct dmsc_ddf *d, size_t parent)
{
	++*(size_t *)ctx;
	return 0;
}

/* What the objects of the session describe: the engine goes by it. */
static void put_descriptions(struct record *r, struct dm_tree *t)
{
	const struct dmsc_ddf *root = dm_tree_root(t)->ddf;
	size_t n = 0;

	if (root)
		(void)!mo_ddf_each(root, count_entry, &n);
	number_line(r, "described", (int64_t)n);
	if (root)
		(void)!mo_ddf_each(root, put_entry, r);
}

static void put_config(struct record *r, const struct dm_session_config *cfg,
		       enum codec_format format)
{
	if (!begin_line(r, "config"))
		return;
	put_word(r, format == CODEC_XML ? "xml" : "wbxml");
	put_text(r, cfg->device_id);
	put_number(r, cfg->session_id);
	put_number(r, cfg->server_initiated);
	put_number(r, cfg->transport_authenticated);
	put_number(r, cfg->insist_srvcred);
	put_number(r, cfg->transport_plain);
	put_number(r, cfg->max_msg_size);
	put_number(r, cfg->max_obj_size);
	put_number(r, cfg->limits.max_depth);
	put_number(r, cfg->limits.max_total);
	put_number(r, cfg->limits.max_segment);
	put_number(r, cfg->tnds != NULL);
	put_number(r, (int64_t)cfg->nalerts);
	end_line(r);
}

/* --- what the engine asks for ------------------------------------------------ */

static int op_random(void *ctx, void *p, size_t n)
{
	struct record *r = ctx;
	int rc = r->next->random(r->next_ctx, p, n);

	if (begin_line(r, "random")) {
		put_number(r, rc);
		put_text(r, slice_of(p, rc ? 0 : n));
		end_line(r);
	}
	return rc;
}

static int op_commit(void *ctx, struct dm_tree *tree)
{
	struct record *r = ctx;
	int rc = r->next->commit(r->next_ctx, tree);

	number_line(r, "commit", rc);
	return rc;
}

/* The nonces come from the engine; only how it went comes from outside. */
static int op_save_nonces(void *ctx, struct dm_tree *tree, struct slice server_id,
			  struct slice client_nonce, struct slice server_nonce, int64_t now)
{
	struct record *r = ctx;
	int rc = r->next->save_nonces(r->next_ctx, tree, server_id, client_nonce, server_nonce, now);

	number_line(r, "save-nonces", rc);
	return rc;
}

static enum dm_status op_exec(void *ctx, struct dm_tree *tree, struct dm_node *node,
			      struct slice data, struct slice correlator)
{
	struct record *r = ctx;
	dm_mark mark = dm_tree_mark(tree);
	uint64_t id = node->id;
	enum dm_status st = r->next->cmd.exec(r->next_ctx, tree, node, data, correlator);

	if (begin_line(r, "exec")) {
		put_number(r, (int64_t)id);
		put_number(r, st);
		/* What it did to the tree is not recorded, only that it did something. */
		put_number(r, dm_tree_mark(tree) != mark);
		end_line(r);
	}
	return st;
}

static enum dm_status op_read(void *ctx, const struct dm_node *leaf, struct buf *out)
{
	struct record *r = ctx;
	size_t before = out->len;
	enum dm_status st = r->next->cmd.read(r->next_ctx, leaf, out);

	if (begin_line(r, "read")) {
		put_number(r, (int64_t)leaf->id);
		put_number(r, st);
		put_text(r, slice_of(buf_slice(out).p + before, st ? 0 : out->len - before));
		end_line(r);
	}
	return st;
}

static enum dm_status op_check(void *ctx, const struct dm_node *parent, struct slice name,
			       enum dm_format format, struct slice value)
{
	struct record *r = ctx;
	enum dm_status st = r->next->cmd.check(r->next_ctx, parent, name, format, value);

	if (begin_line(r, "check")) {
		put_number(r, (int64_t)parent->id);
		put_text(r, name);
		put_number(r, st);
		end_line(r);
	}
	return st;
}

static enum dm_status op_ui(void *ctx, const struct dm_ui_request *req, struct dm_ui_answer *answer)
{
	struct record *r = ctx;
	enum dm_status st = r->next->cmd.ui(r->next_ctx, req, answer);

	if (begin_line(r, "ui")) {
		put_number(r, req->code);
		put_number(r, st);
		put_text(r, buf_slice(&answer->text));
		put_number(r, (int64_t)answer->nchosen);
		for (size_t i = 0; i < answer->nchosen && i < DM_UI_MAX_CHOICES; i++)
			put_number(r, answer->chosen[i]);
		end_line(r);
	}
	return st;
}

/* An op that is not there stays away: the engine answers differently then. */
static void put_ops(struct record *r)
{
	const struct dm_session_ops *o = r->next;

	r->ops = (struct dm_session_ops){
		.random = o->random ? op_random : NULL,
		.commit = o->commit ? op_commit : NULL,
		.save_nonces = o->save_nonces ? op_save_nonces : NULL,
		.cmd.exec = o->cmd.exec ? op_exec : NULL,
		.cmd.ui = o->cmd.ui ? op_ui : NULL,
		.cmd.read = o->cmd.read ? op_read : NULL,
		.cmd.check = o->cmd.check ? op_check : NULL,
	};
	if (!begin_line(r, "ops"))
		return;
	put_number(r, o->random != NULL);
	put_number(r, o->commit != NULL);
	put_number(r, o->save_nonces != NULL);
	put_number(r, o->cmd.exec != NULL);
	put_number(r, o->cmd.ui != NULL);
	put_number(r, o->cmd.read != NULL);
	put_number(r, o->cmd.check != NULL);
	end_line(r);
}

void record_config(struct record *r, struct dm_session_config *cfg, enum codec_format format)
{
	if (r->fd < 0)
		return;
	r->ext = format == CODEC_XML ? "xml" : "wbxml";
	r->next = cfg->ops;
	r->next_ctx = cfg->ctx;
	number_line(r, "dmsc-trace", RECORD_VERSION);
	if (begin_line(r, "client")) {
		put_cstr(r, DMSC_VERSION);
		end_line(r);
	}
	put_config(r, cfg, format);
	put_ops(r);
	put_alerts(r, cfg);
	put_account(r, cfg->account);
	put_tree(r, cfg->tree);
	put_descriptions(r, cfg->tree);
	flush(r);
	cfg->ops = &r->ops;
	cfg->ctx = r;
}

/* --- the calls ----------------------------------------------------------------- */

static void put_out(struct record *r, struct dm_session *s, const char *word, int rc, bool sent,
		    const struct buf *out)
{
	struct slice hmac = dm_session_hmac(s);

	if (r->fd < 0)
		return;
	number_line(r, word, rc);
	if (sent) {
		trace_out(&r->files, r->ext, buf_slice(out));
		if (begin_line(r, "out")) {
			put_number(r, r->files.n);
			put_message(r, buf_slice(out));
			end_line(r);
		}
		if (slice_present(hmac) && begin_line(r, "signed")) {
			put_text(r, hmac);
			end_line(r);
		}
	}
	flush(r);
}

int record_start(struct record *r, struct dm_session *s, int64_t now, struct buf *out)
{
	int rc;

	number_line(r, "start", now);
	rc = dm_session_start(s, now, out);
	put_out(r, s, "started", rc, rc == 0, out);
	return rc;
}

void record_message(struct record *r, struct dm_session *s, int64_t now)
{
	number_line(r, "message", now);
	dm_session_message(s, now);
}

int record_reply(struct record *r, struct dm_session *s, int64_t now, struct buf *out)
{
	int rc;

	number_line(r, "reply", now);
	rc = dm_session_reply(s, now, out);
	put_out(r, s, "replied", rc, rc > 0, out);
	return rc;
}

int record_abort(struct record *r, struct dm_session *s, const char *why, struct buf *out)
{
	int rc;

	if (begin_line(r, "abort")) {
		put_cstr(r, why);
		end_line(r);
	}
	rc = dm_session_abort(s, why, out);
	put_out(r, s, "aborted", rc, rc > 0, out);
	return rc;
}

/* --- received ------------------------------------------------------------------ */

const char *record_decode_word(int rc)
{
	switch (rc) {
	case 0:
		return "ok";
	case -EBADMSG:
		return "malformed";
	case -E2BIG:
		return "limit";
	case -ENOMEM:
		return "memory";
	default:
		return "stopped";
	}
}

void record_in(struct record *r, enum codec_format format, const char *content_type,
	       struct slice body)
{
	const char *ext = format == CODEC_XML ? "xml" : "wbxml";

	if (r->fd < 0)
		return;
	trace_in(&r->files, ext, body);
	if (begin_line(r, "in")) {
		put_number(r, r->files.n);
		put_word(r, ext);
		put_message(r, body);
		put_cstr(r, content_type);
		end_line(r);
	}
	flush(r);
}

void record_hmac(struct record *r, struct dm_session *s, struct slice body, struct slice hmac)
{
	if (begin_line(r, "hmac")) {
		put_text(r, hmac);
		end_line(r);
	}
	dm_session_message_hmac(s, body, hmac);
}

void record_decoded(struct record *r, int rc)
{
	if (!begin_line(r, "decoded"))
		return;
	put_word(r, record_decode_word(rc));
	end_line(r);
}

void record_other(struct record *r, struct slice body)
{
	if (r->fd < 0)
		return;
	trace_in(&r->files, "bin", body);
	number_line(r, "other", r->files.n);
}
