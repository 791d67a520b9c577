/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A thread for a backend whose way to the card can only block: one request runs at
 * a time, and what comes of it is an event that poll() sees. It knows no card.
 */
#ifndef UICC_BRIDGE_WORKER_H
#define UICC_BRIDGE_WORKER_H

#include "bridge.h"

struct worker;

struct worker_ops {
	/*
	 * In the thread: answers a request. @out is BRIDGE_NO_ANSWER unless it is set.
	 * It may take long, and post other events; it looks at worker_interrupted()
	 * where it goes round. @data is wiped behind it.
	 */
	void (*run)(void *ctx, struct worker *w, int what, const uint8_t *data, size_t n,
		    struct bridge_event *out);
	/*
	 * In another thread: makes what runs return soon; may be NULL. It can come when
	 * nothing runs any more, or before it has really begun: worker_end() repeats it.
	 */
	void (*cancel)(void *ctx);
};

/* Starts the thread, which takes no signals. NULL with errno. @ctx lives until worker_end(). */
must_check struct worker *worker_new(const struct worker_ops *ops, void *ctx);

/* Readable while worker_take() has something. It stays the worker's. */
int worker_fd(const struct worker *w);

/*
 * Hands over a request (it is copied); what @what says is the backend's. While another
 * one runs it waits, in place of one that waits already; the answer to any but the last
 * request is dropped. 0 or -EMSGSIZE.
 */
must_check int worker_request(struct worker *w, int what, const uint8_t *data, size_t n);

/* The next event: 0, or -EAGAIN. */
must_check int worker_take(struct worker *w, struct bridge_event *out);

/* Makes the request that runs end soon, if one does. */
void worker_cancel(struct worker *w);

/* In the thread: an event besides the answer. Waits while eight are not taken. */
void worker_post(struct worker *w, enum bridge_event_type type, const uint8_t *data, size_t n);

/* In the thread: shall what runs give way, to another request or to the end? */
bool worker_interrupted(struct worker *w);

/* In the thread: sleeps @ms, less when it is interrupted. Returns worker_interrupted(). */
bool worker_sleep(struct worker *w, unsigned int ms);

/*
 * Ends the thread, and frees the worker: 0. When a call still blocks after @ms,
 * -ETIMEDOUT: thread, worker and context are left alone, for a program that ends.
 */
must_check int worker_end(struct worker *w, unsigned int ms);

#endif
