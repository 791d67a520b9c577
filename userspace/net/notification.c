// SPDX-License-Identifier: GPL-2.0-or-later
/* Package 0 and what a WAP push wraps it in; see notification.h. */
#include "net/notification.h"

#include <errno.h>
#include <string.h>

#include "util/digest.h"
#include "util/str.h"

#define TRIGGER_HEADER 8		/* bytes: version to the length of the server's name */
#define VERSION_MIN 10			/* as in 1.0 */
#define VERSION_MAX 12

/* --- the wrapping: SMS user data header (3GPP TS 23.040 9.2.3.24), WSP (WAP-230) --- */

#define IE_CONCAT_8 0x00
#define IE_PORTS_16 0x05
#define IE_CONCAT_16 0x08
#define PORT_PUSH 2948			/* WDP, connectionless push */

#define WSP_PUSH 0x06			/* PDU type, behind the transaction's number */
#define WSP_SHORT 0x80			/* a value, or a field's number, of 7 bits */
#define WSP_LENGTH_MAX 30		/* length of a value in one byte; above: text, or 31 */
#define WSP_LENGTH_FOLLOWS 31		/* as uintvar */
#define WSP_QUOTE 127			/* before a text that begins with a high byte */
#define TYPE_NOTIFICATION 0x44
#define FIELD_APPLICATION_ID 0x2f
#define APPLICATION_DM 0x07

static const char type_text[] = "application/vnd.syncml.notification";
static const char application_text[] = "x-wap-application:syncml.dm";

static bool skip(struct slice *s, size_t n)
{
	if (s->n < n)
		return false;
	*s = slice_of(s->p + n, s->n - n);
	return true;
}

/* Of 7 bits a byte, the highest first; nothing here needs more than 16. */
static bool take_uintvar(struct slice *s, size_t *out)
{
	size_t v = 0;

	for (int i = 0; i < 3 && s->n; i++) {
		uint8_t c = s->p[0];

		skip(s, 1);
		v = v << 7 | (c & 0x7f);
		if (!(c & 0x80)) {
			*out = v;
			return v <= NOTIFICATION_MAX;
		}
	}
	return false;
}

/*
 * One value (WSP 8.4.1.2): its bytes to @v. A short one has its high bit off, a text
 * is without its end, one with a length is without that.
 */
struct value {
	bool is_short, is_text;
	uint8_t code;
	struct slice bytes;
};

static bool take_value(struct slice *s, struct value *v)
{
	const uint8_t *end;
	size_t n;

	*v = (struct value){ .bytes = SLICE_NONE };
	if (!s->n)
		return false;
	if (s->p[0] & WSP_SHORT) {
		v->is_short = true;
		v->code = s->p[0] & 0x7f;
		return skip(s, 1);
	}
	if (s->p[0] <= WSP_LENGTH_FOLLOWS) {
		n = s->p[0];
		skip(s, 1);
		if (n > WSP_LENGTH_MAX && !take_uintvar(s, &n))
			return false;
		v->bytes = slice_of(s->p, n);
		return skip(s, n);
	}
	end = memchr(s->p, 0, s->n);
	if (!end)
		return false;
	v->is_text = true;
	v->bytes = slice_of(s->p, end - s->p);
	if (v->bytes.p[0] == WSP_QUOTE)
		skip(&v->bytes, 1);
	return skip(s, end - s->p + 1);
}

/* Is it the number @code, as one byte or as an integer with its length, or the name @text? */
static bool value_is(const struct value *v, uint8_t code, const char *text)
{
	if (v->is_short)
		return v->code == code;
	if (v->is_text)
		return str_eq_nocase(v->bytes, text);
	return v->bytes.n == 1 && v->bytes.p[0] == code;
}

/* A content type stands alone, or with a length and parameters behind it. */
static bool type_is_notification(struct value v)
{
	struct slice media = v.bytes;
	struct value inner;

	if (v.is_short || v.is_text)
		return value_is(&v, TYPE_NOTIFICATION, type_text);
	return take_value(&media, &inner) && value_is(&inner, TYPE_NOTIFICATION, type_text);
}

/* The fields behind the type: no other application may be named. */
static bool headers_fit(struct slice h)
{
	struct value name, v;

	while (h.n) {
		if (!take_value(&h, &name) || !take_value(&h, &v))
			return false;
		if (!name.is_short && !name.is_text)
			return false;
		if (value_is(&name, FIELD_APPLICATION_ID, "x-wap-application-id") &&
		    !value_is(&v, APPLICATION_DM, application_text))
			return false;
	}
	return true;
}

/* What a Push of our type carries; SLICE_NONE when it is no such thing. */
static struct slice unwrap_push(struct slice s)
{
	struct slice headers;
	struct value type;
	size_t n;

	if (s.n < 4 || s.p[1] != WSP_PUSH)
		return SLICE_NONE;
	skip(&s, 2);
	if (!take_uintvar(&s, &n) || n > s.n)
		return SLICE_NONE;
	headers = slice_of(s.p, n);
	if (!take_value(&headers, &type) || !type_is_notification(type) || !headers_fit(headers))
		return SLICE_NONE;
	skip(&s, n);
	return s;
}

/* Behind the header of an SMS that is whole and went to the port of WAP push; else SLICE_NONE. */
static struct slice unwrap_sms(struct slice s)
{
	bool port = false;
	struct slice ie;

	if (s.n < 2 || s.p[0] >= s.n)
		return SLICE_NONE;
	for (ie = slice_of(s.p + 1, s.p[0]); ie.n; ) {
		size_t n = ie.n > 1 ? ie.p[1] : ie.n;

		if (ie.n < 2 + n)
			return SLICE_NONE;
		if (ie.p[0] == IE_PORTS_16 && n == 4)
			port = (ie.p[2] << 8 | ie.p[3]) == PORT_PUSH;
		/* Who puts the parts of a long one together is the modem. */
		if ((ie.p[0] == IE_CONCAT_8 && (n != 3 || ie.p[3] > 1)) ||
		    (ie.p[0] == IE_CONCAT_16 && (n != 4 || ie.p[4] > 1)))
			return SLICE_NONE;
		skip(&ie, 2 + n);
	}
	skip(&s, 1 + (size_t)s.p[0]);
	return port ? s : SLICE_NONE;
}

/* --- the message itself (NOTI 6.2.2) --- */

static bool name_good(struct slice id)
{
	for (size_t i = 0; i < id.n; i++)
		if (id.p[i] <= 0x20 || id.p[i] == 0x7f)
			return false;
	return id.n && str_utf8_valid(id);
}

/*
 * What came without anything that says what it is must look like one in all it can: a
 * hook may give us whatever a modem has, and what is ours is taken away from others.
 */
static int parse_bare(struct slice msg, bool labelled, struct notification *out)
{
	struct notification n = { .digest = slice_of(msg.p, NOTIFICATION_DIGEST) };
	const uint8_t *t;

	if (msg.n < NOTIFICATION_DIGEST + TRIGGER_HEADER)
		return -EBADMSG;
	n.trigger = slice_of(msg.p + NOTIFICATION_DIGEST, msg.n - NOTIFICATION_DIGEST);
	t = n.trigger.p;
	/* version(10) ui-mode(2) initiator(1) future(27) sessionid(16) length(8) */
	n.version = t[0] << 2 | t[1] >> 6;
	if (labelled && (n.version < VERSION_MIN || n.version > VERSION_MAX))
		return -EPROTONOSUPPORT;
	if (!labelled && (t[1] & 7 || t[2] || t[3] || t[4]))
		return -EBADMSG;
	n.ui = t[1] >> 4 & 3;
	n.by_server = t[1] & 8;
	n.session_id = t[5] << 8 | t[6];
	if (!n.session_id || n.trigger.n - TRIGGER_HEADER < t[7])
		return -EBADMSG;
	n.server_id = slice_of(t + TRIGGER_HEADER, t[7]);
	n.vendor = slice_of(n.server_id.p + n.server_id.n,
			    n.trigger.n - TRIGGER_HEADER - n.server_id.n);
	if (!name_good(n.server_id))
		return -EBADMSG;
	if (n.version < VERSION_MIN || n.version > VERSION_MAX)
		return -EPROTONOSUPPORT;
	*out = n;
	return 0;
}

int notification_parse(struct slice msg, struct notification *out)
{
	struct slice sms, push;
	int err;

	if (msg.n > NOTIFICATION_MAX)
		return -EBADMSG;
	/*
	 * A digest can look like a wrapping, which then would hold no package 0 but by a
	 * chance of 2^-40: so the outermost comes first, and the message itself last.
	 */
	sms = unwrap_sms(msg);
	push = unwrap_push(slice_present(sms) ? sms : msg);
	if (!slice_present(push) && slice_present(sms))
		push = unwrap_push(msg);
	if (!slice_present(push))
		return parse_bare(msg, false, out);
	err = parse_bare(push, true, out);
	return err && !parse_bare(msg, false, out) ? 0 : err;
}

/* Appends the base64 of MD5 of @parts. */
static void put_b64_md5(struct buf *out, const struct slice *parts, size_t n)
{
	uint8_t md[DIGEST_MD5_SIZE];

	digest_md5_parts(parts, n, md);
	base64_encode(out, slice_of(md, sizeof(md)));
	explicit_bzero(md, sizeof(md));
}

bool notification_signed(const struct notification *n, struct slice secret, struct slice nonce)
{
	const struct slice user[] = { n->server_id, SLICE_LIT(":"), secret };
	struct buf key = BUF_INIT, sum = BUF_INIT;
	uint8_t md[DIGEST_MD5_SIZE];
	bool good = false;

	if (!secret.n)
		return false;
	put_b64_md5(&key, user, 3);
	put_b64_md5(&sum, &n->trigger, 1);
	if (!buf_error(&key) && !buf_error(&sum)) {
		const struct slice parts[] = { buf_slice(&key), SLICE_LIT(":"), nonce,
					       SLICE_LIT(":"), buf_slice(&sum) };

		digest_md5_parts(parts, 5, md);
		good = digest_equal(md, n->digest.p, sizeof(md));
		explicit_bzero(md, sizeof(md));
	}
	buf_wipe_fini(&key);
	buf_fini(&sum);
	return good;
}

struct slice notification_reset_nonce(unsigned int i)
{
	switch (i) {
	case 0:
		return SLICE_LIT("\0\0\0\0");
	case 1:
		return SLICE_LIT("0x00000000");
	default:
		return SLICE_NONE;
	}
}
