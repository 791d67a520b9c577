// SPDX-License-Identifier: GPL-2.0-only
/*
 * The core under KUnit: its files as they are, between a scripted transport and a
 * netlink that only counts. What it has to do, the suites in card_test.c,
 * select_test.c, channel_test.c, file_test.c and pm_test.c say.
 */
#include <linux/delay.h>
#include <linux/export.h>
#include <linux/idr.h>
#include <linux/slab.h>

#include "core_test.h"

#define CREATE_TRACE_POINTS
#include "trace.h"
#undef CREATE_TRACE_POINTS

/* The core of a running system may be loaded beside this one. */
#undef EXPORT_SYMBOL_GPL
#define EXPORT_SYMBOL_GPL(symbol)

#include "card.c"
#include "select.c"
#include "channel.c"
#include "pm.c"
#include "slot.c"
#include "sysfs.c"
#include "file.c"
#include "file_read.c"
#include "file_write.c"
#include "file_tlv.c"
#include "file_access.c"
#include "file_sysfs.c"

/* --- what is not under test ----------------------------------------------- */

struct workqueue_struct *uicc_wq;
struct test_events test_events;

static struct device *test_root;
/* One slot at a time; shown from its registration on. */
static struct uicc_slot *test_slot;
static DEFINE_IDA(test_ids);
static atomic_t test_devices;

static void test_class_release(uicc_class_arg *class)
{
	uicc_device_dead();
}

struct class uicc_class = {
	.name = "uicc_kunit",
	UICC_CLASS_OWNER
	.class_release = test_class_release,
};

/* DEBUG_KOBJECT_RELEASE has each last put wait for some seconds. */
static bool test_devices_gone(void)
{
	unsigned int tries;

	for (tries = 0; atomic_read(&test_devices) && tries < 1000; tries++)
		msleep(20);
	return !atomic_read(&test_devices);
}

/* Later the class, which is registered anew, may be looked at no more. */
static void test_class_unregister(void)
{
	uicc_device_live();
	class_unregister(&uicc_class);
	WARN_ON(!test_devices_gone());
}

int uicc_slots_reserve(unsigned int *index)
{
	int ret = ida_alloc(&test_ids, GFP_KERNEL);

	if (ret < 0)
		return ret;
	*index = ret;
	return 0;
}

void uicc_slots_release(unsigned int index)
{
	ida_free(&test_ids, index);
}

void uicc_slots_show(struct uicc_slot *slot)
{
	test_slot = slot;
}

void uicc_slots_hide(struct uicc_slot *slot)
{
	test_slot = NULL;
}

struct uicc_slot *uicc_slots_next(unsigned int from)
{
	if (!test_slot || test_slot->index < from)
		return NULL;
	get_device(&test_slot->dev);
	return test_slot;
}

void uicc_device_live(void)
{
	atomic_inc(&test_devices);
}

void uicc_device_dead(void)
{
	atomic_dec(&test_devices);
}

void uicc_netlink_slot_event(struct uicc_slot *slot, u8 cmd)
{
}

void uicc_netlink_card_event(struct uicc_card *card, u8 cmd)
{
	atomic_inc(cmd == UICC_CMD_CARD_ADD ? &test_events.added : &test_events.deleted);
}

void uicc_netlink_card_gone(struct uicc_slot *slot)
{
	atomic_inc(&test_events.gone);
}

void uicc_netlink_pin_work(struct work_struct *work)
{
}

/**
 * test_sleep() - what the system does before it sleeps
 */
void test_sleep(void)
{
	uicc_pm_notify(NULL, PM_SUSPEND_PREPARE, NULL);
}

/**
 * test_wake() - what it does afterwards, until the slot has looked at its card
 * @tc: the slot
 */
void test_wake(struct test_card *tc)
{
	uicc_pm_notify(NULL, PM_POST_SUSPEND, NULL);
	test_card_settle(tc);
}

/**
 * test_core_begin() - what all suites of the core begin with
 * @suite: the suite
 *
 * Return: 0 or an errno.
 */
int test_core_begin(struct kunit_suite *suite)
{
	int ret;

	uicc_wq = alloc_workqueue("uicc_kunit", WQ_UNBOUND, 0);
	if (!uicc_wq)
		return -ENOMEM;
	ret = class_register(&uicc_class);
	if (ret)
		goto err;
	test_root = __root_device_register("uicc_kunit", NULL);
	if (!IS_ERR(test_root))
		return 0;
	ret = PTR_ERR(test_root);
	test_class_unregister();
err:
	destroy_workqueue(uicc_wq);
	return ret;
}

/**
 * test_core_end() - undo test_core_begin()
 * @suite: the suite
 */
void test_core_end(struct kunit_suite *suite)
{
	root_device_unregister(test_root);
	test_class_unregister();
	destroy_workqueue(uicc_wq);
}

/* --- the scripted transport ----------------------------------------------- */

/**
 * test_unhex() - bytes of a script
 * @hex: digits and spaces
 * @out: where to
 * @size: room there
 *
 * Return: their number; -1 for anything else.
 */
int test_unhex(const char *hex, u8 *out, size_t size)
{
	size_t n = 0;

	for (; *hex; hex += 2) {
		while (*hex == ' ')
			hex++;
		if (!*hex)
			break;
		if (n == size || hex2bin(out + n, hex, 1))
			return -1;
		n++;
	}
	return n;
}

static int test_power_on(struct uicc_slot *slot, u8 *atr)
{
	struct test_card *tc = uicc_slot_priv(slot);

	atomic_inc(&tc->powered);
	return tc->atr ? test_unhex(tc->atr, atr, UICC_ATR_MAX) : tc->power_ret;
}

static void test_power_off(struct uicc_slot *slot)
{
	struct test_card *tc = uicc_slot_priv(slot);

	atomic_inc(&tc->off);
}

static void test_cancel(struct uicc_slot *slot)
{
	struct test_card *tc = uicc_slot_priv(slot);

	atomic_inc(&tc->cancelled);
	complete_all(&tc->hung);
}

static void test_leave(struct work_struct *work)
{
	uicc_slot_unregister(container_of(work, struct test_card, leave)->slot);
}

/* The core has to end this wait. */
static int test_hang(struct test_card *tc)
{
	if (!wait_for_completion_timeout(&tc->hung, 10 * HZ))
		KUNIT_FAIL(tc->test, "nobody cancelled the command");
	return -ENODEV;
}

static int test_torn(struct test_card *tc, u8 *rsp, size_t size)
{
	reinit_completion(&tc->hung);
	switch (tc->tear) {
	case TEAR_REMOVE:
		uicc_slot_card_removed(tc->slot);
		return -ENODEV;
	case TEAR_HANG:
		uicc_slot_card_removed(tc->slot);
		return test_hang(tc);
	case TEAR_SWAP:
		uicc_slot_card_inserted(tc->slot);
		return -ENODEV;
	case TEAR_UNREGISTER:
		schedule_work(&tc->leave);
		return test_hang(tc);
	case TEAR_CLOSE:
		return test_hang(tc);
	case TEAR_KILL:
		return -EINTR;
	case TEAR_SHORT:
		rsp[0] = 0x90;
		return 1;
	case TEAR_GARBAGE:
		memset(rsp, 0x00, 4);
		return 4;
	case TEAR_LONG:
		memset(rsp, 0x90, size);
		return size + 1;
	case TEAR_OTHER_ATR:
		tc->atr = TEST_ATR_OTHER;
		return -ETIMEDOUT;
	default:
		return -ETIMEDOUT;
	}
}

/* Called with the card's locks held: nothing here may leave the test at once. */
static int test_transmit(struct uicc_slot *slot, const u8 *cmd, size_t len, u8 *rsp, size_t size)
{
	struct test_card *tc = uicc_slot_priv(slot);
	const struct test_step *step;
	u8 want[300];
	int n;

	tc->sent++;
	if (tc->tear_after >= 0 && !tc->tear_after--)
		return test_torn(tc, rsp, size);
	if (tc->answers)
		return test_unhex(tc->answers, rsp, size);
	if (tc->at >= tc->n_steps) {
		KUNIT_FAIL(tc->test, "unexpected command %*phN", (int)min_t(size_t, len, 64), cmd);
		return -EREMOTEIO;
	}
	step = &tc->steps[tc->at++];
	n = test_unhex(step->cmd, want, sizeof(want));
	if (n != len || memcmp(want, cmd, n)) {
		KUNIT_FAIL(tc->test, "step %u: command %*phN, expected %s", tc->at,
			   (int)min_t(size_t, len, 64), cmd, step->cmd);
		return -EREMOTEIO;
	}
	if (!step->rsp)
		return step->ret;
	n = test_unhex(step->rsp, rsp, size);
	if (n < 0)
		KUNIT_FAIL(tc->test, "no hexadecimal answer: %s", step->rsp);
	return n;
}

static const struct uicc_slot_ops test_ops = {
	.transport = "kunit",
	.power_on = test_power_on,
	.power_off = test_power_off,
	.transmit = test_transmit,
	.cancel = test_cancel,
};

/**
 * test_card_settle() - wait until the slot has done what was reported
 * @tc: the slot
 */
void test_card_settle(struct test_card *tc)
{
	flush_work(&tc->leave);
	flush_work(&tc->slot->detect);
}

/**
 * test_card_forget() - look at another card from now on, or at none
 * @tc: the slot
 */
void test_card_forget(struct test_card *tc)
{
	if (tc->card)
		put_device(&tc->card->dev);
	tc->card = uicc_slot_card_get(tc->slot);
}

/**
 * test_card_new() - a registered slot with a card in it
 * @test: whose
 * @flags: of the slot
 * @atr: what the card answers to reset; NULL: it is mute
 *
 * Return: what test_card_free() takes back.
 */
struct test_card *test_card_new(struct kunit *test, u32 flags, const char *atr)
{
	struct test_card *tc = kunit_kzalloc(test, sizeof(*tc), GFP_KERNEL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, tc);
	tc->test = test;
	tc->atr = atr;
	tc->power_ret = -ETIMEDOUT;
	tc->tear_after = -1;
	init_completion(&tc->hung);
	INIT_WORK(&tc->leave, test_leave);
	tc->slot = uicc_slot_alloc(test_root, &test_ops, "kunit.0", tc);
	KUNIT_ASSERT_FALSE(test, IS_ERR(tc->slot));
	test->priv = tc;
	uicc_slot_set_flags(tc->slot, flags);
	KUNIT_ASSERT_EQ(test, uicc_slot_register(tc->slot), 0);
	uicc_slot_card_inserted(tc->slot);
	test_card_settle(tc);
	test_card_forget(tc);
	return tc;
}

/**
 * test_card_free() - take the slot away
 * @tc: from test_card_new()
 */
void test_card_free(struct test_card *tc)
{
	test_card_settle(tc);
	if (tc->card)
		put_device(&tc->card->dev);
	uicc_slot_unregister(tc->slot);
	uicc_slot_put(tc->slot);
	tc->test->priv = NULL;
	kunit_kfree(tc->test, tc);
}

/**
 * test_card_exit() - what the cases of all suites of the core end with
 * @test: the case; its last card may be there still
 */
void test_card_exit(struct kunit *test)
{
	if (test->priv)
		test_card_free(test->priv);
	/* Nothing stays of all the cards of the case; one wait is for all of them. */
	KUNIT_EXPECT_TRUE(test, test_devices_gone());
}

/**
 * test_file() - a file of the card, exported if it is not yet
 * @tc: the slot
 * @name: its path
 *
 * Return: the file; never NULL.
 */
struct uicc_file *test_file(struct test_card *tc, const char *name)
{
	struct uicc_file *file, *found = NULL;
	struct uicc_path path;
	int ret;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(tc->test, tc->card);
	KUNIT_ASSERT_EQ(tc->test, uicc_path_parse(&path, name, strlen(name)), 0);
	ret = uicc_file_export(tc->card, name, strlen(name));
	if (ret != -EEXIST && ret != -ENODEV)	/* a card that is gone has it still */
		KUNIT_ASSERT_EQ(tc->test, ret, 0);
	mutex_lock(&tc->card->files_lock);
	list_for_each_entry(file, &tc->card->files, node)
		if (!memcmp(&file->path, &path, sizeof(path)))
			found = file;
	mutex_unlock(&tc->card->files_lock);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(tc->test, found);
	return found;
}

/**
 * test_script() - what the card is asked next, and answers
 * @tc: the slot
 * @steps: commands and answers
 * @n: their number
 */
void test_script(struct test_card *tc, const struct test_step *steps, unsigned int n)
{
	tc->steps = steps;
	tc->n_steps = n;
	tc->at = 0;
}

/**
 * test_played() - every step of the script came
 * @tc: the slot
 */
void test_played(struct test_card *tc)
{
	if (tc->at < tc->n_steps)
		KUNIT_FAIL(tc->test, "command %s never came", tc->steps[tc->at].cmd);
	test_script(tc, NULL, 0);
}

/**
 * test_read() - read a file by a script
 * @tc: the slot
 * @name: path of the file
 * @off: first byte
 * @count: bytes wanted
 * @want: what comes back: bytes, or an errno
 * @content: what has been read, in hexadecimal; NULL: not looked at
 * @steps: commands and answers, all of which have to come
 * @n: their number
 */
void test_read(struct test_card *tc, const char *name, loff_t off, size_t count, int want,
	       const char *content, const struct test_step *steps, unsigned int n)
{
	struct uicc_file *file = test_file(tc, name);
	static u8 bytes[sizeof(tc->buf)];
	ssize_t got;
	int len;

	KUNIT_ASSERT_LE(tc->test, count, sizeof(tc->buf));
	test_script(tc, steps, n);
	memset(tc->buf, 0xee, sizeof(tc->buf));
	got = uicc_file_read(file, tc->buf, off, count);
	KUNIT_EXPECT_EQ_MSG(tc->test, (int)got, want, "%s", name);
	test_played(tc);
	if (!content || got < 0)
		return;
	len = test_unhex(content, bytes, sizeof(bytes));
	KUNIT_EXPECT_EQ(tc->test, (int)got, len);
	KUNIT_EXPECT_EQ_MSG(tc->test, memcmp(tc->buf, bytes, min_t(size_t, len, got)), 0,
			    "content of %s", name);
	if (count < sizeof(tc->buf))
		KUNIT_EXPECT_EQ(tc->test, (u8)tc->buf[count], 0xee);
}
