// SPDX-License-Identifier: GPL-2.0-or-later
/* dmscctl(1): options and dispatch. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "dmscctl/ctl.h"
#include "util/log.h"

#define HELPER DMSC_PREFIX "/sbin/dmsc-helper"

static const char usage[] =
	"usage: dmscctl [--json] [--store DIR] [--config FILE] COMMAND\n"
	"  slots        readers and what is in them\n"
	"  cards        cards that answered\n"
	"  questions    questions that wait for a person, or are being shown\n"
	"  accounts     DM accounts and where they came from\n"
	"  session list what is to be done, and the last sessions and how they ended\n"
	"  session show ID\n"
	"               what a server asked for in one of them, and was told\n"
	"  session start SERVER\n"
	"               have one run in the background\n"
	"  alert ...    have a server told something in the next session: dmsc-client alert\n"
	"  alert list   what waits to be told\n"
	"  state        what became of each card's wish for a session\n"
	"  tree [URI]   the management tree, secrets masked\n"
	"  status       slots, questions, accounts and sessions together\n"
	"  check-config is dmsc.conf good?\n"
	"  reload       have a changed dmsc.conf take effect\n"
	"  readers      USB card readers and who has them\n"
	"  bind READER  give one to the kernel, also when pcscd has it\n"
	"  unbind READER\n"
	"               give it back\n"
	"  card decode SLOT | --files DIR [--json] [--show-secrets]\n"
	"               explains a card's bootstrap data\n"
	"Also: --help, --version\n";

static int status(const struct ctl *c)
{
	int r, worst = CTL_OK;

	puts("# slots");
	r = ctl_slots(c);
	if (r)
		worst = r;
	if (!r) {
		puts("# questions");
		r = ctl_questions(c);
		worst = r ? r : worst;
	}
	puts("# accounts");
	r = ctl_accounts(c);
	worst = r ? r : worst;
	if (r)
		return worst;
	puts("# sessions");
	r = ctl_session_list(c);
	return r ? r : worst;
}

/* Loading it, before any command, was the check. */
static int ctl_check_config(const struct ctl *c)
{
	printf("%s: %s\n", c->conf_path, access(c->conf_path, F_OK) ? "not there; the defaults hold" : "good");
	return CTL_OK;
}

/* The helper's work: it is root's, and knows where helpers are. */
static int ctl_reload(const struct ctl *c)
{
	execl(HELPER, "dmsc-helper", "--" "reload", "--config", c->conf_path, NULL);
	fprintf(stderr, "dmscctl: " HELPER ": %s\n", strerror(errno));
	return CTL_FAILED;
}

static int session(const struct ctl *c, int argc, char **argv)
{
	if (argc == 1 && !strcmp(argv[0], "list"))
		return ctl_session_list(c);
	if (argc == 2 && !strcmp(argv[0], "show"))
		return ctl_session_show(c, argv[1]);
	if (argc == 2 && !strcmp(argv[0], "start"))
		return ctl_session_start(c, argv[1]);
	fputs(usage, stderr);
	return CTL_USAGE;
}

static int dispatch(const struct ctl *c, int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(const struct ctl *c);
	} commands[] = {
		{ "slots", ctl_slots }, { "cards", ctl_cards }, { "questions", ctl_questions },
		{ "accounts", ctl_accounts },
		{ "state", ctl_state }, { "status", status },
		{ "readers", ctl_readers },
		{ "check-config", ctl_check_config }, { "reload", ctl_reload },
	};
	size_t i;

	if (argc >= 2 && argc <= 3 && !strcmp(argv[0], "card") && !strcmp(argv[1], "decode"))
		return ctl_decode(c, argv[2]);
	if (c->files || c->secrets) {
		fputs("dmscctl: --files and --show-secrets are of card decode\n", stderr);
		return CTL_USAGE;
	}
	if (argc == 2 && !strcmp(argv[0], "bind"))
		return ctl_bind(argv[1]);
	if (argc == 2 && !strcmp(argv[0], "unbind"))
		return ctl_unbind(argv[1]);
	if (argc >= 1 && !strcmp(argv[0], "alert"))
		return ctl_alert(c, argc, argv);
	if (argc >= 1 && !strcmp(argv[0], "session"))
		return session(c, argc - 1, argv + 1);
	if (argc >= 1 && argc <= 2 && !strcmp(argv[0], "tree"))
		return ctl_tree(c, argc == 2 ? argv[1] : ".");
	for (i = 0; argc == 1 && i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(argv[0], commands[i].name))
			return commands[i].run(c);
	fputs(usage, stderr);
	return CTL_USAGE;
}

/* -1: go on; else the exit status. */
static int take_options(struct ctl *ctl, int argc, char **argv, const char *order)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' }, { "store", required_argument, NULL, 's' },
		{ "config", required_argument, NULL, 'c' }, { "help", no_argument, NULL, 'h' },
		{ "files", required_argument, NULL, 'f' },
		{ "show-secrets", no_argument, NULL, 'x' },
		{ "version", no_argument, NULL, 'V' }, { NULL, 0, NULL, 0 } };
	int c;

	optind = 0;	/* from the start, whatever was looked at before */
	while ((c = getopt_long(argc, argv, order, options, NULL)) >= 0) {
		switch (c) {
		case 'j':
			ctl->json = true;
			break;
		case 's':
			ctl->store = optarg;
			break;
		case 'c':
			ctl->conf_path = optarg;
			break;
		case 'f':
			ctl->files = optarg;
			break;
		case 'x':
			ctl->secrets = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return CTL_OK;
		case 'V':
			puts("dmscctl " DMSC_VERSION);
			return CTL_OK;
		default:
			fputs(usage, stderr);
			return CTL_USAGE;
		}
	}
	return -1;
}

int main(int argc, char **argv)
{
	static struct ctl ctl = { .conf_path = CONF_PATH };
	char err[CONF_ERROR_MAX];
	int r;

	log_init("dmscctl", LOG_LVL_ERR);
	/* What stands behind alert is not ours to understand. */
	r = take_options(&ctl, argc, argv, "+hV");
	if (r < 0 && (optind == argc || strcmp(argv[optind], "alert")))
		r = take_options(&ctl, argc, argv, "hV");
	if (r >= 0)
		return r;
	if (conf_load(ctl.conf_path, &ctl.conf, err)) {
		fprintf(stderr, "dmscctl: %s\n", err);
		return CTL_USAGE;
	}
	if (!ctl.store)
		ctl.store = ctl.conf.store;
	r = dispatch(&ctl, argc - optind, argv + optind);
	return fflush(stdout) ? CTL_FAILED : r;
}
