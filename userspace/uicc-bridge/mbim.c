// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The MBIM backend: a modem's card by Microsoft's service for low level access to it,
 * through libmbim-glib and, so that ModemManager can use the modem too, its proxy.
 */
#include <errno.h>
#include <libmbim-glib.h>
#include <stdlib.h>
#include <string.h>

#include <linux/uicc_virt.h>

#include "bridge.h"
#include "glib_wait.h"
#include "modem_card.h"
#include "session.h"
#include "util/log.h"

#define CONNECT_S 10
#define CHANNEL_GROUP 1		/* ours: it is said again when a channel is closed */
#define APDU_MAX 261

enum { OPT_NO_PROXY };

static const struct option options[] = {
	{ "no-proxy", no_argument, NULL, BRIDGE_OPTION(OPT_NO_PROXY) },
	{ NULL, 0, NULL, 0 },
};

struct mbim {
	char *path;
	gboolean proxy;
	guint answer_s;
	struct modem_card *card;
	GMainContext *context;

	/* Of the thread. */
	MbimDevice *device;
	gboolean open, changed, gone;
};

/* --- messages ------------------------------------------------------------------- */

static int error_of(const GError *error)
{
	if (g_error_matches(error, MBIM_CORE_ERROR, MBIM_CORE_ERROR_TIMEOUT))
		return -ETIMEDOUT;
	if (g_error_matches(error, MBIM_CORE_ERROR, MBIM_CORE_ERROR_WRONG_STATE) ||
	    g_error_matches(error, MBIM_CORE_ERROR, MBIM_CORE_ERROR_ABORTED) ||
	    error->domain == G_IO_ERROR)
		return -EPIPE;
	if (g_error_matches(error, MBIM_STATUS_ERROR, MBIM_STATUS_ERROR_BUSY))
		return -EBUSY;
	return error->domain == MBIM_STATUS_ERROR ? -ENOENT : -EIO;
}

/* Sends @m and lets go of it. The answer, a good one, into *@answer: 0; or -errno. */
static int exchange(struct mbim *b, MbimMessage *m, MbimMessage **answer)
{
	g_autoptr(GAsyncResult) result = NULL;
	g_autoptr(GError) error = NULL;
	GAsyncResult *got = NULL;

	*answer = NULL;
	if (!m)
		return -ENOMEM;
	if (b->gone) {
		mbim_message_unref(m);
		return -EPIPE;
	}
	mbim_device_command(b->device, m, b->answer_s, NULL, glib_done, &got);
	result = glib_result(b->context, &got);
	*answer = mbim_device_command_finish(b->device, result, &error);
	mbim_message_unref(m);
	if (*answer && mbim_message_response_get_result(*answer, MBIM_MESSAGE_TYPE_COMMAND_DONE,
							&error))
		return 0;
	g_clear_pointer(answer, mbim_message_unref);
	return error_of(error);
}

/*
 * SW1 and SW2 in a field of 32 bits: SW1 is the lower byte. What can only be the other
 * way round is taken so.
 */
static uint16_t sw_of(guint32 status)
{
	guint8 low = (guint8)status, high = (guint8)(status >> 8);
	bool swapped = low >> 4 != 6 && low >> 4 != 9 && (high >> 4 == 6 || high >> 4 == 9);

	return swapped ? (uint16_t)(high << 8 | low) : (uint16_t)(low << 8 | high);
}

static bool sw_good(uint16_t sw)
{
	return sw == 0x9000 || sw >> 8 == 0x61 || sw >> 8 == 0x62 || sw >> 8 == 0x91;
}

/* --- what modem_card.h asks for ---------------------------------------------------- */

static int mbim_atr(void *modem, uint8_t out[MODEM_ATR_MAX])
{
	struct mbim *b = modem;
	g_autoptr(MbimMessage) answer = NULL;
	const guint8 *atr = NULL;
	guint32 n = 0;
	int err = exchange(b, mbim_message_ms_uicc_low_level_access_atr_query_new(NULL), &answer);

	if (err)
		return err;
	if (!mbim_message_ms_uicc_low_level_access_atr_response_parse(answer, &n, &atr, NULL) ||
	    n > MODEM_ATR_MAX)
		return -EIO;
	memcpy(out, atr, n);
	return (int)n;
}

static int mbim_open_session(void *modem, const uint8_t *aid, size_t n, uint32_t *id)
{
	struct mbim *b = modem;
	g_autoptr(MbimMessage) answer = NULL;
	guint32 status = 0, channel = 0;
	int err;

	err = exchange(b, mbim_message_ms_uicc_low_level_access_open_channel_set_new(
				  (guint32)n, aid, 0, CHANNEL_GROUP, NULL), &answer);
	if (err)
		return err;
	if (!mbim_message_ms_uicc_low_level_access_open_channel_response_parse(
		    answer, &status, &channel, NULL, NULL, NULL))
		return -EIO;
	*id = channel;
	return channel && sw_good(sw_of(status)) ? 0 : -ENOENT;
}

static int mbim_close_session(void *modem, uint32_t id)
{
	struct mbim *b = modem;
	g_autoptr(MbimMessage) answer = NULL;

	return exchange(b, mbim_message_ms_uicc_low_level_access_close_channel_set_new(
				   id, CHANNEL_GROUP, NULL), &answer);
}

/* The class byte is there and the modem makes its own (MB low level UICC access). */
static int mbim_transmit(void *modem, bool basic, uint32_t id, const uint8_t *apdu, size_t n,
			 uint8_t out[MODEM_RAPDU_MAX])
{
	struct mbim *b = modem;
	g_autoptr(MbimMessage) answer = NULL;
	MbimUiccClassByteType type = id > 3 ? MBIM_UICC_CLASS_BYTE_TYPE_EXTENDED :
					      MBIM_UICC_CLASS_BYTE_TYPE_INTER_INDUSTRY;
	guint32 status = 0, len = 0;
	guint8 copy[APDU_MAX];
	const guint8 *data = NULL;
	uint16_t sw;
	int err;

	if (n > sizeof(copy))
		return -EMSGSIZE;
	memcpy(copy, apdu, n);
	copy[0] = session_cla_on(copy[0], id);
	err = exchange(b, mbim_message_ms_uicc_low_level_access_apdu_set_new(
				  id, MBIM_UICC_SECURE_MESSAGING_NONE, type, (guint32)n, copy, NULL),
		       &answer);
	explicit_bzero(copy, sizeof(copy));	/* it may be a PIN */
	if (err)
		return err;
	if (!mbim_message_ms_uicc_low_level_access_apdu_response_parse(answer, &status, &len, &data,
									NULL) ||
	    len > MODEM_RAPDU_MAX - 2)
		return -EIO;
	if (len)
		memcpy(out, data, len);
	sw = sw_of(status);
	out[len] = (uint8_t)(sw >> 8);
	out[len + 1] = (uint8_t)sw;
	return (int)len + 2;
}

static int mbim_present(void *modem)
{
	struct mbim *b = modem;
	g_autoptr(MbimMessage) answer = NULL;
	MbimSubscriberReadyState state;
	int err;

	b->changed = FALSE;
	err = exchange(b, mbim_message_subscriber_ready_status_query_new(NULL), &answer);
	if (err)
		return err;
	/* The rest of it, subscriber and ICCID, is not for us. */
	if (!mbim_message_subscriber_ready_status_response_parse(answer, &state, NULL, NULL, NULL, NULL,
								 NULL, NULL))
		return -EIO;
	return state == MBIM_SUBSCRIBER_READY_STATE_INITIALIZED ||
	       state == MBIM_SUBSCRIBER_READY_STATE_NOT_ACTIVATED ||
	       state == MBIM_SUBSCRIBER_READY_STATE_DEVICE_LOCKED ||
	       state == MBIM_SUBSCRIBER_READY_STATE_NO_ESIM_PROFILE;
}

static int mbim_wait(void *modem, unsigned int ms)
{
	struct mbim *b = modem;

	if (!b->changed && !b->gone)
		glib_wait(b->context, ms);
	return b->gone ? -EPIPE : b->changed;
}

static void mbim_wake(void *modem)
{
	struct mbim *b = modem;

	g_main_context_wakeup(b->context);
}

/* --- connection -------------------------------------------------------------------- */

static void on_indication(MbimDevice *device, MbimMessage *m, gpointer data)
{
	struct mbim *b = data;

	if (mbim_message_indicate_status_get_service(m) == MBIM_SERVICE_BASIC_CONNECT &&
	    mbim_message_indicate_status_get_cid(m) ==
		    MBIM_CID_BASIC_CONNECT_SUBSCRIBER_READY_STATUS)
		b->changed = TRUE;
}

static void on_removed(MbimDevice *device, gpointer data)
{
	struct mbim *b = data;

	log_err("%s: the modem is gone", b->path);
	b->gone = TRUE;
}

static gboolean reach(struct mbim *b, GError **error)
{
	g_autoptr(GFile) file = g_file_new_for_path(b->path);
	MbimDeviceOpenFlags flags = b->proxy ? MBIM_DEVICE_OPEN_FLAGS_PROXY :
					       MBIM_DEVICE_OPEN_FLAGS_NONE;
	GAsyncResult *got = NULL, *result;

	mbim_device_new(file, NULL, glib_done, &got);
	result = glib_result(b->context, &got);
	b->device = mbim_device_new_finish(result, error);
	g_object_unref(result);
	if (!b->device)
		return FALSE;
	mbim_device_open_full(b->device, flags, CONNECT_S, NULL, glib_done, &got);
	result = glib_result(b->context, &got);
	b->open = mbim_device_open_full_finish(b->device, result, error);
	g_object_unref(result);
	return b->open;
}

static int mbim_connect(void *modem)
{
	struct mbim *b = modem;
	g_autoptr(GError) error = NULL;

	g_main_context_push_thread_default(b->context);
	if (!reach(b, &error)) {
		log_err("%s: %s", b->path, error->message);
		return -EPIPE;
	}
	g_signal_connect(b->device, MBIM_DEVICE_SIGNAL_REMOVED, G_CALLBACK(on_removed), b);
	g_signal_connect(b->device, MBIM_DEVICE_SIGNAL_INDICATE_STATUS, G_CALLBACK(on_indication), b);
	return 0;
}

static void mbim_disconnect(void *modem)
{
	struct mbim *b = modem;
	GAsyncResult *got = NULL;

	if (b->open && !b->gone) {
		mbim_device_close(b->device, 1, NULL, glib_done, &got);
		g_object_unref(glib_result(b->context, &got));
	}
	g_clear_object(&b->device);
	g_main_context_pop_thread_default(b->context);
}

static const struct modem_ops ops = {
	.connect = mbim_connect,
	.disconnect = mbim_disconnect,
	.present = mbim_present,
	.atr = mbim_atr,
	.open = mbim_open_session,
	.close = mbim_close_session,
	.transmit = mbim_transmit,
	.wait = mbim_wait,
	.wake = mbim_wake,
	.basic = false,
};

/* --- backend ----------------------------------------------------------------------- */

static int backend_prepare(const struct bridge_options *o, int argc, char **argv)
{
	return argc == 1 ? 0 : -EINVAL;
}

static int backend_open(void **ctx, struct bridge_options *o, int argc, char **argv)
{
	struct mbim *b = g_new0(struct mbim, 1);

	b->path = g_strdup(argv[0]);
	b->proxy = !o->own[OPT_NO_PROXY];
	b->answer_s = (o->answer_ms + 999) / 1000;
	b->context = g_main_context_new();
	b->card = modem_card_new(&ops, b, o->answer_ms);
	if (!b->card) {
		g_main_context_unref(b->context);
		g_free(b->path);
		g_free(b);
		return -ENOMEM;
	}
	o->flags = UICC_VIRT_READER_APDU | UICC_VIRT_READER_SHARED;
	*ctx = b;
	return 0;
}

static void backend_fds(void *ctx, int fds[BRIDGE_FDS_MAX])
{
	modem_card_fds(((struct mbim *)ctx)->card, fds);
}

static int backend_request(void *ctx, const uint8_t *data, size_t n)
{
	return modem_card_request(((struct mbim *)ctx)->card, data, n);
}

static int backend_receive(void *ctx, struct bridge_event *out)
{
	return modem_card_receive(((struct mbim *)ctx)->card, out);
}

static int backend_close(void *ctx)
{
	struct mbim *b = ctx;
	bool left;
	int status = modem_card_end(b->card, &left);

	if (left)
		return status;
	g_main_context_unref(b->context);
	g_free(b->path);
	g_free(b);
	return status;
}

const struct bridge_backend bridge_mbim = {
	.name = "mbim",
	.usage = "[--no-proxy] DEVICE",
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
