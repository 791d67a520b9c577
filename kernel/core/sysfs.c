// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attributes of slots and cards (Documentation/ABI/testing/sysfs-class-uicc).
 * What they show is made elsewhere.
 */
#include <linux/device.h>
#include <linux/kstrtox.h>
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

static ssize_t supply_class_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	static const char * const names[] = {
		[UICC_SUPPLY_UNKNOWN] = "unknown",
		[UICC_SUPPLY_A] = "A",
		[UICC_SUPPLY_B] = "B",
		[UICC_SUPPLY_C] = "C",
	};

	return sysfs_emit(buf, "%s\n", names[READ_ONCE(to_uicc_slot(dev)->supply)]);
}
static DEVICE_ATTR_RO(supply_class);

static ssize_t shared_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%d\n", !!(to_uicc_slot(dev)->flags & UICC_SLOT_SHARED));
}
static DEVICE_ATTR_RO(shared);

static ssize_t allow_update_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%d\n", READ_ONCE(to_uicc_slot(dev)->allow_update));
}

static ssize_t allow_update_store(struct device *dev, struct device_attribute *attr,
				  const char *buf, size_t count)
{
	u8 allow;
	int ret;

	ret = kstrtou8(buf, 10, &allow);
	if (ret)
		return ret;
	if (allow > 1)
		return -EINVAL;
	WRITE_ONCE(to_uicc_slot(dev)->allow_update, allow);
	return count;
}
static DEVICE_ATTR_RW(allow_update);

/* One set of counters for both kinds of device. */
struct uicc_stat_attr {
	struct device_attribute attr;
	enum uicc_stat stat;
};

static ssize_t stat_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	enum uicc_stat stat = container_of(attr, struct uicc_stat_attr, attr)->stat;
	const atomic64_t *stats = dev->type == &uicc_slot_type ? to_uicc_slot(dev)->stats :
								 to_uicc_card(dev)->stats;

	return sysfs_emit(buf, "%llu\n", (u64)atomic64_read(&stats[stat]));
}

#define UICC_STAT_ATTR(_name, _stat)						\
	struct uicc_stat_attr stat_attr_##_name = {				\
		.attr = __ATTR(_name, 0444, stat_show, NULL),			\
		.stat = _stat,							\
	}

static UICC_STAT_ATTR(tpdus, UICC_STAT_TPDUS);
static UICC_STAT_ATTR(bytes_sent, UICC_STAT_BYTES_SENT);
static UICC_STAT_ATTR(bytes_received, UICC_STAT_BYTES_RECEIVED);
static UICC_STAT_ATTR(resets, UICC_STAT_RESETS);
static UICC_STAT_ATTR(errors, UICC_STAT_ERRORS);

static struct attribute *uicc_stat_attrs[] = {
	&stat_attr_tpdus.attr.attr,
	&stat_attr_bytes_sent.attr.attr,
	&stat_attr_bytes_received.attr.attr,
	&stat_attr_resets.attr.attr,
	&stat_attr_errors.attr.attr,
	NULL
};

static const struct attribute_group uicc_stat_group = {
	.name = "statistics",
	.attrs = uicc_stat_attrs,
};

static struct attribute *uicc_slot_attrs[] = {
	&dev_attr_transport.attr,
	&dev_attr_location.attr,
	&dev_attr_state.attr,
	&dev_attr_slot_seq.attr,
	&dev_attr_supply_class.attr,
	&dev_attr_shared.attr,
	&dev_attr_allow_update.attr,
	NULL
};

static const struct attribute_group uicc_slot_group = { .attrs = uicc_slot_attrs };

const struct attribute_group *uicc_slot_groups[] = {
	&uicc_slot_group,
	&uicc_stat_group,
	NULL
};

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

static ssize_t supply_classes_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	u8 classes = to_uicc_card(dev)->atr.classes;

	if (!classes)
		return sysfs_emit(buf, "unknown\n");
	return sysfs_emit(buf, "%s%s%s\n", classes & UICC_ATR_CLASS_A ? "A" : "",
			  classes & UICC_ATR_CLASS_B ? "B" : "",
			  classes & UICC_ATR_CLASS_C ? "C" : "");
}
static DEVICE_ATTR_RO(supply_classes);

/* What is true of the moment: no reader of these waits for the card. */
static ssize_t mode_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	const struct uicc_card *card = to_uicc_card(dev);

	if (!READ_ONCE(card->mode_known))
		return sysfs_emit(buf, "unknown\n");
	return sysfs_emit(buf, "%s\n",
			  READ_ONCE(card->io.mode) == UICC_MODE_SIM2G ? "2g" : "uicc");
}
static DEVICE_ATTR_RO(mode);

static ssize_t channel_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(to_uicc_card(dev)->io.channel));
}
static DEVICE_ATTR_RO(channel);

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
	&dev_attr_supply_classes.attr,
	&dev_attr_mode.attr,
	&dev_attr_channel.attr,
	&dev_attr_export.attr,
	&dev_attr_unexport.attr,
	NULL
};

static const struct attribute_group uicc_card_group = { .attrs = uicc_card_attrs };

const struct attribute_group *uicc_card_groups[] = {
	&uicc_card_group,
	&uicc_stat_group,
	NULL
};
