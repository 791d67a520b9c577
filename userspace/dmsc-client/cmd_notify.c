// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * dmsc-client notify FILE: what a modem received is a server's wish for a session, or
 * it is nothing. The message is anybody's until its digest is right, so until then
 * nothing is written and nobody is waited for.
 */
#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "dmsc-client/client.h"
#include "mo/dmacc.h"
#include "net/notification.h"
#include "store/notified.h"
#include "store/wish.h"
#include "util/log.h"
#include "util/str.h"
#include "util/wake.h"

static const char unknown[] = "notification ignored: its server has no account here";

static int read_stdin(struct buf *msg)
{
	for (;;) {
		uint8_t *room = buf_room(msg, 1024);
		ssize_t n;

		if (!room)
			return buf_error(msg);
		n = read(STDIN_FILENO, room, 1024);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (!n || client_stop)
			return n ? -EINTR : 0;
		if (n > 0)
			msg->len += n;
	}
}

/* Bounded: what is larger is no notification, and is not read to its end. */
static int read_message(const char *file, struct buf *msg)
{
	int err;

	msg->max = NOTIFICATION_MAX + 1024;
	err = strcmp(file, "-") ? buf_read_file(msg, file) : read_stdin(msg);
	if (!err)
		return CLIENT_OK;
	if (err == -EMSGSIZE) {
		log_err("%s: larger than a notification may be", file);
		return CLIENT_PROTOCOL;
	}
	log_err("%s: %s", file, strerror(-err));
	return err == -EINTR ? CLIENT_ABORTED : CLIENT_CONFIG;
}

static int take_apart(struct slice msg, struct notification *n)
{
	switch (notification_parse(msg, n)) {
	case 0:
		return CLIENT_OK;
	case -EPROTONOSUPPORT:
		log_notice("notification ignored: its version is not known");
		return CLIENT_IGNORED;
	default:
		log_err("this is no notification");
		return CLIENT_PROTOCOL;
	}
}

/*
 * Is the digest the server's? *reset: the nonce 0x00000000 it was made with, if it was
 * not made with the one that the server was given last (NOTI 6.2).
 */
static bool signed_by(const struct dm_account *a, const struct notification *n, struct slice *reset)
{
	struct slice secret = buf_slice(&a->server.secret);

	*reset = SLICE_NONE;
	if (!a->server.present)
		return false;
	/* A nonce never given proves nothing. */
	if (a->server.nonce.len && notification_signed(n, secret, buf_slice(&a->server.nonce)))
		return true;
	for (unsigned int i = 0; ; i++) {
		*reset = notification_reset_nonce(i);
		if (!slice_present(*reset))
			return false;
		if (notification_signed(n, secret, *reset))
			return true;
	}
}

/* What the store says of the sender. CLIENT_OK: it is a server of ours. */
static int judge(struct dm_tree *t, const struct notification *n, struct slice *reset)
{
	struct dm_account account;
	int err = dmacc_read(t, n->server_id, &account);
	int rc = CLIENT_OK;

	if (err == -ENOENT || n->server_id.n >= STORE_SERVER_MAX) {
		log_notice("%s", unknown);
		rc = CLIENT_IGNORED;
	} else if (err == -ENOMEM) {
		log_err("out of memory");
		rc = CLIENT_STORE;
	} else if (!signed_by(&account, n, reset)) {
		log_warn("notification refused: its digest is not the server's");
		rc = CLIENT_AUTH;
	}
	dm_account_fini(&account);
	return rc;
}

/* The same by who only reads: a sender who is nobody makes nobody wait. */
static int judge_first(const struct client_args *a, const struct notification *n)
{
	_cleanup_store_ struct store *s = NULL;
	struct slice reset;
	struct dm_tree *t;
	int rc, err = store_open(a->store, STORE_READ, 0, &s);

	if (err == -ENOENT) {
		log_notice("%s", unknown);
		return CLIENT_IGNORED;
	}
	if (err || client_tree_open(s, NULL, &t))
		return CLIENT_STORE;
	rc = judge(t, n, &reset);
	dm_tree_free(t);
	return rc;
}

/* What the person is told, if they are: NOTI 6.2.2.5 and 6.2.2.6. */
static void wish_of(const struct notification *n, struct store_wish *w)
{
	memset(w, 0, sizeof(*w));
	w->session_id = n->session_id;
	w->ui = n->ui == NOTIFICATION_UI_ASK	      ? STORE_WISH_ASK :
		n->ui == NOTIFICATION_UI_INFORMATIVE ? STORE_WISH_NOTICE : STORE_WISH_QUIET;
	snprintf(w->server, sizeof(w->server), "%.*s", (int)n->server_id.n,
		 (const char *)n->server_id.p);
	snprintf(w->cause, sizeof(w->cause), "%s",
		 n->by_server ? STORE_CAUSE_NOTIFICATION : STORE_CAUSE_REQUESTED);
}

/* Noted, wished for and, after a reset, with the nonces that both begin anew from: at once. */
static int take(struct store *s, struct dm_tree *t, const struct notification *n,
		struct slice reset, enum store_notified *known)
{
	struct store_wish w;
	int64_t now = time(NULL);
	int err;

	wish_of(n, &w);
	err = store_begin(s);
	if (!err)
		err = store_notified_take(s, w.server, w.session_id, n->digest.p, now, known);
	if (!err && *known == STORE_NOTIFIED_NEW)
		err = store_wish_put(s, &w, now);
	if (!err && *known == STORE_NOTIFIED_NEW && slice_present(reset)) {
		err = dmacc_save_nonces(t, n->server_id, reset, reset, now);
		if (!err)
			return store_tree_commit(s, t);
	}
	if (!err)
		return store_commit(s);
	store_rollback(s);
	return err;
}

static int obey(const struct client_args *a, const struct notification *n)
{
	_cleanup_store_ struct store *s = NULL;
	enum store_notified known = STORE_NOTIFIED_NEW;
	struct dm_tree *t;
	struct slice reset;
	int rc = client_store_open(a, STORE_WRITE, &s);

	if (rc)
		return rc;
	if (client_tree_open(s, NULL, &t))
		return CLIENT_STORE;
	rc = judge(t, n, &reset);
	if (!rc && take(s, t, n, reset, &known))
		rc = CLIENT_STORE;
	dm_tree_free(t);
	if (rc)
		return rc;
	if (known == STORE_NOTIFIED_NEW) {
		printf("a session with %.*s is wanted\n", (int)n->server_id.n,
		       (const char *)n->server_id.p);
		return CLIENT_OK;
	}
	log_notice("notification ignored: %s", known == STORE_NOTIFIED_AGAIN ? "it came before" :
		   "its server sent too many within an hour");
	return CLIENT_IGNORED;
}

int cmd_notify(int argc, char **argv, struct client_args *a)
{
	static const struct option options[] = { CLIENT_COMMON_OPTIONS, { NULL, 0, NULL, 0 } };
	_cleanup_buf_ struct buf msg = BUF_INIT;
	struct notification n;
	int c, rc, waker = -1;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		rc = client_common_option(a, c, optarg);
		if (rc)
			return rc;
	}
	if (argc - optind != 1) {
		log_err("notify: give one FILE, or - for standard input");
		return CLIENT_USAGE;
	}
	rc = client_args_finish(a);
	if (!rc)
		rc = read_message(argv[optind], &msg);
	if (!rc && client_rights_systems(a))
		waker = waker_new();
	if (!rc)
		rc = client_rights_store(a, STORE_WRITE, false, -1);
	if (!rc)
		rc = client_rights_filter(false);
	if (!rc)
		rc = take_apart(buf_slice(&msg), &n);
	if (!rc)
		rc = judge_first(a, &n);
	if (!rc)
		rc = obey(a, &n);
	waker_end(waker, rc == CLIENT_OK);
	return rc;
}
