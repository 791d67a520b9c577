// SPDX-License-Identifier: GPL-2.0-or-later
/* uicc-bridge: something outside becomes the card of a slot. The command line only. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/uicc_virt.h>

#include "bridge.h"
#include "util/log.h"

#define ANSWER_MS_DEFAULT 5000
#define ANSWER_MS_MAX 600000

static const struct bridge_backend *const backends[] = { &bridge_pipe };

#define BACKENDS (sizeof(backends) / sizeof(backends[0]))

static int usage(FILE *to)
{
	for (size_t i = 0; i < BACKENDS; i++)
		fprintf(to, "%s uicc-bridge %s [--reader NAME] [--answer-time MS] [--reader-fd N]\n"
			"                          [--apdu] [--extended] [--shared] %s\n",
			i ? "      " : "usage:", backends[i]->name, backends[i]->usage);
	fputs("       uicc-bridge --help | --version\n", to);
	return to == stdout ? BRIDGE_OK : BRIDGE_USAGE;
}

static int parse_number(const char *s, unsigned long max, unsigned long *out)
{
	char *end;

	*out = strtoul(s, &end, 10);
	return s[0] >= '0' && s[0] <= '9' && !*end && *out <= max ? 0 : -1;
}

static int parse(const struct bridge_backend *backend, int argc, char **argv)
{
	static const struct option options[] = {
		{ "reader", required_argument, NULL, 'r' },
		{ "reader-fd", required_argument, NULL, 'f' },
		{ "apdu", no_argument, NULL, 'a' },
		{ "extended", no_argument, NULL, 'e' },
		{ "shared", no_argument, NULL, 's' },
		{ "answer-time", required_argument, NULL, 't' },
		{ NULL, 0, NULL, 0 },
	};
	struct bridge_options o = { .reader = "bridge", .reader_fd = -1,
				    .answer_ms = ANSWER_MS_DEFAULT };
	unsigned long v;
	int c;

	/* "+": the options end at the first word that is none, so the command keeps its own. */
	while ((c = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		switch (c) {
		case 'r':
			o.reader = optarg;
			break;
		case 'f':
			if (parse_number(optarg, 1023, &v))
				return usage(stderr);
			o.reader_fd = (int)v;
			break;
		case 'a':
			o.flags |= UICC_VIRT_READER_APDU;
			break;
		case 'e':
			o.flags |= UICC_VIRT_READER_APDU | UICC_VIRT_READER_EXTENDED;
			break;
		case 's':
			o.flags |= UICC_VIRT_READER_SHARED;
			break;
		case 't':
			if (parse_number(optarg, ANSWER_MS_MAX, &v) || !v)
				return usage(stderr);
			o.answer_ms = (unsigned int)v;
			break;
		default:
			return usage(stderr);
		}
	}
	if (optind == argc)
		return usage(stderr);
	return bridge_run(backend, &o, argc - optind, argv + optind);
}

int main(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "";

	log_init("uicc-bridge", LOG_LVL_INFO);
	if (!strcmp(word, "--help"))
		return usage(stdout);
	if (!strcmp(word, "--version"))
		return puts("uicc-bridge " DMSC_VERSION) < 0;
	for (size_t i = 0; i < BACKENDS; i++) {
		if (!strcmp(word, backends[i]->name))
			return parse(backends[i], argc - 1, argv + 1);
	}
	return usage(stderr);
}
