// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a person is asked for an insertion: both gates, and PINs, which pin.c has
 * the rules of. Nothing waits in here for the answer.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "dmsc-helper/insertion_int.h"
#include "util/log.h"

static int card_take(void *ctx, const struct unl_card *c)
{
	uint32_t *slot = ctx;

	*slot = c->slot;
	return 1;
}

/*
 * What the question is about. The kernel keeps a question as long as a card is there;
 * one of a session that no card asked for is put beside whichever there is.
 */
static int question_place(struct insertion *in, struct unl_question *q)
{
	int r = 1;

	q->slot = in->index;
	q->seq = in->seq;
	if (!insertion_has_card(in)) {
		q->seq = 0;
		r = in->nl ? 0 : insertion_netlink_open(in);
		if (r) {
			unl_close(in->nl);
			in->nl = NULL;
			return r;
		}
		r = unl_cards(in->nl, card_take, &q->slot);
	}
	return r > 0 ? 0 : r ? r : -ENODEV;
}

int insertion_question_put(struct insertion *in, struct unl_question *q, unsigned int timeout_s,
			   uint32_t *id)
{
	unsigned int s = timeout_s ? timeout_s : in->h->conf.consent_timeout_s;
	int r = question_place(in, q);

	*id = 0;
	if (r)
		return r;
	q->timeout_ms = (s > CONSENT_MAX_S ? CONSENT_MAX_S : s) * 1000;
	r = unl_ask(in->nl, q, id);
	if (r && *id) {		/* it is put, and the kernel's word that all went well got lost */
		(void)!unl_withdraw(in->nl, *id);
		*id = 0;
	}
	return r;
}

struct look {
	uint32_t id;
	int taken;
};

static int question_look(void *ctx, const struct unl_question *q)
{
	struct look *l = ctx;

	if (q->id != l->id)
		return 0;
	l->taken = q->accepted;
	return 1;
}

int insertion_question_taken(struct insertion *in, uint32_t id)
{
	struct look l = { .id = id, .taken = -ENOENT };
	int r = unl_questions(in->nl, question_look, &l);

	return r < 0 ? r : l.taken;
}

/* Tried for days: bounded as sessions are, for no person was bothered with it. */
static void nobody_saw(struct insertion *in)
{
	in->questions--;
	in->sessions++;
}

/* Fills in what the questions of an insertion have in common, asks, and notes which one is open. */
static int question_put(struct insertion *in, struct unl_question *q, unsigned int timeout_s,
			uint32_t *id)
{
	int r;

	*id = 0;
	if (++in->questions > QUESTIONS_MAX)
		return -EDQUOT;
	if (insertion_has_card(in))
		snprintf(q->origin, sizeof(q->origin), "dmsc, for the card in %s (%s:%s)",
			 in->slot.name, in->slot.transport, in->slot.location);
	else
		snprintf(q->origin, sizeof(q->origin), "dmsc");
	r = insertion_question_put(in, q, timeout_s, id);
	if (!insertion_has_card(in) && (r == -ENODEV || r == -ENOENT))
		nobody_saw(in);
	return r;
}

/* Appends a card's words, which cannot close the quotation marks they stand in. */
static void quote(char *text, size_t size, const char *before, const char *words, const char *after)
{
	size_t n = strlen(text), from = n + strlen(before) + 1, i;

	snprintf(text + n, size - n, "%s\"%s", before, words);
	for (i = from; i < size && text[i]; i++)
		if (text[i] == '"')
			text[i] = '\'';
	n = strlen(text);
	snprintf(text + n, size - n, "\"%s", after);
}

static void card_words(char *text, size_t size, const char *words)
{
	if (words[0])
		quote(text, size, " The card says: ", words, "");
}

static int pin_ask(void *ctx, struct unl_question *q, uint32_t *id)
{
	struct insertion *in = ctx;
	int r = question_put(in, q, 0, &in->question);

	*id = in->question;
	return r;
}

static void pin_end(void *ctx, enum ipc_result result, const char *reason)
{
	struct insertion *in = ctx;

	in->question = 0;	/* a notice that nobody showed yet stays open until we end */
	insertion_reply(in, result, 0, false, reason);
}

void insertion_pin_prepare(struct insertion *in)
{
	pin_rules_init(&in->pin.rules, in->slot.name);
	in->pin.nl = in->nl;
	in->pin.sysfs = in->h->sysfs;
	in->pin.card = in->card;
	in->pin.index = in->index;
	in->pin.seq = in->seq;
	in->pin.now_ms = insertion_now_ms;
	in->pin.ask = pin_ask;
	in->pin.end = pin_end;
	in->pin.ctx = in;
}

void insertion_ask_pin(struct insertion *in, const struct ipc_pin *q)
{
	if (++in->reads > READS_MAX) {
		insertion_child_fail(in, "the card child does not come to an end of reading");
		return;
	}
	if (!ef_path_allowed(q->path)) {
		insertion_reply(in, IPC_FAILED, -EPERM, false, "the file is outside of what may be read");
		return;
	}
	in->stage = ASKING_PIN;
	pin_need(&in->pin, q->path, q->off);
}

void insertion_ask_data(struct insertion *in, const struct ipc_ask *q)
{
	struct unl_question nq = { .kind = UNL_KIND_PROVISION };
	int r;

	snprintf(nq.text, sizeof(nq.text), "Take over the management settings of the card in %s?",
		 in->slot.name);
	card_words(nq.text, sizeof(nq.text), q->text);
	r = question_put(in, &nq, q->timeout_s, &in->question);
	if (r) {
		log_err("%s: the user could not be asked: %s; nothing of the card is applied",
			in->card, strerror(-r));
		insertion_reply(in, r == -ENODEV ? IPC_WITHDRAWN : IPC_FAILED, r, true,
			      "the user could not be asked");
		return;
	}
	in->stage = ASKING_DATA;
	log_notice("%s: question %u put: may the card's settings be taken over?", in->card,
		   in->question);
}

static bool is_among(const struct agreed *a, const struct ipc_session *s)
{
	for (size_t i = 0; i < a->n && i < AGREED_MAX; i++)
		if (!strcmp(a->v[i].server_id, s->server_id) && a->v[i].session_id == s->session_id)
			return true;
	return false;
}

static void agreed_add(struct agreed *a, const struct ipc_session *s)
{
	size_t i = a->n++ % AGREED_MAX;

	memcpy(a->v[i].server_id, s->server_id, IPC_SERVER_MAX);
	a->v[i].session_id = s->session_id;
}

/* Who began it, where that was not this device: the cause is one of store/store.h. */
static const char *who_asks(const struct ipc_session *s)
{
	if (!s->server_initiated)
		return "";
	return strcmp(s->cause, "requested") ? " The server asks for it." :
					       " You asked the server for it.";
}

static void forget(struct agreed *a, const char *server)
{
	for (size_t i = 0; i < a->n && i < AGREED_MAX; i++)
		if (!strcmp(a->v[i].server_id, server))
			a->v[i].server_id[0] = 0;
}

void insertion_agreed_forget(struct insertion *in, const char *server)
{
	forget(&in->agreed, server);
	forget(&in->told, server);
}

/*
 * Nobody's answer is waited for; a notice nobody can be shown stops nothing. Shown
 * once: a session that is tried again for a week must not cost a notice each time.
 */
static void notice_put(struct insertion *in, struct unl_question *q, const struct ipc_session *s)
{
	uint32_t id = 0;
	int r;

	if (is_among(&in->told, s))
		return;
	q->kind = UNL_KIND_DISPLAY;
	r = question_put(in, q, s->timeout_s, &id);
	if (r)
		log_warn("%s: the notice could not be put: %s", in->card, strerror(-r));
	agreed_add(&in->told, s);
}

/* Why a session waits that no card stands for. */
static const char *no_question(int err)
{
	return err == -ENOENT ? "nobody can be asked: module uicc is not loaded" :
	       err == -ENODEV ? "nobody can be asked: no card is there" :
				"the user could not be asked";
}

/* For an agent to take it: as long as it then has, as with a server's questions. */
static int64_t agents_time(const struct insertion *in, const struct ipc_session *s)
{
	int64_t ms = (int64_t)(s->timeout_s ? s->timeout_s : in->h->conf.consent_timeout_s) * 1000;

	return ms < TAKEN_MIN_MS ? TAKEN_MIN_MS : ms > CONSENT_MAX_S * 1000 ? CONSENT_MAX_S * 1000 : ms;
}

int insertion_ask_wait_ms(const struct insertion *in)
{
	int64_t left = in->look_ms - insertion_now_ms();

	if (in->stage != ASKING_SESSION || !in->question || in->look_ms == INT64_MAX)
		return -1;
	return left < 0 ? 0 : (int)left;
}

/*
 * A card's question waits for an agent as long as the card is there. Behind one that no
 * card stands for other servers wait: it is taken back, and put again at the next try.
 */
void insertion_ask_tick(struct insertion *in)
{
	int r;

	if (insertion_ask_wait_ms(in))
		return;
	in->look_ms = INT64_MAX;
	r = insertion_question_taken(in, in->question);
	if (r > 0)
		return;		/* the kernel ends it in time */
	if (r == -ENOENT && !in->last_look) {
		in->last_look = true;
		in->look_ms = insertion_now_ms() + LAST_LOOK_MS;
		return;
	}
	log_notice("%s: question %u: no agent took it in time", in->card, in->question);
	nobody_saw(in);
	insertion_withdraw(in);
	insertion_reply(in, IPC_FAILED, 0, true, "nobody can be asked: no agent took the question");
}

void insertion_ask_session(struct insertion *in, const struct ipc_session *s)
{
	struct unl_question q = { .kind = UNL_KIND_SESSION };
	size_t n;
	int r;

	in->want = *s;
	quote(q.text, sizeof(q.text),
	      s->ui == IPC_UI_ASK ? "Connect this device to the management server " :
				    "This device now connects to the management server ",
	      s->server_id, s->ui == IPC_UI_ASK ? "?" : ".");
	n = strlen(q.text);
	snprintf(q.text + n, sizeof(q.text) - n, "%s", who_asks(s));
	card_words(q.text, sizeof(q.text), s->text);
	if (s->ui == IPC_UI_NOTICE)
		notice_put(in, &q, s);
	if (s->ui != IPC_UI_ASK || is_among(&in->agreed, s)) {
		insertion_session_start(in);
		return;
	}
	r = question_put(in, &q, s->timeout_s, &in->question);
	if (r && !insertion_has_card(in)) {
		insertion_reply(in, IPC_FAILED, r, true, no_question(r));
		return;
	}
	if (r) {
		log_err("%s: the user could not be asked: %s; no session, the account stays",
			in->card, strerror(-r));
		insertion_reply(in, r == -ENODEV ? IPC_WITHDRAWN : IPC_FAILED, r, true,
			      "the user could not be asked");
		return;
	}
	in->stage = ASKING_SESSION;
	in->last_look = false;
	in->look_ms = insertion_has_card(in) ? INT64_MAX : insertion_now_ms() + agents_time(in, s);
	log_notice("%s: question %u put: may a session with '%s' start? Nothing is sent before a yes",
		   in->card, in->question, s->server_id);
}

void insertion_completed(struct insertion *in, const struct unl_answer *a)
{
	static const char *const words[] = { "yes", "no", "cancelled", "no answer in time",
					     "withdrawn" };
	/* Only an explicit no is a refusal that may be remembered (decision 4). */
	static const enum ipc_result results[] = { IPC_DONE, IPC_REFUSED, IPC_TIMEOUT,
						   IPC_TIMEOUT, IPC_WITHDRAWN };
	bool session = in->stage == ASKING_SESSION;

	if (insertion_ui_completed(in, a))
		return;
	if (!in->question || a->id != in->question)
		return;	/* a notice */
	in->question = 0;
	log_notice("%s: question %u: %s", in->card, a->id, words[a->outcome]);
	if (in->stage == ASKING_PIN) {
		pin_answered(&in->pin, a);
		return;
	}
	if (session && a->outcome == UNL_YES) {
		agreed_add(&in->agreed, &in->want);
		insertion_session_start(in);
		return;
	}
	insertion_reply(in, results[a->outcome], 0, false, words[a->outcome]);
}
