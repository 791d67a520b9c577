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

/* What else there is depends on the libraries that were there when it was built. */
static const struct bridge_backend *const backends[] = {
	&bridge_pipe,
	&bridge_at,
#ifdef BRIDGE_WITH_PCSC
	&bridge_pcsc,
#endif
#ifdef BRIDGE_WITH_QMI
	&bridge_qmi,
#endif
#ifdef BRIDGE_WITH_MBIM
	&bridge_mbim,
#endif
};

#define BACKENDS (sizeof(backends) / sizeof(backends[0]))
#define OPTIONS_MAX 16

/* Of one backend, or of all of them (NULL). */
static int usage(FILE *to, const struct bridge_backend *of)
{
	const char *head = "usage:";

	for (size_t i = 0; i < BACKENDS; i++) {
		if (of && of != backends[i])
			continue;
		fprintf(to, "%s uicc-bridge %s [--reader NAME] [--answer-time MS] [--reader-fd N]\n"
			"                          %s\n", head, backends[i]->name, backends[i]->usage);
		head = "      ";
	}
	fputs("       uicc-bridge --help | --version\n", to);
	return to == stdout ? BRIDGE_OK : BRIDGE_USAGE;
}

static int parse_number(const char *s, unsigned long max, unsigned long *out)
{
	char *end;

	*out = strtoul(s, &end, 10);
	return s[0] >= '0' && s[0] <= '9' && !*end && *out <= max ? 0 : -1;
}

static const struct option common[] = {
	{ "reader", required_argument, NULL, 'r' },
	{ "reader-fd", required_argument, NULL, 'f' },
	{ "answer-time", required_argument, NULL, 't' },
	{ "apdu", no_argument, NULL, 'a' },
	{ "extended", no_argument, NULL, 'e' },
	{ "shared", no_argument, NULL, 's' },
};

/* The common ones and the backend's own. */
static void all_options(const struct bridge_backend *backend, struct option out[OPTIONS_MAX])
{
	size_t n = sizeof(common) / sizeof(common[0]);

	memcpy(out, common, sizeof(common));
	for (const struct option *o = backend->options; o && o->name && n < OPTIONS_MAX - 1; o++)
		out[n++] = *o;
	out[n] = (struct option){ 0 };
}

/* One option into @o: false when it is none, or not one of this backend. */
static bool take_option(const struct bridge_backend *backend, struct bridge_options *o, int c)
{
	unsigned int flags = 0;
	unsigned long v;

	switch (c) {
	case 'r':
		o->reader = optarg;
		return true;
	case 'f':
		if (parse_number(optarg, 1023, &v))
			return false;
		o->reader_fd = (int)v;
		return true;
	case 't':
		if (parse_number(optarg, ANSWER_MS_MAX, &v) || !v)
			return false;
		o->answer_ms = (unsigned int)v;
		return true;
	case 'a':
		flags = UICC_VIRT_READER_APDU;
		break;
	case 'e':
		flags = UICC_VIRT_READER_APDU | UICC_VIRT_READER_EXTENDED;
		break;
	case 's':
		flags = UICC_VIRT_READER_SHARED;
		break;
	default:
		if (c < BRIDGE_OPTION(0) || c >= BRIDGE_OPTION(BRIDGE_OWN_MAX))
			return false;
		o->own[c - BRIDGE_OPTION(0)] = optarg ? optarg : "";
		return true;
	}
	o->flags |= flags;
	return !(flags & ~backend->flags);
}

static int run(const struct bridge_backend *backend, int argc, char **argv)
{
	struct bridge_options o = { .reader = backend->reader, .reader_fd = -1,
				    .answer_ms = ANSWER_MS_DEFAULT };
	struct option options[OPTIONS_MAX];
	int c, status, which = 0;

	all_options(backend, options);
	/* "+": the options end at the first word that is none, so the command keeps its own. */
	while ((c = getopt_long(argc, argv, "+", options, &which)) != -1) {
		if (take_option(backend, &o, c))
			continue;
		/* Of '?' something was said already. */
		if (c != '?' && optarg)
			log_err(BRIDGE_BAD_VALUE, options[which].name, optarg);
		else if (c != '?')
			log_err("--%s is no option of %s", options[which].name, backend->name);
		return usage(stderr, backend);
	}
	status = bridge_run(backend, &o, argc - optind, argv + optind);
	return status == BRIDGE_USAGE ? usage(stderr, backend) : status;
}

int main(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "";

	log_init("uicc-bridge", LOG_LVL_INFO);
	if (!strcmp(word, "--help"))
		return usage(stdout, NULL);
	if (!strcmp(word, "--version"))
		return puts("uicc-bridge " DMSC_VERSION) < 0;
	for (size_t i = 0; i < BACKENDS; i++) {
		if (!strcmp(word, backends[i]->name))
			return run(backends[i], argc - 1, argv + 1);
	}
	if (word[0])
		log_err("'%s' is no backend that was built in", word);
	return usage(stderr, NULL);
}
