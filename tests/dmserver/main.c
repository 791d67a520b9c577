// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * dm-server: a small real DM server to try clients against. This file has the
 * options and the loop; what is answered is decided in session.c.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>

#include "http.h"
#include "json.h"
#include "summary.h"
#include "util/cleanup.h"
#include "util/log.h"
#include "util/str.h"

enum exit_code {
	EXIT_OK = 0,
	EXIT_USAGE = 1,
	EXIT_FILE = 2,		/* script, users file or record directory */
	EXIT_LISTEN = 3,	/* address, certificate or key */
	EXIT_FOUND = 4,		/* --strict, and there was a violation or failed expectation */
};

struct options {
	const char *listen, *cert, *key, *client_ca, *server_id, *users, *script, *record, *summary;
	bool plain_http, no_raw, strict, check_script, quiet;
	uint32_t max_message, max_sessions, session_timeout_s, exit_after;
};

static const char usage_text[] =
	"usage: dm-server --listen HOST:PORT (--cert FILE --key FILE | --plain-http)\n"
	"                 [--server-id ID] [--users FILE] [--script FILE] [--record DIR]\n"
	"       dm-server --summary DIR\n"
	"       dm-server --check-script --script FILE\n"
	"\n"
	"  --listen HOST:PORT     where to serve; port 0 takes a free one\n"
	"  --cert FILE            certificate chain (PEM)\n"
	"  --key FILE             its private key (PEM)\n"
	"  --client-ca FILE       clients must show a certificate of this CA (PEM)\n"
	"  --plain-http           serve without TLS\n"
	"  --server-id ID         server identifier (dm.example.net)\n"
	"  --users FILE           users, passwords and schemes; nobody is asked without it\n"
	"  --script FILE          what to play; without it every session ends at once\n"
	"  --record DIR           write events, messages and nonces there\n"
	"  --no-raw               do not keep the messages themselves\n"
	"  --max-message BYTES    largest request taken (1048576)\n"
	"  --max-sessions N       sessions at a time (64)\n"
	"  --session-timeout S    seconds of silence that end a session (300)\n"
	"  --exit-after N         stop when N sessions have ended\n"
	"  --strict               exit with 4 when a rule or an expectation was broken\n"
	"  --quiet                log warnings only\n"
	"  --summary DIR          tell a record directory's sessions, a line or two each\n"
	"  --check-script         read the script, say what is wrong, and stop\n"
	"  --help, --version\n"
	"\n"
	"dm-server(1) has the details, Documentation/dm-server-script.rst the scripts.\n";

static bool number_option(const char *name, uint32_t min, uint32_t max, uint32_t *out)
{
	if (!str_parse_u32(slice_str(optarg), out) && *out >= min && *out <= max)
		return true;
	fprintf(stderr, "--%s: \"%s\" is no number from %u to %u\n", name, optarg, min, max);
	return false;
}

enum { OPT_LISTEN = 256, OPT_CERT, OPT_KEY, OPT_CLIENT_CA, OPT_PLAIN, OPT_SERVER_ID, OPT_USERS, OPT_SCRIPT,
       OPT_RECORD, OPT_NO_RAW, OPT_MAX_MESSAGE, OPT_MAX_SESSIONS, OPT_TIMEOUT, OPT_EXIT_AFTER,
       OPT_STRICT, OPT_QUIET, OPT_SUMMARY, OPT_CHECK, OPT_HELP, OPT_VERSION };

static const struct option long_options[] = {
	{ "listen", required_argument, NULL, OPT_LISTEN },
	{ "cert", required_argument, NULL, OPT_CERT },
	{ "key", required_argument, NULL, OPT_KEY },
	{ "client-ca", required_argument, NULL, OPT_CLIENT_CA },
	{ "plain-http", no_argument, NULL, OPT_PLAIN },
	{ "server-id", required_argument, NULL, OPT_SERVER_ID },
	{ "users", required_argument, NULL, OPT_USERS },
	{ "script", required_argument, NULL, OPT_SCRIPT },
	{ "record", required_argument, NULL, OPT_RECORD },
	{ "no-raw", no_argument, NULL, OPT_NO_RAW },
	{ "max-message", required_argument, NULL, OPT_MAX_MESSAGE },
	{ "max-sessions", required_argument, NULL, OPT_MAX_SESSIONS },
	{ "session-timeout", required_argument, NULL, OPT_TIMEOUT },
	{ "exit-after", required_argument, NULL, OPT_EXIT_AFTER },
	{ "strict", no_argument, NULL, OPT_STRICT },
	{ "quiet", no_argument, NULL, OPT_QUIET },
	{ "summary", required_argument, NULL, OPT_SUMMARY },
	{ "check-script", no_argument, NULL, OPT_CHECK },
	{ "help", no_argument, NULL, OPT_HELP },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ NULL, 0, NULL, 0 },
};

static bool numbers(struct options *o, int c)
{
	switch (c) {
	case OPT_MAX_MESSAGE:
		return number_option("max-message", 1024, 64 << 20, &o->max_message);
	case OPT_MAX_SESSIONS:
		return number_option("max-sessions", 1, 4096, &o->max_sessions);
	case OPT_TIMEOUT:
		return number_option("session-timeout", 1, 86400, &o->session_timeout_s);
	case OPT_EXIT_AFTER:
		return number_option("exit-after", 1, UINT32_MAX, &o->exit_after);
	default:
		return false;
	}
}

static const char **text_option(struct options *o, int c)
{
	switch (c) {
	case OPT_LISTEN:
		return &o->listen;
	case OPT_CERT:
		return &o->cert;
	case OPT_KEY:
		return &o->key;
	case OPT_CLIENT_CA:
		return &o->client_ca;
	case OPT_SERVER_ID:
		return &o->server_id;
	case OPT_USERS:
		return &o->users;
	case OPT_SCRIPT:
		return &o->script;
	case OPT_RECORD:
		return &o->record;
	case OPT_SUMMARY:
		return &o->summary;
	default:
		return NULL;
	}
}

static bool *flag_option(struct options *o, int c)
{
	switch (c) {
	case OPT_PLAIN:
		return &o->plain_http;
	case OPT_NO_RAW:
		return &o->no_raw;
	case OPT_STRICT:
		return &o->strict;
	case OPT_QUIET:
		return &o->quiet;
	case OPT_CHECK:
		return &o->check_script;
	default:
		return NULL;
	}
}

/* False: stop now with *@code. */
static bool parse_options(int argc, char **argv, struct options *o, int *code)
{
	const char **text;
	bool *flag;
	int c;

	*code = EXIT_USAGE;
	while ((c = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		text = text_option(o, c);
		flag = flag_option(o, c);
		if (text) {
			*text = optarg;
		} else if (flag) {
			*flag = true;
		} else if (c == OPT_HELP || c == OPT_VERSION) {
			fputs(c == OPT_HELP ? usage_text : "dm-server " DMSC_VERSION "\n", stdout);
			*code = EXIT_OK;
			return false;
		} else if (c == '?' || !numbers(o, c)) {
			return false;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "what is \"%s\"? See --help\n", argv[optind]);
		return false;
	}
	if (o->summary || o->check_script)
		return true;
	if (o->client_ca && o->plain_http) {
		fputs("--client-ca needs TLS\n", stderr);
		return false;
	}
	if (!o->listen || o->plain_http == (o->cert && o->key) || !o->cert != !o->key) {
		fputs("--listen and either --cert with --key or --plain-http are needed; see --help\n",
		      stderr);
		return false;
	}
	return true;
}

/* "HOST:PORT" or "[HOST]:PORT" into two strings within @text. */
static bool split_address(char *text, const char **host, const char **port)
{
	char *colon = strrchr(text, ':');
	unsigned int n;

	if (!colon || str_parse_uint(colon + 1, &n) || n > 65535)
		return false;
	*colon = '\0';
	*port = colon + 1;
	*host = text;
	if (text[0] == '[' && colon[-1] == ']') {
		colon[-1] = '\0';
		*host = text + 1;
	}
	return true;
}

static void on_request(void *ctx, const struct dm_request *req, struct dm_response *res)
{
	session_request(ctx, req, res);
}

static const char *http_password(void *ctx, struct slice name)
{
	const struct server *srv = ctx;
	const struct user *u = users_find_http(srv->users, name);

	return u ? (const char *)u->http_password.p : NULL;
}

static int loop(struct server *srv, struct http *http, const struct options *o)
{
	struct signalfd_siginfo si;
	sigset_t set;
	int fd, err = 0;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return -errno;
	while (!err && !(o->exit_after && srv->ended >= o->exit_after)) {
		err = http_run(http, fd, 1000);
		session_expire(srv, session_now_ms());
		if (read(fd, &si, sizeof(si)) == (ssize_t)sizeof(si))
			break;
	}
	/* The last session's answer may still be on its way out. */
	if (!err && o->exit_after && srv->ended >= o->exit_after)
		for (unsigned int i = 0; i < 20 && !http_run(http, fd, 25); i++)
			;
	close(fd);
	return err;
}

static void block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static void note_start(struct server *srv, const struct options *o, unsigned int port)
{
	struct buf *e = record_begin(srv->record, "start");

	json_bytes(e, "server_id", srv->server_id);
	json_num(e, "port", port);
	json_bool(e, "tls", !o->plain_http);
	if (o->script)
		json_str(e, "script", o->script);
	record_end(srv->record);
}

static void note_stop(struct server *srv)
{
	struct buf *e = record_begin(srv->record, "stop");

	json_num(e, "sessions", srv->begun);
	json_num(e, "messages_in", srv->sum.in);
	json_num(e, "messages_out", srv->sum.out);
	json_num(e, "commands", srv->sum.commands);
	json_num(e, "ok", srv->sum.ok);
	json_num(e, "violations", srv->sum.violations);
	json_num(e, "failed_expects", srv->sum.failed);
	record_end(srv->record);
	printf("%u sessions, %u messages in, %u out, %u commands (%u ok), %u violations, %u failed expectations\n",
	       srv->begun, srv->sum.in, srv->sum.out, srv->sum.commands, srv->sum.ok,
	       srv->sum.violations, srv->sum.failed);
	fflush(stdout);
}

static int serve(struct server *srv, const struct options *o)
{
	_cleanup_free_ char *address = strdup(o->listen);
	struct http_config cfg = {
		.cert = o->cert,
		.key = o->key,
		.client_ca = o->client_ca,
		.auth = srv->script->http_auth,
		.password = http_password,
		.max_body = o->max_message,
		.handle = on_request,
		.ctx = srv,
	};
	struct http *http;
	int err;

	if (!address || !split_address(address, &cfg.host, &cfg.port)) {
		fprintf(stderr, "--listen: \"%s\" is no HOST:PORT\n", o->listen);
		return EXIT_USAGE;
	}
	http = http_start(&cfg);
	if (!http)
		return EXIT_LISTEN;
	note_start(srv, o, http_port(http));
	printf(strchr(cfg.host, ':') ? "listening on [%s]:%u\n" : "listening on %s:%u\n", cfg.host,
	       http_port(http));
	fflush(stdout);
	err = loop(srv, http, o);
	if (err)
		log_err("the server cannot go on: %s", strerror(-err));
	http_stop(http);
	session_stop(srv);
	note_stop(srv);
	if (err)
		return EXIT_LISTEN;
	return o->strict && (srv->sum.violations || srv->sum.failed) ? EXIT_FOUND : EXIT_OK;
}

static int run(const struct options *o)
{
	struct script script = { 0 };
	struct users users = { 0 };
	struct record record;
	struct server srv = { .script = &script, .users = &users, .record = &record };
	int err, code = EXIT_FILE;

	if (o->script && script_load(&script, o->script))
		return EXIT_FILE;
	if (o->check_script) {
		script_fini(&script);
		return EXIT_OK;
	}
	err = record_open(&record, o->record, !o->no_raw);
	if (err) {
		fprintf(stderr, "%s: %s\n", o->record, strerror(-err));
		goto out_script;
	}
	if (users_load(&users, o->users, &record))
		goto out_record;
	srv.server_id = slice_str(o->server_id);
	if (slice_present(script.server_id))
		srv.server_id = script.server_id;
	srv.max_sessions = o->max_sessions;
	srv.session_timeout_s = o->session_timeout_s;
	srv.sessions = calloc(srv.max_sessions, sizeof(*srv.sessions));
	if (srv.sessions)
		code = serve(&srv, o);
	free(srv.sessions);
	users_fini(&users);
out_record:
	record_close(&record);
out_script:
	script_fini(&script);
	return code;
}

int main(int argc, char **argv)
{
	struct options o = {
		.server_id = "dm.example.net",
		.max_message = 1 << 20,
		.max_sessions = 64,
		.session_timeout_s = 300,
	};
	int code;

	if (!parse_options(argc, argv, &o, &code))
		return code;
	log_init("dm-server", o.quiet ? LOG_LVL_WARN : LOG_LVL_INFO);
	if (o.summary)
		return summary_print(o.summary) ? EXIT_FILE : EXIT_OK;
	if (o.check_script && !o.script) {
		fputs("--check-script needs --script FILE\n", stderr);
		return EXIT_USAGE;
	}
	block_signals();
	return run(&o);
}
