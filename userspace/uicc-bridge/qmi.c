// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The QMI backend: a modem's card by its UIM service, through libqmi-glib and, so
 * that ModemManager can use the modem too, its proxy. The messages for channels and
 * APDUs are put together here: the library has them since 1.36 only.
 */
#include <errno.h>
#include <libqmi-glib.h>
#include <stdlib.h>
#include <string.h>

#include <linux/uicc_virt.h>

#include "bridge.h"
#include "glib_wait.h"
#include "modem_card.h"
#include "session.h"
#include "util/log.h"

#define UIM_SEND_APDU 0x003B
#define UIM_LOGICAL_CHANNEL 0x003F
#define UIM_GET_ATR 0x0041
#define UIM_OPEN_LOGICAL_CHANNEL 0x0042

#define TLV_SLOT 0x01
#define TLV_APDU 0x02		/* of UIM_SEND_APDU: a 16-bit length and the command */
#define TLV_RESULT 0x02
#define TLV_FIRST 0x10		/* of an answer: what was asked for; of UIM_OPEN_LOGICAL_CHANNEL: AID */
#define TLV_CHANNEL 0x10	/* of UIM_SEND_APDU */
#define TLV_CLOSE 0x11		/* of UIM_LOGICAL_CHANNEL */

#define CONNECT_S 10
#define SLOT_MAX 5
#define APDU_MAX 261

enum { OPT_SLOT, OPT_NO_PROXY };

static const struct option options[] = {
	{ "slot", required_argument, NULL, BRIDGE_OPTION(OPT_SLOT) },
	{ "no-proxy", no_argument, NULL, BRIDGE_OPTION(OPT_NO_PROXY) },
	{ NULL, 0, NULL, 0 },
};

struct qmi {
	char *path;
	guint8 slot;
	gboolean proxy;
	guint answer_s;
	struct modem_card *card;
	GMainContext *context;

	/* Of the thread. */
	QmiDevice *device;
	QmiClient *client;
	gboolean changed, gone;
};

/* --- messages ------------------------------------------------------------------- */

static int error_of(const GError *error)
{
	if (g_error_matches(error, QMI_CORE_ERROR, QMI_CORE_ERROR_TIMEOUT))
		return -ETIMEDOUT;
	if (g_error_matches(error, QMI_CORE_ERROR, QMI_CORE_ERROR_WRONG_STATE) ||
	    error->domain == G_IO_ERROR)
		return -EPIPE;
	return -EIO;
}

/* What the answer's result says: two numbers, the second why it was refused. */
static int result_of(QmiMessage *answer)
{
	guint16 n = 0;
	const guint8 *raw = qmi_message_get_raw_tlv(answer, TLV_RESULT, &n);

	if (!raw || n != 4)
		return -EIO;
	if (!raw[0] && !raw[1])
		return 0;
	return (raw[2] | raw[3] << 8) == QMI_PROTOCOL_ERROR_DEVICE_NOT_READY ? -EBUSY : -ENOENT;
}

static QmiMessage *message(struct qmi *q, guint16 id)
{
	QmiMessage *m = qmi_message_new(QMI_SERVICE_UIM, qmi_client_get_cid(q->client),
					qmi_client_get_next_transaction_id(q->client), id);

	/* Of a size that every message has room for. */
	if (!qmi_message_add_raw_tlv(m, TLV_SLOT, &q->slot, 1, NULL)) {
		qmi_message_unref(m);
		return NULL;
	}
	return m;
}

/* Sends @m and lets go of it. The answer, a good one, into *@answer: 0; or -errno. */
static int exchange(struct qmi *q, QmiMessage *m, QmiMessage **answer)
{
	g_autoptr(GAsyncResult) result = NULL;
	g_autoptr(GError) error = NULL;
	GAsyncResult *got = NULL;
	int err;

	if (q->gone) {
		qmi_message_unref(m);
		return -EPIPE;
	}
	qmi_device_command_full(q->device, m, NULL, q->answer_s, NULL, glib_done, &got);
	result = glib_result(q->context, &got);
	*answer = qmi_device_command_full_finish(q->device, result, &error);
	qmi_message_unref(m);
	if (!*answer)
		return error_of(error);
	err = result_of(*answer);
	if (err) {
		qmi_message_unref(*answer);
		*answer = NULL;
	}
	return err;
}

/* A TLV of a length of @prefix bytes and that many more, into @out: how many, or -EIO. */
static int take_bytes(QmiMessage *answer, guint16 prefix, uint8_t *out, size_t max)
{
	guint16 n = 0;
	const guint8 *raw = qmi_message_get_raw_tlv(answer, TLV_FIRST, &n);
	size_t len;

	if (!raw || n < prefix)
		return -EIO;
	len = prefix == 1 ? raw[0] : (size_t)(raw[0] | raw[1] << 8);
	if (len != (size_t)n - prefix || len > max)
		return -EIO;
	memcpy(out, raw + prefix, len);
	return (int)len;
}

/* --- what modem_card.h asks for ---------------------------------------------------- */

static int qmi_atr(void *modem, uint8_t out[MODEM_ATR_MAX])
{
	struct qmi *q = modem;
	QmiMessage *m = message(q, UIM_GET_ATR), *answer;
	int err = m ? exchange(q, m, &answer) : -ENOMEM;

	if (err)
		return err;
	err = take_bytes(answer, 1, out, MODEM_ATR_MAX);
	qmi_message_unref(answer);
	return err;
}

static int qmi_open_session(void *modem, const uint8_t *aid, size_t n, uint32_t *id)
{
	struct qmi *q = modem;
	guint8 tlv[1 + SESSION_AID_MAX] = { (guint8)n }, channel = 0;
	QmiMessage *m = message(q, UIM_OPEN_LOGICAL_CHANNEL), *answer;
	const guint8 *raw;
	guint16 len = 0;
	int err;

	if (!m)
		return -ENOMEM;
	memcpy(tlv + 1, aid, n);
	if (!qmi_message_add_raw_tlv(m, TLV_FIRST, tlv, 1 + n, NULL)) {
		qmi_message_unref(m);
		return -ENOMEM;
	}
	err = exchange(q, m, &answer);
	if (err)
		return err;
	raw = qmi_message_get_raw_tlv(answer, TLV_FIRST, &len);
	if (raw && len == 1)
		channel = raw[0];
	qmi_message_unref(answer);
	*id = channel;
	return channel ? 0 : -EIO;
}

static int qmi_close_session(void *modem, uint32_t id)
{
	struct qmi *q = modem;
	QmiMessage *m = message(q, UIM_LOGICAL_CHANNEL), *answer;
	guint8 channel = (guint8)id;
	int err;

	if (!m)
		return -ENOMEM;
	if (!qmi_message_add_raw_tlv(m, TLV_CLOSE, &channel, 1, NULL)) {
		qmi_message_unref(m);
		return -ENOMEM;
	}
	err = exchange(q, m, &answer);
	if (!err)
		qmi_message_unref(answer);
	return err;
}

static int qmi_transmit(void *modem, bool basic, uint32_t id, const uint8_t *apdu, size_t n,
			uint8_t out[MODEM_RAPDU_MAX])
{
	struct qmi *q = modem;
	guint8 tlv[2 + APDU_MAX] = { (guint8)n, (guint8)(n >> 8) }, channel = (guint8)id;
	QmiMessage *m = message(q, UIM_SEND_APDU), *answer;
	gboolean put;
	int err;

	if (!m || n > APDU_MAX) {
		if (m)
			qmi_message_unref(m);
		return -EMSGSIZE;
	}
	memcpy(tlv + 2, apdu, n);
	/* The modem's number for a channel is the card's here. */
	if (!basic)
		tlv[2] = session_cla_on(tlv[2], id);
	put = qmi_message_add_raw_tlv(m, TLV_APDU, tlv, 2 + n, NULL);
	if (put && !basic)
		put = qmi_message_add_raw_tlv(m, TLV_CHANNEL, &channel, 1, NULL);
	explicit_bzero(tlv, sizeof(tlv));	/* it may be a PIN */
	if (!put) {
		qmi_message_unref(m);
		return -ENOMEM;
	}
	err = exchange(q, m, &answer);
	if (err)
		return err;
	err = take_bytes(answer, 2, out, MODEM_RAPDU_MAX);
	qmi_message_unref(answer);
	return err == 0 || err == 1 ? -EIO : err;
}

static int qmi_present(void *modem)
{
	struct qmi *q = modem;
	g_autoptr(QmiMessageUimGetCardStatusOutput) output = NULL;
	g_autoptr(GAsyncResult) result = NULL;
	g_autoptr(GError) error = NULL;
	GAsyncResult *got = NULL;
	GArray *cards = NULL;

	q->changed = FALSE;
	qmi_client_uim_get_card_status(QMI_CLIENT_UIM(q->client), NULL, q->answer_s, NULL, glib_done,
				       &got);
	result = glib_result(q->context, &got);
	output = qmi_client_uim_get_card_status_finish(QMI_CLIENT_UIM(q->client), result, &error);
	if (!output)
		return error_of(error);
	if (!qmi_message_uim_get_card_status_output_get_result(output, NULL) ||
	    !qmi_message_uim_get_card_status_output_get_card_status(output, NULL, NULL, NULL, NULL,
								     &cards, NULL))
		return -EIO;
	if (!cards || cards->len < q->slot)
		return 0;
	return g_array_index(cards, QmiMessageUimGetCardStatusOutputCardStatusCardsElement,
			     q->slot - 1).card_state == QMI_UIM_CARD_STATE_PRESENT;
}

static int qmi_wait(void *modem, unsigned int ms)
{
	struct qmi *q = modem;

	if (!q->changed && !q->gone)
		glib_wait(q->context, ms);
	return q->gone ? -EPIPE : q->changed;
}

static void qmi_wake(void *modem)
{
	struct qmi *q = modem;

	g_main_context_wakeup(q->context);
}

/* --- connection -------------------------------------------------------------------- */

static void on_card_status(GObject *client, gpointer output, gpointer data)
{
	struct qmi *q = data;

	q->changed = TRUE;
}

static void on_removed(QmiDevice *device, gpointer data)
{
	struct qmi *q = data;

	log_err("%s: the modem is gone", q->path);
	q->gone = TRUE;
}

/* It answers too where the modem has no such indication: then the card is asked after. */
static void ask_for_indications(struct qmi *q)
{
	QmiMessageUimRegisterEventsInput *input = qmi_message_uim_register_events_input_new();
	QmiMessageUimRegisterEventsOutput *output;
	GAsyncResult *got = NULL, *result;

	qmi_message_uim_register_events_input_set_event_registration_mask(
		input, QMI_UIM_EVENT_REGISTRATION_FLAG_CARD_STATUS, NULL);
	qmi_client_uim_register_events(QMI_CLIENT_UIM(q->client), input, q->answer_s, NULL, glib_done,
				       &got);
	qmi_message_uim_register_events_input_unref(input);
	result = glib_result(q->context, &got);
	output = qmi_client_uim_register_events_finish(QMI_CLIENT_UIM(q->client), result, NULL);
	g_object_unref(result);
	if (output)
		qmi_message_uim_register_events_output_unref(output);
}

static gboolean reach(struct qmi *q, GError **error)
{
	g_autoptr(GFile) file = g_file_new_for_path(q->path);
	QmiDeviceOpenFlags flags = q->proxy ? QMI_DEVICE_OPEN_FLAGS_PROXY : QMI_DEVICE_OPEN_FLAGS_NONE;
	GAsyncResult *got = NULL, *result;
	gboolean ok;

	qmi_device_new(file, NULL, glib_done, &got);
	result = glib_result(q->context, &got);
	q->device = qmi_device_new_finish(result, error);
	g_object_unref(result);
	if (!q->device)
		return FALSE;
	qmi_device_open(q->device, flags, CONNECT_S, NULL, glib_done, &got);
	result = glib_result(q->context, &got);
	ok = qmi_device_open_finish(q->device, result, error);
	g_object_unref(result);
	if (!ok)
		return FALSE;
	qmi_device_allocate_client(q->device, QMI_SERVICE_UIM, QMI_CID_NONE, CONNECT_S, NULL, glib_done,
				   &got);
	result = glib_result(q->context, &got);
	q->client = qmi_device_allocate_client_finish(q->device, result, error);
	g_object_unref(result);
	return q->client != NULL;
}

static int qmi_connect(void *modem)
{
	struct qmi *q = modem;
	g_autoptr(GError) error = NULL;

	g_main_context_push_thread_default(q->context);
	if (!reach(q, &error)) {
		log_err("%s: %s", q->path, error->message);
		return -EPIPE;
	}
	g_signal_connect(q->device, QMI_DEVICE_SIGNAL_REMOVED, G_CALLBACK(on_removed), q);
	g_signal_connect(q->client, "card-status", G_CALLBACK(on_card_status), q);
	ask_for_indications(q);
	return 0;
}

static void qmi_disconnect(void *modem)
{
	struct qmi *q = modem;
	GAsyncResult *got = NULL;

	if (q->client && !q->gone) {
		qmi_device_release_client(q->device, q->client, QMI_DEVICE_RELEASE_CLIENT_FLAGS_RELEASE_CID,
					  1, NULL, glib_done, &got);
		g_object_unref(glib_result(q->context, &got));
	}
	if (q->device && !q->gone) {
		qmi_device_close_async(q->device, 1, NULL, glib_done, &got);
		g_object_unref(glib_result(q->context, &got));
	}
	g_clear_object(&q->client);
	g_clear_object(&q->device);
	g_main_context_pop_thread_default(q->context);
}

static const struct modem_ops ops = {
	.connect = qmi_connect,
	.disconnect = qmi_disconnect,
	.present = qmi_present,
	.atr = qmi_atr,
	.open = qmi_open_session,
	.close = qmi_close_session,
	.transmit = qmi_transmit,
	.wait = qmi_wait,
	.wake = qmi_wake,
	.basic = true,
};

/* --- backend ----------------------------------------------------------------------- */

static int get_slot(const struct bridge_options *o)
{
	const char *word = o->own[OPT_SLOT] ? o->own[OPT_SLOT] : "1";

	return word[0] >= '1' && word[0] <= '0' + SLOT_MAX && !word[1] ? word[0] - '0' : -EINVAL;
}

static int backend_prepare(const struct bridge_options *o, int argc, char **argv)
{
	if (get_slot(o) < 0)
		log_err(BRIDGE_BAD_VALUE, options[OPT_SLOT].name, o->own[OPT_SLOT]);
	return argc == 1 && get_slot(o) > 0 ? 0 : -EINVAL;
}

static int backend_open(void **ctx, struct bridge_options *o, int argc, char **argv)
{
	struct qmi *q = g_new0(struct qmi, 1);

	q->path = g_strdup(argv[0]);
	q->slot = (guint8)get_slot(o);
	q->proxy = !o->own[OPT_NO_PROXY];
	q->answer_s = (o->answer_ms + 999) / 1000;
	q->context = g_main_context_new();
	q->card = modem_card_new(&ops, q, o->answer_ms);
	if (!q->card) {
		g_main_context_unref(q->context);
		g_free(q->path);
		g_free(q);
		return -ENOMEM;
	}
	o->flags = UICC_VIRT_READER_APDU | UICC_VIRT_READER_SHARED;
	*ctx = q;
	return 0;
}

static void backend_fds(void *ctx, int fds[BRIDGE_FDS_MAX])
{
	modem_card_fds(((struct qmi *)ctx)->card, fds);
}

static int backend_request(void *ctx, const uint8_t *data, size_t n)
{
	return modem_card_request(((struct qmi *)ctx)->card, data, n);
}

static int backend_receive(void *ctx, struct bridge_event *out)
{
	return modem_card_receive(((struct qmi *)ctx)->card, out);
}

static int backend_close(void *ctx)
{
	struct qmi *q = ctx;
	bool left;
	int status = modem_card_end(q->card, &left);

	if (left)
		return status;
	g_main_context_unref(q->context);
	g_free(q->path);
	g_free(q);
	return status;
}

const struct bridge_backend bridge_qmi = {
	.name = "qmi",
	.usage = "[--slot N] [--no-proxy] DEVICE",
	.reader = "modem",
	.options = options,
	.sees_cards = true,
	.prepare = backend_prepare,
	.open = backend_open,
	.fds = backend_fds,
	.request = backend_request,
	.receive = backend_receive,
	.close = backend_close,
};
