// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests to a card about its PINs: which wait, what became of each, and what
 * the card's status words mean. Exactly one completion for each request.
 * It knows no socket, no card and reads no clock.
 *
 * The promise is kept by one function: request_end() is the only way out of the
 * list of requests, but for those that are forgotten because their owner was
 * told already, or never knew of them.
 */
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "pin.h"

/* --- numbers of keys, and what a card says of them ------------------------- */

#define KEY_LOCAL	BIT(7)		/* of the application, not of the card */
#define KEY_NUMBER	0x1f		/* TS 102 221 table 11.2 of VERIFY: b5..b1 */
#define KEY_SECOND	0x81		/* PIN 2, which TS 51.011 calls CHV2 */

/* TS 102 221 table 9.3: 0A to 0E and 8A to 8E are of the issuer, not of the person. */
static bool key_is_adm(u8 key_ref)
{
	u8 number = key_ref & ~KEY_LOCAL;

	return number >= 0x0a && number <= 0x0e;
}

/**
 * uicc_pin_key_valid() - can this be the number of a key?
 * @key_ref: the number
 *
 * Context: any.
 * Return: false for one that no card can have.
 */
bool uicc_pin_key_valid(u8 key_ref)
{
	return !(key_ref & ~(KEY_LOCAL | KEY_NUMBER)) && (key_ref & KEY_NUMBER);
}

/**
 * uicc_pin_key_global() - is it a key of the card?
 * @key_ref: the number
 *
 * Context: any.
 * Return: false for one of the application that is selected.
 */
bool uicc_pin_key_global(u8 key_ref)
{
	return !(key_ref & KEY_LOCAL);
}

/**
 * uicc_pin_valid() - may this be presented as a PIN?
 * @key_ref: for which key
 * @pin: the PIN
 * @len: its length
 *
 * A card counts whatever is presented. What cannot be right is not presented: a
 * person's PIN is 4 to 8 digits (TS 102 221 9.5.1); an issuer's key is as many
 * bytes of any value.
 * Context: any.
 * Return: false when not.
 */
bool uicc_pin_valid(u8 key_ref, const u8 *pin, size_t len)
{
	size_t i;

	if (len < UICC_PIN_MIN || len > UICC_PIN_MAX)
		return false;
	if (key_is_adm(key_ref))
		return true;
	for (i = 0; i < len; i++)
		if (pin[i] < '0' || pin[i] > '9')
			return false;
	return true;
}

/**
 * uicc_pin_chv() - the number of a key in 2G mode
 * @key_ref: its number in UICC mode
 *
 * Context: any.
 * Return: 1 or 2; 0 when the card has no such key in that mode.
 */
u8 uicc_pin_chv(u8 key_ref)
{
	if (key_ref == 0x01)
		return 1;
	return key_ref == 0x02 || key_ref == KEY_SECOND ? 2 : 0;
}

static enum uicc_pin_result judge_2g(u16 sw)
{
	switch (sw) {
	case 0x9804:	/* wrong, and how many are left it does not say */
		return UICC_PIN_RESULT_WRONG;
	case 0x9808:	/* in contradiction with the CHV's state */
		return UICC_PIN_RESULT_DISABLED;
	default:
		return UICC_PIN_RESULT_REFUSED;
	}
}

/**
 * uicc_pin_judge() - what the status word of VERIFY means
 * @sw: status word
 * @mode: mode of the card
 * @verify: a PIN was presented; false: its state was asked for, in UICC mode
 * @tries: out: how many are left, or UICC_PIN_TRIES_UNKNOWN
 *
 * Context: any.
 * Return: the result.
 */
enum uicc_pin_result uicc_pin_judge(u16 sw, enum uicc_mode mode, bool verify, u32 *tries)
{
	int left = uicc_sw_pin_tries(sw);

	*tries = left < 0 ? UICC_PIN_TRIES_UNKNOWN : left;
	/* Warnings are none here: only a plain success is one. */
	if (sw == 0x9000 || sw >> 8 == 0x91 || (sw >> 8 == 0x92 && mode == UICC_MODE_UICC))
		return UICC_PIN_RESULT_VERIFIED;
	if (!left)
		return UICC_PIN_RESULT_BLOCKED;
	if (mode == UICC_MODE_SIM2G)
		return judge_2g(sw);
	if (left > 0)
		return verify ? UICC_PIN_RESULT_WRONG : UICC_PIN_RESULT_NOT_VERIFIED;
	switch (sw) {
	case 0x6984:
		return UICC_PIN_RESULT_DISABLED;
	case 0x6700:	/* takes no VERIFY without a PIN: it cannot tell */
	case 0x6982:
		return verify ? UICC_PIN_RESULT_REFUSED : UICC_PIN_RESULT_NOT_VERIFIED;
	default:
		return UICC_PIN_RESULT_REFUSED;
	}
}

/**
 * uicc_pin_judge_chv() - what a 2G directory's status says of a CHV
 * @status: answer to STATUS
 * @len: its length
 * @chv: 1 or 2
 * @tries: out: how many are left, or UICC_PIN_TRIES_UNKNOWN
 *
 * Whether it was verified already the card does not tell.
 * Context: any.
 * Return: not verified, blocked, disabled, or refused when there is no such CHV.
 */
enum uicc_pin_result uicc_pin_judge_chv(const u8 *status, size_t len, u8 chv, u32 *tries)
{
	size_t at = chv == 1 ? 18 : 20;		/* TS 51.011 9.2.1, MF and DF */

	*tries = UICC_PIN_TRIES_UNKNOWN;
	if (chv == 1 && len > 13 && status[13] & BIT(7))
		return UICC_PIN_RESULT_DISABLED;
	if (len <= at)
		return UICC_PIN_RESULT_NOT_VERIFIED;
	if (!(status[at] & BIT(7)))
		return UICC_PIN_RESULT_REFUSED;	/* not initialised */
	*tries = status[at] & 0x0f;
	return *tries ? UICC_PIN_RESULT_NOT_VERIFIED : UICC_PIN_RESULT_BLOCKED;
}

/**
 * uicc_pin_judge_errno() - what it means that a command got no status word
 * @err: the errno
 *
 * Context: any.
 * Return: gone, timeout or refused.
 */
enum uicc_pin_result uicc_pin_judge_errno(int err)
{
	switch (err) {
	case -ENODEV:
		return UICC_PIN_RESULT_GONE;
	case -ETIMEDOUT:
	case -ERESTARTNOINTR:	/* the system went to sleep, before the command ... */
	case -ERESTARTSYS:	/* ... or before the answer: it is not sent again */
		return UICC_PIN_RESULT_TIMEOUT;
	default:
		return UICC_PIN_RESULT_REFUSED;
	}
}

/* --- requests -------------------------------------------------------------- */

static void queue_assert_locked(const struct uicc_pin_queue *q)
{
	if (q->lock)
		lockdep_assert_held(q->lock);
}

static void request_free(struct uicc_pin_request *request)
{
	if (!request->running)	/* else uicc_pin_finish() does it */
		kfree_sensitive(request);
}

static void request_unlink(struct uicc_pin_queue *q, struct uicc_pin_request *request)
{
	list_del(&request->node);
	if (!request->question)
		q->n_counted--;
	WRITE_ONCE(request->over, true);
}

/* First out of the list: what is told may end a question, which forgets its requests. */
static void request_end(struct uicc_pin_queue *q, struct uicc_pin_request *request,
			enum uicc_pin_result result, u32 tries)
{
	request_unlink(q, request);
	q->complete(q->ctx, request, result, tries);
	request_free(request);
}

static void request_forget(struct uicc_pin_queue *q, struct uicc_pin_request *request)
{
	request_unlink(q, request);
	request_free(request);
}

/**
 * uicc_pin_init() - make a queue without requests
 * @q: the queue
 * @complete: see struct uicc_pin_queue
 * @ctx: its first argument
 * @lock: the mutex the caller holds around every other call; NULL = not checked
 *
 * Context: any.
 */
void uicc_pin_init(struct uicc_pin_queue *q,
		   void (*complete)(void *ctx, const struct uicc_pin_request *request,
				    enum uicc_pin_result result, u32 tries),
		   void *ctx, struct mutex *lock)
{
	memset(q, 0, sizeof(*q));
	q->complete = complete;
	q->ctx = ctx;
	q->lock = lock;
	INIT_LIST_HEAD(&q->requests);
}

/**
 * uicc_pin_fini() - complete all requests as gone
 * @q: the queue; an empty one afterwards
 *
 * Context: caller's mutex held.
 */
void uicc_pin_fini(struct uicc_pin_queue *q)
{
	struct uicc_pin_request *request, *next;

	queue_assert_locked(q);
	list_for_each_entry_safe(request, next, &q->requests, node)
		request_end(q, request, UICC_PIN_RESULT_GONE, UICC_PIN_TRIES_UNKNOWN);
}

static struct uicc_pin_request *request_find(const struct uicc_pin_queue *q, u32 id)
{
	struct uicc_pin_request *request;

	list_for_each_entry(request, &q->requests, node)
		if (request->id == id)
			return request;
	return NULL;
}

/**
 * uicc_pin_add() - put a request into the queue
 * @q: the queue
 * @now_ms: time now
 * @what: the request; copied, the PIN too, and the members that are not the queue's own
 * @id: out: its number
 *
 * After success exactly one @complete follows, unless it is forgotten. Nothing is
 * completed in here: the consent broker calls it when it must not be called.
 * Context: caller's mutex held; may sleep.
 * Return: 0; -EINVAL no such key, or no such PIN; -EBUSY too many requests, of
 * this owner or of all; -ENOMEM.
 */
int uicc_pin_add(struct uicc_pin_queue *q, u64 now_ms, const struct uicc_pin_request *what,
		 u32 *id)
{
	struct uicc_pin_request *request;
	u32 of_owner = 0;

	queue_assert_locked(q);
	if (!uicc_pin_key_valid(what->key_ref) ||
	    (what->len && !uicc_pin_valid(what->key_ref, what->pin, what->len)))
		return -EINVAL;
	list_for_each_entry(request, &q->requests, node)
		of_owner += !request->question && request->owner == what->owner;
	/* A question has one request at a time, and questions are bounded. */
	if (!what->question &&
	    (q->n_counted >= UICC_PIN_PENDING_MAX || of_owner >= UICC_PIN_PER_OWNER_MAX))
		return -EBUSY;
	request = kmemdup(what, sizeof(*what), GFP_KERNEL);
	if (!request)
		return -ENOMEM;
	do {
		q->last_id++;
	} while (!q->last_id || request_find(q, q->last_id));
	request->id = q->last_id;
	request->until = now_ms + UICC_PIN_TIMEOUT_MS;
	request->running = false;
	request->over = false;
	list_add_tail(&request->node, &q->requests);
	if (!request->question)
		q->n_counted++;
	*id = request->id;
	return 0;
}

/**
 * uicc_pin_take() - the next request for a card
 * @q: the queue
 * @now_ms: time now
 * @slot: slot number
 * @seq: card insertion
 *
 * What is taken may be read without the mutex, and is not freed, until
 * uicc_pin_finish(), which has to follow.
 * Context: caller's mutex held.
 * Return: the oldest one that nobody has taken, or NULL.
 */
struct uicc_pin_request *uicc_pin_take(struct uicc_pin_queue *q, u64 now_ms, u32 slot, u64 seq)
{
	struct uicc_pin_request *request;

	uicc_pin_tick(q, now_ms);
	list_for_each_entry(request, &q->requests, node) {
		if (request->slot != slot || request->seq != seq || request->running)
			continue;
		request->running = true;
		return request;
	}
	return NULL;
}

/**
 * uicc_pin_finish() - the card has answered, or will not
 * @q: the queue
 * @request: from uicc_pin_take(); freed
 * @result: what became of it
 * @tries: how many are left, or UICC_PIN_TRIES_UNKNOWN
 *
 * When it was completed or forgotten meanwhile, nobody is told.
 * Context: caller's mutex held.
 */
void uicc_pin_finish(struct uicc_pin_queue *q, struct uicc_pin_request *request,
		     enum uicc_pin_result result, u32 tries)
{
	queue_assert_locked(q);
	request->running = false;
	if (request->over)
		kfree_sensitive(request);
	else
		request_end(q, request, result, tries);
}

/**
 * uicc_pin_owner_gone() - an owner died
 * @q: the queue
 * @now_ms: time now
 * @owner: who; its requests are completed as gone
 *
 * One that runs is not taken back from the card.
 * Context: caller's mutex held.
 */
void uicc_pin_owner_gone(struct uicc_pin_queue *q, u64 now_ms, u32 owner)
{
	struct uicc_pin_request *request, *next;

	uicc_pin_tick(q, now_ms);
	list_for_each_entry_safe(request, next, &q->requests, node)
		if (!request->question && request->owner == owner)
			request_end(q, request, UICC_PIN_RESULT_GONE, UICC_PIN_TRIES_UNKNOWN);
}

/**
 * uicc_pin_slot_gone() - the card of a slot was removed
 * @q: the queue
 * @now_ms: time now
 * @slot: slot number; the requests for it are completed as gone
 *
 * Context: caller's mutex held.
 */
void uicc_pin_slot_gone(struct uicc_pin_queue *q, u64 now_ms, u32 slot)
{
	struct uicc_pin_request *request, *next;

	uicc_pin_tick(q, now_ms);
	list_for_each_entry_safe(request, next, &q->requests, node)
		if (request->slot == slot)
			request_end(q, request, UICC_PIN_RESULT_GONE, UICC_PIN_TRIES_UNKNOWN);
}

/**
 * uicc_pin_forget_id() - undo uicc_pin_add()
 * @q: the queue
 * @id: number of the request, which is not completed
 *
 * Context: caller's mutex held.
 */
void uicc_pin_forget_id(struct uicc_pin_queue *q, u32 id)
{
	struct uicc_pin_request *request;

	queue_assert_locked(q);
	request = request_find(q, id);
	if (request)
		request_forget(q, request);
}

/**
 * uicc_pin_forget_question() - a question ended; what it wanted is wanted no more
 * @q: the queue
 * @question: its number; its request is not completed
 *
 * Context: caller's mutex held.
 */
void uicc_pin_forget_question(struct uicc_pin_queue *q, u32 question)
{
	struct uicc_pin_request *request, *next;

	queue_assert_locked(q);
	list_for_each_entry_safe(request, next, &q->requests, node)
		if (request->question == question)
			request_forget(q, request);
}

/**
 * uicc_pin_tick() - complete what has waited too long
 * @q: the queue
 * @now_ms: time now, any monotonic clock, the same one in all calls
 *
 * Context: caller's mutex held.
 */
void uicc_pin_tick(struct uicc_pin_queue *q, u64 now_ms)
{
	struct uicc_pin_request *request, *next;

	queue_assert_locked(q);
	list_for_each_entry_safe(request, next, &q->requests, node)
		if (now_ms >= request->until)
			request_end(q, request, UICC_PIN_RESULT_TIMEOUT, UICC_PIN_TRIES_UNKNOWN);
}

/**
 * uicc_pin_deadline() - when to call uicc_pin_tick()
 * @q: the queue
 *
 * Context: caller's mutex held.
 * Return: time in ms, maybe past; UICC_PIN_NEVER when nothing is due.
 */
u64 uicc_pin_deadline(const struct uicc_pin_queue *q)
{
	const struct uicc_pin_request *request;
	u64 when = UICC_PIN_NEVER;

	queue_assert_locked(q);
	list_for_each_entry(request, &q->requests, node)
		when = min(when, request->until);
	return when;
}
