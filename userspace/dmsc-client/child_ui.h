/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The person of a session child: its helper, which asks the kernel, which asks
 * an agent. For struct client_session_opts; their first argument is not used.
 */
#ifndef DMSC_CLIENT_CHILD_UI_H
#define DMSC_CLIENT_CHILD_UI_H

#include "dm/cmd.h"
#include "dmsc-client/child_common.h"

/* The question as it goes to a person. DM_ST_NONE; 406 or 416: it could not be shown whole. */
enum dm_status ui_question_fill(const struct dm_ui_request *req, unsigned int left_s,
				struct ipc_question *q);
/* What the server is told of the answer; a default when somebody did not answer in time. */
enum dm_status ui_answer_take(const struct dm_ui_request *req, const struct ipc_question *q,
			      const struct ipc_answer *a, struct dm_ui_answer *answer);

/*
 * 200; 304 for the no of a confirm; 214: the person cancelled; 408: nobody answered in time;
 * 406: it cannot be asked, or not shown whole; 416: a choice of it.
 */
enum dm_status child_ui_ask(void *ctx, const struct dm_ui_request *req, unsigned int left_s,
			    struct dm_ui_answer *answer);
void child_ui_progress(void *ctx, struct slice uri, bool sent, uint64_t done, uint64_t total);

#endif
