// SPDX-License-Identifier: GPL-2.0-only
/*
 * The class "uicc": its module, its attribute agent_gid, and the table of slots.
 * What a slot or a card is, slot.c and card.c know.
 */
#include <linux/idr.h>
#include <linux/init.h>
#include <linux/kstrtox.h>
#include <linux/module.h>
#include <linux/uidgid.h>
#include <linux/wait.h>

#include "compat.h"
#include "internal.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

struct workqueue_struct *uicc_wq;

/* A reserved number has NULL in the table until its slot is shown. */
static DEFINE_IDR(uicc_slots);
static DEFINE_MUTEX(uicc_slots_lock);

/* Devices, and last the class, whose release has not run: it is code of this module. */
static unsigned int uicc_devices;
static DECLARE_WAIT_QUEUE_HEAD(uicc_devices_wait);
static DEFINE_SPINLOCK(uicc_devices_lock);

/* Who may answer questions beside CAP_NET_ADMIN; nobody by default. */
static DEFINE_SPINLOCK(uicc_gid_lock);
static kgid_t uicc_gid = INVALID_GID;

/**
 * uicc_agent_gid() - the group whose members may answer questions
 *
 * Context: any.
 * Return: the group, or INVALID_GID for nobody.
 */
kgid_t uicc_agent_gid(void)
{
	kgid_t gid;

	spin_lock(&uicc_gid_lock);
	gid = uicc_gid;
	spin_unlock(&uicc_gid_lock);
	return gid;
}

static ssize_t agent_gid_show(uicc_class_arg *class, uicc_class_attr_arg *attr, char *buf)
{
	kgid_t gid = uicc_agent_gid();

	if (!gid_valid(gid))
		return sysfs_emit(buf, "-1\n");
	return sysfs_emit(buf, "%u\n", from_kgid(&init_user_ns, gid));
}

static ssize_t agent_gid_store(uicc_class_arg *class, uicc_class_attr_arg *attr,
			       const char *buf, size_t count)
{
	kgid_t gid = INVALID_GID;
	s64 number;
	int ret;

	ret = kstrtos64(buf, 10, &number);
	if (ret)
		return ret;
	if (number != -1) {
		if (number < 0 || number >= U32_MAX)
			return -EINVAL;
		gid = make_kgid(&init_user_ns, number);
		if (!gid_valid(gid))
			return -EINVAL;
	}
	spin_lock(&uicc_gid_lock);
	uicc_gid = gid;
	spin_unlock(&uicc_gid_lock);
	return count;
}
static CLASS_ATTR_RW(agent_gid);

static struct attribute *uicc_class_attrs[] = {
	&class_attr_agent_gid.attr,
	NULL
};
ATTRIBUTE_GROUPS(uicc_class);

static void uicc_class_release(uicc_class_arg *class)
{
	uicc_device_dead();
}

struct class uicc_class = {
	.name = "uicc",
	UICC_CLASS_OWNER
	.class_groups = uicc_class_groups,
	.class_release = uicc_class_release,
};

/**
 * uicc_slots_reserve() - get a number for a slot
 * @index: out: the lowest free number
 *
 * Context: may sleep.
 * Return: 0, -ENOMEM or -ENOSPC.
 */
int uicc_slots_reserve(unsigned int *index)
{
	int ret;

	mutex_lock(&uicc_slots_lock);
	ret = idr_alloc(&uicc_slots, NULL, 0, 0, GFP_KERNEL);
	mutex_unlock(&uicc_slots_lock);
	if (ret < 0)
		return ret;
	*index = ret;
	return 0;
}

/**
 * uicc_slots_release() - give a number back
 * @index: from uicc_slots_reserve(); its slot is hidden
 *
 * Context: may sleep.
 */
void uicc_slots_release(unsigned int index)
{
	mutex_lock(&uicc_slots_lock);
	idr_remove(&uicc_slots, index);
	mutex_unlock(&uicc_slots_lock);
}

/**
 * uicc_slots_show() - let a slot be found
 * @slot: a slot whose device is about to be added
 *
 * Context: may sleep.
 */
void uicc_slots_show(struct uicc_slot *slot)
{
	mutex_lock(&uicc_slots_lock);
	idr_replace(&uicc_slots, slot, slot->index);
	mutex_unlock(&uicc_slots_lock);
}

/**
 * uicc_slots_hide() - let a slot not be found any more
 * @slot: a slot
 *
 * Context: may sleep.
 */
void uicc_slots_hide(struct uicc_slot *slot)
{
	mutex_lock(&uicc_slots_lock);
	idr_replace(&uicc_slots, NULL, slot->index);
	mutex_unlock(&uicc_slots_lock);
}

/**
 * uicc_slots_find() - the slot of a number
 * @index: its number
 *
 * Context: may sleep.
 * Return: the slot, whose device reference the caller drops, or NULL.
 */
struct uicc_slot *uicc_slots_find(unsigned int index)
{
	struct uicc_slot *slot;

	if (index > INT_MAX)
		return NULL;
	mutex_lock(&uicc_slots_lock);
	slot = idr_find(&uicc_slots, index);
	if (slot)
		get_device(&slot->dev);
	mutex_unlock(&uicc_slots_lock);
	return slot;
}

/**
 * uicc_slots_next() - walk over the slots
 * @from: lowest number wanted
 *
 * Context: may sleep.
 * Return: the first slot from there on, whose device reference the caller
 * drops, or NULL.
 */
struct uicc_slot *uicc_slots_next(unsigned int from)
{
	struct uicc_slot *slot;
	int id = from;

	if (from > INT_MAX)
		return NULL;
	mutex_lock(&uicc_slots_lock);
	/* idr_get_next() passes over the NULL of a number without a slot. */
	slot = idr_get_next(&uicc_slots, &id);
	if (slot)
		get_device(&slot->dev);
	mutex_unlock(&uicc_slots_lock);
	return slot;
}

/**
 * uicc_device_live() - count a device that will be released by this module
 *
 * Context: any.
 */
void uicc_device_live(void)
{
	unsigned long flags;

	spin_lock_irqsave(&uicc_devices_lock, flags);
	uicc_devices++;
	spin_unlock_irqrestore(&uicc_devices_lock, flags);
}

/**
 * uicc_device_dead() - last thing a release does
 *
 * Context: any.
 */
void uicc_device_dead(void)
{
	unsigned long flags;

	/* Under the lock, so that uicc_exit() is not through before wake_up is. */
	spin_lock_irqsave(&uicc_devices_lock, flags);
	if (!--uicc_devices)
		wake_up(&uicc_devices_wait);
	spin_unlock_irqrestore(&uicc_devices_lock, flags);
}

static void uicc_devices_gone(void)
{
	spin_lock_irq(&uicc_devices_lock);
	wait_event_lock_irq(uicc_devices_wait, !uicc_devices, uicc_devices_lock);
	spin_unlock_irq(&uicc_devices_lock);
}

/* The driver core looks at the class until it releases it, which can be later. */
static void uicc_class_unregister(void)
{
	uicc_device_live();
	class_unregister(&uicc_class);
	uicc_devices_gone();
}

static int __init uicc_init(void)
{
	int ret;

	uicc_wq = alloc_workqueue("uicc", WQ_UNBOUND, 0);
	if (!uicc_wq)
		return -ENOMEM;
	ret = class_register(&uicc_class);
	if (ret)
		goto err_wq;
	ret = uicc_netlink_init();
	if (ret)
		goto err_class;
	ret = uicc_pm_init();
	if (ret)
		goto err_netlink;
	return 0;

err_netlink:
	uicc_netlink_exit();
err_class:
	uicc_class_unregister();
err_wq:
	destroy_workqueue(uicc_wq);
	return ret;
}

static void __exit uicc_exit(void)
{
	/* Transports use our symbols: their slots are unregistered by now. */
	uicc_devices_gone();
	uicc_pm_exit();
	uicc_netlink_exit();
	uicc_class_unregister();
	destroy_workqueue(uicc_wq);
	idr_destroy(&uicc_slots);
}

module_init(uicc_init);
module_exit(uicc_exit);

MODULE_AUTHOR("The dmsc authors");
MODULE_DESCRIPTION("UICC and SIM card class");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
