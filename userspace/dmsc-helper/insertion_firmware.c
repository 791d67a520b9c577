// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Firmware, for the pending child: the download child is started for a package, and
 * update-hook is given one (decision 13). What either means is the pending child's.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dmsc-helper/insertion_int.h"
#include "util/confine.h"
#include "util/log.h"

#define CODE_DONE 200
#define CODE_FAILED 410		/* FUMO: the update failed */
#define CODE_NETWORK 503
#define STATUS_LATER 75		/* sysexits: try again later */
#define PIECES_MAX 70000	/* told of one download: update-max has as many MiB, and few more */

/* The answer to the pending child's open request. */
static void reply(struct insertion *in, const struct ipc_firmware *f)
{
	struct ipc_msg m;

	in->stage = READING;
	if (in->cardc.fd < 0)
		return;
	ipc_prepare(&m, IPC_FIRMWARE);
	m.firmware = *f;
	if (ipc_send(in->cardc.fd, &m, SEND_MS))
		insertion_child_release(in);	/* it has gone: its exit status will say why */
}

static void reply_code(struct insertion *in, uint32_t code, bool retry, const char *reason)
{
	struct ipc_firmware f = { .code = code, .retry = retry };

	snprintf(f.reason, sizeof(f.reason), "%s", reason);
	reply(in, &f);
}

/* --- the download child ---------------------------------------------------- */

void insertion_download(struct insertion *in, const struct ipc_download *q)
{
	struct ipc_msg m;
	int r;

	in->fetch = *q;
	in->have_outcome = false;
	insertion_ui_begin(in);
	r = ++in->sessions > SESSIONS_MAX ? -EDQUOT : 0;
	if (!r)
		r = child_spawn(in->h, "download-child", true, &in->sess);
	if (!r) {
		ipc_prepare(&m, IPC_DOWNLOAD);
		m.download = *q;
		r = ipc_send(in->sess.fd, &m, SEND_MS);
		if (r)
			kill(in->sess.pid, SIGKILL);
	}
	if (r && !in->sess.pid) {
		reply_code(in, CODE_NETWORK, true, "the download could not be started");
		return;
	}
	in->stage = DOWNLOADING;
	log_info("%s: the download of firmware for '%s' starts", in->card, q->server_id);
}

void insertion_download_message(struct insertion *in)
{
	struct ipc_msg m;
	int r = ipc_recv(in->sess.fd, &m, 0);

	if (r == -ETIMEDOUT)
		return;
	if (!r && m.type == IPC_FIRMWARE && !in->have_outcome) {
		in->have_outcome = true;
		in->fetched = m.firmware;
		return;
	}
	if (!r && m.type == IPC_PROGRESS && ++in->ui.told <= PIECES_MAX) {
		progress_write(&in->progress, insertion_now_ms(), in->fetch.server_id,
			       m.progress.what, m.progress.done, m.progress.total);
		return;
	}
	if (r != -EPIPE) {
		log_err("%s: the download child broke the protocol", in->card);
		if (in->sess.pid)
			kill(in->sess.pid, SIGKILL);
	}
	close(in->sess.fd);
	in->sess.fd = -1;
}

void insertion_download_exit(struct insertion *in, int status)
{
	char reason[IPC_REASON_MAX];

	in->sess.pid = 0;	/* reaped: the number may be another process's by now */
	while (in->sess.fd >= 0 && !in->have_outcome) {
		/* its last word may still be in the socket */
		struct pollfd p = { .fd = in->sess.fd, .events = POLLIN };

		if (poll(&p, 1, 0) <= 0)
			break;
		insertion_download_message(in);
	}
	child_forget(&in->sess);
	progress_end(&in->progress);
	if (in->have_outcome && !in->stop) {
		reply(in, &in->fetched);
	} else {
		/* What came stays, and is gone on with. */
		snprintf(reason, sizeof(reason), "the download child ended with %s %d",
			 WIFSIGNALED(status) ? "signal" : "status",
			 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
		if (!in->stop)
			log_err("%s: %s", in->card, reason);
		reply_code(in, CODE_NETWORK, true, in->stop ? in->stop : reason);
	}
	if (in->stop) {
		insertion_child_release(in);
		in->deadline = insertion_now_ms() + CARD_STOP_MS;
	}
}

/* --- update-hook ----------------------------------------------------------- */

/* Statuses of shells and of the system (1, 2, 126 and so on) say no more than that it failed. */
uint32_t update_code(enum hook_end end, int status)
{
	static const struct {
		int from, to;		/* exit statuses */
		uint32_t code;		/* of the first */
	} codes[] = {
		{ 0, 0, CODE_DONE },
		{ 10, 59, 250 },	/* done, the maker's own codes: 250-299 */
		{ STATUS_LATER, STATUS_LATER, 0 },
		{ 100, 111, 400 },	/* 400-411 */
		{ 120, 123, 500 },	/* 500-503 */
		{ 150, 199, 450 },	/* failed, the maker's own: 450-499 */
		{ 200, 249, 550 },	/* 550-599 */
	};

	for (size_t i = 0; end == HOOK_EXITED && i < sizeof(codes) / sizeof(codes[0]); i++)
		if (status >= codes[i].from && status <= codes[i].to)
			return codes[i].code ? codes[i].code + (uint32_t)(status - codes[i].from) : 0;
	return CODE_FAILED;
}

/*
 * The child that asks may be anybody's by now: what it names is below the store, no link
 * leads there, and it is a file that the children's user alone has under this one name.
 * One step after the other: the unit has no openat2 (RestrictSUIDSGID= takes it away).
 */
static int open_below(const char *store, const char *package)
{
	_cleanup_close_ int top = open(store, O_PATH | O_DIRECTORY | O_CLOEXEC);
	_cleanup_close_ int dir = -1;
	char file[64];
	int fd;

	if (top < 0)
		return -errno;
	dir = openat(top, "firmware", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return -errno;
	snprintf(file, sizeof(file), "%s.pkg", package);	/* ipc_check: no "/" in it */
	fd = openat(dir, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

int package_open(const char *store, const char *package, uint64_t size, uid_t owner)
{
	struct stat st;
	int fd, r = 0;

	/* With its owner's rights: the unit leaves us none to files of others. */
	setfsuid(owner);
	fd = open_below(store, package);
	setfsuid(geteuid());
	if (fd < 0)
		return fd;
	if (fstat(fd, &st))
		r = -errno;
	else if (!S_ISREG(st.st_mode))
		r = -ENODEV;
	else if (st.st_uid != owner || st.st_nlink != 1 || (st.st_mode & 022))
		r = -EPERM;
	else if (st.st_size < 0 || (uint64_t)st.st_size != size)
		r = -EIO;
	if (!r)
		return fd;
	close(fd);
	return r;
}

static int update_input(struct insertion *in, const struct ipc_update *q)
{
	struct confine_id id;
	int r;

	if (q->verb == IPC_VERB_RESULT) {
		r = open("/dev/null", O_RDONLY | O_CLOEXEC);
		return r < 0 ? -errno : r;
	}
	r = confine_user(&id);
	return r ? r : package_open(in->h->conf.store, q->package, q->size, id.uid);
}

void insertion_update(struct insertion *in, const struct ipc_update *q)
{
	const char *verb = q->verb == IPC_VERB_UPDATE ? "update" : "result";
	char size[24];
	const char *argv[] = { NULL, verb, q->name, q->version, size, NULL };
	int fd, r;

	snprintf(size, sizeof(size), "%llu", (unsigned long long)q->size);
	if (!in->h->conf.update_hook[0]) {
		/* Not any more: nothing was run, and nothing is known. */
		reply_code(in, CODE_FAILED, false, "update-hook is not configured");
		return;
	}
	fd = update_input(in, q);
	if (fd < 0) {
		log_err("%s: the firmware package cannot be given to update-hook: %s", in->card,
			strerror(-fd));
		reply_code(in, CODE_FAILED, false, "the package cannot be opened");
		return;
	}
	r = hook_start_file(&in->hook, "update-hook", in->card, in->h->conf.update_hook, argv, fd,
			    HOOK_UPDATE_MS);
	close(fd);
	if (r) {
		reply_code(in, CODE_FAILED, false, "update-hook could not be started");
		return;
	}
	in->stage = UPDATING;
	log_notice("%s: update-hook: %s", in->card, verb);
}

void insertion_update_end(struct insertion *in, enum hook_end end, int status)
{
	uint32_t code = update_code(end, status);
	char reason[IPC_REASON_MAX] = "";

	if (code >= 300)
		snprintf(reason, sizeof(reason), "update-hook ended with %s %d", end == HOOK_EXITED ?
			 "status" : end == HOOK_KILLED ? "signal" : "no end in time,", status);
	log_notice("%s: update-hook ended (%s %d)", in->card, end == HOOK_EXITED ? "status" :
		   end == HOOK_KILLED ? "signal" : "no end in time,", status);
	reply_code(in, code, false, reason);
}
