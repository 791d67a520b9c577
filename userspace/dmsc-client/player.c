// SPDX-License-Identifier: GPL-2.0-or-later
/* The calls of a recorded session, and its world's answers; the contract is in player.h. */
#include "dmsc-client/player.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "dmsc-client/record.h"
#include "mo/dmacc.h"
#include "util/str.h"
#include "util/text.h"

static void differ(struct player *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The first difference is the one that matters. */
static void differ(struct player *p, const char *fmt, ...)
{
	va_list ap;

	if (p->differs || tape_bad(&p->tape))
		return;
	p->differs = true;
	va_start(ap, fmt);
	buf_vprintf(&p->text, fmt, ap);
	va_end(ap);
}

/* The word of the next line, whoever wrote it, for a terminal. */
static const char *next_word(const struct player *p, char out[32])
{
	text_printable(tape_peek(&p->tape), out, 32);
	return out;
}

static bool going(const struct player *p)
{
	return !p->differs && !tape_bad(&p->tape);
}

/* --- what the engine asks for: the answers of then, in the order of then ------ */

/* @what: in words. False: something else was asked for then. */
static bool asks(struct player *p, const char *word, const char *what)
{
	struct tape *t = &p->tape;
	char next[32];

	if (!going(p))
		return false;
	if (tape_over(t) || tape_is(t, word))
		return tape_take(t, word);
	differ(p, "the engine asks for %s; then it did not (%s:%u: %s)", what, RECORD_FILE,
	       t->line + 1, next_word(p, next));
	return false;
}

static int op_replay_random(void *ctx, void *to, size_t n)
{
	struct player *p = ctx;
	struct slice bytes;
	int rc;

	if (!asks(p, "random", "random bytes"))
		return -EIO;
	rc = (int)tape_number(&p->tape, INT16_MIN, 0);
	bytes = tape_text(&p->tape);
	if (!tape_line_end(&p->tape))
		return -EIO;
	if (rc)
		return rc;
	if (bytes.n != n) {
		differ(p, "the engine asks for %zu random bytes; then it asked for %zu", n, bytes.n);
		return -EIO;
	}
	memcpy(to, bytes.p, n);
	buf_put_slice(&p->random, bytes);
	return 0;
}

static int recorded_rc(struct player *p)
{
	int rc = (int)tape_number(&p->tape, INT16_MIN, INT16_MAX);

	return tape_line_end(&p->tape) ? rc : -EIO;
}

static int op_replay_commit(void *ctx, struct dm_tree *tree)
{
	struct player *p = ctx;
	int rc;

	if (!asks(p, "commit", "a commit of the tree"))
		return -EIO;
	rc = recorded_rc(p);
	if (!rc)
		dm_tree_committed(tree);
	return rc;
}

static int op_replay_nonces(void *ctx, struct dm_tree *tree, struct slice server_id,
			    struct slice client_nonce, struct slice server_nonce, int64_t now)
{
	struct player *p = ctx;
	int rc;

	if (!asks(p, "save-nonces", "new nonces to be saved"))
		return -EIO;
	rc = recorded_rc(p);
	return rc ? rc : dmacc_save_nonces(tree, server_id, client_nonce, server_nonce, now);
}

static enum dm_status op_replay_exec(void *ctx, struct dm_tree *tree, struct dm_node *node,
				     struct slice data, struct slice correlator)
{
	struct player *p = ctx;
	struct tape *t = &p->tape;
	enum dm_status st;
	uint64_t id;

	if (!asks(p, "exec", "an Exec"))
		return DM_ST_FAILED;
	id = (uint64_t)tape_number(t, 1, INT64_MAX);
	st = (enum dm_status)tape_number(t, 0, 999);
	if (tape_flag(t))
		tape_fail(t, "what this Exec did to the tree is not recorded: the rest cannot be "
			     "replayed");
	if (!tape_line_end(t))
		return DM_ST_FAILED;
	if (id != node->id)
		differ(p, "the engine runs an Exec on node %" PRIu64 "; then on node %" PRIu64,
		       node->id, id);
	return st;
}

static enum dm_status op_replay_read(void *ctx, const struct dm_node *leaf, struct buf *out)
{
	struct player *p = ctx;
	struct tape *t = &p->tape;
	enum dm_status st;
	uint64_t id;

	if (!asks(p, "read", "a value of its object"))
		return DM_ST_FAILED;
	id = (uint64_t)tape_number(t, 1, INT64_MAX);
	st = (enum dm_status)tape_number(t, 0, 999);
	buf_put_slice(out, tape_text(t));
	if (!tape_line_end(t))
		return DM_ST_FAILED;
	if (id != leaf->id)
		differ(p, "the engine asks for the value of node %" PRIu64 "; then of node %" PRIu64,
		       leaf->id, id);
	return st;
}

static enum dm_status op_replay_check(void *ctx, const struct dm_node *parent, struct slice name,
				      enum dm_format format, struct slice value)
{
	struct player *p = ctx;
	struct tape *t = &p->tape;
	enum dm_status st;
	struct slice then;
	uint64_t id;

	if (!asks(p, "check", "an object's consent"))
		return DM_ST_FAILED;
	id = (uint64_t)tape_number(t, 1, INT64_MAX);
	then = tape_text(t);
	st = (enum dm_status)tape_number(t, 0, 999);
	if (!tape_line_end(t))
		return DM_ST_FAILED;
	if (id != parent->id || !slice_eq(then, name))
		differ(p, "the engine sets another leaf, below node %" PRIu64 "; then below %" PRIu64,
		       parent->id, id);
	return st;
}

static enum dm_status op_replay_ui(void *ctx, const struct dm_ui_request *req,
				   struct dm_ui_answer *answer)
{
	struct player *p = ctx;
	struct tape *t = &p->tape;
	enum dm_status st;
	unsigned int code;

	if (!asks(p, "ui", "the person"))
		return DM_ST_FAILED;
	code = (unsigned int)tape_number(t, 0, UINT16_MAX);
	st = (enum dm_status)tape_number(t, 0, 999);
	buf_put_slice(&answer->text, tape_text(t));
	answer->nchosen = (size_t)tape_number(t, 0, DM_UI_MAX_CHOICES);
	for (size_t i = 0; i < answer->nchosen; i++)
		answer->chosen[i] = (unsigned int)tape_number(t, 0, UINT32_MAX);
	if (!tape_line_end(t))
		return DM_ST_FAILED;
	if (code != req->code)
		differ(p, "the engine asks the person by alert %u; then by %u", req->code, code);
	return st;
}

/* --- what comes out ------------------------------------------------------------ */

/* The same message is signed as it was, or as little. */
static void compare_hmac(struct player *p, int64_t n)
{
	struct slice then = SLICE_NONE, now = dm_session_hmac(p->session);

	if (tape_is(&p->tape, "signed")) {
		tape_take(&p->tape, "signed");
		then = tape_text(&p->tape);
		if (!tape_line_end(&p->tape))
			return;
	}
	if (slice_present(then) != slice_present(now) || !slice_eq(then, now))
		differ(p, "message %" PRId64 " has another x-syncml-hmac", n);
}

static void compare_out(struct player *p)
{
	struct tape *t = &p->tape;
	const char *ext = p->format == CODEC_XML ? "xml" : "wbxml";
	int64_t n;

	if (p->copy)
		trace_out(p->copy, ext, buf_slice(&p->out));
	if (!tape_take(t, "out"))
		return;
	n = tape_number(t, 1, UINT16_MAX);
	if (!tape_message(t, n, "out", ext, &p->was) || !tape_line_end(t))
		return;
	p->n_out++;
	if (slice_eq(buf_slice(&p->was), buf_slice(&p->out))) {
		compare_hmac(p, n);
		return;
	}
	p->differs = true;
	buf_printf(&p->text, "message %" PRId64 " (%03" PRId64 "-out.%s) differs ", n, n, ext);
	player_diff(p);
}

static void no_longer(struct player *p)
{
	char next[32];

	differ(p, "the engine no longer does what it did next: %s (%s:%u)", next_word(p, next),
	       RECORD_FILE, p->tape.line + 1);
}

/* @rc and the message, if it is one to be sent. Of the errors only that they are ones counts. */
static void compare_result(struct player *p, const char *word, int rc, bool sent)
{
	int then;

	if (!going(p))
		return;
	if (!tape_over(&p->tape) && !tape_is(&p->tape, word)) {
		no_longer(p);
		return;
	}
	tape_take(&p->tape, word);
	then = recorded_rc(p);
	if ((then < 0) != (rc < 0) || (rc >= 0 && then != rc))
		differ(p, "'%s' gives %d (%s); then it gave %d", word, rc,
		       dm_session_end_name(dm_session_result(p->session)->end), then);
	if (going(p) && sent)
		compare_out(p);
}

/* --- the calls ------------------------------------------------------------------- */

static int64_t call_time(struct player *p, const char *word)
{
	int64_t now;

	tape_take(&p->tape, word);
	now = tape_number(&p->tape, INT64_MIN + 1, INT64_MAX);
	tape_line_end(&p->tape);
	return now;
}

static void play_start(struct player *p)
{
	int64_t now = call_time(p, "start");
	int rc;

	if (!going(p))
		return;
	rc = dm_session_start(p->session, now, &p->out);
	compare_result(p, "started", rc, rc == 0);
}

static void play_message(struct player *p)
{
	int64_t now = call_time(p, "message");

	if (going(p))
		dm_session_message(p->session, now);
}

static void play_in(struct player *p)
{
	struct tape *t = &p->tape;
	bool xml;
	int64_t n;
	int rc;

	tape_take(t, "in");
	n = tape_number(t, 0, UINT16_MAX);
	xml = slice_eq_str(tape_word(t), "xml");
	if (!tape_message(t, n, "in", xml ? "xml" : "wbxml", &p->in))
		return;
	(void)!tape_text(t).n;		/* the content type: the encoding says what it meant */
	if (!tape_line_end(t))
		return;
	p->n_in++;
	if (tape_is(t, "hmac")) {
		tape_take(t, "hmac");
		dm_session_message_hmac(p->session, buf_slice(&p->in), tape_text(t));
		if (!tape_line_end(t))
			return;
	}
	rc = codec_decode(xml ? CODEC_XML : CODEC_WBXML, buf_slice(&p->in), NULL,
			  dm_session_sink(), p->session, NULL);
	if (!going(p) || tape_over(t))
		return;
	if (!tape_is(t, "decoded")) {
		no_longer(p);
		return;
	}
	tape_take(t, "decoded");
	if (!slice_eq_str(tape_word(t), record_decode_word(rc)))
		differ(p, "message %" PRId64 " received is decoded otherwise: now %s", n,
		       record_decode_word(rc));
	tape_line_end(t);
}

static void play_reply(struct player *p)
{
	int64_t now = call_time(p, "reply");
	int rc;

	if (!going(p))
		return;
	rc = dm_session_reply(p->session, now, &p->out);
	compare_result(p, "replied", rc, rc > 0);
}

static void play_abort(struct player *p)
{
	_cleanup_free_ char *why = NULL;
	int rc;

	tape_take(&p->tape, "abort");
	why = str_dup(tape_text(&p->tape));
	if (!tape_line_end(&p->tape))
		return;
	rc = dm_session_abort(p->session, why, &p->out);
	compare_result(p, "aborted", rc, rc > 0);
}

static void play_end(struct player *p)
{
	const struct dm_session_result *e = dm_session_result(p->session);
	struct slice then;
	char word[32];

	tape_take(&p->tape, "end");
	then = tape_word(&p->tape);
	(void)!tape_text(&p->tape).n;	/* the reason is for people */
	text_printable(then, word, sizeof(word));
	if (tape_line_end(&p->tape) && !slice_eq_str(then, dm_session_end_name(e->end)))
		differ(p, "the session ends as '%s'; then as '%s'", dm_session_end_name(e->end),
		       word);
}

/* Answers that were no messages did not reach the engine. */
static void play_other(struct player *p)
{
	(void)!call_time(p, "other");
}

static void play(struct player *p)
{
	static const struct {
		const char *word;
		void (*play)(struct player *p);
	} calls[] = {
		{ "start", play_start }, { "message", play_message }, { "in", play_in },
		{ "reply", play_reply }, { "abort", play_abort }, { "other", play_other },
		{ "end", play_end },
	};

	while (going(p) && !tape_over(&p->tape)) {
		struct slice w = tape_peek(&p->tape);
		size_t i = 0;

		while (i < sizeof(calls) / sizeof(calls[0]) && !slice_eq_str(w, calls[i].word))
			i++;
		if (i < sizeof(calls) / sizeof(calls[0]))
			calls[i].play(p);
		else if (p->n_out && p->tape.whole)
			no_longer(p);
		else
			tape_fail(&p->tape, "no line of a trace follows");
	}
}

enum player_end player_run(struct player *p, const char *dir)
{
	p->ops = (struct dm_session_ops){
		.random = op_replay_random,
		.commit = op_replay_commit,
		.save_nonces = op_replay_nonces,
		.cmd = { .exec = op_replay_exec, .read = op_replay_read, .check = op_replay_check,
			 .ui = op_replay_ui },
	};
	dm_account_init(&p->account);
	if (tape_open(&p->tape, dir) == 0 && player_load(p))
		play(p);
	if (p->differs)
		return PLAYER_DIFFERS;
	if (!tape_bad(&p->tape) && !p->tape.whole)
		tape_fail(&p->tape, "it was not recorded to its end; as far as it goes, all is "
				    "identical");
	return tape_bad(&p->tape) ? PLAYER_BAD : PLAYER_SAME;
}

void player_fini(struct player *p)
{
	dm_session_free(p->session);
	dm_account_fini(&p->account);
	dm_tree_free(p->tree);
	for (size_t i = 0; i < p->nnames; i++)
		free(p->names[i]);
	free(p->names);
	free(p->ddf);
	buf_wipe_fini(&p->random);
	buf_wipe_fini(&p->in);
	buf_wipe_fini(&p->was);
	buf_wipe_fini(&p->out);
	buf_fini(&p->text);
	tape_close(&p->tape);
}
