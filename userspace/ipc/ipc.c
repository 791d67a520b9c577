// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sends, receives and checks the messages between helper and children. What a
 * message means is not decided here.
 */
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

#include "ipc/ipc.h"
#include "util/text.h"

#define HEAD offsetof(struct ipc_msg, start)

static const size_t body_size[IPC_TYPE_COUNT] = {
	[IPC_START] = sizeof(struct ipc_start),
	[IPC_READ] = sizeof(struct ipc_read),
	[IPC_DATA] = offsetof(struct ipc_data, data),	/* and its bytes */
	[IPC_ASK] = sizeof(struct ipc_ask),
	[IPC_SESSION] = sizeof(struct ipc_session),
	[IPC_OUTCOME] = sizeof(struct ipc_outcome),
	[IPC_START_SESSION] = sizeof(struct ipc_start_session),
	[IPC_SLOT] = sizeof(struct ipc_slot),
	[IPC_END] = 0,
	[IPC_LWM2M] = offsetof(struct ipc_lwm2m, data),	/* and its bytes */
	[IPC_LWM2M_END] = 0,
	[IPC_PIN] = sizeof(struct ipc_pin),
	[IPC_NETWORK] = 0,
	[IPC_DECODE] = sizeof(struct ipc_decode),
	[IPC_DOWNLOAD] = sizeof(struct ipc_download),
	[IPC_UPDATE] = sizeof(struct ipc_update),
	[IPC_FIRMWARE] = sizeof(struct ipc_firmware),
	[IPC_UI] = offsetof(struct ipc_question, choices),	/* and its choices */
	[IPC_UI_ANSWER] = sizeof(struct ipc_answer),
	[IPC_PROGRESS] = sizeof(struct ipc_progress),
	[IPC_CONNECT] = sizeof(struct ipc_connect),
	[IPC_WAKE] = 0,
};

/* The bytes behind the body of those types that have some. */
static uint32_t tail_size(const struct ipc_msg *m)
{
	switch (m->type) {
	case IPC_DATA:
		return m->data.len;
	case IPC_LWM2M:
		return m->lwm2m.len;
	case IPC_UI:
		return m->question.nchoices * (uint32_t)IPC_CHOICE_MAX;
	default:
		return 0;
	}
}

static uint32_t tail_max(const struct ipc_msg *m)
{
	return m->type == IPC_UI ? sizeof(m->question.choices) : IPC_DATA_MAX;
}

static size_t msg_size(const struct ipc_msg *m)
{
	return HEAD + body_size[m->type] + tail_size(m);
}

/*
 * A string ends inside its array and is UTF-8 that can neither move a cursor
 * nor turn the text beside it: it may be shown to a person or logged by root.
 */
static bool text_ok(const char *s, size_t size)
{
	size_t n = strnlen(s, size);

	return n < size && text_is_printable(slice_of(s, n));
}

#define TEXT_OK(a) text_ok(a, sizeof(a))

static bool cause_ok(const char cause[IPC_CAUSE_MAX], uint32_t session_id, uint32_t server_initiated)
{
	return text_ok(cause, IPC_CAUSE_MAX) && session_id <= UINT16_MAX && server_initiated <= 1 &&
	       (server_initiated || !session_id);
}

/* What the kernel takes as a name of one; "" is none. */
static bool interface_ok(const char name[IPC_INTERFACE_MAX])
{
	size_t n = strnlen(name, IPC_INTERFACE_MAX);

	return !n || connection_ifname_ok(slice_of(name, n));
}

static bool lwm2m_ok(const struct ipc_lwm2m *v)
{
	if (v->object == LWM2M_ID_NONE || v->instance == LWM2M_ID_NONE ||
	    v->resource == LWM2M_ID_NONE || v->secret > 1 || v->more > 1 || v->reserved)
		return false;
	if (v->more && (v->kind != LWM2M_OPAQUE || v->len != IPC_DATA_MAX))
		return false;	/* no endless stream of nothing */
	switch (v->kind) {
	case LWM2M_OPAQUE:
		return !v->number;
	case LWM2M_STRING:
		return !v->number && text_is_printable(slice_of(v->data, v->len));
	case LWM2M_INTEGER:
		return !v->len;
	case LWM2M_BOOLEAN:
		return !v->len && (v->number == 0 || v->number == 1);
	case LWM2M_LINK:
		return !v->len && v->number >= 0 && v->number <= UINT32_MAX;
	default:
		return false;
	}
}

/* Which of its fields each kind of question has. */
static bool question_ok(const struct ipc_question *q)
{
	bool choice = q->kind == IPC_KIND_CHOICE || q->kind == IPC_KIND_CHOICES;

	if (q->kind >= IPC_KINDS || q->min_s > IPC_UI_SECONDS_MAX || q->max_s > IPC_UI_SECONDS_MAX ||
	    !q->left_s || q->left_s > IPC_UI_SECONDS_MAX || q->max_len > IPC_DATA_MAX || q->masked > 1 || q->has_default > 1 || q->accept > 1)
		return false;
	if (choice != !!q->nchoices || q->nchoices > IPC_CHOICES_MAX ||
	    (uint64_t)q->chosen >> q->nchoices)
		return false;
	if (q->input > 'Z' || !strchr("ANDTPI", (int)q->input) || !q->input)
		return false;
	if (!TEXT_OK(q->initial) || !TEXT_OK(q->text))
		return false;
	for (size_t i = 0; i < q->nchoices; i++)
		if (!TEXT_OK(q->choices[i]) || !q->choices[i][0])
			return false;
	return true;
}

static bool answer_ok(const struct ipc_answer *a)
{
	return a->answer < IPC_ANSWER_COUNT && TEXT_OK(a->text) &&
	       (a->answer == IPC_ANSWER_YES || (!a->chosen && !a->text[0]));
}

/* 16 hexadecimal digits: no way out of a directory. */
static bool package_ok(const char name[IPC_PACKAGE_MAX])
{
	return strnlen(name, IPC_PACKAGE_MAX) == IPC_PACKAGE_MAX - 1 &&
	       strspn(name, "0123456789abcdef") == IPC_PACKAGE_MAX - 1;
}

static bool all_zero(const char *p, size_t n)
{
	while (n && !p[n - 1])
		n--;
	return !n;
}

static bool download_ok(const struct ipc_download *d)
{
	return d->max && d->max <= INT64_MAX && TEXT_OK(d->url) && d->url[0] && TEXT_OK(d->server_id) &&
	       d->server_id[0] && package_ok(d->package) && all_zero(d->reserved, sizeof(d->reserved));
}

static bool update_ok(const struct ipc_update *u)
{
	bool none = u->verb == IPC_VERB_RESULT && !u->package[0] && !u->size &&
		    all_zero(u->package, sizeof(u->package));

	return u->verb < IPC_VERBS && u->size <= INT64_MAX && (none || package_ok(u->package)) &&
	       TEXT_OK(u->name) && u->name[0] != '-' && TEXT_OK(u->version) && u->version[0] != '-' &&
	       all_zero(u->reserved, sizeof(u->reserved));
}

static bool firmware_ok(const struct ipc_firmware *f)
{
	return f->size <= INT64_MAX && (!f->code || (f->code >= 200 && f->code <= 599)) &&
	       f->retry <= 1 && TEXT_OK(f->reason);
}

static bool body_ok(const struct ipc_msg *m)
{
	switch (m->type) {
	case IPC_START:
		return TEXT_OK(m->start.slot) && TEXT_OK(m->start.transport) &&
		       TEXT_OK(m->start.location) && TEXT_OK(m->start.boot_id);
	case IPC_READ:
		return TEXT_OK(m->read.path) && m->read.len >= 1 && m->read.len <= IPC_DATA_MAX &&
		       m->read.off <= 0xffffff;
	case IPC_DATA:
		return m->data.err <= 0 && m->data.err > -4096 && (!m->data.err || !m->data.len);
	case IPC_ASK:
		return TEXT_OK(m->ask.text) && m->ask.timeout_s <= 65535 && !m->ask.reserved;
	case IPC_SESSION:
		return TEXT_OK(m->session.text) && TEXT_OK(m->session.server_id) &&
		       m->session.server_id[0] && m->session.timeout_s <= 65535 &&
		       m->session.ui <= IPC_UI_ASK &&
		       cause_ok(m->session.cause, m->session.session_id, m->session.server_initiated);
	case IPC_OUTCOME:
		return TEXT_OK(m->outcome.reason) && m->outcome.result < IPC_RESULT_COUNT &&
		       m->outcome.err <= 0 && m->outcome.err > -4096 && m->outcome.retry <= IPC_RETRY_MAX &&
		       m->outcome.more <= 1;
	case IPC_START_SESSION:
		return TEXT_OK(m->start_session.slot) && TEXT_OK(m->start_session.server_id) &&
		       m->start_session.server_id[0] &&
		       interface_ok(m->start_session.interface) &&
		       cause_ok(m->start_session.cause, m->start_session.session_id,
				m->start_session.server_initiated) &&
		       m->start_session.conref <= IPC_CONREF_MAX && !m->start_session.reserved;
	case IPC_SLOT:
		return TEXT_OK(m->slot.transport) && TEXT_OK(m->slot.location) &&
		       m->slot.state < IPC_SLOT_STATES && m->slot.iccid_len <= IPC_ICCID_MAX &&
		       (m->slot.state == IPC_SLOT_CARD || !m->slot.iccid_len);
	case IPC_LWM2M:
		return lwm2m_ok(&m->lwm2m);
	case IPC_PIN:
		return TEXT_OK(m->pin.path) && m->pin.off <= 0xffffff && !m->pin.reserved;
	case IPC_CONNECT:
		return TEXT_OK(m->connect.server_id) && m->connect.server_id[0] &&
		       m->connect.conref >= 1 && m->connect.conref <= IPC_CONREF_MAX &&
		       TEXT_OK(m->connect.transport) && TEXT_OK(m->connect.location) &&
		       !m->connect.reserved && !connection_check(&m->connect.c);
	case IPC_DOWNLOAD:
		return download_ok(&m->download);
	case IPC_UPDATE:
		return update_ok(&m->update);
	case IPC_FIRMWARE:
		return firmware_ok(&m->firmware);
	case IPC_DECODE:
		return TEXT_OK(m->decode.slot) && m->decode.json <= 1 && m->decode.secrets <= 1;
	case IPC_UI:
		return question_ok(&m->question);
	case IPC_UI_ANSWER:
		return answer_ok(&m->answer);
	case IPC_PROGRESS:
		return TEXT_OK(m->progress.what) &&
		       (!m->progress.total || m->progress.done <= m->progress.total);
	default:
		return true;
	}
}

int ipc_check(const struct ipc_msg *m, size_t size)
{
	if (size < HEAD || m->version != IPC_VERSION || m->reserved)
		return -EPROTO;
	if (m->type < IPC_START || m->type >= IPC_TYPE_COUNT)
		return -EPROTO;
	if (size < HEAD + body_size[m->type])
		return -EPROTO;
	if (tail_size(m) > tail_max(m))
		return -EPROTO;
	if (size != msg_size(m) || !body_ok(m))
		return -EPROTO;
	return 0;
}

int ipc_pair(int fds[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) ? -errno : 0;
}

void ipc_prepare(struct ipc_msg *m, enum ipc_type type)
{
	memset(m, 0, sizeof(*m));
	m->version = IPC_VERSION;
	m->type = (uint16_t)type;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Waits until @events; a signal does not shorten the time. 0, -ETIMEDOUT, -errno. */
static int wait_for(int fd, short events, int64_t deadline)
{
	struct pollfd p = { .fd = fd, .events = events };
	int64_t left;
	int r;

	for (;;) {
		left = deadline < 0 ? -1 : deadline - now_ms();
		if (deadline >= 0 && left < 0)
			left = 0;
		r = poll(&p, 1, (int)left);
		if (r > 0)
			return 0;
		if (r == 0)
			return -ETIMEDOUT;
		if (errno != EINTR)
			return -errno;
	}
}

int ipc_send(int fd, const struct ipc_msg *m, int timeout_ms)
{
	int64_t deadline = timeout_ms < 0 ? -1 : now_ms() + timeout_ms;
	int r;

	for (;;) {
		if (send(fd, m, msg_size(m), MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
			return 0;
		if (errno == ECONNRESET)
			return -EPIPE;
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		r = wait_for(fd, POLLOUT, deadline);
		if (r)
			return r;
	}
}

int ipc_recv(int fd, struct ipc_msg *m, int timeout_ms)
{
	int64_t deadline = timeout_ms < 0 ? -1 : now_ms() + timeout_ms;
	struct iovec iov = { m, sizeof(*m) };
	/* No control buffer: a file descriptor someone sends along is dropped by the kernel. */
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1 };
	bool reset = false;
	ssize_t n;
	int r;

	memset(m, 0, sizeof(*m));
	for (;;) {
		h.msg_flags = 0;
		n = recvmsg(fd, &h, MSG_DONTWAIT);
		if (n >= 0)
			break;
		/* Gone, with a message of ours unread: that is said once, and then its last words. */
		if (errno == ECONNRESET && !reset) {
			reset = true;
			continue;
		}
		if (errno == ECONNRESET)
			return -EPIPE;
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		r = wait_for(fd, POLLIN, deadline);
		if (r)
			return r;
	}
	if (n == 0)
		return -EPIPE;
	if (h.msg_flags & MSG_TRUNC)
		return -EPROTO;
	return ipc_check(m, (size_t)n);
}

const char *ipc_result_name(enum ipc_result r)
{
	static const char *const names[IPC_RESULT_COUNT] = {
		"done", "refused", "timed out", "withdrawn", "failed" };

	return r < IPC_RESULT_COUNT ? names[r] : "?";
}
