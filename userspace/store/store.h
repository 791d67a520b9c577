/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store: what must survive a power cut, in one SQLite file.
 *
 * It keeps the management tree's rows, where they came from (origins), what
 * became of each card's wish for a session (card state) and the journal of
 * sessions. It decides nothing: policy is the client's, meaning is dm/'s.
 *
 * One writer: store_open(STORE_WRITE) takes a lock that lasts until
 * store_close(), so what was loaded is still true when it is committed.
 * Readers need no lock and see the last commit while a writer works.
 *
 * Every function returns 0 or -errno, and has said why in the log when it
 * failed: -EBUSY (another writer, and the wait is over), -EBADMSG (it is
 * damaged), -EDQUOT (the same, and STORE_DAMAGED_MAX are kept already), -EPROTO
 * (made by a newer dmsc), -EEXIST (another program's), -EACCES, -ENOENT, -ENOSPC,
 * -EROFS, -EIO, -EINTR, -ENOMEM, -EINVAL (an argument breaks a bound below).
 *
 * No file is ever overwritten that could not be read. One of a newer dmsc or of
 * another program is left as it is, byte for byte. A damaged one is renamed to
 * store.db.damaged-N, by writers alone: in store_open(), which begins a new
 * store then and succeeds; or, when damage shows later, in store_rest() or
 * store_close(), after a call that gave -EBADMSG. An error of the disk or of memory is not damage.
 *
 * Text handed in is NUL terminated UTF-8; text handed out is cut to its array
 * and NUL terminated. Times are seconds since the epoch, UTC.
 */
#ifndef DMSC_STORE_STORE_H
#define DMSC_STORE_STORE_H

#include <signal.h>
#include "dm/tree.h"
#include "util/cleanup.h"
#include "util/slice.h"

struct store;

enum store_mode {
	STORE_READ,	/* must exist; nothing can be changed; of an older one what it has is seen */
	STORE_WRITE,	/* made when missing, migrated when older; takes the writer lock */
};

#define STORE_FILE "store.db"		/* inside the store's directory, mode 0600 */
#define STORE_LOCK_FILE "store.lock"
#define STORE_DAMAGED_MAX 8		/* store.db.damaged-1 to -8 are kept */
#define STORE_NODES_MAX 1000000		/* of the tree: neither loaded nor committed beyond */
#define STORE_WAIT_FOREVER (-1)

#define STORE_SLOT_MAX 256		/* "TRANSPORT:LOCATION", the NUL included */
#define STORE_ICCID_MAX 16		/* bytes as in EF(ICCID); 10 in practice */
#define STORE_DIGEST_LEN 32		/* SHA-256 */
#define STORE_REASON_MAX 256
#define STORE_SERVER_MAX 256
#define STORE_BOOT_ID_MAX 40
#define STORE_URI_MAX 1024
#define STORE_CAUSE_MAX 32

/*
 * @dir is made with mode 0700 when missing (STORE_WRITE only). @wait_ms: how
 * long to wait for another writer; 0 = not at all, STORE_WAIT_FOREVER. The
 * wait is announced once in the log. *out is unmodified on failure.
 */
int store_open(const char *dir, enum store_mode mode, int wait_ms, struct store **out) must_check;
/* The same, but -EINTR within 100 ms once *stop is set (by a signal handler, say). */
int store_open_until(const char *dir, enum store_mode mode, int wait_ms,
		     const volatile sig_atomic_t *stop, struct store **out) must_check;
/* Rolls back what was not committed and releases the lock; NULL is fine. */
void store_close(struct store *s);
/*
 * For a writer that comes back soon and keeps nobody out meanwhile: what was not
 * committed is rolled back, the lock is given up, and what took time to open stays open.
 * Only store_resume() and store_close() may follow.
 */
void store_rest(struct store *s);
/*
 * The lock again; all others did meanwhile is seen. 0; -ESTALE: the store is not the same
 * files any more, or of another version, or was found damaged: close it, and open it anew;
 * else as store_open_until().
 */
int store_resume(struct store *s, int wait_ms, const volatile sig_atomic_t *stop) must_check;
/* What a failed call means and what a person can do about it; never NULL. */
const char *store_strerror(int err);

/*
 * Transactions. Each writing call below is durable by itself when it returns,
 * unless store_begin() came first: then all of them become durable together
 * in store_commit() or vanish in store_rollback(). They do not nest.
 */
int store_begin(struct store *s) must_check;
/*
 * The same for what a power cut may take: its commit is at once seen by readers
 * and outlives the process, but is durable only with the next one, or with
 * store_close(). Order is kept: it is never missing where something later is there.
 */
int store_begin_soon(struct store *s) must_check;
int store_commit(struct store *s) must_check;
void store_rollback(struct store *s);
bool store_in_transaction(const struct store *s);

/* --- the tree --- */

/* Loads every stored node into @t (dm_tree_load()), parents before children. */
int store_tree_load(struct store *s, struct dm_tree *t) must_check;
/*
 * Writes dm_tree_changes() and commits them, with everything done since
 * store_begin() if there was one, as one durable transaction; then calls
 * dm_tree_committed(). On failure nothing of it is stored, the transaction is
 * rolled back and the tree keeps its journal. A clean tree costs no write.
 */
int store_tree_commit(struct store *s, struct dm_tree *t) must_check;

/* --- origins: which card a node came from (dm_node.origin) --- */

struct store_origin {
	uint32_t id;				/* never 0, never reused */
	char slot[STORE_SLOT_MAX];		/* where the card was last seen */
	uint8_t iccid[STORE_ICCID_MAX];
	uint8_t iccid_len;			/* bytes; 0 = the card has no readable EF(ICCID) */
	uint8_t digest[STORE_DIGEST_LEN];	/* of the indicator and bootstrap files */
	int64_t created;
};

/*
 * Finds the origin with @o's ICCID and digest and moves it to @o's slot, or
 * makes it; fills @o->id (and @o->created when it was known).
 */
int store_origin_put(struct store *s, struct store_origin *o) must_check;
/* Gives the origin @o->id the slot and digest of @o; -ENOENT when there is none. */
int store_origin_renew(struct store *s, const struct store_origin *o) must_check;
/* -ENOENT when there is none. */
int store_origin_get(struct store *s, uint32_t id, struct store_origin *out) must_check;
/* Forgets the origin row only: its nodes are deleted through the tree. */
int store_origin_delete(struct store *s, uint32_t id) must_check;
/* In order of id. The callback's first non-zero return ends the walk and is returned. */
typedef int store_origin_fn(void *ctx, const struct store_origin *o);
int store_origin_each(struct store *s, store_origin_fn *fn, void *ctx);

/*
 * --- card state: what became of a card's content, and of its wish for a session
 * with each of its servers, by (ICCID, content, server) ---
 */

#define STORE_CARD_ROWS 512		/* of content that no origin has; older ones are dropped */

enum store_card_phase {
	STORE_CARD_NONE,	/* applied, no session wanted yet */
	STORE_CARD_PENDING,	/* wanted, to be tried (again) at next_attempt */
	STORE_CARD_DONE,	/* server accepted our credentials, session ended normally */
	STORE_CARD_REFUSED,	/* the person said no */
	STORE_CARD_FAILED,	/* given up; reason says why */
	STORE_CARD_PHASES
};

const char *store_card_phase_name(enum store_card_phase p);

struct store_card {
	uint8_t iccid[STORE_ICCID_MAX];
	uint8_t iccid_len;
	uint8_t digest[STORE_DIGEST_LEN];
	char server[STORE_SERVER_MAX];		/* "" = the row is about the content itself */
	enum store_card_phase phase;
	char reason[STORE_REASON_MAX];
	char boot_id[STORE_BOOT_ID_MAX];	/* of the insertion the phase is about */
	char slot[STORE_SLOT_MAX];
	uint64_t seq;				/* UICC_SEQ of that insertion */
	uint32_t attempts;
	int64_t next_attempt;			/* 0 = at once */
	int64_t updated;			/* set by the caller */
};

/* -ENOENT when nothing is known; *out is then unmodified. */
int store_card_get(struct store *s, struct slice iccid, const uint8_t digest[STORE_DIGEST_LEN],
		   const char *server, struct store_card *out) must_check;
/* Of what is about no origin of now, only the STORE_CARD_ROWS written last stay. */
int store_card_put(struct store *s, const struct store_card *c) must_check;
/* 0 also when there was none. */
int store_card_delete(struct store *s, struct slice iccid, const uint8_t digest[STORE_DIGEST_LEN],
		      const char *server) must_check;
typedef int store_card_fn(void *ctx, const struct store_card *c);
int store_card_each(struct store *s, store_card_fn *fn, void *ctx);

/* --- pairs: which (device, card) a server was already told of --- */

int store_pair_known(struct store *s, const char *device_id, struct slice iccid,
		     const char *server_id, bool *known) must_check;
int store_pair_put(struct store *s, const char *device_id, struct slice iccid,
		   const char *server_id, int64_t now) must_check;

/* --- journal of sessions: names and outcomes, never values --- */

#define STORE_JOURNAL_SESSIONS 256	/* older ones are dropped */
#define STORE_JOURNAL_NOTES 2048	/* per session; later ones are only counted */

struct store_session {
	int64_t id;
	char server_id[STORE_SERVER_MAX];
	char cause[STORE_CAUSE_MAX];	/* what it was for: a STORE_CAUSE_*; "" = not known */
	int64_t started;
	int64_t ended;			/* 0 = never ended: running, or killed */
	char outcome[32];		/* "" while it runs; else client_outcome_name() */
	char reason[STORE_REASON_MAX];
	uint32_t messages;
	uint32_t notes;			/* operations seen, those not kept included */
};

struct store_note {
	int64_t session;
	char op[16];			/* "Get", "Replace", "Replace ACL" ... */
	char uri[STORE_URI_MAX];
	int status;			/* DM status code the server was given */
};

/* Why there is a session: words of the journal and of wishes (store/wish.h). */
#define STORE_CAUSE_HAND "by hand"		/* dmsc-client session */
#define STORE_CAUSE_ASKED "asked"		/* dmscctl session start */
#define STORE_CAUSE_CARD "card"			/* its indicator or provisioning data */
#define STORE_CAUSE_NOTIFICATION "notification"	/* the server's, Package 0 */
#define STORE_CAUSE_REQUESTED "requested"	/* the same, and the person asked the server for it */
#define STORE_CAUSE_ALERT "alert"		/* something to tell the server */
#define STORE_CAUSE_FIRMWARE "firmware"		/* the result of an update */

int store_session_begin(struct store *s, const char *server_id, const char *cause, int64_t now,
			int64_t *id) must_check;
int store_session_note(struct store *s, int64_t id, const char *op, struct slice uri,
		       int status) must_check;
int store_session_end(struct store *s, int64_t id, const char *outcome, const char *reason,
		      uint32_t messages, int64_t now) must_check;
/* Newest first, at most @max (0 = all). */
typedef int store_session_fn(void *ctx, const struct store_session *j);
int store_session_each(struct store *s, unsigned int max, store_session_fn *fn, void *ctx);
/* Of one session, in order. */
typedef int store_note_fn(void *ctx, const struct store_note *n);
int store_note_each(struct store *s, int64_t id, store_note_fn *fn, void *ctx);

static inline void cleanup_store_(struct store **s)
{
	store_close(*s);
}
#define _cleanup_store_ __attribute__((cleanup(cleanup_store_)))

#endif
