/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of dmsc-client share among themselves. */
#ifndef DMSC_CLIENT_CLIENT_H
#define DMSC_CLIENT_CLIENT_H

#include <getopt.h>
#include <signal.h>
#include "codec/codec.h"
#include "dm/tnds.h"
#include "dmsc-client/session_run.h"
#include "mo/mo.h"
#include "store/store.h"
#include "util/conf.h"

/* Codec's TNDS documents behind the engine's seam. */
extern const struct dm_tnds_ops client_tnds_ops;

/* The built-in objects with what is known of the device; @device_id may be NULL. NULL: no memory. */
struct mo_set *client_objects_new(const struct conf *c, const char *device_id);
/*
 * Adds those that the configuration names, which loads code and starts
 * programs: before seccomp_enter(). 0 or -ENOMEM; others are left out and said.
 */
int client_objects_load(struct mo_set *s, const struct conf *c) must_check;

/*
 * The stored tree with @objects installed, which it borrows; NULL: the built-in
 * ones only stand there, and say nothing new of the device. 0 or -errno; *out
 * is unmodified on failure.
 */
int client_tree_open(struct store *s, struct mo_set *objects, struct dm_tree **out) must_check;

/* What the configuration says of @o->server_id and its transport; @c outlives @o. */
void client_session_conf(struct client_session_opts *o, const struct conf *c);

/* Fills a bounded reason. */
void client_reason(char *out, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Options that every subcommand takes, and the configuration behind them. */
struct client_args {
	struct conf conf;
	const char *store;		/* directory */
	const char *device_id;		/* NULL = to be derived */
	const char *config;		/* NULL = CONF_PATH, which may be missing */
	int wait_ms;
};

enum { OPT_STORE = 256, OPT_DEVICE_ID, OPT_CONFIG, OPT_WAIT, OPT_HELP, OPT_VERBOSE, OPT_OWN };
#define CLIENT_COMMON_OPTIONS \
	{ "store", required_argument, NULL, OPT_STORE }, \
	{ "device-id", required_argument, NULL, OPT_DEVICE_ID }, \
	{ "config", required_argument, NULL, OPT_CONFIG }, \
	{ "wait", required_argument, NULL, OPT_WAIT }, \
	{ "verbose", no_argument, NULL, OPT_VERBOSE }, \
	{ "help", no_argument, NULL, OPT_HELP }

/* Takes an option of the table above; CLIENT_OK, or the exit code with the reason printed. */
int client_common_option(struct client_args *a, int c, const char *arg) must_check;
/* Reads the configuration and fills what no option gave. CLIENT_OK or CLIENT_CONFIG. */
int client_args_finish(struct client_args *a) must_check;
/* The second half of it, for a configuration that is loaded. */
void client_args_use(struct client_args *a);
/*
 * rights.c. Before a command looks at what a server or a card wrote. Root becomes
 * the owner of @a's store (of the system's: the user dmsc, and it is made), in a
 * mount tree where nothing but the store is writable; with a store of root's own it
 * stays root, without capabilities. @give_fd: a directory just made that goes to
 * the same owner, or -1. Others have nothing to give up.
 * CLIENT_OK or the exit code, with the reason logged.
 */
int client_rights_store(const struct client_args *a, enum store_mode mode, bool network, int give_fd)
	must_check;
/* Is @a's store the system's, and not one that somebody named? */
bool client_rights_systems(const struct client_args *a);
/* The same for a replay: root becomes the owner of @input. */
int client_rights_replay(const char *input, int give_fd) must_check;
/* The last step, everybody's: the system call filter. CLIENT_OK or CLIENT_SANDBOX. */
int client_rights_filter(bool network) must_check;
#define CLIENT_KEPT_MAX 32
/* Opens what may be out of reach afterwards; the descriptor and, in @out, a name for it, or -errno. */
int client_rights_keep(const char *path, int flags, char out[CLIENT_KEPT_MAX]) must_check;
/* Opens the store; CLIENT_OK or CLIENT_STORE. */
int client_store_open(const struct client_args *a, enum store_mode mode, struct store **out) must_check;
/*
 * In place of store_close() for who opens it again and again: kept for the next
 * client_store_open(), and nobody has to wait for us. One store at a time. *s is NULL then.
 */
void client_store_rest(struct store **s);
#define _cleanup_client_store_ __attribute__((cleanup(client_store_rest)))
/* Closes what rests. */
void client_store_end(void);
/* a->device_id, or a derived one put into @buf; NULL (said why) without any. */
const char *client_args_device_id(const struct client_args *a, char *buf, size_t size);

/* Set by SIGINT, SIGTERM and SIGHUP. */
extern volatile sig_atomic_t client_stop;

/* Subcommands: argv[0] is the word; each returns the exit code. */
int cmd_bootstrap(int argc, char **argv, struct client_args *a);
int cmd_session(int argc, char **argv, struct client_args *a);
int cmd_account(int argc, char **argv, struct client_args *a);
int cmd_tree(int argc, char **argv, struct client_args *a);
int cmd_alert(int argc, char **argv, struct client_args *a);
int cmd_notify(int argc, char **argv, struct client_args *a);
int cmd_decode(int argc, char **argv, struct client_args *a);
int cmd_replay(int argc, char **argv, struct client_args *a);
int cmd_want(int argc, char **argv, struct client_args *a);

#endif
