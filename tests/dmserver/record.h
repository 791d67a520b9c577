/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The record directory: record.jsonl, one JSON object for each event, and the
 * messages as they went over the line. It formats no event of its own.
 */
#ifndef DMSERVER_RECORD_H
#define DMSERVER_RECORD_H

#include <stdio.h>

#include "codec/codec.h"
#include "util/buf.h"

struct record {
	int dirfd;		/* -1: nothing is recorded */
	int fd;			/* record.jsonl */
	bool raw;		/* keep the messages too */
	bool failed;		/* a write failed and was reported */
	unsigned int exchange;	/* number of the last NNN-in */
	struct buf event;	/* being written */
};

/* Makes @dir (mode 0700) when it is missing; NULL records nothing. 0 or -errno. */
int record_open(struct record *r, const char *dir, bool raw);
void record_close(struct record *r);

/*
 * Starts an event: {"event":@name,"time":...}. The caller adds members with
 * json_*() to the buffer it gets, then calls record_end(), which writes the
 * line at once.
 */
struct buf *record_begin(struct record *r, const char *name);
void record_end(struct record *r);

/* Starts a new exchange and keeps its request; returns the exchange's number. */
unsigned int record_request(struct record *r, enum codec_format format, struct slice bytes);
void record_response(struct record *r, unsigned int exchange, enum codec_format format,
		     struct slice bytes);

/* A small private file in the directory, replaced as a whole. 0 or -errno. */
int record_replace(struct record *r, const char *name, struct slice bytes);

#endif
