// SPDX-License-Identifier: GPL-2.0-or-later
/* What an insertion has the administrator's programs do; how they are run is hook.c. */
#include <errno.h>

#include "dmsc-helper/insertion_int.h"
#include "util/log.h"
#include "util/str.h"

#define ICCID_BYTES 10
#define CARD_REJECTED 1		/* exit status of card-check */

static int hook_run(struct insertion *in, const char *word, const char *path, struct buf *input)
{
	const char *argv[] = { NULL, in->slot.name, in->slot.transport, in->slot.location, NULL };
	int r = hook_start(&in->hook, word, in->card, path, argv, input, HOOK_TIME_MS);

	buf_wipe_fini(input);
	return r;
}

bool insertion_lwm2m(struct insertion *in, const struct ipc_msg *m)
{
	if (m->type == IPC_LWM2M)
		return !lwm2m_input_add(&in->lwm2m, &m->lwm2m);
	if (lwm2m_input_end(&in->lwm2m, &in->slot))
		return false;
	if (in->stop)
		return true;
	if (!in->h->conf.lwm2m_hook[0]) {
		/* The child read the configuration at another time than we. */
		log_info("%s: lwm2m-hook is not configured (any more)", in->card);
		return true;
	}
	log_info("%s: the card's LwM2M bootstrap, %zu resources, goes to lwm2m-hook", in->card,
		 in->lwm2m.records);
	if (hook_run(in, "lwm2m-hook", in->h->conf.lwm2m_hook, &in->lwm2m.json))
		log_warn("%s: the card's LwM2M bootstrap was given to nobody", in->card);
	return true;
}

/* Nobody answers that, so it need not have waited. All else was a question: nobody asks it now. */
void insertion_last_words(struct insertion *in)
{
	struct ipc_msg m;
	bool more = in->cardc.fd >= 0 && insertion_has_card(in);

	while (more && !ipc_recv(in->cardc.fd, &m, 0))
		more = (m.type == IPC_LWM2M || m.type == IPC_LWM2M_END) && insertion_lwm2m(in, &m);
	explicit_bzero(&m, sizeof(m));
}

/* The card child may be started, or it may not: then the loop ends. */
static void check_end(struct insertion *in, enum hook_end end, int status)
{
	int r;

	if (end == HOOK_EXITED && status == 0) {
		in->stage = READING;
		r = insertion_child_start(in);
		if (!r)
			return;
		log_err("%s: the card child could not be started: %s; nothing is applied",
			in->card, strerror(-r));
		in->exit = HELPER_FAILED;
		return;
	}
	if (end == HOOK_EXITED && status == CARD_REJECTED) {
		in->rejected = true;
		log_notice("%s: card-check rejects the card: nothing of it is read or applied",
			   in->card);
		return;
	}
	in->undecided = true;
	in->exit = HELPER_FAILED;
	log_err("%s: card-check did not decide (%s %d): nothing is applied, nothing is deleted",
		in->card, end == HOOK_KILLED ? "signal" : end == HOOK_LATE ? "too late," : "status",
		status);
}

void insertion_hook_end(struct insertion *in, enum hook_end end, int status)
{
	if (in->stop)
		return;
	if (in->stage == UPDATING)
		insertion_update_end(in, end, status);
	else if (in->stage == CHECKING)
		check_end(in, end, status);
	else if (end == HOOK_EXITED && status)
		log_warn("%s: lwm2m-hook ended with status %d", in->card, status);
	else if (end == HOOK_KILLED)
		log_warn("%s: lwm2m-hook ended with signal %d", in->card, status);
}

int insertion_check(struct insertion *in)
{
	uint8_t iccid[ICCID_BYTES];
	struct buf line = BUF_INIT;
	int r;

	in->stage = READING;
	if (!in->h->conf.card_check[0] || !insertion_has_card(in))
		return insertion_child_start(in);
	r = ef_read(in->h->sysfs, in->card, in->seq, EF_ICCID, 0, iccid, sizeof(iccid));
	if (r == -ENODEV)
		return r;
	if (r == sizeof(iccid))
		hex_encode(&line, slice_of(iccid, sizeof(iccid)));
	buf_put_u8(&line, '\n');
	explicit_bzero(iccid, sizeof(iccid));
	in->stage = CHECKING;
	r = hook_run(in, "card-check", in->h->conf.card_check, &line);
	if (r)
		in->undecided = true;
	return r;
}
