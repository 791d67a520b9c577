// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * dmsc-helper --pending: what no card stands for, until nothing of it is open. It is
 * an insertion without a card: the pending child has the store, and asks for sessions
 * as a card child does. One instance; what comes while it runs, it is told of by a
 * file that it takes away when it has noticed. So nothing is lost between two of them:
 * the file is made before the lock is tried, and looked for after it was given back.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/inotify.h>

#include "dmsc-helper/insertion_int.h"
#include "util/lock.h"
#include "util/log.h"
#include "util/wake.h"

#ifndef PENDING_AGAIN_S
#define PENDING_AGAIN_S 60	/* as dmsc-pending.service has it */
#endif

/* The lock's descriptor, -EWOULDBLOCK, or -errno. Our number is in it for --reload. */
static int pending_lock(const char *dir)
{
	char path[128];

	if (snprintf(path, sizeof(path), "%s/pending.lock", dir) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	return lock_with_pid(path);
}

static int wake_watch(const char *dir)
{
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	if (fd >= 0 && inotify_add_watch(fd, dir, IN_CREATE | IN_MOVED_TO | IN_ONLYDIR) < 0) {
		close(fd);
		fd = -1;
	}
	if (fd < 0)
		log_warn("pending: what comes meanwhile is not noticed at once: %s", strerror(errno));
	return fd;
}

/* One child after the other, as long as there was more to do when one ended. */
static void work(struct insertion *in, struct helper *h)
{
	struct agreed agreed = { 0 }, told = { 0 };
	int r;

	do {
		insertion_init(in, h, "pending");
		in->agreed = agreed;
		in->told = told;
		in->wakefd = wake_watch(h->run_dir);
		r = wake_take(h->run_dir);
		if (r < 0) {
			log_err("%s/" WAKE_FILE ": %s", h->run_dir, strerror(-r));
			in->exit = HELPER_FAILED;
		} else {
			r = insertion_netlink_open(in);
			if (r) {	/* only questions need it */
				unl_close(in->nl);
				in->nl = NULL;
			}
			insertion_work(in);
		}
		insertion_fini(in);
		agreed = in->agreed;
		told = in->told;
	} while (!in->exit && !in->stop && (in->more || in->anew));
}

static bool is_marked(const char *dir)
{
	char path[128];

	return snprintf(path, sizeof(path), "%s/" WAKE_FILE, dir) < (int)sizeof(path) &&
	       !access(path, F_OK);
}

/* What failed was a child, or the disk: after a while it may go well. false: we are to end. */
static bool pause_taken(const struct helper *h)
{
	sigset_t ends;

	if (!h->detached)
		return false;
	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	return sigtimedwait(&ends, NULL, &(struct timespec){ .tv_sec = PENDING_AGAIN_S }) < 0;
}

int pending_run(struct helper *h)
{
	struct insertion *in = calloc(1, sizeof(*in));
	int fd, r = HELPER_FAILED;

	while (in) {
		fd = pending_lock(h->run_dir);
		if (fd == -EWOULDBLOCK) {
			log_info("pending: a helper is at work already");
			r = HELPER_OK;
			break;
		}
		if (fd < 0) {
			log_err("pending: lock: %s; nothing is done", strerror(-fd));
			r = HELPER_FAILED;
			break;
		}
		work(in, h);
		close(fd);
		r = in->exit;
		if (in->ended || (r == HELPER_FAILED ? !pause_taken(h) : r || !is_marked(h->run_dir)))
			break;
	}
	free(in);
	return r;
}
