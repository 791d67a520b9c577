// SPDX-License-Identifier: GPL-2.0-only
#include <linux/module.h>
#include <linux/uicc.h>

enum { OUT, IN, SILENT };	/* for the parameter `card` */
static struct uicc_slot *slot;	/* NULL: nothing may be written yet, or any more */
static DEFINE_SPINLOCK(lock);
static unsigned int state;	/* the card, and +4 whenever a running call has to end */
static DECLARE_WAIT_QUEUE_HEAD(changed);

static int sample_answer(u8 *to, size_t size, const void *answer, size_t n)
{
	unsigned int now;
	long left = 1;

	spin_lock(&lock);
	now = state;
	spin_unlock(&lock);
	if (now % 4 == SILENT)
		left = wait_event_killable_timeout(changed, READ_ONCE(state) != now, 5 * HZ);
	if (left <= 0)
		return left ? -EINTR : -ETIMEDOUT;
	if (now % 4 == OUT || READ_ONCE(state) != now)
		return -ENODEV;
	memcpy(to, answer, min(n, size));
	return min(n, size);
}

static int sample_power_on(struct uicc_slot *s, u8 *atr)
{
	return sample_answer(atr, UICC_ATR_MAX, "\x3b\x10\x53", 3);
}

static void sample_power_off(struct uicc_slot *s)
{
}

static int sample_transmit(struct uicc_slot *s, const u8 *cmd, size_t len, u8 *to, size_t size)
{
	if (cmd[1] == 0xb0 && (cmd[2] || cmd[3]))
		return sample_answer(to, size, "\x6b", 2);	/* behind the end */
	if (cmd[1] == 0xb0)
		return sample_answer(to, size, "\x98\x94\x01\x32\x54\x76\x98\x10\x32\x74\x90", 12);
	if (len == 7 && !memcmp(cmd, "\x00\xa4\x08\x0c\x02\x2f\xe2", 7))
		return sample_answer(to, size, "\x90", 2);
	return sample_answer(to, size, "\x6a\x82", 2);
}

static void sample_cancel(struct uicc_slot *s)
{
	spin_lock(&lock);
	WRITE_ONCE(state, state + 4);
	spin_unlock(&lock);
	wake_up_all(&changed);
}

static const struct uicc_slot_ops sample_ops = {
	"sample", sample_power_on, sample_power_off, sample_transmit, sample_cancel,
};

static int sample_set(const char *text, const struct kernel_param *kp)
{
	unsigned int card;

	if (kstrtouint(text, 0, &card) || card > SILENT || !slot)
		return -EINVAL;
	spin_lock(&lock);
	WRITE_ONCE(state, state / 4 * 4 + 4 + card);
	if (card != SILENT)	/* under the lock: no call finds a card not yet known */
		(card == IN ? uicc_slot_card_inserted : uicc_slot_card_removed)(slot);
	spin_unlock(&lock);
	wake_up_all(&changed);
	return 0;
}
module_param_call(card, sample_set, NULL, NULL, 0200);

static int __init sample_init(void)
{
	struct uicc_slot *new = uicc_slot_alloc(NULL, &sample_ops, "sample", NULL);
	int ret = PTR_ERR_OR_ZERO(new) ?: uicc_slot_register(new);

	if (ret && !IS_ERR(new))
		uicc_slot_put(new);
	slot = ret ? NULL : new;
	return ret;
}
module_init(sample_init);

static void __exit sample_exit(void)
{
	kernel_param_lock(THIS_MODULE);
	uicc_slot_unregister(slot);
	uicc_slot_put(slot);
	slot = NULL;
	kernel_param_unlock(THIS_MODULE);
}
module_exit(sample_exit);
MODULE_DESCRIPTION("UICC transport made by following Documentation/porting-a-transport.rst");
MODULE_LICENSE("GPL");
