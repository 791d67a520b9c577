/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A session's messages as files: NNN-out.wbxml, NNN-in.wbxml, ... (or .xml),
 * byte for byte, so that they can be replayed. They hold the credentials
 * that were sent; therefore directory and files are for their owner only.
 */
#ifndef DMSC_CLIENT_TRACE_H
#define DMSC_CLIENT_TRACE_H

#include "util/cleanup.h"
#include "util/slice.h"

struct trace {
	int dir_fd;		/* -1 = no trace */
	unsigned int n;		/* number of the last message sent */
	bool broken;		/* a message could not be written */
};

/* @dir NULL: a trace that writes nothing. 0 or -errno (-EEXIST: a trace is there already). */
int trace_open(struct trace *t, const char *dir) must_check;
void trace_close(struct trace *t);
/* A file that cannot be written is logged, and trace.broken is set. */
void trace_out(struct trace *t, const char *ext, struct slice msg);
void trace_in(struct trace *t, const char *ext, struct slice msg);

#endif
