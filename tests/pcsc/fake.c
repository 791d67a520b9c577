// SPDX-License-Identifier: GPL-2.0-or-later
/* A libpcsclite for tests: see fake.h. */
#include "fake.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define READERS_MAX 4
#define CONTEXTS_MAX 4

struct reader {
	char name[MAX_READERNAME];
	bool there, card, mute;
	unsigned int counter;
	uint8_t atr[MAX_ATR_SIZE];
	size_t atr_n;
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool stopped;
	struct reader readers[READERS_MAX];
	bool context[CONTEXTS_MAX], waits[CONTEXTS_MAX], cancelled[CONTEXTS_MAX];
	int owner;		/* the context of the one handle, -1 for none */
	SCARDHANDLE handle;	/* 0: not connected */
	struct reader *connected;
	unsigned int connected_counter;
	DWORD active, wished;
	bool reset_seen, hangs;
	LONG rv[F_CALLS];
	unsigned int times[F_CALLS];
	uint8_t answer[8192];
	size_t answer_n;
	struct fake_counts c;
} f = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER, .owner = -1 };

const SCARD_IO_REQUEST g_rgSCardT0Pci = { SCARD_PROTOCOL_T0, sizeof(SCARD_IO_REQUEST) };
const SCARD_IO_REQUEST g_rgSCardT1Pci = { SCARD_PROTOCOL_T1, sizeof(SCARD_IO_REQUEST) };
const SCARD_IO_REQUEST g_rgSCardRawPci = { SCARD_PROTOCOL_RAW, sizeof(SCARD_IO_REQUEST) };

#define must(condition)                                                                 \
	do {                                                                            \
		if (!(condition)) {                                                     \
			fprintf(stderr, "libpcsclite: %s: %s\n", __func__, #condition); \
			abort();                                                        \
		}                                                                       \
	} while (0)

static void lock(void)
{
	pthread_mutex_lock(&f.lock);
}

static LONG unlock(LONG rv)
{
	pthread_cond_broadcast(&f.changed);
	pthread_mutex_unlock(&f.lock);
	return rv;
}

/* --- what a test does --------------------------------------------------------- */

static struct reader *reader(const char *name)
{
	for (int i = 0; i < READERS_MAX; i++)
		if (!strcmp(f.readers[i].name, name))
			return &f.readers[i];
	return NULL;
}

void fake_reset(void)
{
	lock();
	must(!f.c.contexts && !f.c.handles);
	memset(f.readers, 0, sizeof(f.readers));
	memset(f.times, 0, sizeof(f.times));
	memset(&f.c, 0, sizeof(f.c));
	f.stopped = f.reset_seen = f.hangs = false;
	f.wished = 0;
	f.answer[0] = 0x90;
	f.answer[1] = 0x00;
	f.answer_n = 2;
	unlock(0);
}

void fake_reader(const char *name, bool there)
{
	struct reader *r;

	lock();
	r = reader(name);
	if (!r)
		r = reader("");
	must(r && strlen(name) < sizeof(r->name));
	memset(r, 0, sizeof(*r));
	if (there)
		strcpy(r->name, name);
	r->there = there;
	unlock(0);
}

void fake_card(const char *name, const uint8_t *atr, size_t n)
{
	struct reader *r;

	lock();
	r = reader(name);
	must(r && n <= sizeof(r->atr));
	r->counter += r->card && n ? 2 : 1;
	r->card = n != 0;
	r->mute = false;
	if (n)
		memcpy(r->atr, atr, n);
	r->atr_n = n;
	unlock(0);
}

void fake_mute(const char *name, bool mute)
{
	lock();
	must(reader(name));
	reader(name)->mute = mute;
	unlock(0);
}

void fake_pcscd(bool runs)
{
	lock();
	f.stopped = !runs;
	if (!runs)
		f.handle = 0;
	unlock(0);
}

void fake_fail(enum fake_call call, LONG rv, unsigned int times)
{
	lock();
	f.rv[call] = rv;
	f.times[call] = times;
	unlock(0);
}

void fake_protocol(DWORD protocol)
{
	lock();
	f.wished = protocol;
	unlock(0);
}

void fake_reset_by_other(void)
{
	lock();
	f.reset_seen = true;
	unlock(0);
}

void fake_hang(bool hangs)
{
	lock();
	f.hangs = hangs;
	unlock(0);
}

void fake_answer(const uint8_t *data, size_t n)
{
	lock();
	must(n <= sizeof(f.answer));
	memcpy(f.answer, data, n);
	f.answer_n = n;
	unlock(0);
}

struct fake_counts fake_counts(void)
{
	struct fake_counts c;

	lock();
	c = f.c;
	unlock(0);
	return c;
}

/* --- what the program under test calls ---------------------------------------- */

/* With the lock: whether this call is to fail, and how. */
static LONG fails(enum fake_call call)
{
	f.c.calls[call]++;
	if (f.times[call]) {
		f.times[call]--;
		return f.rv[call];
	}
	return f.stopped ? SCARD_E_NO_SERVICE : SCARD_S_SUCCESS;
}

static int context_of(SCARDCONTEXT context)
{
	must(context >= 1 && context <= CONTEXTS_MAX && f.context[context - 1]);
	return (int)context - 1;
}

LONG SCardEstablishContext(DWORD scope, LPCVOID r1, LPCVOID r2, LPSCARDCONTEXT out)
{
	LONG rv;
	int i;

	lock();
	must(scope == SCARD_SCOPE_SYSTEM && !r1 && !r2 && out);
	rv = fails(F_ESTABLISH);
	if (rv)
		return unlock(rv);
	for (i = 0; i < CONTEXTS_MAX && f.context[i]; i++)
		;
	must(i < CONTEXTS_MAX);
	f.context[i] = true;
	f.cancelled[i] = false;
	f.c.contexts++;
	*out = i + 1;
	return unlock(rv);
}

LONG SCardReleaseContext(SCARDCONTEXT context)
{
	int i;

	lock();
	i = context_of(context);
	must(!f.waits[i]);
	/* pcscd closes what is open; the program should have. */
	must(f.owner != i || !f.c.handles);
	f.context[i] = false;
	f.c.contexts--;
	return unlock(0);
}

LONG SCardListReaders(SCARDCONTEXT context, LPCSTR groups, LPSTR out, LPDWORD n)
{
	size_t used = 0;
	LONG rv;

	lock();
	context_of(context);
	must(!groups && out && n);
	rv = fails(F_LIST);
	for (int i = 0; !rv && i < READERS_MAX; i++) {
		if (!f.readers[i].there)
			continue;
		must(used + strlen(f.readers[i].name) + 2 <= *n);
		strcpy(out + used, f.readers[i].name);
		used += strlen(f.readers[i].name) + 1;
	}
	if (!rv && !used)
		rv = SCARD_E_NO_READERS_AVAILABLE;
	if (!rv) {
		out[used++] = 0;
		*n = used;
	}
	return unlock(rv);
}

/* With the lock: does @s say something that @before did not? */
static bool news(SCARD_READERSTATE *s)
{
	const struct reader *r = reader(s->szReader);
	DWORD before = s->dwCurrentState, now = 0;

	if (!r) {
		s->dwEventState = SCARD_STATE_UNKNOWN | SCARD_STATE_UNAVAILABLE | SCARD_STATE_CHANGED;
		return true;
	}
	now = r->card ? SCARD_STATE_PRESENT : SCARD_STATE_EMPTY;
	if (r->card && r->mute)
		now |= SCARD_STATE_MUTE;
	now |= (DWORD)r->counter << 16;
	s->cbAtr = r->atr_n;
	memcpy(s->rgbAtr, r->atr, r->atr_n);
	s->dwEventState = now | (now == before ? 0 : SCARD_STATE_CHANGED);
	return now != before;
}

static int readers_there(void)
{
	int n = 0;

	for (int i = 0; i < READERS_MAX; i++)
		n += f.readers[i].there;
	return n;
}

LONG SCardGetStatusChange(SCARDCONTEXT context, DWORD ms, SCARD_READERSTATE *s, DWORD n)
{
	struct timespec until;
	bool any;
	int i, had;
	LONG rv;

	clock_gettime(CLOCK_REALTIME, &until);
	must(n == 1 && s && ms != INFINITE);
	until.tv_sec += (time_t)(ms / 1000);
	lock();
	i = context_of(context);
	rv = fails(F_STATUS_CHANGE);
	any = !strcmp(s->szReader, "\\\\?PnP?\\Notification");
	if (!rv && !any && !reader(s->szReader))
		rv = SCARD_E_UNKNOWN_READER;
	had = readers_there();
	f.waits[i] = true;
	while (!rv && (any ? readers_there() == had : !news(s))) {
		if (pthread_cond_timedwait(&f.changed, &f.lock, &until) == ETIMEDOUT)
			rv = SCARD_E_TIMEOUT;
		else if (f.cancelled[i])
			rv = SCARD_E_CANCELLED;
		else if (f.stopped)
			rv = SCARD_E_NO_SERVICE;
	}
	f.waits[i] = f.cancelled[i] = false;
	return unlock(rv);
}

LONG SCardCancel(SCARDCONTEXT context)
{
	lock();
	/* As in the real one: nothing that waits is nothing to cancel, nor is a context that went. */
	if (context >= 1 && context <= CONTEXTS_MAX && f.context[context - 1])
		f.cancelled[context - 1] = f.waits[context - 1];
	return unlock(0);
}

static DWORD first_protocol(const struct reader *r)
{
	size_t at = 2;

	if (f.wished)
		return f.wished;
	if (r->atr_n < 2 || !(r->atr[1] & 0x80))
		return SCARD_PROTOCOL_T0;
	for (int bit = 0x10; bit <= 0x40; bit <<= 1)
		at += !!(r->atr[1] & bit);
	return r->atr[at] & 1 ? SCARD_PROTOCOL_T1 : SCARD_PROTOCOL_T0;
}

/* With the lock: the errors of a handle. */
static LONG handle_fails(SCARDHANDLE handle)
{
	/* Whoever uses one must have got it, and not have let it go. */
	must(f.c.handles == 1);
	if (f.handle != handle)
		return SCARD_E_INVALID_HANDLE;
	if (!f.connected->there)
		return SCARD_E_READER_UNAVAILABLE;
	if (!f.connected->card || f.connected->counter != f.connected_counter)
		return SCARD_W_REMOVED_CARD;
	return SCARD_S_SUCCESS;
}

LONG SCardConnect(SCARDCONTEXT context, LPCSTR name, DWORD share, DWORD protocols,
		  LPSCARDHANDLE handle, LPDWORD active)
{
	static SCARDHANDLE next = 100;
	struct reader *r;
	LONG rv;
	int i;

	lock();
	i = context_of(context);
	must(share == SCARD_SHARE_EXCLUSIVE || share == SCARD_SHARE_SHARED);
	must(protocols && !(protocols & ~(DWORD)(SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1)));
	rv = fails(F_CONNECT);
	r = reader(name);
	if (!rv)
		rv = !r ? SCARD_E_UNKNOWN_READER : !r->card ? SCARD_E_NO_SMARTCARD :
		     r->mute ? SCARD_W_UNRESPONSIVE_CARD : 0;
	if (rv)
		return unlock(rv);
	must(!f.c.handles);
	f.handle = *handle = next++;
	f.owner = i;
	f.connected = r;
	f.connected_counter = r->counter;
	f.active = *active = first_protocol(r);
	f.reset_seen = false;
	f.c.handles = 1;
	f.c.share = share;
	return unlock(0);
}

LONG SCardReconnect(SCARDHANDLE handle, DWORD share, DWORD protocols, DWORD init, LPDWORD active)
{
	LONG rv;

	lock();
	must(share == f.c.share);
	must(init == SCARD_LEAVE_CARD || init == SCARD_UNPOWER_CARD);
	/* Nobody resets what is others' too. */
	must(init == SCARD_LEAVE_CARD || share == SCARD_SHARE_EXCLUSIVE);
	rv = fails(F_RECONNECT);
	if (!rv)
		rv = handle_fails(handle);
	if (!rv && init == SCARD_UNPOWER_CARD && f.connected->mute)
		rv = SCARD_W_UNRESPONSIVE_CARD;
	if (rv)
		return unlock(rv);
	f.c.init = init;
	f.reset_seen = false;
	if (init == SCARD_UNPOWER_CARD)
		f.active = protocols == (SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1) ?
			   first_protocol(f.connected) : protocols;
	*active = f.active;
	return unlock(0);
}

LONG SCardDisconnect(SCARDHANDLE handle, DWORD how)
{
	lock();
	must(f.c.handles == 1);
	f.c.handles = 0;
	f.c.left = how;
	if (f.handle != handle)
		return unlock(SCARD_E_INVALID_HANDLE);
	f.handle = 0;
	f.owner = -1;
	return unlock(0);
}

LONG SCardStatus(SCARDHANDLE handle, LPSTR name, LPDWORD name_n, LPDWORD state, LPDWORD protocol,
		 LPBYTE atr, LPDWORD atr_n)
{
	LONG rv;

	lock();
	must(!name && !name_n && state && protocol && atr && atr_n);
	rv = fails(F_STATUS);
	if (!rv)
		rv = handle_fails(handle);
	if (!rv && f.reset_seen)
		rv = SCARD_W_RESET_CARD;
	if (rv)
		return unlock(rv);
	must(*atr_n >= f.connected->atr_n);
	memcpy(atr, f.connected->atr, f.connected->atr_n);
	*atr_n = f.connected->atr_n;
	*protocol = f.active;
	*state = SCARD_PRESENT;
	return unlock(0);
}

LONG SCardTransmit(SCARDHANDLE handle, const SCARD_IO_REQUEST *pci, LPCBYTE data, DWORD n,
		   SCARD_IO_REQUEST *in_pci, LPBYTE out, LPDWORD out_n)
{
	LONG rv;

	lock();
	must(data && n >= 4 && n <= sizeof(f.c.command) && !in_pci && out && out_n);
	while (f.hangs)
		pthread_cond_wait(&f.changed, &f.lock);
	rv = fails(F_TRANSMIT);
	if (!rv)
		rv = handle_fails(handle);
	if (!rv && f.reset_seen)
		rv = SCARD_W_RESET_CARD;
	if (rv)
		return unlock(rv);
	must(pci->dwProtocol == f.active && pci->cbPciLength == sizeof(*pci));
	f.c.protocol = pci->dwProtocol;
	memcpy(f.c.command, data, n);
	f.c.command_n = n;
	if (f.answer_n > *out_n)
		return unlock(SCARD_E_INSUFFICIENT_BUFFER);
	memcpy(out, f.answer, f.answer_n);
	*out_n = f.answer_n;
	return unlock(0);
}

const char *pcsc_stringify_error(LONG rv)
{
	static _Thread_local char text[32];

	snprintf(text, sizeof(text), "error %lx", (unsigned long)rv);
	return text;
}
