// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The pcsc backend: a reader that pcscd knows. Two threads, each with a context of
 * its own: one waits for what changes at the reader, the other talks to the card.
 * pcscd, the reader and the card may go and come back; the slot is empty meanwhile.
 */
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/uicc_virt.h>
#include <winscard.h>

#include "bridge.h"
#include "util/log.h"
#include "util/text.h"
#include "worker.h"

#define NAMES_MAX 16384
#define PNP "\\\\?PnP?\\Notification"
#define WATCH_MS 30000		/* also without an event, should one have been missed */
#define PNP_MS 5000		/* a reader that came before the wait is no event */
#define RETRY_MIN_MS 100
#define RETRY_MAX_MS 8000
#define CONNECT_TRIES 3		/* at a card that does not answer well */
#define END_MS 2000

enum { OPT_LIST, OPT_SHORT };
enum { WATCH = 1, CONNECT, DISCONNECT, RESET, TRANSMIT };

/* What an error of PC/SC means here. */
enum trouble {
	NO_TROUBLE,
	TRY_LATER,	/* somebody else has the card, or we may not have it */
	CARD_RESET,	/* somebody else has reset it: it has to be reconnected */
	CARD_GONE,
	LOST,		/* pcscd, or the reader: all begins anew */
	FAILED,		/* this one exchange */
};

struct pcsc {
	char wanted[MAX_READERNAME];
	DWORD share;
	struct worker *watch, *card;
	enum { NO_CARD, CONNECTING, CARD } state;
	char name[MAX_READERNAME];	/* of the reader that has, or had, the card */

	/* Of the thread that watches; the context is read by who cancels. */
	_Atomic SCARDCONTEXT watching;
	LONG said;

	/* Of the thread that talks. */
	SCARDCONTEXT context;
	SCARDHANDLE handle;
	bool connected;
	DWORD protocol;
	bool said_extended;
};

static enum trouble trouble(LONG rv)
{
	switch (rv) {
	case SCARD_S_SUCCESS:
		return NO_TROUBLE;
	case SCARD_E_SHARING_VIOLATION:
	case SCARD_W_SECURITY_VIOLATION:
		return TRY_LATER;
	case SCARD_W_RESET_CARD:
	case SCARD_W_UNPOWERED_CARD:
		return CARD_RESET;
	case SCARD_W_REMOVED_CARD:
	case SCARD_E_NO_SMARTCARD:
		return CARD_GONE;
	case SCARD_E_NO_SERVICE:
	case SCARD_E_SERVICE_STOPPED:
	case SCARD_E_INVALID_HANDLE:
	case SCARD_E_READER_UNAVAILABLE:
	case SCARD_E_UNKNOWN_READER:
	case SCARD_E_NO_READERS_AVAILABLE:
	case SCARD_P_SHUTDOWN:
	case SCARD_E_SYSTEM_CANCELLED:
	case SCARD_F_INTERNAL_ERROR:
		return LOST;
	default:
		return FAILED;
	}
}

/* --- the reader --------------------------------------------------------------- */

/* All names, each with its NUL, the last one empty. */
static LONG list_readers(SCARDCONTEXT context, char names[NAMES_MAX])
{
	DWORD n = NAMES_MAX - 2;
	LONG rv = SCardListReaders(context, NULL, names, &n);

	names[0] = rv ? 0 : names[0];
	/* Whatever came, it ends. */
	names[NAMES_MAX - 2] = names[NAMES_MAX - 1] = 0;
	return rv;
}

/*
 * The one that is meant: by its whole name, or by a part of it that no other has.
 * NULL with @several set when more than one has it.
 */
static const char *pick_reader(const char *names, const char *wanted, bool *several)
{
	const char *found = NULL;
	unsigned int n = 0;

	for (const char *name = names; *name; name += strlen(name) + 1) {
		if (!strcmp(name, wanted))
			return name;
		if (strstr(name, wanted)) {
			found = name;
			n++;
		}
	}
	*several = n > 1;
	return n == 1 ? found : NULL;
}

/* Once for each reason, however often it comes. */
static void say(struct pcsc *p, LONG rv)
{
	if (p->said == rv)
		return;
	p->said = rv;
	if (rv == SCARD_E_NO_SERVICE || rv == SCARD_E_SERVICE_STOPPED)
		log_warn("pcscd is not there (or does not let this user in): the slot is empty until it is");
	else if (rv == SCARD_E_UNKNOWN_READER)
		log_warn("pcscd knows no reader '%s': the slot is empty until it does", p->wanted);
	else if (rv == SCARD_E_DUPLICATE_READER)
		log_err("'%s' is part of the names of several readers: which one?", p->wanted);
	else if (rv)
		log_warn("pcscd: %s", pcsc_stringify_error(rv));
}

/* Tells of cards until the reader goes, the wait fails or there is something else to do. */
static LONG follow_reader(struct pcsc *p, struct worker *w, const char *name)
{
	SCARD_READERSTATE s = { .szReader = name, .dwCurrentState = SCARD_STATE_UNAWARE };
	bool in = false;
	LONG rv = 0;

	while (!worker_interrupted(w)) {
		DWORD before = s.dwCurrentState;
		bool here, other;

		rv = SCardGetStatusChange(p->watching, WATCH_MS, &s, 1);
		if (rv == SCARD_E_TIMEOUT || rv == SCARD_E_CANCELLED)
			continue;
		if (rv || (s.dwEventState & SCARD_STATE_UNKNOWN))
			break;
		here = (s.dwEventState & SCARD_STATE_PRESENT) &&
		       !(s.dwEventState & (SCARD_STATE_MUTE | SCARD_STATE_UNAVAILABLE));
		/* The upper half counts insertions and removals: none may be missed. */
		other = before >> 16 != s.dwEventState >> 16;
		if (!in && !here && (s.dwEventState & ~before & SCARD_STATE_MUTE))
			log_notice("the card in '%s' is mute", name);
		if (in && (!here || other))
			worker_post(w, BRIDGE_REMOVED, NULL, 0);
		if (here && (!in || other))
			worker_post(w, BRIDGE_INSERTED, (const uint8_t *)name, strlen(name) + 1);
		in = here;
		s.dwCurrentState = s.dwEventState & ~(DWORD)SCARD_STATE_CHANGED;
	}
	if (in)
		worker_post(w, BRIDGE_REMOVED, NULL, 0);
	return rv;
}

/* Until the reader is there. */
static LONG find_reader(struct pcsc *p, struct worker *w, char name[MAX_READERNAME])
{
	SCARD_READERSTATE any = { .szReader = PNP, .dwCurrentState = SCARD_STATE_UNAWARE };
	char names[NAMES_MAX];

	while (!worker_interrupted(w)) {
		LONG rv = list_readers(p->watching, names);
		bool several = false;
		const char *found = rv ? NULL : pick_reader(names, p->wanted, &several);

		if (rv && rv != SCARD_E_NO_READERS_AVAILABLE)
			return rv;
		if (found && strlen(found) < MAX_READERNAME) {
			strcpy(name, found);
			return SCARD_S_SUCCESS;
		}
		say(p, several ? SCARD_E_DUPLICATE_READER : SCARD_E_UNKNOWN_READER);
		rv = SCardGetStatusChange(p->watching, PNP_MS, &any, 1);
		if (rv && rv != SCARD_E_TIMEOUT && rv != SCARD_E_CANCELLED)
			return rv;
	}
	return SCARD_E_CANCELLED;
}

static LONG watch_pcscd(struct pcsc *p, struct worker *w)
{
	char name[MAX_READERNAME];
	SCARDCONTEXT context;
	LONG rv = SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &context);

	if (rv)
		return rv;
	p->watching = context;
	while (!rv && !worker_interrupted(w)) {
		rv = find_reader(p, w, name);
		if (rv)
			break;
		say(p, SCARD_S_SUCCESS);
		log_info("the reader is '%s'", name);
		rv = follow_reader(p, w, name);
		if (rv == SCARD_E_UNKNOWN_READER || rv == SCARD_E_TIMEOUT)
			rv = SCARD_S_SUCCESS;
	}
	p->watching = 0;
	SCardReleaseContext(context);
	return rv;
}

/* Longer and longer waits, until something works. */
static void watch(void *ctx, struct worker *w, int what, const uint8_t *data, size_t n,
		  struct bridge_event *out)
{
	unsigned int wait_ms = RETRY_MIN_MS;
	struct pcsc *p = ctx;

	while (!worker_interrupted(w)) {
		LONG rv = watch_pcscd(p, w);

		if (p->said == SCARD_S_SUCCESS)
			wait_ms = RETRY_MIN_MS;
		if (rv != SCARD_E_CANCELLED)
			say(p, rv);
		if (worker_sleep(w, wait_ms))
			break;
		wait_ms = wait_ms < RETRY_MAX_MS / 2 ? wait_ms * 2 : RETRY_MAX_MS;
	}
}

static void watch_cancel(void *ctx)
{
	struct pcsc *p = ctx;
	SCARDCONTEXT context = p->watching;

	if (context)
		SCardCancel(context);
}

/* --- the card ----------------------------------------------------------------- */

/* The protocol that the kernel takes the card for: that of TA2, else the first (ISO 7816-3 8.2.3). */
static DWORD atr_protocol(const uint8_t *atr, size_t n)
{
	size_t at = 2;
	uint8_t y;

	if (n < 2 || !(atr[1] & 0x80))
		return SCARD_PROTOCOL_T0;
	for (y = (atr[1] >> 4) & 7; y; y &= (uint8_t)(y - 1))
		at++;
	if (at >= n)
		return SCARD_PROTOCOL_T0;
	y = atr[at];	/* TD1 */
	if ((y & 0x10) && at + 1 < n)
		y = atr[at + 1];
	return (y & 0x0F) == 1 ? SCARD_PROTOCOL_T1 : SCARD_PROTOCOL_T0;
}

static LONG get_atr(struct pcsc *p, struct bridge_event *out)
{
	DWORD n = sizeof(out->data), state = 0;
	LONG rv = SCardStatus(p->handle, NULL, NULL, &state, &p->protocol, out->data, &n);

	if (rv)
		return rv;
	if (n < UICC_VIRT_ATR_MIN || n > UICC_VIRT_ATR_MAX)
		return SCARD_W_UNRESPONSIVE_CARD;
	out->n = n;
	return SCARD_S_SUCCESS;
}

/*
 * Connects anew as @how says, and makes sure of the protocol: pcscd takes the one the
 * card offers first, but may have been asked for another by somebody else.
 */
static LONG reconnect(struct pcsc *p, DWORD how, struct bridge_event *out)
{
	LONG rv = SCardReconnect(p->handle, p->share, SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, how,
				 &p->protocol);
	DWORD right;

	if (!rv)
		rv = get_atr(p, out);
	if (rv)
		return rv;
	right = atr_protocol(out->data, out->n);
	if (p->protocol == right)
		return SCARD_S_SUCCESS;
	/* A card that others use stays as it is. */
	if (p->share == SCARD_SHARE_SHARED)
		return SCARD_E_PROTO_MISMATCH;
	rv = SCardReconnect(p->handle, p->share, right, SCARD_UNPOWER_CARD, &p->protocol);
	return rv ? rv : get_atr(p, out);
}

static void disconnect(struct pcsc *p)
{
	/* A PIN that was presented to the card must not serve who comes next. */
	if (p->connected)
		SCardDisconnect(p->handle, p->share == SCARD_SHARE_SHARED ? SCARD_LEAVE_CARD :
									    SCARD_UNPOWER_CARD);
	p->connected = false;
	if (p->context)
		SCardReleaseContext(p->context);
	p->context = 0;
}

static LONG connect_once(struct pcsc *p, const char *name, struct bridge_event *out)
{
	LONG rv = SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &p->context);

	if (rv) {
		p->context = 0;
		return rv;
	}
	rv = SCardConnect(p->context, name, p->share, SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1,
			  &p->handle, &p->protocol);
	p->connected = !rv;
	/* What somebody else has selected or proved before is nothing to inherit. */
	if (!rv)
		rv = reconnect(p, p->share == SCARD_SHARE_SHARED ? SCARD_LEAVE_CARD :
								   SCARD_UNPOWER_CARD, out);
	if (rv)
		disconnect(p);
	return rv;
}

/* Tries for as long as the card is there; what it answers is its ATR. */
static void connect_card(struct pcsc *p, struct worker *w, const char *name,
			 struct bridge_event *out)
{
	unsigned int tries = 0, wait_ms = RETRY_MIN_MS;
	LONG said = SCARD_S_SUCCESS, rv;

	disconnect(p);
	do {
		rv = connect_once(p, name, out);
		if (!rv) {
			out->type = BRIDGE_ANSWER;
			return;
		}
		if (rv != said && rv == SCARD_E_SHARING_VIOLATION)
			log_notice("somebody else has the card in '%s': the slot is empty meanwhile", name);
		else if (rv != said && trouble(rv) != LOST)
			log_warn("the card in '%s': %s", name, pcsc_stringify_error(rv));
		said = rv;
		/* When it is not there any more the other thread has news, which end this. */
		if (trouble(rv) == CARD_GONE)
			return;
		if (trouble(rv) != TRY_LATER && trouble(rv) != LOST && ++tries == CONNECT_TRIES)
			return;
		if (worker_sleep(w, wait_ms))
			return;
		wait_ms = wait_ms < RETRY_MAX_MS / 4 ? wait_ms * 2 : RETRY_MAX_MS / 4;
	} while (true);
}

/* An exchange or a reset failed. */
static void failed(struct pcsc *p, LONG rv, struct bridge_event *out)
{
	out->type = BRIDGE_NO_ANSWER;
	out->n = 0;
	if (trouble(rv) == LOST) {
		disconnect(p);
		out->type = BRIDGE_REMOVED;
	} else if (trouble(rv) != CARD_GONE) {
		log_warn("pcscd: %s", pcsc_stringify_error(rv));
	}
}

/* A shared card is not reset: who asks for that gets the ATR. */
static void reset(struct pcsc *p, struct bridge_event *out)
{
	LONG rv;

	if (p->share == SCARD_SHARE_SHARED) {
		rv = get_atr(p, out);
		if (trouble(rv) == CARD_RESET)
			rv = reconnect(p, SCARD_LEAVE_CARD, out);
	} else {
		rv = reconnect(p, SCARD_UNPOWER_CARD, out);
	}
	if (rv)
		failed(p, rv, out);
	else
		out->type = BRIDGE_ANSWER;
}

static LONG exchange(struct pcsc *p, const uint8_t *data, size_t n, struct bridge_event *out)
{
	const SCARD_IO_REQUEST *pci = p->protocol == SCARD_PROTOCOL_T1 ? SCARD_PCI_T1 : SCARD_PCI_T0;
	DWORD len = sizeof(out->data);
	LONG rv = SCardTransmit(p->handle, pci, data, n, NULL, out->data, &len);

	out->n = rv ? 0 : len;
	return rv;
}

/*
 * A card that somebody has reset: on a shared one the command goes again, and the kernel
 * learns from the answer that its channel is lost. One of our own has lost all that was
 * selected and proved, so it is a new insertion.
 */
static void transmit(struct pcsc *p, const uint8_t *data, size_t n, struct bridge_event *out)
{
	LONG rv = exchange(p, data, n, out);

	if (trouble(rv) == CARD_RESET) {
		rv = reconnect(p, SCARD_LEAVE_CARD, out);
		if (!rv && p->share != SCARD_SHARE_SHARED) {
			log_notice("the card was reset by somebody else");
			out->type = BRIDGE_INSERTED;
			return;
		}
		if (!rv)
			rv = exchange(p, data, n, out);
	}
	if (rv && n > UICC_VIRT_APDU_MAX && trouble(rv) == FAILED && !p->said_extended) {
		log_warn("an APDU of extended length failed: does the reader need --short?");
		p->said_extended = true;
	}
	if (rv)
		failed(p, rv, out);
	else
		out->type = BRIDGE_ANSWER;
}

static void talk(void *ctx, struct worker *w, int what, const uint8_t *data, size_t n,
		 struct bridge_event *out)
{
	struct pcsc *p = ctx;

	if (what == CONNECT)
		connect_card(p, w, (const char *)data, out);
	else if (what == DISCONNECT)
		disconnect(p);
	else if (!p->connected)
		return;
	else if (what == RESET)
		reset(p, out);
	else
		transmit(p, data, n, out);
}

/* --- the backend -------------------------------------------------------------- */

/* It may come from the reader itself, and go to a terminal. */
static void print_name(const char *name)
{
	_cleanup_buf_ struct buf line = BUF_INIT;

	text_escape(&line, slice_str(name));
	puts(buf_error(&line) ? "?" : buf_cstr(&line));
}

/* What pcscd says now. Returns 1 when this was all that was wanted. */
static int look(const char *wanted, bool list)
{
	char names[NAMES_MAX];
	SCARDCONTEXT context;
	bool several = false;
	LONG rv = SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &context);

	/* It is waited for; who asks what there is wants an answer now. */
	if (rv && !list)
		return 0;
	if (!rv) {
		rv = list_readers(context, names);
		SCardReleaseContext(context);
	}
	if (list && rv) {
		log_err("pcscd: %s", pcsc_stringify_error(rv));
		return -EIO;
	}
	if (!rv && !list && !pick_reader(names, wanted, &several) && several) {
		log_err("'%s' is part of the names of several readers:", wanted);
		list = true;
	}
	for (const char *name = names; list && *name; name += strlen(name) + 1)
		if (several)
			log_err("  %s", name);
		else
			print_name(name);
	return several ? -ENOTUNIQ : list;
}

static int pcsc_prepare(const struct bridge_options *o, int argc, char **argv)
{
	if (o->own[OPT_LIST])
		return argc ? -EINVAL : look(NULL, true);
	if (argc != 1 || !argv[0][0] || strlen(argv[0]) >= MAX_READERNAME)
		return -EINVAL;
	return look(argv[0], false);
}

static const struct worker_ops watch_ops = { .run = watch, .cancel = watch_cancel };
static const struct worker_ops talk_ops = { .run = talk };

/* Let go of in order, if pcscd does its part within a while. */
static int pcsc_close(void *ctx)
{
	struct pcsc *p = ctx;
	struct pollfd done = { .fd = worker_fd(p->card), .events = POLLIN };
	struct bridge_event e = { .n = 0 };
	bool ended = !worker_end(p->watch, END_MS);

	if (!worker_request(p->card, DISCONNECT, NULL, 0)) {
		do {
			if (poll(&done, 1, END_MS) == 0)
				break;
		} while (worker_take(p->card, &e));
	}
	explicit_bzero(e.data, e.n);
	if (worker_end(p->card, END_MS) || !ended) {
		log_warn("pcscd does not answer: the card is left to it");
		return BRIDGE_OK;
	}
	free(p);
	return BRIDGE_OK;
}

static int pcsc_open(void **ctx, struct bridge_options *o, int argc, char **argv)
{
	struct pcsc *p = calloc(1, sizeof(*p));
	int err;

	if (!p)
		return -ENOMEM;
	strcpy(p->wanted, argv[0]);
	p->share = o->flags & UICC_VIRT_READER_SHARED ? SCARD_SHARE_SHARED : SCARD_SHARE_EXCLUSIVE;
	/* pcscd takes TPDUs for a T=0 card and APDUs for a T=1 card, as the kernel makes them. */
	if (!o->own[OPT_SHORT])
		o->flags |= UICC_VIRT_READER_EXTENDED;
	p->card = worker_new(&talk_ops, p);
	p->watch = p->card ? worker_new(&watch_ops, p) : NULL;
	if (p->watch) {
		*ctx = p;
		return worker_request(p->watch, WATCH, NULL, 0);
	}
	err = -errno;
	log_err("no thread: %s", strerror(-err));
	if (!p->card || !worker_end(p->card, END_MS))
		free(p);
	return err;
}

static void pcsc_fds(void *ctx, int fds[BRIDGE_FDS_MAX])
{
	const struct pcsc *p = ctx;

	fds[0] = worker_fd(p->watch);
	fds[1] = worker_fd(p->card);
}

/* What the kernel wants of a card that is gone meanwhile, nobody answers. */
static int pcsc_request(void *ctx, const uint8_t *data, size_t n)
{
	struct pcsc *p = ctx;

	if (p->state != CARD)
		return 0;
	return worker_request(p->card, n ? TRANSMIT : RESET, data, n);
}

static int connect_again(struct pcsc *p)
{
	p->state = CONNECTING;
	return worker_request(p->card, CONNECT, (const uint8_t *)p->name, strlen(p->name) + 1);
}

/* The reader has another card, or none. Is it news to the kernel? */
static int on_reader(struct pcsc *p, struct bridge_event *e)
{
	bool was_in = p->state == CARD;
	int err;

	if (e->type == BRIDGE_INSERTED) {
		memcpy(p->name, e->data, e->n);
		err = connect_again(p);
	} else {
		p->state = NO_CARD;
		err = worker_request(p->card, DISCONNECT, NULL, 0);
	}
	e->type = BRIDGE_REMOVED;
	e->n = 0;
	return err ? err : was_in ? 0 : -EAGAIN;
}

/* What came of the last request. */
static int on_card(struct pcsc *p, struct bridge_event *e)
{
	switch (p->state) {
	case NO_CARD:
		return -EAGAIN;
	case CONNECTING:
		p->state = e->type == BRIDGE_ANSWER ? CARD : NO_CARD;
		e->type = BRIDGE_INSERTED;
		return p->state == CARD ? 0 : -EAGAIN;
	case CARD:
		break;
	}
	if (e->type != BRIDGE_REMOVED)
		return 0;
	/* Lost; the other thread may not have noticed. If it does, this ends. */
	return connect_again(p);
}

static int pcsc_receive(void *ctx, struct bridge_event *out)
{
	struct pcsc *p = ctx;
	int err;

	while (!worker_take(p->watch, out)) {
		err = out->type == BRIDGE_NO_ANSWER ? -EAGAIN : on_reader(p, out);
		if (err != -EAGAIN)
			return err;
	}
	while (!worker_take(p->card, out)) {
		err = on_card(p, out);
		if (err != -EAGAIN)
			return err;
	}
	return -EAGAIN;
}

static const struct option pcsc_options[] = {
	{ "list", no_argument, NULL, BRIDGE_OPTION(OPT_LIST) },
	{ "short", no_argument, NULL, BRIDGE_OPTION(OPT_SHORT) },
	{ NULL, 0, NULL, 0 },
};

const struct bridge_backend bridge_pcsc = {
	.name = "pcsc",
	.usage = "[--shared] [--short] READER | --list",
	.reader = "pcsc",
	.options = pcsc_options,
	.flags = UICC_VIRT_READER_SHARED,
	.sees_cards = true,
	.prepare = pcsc_prepare,
	.open = pcsc_open,
	.fds = pcsc_fds,
	.request = pcsc_request,
	.receive = pcsc_receive,
	.close = pcsc_close,
};
