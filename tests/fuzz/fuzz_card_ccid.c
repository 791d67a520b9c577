// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libFuzzer target of what a USB reader says, by the same source file as in the module.
 * The first byte chooses: descriptors, a notification, data rates, or a conversation,
 * which is an APDU in parts against a reader that answers with what the input holds:
 * messages, each behind its length in two bytes.
 */
#include "../../kernel/transport/ccid_proto.c"
#include "card.h"

#define ROOM	64
#define ANSWER	300
#define TURNS	(ANSWER + 300 / ROOM + 8)

static void descriptors(const uint8_t *data, size_t size)
{
	struct ccid_desc desc;
	u32 rates[CCID_RATES_MAX];
	int ret = uicc_ccid_find(&desc, data, size);

	if (ret == -ENOENT)
		return;
	if (!desc.slots || desc.slots > CCID_SLOTS_MAX || desc.slots > desc.slots_claimed || !desc.clock_khz ||
	    desc.clock_khz > CLOCK_MAX_KHZ || !desc.busy_slots || desc.voltages > 7 || desc.protocols > 3)
		abort();
	if (!ret && (!desc.protocols || desc.message_max < CCID_MESSAGE_MIN || desc.level == CCID_LEVEL_CHARACTER))
		abort();
	if (ret && ret != -EINVAL && ret != -EOPNOTSUPP)
		abort();
	if (uicc_ccid_rate_ok(&desc, rates, uicc_ccid_rates(rates, data, size), desc.rate) &&
	    desc.rate > desc.rate_max && desc.rate - desc.rate_max > desc.rate / 64)
		abort();
}

static void notification(const uint8_t *data, size_t size)
{
	unsigned int slot, known = 0;
	bool changed;
	int ret;

	for (slot = 0; slot < 256; slot++) {
		ret = uicc_ccid_slot_change(data, size, slot, &changed);
		if (ret != -EPROTO && ret != 0 && ret != 1)
			abort();
		known += ret >= 0;
	}
	if (known && (!size || known != (4 * (size - 1) < 256 ? 4 * (size - 1) : 256)))
		abort();
}

/* One answer: what the driver would do with it. Returns what the chain says, or 2 for "read on". */
static int answer(struct ccid_chain *chain, u8 seq, const uint8_t *data, size_t size)
{
	struct ccid_msg msg;
	u8 *copy = card_copy(data, size);
	int ret = 2, err;

	switch (uicc_ccid_judge(&msg, CCID_XFR_BLOCK, 0, seq, copy, size)) {
	case CCID_ANSWER:
		if (!uicc_ccid_ours(copy, size, 0, seq) || msg.data != copy + CCID_HEADER_LEN ||
		    msg.len != size - CCID_HEADER_LEN || uicc_ccid_total(copy, size) != size)
			abort();
		err = uicc_ccid_errno(&msg);
		if (err > 0 || (err == 0) == msg.failed)
			abort();
		if (!err && msg.type != CCID_DATA_BLOCK)
			abort();
		ret = err ? err : uicc_ccid_chain_take(chain, &msg);
		if (ret > 1 || chain->rsp_len > chain->rsp_size || chain->cmd_off > chain->cmd_len)
			abort();
		break;
	case CCID_EXTENSION:
		if (msg.failed)
			abort();
		break;
	case CCID_STALE:
		break;
	case CCID_BROKEN:
		ret = -EPROTO;
	}
	free(copy);
	return ret;
}

static void conversation(const uint8_t *data, size_t size)
{
	static const u8 command[300];
	u8 *rsp = malloc(ANSWER);
	struct ccid_chain chain = {
		.cmd = command,
		.cmd_len = size ? data[0] + 1 : 1,
		.room = ROOM,
		.rsp = rsp,
		.rsp_size = ANSWER,
		.chained = true,
	};
	const u8 *part;
	unsigned int turns = 0;
	size_t n, sent = 0;
	int ret = 1;
	u16 level;
	u8 seq = 0;

	if (!rsp)
		abort();
	while (ret > 0) {
		n = uicc_ccid_chain_next(&chain, &part, &level);
		if (n > ROOM || part != command + sent || sent + n > chain.cmd_len || (!n) != (level == CCID_CHAIN_GO_ON) ||
		    ++turns > TURNS)
			abort();
		sent += n;
		seq++;
		do {
			if (size < 3) {
				ret = -ETIMEDOUT;
				break;
			}
			n = data[1] | data[2] << 8;
			data += 2;
			size -= 2;
			n = n < size - 1 ? n : size - 1;
			ret = answer(&chain, seq, data + 1, n);
			data += n;
			size -= n;
		} while (ret == 2);
	}
	if (!ret && sent != chain.cmd_len)
		abort();
	free(rsp);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy;

	if (!size)
		return 0;
	copy = card_copy(data + 1, size - 1);
	if (data[0] % 3 == 0)
		descriptors(copy, size - 1);
	else if (data[0] % 3 == 1)
		notification(copy, size - 1);
	else
		conversation(copy, size - 1);
	free(copy);
	return 0;
}
