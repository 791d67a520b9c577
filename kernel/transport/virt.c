// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/uicc-virt: a reader whose card is a program (<uapi/linux/uicc_virt.h>).
 * It moves messages; what the bytes mean, the core and the program know.
 *
 * The life of the file descriptor is the reader's. The slot is registered and
 * unregistered in work items: both make the core ask the card, and the card is
 * the very program that waits in ioctl() or close().
 */
#include <linux/anon_inodes.h>
#include <linux/ctype.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/uicc.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <uapi/linux/uicc_virt.h>

/* More than the core ever has open; met by a program that does not read. */
#define VIRT_QUEUE_MAX	64

static unsigned int timeout_ms = 10000;
module_param(timeout_ms, uint, 0644);
MODULE_PARM_DESC(timeout_ms, "how long a card may take for one answer, 10 to 600000 (10000)");

#define VIRT_READER_FLAGS	(UICC_VIRT_READER_APDU | UICC_VIRT_READER_EXTENDED | \
				 UICC_VIRT_READER_SHARED)

/* What fits in here is written from the stack: the report of a removal cannot fail. */
#define VIRT_SMALL	(sizeof(struct uicc_virt_msg) + UICC_VIRT_RESPONSE_MAX)

/*
 * Killable and freezable. Before a suspend the core ends what runs on its cards,
 * but a control group can be frozen without that, and the program that is the card
 * may be frozen before who waits for it: the wait must not keep the freezer from
 * its work. It is frozen with the core's locks of this card held, which lockdep
 * has to be told ("unsafe"): whoever wants them waits for the thaw, as he would
 * for a card that thinks so long. No lock of this driver is among them.
 */
#define VIRT_WAIT_STATE	(TASK_KILLABLE | TASK_FREEZABLE_UNSAFE)

static struct workqueue_struct *virt_wq;

struct virt_message {
	struct list_head node;
	struct uicc_virt_msg head;
	u8 payload[];
};

/**
 * struct virt_reader - one reader
 * @slot: its slot
 * @add: registers @slot
 * @free: unregisters @slot and frees the reader
 * @command_max: longest command
 * @response_max: longest response, and the size of @answer
 * @lock: protects all below
 * @queue: messages for the program
 * @queued: length of @queue
 * @readable: the program waits for @queue
 * @answered: a caller of virt_call() waits for @result
 * @registered: cards may be reported
 * @failed: the slot could not be registered
 * @dead: the descriptor is closed
 * @present: the program has put a card in
 * @powered: and the core has powered it
 * @atr_fresh: @atr answers the next reset
 * @atr: ATR of the last insertion
 * @atr_len: its length
 * @seq: number of the last question
 * @expect: type of the answer that is waited for, 0 for none
 * @result: -EINPROGRESS, an errno or the length of @answer
 * @answer: payload of the answer
 */
struct virt_reader {
	struct uicc_slot *slot;
	struct work_struct add;
	struct work_struct free;
	u16 command_max;
	u16 response_max;

	spinlock_t lock;	/* all below */
	struct list_head queue;
	unsigned int queued;
	wait_queue_head_t readable;
	wait_queue_head_t answered;
	bool registered;
	bool failed;
	bool dead;
	bool present;
	bool powered;
	bool atr_fresh;
	u8 atr[UICC_VIRT_ATR_MAX];
	u8 atr_len;
	u32 seq;
	u16 expect;
	int result;
	u8 answer[];
};

static struct virt_message *virt_message(u16 type, const void *payload, size_t len)
{
	struct virt_message *msg = kzalloc(struct_size(msg, payload, len), GFP_KERNEL);

	if (!msg)
		return NULL;
	INIT_LIST_HEAD(&msg->node);
	msg->head.type = type;
	msg->head.len = len;
	if (len)
		memcpy(msg->payload, payload, len);
	return msg;
}

/* A payload may be a PIN. */
static void virt_message_free(struct virt_message *msg)
{
	kfree_sensitive(msg);
}

static int virt_enqueue(struct virt_reader *vr, struct virt_message *msg)
{
	lockdep_assert_held(&vr->lock);
	if (vr->queued >= VIRT_QUEUE_MAX)
		return -ENOBUFS;
	list_add_tail(&msg->node, &vr->queue);
	vr->queued++;
	wake_up_interruptible(&vr->readable);
	return 0;
}

static void virt_dequeue(struct virt_reader *vr, struct virt_message *msg)
{
	lockdep_assert_held(&vr->lock);
	list_del_init(&msg->node);
	vr->queued--;
}

/* Ends the wait of virt_call(), if there is one. */
static void virt_finish(struct virt_reader *vr, int result)
{
	lockdep_assert_held(&vr->lock);
	if (vr->expect && vr->result == -EINPROGRESS) {
		WRITE_ONCE(vr->result, result);
		wake_up(&vr->answered);
	}
}

/* The question nobody waits for: unread it is taken back, else CANCEL follows. */
static void virt_take_back(struct virt_reader *vr, u32 seq, struct virt_message **cancel,
			   struct virt_message **unread, bool tell)
{
	struct virt_message *msg;

	lockdep_assert_held(&vr->lock);
	list_for_each_entry(msg, &vr->queue, node) {
		if (msg->head.seq == seq) {
			virt_dequeue(vr, msg);
			*unread = msg;
			return;
		}
	}
	(*cancel)->head.seq = seq;
	if (tell && !vr->dead && !virt_enqueue(vr, *cancel))
		*cancel = NULL;
}

/* Waits for the answer. Returns what is left of @limit, 0 or less for none. */
static long virt_wait(struct virt_reader *vr, long limit)
{
	return ___wait_event(vr->answered,
			     ___wait_cond_timeout(READ_ONCE(vr->result) != -EINPROGRESS),
			     VIRT_WAIT_STATE, 0, limit, __ret = schedule_timeout(__ret));
}

/* Asks the program and waits. Returns the length of the answer or an errno. */
static int virt_call(struct virt_reader *vr, u16 type, u16 expect, const u8 *payload, size_t len,
		     u8 *answer, size_t size)
{
	long limit = msecs_to_jiffies(clamp(READ_ONCE(timeout_ms), 10U, 600000U));
	struct virt_message *msg = virt_message(type, payload, len);
	struct virt_message *cancel = virt_message(UICC_VIRT_CANCEL, NULL, 0);
	struct virt_message *unread = NULL;
	int ret = -ENOMEM;
	long left;
	u32 seq;

	if (!msg || !cancel)
		goto out;
	spin_lock(&vr->lock);
	if (vr->dead || !vr->present || (type == UICC_VIRT_COMMAND && !vr->powered)) {
		ret = -ENODEV;
	} else {
		vr->seq = vr->seq + 1 ?: 1;
		seq = vr->seq;
		msg->head.seq = seq;
		ret = virt_enqueue(vr, msg);
	}
	if (ret) {
		spin_unlock(&vr->lock);
		goto out;
	}
	msg = NULL;
	vr->expect = expect;
	vr->result = -EINPROGRESS;
	spin_unlock(&vr->lock);

	left = virt_wait(vr, limit);

	spin_lock(&vr->lock);
	ret = vr->result;
	if (ret == -EINPROGRESS)
		ret = left < 0 ? -EINTR : -ETIMEDOUT;
	vr->expect = 0;
	if (ret < 0) {
		virt_take_back(vr, seq, &cancel, &unread, ret != -ENODEV);
		if (ret == -ECANCELED)
			ret = -ENODEV;
	} else if (ret > size) {
		ret = -EPROTO;
	} else {
		memcpy(answer, vr->answer, ret);
	}
	memzero_explicit(vr->answer, vr->response_max);
	spin_unlock(&vr->lock);
	virt_message_free(unread);
out:
	virt_message_free(cancel);
	virt_message_free(msg);
	return ret;
}

static int virt_power_on(struct uicc_slot *slot, u8 *atr)
{
	struct virt_reader *vr = uicc_slot_priv(slot);
	bool fresh;
	int ret;

	spin_lock(&vr->lock);
	fresh = vr->present && vr->atr_fresh;
	ret = vr->atr_len;
	if (fresh) {
		memcpy(atr, vr->atr, ret);
		vr->atr_fresh = false;
		vr->powered = true;
	}
	spin_unlock(&vr->lock);
	if (fresh)
		return ret;

	ret = virt_call(vr, UICC_VIRT_RESET, UICC_VIRT_ATR, NULL, 0, atr, UICC_ATR_MAX);
	if (ret < 0)
		return ret;
	if (!ret)
		return -ETIMEDOUT;	/* mute */
	spin_lock(&vr->lock);
	/* Not a card that was put in while this one answered. */
	if (!vr->present || vr->atr_fresh)
		ret = -ENODEV;
	else
		vr->powered = true;
	spin_unlock(&vr->lock);
	return ret;
}

static void virt_power_off(struct uicc_slot *slot)
{
	struct virt_reader *vr = uicc_slot_priv(slot);
	struct virt_message *msg = virt_message(UICC_VIRT_POWER_OFF, NULL, 0);

	spin_lock(&vr->lock);
	if (vr->powered && msg && !vr->dead && !virt_enqueue(vr, msg))
		msg = NULL;
	vr->powered = false;
	spin_unlock(&vr->lock);
	virt_message_free(msg);
}

static int virt_transmit(struct uicc_slot *slot, const u8 *command, size_t len, u8 *response,
			 size_t size)
{
	struct virt_reader *vr = uicc_slot_priv(slot);

	if (len < 4 || len > vr->command_max)
		return -EINVAL;
	return virt_call(vr, UICC_VIRT_COMMAND, UICC_VIRT_RESPONSE, command, len, response,
			 size);
}

static void virt_cancel(struct uicc_slot *slot)
{
	struct virt_reader *vr = uicc_slot_priv(slot);

	spin_lock(&vr->lock);
	virt_finish(vr, -ECANCELED);
	spin_unlock(&vr->lock);
}

static const struct uicc_slot_ops virt_ops = {
	.transport = "virt",
	.power_on = virt_power_on,
	.power_off = virt_power_off,
	.transmit = virt_transmit,
	.cancel = virt_cancel,
};

static void virt_add(struct work_struct *work)
{
	struct virt_reader *vr = container_of(work, struct virt_reader, add);
	u32 index = uicc_slot_index(vr->slot);
	struct virt_message *msg;
	int ret = -ENOMEM;

	msg = virt_message(UICC_VIRT_REGISTERED, &index, sizeof(index));
	if (msg)
		ret = uicc_slot_register(vr->slot);
	spin_lock(&vr->lock);
	if (ret) {
		vr->failed = true;
		wake_up_interruptible(&vr->readable);
	} else {
		vr->registered = true;
		if (!vr->dead && !virt_enqueue(vr, msg))
			msg = NULL;
		if (vr->present)
			uicc_slot_card_inserted(vr->slot);
	}
	spin_unlock(&vr->lock);
	virt_message_free(msg);
}

static void virt_free(struct work_struct *work)
{
	struct virt_reader *vr = container_of(work, struct virt_reader, free);
	struct virt_message *msg, *next;

	cancel_work_sync(&vr->add);
	uicc_slot_unregister(vr->slot);
	uicc_slot_put(vr->slot);
	list_for_each_entry_safe(msg, next, &vr->queue, node)
		virt_message_free(msg);
	kfree_sensitive(vr);
}

static int virt_reader_release(struct inode *inode, struct file *file)
{
	struct virt_reader *vr = file->private_data;

	spin_lock(&vr->lock);
	vr->dead = true;
	vr->present = false;
	vr->powered = false;
	virt_finish(vr, -ENODEV);
	spin_unlock(&vr->lock);
	queue_work(virt_wq, &vr->free);
	return 0;
}

static struct virt_message *virt_next(struct virt_reader *vr, size_t room, int *err)
{
	struct virt_message *msg;

	spin_lock(&vr->lock);
	msg = list_first_entry_or_null(&vr->queue, struct virt_message, node);
	*err = 0;
	if (!msg) {
		*err = vr->failed ? -ENODEV : -EAGAIN;
	} else if (sizeof(msg->head) + msg->head.len > room) {
		*err = -EMSGSIZE;
		msg = NULL;
	} else {
		virt_dequeue(vr, msg);
	}
	spin_unlock(&vr->lock);
	return msg;
}

static ssize_t virt_reader_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	struct virt_reader *vr = file->private_data;
	struct virt_message *msg;
	size_t len;
	int ret;

	for (;;) {
		msg = virt_next(vr, count, &ret);
		if (ret != -EAGAIN || file->f_flags & O_NONBLOCK)
			break;
		ret = wait_event_interruptible(vr->readable,
					       READ_ONCE(vr->queued) || READ_ONCE(vr->failed));
		if (ret)
			break;
	}
	if (!msg)
		return ret;
	len = sizeof(msg->head) + msg->head.len;
	if (copy_to_user(buf, &msg->head, len)) {
		/* Not lost: first again, before a CANCEL that came meanwhile. */
		spin_lock(&vr->lock);
		list_add(&msg->node, &vr->queue);
		vr->queued++;
		spin_unlock(&vr->lock);
		return -EFAULT;
	}
	virt_message_free(msg);
	return len;
}

static int virt_insert(struct virt_reader *vr, const u8 *atr, u32 len)
{
	if (len < UICC_VIRT_ATR_MIN || len > UICC_VIRT_ATR_MAX)
		return -EINVAL;
	spin_lock(&vr->lock);
	memcpy(vr->atr, atr, len);
	vr->atr_len = len;
	vr->atr_fresh = true;
	vr->present = true;
	vr->powered = false;
	virt_finish(vr, -ENODEV);	/* a swap: it was the other card's */
	/* Under the lock: no op may find the new card before the core knows of it. */
	if (vr->registered)
		uicc_slot_card_inserted(vr->slot);
	spin_unlock(&vr->lock);
	return 0;
}

static int virt_remove(struct virt_reader *vr, u32 len)
{
	if (len)
		return -EINVAL;
	spin_lock(&vr->lock);
	vr->present = false;
	vr->powered = false;
	vr->atr_fresh = false;
	virt_finish(vr, -ENODEV);
	if (vr->registered)
		uicc_slot_card_removed(vr->slot);
	spin_unlock(&vr->lock);
	return 0;
}

static int virt_answer(struct virt_reader *vr, const struct uicc_virt_msg *head, const u8 *payload)
{
	if (head->type == UICC_VIRT_ATR && head->len &&
	    (head->len < UICC_VIRT_ATR_MIN || head->len > UICC_VIRT_ATR_MAX))
		return -EINVAL;
	if (head->type == UICC_VIRT_RESPONSE &&
	    (head->len < 2 || head->len > vr->response_max))
		return -EINVAL;
	spin_lock(&vr->lock);
	if (vr->expect == head->type && vr->seq == head->seq && vr->result == -EINPROGRESS) {
		memcpy(vr->answer, payload, head->len);
		virt_finish(vr, head->len);
	}
	spin_unlock(&vr->lock);
	return 0;
}

static int virt_take(struct virt_reader *vr, const struct uicc_virt_msg *head, const u8 *payload)
{
	switch (head->type) {
	case UICC_VIRT_INSERT:
		return head->seq ? -EINVAL : virt_insert(vr, payload, head->len);
	case UICC_VIRT_REMOVE:
		return head->seq ? -EINVAL : virt_remove(vr, head->len);
	case UICC_VIRT_ATR:
	case UICC_VIRT_RESPONSE:
		return virt_answer(vr, head, payload);
	default:
		return -EINVAL;
	}
}

static ssize_t virt_reader_write(struct file *file, const char __user *buf, size_t count,
				 loff_t *pos)
{
	struct virt_reader *vr = file->private_data;
	struct uicc_virt_msg head;
	u8 small[VIRT_SMALL], *msg = small;
	int ret = -EINVAL;

	if (count < sizeof(head) || count > sizeof(head) + vr->response_max)
		return -EINVAL;
	if (count > sizeof(small))
		msg = kmalloc(count, GFP_KERNEL);
	if (!msg)
		return -ENOMEM;
	if (copy_from_user(msg, buf, count)) {
		ret = -EFAULT;
	} else {
		memcpy(&head, msg, sizeof(head));
		if (!head.reserved && head.len == count - sizeof(head))
			ret = virt_take(vr, &head, msg + sizeof(head));
	}
	if (msg == small)
		memzero_explicit(small, count);
	else
		kfree_sensitive(msg);
	return ret ?: count;
}

static __poll_t virt_reader_poll(struct file *file, poll_table *wait)
{
	struct virt_reader *vr = file->private_data;
	__poll_t mask = EPOLLOUT | EPOLLWRNORM;

	poll_wait(file, &vr->readable, wait);
	spin_lock(&vr->lock);
	if (vr->queued)
		mask |= EPOLLIN | EPOLLRDNORM;
	if (vr->failed)
		mask |= EPOLLERR | EPOLLHUP;
	spin_unlock(&vr->lock);
	return mask;
}

static const struct file_operations virt_reader_fops = {
	.owner = THIS_MODULE,
	.read = virt_reader_read,
	.write = virt_reader_write,
	.poll = virt_reader_poll,
	.release = virt_reader_release,
	.llseek = noop_llseek,
};

static bool virt_name_ok(const char *name)
{
	size_t len = strnlen(name, UICC_VIRT_NAME_MAX);
	size_t i;

	if (!len || len == UICC_VIRT_NAME_MAX)
		return false;
	for (i = 0; i < len; i++)
		if (!isascii(name[i]) || (!isalnum(name[i]) && !strchr("._-", name[i])))
			return false;
	return !memchr_inv(name + len, 0, UICC_VIRT_NAME_MAX - len);
}

static struct miscdevice virt_misc;

static struct virt_reader *virt_reader_new(const char *name, u32 flags)
{
	bool extended = flags & UICC_VIRT_READER_EXTENDED;
	u16 response_max = extended ? UICC_VIRT_RESPONSE_EXT_MAX : UICC_VIRT_RESPONSE_MAX;
	struct virt_reader *vr = kzalloc(struct_size(vr, answer, response_max), GFP_KERNEL);
	struct uicc_slot *slot;

	if (!vr)
		return ERR_PTR(-ENOMEM);
	vr->command_max = extended ? UICC_VIRT_COMMAND_EXT_MAX : UICC_VIRT_APDU_MAX;
	vr->response_max = response_max;
	spin_lock_init(&vr->lock);
	INIT_LIST_HEAD(&vr->queue);
	init_waitqueue_head(&vr->readable);
	init_waitqueue_head(&vr->answered);
	INIT_WORK(&vr->add, virt_add);
	INIT_WORK(&vr->free, virt_free);
	slot = uicc_slot_alloc(virt_misc.this_device, &virt_ops, name, vr);
	if (IS_ERR(slot)) {
		kfree(vr);
		return ERR_CAST(slot);
	}
	uicc_slot_set_flags(slot, (flags & UICC_VIRT_READER_APDU ? UICC_SLOT_APDU : 0) |
				  (extended ? UICC_SLOT_EXTENDED : 0) |
				  (flags & UICC_VIRT_READER_SHARED ? UICC_SLOT_SHARED : 0));
	vr->slot = slot;
	return vr;
}

static long virt_new_reader(const struct uicc_virt_reader __user *arg)
{
	struct uicc_virt_reader want;
	struct virt_reader *vr;
	struct file *file;
	int fd;

	if (copy_from_user(&want, arg, sizeof(want)))
		return -EFAULT;
	if (want.flags & ~VIRT_READER_FLAGS || want.reserved || !virt_name_ok(want.name))
		return -EINVAL;
	vr = virt_reader_new(want.name, want.flags);
	if (IS_ERR(vr))
		return PTR_ERR(vr);
	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		goto err;
	file = anon_inode_getfile("[uicc-virt]", &virt_reader_fops, vr, O_RDWR);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		fd = PTR_ERR(file);
		goto err;
	}
	queue_work(virt_wq, &vr->add);
	fd_install(fd, file);
	return fd;

err:
	uicc_slot_put(vr->slot);
	kfree(vr);
	return fd;
}

static long virt_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	if (cmd != UICC_VIRT_IOC_NEW_READER)
		return -ENOTTY;
	return virt_new_reader((const void __user *)arg);
}

static const struct file_operations virt_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = virt_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
};

static struct miscdevice virt_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "uicc-virt",
	.fops = &virt_fops,
	.mode = 0600,
};

static int __init virt_init(void)
{
	int ret;

	virt_wq = alloc_workqueue("uicc_virt", WQ_UNBOUND, 0);
	if (!virt_wq)
		return -ENOMEM;
	ret = misc_register(&virt_misc);
	if (ret)
		destroy_workqueue(virt_wq);
	return ret;
}

static void __exit virt_exit(void)
{
	/* All descriptors are closed; their readers may still be on their way out. */
	destroy_workqueue(virt_wq);
	misc_deregister(&virt_misc);
}

module_init(virt_init);
module_exit(virt_exit);

MODULE_AUTHOR("The dmsc authors");
MODULE_DESCRIPTION("Virtual UICC reader, the card of which is a program");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
