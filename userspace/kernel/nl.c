// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The generic netlink family "uicc" through libnl. It moves attributes in and
 * out of structs and decides nothing.
 *
 * One socket carries requests and notifications: what arrives while a request
 * waits for its answer is queued, so that no completion is ever lost. A question
 * can be answered, and its card can go, before the kernel has confirmed it.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <time.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <linux/uicc.h>

#include "kernel/nl.h"

#define REQUEST_MS 5000		/* a doit never waits for a card */
#define QUEUE 64
#define ATTR_MAX 23

_Static_assert((int)UNL_KIND_MULTIPLE_CHOICE == (int)UICC_KIND_MULTIPLE_CHOICE, "kinds");
_Static_assert((int)UNL_KIND_PIN == (int)UICC_KIND_PIN, "kinds");
_Static_assert((int)UNL_WITHDRAWN == (int)UICC_OUTCOME_WITHDRAWN, "outcomes");
_Static_assert((int)UNL_CANCELLED == (int)UICC_OUTCOME_CANCELLED, "outcomes");
_Static_assert((int)UNL_PIN_WRONG == (int)UICC_PIN_RESULT_WRONG, "results");
_Static_assert((int)UNL_PIN_TIMEOUT == (int)UICC_PIN_RESULT_TIMEOUT, "results");
_Static_assert(UNL_PIN_MIN == UICC_PIN_MIN && UNL_PIN_MAX == UICC_PIN_MAX, "PINs");
_Static_assert(UNL_CHOICES_MAX == UICC_CHOICES_MAX, "choices");
_Static_assert(UNL_TEXT_MAX > UICC_TEXT_MAX && UNL_TEXT_MAX > UICC_VALUE_MAX, "text");
_Static_assert(ATTR_MAX >= UICC_A_CONSENT_MAX && ATTR_MAX >= UICC_A_CARD_MAX &&
	       ATTR_MAX >= UICC_A_SLOT_MAX && ATTR_MAX >= UICC_A_PIN_MAX, "attributes");

typedef int reply_fn(struct unl *nl, struct nlattr **at);

struct unl {
	struct nl_sock *sk;
	struct nl_cb *cb;
	int family;
	/* the request that waits */
	uint32_t seq;
	bool waiting;
	int result;
	reply_fn *reply;
	void *ctx;
	union {
		int (*slot)(void *ctx, const struct unl_slot *s);
		int (*card)(void *ctx, const struct unl_card *c);
		int (*question)(void *ctx, const struct unl_question *q);
	} fn;
	int stop;	/* what a dump's callback returned */
	/* notifications not taken yet */
	struct unl_event queue[QUEUE];
	unsigned int head, count;
	bool overrun;
};

/* --- attributes ---------------------------------------------------------- */

static uint8_t get_u8(const struct nlattr *a)
{
	return a && nla_len(a) >= 1 ? nla_get_u8(a) : 0;
}

static uint32_t get_u32(const struct nlattr *a)
{
	return a && nla_len(a) >= 4 ? nla_get_u32(a) : 0;
}

static uint64_t get_u64(const struct nlattr *a)
{
	uint64_t v = 0;

	if (a && nla_len(a) >= 8)
		memcpy(&v, nla_data(a), sizeof(v));
	return v;
}

static void get_str(const struct nlattr *a, char *out, size_t size)
{
	size_t n;

	out[0] = 0;
	if (!a)
		return;
	n = strnlen(nla_data(a), (size_t)nla_len(a));
	if (n >= size)
		n = size - 1;
	memcpy(out, nla_data(a), n);
	out[n] = 0;
}

/* The attributes that may come more than once, which the table holds once only. */
static void get_choices(const struct nlmsghdr *h, struct unl_question *q)
{
	struct nlattr *a;
	int rem;

	nlmsg_for_each_attr(a, (struct nlmsghdr *)h, GENL_HDRLEN, rem)
		if (nla_type(a) == UICC_A_CONSENT_CHOICE && q->nchoices < UNL_CHOICES_MAX)
			get_str(a, q->choices[q->nchoices++], UNL_ORIGIN_MAX);
}

static void get_selected(const struct nlmsghdr *h, struct unl_answer *o)
{
	struct nlattr *a;
	int rem;

	nlmsg_for_each_attr(a, (struct nlmsghdr *)h, GENL_HDRLEN, rem)
		if (nla_type(a) == UICC_A_CONSENT_SELECTED && o->nselected < UNL_CHOICES_MAX)
			o->selected[o->nselected++] = get_u32(a);
}

static uint32_t get_retries(const struct nlattr *a)
{
	return a ? get_u32(a) : UNL_RETRIES_UNKNOWN;
}

/* One that is missing or unknown must never read as verified. */
static enum unl_pin_result get_pin_result(const struct nlattr *a)
{
	return a && nla_len(a) >= 4 && nla_get_u32(a) <= UNL_PIN_TIMEOUT ? nla_get_u32(a) :
									    UNL_PIN_REFUSED;
}

static void get_answer(const struct nlmsghdr *h, struct nlattr **at, struct unl_answer *o)
{
	const struct nlattr *outcome = at[UICC_A_CONSENT_OUTCOME];

	o->id = get_u32(at[UICC_A_CONSENT_ID]);
	/* An outcome that is missing or unknown must never read as yes. */
	o->outcome = UNL_WITHDRAWN;
	if (outcome && nla_len(outcome) >= 4 && nla_get_u32(outcome) < UNL_WITHDRAWN)
		o->outcome = nla_get_u32(outcome);
	get_str(at[UICC_A_CONSENT_VALUE], o->value, sizeof(o->value));
	get_selected(h, o);
	o->by_card = at[UICC_A_CONSENT_PIN_RESULT];
	o->pin_result = get_pin_result(at[UICC_A_CONSENT_PIN_RESULT]);
	o->retries = get_retries(at[UICC_A_CONSENT_RETRIES]);
}

static void get_pin(struct nlattr **at, struct unl_pin *p)
{
	p->id = get_u32(at[UICC_A_PIN_ID]);
	p->key_ref = get_u8(at[UICC_A_PIN_KEY_REF]);
	p->result = get_pin_result(at[UICC_A_PIN_RESULT]);
	p->retries = get_retries(at[UICC_A_PIN_RETRIES]);
}

/* --- receiving ----------------------------------------------------------- */

static void event_push(struct unl *nl, const struct unl_event *ev)
{
	if (nl->count == QUEUE) {
		nl->overrun = true;
		return;
	}
	nl->queue[(nl->head + nl->count++) % QUEUE] = *ev;
}

/* true: the message was a notification and is queued. */
static bool event_parse(struct unl *nl, const struct nlmsghdr *h, int cmd, struct nlattr **at)
{
	struct unl_event ev = { 0 };

	switch (cmd) {
	case UICC_CMD_SLOT_ADD:
	case UICC_CMD_SLOT_DEL:
		ev.type = cmd == UICC_CMD_SLOT_ADD ? UNL_EV_SLOT_ADD : UNL_EV_SLOT_DEL;
		ev.slot = get_u32(at[UICC_A_SLOT_INDEX]);
		ev.seq = get_u64(at[UICC_A_SLOT_SEQ]);
		break;
	case UICC_CMD_CARD_ADD:
	case UICC_CMD_CARD_DEL:
		ev.type = cmd == UICC_CMD_CARD_ADD ? UNL_EV_CARD_ADD : UNL_EV_CARD_DEL;
		ev.slot = get_u32(at[UICC_A_CARD_SLOT]);
		ev.seq = get_u64(at[UICC_A_CARD_SEQ]);
		break;
	case UICC_CMD_CONSENT_READY:
		ev.type = UNL_EV_READY;
		ev.id = get_u32(at[UICC_A_CONSENT_ID]);
		break;
	case UICC_CMD_CONSENT_COMPLETED:
	case UICC_CMD_CONSENT_WITHDRAWN:
		ev.type = cmd == UICC_CMD_CONSENT_COMPLETED ? UNL_EV_COMPLETED :
			  UNL_EV_QUESTION_WITHDRAWN;
		get_answer(h, at, &ev.answer);
		ev.id = ev.answer.id;
		break;
	case UICC_CMD_PIN_COMPLETED:
		ev.type = UNL_EV_PIN;
		ev.slot = get_u32(at[UICC_A_PIN_SLOT]);
		ev.seq = get_u64(at[UICC_A_PIN_SEQ]);
		get_pin(at, &ev.pin);
		ev.id = ev.pin.id;
		break;
	default:
		return false;
	}
	event_push(nl, &ev);
	return true;
}

static int on_valid(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *h = nlmsg_hdr(msg);
	struct nlattr *at[ATTR_MAX + 1];
	struct unl *nl = arg;
	struct genlmsghdr *g;

	/* Only the kernel has port 0: an answer is nobody else's to send. */
	if (nlmsg_get_src(msg)->nl_pid || h->nlmsg_type != nl->family || !genlmsg_valid_hdr(h, 0))
		return NL_SKIP;
	g = genlmsg_hdr(h);
	if (genlmsg_parse(h, 0, at, ATTR_MAX, NULL) < 0)
		return NL_SKIP;
	if (event_parse(nl, h, g->cmd, at))
		return NL_OK;
	if (nl->waiting && h->nlmsg_seq == nl->seq && nl->reply && !nl->stop) {
		/* The reply functions want the header for attributes that repeat. */
		at[0] = (struct nlattr *)h;
		nl->stop = nl->reply(nl, at);
	}
	return NL_OK;
}

static int on_end(struct nl_msg *msg, void *arg)
{
	struct unl *nl = arg;

	if (nl->waiting && nlmsg_hdr(msg)->nlmsg_seq == nl->seq) {
		nl->waiting = false;
		nl->result = 0;
	}
	return NL_OK;
}

static int on_error(struct sockaddr_nl *from, struct nlmsgerr *e, void *arg)
{
	struct unl *nl = arg;

	if (nl->waiting && e->msg.nlmsg_seq == nl->seq) {
		nl->waiting = false;
		nl->result = e->error;	/* the kernel's own -errno */
	}
	return NL_SKIP;
}

static int any_seq(struct nl_msg *msg, void *arg)
{
	return NL_OK;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Takes what is there: 1 something, 0 nothing, -errno. */
static int receive(struct unl *nl)
{
	int r = nl_recvmsgs(nl->sk, nl->cb);

	if (r >= 0)
		return 1;
	switch (-r) {
	case NLE_AGAIN:
		return 0;
	case NLE_NOMEM:		/* libnl's word for ENOBUFS */
		nl->overrun = true;
		return 1;
	case NLE_DUMP_INTR:
		return 1;
	default:
		return -EIO;
	}
}

/* --- requests ------------------------------------------------------------ */

static struct nl_msg *request_new(struct unl *nl, int cmd, int flags)
{
	struct nl_msg *m = nlmsg_alloc_size(16384);

	if (m && !genlmsg_put(m, NL_AUTO_PORT, NL_AUTO_SEQ, nl->family, 0, flags, cmd,
			      UICC_FAMILY_VERSION)) {
		nlmsg_free(m);
		m = NULL;
	}
	return m;
}

/* An answer on its way may be a PIN. */
static void request_free(struct nl_msg *m)
{
	explicit_bzero(nlmsg_data(nlmsg_hdr(m)), (size_t)nlmsg_datalen(nlmsg_hdr(m)));
	nlmsg_free(m);
}

/* Sends and frees @m, waits for its end. 0, -errno, or a dump callback's value. */
static int request(struct unl *nl, struct nl_msg *m, reply_fn *reply, void *ctx)
{
	struct pollfd p = { .fd = nl_socket_get_fd(nl->sk), .events = POLLIN };
	int64_t deadline = now_ms() + REQUEST_MS, left;
	int r;

	nl->reply = reply;
	nl->ctx = ctx;
	nl->stop = 0;
	nl->result = -ETIMEDOUT;
	nl_complete_msg(nl->sk, m);
	nl->seq = nlmsg_hdr(m)->nlmsg_seq;
	nl->waiting = true;
	r = nl_send(nl->sk, m);
	request_free(m);
	if (r < 0)
		nl->result = -EIO;
	while (r >= 0 && nl->waiting) {
		r = receive(nl);
		if (r < 0)
			nl->result = r;
		if (r != 0)
			continue;
		left = deadline - now_ms();
		if (left <= 0)
			break;
		r = poll(&p, 1, (int)left);
		if (r < 0 && errno != EINTR)
			nl->result = -errno;
		else
			r = 0;
	}
	nl->waiting = false;
	nl->reply = NULL;
	nl->ctx = NULL;
	return nl->result ? nl->result : nl->stop;
}

int unl_open(struct unl **out)
{
	struct unl *nl = calloc(1, sizeof(*nl));
	int r = -ENOMEM;

	if (!nl)
		return -ENOMEM;
	nl->sk = nl_socket_alloc();
	nl->cb = nl_cb_alloc(NL_CB_DEFAULT);
	if (!nl->sk || !nl->cb)
		goto fail;
	if (genl_connect(nl->sk) < 0) {
		r = -EIO;
		goto fail;
	}
	nl->family = genl_ctrl_resolve(nl->sk, UICC_FAMILY_NAME);
	if (nl->family < 0) {
		r = nl->family == -NLE_OBJ_NOTFOUND ? -ENOENT : -EIO;
		goto fail;
	}
	/* Every insertion is an event; a helper busy with a slow card must not lose one. */
	nl_socket_set_buffer_size(nl->sk, 256 * 1024, 0);
	nl_socket_set_nonblocking(nl->sk);
	nl_cb_set(nl->cb, NL_CB_VALID, NL_CB_CUSTOM, on_valid, nl);
	nl_cb_set(nl->cb, NL_CB_ACK, NL_CB_CUSTOM, on_end, nl);
	nl_cb_set(nl->cb, NL_CB_FINISH, NL_CB_CUSTOM, on_end, nl);
	nl_cb_set(nl->cb, NL_CB_SEQ_CHECK, NL_CB_CUSTOM, any_seq, nl);
	nl_cb_err(nl->cb, NL_CB_CUSTOM, on_error, nl);
	*out = nl;
	return 0;
fail:
	unl_close(nl);
	return r;
}

void unl_close(struct unl *nl)
{
	if (!nl)
		return;
	nl_cb_put(nl->cb);
	nl_socket_free(nl->sk);
	free(nl);
}

int unl_fd(const struct unl *nl)
{
	return nl_socket_get_fd(nl->sk);
}

bool unl_pending(const struct unl *nl)
{
	return nl->count || nl->overrun;
}

int unl_subscribe(struct unl *nl, const char *group)
{
	struct nl_sock *ctrl;
	int id, r;

	/* A second socket: this one is set up for our own callbacks already. */
	ctrl = nl_socket_alloc();
	if (!ctrl)
		return -ENOMEM;
	id = genl_connect(ctrl) < 0 ? -NLE_FAILURE :
	     genl_ctrl_resolve_grp(ctrl, UICC_FAMILY_NAME, group);
	nl_socket_free(ctrl);
	if (id < 0)
		return id == -NLE_OBJ_NOTFOUND ? -ENOENT : -EIO;
	r = nl_socket_add_membership(nl->sk, id);
	if (r == -NLE_PERM || r == -NLE_NOACCESS)
		return -EPERM;
	return r < 0 ? -EIO : 0;
}

int unl_event_next(struct unl *nl, struct unl_event *ev)
{
	int r;

	/* Bounded: a flood of messages of no interest must not keep us here. */
	for (int i = 0; nl->count == 0 && !nl->overrun && i < QUEUE; i++) {
		r = receive(nl);
		if (r < 0)
			return r;
		if (r == 0)
			return 0;
	}
	if (nl->count) {
		*ev = nl->queue[nl->head];
		nl->head = (nl->head + 1) % QUEUE;
		nl->count--;
		return 1;
	}
	if (nl->overrun) {
		nl->overrun = false;
		memset(ev, 0, sizeof(*ev));
		ev->type = UNL_EV_OVERRUN;
		return 1;
	}
	return 0;
}

/* --- consent ------------------------------------------------------------- */

static int reply_id(struct unl *nl, struct nlattr **at)
{
	*(uint32_t *)nl->ctx = get_u32(at[UICC_A_CONSENT_ID]);
	return 0;
}

static int put_str(struct nl_msg *m, int attr, const char *s)
{
	return s[0] ? nla_put_string(m, attr, s) : 0;
}

int unl_ask(struct unl *nl, const struct unl_question *q, uint32_t *id)
{
	struct nl_msg *m = request_new(nl, UICC_CMD_CONSENT_ASK, NLM_F_REQUEST | NLM_F_ACK);
	size_t i;
	int r;

	if (!m)
		return -ENOMEM;
	r = nla_put_u32(m, UICC_A_CONSENT_SLOT, q->slot);
	r |= nla_put_u64(m, UICC_A_CONSENT_SEQ, q->seq);
	r |= nla_put_u32(m, UICC_A_CONSENT_KIND, q->kind);
	r |= put_str(m, UICC_A_CONSENT_ORIGIN, q->origin);
	r |= put_str(m, UICC_A_CONSENT_TEXT, q->text);
	if (q->timeout_ms)
		r |= nla_put_u32(m, UICC_A_CONSENT_TIMEOUT_MS, q->timeout_ms);
	r |= put_str(m, UICC_A_CONSENT_OPTIONS, q->options);
	for (i = 0; i < q->nchoices; i++)
		r |= nla_put_string(m, UICC_A_CONSENT_CHOICE, q->choices[i]);
	if (q->key_ref)
		r |= nla_put_u8(m, UICC_A_CONSENT_KEY_REF, q->key_ref);
	if (r) {
		nlmsg_free(m);
		return -EMSGSIZE;
	}
	*id = 0;
	r = request(nl, m, reply_id, id);
	return !r && !*id ? -EPROTO : r;
}

static int request_id(struct unl *nl, int cmd, uint32_t id)
{
	struct nl_msg *m = request_new(nl, cmd, NLM_F_REQUEST | NLM_F_ACK);

	if (!m)
		return -ENOMEM;
	if (id && nla_put_u32(m, UICC_A_CONSENT_ID, id)) {
		nlmsg_free(m);
		return -EMSGSIZE;
	}
	return request(nl, m, NULL, NULL);
}

int unl_withdraw(struct unl *nl, uint32_t id)
{
	return request_id(nl, UICC_CMD_CONSENT_WITHDRAW, id);
}

static int reply_pin_id(struct unl *nl, struct nlattr **at)
{
	*(uint32_t *)nl->ctx = get_u32(at[UICC_A_PIN_ID]);
	return 0;
}

int unl_pin_get(struct unl *nl, uint32_t slot, uint64_t seq, uint8_t key_ref, uint32_t *id)
{
	struct nl_msg *m = request_new(nl, UICC_CMD_PIN_GET, NLM_F_REQUEST | NLM_F_ACK);
	int r;

	if (!m)
		return -ENOMEM;
	r = nla_put_u32(m, UICC_A_PIN_SLOT, slot);
	r |= nla_put_u64(m, UICC_A_PIN_SEQ, seq);
	r |= nla_put_u8(m, UICC_A_PIN_KEY_REF, key_ref);
	if (r) {
		nlmsg_free(m);
		return -EMSGSIZE;
	}
	*id = 0;
	r = request(nl, m, reply_pin_id, id);
	return !r && !*id ? -EPROTO : r;
}

int unl_agent_register(struct unl *nl)
{
	return request_id(nl, UICC_CMD_AGENT_REGISTER, 0);
}

static void get_question(struct nlattr **at, struct unl_question *q)
{
	memset(q, 0, sizeof(*q));
	q->id = get_u32(at[UICC_A_CONSENT_ID]);
	q->slot = get_u32(at[UICC_A_CONSENT_SLOT]);
	q->seq = get_u64(at[UICC_A_CONSENT_SEQ]);
	q->kind = get_u32(at[UICC_A_CONSENT_KIND]);
	q->timeout_ms = get_u32(at[UICC_A_CONSENT_TIMEOUT_MS]);
	q->accepted = get_u32(at[UICC_A_CONSENT_STATE]) == UICC_CONSENT_STATE_ACCEPTED;
	get_str(at[UICC_A_CONSENT_ORIGIN], q->origin, sizeof(q->origin));
	get_str(at[UICC_A_CONSENT_TEXT], q->text, sizeof(q->text));
	get_str(at[UICC_A_CONSENT_OPTIONS], q->options, sizeof(q->options));
	q->key_ref = get_u8(at[UICC_A_CONSENT_KEY_REF]);
	q->retries = get_retries(at[UICC_A_CONSENT_RETRIES]);
	get_choices((const struct nlmsghdr *)at[0], q);
}

static int reply_question(struct unl *nl, struct nlattr **at)
{
	get_question(at, nl->ctx);
	return 0;
}

int unl_accept(struct unl *nl, uint32_t id, struct unl_question *out)
{
	struct nl_msg *m = request_new(nl, UICC_CMD_CONSENT_ACCEPT, NLM_F_REQUEST | NLM_F_ACK);
	int r;

	if (!m)
		return -ENOMEM;
	if (id && nla_put_u32(m, UICC_A_CONSENT_ID, id)) {
		nlmsg_free(m);
		return -EMSGSIZE;
	}
	memset(out, 0, sizeof(*out));
	r = request(nl, m, reply_question, out);
	return !r && !out->id ? -EPROTO : r;
}

int unl_done(struct unl *nl, const struct unl_answer *a)
{
	struct nl_msg *m = request_new(nl, UICC_CMD_CONSENT_DONE, NLM_F_REQUEST | NLM_F_ACK);
	size_t i;
	int r;

	if (!m)
		return -ENOMEM;
	r = nla_put_u32(m, UICC_A_CONSENT_ID, a->id);
	r |= nla_put_u32(m, UICC_A_CONSENT_OUTCOME, a->outcome);
	r |= put_str(m, UICC_A_CONSENT_VALUE, a->value);
	for (i = 0; i < a->nselected; i++)
		r |= nla_put_u32(m, UICC_A_CONSENT_SELECTED, a->selected[i]);
	if (r) {
		request_free(m);
		return -EMSGSIZE;
	}
	return request(nl, m, NULL, NULL);
}

/* --- dumps --------------------------------------------------------------- */

static int dump(struct unl *nl, int cmd, reply_fn *reply, void *ctx)
{
	struct nl_msg *m = request_new(nl, cmd, NLM_F_REQUEST | NLM_F_DUMP);

	return m ? request(nl, m, reply, ctx) : -ENOMEM;
}

static int reply_slot(struct unl *nl, struct nlattr **at)
{
	struct unl_slot s = { 0 };

	s.slot = get_u32(at[UICC_A_SLOT_INDEX]);
	s.state = get_u32(at[UICC_A_SLOT_STATE]);
	s.seq = get_u64(at[UICC_A_SLOT_SEQ]);
	get_str(at[UICC_A_SLOT_NAME], s.name, sizeof(s.name));
	get_str(at[UICC_A_SLOT_TRANSPORT], s.transport, sizeof(s.transport));
	get_str(at[UICC_A_SLOT_LOCATION], s.location, sizeof(s.location));
	return nl->fn.slot(nl->ctx, &s);
}

int unl_slots(struct unl *nl, int (*fn)(void *ctx, const struct unl_slot *s), void *ctx)
{
	nl->fn.slot = fn;
	return dump(nl, UICC_CMD_SLOT_GET, reply_slot, ctx);
}

static int reply_card(struct unl *nl, struct nlattr **at)
{
	const struct nlattr *atr = at[UICC_A_CARD_ATR];
	struct unl_card c = { 0 };
	int i;

	c.slot = get_u32(at[UICC_A_CARD_SLOT]);
	c.seq = get_u64(at[UICC_A_CARD_SEQ]);
	get_str(at[UICC_A_CARD_PROTOCOL], c.protocol, sizeof(c.protocol));
	for (i = 0; atr && i < nla_len(atr) && i < 33; i++)
		snprintf(c.atr + 2 * i, 3, "%02x", ((const uint8_t *)nla_data(atr))[i]);
	return nl->fn.card(nl->ctx, &c);
}

int unl_cards(struct unl *nl, int (*fn)(void *ctx, const struct unl_card *c), void *ctx)
{
	nl->fn.card = fn;
	return dump(nl, UICC_CMD_CARD_GET, reply_card, ctx);
}

static int reply_listed(struct unl *nl, struct nlattr **at)
{
	struct unl_question q;

	get_question(at, &q);
	return nl->fn.question(nl->ctx, &q);
}

int unl_questions(struct unl *nl, int (*fn)(void *ctx, const struct unl_question *q), void *ctx)
{
	nl->fn.question = fn;
	return dump(nl, UICC_CMD_CONSENT_GET, reply_listed, ctx);
}
