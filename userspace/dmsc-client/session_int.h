/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the two halves of session_run.h share: session_run.c has the engine and
 * the order of a session, session_http.c the way to the server and back.
 */
#ifndef DMSC_CLIENT_SESSION_INT_H
#define DMSC_CLIENT_SESSION_INT_H

#include "card/iccid.h"
#include "dmsc-client/alerts.h"
#include "dmsc-client/firmware.h"
#include "dmsc-client/record.h"
#include "dmsc-client/session_run.h"
#include "dmsc-client/view.h"
#include "net/http.h"

struct run {
	struct store *store;
	const struct client_session_opts *o;
	struct client_session_result *r;
	char device_id[128];
	struct dm_tree *tree;
	struct dm_account account;
	struct http *http;
	struct dm_session *session;
	struct record record;
	unsigned int sent;		/* messages, or tries at it */
	struct view view;
	struct http_response answer;
	struct buf out;
	enum codec_format format;	/* of what we send */
	int64_t journal;		/* 0 = no entry yet */
	int64_t deadline;		/* of the whole session, by uptime_s() */
	bool long_one;			/* a value in pieces was told of, and has no end yet */
	bool misled;			/* the message's RespURI must not be followed */
	bool plain;			/* the account's address is http */
	unsigned int nth;		/* which of the account's addresses is used */
	struct buf address;		/* that one */
	/* The card the account came from. */
	struct store_origin origin;
	char iccid[ICCID_DIGITS];	/* "" = none */
	struct buf card_uri;
	struct dm_session_alert alerts[DM_SESSION_MAX_ALERTS];
	size_t nalerts;
	struct alerts queued;		/* of these, the ones from the store */
	bool new_pair;			/* the last tells of it */
	struct firmware_session firmware;
};

/* Records how it ended; the first reason stays. Returns @err. */
int run_fail(struct run *x, enum client_outcome outcome, int err, const char *why);
/* Message @n, which x->view has seen, to whoever listens. */
void run_say(struct run *x, const char *arrow, unsigned int n);

/* The first of the account's addresses that may be used; x->account is read. */
int run_first_address(struct run *x) must_check;
int run_open_http(struct run *x) must_check;
/* Where the next message would go is no place for it: how the session ends. 0 or -errno. */
int run_check_address(struct run *x) must_check;
/* Sends x->out, which view_out() has seen; with @want_answer its answer is in x->answer. */
int run_exchange(struct run *x, bool want_answer) must_check;

#endif
