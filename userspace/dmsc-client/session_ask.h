/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A session by hand: what its server asks is asked on the terminal it was started from. */
#ifndef DMSC_CLIENT_SESSION_ASK_H
#define DMSC_CLIENT_SESSION_ASK_H

#include "dm/cmd.h"

struct session_ask {
	const char *server_id;
	unsigned int timeout_s;		/* to answer, when the server names none */
	unsigned int asked;
};

/* Is there a terminal to be asked on? */
bool session_ask_possible(void);
/* For struct client_session_opts; @ctx is a struct session_ask. */
enum dm_status session_ask_ui(void *ctx, const struct dm_ui_request *req, unsigned int left_s,
			      struct dm_ui_answer *answer);

#endif
