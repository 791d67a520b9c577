// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attributes of elementary files (Documentation/ABI/testing/sysfs-class-uicc,
 * the groups ef-<path>). What they show is made elsewhere.
 */
#include <linux/device.h>
#include <linux/sysfs.h>

#include "internal.h"

static ssize_t file_data_read(struct file *filp, struct kobject *kobj,
			      struct bin_attribute *attr, char *buf, loff_t off, size_t count)
{
	return uicc_again(uicc_file_read(attr->private, buf, off, count));
}

static ssize_t file_data_write(struct file *filp, struct kobject *kobj,
			       struct bin_attribute *attr, char *buf, loff_t off, size_t count)
{
	return uicc_again(uicc_file_write(attr->private, buf, off, count));
}

static ssize_t file_fcp_read(struct file *filp, struct kobject *kobj,
			     struct bin_attribute *attr, char *buf, loff_t off, size_t count)
{
	return uicc_again(uicc_file_fcp_read(attr->private, buf, off, count));
}

static struct uicc_file *file_of(struct device_attribute *attr)
{
	return container_of(attr, struct dev_ext_attribute, attr)->var;
}

/* type and record_length: what the FCP says. */
static ssize_t file_fcp_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct uicc_file *file = file_of(attr);
	struct uicc_fcp fcp;
	int ret;

	ret = uicc_file_fcp(file, &fcp);
	if (ret)
		return uicc_again(ret);
	if (attr == &file->type.attr)
		return sysfs_emit(buf, "%s\n", uicc_file_type_name(fcp.type));
	return sysfs_emit(buf, "%u\n", fcp.record_length);
}

static ssize_t file_record_count_show(struct device *dev, struct device_attribute *attr,
				      char *buf)
{
	int ret = uicc_file_record_count(file_of(attr));

	return ret < 0 ? uicc_again(ret) : sysfs_emit(buf, "%d\n", ret);
}

/* read_access and update_access */
static ssize_t file_access_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct uicc_file *file = file_of(attr);
	char text[UICC_CONDITION_TEXT_MAX];
	struct uicc_access acc;
	int ret;

	ret = uicc_file_access(file, &acc);
	if (ret)
		return uicc_again(ret);
	uicc_condition_print(attr == &file->read_access.attr ? &acc.read : &acc.update, text);
	return sysfs_emit(buf, "%s\n", text);
}

static void uicc_sysfs_bin(struct uicc_file *file, struct bin_attribute *bin, const char *name,
			   umode_t mode,
			   ssize_t (*read)(struct file *filp, struct kobject *kobj,
					   struct bin_attribute *attr, char *buf, loff_t off,
					   size_t count))
{
	sysfs_bin_attr_init(bin);
	bin->attr.name = name;
	bin->attr.mode = mode;
	bin->read = read;
	bin->private = file;
}

/*
 * 0400: reading any of these asks the card, and what a file is called or how it
 * is built is the business of root as much as its content.
 */
static struct attribute *uicc_sysfs_text(struct uicc_file *file, struct dev_ext_attribute *text,
					 const char *name,
					 ssize_t (*show)(struct device *dev,
							 struct device_attribute *attr,
							 char *buf))
{
	struct attribute *attr = &text->attr.attr;

	sysfs_attr_init(attr);
	attr->name = name;
	attr->mode = 0400;
	text->attr.show = show;
	text->var = file;
	return attr;
}

/**
 * uicc_sysfs_file_init() - make the attribute group of a file
 * @file: the file, with its name
 *
 * Context: any.
 */
void uicc_sysfs_file_init(struct uicc_file *file)
{
	uicc_sysfs_bin(file, &file->data, "data", 0600, file_data_read);
	file->data.write = file_data_write;
	uicc_sysfs_bin(file, &file->fcp_attr, "fcp", 0400, file_fcp_read);
	file->bins[0] = &file->data;
	file->bins[1] = &file->fcp_attr;

	file->attrs[0] = uicc_sysfs_text(file, &file->type, "type", file_fcp_show);
	file->attrs[1] = uicc_sysfs_text(file, &file->record_length, "record_length",
					 file_fcp_show);
	file->attrs[2] = uicc_sysfs_text(file, &file->record_count, "record_count",
					 file_record_count_show);
	file->attrs[3] = uicc_sysfs_text(file, &file->read_access, "read_access",
					 file_access_show);
	file->attrs[4] = uicc_sysfs_text(file, &file->update_access, "update_access",
					 file_access_show);

	file->group.name = file->name;
	file->group.attrs = file->attrs;
	file->group.bin_attrs = file->bins;
}
