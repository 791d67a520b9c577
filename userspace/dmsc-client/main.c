// SPDX-License-Identifier: GPL-2.0-or-later
/* dmsc-client(1): options and dispatch. What a subcommand does is in its own cmd_*.c. */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <sys/stat.h>

#include "dmsc-client/children.h"
#include "dmsc-client/client.h"
#include "util/log.h"
#include "util/str.h"

volatile sig_atomic_t client_stop;

static const char usage[] =
	"Usage: dmsc-client [OPTIONS] COMMAND ...\n"
	"\n"
	"  bootstrap FILE              apply a bootstrap message or provisioning document\n"
	"  session --server ID         run one DM session\n"
	"      [--allow-http] [--ca FILE] [--trace DIR] [--xml|--wbxml]\n"
	"      [--connect-timeout S] [--timeout S] [--session-timeout S]\n"
	"      [--interface NAME]\n"
	"  want --server ID            have dmsc-helper run one in the background\n"
	"  account add --server-id ID --url URL [--name NAME]\n"
	"      [--user U --password-file F [--auth md5|basic|hmac]]\n"
	"      [--server-user U --server-password-file F]\n"
	"  account list\n"
	"  account remove --server-id ID\n"
	"  notify FILE|-               a server asks for a session: a message from the modem\n"
	"  alert --type TYPE [--server ID] [--source URI] [--format F] [--mark M]\n"
	"        [--correlator C] [--data TEXT|--data-file FILE] [--now]\n"
	"                              tell a server something in the next session\n"
	"  alert list                  what waits to be told\n"
	"  tree [URI]                  print the stored tree, secrets masked\n"
	"  replay [--preload FILE] [--out DIR] [--server ID] [--max-msg-size N] [--objects]\n"
	"         MESSAGE...           play canned server messages; no network, no store\n"
	"  replay --trace DIR [--out DIR]\n"
	"                              run a recorded session again, compare what comes out\n"
	"  decode --files DIR [--json] [--show-secrets]\n"
	"                              explain the bootstrap data in a card's files\n"
	"\n"
	"Options, before or behind the command:\n"
	"  --store DIR       the store's directory (default: dmsc.conf, /var/lib/dmsc)\n"
	"  --device-id ID    what the device calls itself, such as IMEI:493005100592800\n"
	"  --config FILE     instead of " CONF_PATH "\n"
	"  --wait SECONDS    for another user of the store (default: as long as it takes)\n"
	"  --verbose         say more\n"
	"  --help, --version\n"
	"\n"
	"Exit status: 0 done, 1 usage, 2 configuration, 3 store, 4 network, 5 TLS,\n"
	"6 authentication, 7 protocol, 8 aborted, 9 a replay differs, 10 a trace is\n"
	"unusable, 11 rights could not be given up, 12 a notification is ignored. See dmsc-client(1).\n";

int client_common_option(struct client_args *a, int c, const char *arg)
{
	unsigned int s;

	switch (c) {
	case OPT_STORE:
		a->store = arg;
		return CLIENT_OK;
	case OPT_DEVICE_ID:
		if (!arg[0] || strlen(arg) >= 128) {
			log_err("--device-id: 1 to 127 bytes");
			return CLIENT_USAGE;
		}
		a->device_id = arg;
		return CLIENT_OK;
	case OPT_CONFIG:
		a->config = arg;
		return CLIENT_OK;
	case OPT_WAIT:
		if (str_parse_uint(arg, &s) < 0 || s > 86400) {
			log_err("--wait: 0 to 86400 seconds");
			return CLIENT_USAGE;
		}
		a->wait_ms = (int)s * 1000;
		return CLIENT_OK;
	case OPT_VERBOSE:
		log_init("dmsc-client", LOG_LVL_DEBUG);
		return CLIENT_OK;
	case OPT_HELP:
		fputs(usage, stdout);
		exit(fflush(stdout) ? CLIENT_USAGE : CLIENT_OK);
	default:
		/* getopt_long() has said what is wrong. */
		fputs("Try 'dmsc-client --help'.\n", stderr);
		return CLIENT_USAGE;
	}
}

void client_args_use(struct client_args *a)
{
	if (!a->store)
		a->store = a->conf.store;
	if (!a->device_id && a->conf.device_id[0])
		a->device_id = a->conf.device_id;
}

int client_args_finish(struct client_args *a)
{
	char err[CONF_ERROR_MAX];

	if (a->config && access(a->config, R_OK) < 0) {
		log_err("%s: %s", a->config, strerror(errno));
		return CLIENT_CONFIG;
	}
	if (conf_load(a->config ? a->config : CONF_PATH, &a->conf, err) < 0) {
		log_err("%s", err);
		return CLIENT_CONFIG;
	}
	client_args_use(a);
	return CLIENT_OK;
}

/* A child that waits for a person or a server comes back to its store: opening it costs most. */
static struct store *resting;

static int store_again(const struct client_args *a, struct store **out)
{
	struct store *s = resting;
	int err = store_resume(s, a->wait_ms, &client_stop);

	resting = NULL;
	if (!err)
		*out = s;
	else
		store_close(s);
	return err;
}

void client_store_rest(struct store **s)
{
	if (!*s)
		return;
	store_close(resting);
	resting = *s;
	store_rest(resting);
	*s = NULL;
}

void client_store_end(void)
{
	store_close(resting);
	resting = NULL;
}

int client_store_open(const struct client_args *a, enum store_mode mode, struct store **out)
{
	int err = resting && mode == STORE_WRITE ? store_again(a, out) : -ESTALE;

	if (err == -ESTALE)
		err = store_open_until(a->store, mode, a->wait_ms, &client_stop, out);
	if (!err)
		return CLIENT_OK;
	/* The store has said the rest itself. */
	if (err == -ENOENT)
		log_err("store %s: %s", a->store, store_strerror(err));
	return err == -EINTR ? CLIENT_ABORTED : CLIENT_STORE;
}

const char *client_args_device_id(const struct client_args *a, char *buf, size_t size)
{
	if (a->device_id)
		return a->device_id;
	if (client_device_id(buf, size) == 0)
		return buf;
	log_err("no device-id: give --device-id, or device-id in %s", CONF_PATH);
	return NULL;
}

static void on_signal(int sig)
{
	client_stop = 1;
}

/*
 * Started with one of them closed, a file or a connection of ours would be standard
 * output or error, and get what is said.
 */
static bool have_standard_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
			return false;
	return true;
}

static void catch_signals(void)
{
	/* No SA_RESTART: waiting for the store or the network ends early. */
	struct sigaction sa = { .sa_handler = on_signal };

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
	sa.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &sa, NULL);
}

struct command {
	const char *name;
	int (*run)(int argc, char **argv, struct client_args *a);
};

static const struct command commands[] = {
	{ "bootstrap", cmd_bootstrap },
	{ "session", cmd_session },
	{ "want", cmd_want },
	{ "account", cmd_account },
	{ "tree", cmd_tree },
	{ "replay", cmd_replay },
	{ "decode", cmd_decode },
	{ "notify", cmd_notify },
	{ "alert", cmd_alert },
};

/* Modes for dmsc-helper; they take no options and no signals of ours. */
static int run_child(int argc, char **argv, int *exit_code)
{
	static const struct {
		const char *name;
		int (*run)(int argc, char **argv);
	} children[] = {
		{ "card-child", child_card_main },
		{ "session-child", child_session_main },
		{ "pending-child", child_pending_main },
		{ "reconcile-child", child_reconcile_main },
		{ "decode-child", child_decode_main },
		{ "download-child", child_download_main },
	};

	for (size_t i = 0; argc > 1 && i < sizeof(children) / sizeof(children[0]); i++) {
		if (strcmp(argv[1], children[i].name) == 0) {
			*exit_code = children[i].run(argc - 1, argv + 1);
			return 1;
		}
	}
	return 0;
}

static int run_command(int argc, char **argv, struct client_args *a)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(argv[0], commands[i].name) == 0) {
			optind = 0;	/* a new list for getopt_long() */
			return commands[i].run(argc, argv, a);
		}
	}
	log_err("unknown command '%s'", argv[0]);
	fputs("Try 'dmsc-client --help'.\n", stderr);
	return CLIENT_USAGE;
}

int main(int argc, char **argv)
{
	enum { OPT_VERSION = OPT_OWN };
	static const struct option options[] = {
		CLIENT_COMMON_OPTIONS,
		{ "version", no_argument, NULL, OPT_VERSION },
		{ NULL, 0, NULL, 0 },
	};
	struct client_args args = { .wait_ms = STORE_WAIT_FOREVER };
	int c, rc;

	if (!have_standard_descriptors())
		return CLIENT_CONFIG;
	umask(077);
	/* Large messages leave no holes in the heap: their memory goes back at once. */
	mallopt(M_MMAP_THRESHOLD, 128 << 10);
	log_init("dmsc-client", LOG_LVL_NOTICE);
	if (run_child(argc, argv, &rc))
		return rc;
	catch_signals();
	while ((c = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		if (c == OPT_VERSION) {
			puts("dmsc-client " DMSC_VERSION);
			return fflush(stdout) ? CLIENT_USAGE : CLIENT_OK;
		}
		rc = client_common_option(&args, c, optarg);
		if (rc)
			return rc;
	}
	if (optind == argc) {
		fputs(usage, stderr);
		return CLIENT_USAGE;
	}
	return run_command(argc - optind, argv + optind, &args);
}
