// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Between the gate and the session: connection-hook sets up what the account says of
 * its connection (decision 13), and the session child is started when it has.
 */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <unistd.h>

#include "dmsc-helper/connection.h"
#include "dmsc-helper/insertion_int.h"
#include "util/log.h"
#include "util/str.h"

#define SLOTS_MAX 64
#define NONE "-"		/* the words of no reader */

bool insertion_connect_note(struct insertion *in, const struct ipc_connect *q)
{
	if (in->connect.conref)
		return false;	/* one for each session */
	in->connect = *q;
	return true;
}

void insertion_connect_forget(struct insertion *in)
{
	explicit_bzero(&in->connect, sizeof(in->connect));
	if (in->mark >= 0)
		close(in->mark);
	in->mark = -1;
}

/* "interface NAME" says what the session goes through; all else is for the log. */
static bool take_line(void *ctx, const char *line)
{
	struct insertion *in = ctx;
	struct slice s = slice_str(line);

	if (!str_starts(s, "interface "))
		return false;
	s = slice_of(s.p + 10, s.n - 10);
	in->bad_interface = !connection_ifname_ok(s) ||
			    str_copy(in->interface, sizeof(in->interface), s);
	return !in->bad_interface;
}

/*
 * The reader whose card the account came from: our own, or, when no card's insertion
 * drives the session, the one that is named, if it is there.
 */
static void reader(const struct insertion *in, struct ef_slot *out)
{
	char names[SLOTS_MAX][32];
	int n;

	*out = in->slot;
	if (out->name[0])
		return;
	n = in->connect.transport[0] ? ef_slot_list(in->h->sysfs, names, SLOTS_MAX) : 0;
	for (int i = 0; i < n; i++)
		if (!ef_slot_read(in->h->sysfs, names[i], out) && out->state == EF_SLOT_READY &&
		    !strcmp(out->transport, in->connect.transport) &&
		    !strcmp(out->location, in->connect.location))
			return;
	*out = (struct ef_slot){ .name = "" };
}

static const char *or_none(const char *word)
{
	return word[0] ? word : NONE;
}

/* 0 or -errno. */
static int hook_up(struct insertion *in)
{
	struct ef_slot slot;
	const char *argv[] = { NULL, "up", NULL, NULL, NULL, NULL };
	struct buf input = BUF_INIT;
	int r;

	reader(in, &slot);
	argv[2] = or_none(slot.name);
	argv[3] = or_none(slot.transport);
	argv[4] = or_none(slot.location);
	r = slot.name[0] ? connection_mark(&slot) : 0;
	if (r < 0)
		return r;
	in->mark = slot.name[0] ? r : -1;
	r = connection_json(&input, &slot, &in->connect);
	if (!r)
		r = hook_start(&in->conn, "connection-hook", in->card,
			       in->h->conf.connection_hook, argv, &input, HOOK_CONNECTION_MS);
	buf_wipe_fini(&input);
	in->conn.take = take_line;
	in->conn.ctx = in;
	return r;
}

bool insertion_connect(struct insertion *in)
{
	bool wanted = in->connect.conref && !strcmp(in->connect.server_id, in->want.server_id);
	int r;

	in->interface[0] = 0;
	in->conref = 0;
	in->bad_interface = false;
	if (wanted && !in->h->conf.connection_hook[0])
		log_info("%s: connection-hook is not configured: the session goes over the device's own connection",
			 in->card);
	if (!wanted || !in->h->conf.connection_hook[0]) {
		insertion_connect_forget(in);
		return false;
	}
	log_info("%s: connection-hook sets up the connection for the session with '%s'", in->card,
		 in->want.server_id);
	r = hook_up(in);
	if (r)
		insertion_reply(in, IPC_FAILED, r, true, r == -EWOULDBLOCK ?
				"connection-hook is at work for this reader already" :
				"connection-hook could not be started");
	else
		in->stage = CONNECTING;
	return true;
}

/* NULL: the connection is there; or why there will be no session now. */
static const char *verdict(const struct insertion *in, enum hook_end end, int status)
{
	if (end == HOOK_LATE)
		return "connection-hook did not come to an end";
	if (end != HOOK_EXITED)
		return "connection-hook was ended by a signal";
	if (status == CONNECTION_LATER)
		return "the connection cannot be set up yet (connection-hook)";
	if (status)
		return "the connection cannot be set up (connection-hook)";
	if (in->bad_interface)
		return "connection-hook names no interface";
	if (in->interface[0] && !if_nametoindex(in->interface))
		return "connection-hook names an interface that is not there";
	return NULL;
}

void insertion_connect_end(struct insertion *in, enum hook_end end, int status)
{
	uint32_t conref = in->connect.conref;
	const char *why;

	if (in->stage != CONNECTING)
		return;		/* it was given up meanwhile */
	why = verdict(in, end, status);
	insertion_connect_forget(in);
	if (why) {
		log_warn("%s: %s (%s %d)", in->card, why,
			 end == HOOK_KILLED ? "signal" : "status", status);
		insertion_reply(in, IPC_FAILED, 0, true, why);
		return;
	}
	in->conref = conref;
	log_info("%s: the connection is set up%s%s", in->card, in->interface[0] ? ", through " : "",
		 in->interface);
	insertion_session_go(in);
}
