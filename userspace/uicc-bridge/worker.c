// SPDX-License-Identifier: GPL-2.0-or-later
/* The thread of a backend that can only block: see worker.h. */
#include "worker.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>

#define EVENTS_MAX 8
#define CANCEL_EVERY_MS 50

struct event {
	unsigned long request;	/* whose answer it is; 0: of none */
	struct bridge_event e;
};

struct worker {
	const struct worker_ops *ops;
	void *ctx;
	pthread_t thread;
	int fd;

	pthread_mutex_t lock;	/* all below; nothing is called with it held */
	pthread_cond_t changed;
	bool ends;
	bool ended;		/* the thread touches nothing any more but to unlock */
	bool running;
	bool waiting;		/* @next is a request that has not begun */
	unsigned long last;	/* number of the last request */
	int next_what;
	size_t next_n;
	uint8_t next[BRIDGE_FRAME_MAX];
	unsigned int first, count;
	struct event events[EVENTS_MAX];

	/* The thread's own. */
	uint8_t request[BRIDGE_FRAME_MAX];
	struct bridge_event answer;
};

static struct timespec in_ms(unsigned int ms)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += ms / 1000;
	t.tv_nsec += (long)(ms % 1000) * 1000000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_nsec -= 1000000000;
		t.tv_sec++;
	}
	return t;
}

/* Of CLOCK_MONOTONIC, as a clock that is set must not make a wait long. */
static int cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t attr;
	int err = pthread_condattr_init(&attr);

	if (err)
		return err;
	err = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	if (!err)
		err = pthread_cond_init(cond, &attr);
	pthread_condattr_destroy(&attr);
	return err;
}

static void put(struct worker *w, unsigned long request, const struct bridge_event *e)
{
	struct event *to;

	pthread_mutex_lock(&w->lock);
	while (w->count == EVENTS_MAX && !w->ends)
		pthread_cond_wait(&w->changed, &w->lock);
	if (w->count < EVENTS_MAX) {
		to = &w->events[(w->first + w->count++) % EVENTS_MAX];
		to->request = request;
		to->e.type = e->type;
		to->e.n = e->n;
		memcpy(to->e.data, e->data, e->n);
		eventfd_write(w->fd, 1);
	}
	pthread_mutex_unlock(&w->lock);
}

void worker_post(struct worker *w, enum bridge_event_type type, const uint8_t *data, size_t n)
{
	struct bridge_event e = { .type = type, .n = n < BRIDGE_FRAME_MAX ? n : BRIDGE_FRAME_MAX };

	if (e.n)
		memcpy(e.data, data, e.n);
	put(w, 0, &e);
	explicit_bzero(e.data, e.n);
}

/* The next request into the thread's own buffer. Returns its number, 0 when all ends. */
static unsigned long begin(struct worker *w, int *what, size_t *n)
{
	unsigned long number = 0;

	pthread_mutex_lock(&w->lock);
	w->running = false;
	while (!w->ends && !w->waiting)
		pthread_cond_wait(&w->changed, &w->lock);
	if (!w->ends) {
		number = w->last;
		*what = w->next_what;
		*n = w->next_n;
		memcpy(w->request, w->next, w->next_n);
		explicit_bzero(w->next, w->next_n);
		w->waiting = false;
		w->running = true;
	}
	pthread_mutex_unlock(&w->lock);
	return number;
}

static void *work(void *arg)
{
	struct worker *w = arg;
	unsigned long number;
	size_t n = 0;
	int what = 0;

	while ((number = begin(w, &what, &n)) != 0) {
		w->answer.type = BRIDGE_NO_ANSWER;
		w->answer.n = 0;
		w->ops->run(w->ctx, w, what, w->request, n, &w->answer);
		explicit_bzero(w->request, n);
		put(w, number, &w->answer);
		explicit_bzero(w->answer.data, w->answer.n);
	}
	pthread_mutex_lock(&w->lock);
	w->ended = true;
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

struct worker *worker_new(const struct worker_ops *ops, void *ctx)
{
	struct worker *w = calloc(1, sizeof(*w));
	sigset_t all, before;
	int err;

	if (!w)
		return NULL;
	w->ops = ops;
	w->ctx = ctx;
	w->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	err = w->fd < 0 ? errno : pthread_mutex_init(&w->lock, NULL);
	if (!err)
		err = cond_init(&w->changed);
	if (!err) {
		sigfillset(&all);
		pthread_sigmask(SIG_SETMASK, &all, &before);
		err = pthread_create(&w->thread, NULL, work, w);
		pthread_sigmask(SIG_SETMASK, &before, NULL);
	}
	if (!err)
		return w;
	if (w->fd >= 0)
		close(w->fd);
	free(w);
	errno = err;
	return NULL;
}

int worker_fd(const struct worker *w)
{
	return w->fd;
}

int worker_request(struct worker *w, int what, const uint8_t *data, size_t n)
{
	if (n > BRIDGE_FRAME_MAX)
		return -EMSGSIZE;
	pthread_mutex_lock(&w->lock);
	if (w->waiting)
		explicit_bzero(w->next, w->next_n);
	if (n)
		memcpy(w->next, data, n);
	w->next_what = what;
	w->next_n = n;
	w->waiting = true;
	w->last = w->last + 1 ? w->last + 1 : 1;
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->lock);
	return 0;
}

int worker_take(struct worker *w, struct bridge_event *out)
{
	bool found = false;
	eventfd_t ignored;

	pthread_mutex_lock(&w->lock);
	while (w->count && !found) {
		struct event *from = &w->events[w->first];

		found = !from->request || from->request == w->last;
		if (found) {
			out->type = from->e.type;
			out->n = from->e.n;
			memcpy(out->data, from->e.data, from->e.n);
		}
		explicit_bzero(from->e.data, from->e.n);
		w->first = (w->first + 1) % EVENTS_MAX;
		w->count--;
		pthread_cond_broadcast(&w->changed);
	}
	if (!w->count)
		eventfd_read(w->fd, &ignored);
	pthread_mutex_unlock(&w->lock);
	return found ? 0 : -EAGAIN;
}

void worker_cancel(struct worker *w)
{
	bool running;

	pthread_mutex_lock(&w->lock);
	running = w->running;
	pthread_mutex_unlock(&w->lock);
	if (running && w->ops->cancel)
		w->ops->cancel(w->ctx);
}

bool worker_interrupted(struct worker *w)
{
	bool yes;

	pthread_mutex_lock(&w->lock);
	yes = w->ends || w->waiting;
	pthread_mutex_unlock(&w->lock);
	return yes;
}

bool worker_sleep(struct worker *w, unsigned int ms)
{
	const struct timespec until = in_ms(ms);
	bool yes;
	int err = 0;

	pthread_mutex_lock(&w->lock);
	while (!w->ends && !w->waiting && !err)
		err = pthread_cond_timedwait(&w->changed, &w->lock, &until);
	yes = w->ends || w->waiting;
	pthread_mutex_unlock(&w->lock);
	return yes;
}

/* Waits a while for the thread to end. */
static bool ended(struct worker *w, unsigned int ms)
{
	const struct timespec until = in_ms(ms);
	bool yes;
	int err = 0;

	pthread_mutex_lock(&w->lock);
	while (!w->ended && !err)
		err = pthread_cond_timedwait(&w->changed, &w->lock, &until);
	yes = w->ended;
	pthread_mutex_unlock(&w->lock);
	return yes;
}

int worker_end(struct worker *w, unsigned int ms)
{
	bool done;

	pthread_mutex_lock(&w->lock);
	w->ends = true;
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->lock);
	/* Again and again: a call that had not begun does not notice that it was cancelled. */
	do {
		unsigned int step = ms < CANCEL_EVERY_MS ? ms : CANCEL_EVERY_MS;

		worker_cancel(w);
		done = ended(w, step);
		ms -= step;
	} while (!done && ms);
	if (!done)
		return -ETIMEDOUT;
	pthread_join(w->thread, NULL);
	pthread_cond_destroy(&w->changed);
	pthread_mutex_destroy(&w->lock);
	close(w->fd);
	explicit_bzero(w, sizeof(*w));
	free(w);
	return 0;
}
