// SPDX-License-Identifier: GPL-2.0-only
/*
 * USB smart card readers: a card is powered, its parameters are set as far as the reader
 * leaves that to us, and it is talked to. These are the ops of the core.
 */
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/limits.h>
#include <linux/string.h>

#include "ccid.h"

/* ISO 7816-3 6.2.4: between two classes the card is without power for 10 ms. */
#define CCID_CLASS_PAUSE_MS	10
/* Taking power from a card must not take long: the system may be about to sleep. */
#define CCID_OFF_LOCK_MS	2000
#define CCID_OFF_MS		1000

/* bPowerSelect, from the lowest voltage on (ISO 7816-3 6.2.4). */
static const struct {
	u8 select;
	u8 voltage;	/* CCID_VOLTAGE_*, and UICC_ATR_CLASS_* likewise */
	enum uicc_supply supply;
} ccid_classes[] = {
	{ 3, CCID_VOLTAGE_1V8, UICC_SUPPLY_C },
	{ 2, CCID_VOLTAGE_3V, UICC_SUPPLY_B },
	{ 1, CCID_VOLTAGE_5V, UICC_SUPPLY_A },
};

/* What the core hears: of the ABI's names for errors those a reader can mean. */
static int ccid_result(int ret)
{
	switch (ret) {
	case -ENODEV:
	case -EINTR:
	case -ENOMEM:
	case -EINVAL:
	case -ETIMEDOUT:
		return ret;
	case -ETIME:
		return -ETIMEDOUT;
	case -EPROTO:
	case -EBADMSG:
	case -EMSGSIZE:
	case -EPROTONOSUPPORT:
		return -EPROTO;
	default:
		return ret < 0 ? -EIO : ret;
	}
}

/* Begins an op: the reader is the caller's until ccid_op_end(). */
static int ccid_op_begin(struct ccid_slot *slot, bool powered, unsigned int *events)
{
	struct ccid_reader *reader = slot->reader;
	int ret = 0;

	spin_lock_irq(&reader->lock);
	if (reader->gone || reader->closing || !slot->present) {
		ret = -ENODEV;
	} else if (reader->stopped || (powered && !slot->powered)) {
		ret = -EIO;
	} else {
		slot->running = true;
		WRITE_ONCE(slot->ended, false);
		*events = slot->events;
	}
	spin_unlock_irq(&reader->lock);
	if (ret)
		return ret;
	/* Behind a command for each other slot, of which each takes no longer than this. */
	ret = uicc_ccid_lock(slot, CCID_CANCEL, uicc_ccid_extension_ms());
	if (ret) {
		spin_lock_irq(&reader->lock);
		slot->running = false;
		spin_unlock_irq(&reader->lock);
		return ret;
	}
	/* No single command is cut short by it, only a reader that wants ever more of them. */
	slot->deadline = jiffies + msecs_to_jiffies(uicc_ccid_extension_ms() +
						    uicc_ccid_timeout_ms() + slot->wait_ms);
	return 0;
}

/* Returns @ret, or -ENODEV when the card that the op began with is not there any more. */
static int ccid_op_end(struct ccid_slot *slot, unsigned int events, bool powers, int ret)
{
	struct ccid_reader *reader = slot->reader;

	uicc_ccid_unlock(reader);
	spin_lock_irq(&reader->lock);
	slot->running = false;
	if (slot->events != events || !slot->present || reader->gone)
		ret = -ENODEV;
	else if (powers)
		slot->powered = ret > 0;
	else if (ret < 0 && !slot->active)
		slot->powered = false;
	spin_unlock_irq(&reader->lock);
	return ccid_result(ret);
}

static int ccid_simple(struct ccid_slot *slot, u8 type, unsigned int limit_ms,
		       enum ccid_patience patience)
{
	const struct ccid_command cmd = { .type = type, .limit_ms = limit_ms,
					  .patience = patience };
	struct ccid_msg msg;

	return uicc_ccid_exchange(slot, &cmd, &msg);
}

/* --- power ---------------------------------------------------------------------- */

/* The card or the reader does not want it so: is it worth to try another voltage or speed? */
static bool ccid_refused(int ret)
{
	switch (ret) {
	case -ETIMEDOUT:
	case -EPROTO:
	case -EPROTONOSUPPORT:
	case -EINVAL:
	case -EBADMSG:
	case -EIO:
		return true;
	default:
		return false;
	}
}

/* Takes the power from a card that has it, for as long as a cold reset wants. */
static int ccid_cut(struct ccid_slot *slot)
{
	int ret;

	if (!slot->active)
		return 0;
	ret = ccid_simple(slot, CCID_ICC_POWER_OFF, uicc_ccid_timeout_ms(), CCID_CANCEL);
	slot->active = false;
	/* A reader that cannot do that resets the card, at least. */
	if (ret && ret != -EOPNOTSUPP && ret != -EBUSY && !ccid_refused(ret))
		return ret;
	return uicc_ccid_pause(slot, CCID_CANCEL, CCID_CLASS_PAUSE_MS);
}

/* Powers the card with one voltage: length of @atr, which is @slot->atr then, or errno. */
static int ccid_activate(struct ccid_slot *slot, u8 select, u8 *atr)
{
	const struct ccid_command cmd = {
		.type = CCID_ICC_POWER_ON,
		.param = select,
		.limit_ms = uicc_ccid_timeout_ms(),
		.patience = CCID_CANCEL,
	};
	struct ccid_msg msg;
	int ret;

	ret = ccid_cut(slot) ?: uicc_ccid_exchange(slot, &cmd, &msg);
	if (ret)
		return ret;
	if (msg.len < UICC_ATR_MIN || msg.len > UICC_ATR_MAX)
		return -EPROTO;
	ret = uicc_atr_parse(&slot->atr, msg.data, msg.len);
	if (ret)
		return ret;
	memcpy(atr, msg.data, msg.len);
	return msg.len;
}

/*
 * Powers the card: as the reader does by itself, or with the lowest voltage both can do.
 * Which a card can do it says itself, once it has answered.
 */
static int ccid_power(struct ccid_slot *slot, u8 *atr, u8 *select)
{
	const struct ccid_desc *desc = &slot->reader->desc;
	u8 left = desc->voltages, wanted;
	size_t i;
	int ret = -EPROTO;

	uicc_slot_set_supply(slot->slot, UICC_SUPPLY_UNKNOWN);
	if (desc->features & CCID_AUTO_VOLTAGE || !left) {
		*select = 0;
		return ccid_activate(slot, 0, atr);
	}
	for (i = 0; i < ARRAY_SIZE(ccid_classes); i++) {
		if (!(left & ccid_classes[i].voltage))
			continue;
		ret = ccid_activate(slot, ccid_classes[i].select, atr);
		if (ret < 0) {
			if (!ccid_refused(ret))
				return ret;
			continue;
		}
		*select = ccid_classes[i].select;
		uicc_slot_set_supply(slot->slot, ccid_classes[i].supply);
		left &= ~ccid_classes[i].voltage;
		wanted = uicc_atr_supply_classes(&slot->atr);
		if (wanted & ccid_classes[i].voltage || !(wanted & left))
			return ret;
		left &= wanted;
	}
	return ret;
}

/* --- parameters ------------------------------------------------------------------ */

static bool ccid_can_baud(void *ctx, u32 baud)
{
	const struct ccid_reader *reader = ctx;

	return uicc_ccid_rate_ok(&reader->desc, reader->rates, reader->n_rates, baud);
}

/* The fastest that card and reader can do; what the card begins with, if nobody does PPS. */
static int ccid_choose(struct ccid_slot *slot, struct iso7816_params *params)
{
	struct ccid_reader *reader = slot->reader;
	const struct ccid_desc *desc = &reader->desc;
	bool pps = desc->level == CCID_LEVEL_TPDU ||
		   desc->features & (CCID_AUTO_PPS | CCID_AUTO_NEGOTIATION);
	struct iso7816_reader limits = {
		.clock_hz = desc->clock_khz * 1000,
		.max_baud = U32_MAX,	/* can_baud knows, and how readers round */
		.can_baud = ccid_can_baud,
		.ctx = reader,
	};

	if ((slot->no_pps || !pps) && !slot->atr.specific)
		limits.max_baud = 0;
	return iso7816_pps_choose(params, &slot->atr, &limits);
}

/* Asks the card for @params; what it agreed to is there afterwards. */
static int ccid_pps(struct ccid_slot *slot, struct iso7816_params *params)
{
	u8 request[ISO7816_PPS_MAX];
	struct ccid_command cmd = {
		.type = CCID_XFR_BLOCK,
		.data = request,
		.limit_ms = uicc_ccid_timeout_ms(),
		.patience = CCID_CANCEL,
	};
	struct ccid_msg msg;
	int ret;

	cmd.len = iso7816_pps_request(params, request);
	ret = uicc_ccid_exchange(slot, &cmd, &msg);
	return ret ?: iso7816_pps_judge(params, msg.data, msg.len);
}

static int ccid_set_parameters(struct ccid_slot *slot, const struct iso7816_params *params,
			       bool strict)
{
	u8 data[CCID_PARAMETERS_MAX];
	struct ccid_command cmd = {
		.type = CCID_SET_PARAMETERS,
		.param = params->protocol,
		.data = data,
		.limit_ms = uicc_ccid_timeout_ms(),
		.patience = CCID_CANCEL,
	};
	struct ccid_msg msg;
	int ret;

	cmd.len = uicc_ccid_put_parameters(data, &slot->atr, params->protocol, params->fd);
	ret = uicc_ccid_exchange(slot, &cmd, &msg);
	if (ret == -EOPNOTSUPP) {
		/* They cannot be set: are they what they have to be? */
		cmd.type = CCID_GET_PARAMETERS;
		cmd.param = 0;
		cmd.len = 0;
		ret = uicc_ccid_exchange(slot, &cmd, &msg);
		if (ret == -EOPNOTSUPP && params->fd == 0x11)
			return 0;
	}
	if (ret)
		return ret;
	ret = uicc_ccid_parameters(&msg, params->protocol);
	/* Where the card knows the speed from us, the reader must not know a better one. */
	if (strict && ret >= 0 && ret != params->fd)
		ret = -EPROTO;
	return min(ret, 0);
}

/*
 * What CCID 5.1 dwFeatures leaves to us: PPS where blocks go to the card as they are,
 * then the reader's own parameters. A reader that negotiates for itself is left alone;
 * one that does PPS by the parameters it is given is told the best both can do.
 */
static int ccid_configure(struct ccid_slot *slot)
{
	const struct ccid_desc *desc = &slot->reader->desc;
	bool tpdu = desc->level == CCID_LEVEL_TPDU;
	struct iso7816_timing timing;
	struct iso7816_params params;
	bool ours, slow;
	int ret;

	ret = ccid_choose(slot, &params);
	iso7816_timing(&timing, &slot->atr, &params);
	slot->wait_ms = (params.protocol ? timing.bwt_us : timing.wwt_us) / 1000;
	slot->protocol = params.protocol;
	if (tpdu && !(desc->protocols & BIT(params.protocol))) {
		dev_warn_ratelimited(&slot->reader->intf->dev, "no T=%u with this reader\n",
				     params.protocol);
		return -EPROTONOSUPPORT;
	}
	if (desc->features & CCID_AUTO_NEGOTIATION)
		return 0;
	ours = tpdu && params.pps && !(desc->features & CCID_AUTO_PPS);
	if (!ours && desc->features & CCID_AUTO_CONFIG)
		return 0;
	if (ret)
		return -EPROTONOSUPPORT;
	slow = params.fd == 0x11;
	ret = ours ? ccid_pps(slot, &params) : 0;
	if (!ret) {
		ret = ccid_set_parameters(slot, &params, ours);
		/* A reader of APDUs that has none to set looks after itself. */
		if (ret == -EOPNOTSUPP && !tpdu)
			ret = 0;
	}
	if (slow || slot->no_pps || slot->atr.specific ||
	    !(ccid_refused(ret) || ret == -EOPNOTSUPP))
		return ret;
	return -EAGAIN;
}

static int ccid_t1_block(void *ctx, const u8 *out, size_t len, u8 *in, size_t size,
			 u8 bwt_multiplier)
{
	struct ccid_slot *slot = ctx;
	const struct ccid_command cmd = {
		.type = CCID_XFR_BLOCK,
		.param = bwt_multiplier > 1 ? bwt_multiplier : 0,
		.data = out,
		.len = len,
		.limit_ms = uicc_ccid_timeout_ms() +
			    min_t(u64, (u64)slot->wait_ms * bwt_multiplier, CCID_WAIT_MAX_MS),
		.patience = CCID_CANCEL,
	};
	struct ccid_msg msg;
	int ret;

	ret = uicc_ccid_exchange(slot, &cmd, &msg);
	if (ret == -EIO)
		return -ECOMM;	/* no block was lost or damaged: T=1 cannot help */
	if (ret)
		return ret;
	if (msg.len > size)
		return -EBADMSG;
	memcpy(in, msg.data, msg.len);
	return msg.len;
}

static u64 ccid_t1_now_ms(void *ctx)
{
	return ktime_to_ms(ktime_get());
}

static const struct iso7816_t1_ops ccid_t1_ops = {
	.block = ccid_t1_block,
	.now_ms = ccid_t1_now_ms,
};

static void ccid_t1_start(struct ccid_slot *slot)
{
	const struct ccid_desc *desc = &slot->reader->desc;
	struct uicc_atr atr = slot->atr;
	size_t room = slot->reader->out_size - CCID_HEADER_LEN;

	slot->t1_used = desc->level == CCID_LEVEL_TPDU && slot->protocol == 1;
	if (!slot->t1_used)
		return;
	/* Prologue and CRC have to fit into a message as well. */
	atr.ifsc = min_t(size_t, atr.ifsc, room - 5);
	iso7816_t1_init(&slot->t1, &atr, &ccid_t1_ops, slot);
	slot->t1.limit_ms = uicc_ccid_extension_ms();
	slot->t1.ifsd_max = desc->ifsd_max ? min_t(u32, desc->ifsd_max, ISO7816_IFS_MAX) :
			    ISO7816_IFS_DEFAULT;
	slot->t1.ifsd_known = desc->features & CCID_AUTO_IFSD;
}

static int ccid_power_on(struct uicc_slot *uslot, u8 *atr)
{
	struct ccid_slot *slot = uicc_slot_priv(uslot);
	unsigned int events;
	u8 select;
	int len, ret;

	ret = ccid_op_begin(slot, false, &events);
	if (ret)
		return ccid_result(ret);
	if (slot->no_pps_at != events)
		slot->no_pps = false;
	len = ccid_power(slot, atr, &select);
	ret = len < 0 ? len : ccid_configure(slot);
	if (ret == -EAGAIN) {
		/* ISO 7816-3 9.3: who does not agree begins anew, and does without. */
		slot->no_pps = true;
		slot->no_pps_at = events;
		len = ccid_activate(slot, select, atr);
		if (len > 0)
			ccid_simple(slot, CCID_RESET_PARAMETERS, uicc_ccid_timeout_ms(),
				    CCID_CANCEL);
		ret = len < 0 ? len : ccid_configure(slot);
	}
	if (!ret)
		ccid_t1_start(slot);
	return ccid_op_end(slot, events, true, ret ?: len);
}

static void ccid_power_off(struct uicc_slot *uslot)
{
	struct ccid_slot *slot = uicc_slot_priv(uslot);
	struct ccid_reader *reader = slot->reader;
	bool present;

	spin_lock_irq(&reader->lock);
	present = slot->present && !reader->gone && !reader->stopped;
	slot->powered = false;
	spin_unlock_irq(&reader->lock);
	if (!present || uicc_ccid_lock(slot, CCID_PATIENT, CCID_OFF_LOCK_MS))
		return;
	if (slot->active)
		ccid_simple(slot, CCID_ICC_POWER_OFF, CCID_OFF_MS, CCID_PATIENT);
	slot->active = false;
	uicc_ccid_unlock(reader);
}

/* --- commands --------------------------------------------------------------------- */

/* A TPDU of T=0, or an APDU, in as many messages as it needs. */
static int ccid_transmit_blocks(struct ccid_slot *slot, const u8 *command, size_t len,
				u8 *response, size_t size)
{
	const struct ccid_reader *reader = slot->reader;
	struct ccid_chain chain = {
		.cmd = command,
		.cmd_len = len,
		.room = reader->out_size - CCID_HEADER_LEN,
		.rsp = response,
		.rsp_size = size,
		.chained = reader->desc.level == CCID_LEVEL_EXTENDED,
	};
	struct ccid_command cmd = {
		.type = CCID_XFR_BLOCK,
		.limit_ms = uicc_ccid_timeout_ms() + slot->wait_ms,
		.patience = CCID_CANCEL,
	};
	struct ccid_msg msg;
	int ret;

	if (!chain.chained && len > chain.room)
		return -EMSGSIZE;
	do {
		cmd.len = uicc_ccid_chain_next(&chain, &cmd.data, &cmd.level);
		ret = uicc_ccid_exchange(slot, &cmd, &msg) ?: uicc_ccid_chain_take(&chain, &msg);
	} while (ret > 0);
	if (ret)
		return ret;
	return chain.rsp_len >= 2 ? (int)chain.rsp_len : -EPROTO;
}

static int ccid_transmit(struct uicc_slot *uslot, const u8 *command, size_t len, u8 *response,
			 size_t size)
{
	struct ccid_slot *slot = uicc_slot_priv(uslot);
	unsigned int events;
	int ret;

	if (len < 4 || len > UICC_COMMAND_EXT_MAX)
		return -EINVAL;
	ret = ccid_op_begin(slot, true, &events);
	if (ret)
		return ccid_result(ret);
	if (slot->t1_used) {
		ret = iso7816_t1_transmit(&slot->t1, command, len, response, size);
		/* Blocks of a PIN or a file. */
		memzero_explicit(slot->t1.out, sizeof(slot->t1.out));
		memzero_explicit(slot->t1.in, sizeof(slot->t1.in));
	} else {
		ret = ccid_transmit_blocks(slot, command, len, response, size);
	}
	return ccid_op_end(slot, events, false, ret);
}

static void ccid_cancel(struct uicc_slot *uslot)
{
	struct ccid_slot *slot = uicc_slot_priv(uslot);
	struct ccid_reader *reader = slot->reader;

	spin_lock_irq(&reader->lock);
	if (slot->running) {
		WRITE_ONCE(slot->ended, true);
		wake_up_all(&reader->wait);
	}
	spin_unlock_irq(&reader->lock);
}

const struct uicc_slot_ops uicc_ccid_ops = {
	.transport = "ccid",
	.power_on = ccid_power_on,
	.power_off = ccid_power_off,
	.transmit = ccid_transmit,
	.cancel = ccid_cancel,
};
