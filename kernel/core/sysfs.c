// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attributes of slots and cards (Documentation/ABI/testing/sysfs-class-uicc).
 * What they show is made elsewhere.
 */
#include <linux/device.h>
#include <linux/sysfs.h>

#include "compat.h"
#include "internal.h"

static ssize_t transport_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", to_uicc_slot(dev)->transport);
}
static DEVICE_ATTR_RO(transport);

static ssize_t location_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", to_uicc_slot(dev)->location);
}
static DEVICE_ATTR_RO(location);

static ssize_t state_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	static const char * const names[] = {
		[UICC_SLOT_STATE_EMPTY] = "empty",
		[UICC_SLOT_STATE_READY] = "ready",
		[UICC_SLOT_STATE_MUTE] = "mute",
	};

	/* A reader that goes away says nothing of the card: it is not "empty". */
	if (READ_ONCE(to_uicc_slot(dev)->closing))
		return -ENODEV;
	return sysfs_emit(buf, "%s\n", names[uicc_slot_state(to_uicc_slot(dev))]);
}
static DEVICE_ATTR_RO(state);

static ssize_t slot_seq_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", uicc_slot_seq(to_uicc_slot(dev)));
}

static struct device_attribute dev_attr_slot_seq = __ATTR(seq, 0444, slot_seq_show, NULL);

static struct attribute *uicc_slot_attrs[] = {
	&dev_attr_transport.attr,
	&dev_attr_location.attr,
	&dev_attr_state.attr,
	&dev_attr_slot_seq.attr,
	NULL
};

static const struct attribute_group uicc_slot_group = { .attrs = uicc_slot_attrs };

const struct attribute_group *uicc_slot_groups[] = { &uicc_slot_group, NULL };

static ssize_t atr_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	char atr[2 * UICC_ATR_MAX + 1];

	uicc_atr_print(&to_uicc_card(dev)->atr, atr);
	return sysfs_emit(buf, "%s\n", atr);
}
static DEVICE_ATTR_RO(atr);

static ssize_t protocol_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "T=%u\n", uicc_atr_protocol(&to_uicc_card(dev)->atr));
}
static DEVICE_ATTR_RO(protocol);

static ssize_t card_seq_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", to_uicc_card(dev)->seq);
}

static struct device_attribute dev_attr_card_seq = __ATTR(seq, 0444, card_seq_show, NULL);

static ssize_t export_store(struct device *dev, struct device_attribute *attr,
			    const char *buf, size_t count)
{
	return uicc_file_export(to_uicc_card(dev), buf, count) ?: count;
}
static DEVICE_ATTR_WO(export);

static ssize_t unexport_store(struct device *dev, struct device_attribute *attr,
			      const char *buf, size_t count)
{
	return uicc_file_unexport(to_uicc_card(dev), buf, count) ?: count;
}
static DEVICE_ATTR_WO(unexport);

static struct attribute *uicc_card_attrs[] = {
	&dev_attr_atr.attr,
	&dev_attr_protocol.attr,
	&dev_attr_card_seq.attr,
	&dev_attr_export.attr,
	&dev_attr_unexport.attr,
	NULL
};

static const struct attribute_group uicc_card_group = { .attrs = uicc_card_attrs };

const struct attribute_group *uicc_card_groups[] = { &uicc_card_group, NULL };
