/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The subcommands of simcard. Each returns the program's exit status, enum simcard_exit. */
#ifndef SIMCARD_SIMCARD_H
#define SIMCARD_SIMCARD_H

#include "profile.h"

enum simcard_exit { SIMCARD_OK = 0, SIMCARD_FAILED = 1, SIMCARD_USAGE = 2 };

struct serve_options {
	const char *profile;
	const char *reader;	/* name of the slot's reader */
	const char *control;	/* path of the control socket, or NULL */
	int reader_fd;		/* an open reader, or -1 */
	bool absent;		/* begin without the card */
	bool log;
	bool shared;		/* say that a modem uses the card too */
};

int serve_main(const struct serve_options *o);
int apdu_main(const char *profile);
int show_main(const char *profile);
/* @out and @files may be NULL; without both the profile goes to standard output. */
int mkprofile_main(const char *description, const char *out, const char *files);
int ctl_main(const char *socket_path, int argc, char **argv);

/* Loads a profile or prints why not; NULL then. profile_unload() frees it. */
struct profile *profile_or_complain(const char *path);
void profile_unload(struct profile *p);

#endif
