/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between the kernels this builds for (6.1 and later), and nothing
 * else.
 */
#ifndef UICC_COMPAT_H
#define UICC_COMPAT_H

#include <linux/device.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/version.h>

/* 6.4: struct class has no owner, and its attributes' callbacks take const. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
#define UICC_CLASS_OWNER	.owner = THIS_MODULE,
#define uicc_class_arg		struct class
#define uicc_class_attr_arg	struct class_attribute
#else
#define UICC_CLASS_OWNER
#define uicc_class_arg		const struct class
#define uicc_class_attr_arg	const struct class_attribute
#endif

/* 6.3: the uevent callback of a device type takes a const device. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
#define uicc_uevent_dev		struct device
#else
#define uicc_uevent_dev		const struct device
#endif

/* 6.7: a file is freed at once, so that to take a reference needs its place. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)
static inline struct file *uicc_get_file(struct file **place)
{
	return get_file_rcu(*place) ? *place : NULL;
}
#else
#define uicc_get_file		get_file_active
#endif

/* 6.6: what a line discipline gets and returns; 6.9: what a serdev client does. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)
#define uicc_tty_flag		char
#define uicc_tty_count		int
#else
#define uicc_tty_flag		u8
#define uicc_tty_count		size_t
#endif
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 9, 0)
#define uicc_serdev_count	int
#else
#define uicc_serdev_count	size_t
#endif

#endif /* UICC_COMPAT_H */
