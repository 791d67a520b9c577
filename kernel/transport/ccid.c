// SPDX-License-Identifier: GPL-2.0-only
/*
 * USB smart card readers ("CCID", revision 1.1) as slots of the uicc class: which
 * interfaces are driven, the life of a reader, sleep and resets.
 *
 * None is driven by itself: there are programs that drive readers over usbfs (pcscd), and
 * no reader may be taken from them. The table of devices is empty, so that neither
 * udev loads this module nor the USB core binds it; what is written to the driver's
 * new_id is bound (Documentation/usb-readers.rst).
 */
#include <linux/module.h>
#include <linux/slab.h>

#include "ccid.h"

/* One message of a reader has to fit whatever it says of itself: a short APDU's. */
#define CCID_ANSWER_MIN		(CCID_HEADER_LEN + UICC_RESPONSE_MAX)

/* A vendor's class is taken when there is the descriptor: readers older than the class. */
static bool ccid_class_ok(const struct usb_host_interface *alt)
{
	return alt->desc.bInterfaceClass == USB_CLASS_CSCID ||
	       alt->desc.bInterfaceClass == USB_CLASS_VENDOR_SPEC;
}

/* The descriptor stands behind the interface's, or, of some readers, behind an endpoint's. */
static int ccid_describe(struct ccid_desc *desc, const struct usb_host_interface *alt)
{
	int ret = uicc_ccid_find(desc, alt->extra, alt->extralen);
	unsigned int i;

	for (i = 0; ret == -ENOENT && i < alt->desc.bNumEndpoints; i++)
		ret = uicc_ccid_find(desc, alt->endpoint[i].extra, alt->endpoint[i].extralen);
	return ret;
}

static int ccid_check(struct usb_interface *intf, struct ccid_desc *desc)
{
	const struct usb_host_interface *alt = intf->cur_altsetting;
	int ret;

	if (!ccid_class_ok(alt))
		return -ENODEV;
	ret = ccid_describe(desc, alt);
	switch (ret) {
	case 0:
		break;
	case -ENOENT:
		return -ENODEV;
	case -EOPNOTSUPP:
		dev_err(&intf->dev, "exchanges single characters: no such reader is driven\n");
		return -ENODEV;
	default:
		dev_err(&intf->dev, "its descriptor makes no sense: features %08x, message %u\n",
			desc->features, desc->message_max);
		return -ENODEV;
	}
	if (desc->slots_claimed > desc->slots)
		dev_warn(&intf->dev, "%u of %u slots are driven\n", desc->slots,
			 desc->slots_claimed);
	return 0;
}

static int ccid_endpoints(struct ccid_reader *reader)
{
	struct usb_host_interface *alt = reader->intf->cur_altsetting;
	struct usb_endpoint_descriptor *in, *out, *notify;

	if (usb_find_common_endpoints(alt, &in, &out, NULL, NULL) ||
	    !usb_endpoint_maxp(in) || !usb_endpoint_maxp(out)) {
		dev_err(&reader->intf->dev, "no pair of bulk endpoints\n");
		return -ENODEV;
	}
	reader->in_pipe = usb_rcvbulkpipe(reader->udev, usb_endpoint_num(in));
	reader->out_pipe = usb_sndbulkpipe(reader->udev, usb_endpoint_num(out));
	reader->in_mps = usb_endpoint_maxp(in);
	if (usb_find_int_in_endpoint(alt, &notify) || !usb_endpoint_maxp(notify))
		return 0;
	reader->notify_pipe = usb_rcvintpipe(reader->udev, usb_endpoint_num(notify));
	reader->notify_interval = notify->bInterval;
	/* One byte, and two bits for each slot it claims: no packet of it is too long. */
	reader->notify_size = roundup(1 + DIV_ROUND_UP(reader->desc.slots_claimed, 4),
				      usb_endpoint_maxp(notify));
	return 0;
}

static int ccid_alloc(struct ccid_reader *reader)
{
	const struct ccid_desc *desc = &reader->desc;

	/* The sum of all that a descriptor decides, and its bound. */
	reader->out_size = min_t(size_t, desc->message_max, CCID_MESSAGE_MAX);
	reader->in_size = clamp_t(size_t, desc->message_max, CCID_ANSWER_MIN, CCID_MESSAGE_MAX);
	reader->in_size = roundup(reader->in_size, reader->in_mps);
	reader->out_buf = kzalloc(reader->out_size, GFP_KERNEL);
	reader->in_buf = kzalloc(reader->in_size, GFP_KERNEL);
	reader->out = usb_alloc_urb(0, GFP_KERNEL);
	reader->in = usb_alloc_urb(0, GFP_KERNEL);
	if (!reader->out_buf || !reader->in_buf || !reader->out || !reader->in)
		return -ENOMEM;
	usb_fill_bulk_urb(reader->out, reader->udev, reader->out_pipe, reader->out_buf, 0,
			  uicc_ccid_transfer_done, reader);
	/* A message of whole packets ends with an empty one, USB 2.0 5.8.3. */
	reader->out->transfer_flags |= URB_ZERO_PACKET;
	usb_fill_bulk_urb(reader->in, reader->udev, reader->in_pipe, reader->in_buf, 0,
			  uicc_ccid_transfer_done, reader);
	if (reader->notify_size) {
		reader->notify_buf = kzalloc(reader->notify_size, GFP_KERNEL);
		reader->notify = usb_alloc_urb(0, GFP_KERNEL);
		if (!reader->notify_buf || !reader->notify)
			return -ENOMEM;
	}
	uicc_ccid_notify_init(reader);
	return 0;
}

static void ccid_free(struct ccid_reader *reader)
{
	unsigned int i;

	for (i = 0; i < reader->desc.slots; i++)
		if (reader->slots[i].slot)
			uicc_slot_put(reader->slots[i].slot);
	usb_free_urb(reader->notify);
	usb_free_urb(reader->in);
	usb_free_urb(reader->out);
	kfree(reader->notify_buf);
	kfree_sensitive(reader->in_buf);
	kfree_sensitive(reader->out_buf);
	usb_put_dev(reader->udev);
	kfree(reader);
}

static int ccid_add_slot(struct ccid_reader *reader, u8 index)
{
	struct ccid_slot *slot = &reader->slots[index];
	char location[UICC_NAME_MAX + 1];
	struct uicc_slot *uslot;
	u32 flags = UICC_SLOT_EXTENDED;
	int ret;

	ret = snprintf(location, sizeof(location), "%s", dev_name(&reader->intf->dev));
	if (reader->desc.slots > 1 && ret < sizeof(location))
		ret += snprintf(location + ret, sizeof(location) - ret, ".%u", index);
	if (ret >= sizeof(location))
		return -EINVAL;
	/* To a T=1 card behind TPDUs we chain ourselves: any length goes. */
	if (reader->desc.level == CCID_LEVEL_SHORT)
		flags = UICC_SLOT_APDU;
	else if (reader->desc.level == CCID_LEVEL_EXTENDED)
		flags |= UICC_SLOT_APDU;

	uslot = uicc_slot_alloc(&reader->intf->dev, &uicc_ccid_ops, location, slot);
	if (IS_ERR(uslot))
		return PTR_ERR(uslot);
	uicc_slot_set_flags(uslot, flags);
	slot->slot = uslot;
	return uicc_slot_register(uslot);
}

/* Everything that waits for the reader looks again. */
static void ccid_mark(struct ccid_reader *reader, bool *flag, bool value)
{
	spin_lock_irq(&reader->lock);
	WRITE_ONCE(*flag, value);
	spin_unlock_irq(&reader->lock);
	wake_up_all(&reader->wait);
}

static struct ccid_reader *ccid_new(struct usb_interface *intf, const struct ccid_desc *desc)
{
	struct ccid_reader *reader;
	unsigned int i;

	reader = kzalloc(struct_size(reader, slots, desc->slots), GFP_KERNEL);
	if (!reader)
		return NULL;
	reader->intf = intf;
	reader->udev = usb_get_dev(interface_to_usbdev(intf));
	reader->desc = *desc;
	spin_lock_init(&reader->lock);
	init_waitqueue_head(&reader->wait);
	for (i = 0; i < desc->slots; i++) {
		reader->slots[i].reader = reader;
		reader->slots[i].index = i;
	}
	return reader;
}

static void ccid_remove(struct ccid_reader *reader)
{
	unsigned int i;

	/* First of all slots: no command of another one delays the end of this. */
	ccid_mark(reader, &reader->closing, true);
	uicc_ccid_notify_stop(reader);
	for (i = 0; i < reader->desc.slots; i++)
		if (reader->slots[i].slot)
			uicc_slot_unregister(reader->slots[i].slot);
	/* Cards that were just being powered the core has not known. */
	for (i = 0; i < reader->desc.slots; i++)
		if (reader->slots[i].active)
			uicc_ccid_ops.power_off(reader->slots[i].slot);
	ccid_mark(reader, &reader->gone, true);
	ccid_free(reader);
}

static int ccid_probe(struct usb_interface *intf, const struct usb_device_id *id)
{
	struct ccid_reader *reader;
	struct ccid_desc desc;
	unsigned int i;
	int ret;

	ret = ccid_check(intf, &desc);
	if (ret)
		return ret;
	reader = ccid_new(intf, &desc);
	if (!reader)
		return -ENOMEM;
	ret = ccid_endpoints(reader) ?: ccid_alloc(reader);
	if (ret) {
		ccid_free(reader);
		return ret;
	}
	uicc_ccid_read_rates(reader);
	for (i = 0; i < desc.slots && !ret; i++)
		ret = ccid_add_slot(reader, i);
	if (ret) {
		ccid_remove(reader);
		return ret;
	}
	usb_set_intfdata(intf, reader);
	uicc_ccid_notify_start(reader);
	return 0;
}

static void ccid_disconnect(struct usb_interface *intf)
{
	struct ccid_reader *reader = usb_get_intfdata(intf);

	/* Unbound with the device still there (soft_unbind), cards lose their power first. */
	if (reader->udev->state == USB_STATE_NOTATTACHED)
		ccid_mark(reader, &reader->gone, true);
	usb_set_intfdata(intf, NULL);
	ccid_remove(reader);
}

/* --- sleep and reset ---------------------------------------------------------------- */

/* Ends what runs, and begins nothing: when this returns no transfer is under way. */
static void ccid_stop(struct ccid_reader *reader)
{
	ccid_mark(reader, &reader->stopped, true);
	uicc_ccid_notify_stop(reader);
	wait_event(reader->wait, !READ_ONCE(reader->busy));
}

static void ccid_start(struct ccid_reader *reader)
{
	ccid_mark(reader, &reader->stopped, false);
	uicc_ccid_notify_start(reader);
}

/*
 * The core has taken the power from all cards before, and looks after the sleep which
 * are there; whether there are any at all, the reader is asked then.
 */
static int ccid_suspend(struct usb_interface *intf, pm_message_t message)
{
	ccid_stop(usb_get_intfdata(intf));
	return 0;
}

static int ccid_resume(struct usb_interface *intf)
{
	ccid_start(usb_get_intfdata(intf));
	return 0;
}

/* The reader has forgotten everything: no card has power. */
static int ccid_reset_resume(struct usb_interface *intf)
{
	struct ccid_reader *reader = usb_get_intfdata(intf);
	unsigned int i;

	spin_lock_irq(&reader->lock);
	for (i = 0; i < reader->desc.slots; i++) {
		reader->slots[i].active = false;
		reader->slots[i].powered = false;
	}
	spin_unlock_irq(&reader->lock);
	ccid_start(reader);
	return 0;
}

static int ccid_pre_reset(struct usb_interface *intf)
{
	ccid_stop(usb_get_intfdata(intf));
	return 0;
}

/*
 * Somebody reset the device while cards were in use. They lost their power, and nobody
 * saw what was put in meanwhile: each counts as put in anew.
 */
static int ccid_post_reset(struct usb_interface *intf)
{
	struct ccid_reader *reader = usb_get_intfdata(intf);
	struct ccid_slot *slot;
	unsigned int i;

	spin_lock_irq(&reader->lock);
	for (i = 0; i < reader->desc.slots; i++) {
		slot = &reader->slots[i];
		slot->active = false;
		slot->powered = false;
		if (!slot->present)
			continue;
		slot->events++;
		uicc_slot_card_inserted(slot->slot);
	}
	WRITE_ONCE(reader->stopped, false);
	spin_unlock_irq(&reader->lock);
	uicc_ccid_notify_start(reader);
	return 0;
}

/* See the top of the file. */
static const struct usb_device_id ccid_ids[] = {
	{ }
};

static struct usb_driver ccid_driver = {
	.name = "uicc_ccid",
	.id_table = ccid_ids,
	.probe = ccid_probe,
	.disconnect = ccid_disconnect,
	.suspend = ccid_suspend,
	.resume = ccid_resume,
	.reset_resume = ccid_reset_resume,
	.pre_reset = ccid_pre_reset,
	.post_reset = ccid_post_reset,
	.soft_unbind = 1,
	/* A sleeping reader takes the power from its cards: never while it is in use. */
	.supports_autosuspend = 0,
};

static int __init ccid_init(void)
{
	int ret;

	/* Freezable: a reader is asked nothing on the way into sleep. */
	uicc_ccid_wq = alloc_workqueue("uicc_ccid", WQ_UNBOUND | WQ_FREEZABLE, 0);
	if (!uicc_ccid_wq)
		return -ENOMEM;
	ret = usb_register(&ccid_driver);
	if (ret)
		destroy_workqueue(uicc_ccid_wq);
	return ret;
}

static void __exit ccid_exit(void)
{
	usb_deregister(&ccid_driver);
	destroy_workqueue(uicc_ccid_wq);
}

module_init(ccid_init);
module_exit(ccid_exit);

MODULE_AUTHOR("The dmsc authors");
MODULE_DESCRIPTION("USB smart card readers (CCID) as UICC slots");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
