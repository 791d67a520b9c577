// SPDX-License-Identifier: GPL-2.0-or-later
/* Generic Alerts on their way from the store to a server; the contract is in alerts.h. */
#include "dmsc-client/alerts.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "dm/status.h"
#include "dm/uri.h"
#include "util/cleanup.h"
#include "util/digest.h"
#include "util/log.h"
#include "util/str.h"

/* --- what one may say --- */

static bool printing(const char *s)
{
	return str_plain(slice_str(s));
}

/* What an XML document can hold, and a person can have meant. */
static bool is_text(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((s.p[i] < 0x20 && s.p[i] != '\t' && s.p[i] != '\n' && s.p[i] != '\r') ||
		    s.p[i] == 0x7f)
			return false;
	return str_utf8_valid(s) && !str_has_nonchar(s);
}

static bool source_good(const char *source)
{
	struct dm_uri u;

	return !source[0] || (!strncmp(source, "./", 2) && !dm_uri_parse(slice_str(source), NULL, &u) &&
			      u.query == DM_URI_NODE);
}

static const char *fault(const struct store_alert *a, enum dm_format *format)
{
	struct dm_session_alert wire = { .code = a->code, .type = slice_str(a->type) };
	const char *name = strstr(a->type, ": ");

	if (!dm_session_alert_valid(&wire) || !name || !name[2] || !printing(a->type))
		return "the type is neither \"Reversed-Domain-Name: org.example.name\" nor "
		       "\"Content-Type: mime/type\"";
	wire.mark = a->mark[0] ? slice_str(a->mark) : SLICE_NONE;
	if (!dm_session_alert_valid(&wire))
		return "the mark is none of fatal, critical, minor, warning, informational, harmless "
		       "and indeterminate";
	if (dm_format_parse(slice_str(a->format), format) || *format == DM_FMT_NODE)
		return "the format is none of a value";
	if (!source_good(a->source))
		return "the source is no URI of the tree (./...)";
	if (!printing(a->correlator))
		return "the correlator is not printing ASCII";
	if (a->data.n > STORE_ALERT_DATA_MAX)
		return "the data is longer than 16384 bytes";
	if (*format != DM_FMT_BIN && !is_text(a->data))
		return "the data is no text: use the format bin";
	return NULL;
}

int alert_prepare(struct store_alert *a, struct buf *text, const char **why)
{
	enum dm_format format = DM_FMT_CHR;

	if (!a->code)
		a->code = 1226;
	if (!a->format[0])
		strcpy(a->format, "chr");
	*why = fault(a, &format);
	if (*why)
		return -EINVAL;
	if (format != DM_FMT_BIN)
		return 0;
	base64_encode(text, a->data);
	if (buf_error(text))
		return buf_error(text);
	a->data = buf_slice(text);
	strcpy(a->format, "b64");
	if (a->data.n > STORE_ALERT_DATA_MAX)
		*why = "the data is longer than 12288 bytes, and binary";
	return *why ? -EINVAL : 0;
}

/* What is missing is "". */
static int word(char *out, size_t size, const char *in)
{
	return in ? str_copy(out, size, slice_str(in)) : 0;
}

int alert_of_object(void *ctx, const struct dmsc_alert *a)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct store_alert row = { .data = slice_of(a->value.data, a->value.len) };
	const char *why = NULL;
	int err;

	if (word(row.type, sizeof(row.type), a->type) || word(row.source, sizeof(row.source), a->source) ||
	    word(row.mark, sizeof(row.mark), a->mark) ||
	    word(row.correlator, sizeof(row.correlator), a->correlator) ||
	    word(row.format, sizeof(row.format), dm_format_name((enum dm_format)a->value.format)))
		return -EINVAL;
	err = alert_prepare(&row, &text, &why);
	if (why)
		log_warn("a management object's alert is not kept: %s", why);
	return err ? err : store_alert_put(ctx, &row, time(NULL));
}

/* --- into a session --- */

struct loading {
	struct alerts *q;
	struct dm_session_alert *list;
	size_t *n, max, bytes;
};

/* @b has the room already, so what it holds does not move. */
static struct slice keep(struct buf *b, struct slice s)
{
	const uint8_t *at = b->data + b->len;

	buf_put_slice(b, s);
	return s.n ? slice_of(at, s.n) : SLICE_NONE;
}

static void keep_all(struct buf *b, const struct store_alert *a, struct dm_session_alert *d)
{
	*d = (struct dm_session_alert){
		.code = a->code,
		.source = keep(b, slice_str(a->source)),
		.type = keep(b, slice_str(a->type)),
		.format = keep(b, slice_str(a->format)),
		.mark = keep(b, slice_str(a->mark)),
		.data = keep(b, a->data),
		.correlator = keep(b, slice_str(a->correlator)),
	};
}

static int load_one(void *ctx, const struct store_alert *a)
{
	struct loading *l = ctx;
	struct alerts_one *one = &l->q->v[l->q->n];
	struct dm_session_alert *d = &l->list[*l->n];

	if (*l->n >= l->max || l->q->n == DM_SESSION_MAX_ALERTS)
		return 1;
	if (l->q->n && l->bytes + a->data.n > ALERTS_BYTES_MAX)
		return 1;	/* in their order: what comes behind waits, too */
	*one = (struct alerts_one){ .id = a->id, .tries = a->tries, .at = *l->n, .text = BUF_INIT };
	if (!buf_room(&one->text, strlen(a->source) + strlen(a->type) + strlen(a->format) +
				  strlen(a->mark) + strlen(a->correlator) + a->data.n))
		return -ENOMEM;
	keep_all(&one->text, a, d);
	l->bytes += a->data.n;
	l->q->n++;
	++*l->n;
	return 0;
}

int alerts_load(struct alerts *q, struct store *s, const char *server,
		struct dm_session_alert *list, size_t *n, size_t max)
{
	struct loading l = { .q = q, .list = list, .n = n, .max = max };
	int err = store_alert_each(s, server, load_one, &l);

	return err < 0 ? err : 0;
}

void alerts_fini(struct alerts *q)
{
	for (size_t i = 0; i < q->n; i++)
		buf_wipe_fini(&q->v[i].text);
	q->n = 0;
}

/* --- what became of it --- */

enum verdict { TOLD, KEPT, TRIED, REFUSED };

/* PRO 2.3.7: 200 and 202 took it; of the others those stay that time can change. */
static enum verdict verdict(unsigned int status, bool normal)
{
	switch (status) {
	case 0:
		return normal ? TRIED : KEPT;	/* it came to its end and never said */
	case DM_ST_INVALID_CRED:
	case DM_ST_MISSING_CRED:
		return KEPT;
	case DM_ST_RETRY_LATER:
		return TRIED;
	default:
		return status < 300 ? TOLD : status >= 500 ? TRIED : REFUSED;
	}
}

static int settle_one(struct alerts_one *one, struct store *s, const struct dm_session_alert *a,
		      unsigned int status, enum verdict v)
{
	if (v == TRIED && one->tries + 1 < ALERTS_TRIES_MAX)
		return store_alert_tried(s, one->id);
	if (v != TOLD)
		log_warn("an alert (%.*s) is dropped: the server answers %u%s", (int)a->type.n,
			 (const char *)a->type.p, status, v == TRIED ? " for the last time" : "");
	one->settled = true;
	return store_alert_delete(s, one->id);
}

int alerts_settle(struct alerts *q, struct store *s, const struct dm_session_alert *list,
		  const struct dm_session_result *r, int64_t journal, bool end, bool normal)
{
	int err = 0;

	/* Anybody can say that he took it. */
	for (size_t i = 0; r->authenticated && i < q->n && !err; i++) {
		struct alerts_one *one = &q->v[i];
		const struct dm_session_alert *a = &list[one->at];
		unsigned int status = r->alert_status[one->at];
		enum verdict v = verdict(status, normal);

		if (one->settled || v == KEPT || (!end && v != TOLD))
			continue;
		err = settle_one(one, s, a, status, v);
		if (!err && journal && status)
			err = store_session_note(s, journal, "Generic Alert",
						 slice_present(a->source) ? a->source : a->type,
						 (int)status);
	}
	return err;
}

int alerts_too_large(struct alerts *q, struct store *s, const struct dm_session_alert *list)
{
	size_t most = 0;

	for (size_t i = 1; i < q->n; i++)
		if (list[q->v[i].at].data.n > list[q->v[most].at].data.n)
			most = i;
	return q->n ? settle_one(&q->v[most], s, &list[q->v[most].at], DM_ST_TOO_LARGE, TRIED) : 0;
}
