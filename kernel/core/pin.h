/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Requests to a card about its PINs: which wait, what became of each, and what
 * the card's status words mean. Exactly one completion for each request.
 * It knows no socket, no card and reads no clock.
 *
 * Locking: as the consent broker (consent.h), whose mutex it shares.
 */
#ifndef UICC_CORE_PIN_H
#define UICC_CORE_PIN_H

#include <linux/compiler.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <uapi/linux/uicc.h>

#include "apdu.h"

#define UICC_PIN_PENDING_MAX	32	/* requests of sockets, not yet completed */
#define UICC_PIN_PER_OWNER_MAX	8
#define UICC_PIN_TIMEOUT_MS	60000
#define UICC_PIN_NEVER		U64_MAX
#define UICC_PIN_TRIES_UNKNOWN	U32_MAX

/**
 * struct uicc_pin_request - one thing to do with a card's PIN
 * @node: the queue's
 * @id: set by the queue, never 0
 * @owner: who wants it
 * @question: number of the question it is for; 0 for one of a socket, which alone are counted
 * @slot: slot number
 * @seq: card insertion
 * @key_ref: which PIN, as TS 102 221 numbers them
 * @len: bytes in @pin; 0 = its state is wanted
 * @until: set by the queue: when it has to be over
 * @running: the queue's: taken, and given back by uicc_pin_finish()
 * @over: the queue's: completed or forgotten while running; who has taken it may read it
 *	without the mutex
 * @pin: the PIN
 */
struct uicc_pin_request {
	struct list_head node;
	u32 id;
	u32 owner;
	u32 question;
	u32 slot;
	u64 seq;
	u8 key_ref;
	u8 len;
	u64 until;
	bool running;
	bool over;
	u8 pin[UICC_PIN_MAX];
};

/**
 * struct uicc_pin_queue - requests not yet completed; all members are its own
 * @complete: called once for each request that is completed, with the caller's mutex held. The
 *	request is out of the queue already and valid during the call only. Of the queue's own
 *	functions only those that forget may be called
 * @ctx: its first argument
 * @lock: the caller's mutex, for lockdep; NULL = not checked
 * @requests: oldest first
 * @n_counted: how many of them are a socket's
 * @last_id: number given last
 */
struct uicc_pin_queue {
	void (*complete)(void *ctx, const struct uicc_pin_request *request,
			 enum uicc_pin_result result, u32 tries);
	void *ctx;
	struct mutex *lock;	/* the caller's; never taken here */
	struct list_head requests;
	u32 n_counted;
	u32 last_id;
};

bool uicc_pin_key_valid(u8 key_ref);
bool uicc_pin_key_global(u8 key_ref);
bool uicc_pin_valid(u8 key_ref, const u8 *pin, size_t len);
u8 uicc_pin_chv(u8 key_ref);
enum uicc_pin_result uicc_pin_judge(u16 sw, enum uicc_mode mode, bool verify, u32 *tries);
enum uicc_pin_result uicc_pin_judge_chv(const u8 *status, size_t len, u8 chv, u32 *tries);
enum uicc_pin_result uicc_pin_judge_errno(int err);

void uicc_pin_init(struct uicc_pin_queue *q,
		   void (*complete)(void *ctx, const struct uicc_pin_request *request,
				    enum uicc_pin_result result, u32 tries),
		   void *ctx, struct mutex *lock);
void uicc_pin_fini(struct uicc_pin_queue *q);
int uicc_pin_add(struct uicc_pin_queue *q, u64 now_ms, const struct uicc_pin_request *what,
		 u32 *id);
struct uicc_pin_request *uicc_pin_take(struct uicc_pin_queue *q, u64 now_ms, u32 slot, u64 seq);
void uicc_pin_finish(struct uicc_pin_queue *q, struct uicc_pin_request *request,
		     enum uicc_pin_result result, u32 tries);
void uicc_pin_owner_gone(struct uicc_pin_queue *q, u64 now_ms, u32 owner);
void uicc_pin_slot_gone(struct uicc_pin_queue *q, u64 now_ms, u32 slot);
void uicc_pin_forget_id(struct uicc_pin_queue *q, u32 id);
void uicc_pin_forget_question(struct uicc_pin_queue *q, u32 question);
void uicc_pin_tick(struct uicc_pin_queue *q, u64 now_ms);
u64 uicc_pin_deadline(const struct uicc_pin_queue *q);

#endif /* UICC_CORE_PIN_H */
