// SPDX-License-Identifier: GPL-2.0-or-later
/* simcard: a virtual UICC from a text file. This file reads the command line only. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "simcard.h"
#include "util/log.h"

static int usage(FILE *to)
{
	fputs("usage: simcard serve PROFILE [--reader NAME] [--control SOCKET] [--absent] [--log]\n"
	      "                     [--shared] [--reader-fd N]\n"
	      "       simcard ctl SOCKET insert [PROFILE] | remove | mute | unmute | reset | command BYTES |\n"
	      "                          stats | quit\n"
	      "       simcard apdu PROFILE\n"
	      "       simcard show PROFILE\n"
	      "       simcard mkprofile DESCRIPTION [--out FILE] [--files DIR]\n"
	      "       simcard --help | --version\n", to);
	return to == stdout ? SIMCARD_OK : SIMCARD_USAGE;
}

struct profile *profile_or_complain(const char *path)
{
	struct profile *p = malloc(sizeof(*p));
	char error[512];

	if (!p || profile_load(p, path, error, sizeof(error))) {
		fprintf(stderr, "simcard: %s\n", p ? error : "out of memory");
		free(p);
		return NULL;
	}
	return p;
}

void profile_unload(struct profile *p)
{
	if (p)
		profile_fini(p);
	free(p);
}

static int parse_serve(int argc, char **argv)
{
	static const struct option options[] = {
		{ "reader", required_argument, NULL, 'r' },
		{ "reader-fd", required_argument, NULL, 'f' },
		{ "control", required_argument, NULL, 'c' },
		{ "absent", no_argument, NULL, 'a' },
		{ "shared", no_argument, NULL, 's' },
		{ "log", no_argument, NULL, 'l' },
		{ NULL, 0, NULL, 0 },
	};
	struct serve_options o = { .reader = "simcard", .reader_fd = -1 };
	char *end = NULL;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'r':
			o.reader = optarg;
			break;
		case 'f':
			o.reader_fd = (int)strtol(optarg, &end, 10);
			if (end == optarg || *end || o.reader_fd < 0)
				return usage(stderr);
			break;
		case 'c':
			o.control = optarg;
			break;
		case 'a':
			o.absent = true;
			break;
		case 's':
			o.shared = true;
			break;
		case 'l':
			o.log = true;
			break;
		default:
			return usage(stderr);
		}
	}
	if (optind + 1 != argc)
		return usage(stderr);
	o.profile = argv[optind];
	return serve_main(&o);
}

static int parse_mkprofile(int argc, char **argv)
{
	static const struct option options[] = {
		{ "out", required_argument, NULL, 'o' },
		{ "files", required_argument, NULL, 'f' },
		{ NULL, 0, NULL, 0 },
	};
	const char *out = NULL, *files = NULL;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c != 'o' && c != 'f')
			return usage(stderr);
		*(c == 'o' ? &out : &files) = optarg;
	}
	if (optind + 1 != argc)
		return usage(stderr);
	return mkprofile_main(argv[optind], out, files);
}

int main(int argc, char **argv)
{
	const char *command = argc > 1 ? argv[1] : "";

	log_init("simcard", LOG_LVL_INFO);
	if (!strcmp(command, "--help"))
		return usage(stdout);
	if (!strcmp(command, "--version"))
		return puts("simcard " DMSC_VERSION) < 0;
	if (!strcmp(command, "serve"))
		return parse_serve(argc - 1, argv + 1);
	if (!strcmp(command, "mkprofile"))
		return parse_mkprofile(argc - 1, argv + 1);
	if (!strcmp(command, "apdu") && argc == 3)
		return apdu_main(argv[2]);
	if (!strcmp(command, "show") && argc == 3)
		return show_main(argv[2]);
	if (!strcmp(command, "ctl") && argc >= 4)
		return ctl_main(argv[2], argc - 3, argv + 3);
	return usage(stderr);
}
