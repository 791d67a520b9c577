// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * --decode: has a confined child show what a card holds. It hands out bytes of
 * allow-listed files; the child's words go to standard output without passing here.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "dmsc-helper/helper.h"
#include "util/log.h"

#define SEND_MS 5000
#define REQUEST_MS 120000	/* a child that asks for nothing so long has lost its way */
#define READS_MAX 4096

static void answer(const struct helper *h, const struct ef_slot *s, const struct ipc_read *q,
		   struct ipc_msg *m)
{
	char card[40];
	int r = -EPERM;

	ipc_prepare(m, IPC_DATA);
	snprintf(card, sizeof(card), "%s.card", s->name);
	if (ef_path_allowed(q->path))
		r = ef_read(h->sysfs, card, s->seq, q->path, q->off, m->data.data, q->len);
	if (r < 0)
		m->data.err = r;
	else
		m->data.len = (uint32_t)r;
}

/* Until the child closes its end. 0 or -errno. */
static int serve(const struct helper *h, const struct ef_slot *s, int fd)
{
	struct ipc_msg q, m;
	int r = 0;

	for (unsigned int reads = 0; !r; reads++) {
		r = ipc_recv(fd, &q, REQUEST_MS);
		if (r == -EPIPE)
			return 0;
		if (!r && (q.type != IPC_READ || reads == READS_MAX))
			r = -EPROTO;
		if (r)
			break;
		answer(h, s, &q.read, &m);
		r = ipc_send(fd, &m, SEND_MS);
	}
	explicit_bzero(&m, sizeof(m));
	return r;
}

int decode_run(const struct helper *given, const char *slot, bool json, bool secrets)
{
	struct helper h = *given;
	struct child c = CHILD_NONE;
	struct ef_slot s;
	struct ipc_msg m;
	int status = 0, r = ef_slot_read(h.sysfs, slot, &s);

	if (r || s.state != EF_SLOT_READY) {
		log_err("%s: %s", slot, r == -ENODEV ? "there is no such slot" :
			r ? strerror(-r) : "no card that answers is in it");
		return HELPER_FAILED;
	}
	h.hide_store = true;
	if (child_spawn(&h, "decode-child", false, &c))
		return HELPER_FAILED;
	ipc_prepare(&m, IPC_DECODE);
	snprintf(m.decode.slot, sizeof(m.decode.slot), "%s", s.name);
	m.decode.json = json;
	m.decode.secrets = secrets;
	r = ipc_send(c.fd, &m, SEND_MS);
	if (!r)
		r = serve(&h, &s, c.fd);
	if (r) {
		log_err("%s: the decode child broke the protocol and is stopped", slot);
		kill(c.pid, SIGKILL);
	}
	while (waitpid(c.pid, &status, 0) < 0 && errno == EINTR)
		;
	child_forget(&c);
	return !r && WIFEXITED(status) ? WEXITSTATUS(status) : HELPER_FAILED;
}
