// SPDX-License-Identifier: GPL-2.0-or-later
/* nl: the order in which the kernel's messages may come, played to libnl's own reader. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <linux/uicc.h>

#include "kernel/nl.h"

#define FAMILY 0x1f
#define DATAGRAMS 256

static struct unl *nl;
/* What the kernel has sent; confirmations get the number of the request they are of. */
static struct datagram {
	struct nl_msg *msg;
	uint32_t from;
	bool of_request;
} sent[DATAGRAMS];
static unsigned int nsent, taken;
static uint32_t request_seq;
static struct nl_msg *request;		/* the last one, kept by us too */
static uint8_t request_bytes[16384];	/* what it was when it went out */
static size_t request_len;

/* --- the kernel's end; the Makefile puts these in place of libnl's ------- */

struct nl_cb *__real_nl_cb_alloc(enum nl_cb_kind kind);
struct nl_cb *__wrap_nl_cb_alloc(enum nl_cb_kind kind);
int __wrap_genl_connect(struct nl_sock *sk);
int __wrap_genl_ctrl_resolve(struct nl_sock *sk, const char *name);
int __wrap_nl_send(struct nl_sock *sk, struct nl_msg *msg);

/* One datagram at a time, as a socket has it. */
static int receive(struct nl_sock *sk, struct sockaddr_nl *from, unsigned char **buf,
		   struct ucred **creds)
{
	struct datagram *d = &sent[taken];
	struct nlmsghdr *h;

	if (taken == nsent)
		return -NLE_AGAIN;
	taken++;
	h = nlmsg_hdr(d->msg);
	if (d->of_request) {
		h->nlmsg_seq = request_seq;
		if (h->nlmsg_type == NLMSG_ERROR)
			((struct nlmsgerr *)nlmsg_data(h))->msg.nlmsg_seq = request_seq;
	}
	*from = (struct sockaddr_nl){ .nl_family = AF_NETLINK, .nl_pid = d->from };
	*buf = malloc(h->nlmsg_len);
	assert_non_null(*buf);
	memcpy(*buf, h, h->nlmsg_len);
	return (int)h->nlmsg_len;
}

struct nl_cb *__wrap_nl_cb_alloc(enum nl_cb_kind kind)
{
	struct nl_cb *cb = __real_nl_cb_alloc(kind);

	if (cb)
		nl_cb_overwrite_recv(cb, receive);
	return cb;
}

int __wrap_genl_connect(struct nl_sock *sk)
{
	return 0;
}

int __wrap_genl_ctrl_resolve(struct nl_sock *sk, const char *name)
{
	return FAMILY;
}

int __wrap_nl_send(struct nl_sock *sk, struct nl_msg *msg)
{
	request_seq = nlmsg_hdr(msg)->nlmsg_seq;
	request_len = nlmsg_hdr(msg)->nlmsg_len;
	assert_true(request_len <= sizeof(request_bytes));
	memcpy(request_bytes, nlmsg_hdr(msg), request_len);
	nlmsg_free(request);
	request = msg;
	nlmsg_get(msg);
	return (int)nlmsg_hdr(msg)->nlmsg_len;
}

static struct datagram *next(struct nl_msg *msg)
{
	struct datagram *d = &sent[nsent];

	assert_non_null(msg);
	assert_true(nsent < DATAGRAMS);
	*d = (struct datagram){ .msg = msg };
	nsent++;
	return d;
}

static struct datagram *kernel_says(int cmd)
{
	struct nl_msg *m = nlmsg_alloc();

	assert_non_null(genlmsg_put(m, 0, 0, FAMILY, 0, 0, (uint8_t)cmd, UICC_FAMILY_VERSION));
	return next(m);
}

static void kernel_completes(uint32_t id, uint32_t outcome)
{
	struct nl_msg *m = kernel_says(UICC_CMD_CONSENT_COMPLETED)->msg;

	assert_int_equal(nla_put_u32(m, UICC_A_CONSENT_ID, id), 0);
	assert_int_equal(nla_put_u32(m, UICC_A_CONSENT_OUTCOME, outcome), 0);
}

static void kernel_loses_card(uint32_t slot, uint64_t seq)
{
	struct nl_msg *m = kernel_says(UICC_CMD_CARD_DEL)->msg;

	assert_int_equal(nla_put_u32(m, UICC_A_CARD_SLOT, slot), 0);
	assert_int_equal(nla_put_u64(m, UICC_A_CARD_SEQ, seq), 0);
}

static void kernel_numbers(uint32_t id)
{
	struct datagram *d = kernel_says(UICC_CMD_CONSENT_ASK);

	d->of_request = true;
	assert_int_equal(nla_put_u32(d->msg, UICC_A_CONSENT_ID, id), 0);
}

/* The end of a request: 0 or -errno. */
static void kernel_confirms(int error)
{
	struct nlmsgerr e = { .error = error };
	struct nl_msg *m = nlmsg_alloc_simple(NLMSG_ERROR, 0);

	assert_int_equal(nlmsg_append(m, &e, sizeof(e), NLMSG_ALIGNTO), 0);
	next(m)->of_request = true;
}

static int setup(void **state)
{
	nsent = taken = 0;
	return unl_open(&nl);
}

static int teardown(void **state)
{
	unl_close(nl);
	nlmsg_free(request);
	request = NULL;
	while (nsent)
		nlmsg_free(sent[--nsent].msg);
	return 0;
}

static int ask(uint32_t *id)
{
	const struct unl_question q = { .kind = UNL_KIND_SESSION, .origin = "test", .text = "?" };

	return unl_ask(nl, &q, id);
}

static void assert_completed(uint32_t id, enum unl_outcome outcome)
{
	struct unl_event ev;

	assert_int_equal(unl_event_next(nl, &ev), 1);
	assert_int_equal(ev.type, UNL_EV_COMPLETED);
	assert_int_equal(ev.answer.id, id);
	assert_int_equal(ev.answer.outcome, outcome);
}

/* --- tests --------------------------------------------------------------- */

/* An agent that is quick is done before the question is confirmed to who asked it. */
static void answer_before_the_end_is_pending(void **state)
{
	uint32_t id;

	kernel_numbers(7);
	kernel_completes(7, UICC_OUTCOME_YES);
	kernel_confirms(0);
	assert_false(unl_pending(nl));
	assert_int_equal(ask(&id), 0);
	assert_int_equal(id, 7);
	assert_int_equal(taken, nsent);		/* no descriptor would tell of it */
	assert_true(unl_pending(nl));
	assert_completed(7, UNL_YES);
	assert_false(unl_pending(nl));
}

static void answer_before_the_number_is_pending(void **state)
{
	uint32_t id;

	kernel_completes(8, UICC_OUTCOME_NO);
	kernel_numbers(8);
	kernel_confirms(0);
	assert_int_equal(ask(&id), 0);
	assert_int_equal(id, 8);
	assert_true(unl_pending(nl));
	assert_completed(8, UNL_NO);
	assert_false(unl_pending(nl));
}

/* What comes after the end stays in the socket, where poll() sees it. */
static void answer_after_the_end_is_readable(void **state)
{
	struct unl_event ev;
	uint32_t id;

	kernel_numbers(9);
	kernel_confirms(0);
	kernel_completes(9, UICC_OUTCOME_CANCELLED);
	assert_int_equal(ask(&id), 0);
	assert_int_equal(taken, 2);
	assert_false(unl_pending(nl));
	assert_completed(9, UNL_CANCELLED);
	assert_int_equal(unl_event_next(nl, &ev), 0);
}

static void removal_during_a_refusal_is_pending(void **state)
{
	struct unl_event ev;
	uint32_t id;

	kernel_loses_card(3, 41);
	kernel_confirms(-ENODEV);
	assert_int_equal(ask(&id), -ENODEV);
	assert_true(unl_pending(nl));
	assert_int_equal(unl_event_next(nl, &ev), 1);
	assert_int_equal(ev.type, UNL_EV_CARD_DEL);
	assert_int_equal(ev.slot, 3);
	assert_int_equal(ev.seq, 41);
	assert_false(unl_pending(nl));
}

static void removal_during_a_withdrawal_is_pending(void **state)
{
	struct unl_event ev;

	kernel_completes(7, UICC_OUTCOME_WITHDRAWN);
	kernel_loses_card(0, 2);
	kernel_confirms(0);
	assert_int_equal(unl_withdraw(nl, 7), 0);
	assert_completed(7, UNL_WITHDRAWN);
	assert_true(unl_pending(nl));
	assert_int_equal(unl_event_next(nl, &ev), 1);
	assert_int_equal(ev.type, UNL_EV_CARD_DEL);
	assert_false(unl_pending(nl));
}

/* More than is kept: the first are there, and the loss is told. */
static void a_flood_is_told(void **state)
{
	struct unl_event ev;
	unsigned int n = 0;

	for (unsigned int i = 0; i < 100; i++)
		kernel_loses_card(1, i + 1);
	kernel_confirms(0);
	assert_int_equal(unl_withdraw(nl, 7), 0);
	while (unl_pending(nl)) {
		assert_int_equal(unl_event_next(nl, &ev), 1);
		if (ev.type == UNL_EV_OVERRUN)
			break;
		assert_int_equal(ev.seq, ++n);
	}
	assert_int_equal(ev.type, UNL_EV_OVERRUN);
	assert_int_equal(n, 64);
	assert_false(unl_pending(nl));
}

/* Only the kernel answers. */
static void another_sender_is_not_believed(void **state)
{
	uint32_t id;

	kernel_numbers(7);
	kernel_completes(7, UICC_OUTCOME_YES);
	sent[nsent - 1].from = 4711;
	kernel_confirms(0);
	assert_int_equal(ask(&id), 0);
	assert_false(unl_pending(nl));
}

/* --- PINs ---------------------------------------------------------------- */

static struct nl_msg *kernel_tells_pin(uint32_t id)
{
	struct nl_msg *m = kernel_says(UICC_CMD_PIN_COMPLETED)->msg;

	assert_int_equal(nla_put_u32(m, UICC_A_PIN_ID, id), 0);
	assert_int_equal(nla_put_u32(m, UICC_A_PIN_SLOT, 3), 0);
	assert_int_equal(nla_put_u64(m, UICC_A_PIN_SEQ, 41), 0);
	assert_int_equal(nla_put_u8(m, UICC_A_PIN_KEY_REF, 0x81), 0);
	return m;
}

static void assert_pin(uint32_t id, enum unl_pin_result result, uint32_t retries)
{
	struct unl_event ev;

	assert_int_equal(unl_event_next(nl, &ev), 1);
	assert_int_equal(ev.type, UNL_EV_PIN);
	assert_int_equal(ev.slot, 3);
	assert_int_equal(ev.seq, 41);
	assert_int_equal(ev.pin.id, id);
	assert_int_equal(ev.pin.key_ref, 0x81);
	assert_int_equal(ev.pin.result, result);
	assert_int_equal(ev.pin.retries, retries);
}

static void state_of_a_pin(void **state)
{
	struct nl_msg *m;
	uint32_t id;

	m = kernel_says(UICC_CMD_PIN_GET)->msg;
	sent[nsent - 1].of_request = true;
	assert_int_equal(nla_put_u32(m, UICC_A_PIN_ID, 12), 0);
	m = kernel_tells_pin(12);
	assert_int_equal(nla_put_u32(m, UICC_A_PIN_RESULT, UICC_PIN_RESULT_NOT_VERIFIED), 0);
	assert_int_equal(nla_put_u32(m, UICC_A_PIN_RETRIES, 2), 0);
	kernel_confirms(0);
	assert_int_equal(unl_pin_get(nl, 3, 41, 0x81, &id), 0);
	assert_int_equal(id, 12);
	assert_true(unl_pending(nl));
	assert_pin(12, UNL_PIN_NOT_VERIFIED, 2);
	kernel_confirms(-EBUSY);
	assert_int_equal(unl_pin_get(nl, 3, 41, 0x81, &id), -EBUSY);
	/* What is missing or from a later kernel is neither a success nor a number. */
	kernel_tells_pin(13);
	assert_pin(13, UNL_PIN_REFUSED, UNL_RETRIES_UNKNOWN);
	m = kernel_tells_pin(14);
	assert_int_equal(nla_put_u32(m, UICC_A_PIN_RESULT, UICC_PIN_RESULT_TIMEOUT + 1), 0);
	assert_pin(14, UNL_PIN_REFUSED, UNL_RETRIES_UNKNOWN);
}

static void completion_by_the_card(void **state)
{
	struct unl_event ev;
	struct nl_msg *m;

	kernel_completes(7, UICC_OUTCOME_NO);
	m = sent[nsent - 1].msg;
	assert_int_equal(nla_put_u32(m, UICC_A_CONSENT_PIN_RESULT, UICC_PIN_RESULT_WRONG), 0);
	assert_int_equal(nla_put_u32(m, UICC_A_CONSENT_RETRIES, 1), 0);
	assert_int_equal(unl_event_next(nl, &ev), 1);
	assert_true(ev.answer.by_card);
	assert_int_equal(ev.answer.outcome, UNL_NO);
	assert_int_equal(ev.answer.pin_result, UNL_PIN_WRONG);
	assert_int_equal(ev.answer.retries, 1);
	kernel_completes(8, UICC_OUTCOME_NO);
	assert_int_equal(unl_event_next(nl, &ev), 1);
	assert_false(ev.answer.by_card);
	assert_int_equal(ev.answer.retries, UNL_RETRIES_UNKNOWN);
}

static void question_of_a_pin(void **state)
{
	struct unl_question q = { .kind = UNL_KIND_PIN, .key_ref = 0x11, .origin = "test", .text = "?" };
	struct nlattr *at[UICC_A_CONSENT_MAX + 1];
	struct nl_msg *m;
	uint32_t id;

	kernel_numbers(7);
	kernel_confirms(0);
	assert_int_equal(unl_ask(nl, &q, &id), 0);
	assert_int_equal(genlmsg_parse((struct nlmsghdr *)request_bytes, 0, at,
				       UICC_A_CONSENT_MAX, NULL), 0);
	assert_int_equal(nla_get_u32(at[UICC_A_CONSENT_KIND]), UICC_KIND_PIN);
	assert_int_equal(nla_get_u8(at[UICC_A_CONSENT_KEY_REF]), 0x11);
	for (uint32_t retries = 0; retries < 2; retries++) {
		m = kernel_says(UICC_CMD_CONSENT_ACCEPT)->msg;
		sent[nsent - 1].of_request = true;
		assert_int_equal(nla_put_u32(m, UICC_A_CONSENT_ID, 7), 0);
		assert_int_equal(nla_put_u32(m, UICC_A_CONSENT_KIND, UICC_KIND_PIN), 0);
		assert_int_equal(nla_put_u8(m, UICC_A_CONSENT_KEY_REF, 0x11), 0);
		if (retries)
			assert_int_equal(nla_put_u32(m, UICC_A_CONSENT_RETRIES, retries), 0);
		kernel_confirms(0);
		assert_int_equal(unl_accept(nl, 0, &q), 0);
		assert_int_equal(q.key_ref, 0x11);
		assert_int_equal(q.retries, retries ? retries : UNL_RETRIES_UNKNOWN);
	}
}

/* The PIN goes out, and is not in the memory of who sent it any more. */
static void answer_is_wiped(void **state)
{
	const struct unl_answer a = { .id = 7, .outcome = UNL_YES, .value = "83520174" };
	size_t len;

	kernel_confirms(0);
	assert_int_equal(unl_done(nl, &a), 0);
	len = request_len;
	assert_non_null(memmem(request_bytes, len, "83520174", 8));
	assert_null(memmem(nlmsg_hdr(request), len, "83520174", 8));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(answer_before_the_end_is_pending),
		T(answer_before_the_number_is_pending),
		T(answer_after_the_end_is_readable),
		T(removal_during_a_refusal_is_pending),
		T(removal_during_a_withdrawal_is_pending),
		T(a_flood_is_told),
		T(another_sender_is_not_believed),
		T(state_of_a_pin),
		T(completion_by_the_card),
		T(question_of_a_pin),
		T(answer_is_wiped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
