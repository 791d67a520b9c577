// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `dmscctl card decode`: finds who does it. A card's data is for a confined
 * process to look at, which dmsc-helper starts for a slot and dmsc-client is for files.
 */
#include <errno.h>
#include <stdio.h>

#include "dmscctl/ctl.h"

static int failed(const char *program)
{
	fprintf(stderr, "dmscctl: %s: %s\n", program, strerror(errno));
	return CTL_FAILED;
}

static int usage(void)
{
	fputs("dmscctl: card decode SLOT | --files DIR [--json] [--show-secrets]\n", stderr);
	return CTL_USAGE;
}

static int decode_slot(const struct ctl *c, const char *slot)
{
	char *argv[9];
	size_t n = 0;

	if (geteuid()) {
		fputs("dmscctl: card decode: only root can read a card; try --files\n", stderr);
		return CTL_FAILED;
	}
	argv[n++] = (char *)"dmsc-helper";
	argv[n++] = (char *)"--config";
	argv[n++] = (char *)c->conf_path;
	argv[n++] = (char *)"--decode";
	argv[n++] = (char *)slot;
	if (c->json)
		argv[n++] = (char *)"--json";
	if (c->secrets)
		argv[n++] = (char *)"--show-secrets";
	argv[n] = NULL;
	execv(DMSC_PREFIX "/sbin/dmsc-helper", argv);
	return failed(DMSC_PREFIX "/sbin/dmsc-helper");
}

static int decode_files(const struct ctl *c)
{
	char *argv[9];
	size_t n = 0;

	argv[n++] = (char *)"dmsc-client";
	argv[n++] = (char *)"decode";
	argv[n++] = (char *)"--files";
	argv[n++] = (char *)c->files;
	if (!access(c->conf_path, R_OK)) {
		argv[n++] = (char *)"--config";
		argv[n++] = (char *)c->conf_path;
	}
	if (c->json)
		argv[n++] = (char *)"--json";
	if (c->secrets)
		argv[n++] = (char *)"--show-secrets";
	argv[n] = NULL;
	execv(DMSC_PREFIX "/bin/dmsc-client", argv);
	execvp("dmsc-client", argv);
	return failed("dmsc-client");
}

int ctl_decode(const struct ctl *c, const char *slot)
{
	if (!slot == !c->files)
		return usage();
	return slot ? decode_slot(c, slot) : decode_files(c);
}
