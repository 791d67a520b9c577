/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the core share with each other; transports see
 * <linux/uicc.h> alone.
 *
 * Locks, in the order they are taken (Documentation/locking.rst):
 *
 *	uicc_consent_lock	netlink_consent.c: the consent broker
 *	uicc_pm_lock		pm.c: on the way into sleep, slots stay
 *	uicc_slots_lock		class.c: the table of slots
 *	slot->state_lock	slot->card, slot->state
 *
 *	card->ops_lock (read)	card->ops; written once, by removal
 *	card->cmd_lock		one operation on the card; everything about it
 *	card->files_lock	the list of exported files
 *	card->cache_lock	what has been read of the card's files
 *
 *	slot->event_lock	spinlock: what the transport reported, and sleep
 */
#ifndef UICC_CORE_INTERNAL_H
#define UICC_CORE_INTERNAL_H

#include <linux/completion.h>
#include <linux/device.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/sched/signal.h>
#include <linux/spinlock.h>
#include <linux/uicc.h>
#include <linux/uicc_atr.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "access.h"
#include "apdu.h"
#include "cache.h"
#include "fcp.h"
#include "path.h"

#define UICC_SLOT_FLAGS		(UICC_SLOT_APDU | UICC_SLOT_EXTENDED | UICC_SLOT_SHARED)

#define UICC_FILES_MAX		64
#define UICC_BINARY_MAX		32768	/* READ BINARY has 15 bits for the offset */
#define UICC_RECORDS_MAX	254	/* TS 102 221 8.2.2.2 */
#define UICC_FCP_MAX		256	/* what a SELECT may say; longer ones are cut */
#define UICC_DISCOVERY_FILES	4

struct uicc_card;

/* An EF(ICCID) is of this length, TS 102 221 13.2. */
#define UICC_ICCID_LEN		10

/**
 * enum uicc_sleep - a slot and the sleep of the system
 * @UICC_AWAKE: the card can be asked
 * @UICC_FALLING_ASLEEP: the slot's work takes the power from the card
 * @UICC_ASLEEP: it did, and cards neither come nor go
 * @UICC_WAKING: the slot's work looks which card is there
 */
enum uicc_sleep {
	UICC_AWAKE,
	UICC_FALLING_ASLEEP,
	UICC_ASLEEP,
	UICC_WAKING,
};

/* What is counted, of a slot and of each card. */
enum uicc_stat {
	UICC_STAT_TPDUS,
	UICC_STAT_BYTES_SENT,
	UICC_STAT_BYTES_RECEIVED,
	UICC_STAT_RESETS,
	UICC_STAT_ERRORS,
	UICC_STAT_N,
};

/**
 * struct uicc_slot - a reader's place for one card
 * @dev: the device; its release frees the slot
 * @index: number in the name
 * @ops: the transport's; valid until uicc_slot_unregister() returns
 * @transport: copy of the name in @ops, which may go before the slot does
 * @location: the transport's stable name of the reader
 * @priv: the transport's
 * @flags: UICC_SLOT_APDU and the like; does not change once registered
 * @supply: what the card is powered with; read and written without a lock
 * @allow_update: files of its cards may be written; root's, without a lock
 * @stats: counted since the slot came
 * @state_lock: protects @card and @state
 * @card: the card that can be asked for, or NULL; holds a reference
 * @state: what sysfs and netlink say
 * @event_lock: protects @present, @seq, @events, @closing, @sleep, @sleep_until
 * @present: what the transport reported last
 * @seq: insertions reported so far
 * @events: reports so far; also read without the lock
 * @closing: no more reports are taken
 * @sleep: where the slot stands; also read without the lock
 * @sleep_until: in jiffies: when what keeps the card from sleep is broken off
 * @woken: readers wait here for UICC_AWAKE, the work for @closing
 * @settled: the notifier waits here for UICC_ASLEEP
 * @handled: @events when the work last looked; the work's own
 * @second: in jiffies: since when @insertions are counted; the work's own
 * @insertions: cards powered since then
 * @detect: brings @card in line with what was reported; the only place (but for
 *	uicc_slot_unregister()) where cards come and go
 * @registered: the device was added
 */
struct uicc_slot {
	struct device dev;
	unsigned int index;
	const struct uicc_slot_ops *ops;
	const char *transport;
	const char *location;
	void *priv;
	u32 flags;
	enum uicc_supply supply;
	bool allow_update;
	atomic64_t stats[UICC_STAT_N];

	struct mutex state_lock;	/* card, state */
	struct uicc_card *card;
	enum uicc_slot_state state;

	spinlock_t event_lock;		/* what was reported */
	bool present;
	u64 seq;
	unsigned long events;
	bool closing;
	enum uicc_sleep sleep;
	unsigned long sleep_until;

	wait_queue_head_t woken;
	struct completion settled;
	unsigned long handled;
	unsigned long second;
	unsigned int insertions;
	struct work_struct detect;
	bool registered;
};

/**
 * struct uicc_selection - what the card has selected, to save APDUs
 * @app_len: bytes of @app, 0 when no application is known to be selected
 * @app: AID of the selected application
 * @ef_valid: @ef is selected; its directory is the current one
 * @ef: the file
 */
struct uicc_selection {
	u8 app_len;
	u8 app[UICC_AID_MAX];
	bool ef_valid;
	struct uicc_path ef;
};

/**
 * struct uicc_card - one insertion of a card
 * @dev: the device; its release frees the card
 * @slot: where it is; holds a reference
 * @seq: number of the insertion
 * @event: slot->events of the report that brought it
 * @atr: its answer to the first reset
 * @stats: counted since the insertion
 * @gone: it was removed: no command is begun any more
 * @ops_lock: read: @ops stays; write: nobody talks to the card
 * @ops: the transport's, NULL after removal
 * @cmd_lock: held for one operation; protects the members up to @no_sfi
 * @io: way for APDUs, with the mode chosen
 * @mode_known: the card has taken a command of @io's class since the reset
 * @mode_tried: it has refused one of the other class since the reset
 * @channel_asked: it was asked for a logical channel; @io has it, if it gave one
 * @channel_lost: the channel was lost and opened again in this operation
 * @reset_needed: the last command was broken off
 * @broken_off: the system falls asleep: what runs is to end; without a lock
 * @id_len: bytes of @id, 0 when not known or not needed
 * @id: what was known of EF(ICCID) before the card was put to sleep
 * @silent: it did not answer the last time it was asked
 * @silent_until: in jiffies: it is not asked before, if @silent; set at the second time
 * @until: in jiffies: when the operation has to have ended
 * @sel: what is selected
 * @p2: index of the P2 that this card takes for "no FCP, please"
 * @no_path: the card refuses SELECT by path
 * @path_mf: it knows paths from the MF of more than one file
 * @path_app: it knows paths from the current application
 * @no_sfi: it refuses READ by short file identifier
 * @cache_lock: protects the caches and facts in all files
 * @files_lock: protects @files and @n_files
 * @files: exported files, discovery files first
 * @n_files: their number
 * @groups: attribute groups of the discovery files, for device_add()
 * @pin_work: does what netlink wants of its PINs; holds a reference while it is queued
 */
struct uicc_card {
	struct device dev;
	struct uicc_slot *slot;
	u64 seq;
	unsigned long event;
	struct uicc_atr atr;
	atomic64_t stats[UICC_STAT_N];
	bool gone;

	struct rw_semaphore ops_lock;
	const struct uicc_slot_ops *ops;

	struct mutex cmd_lock;		/* one operation */
	struct uicc_apdu_io io;
	bool mode_known;
	bool mode_tried;
	bool channel_asked;
	bool channel_lost;
	bool reset_needed;
	bool broken_off;
	u8 id_len;
	u8 id[UICC_ICCID_LEN];
	bool silent;
	unsigned long silent_until;
	unsigned long until;
	struct uicc_selection sel;
	u8 p2;
	bool no_path;
	bool path_mf;
	bool path_app;
	bool no_sfi;

	struct mutex cache_lock;	/* what was read */

	struct mutex files_lock;	/* list of files */
	struct list_head files;
	unsigned int n_files;
	const struct attribute_group *groups[UICC_DISCOVERY_FILES + 1];

	struct work_struct pin_work;
};

/**
 * struct uicc_file - one EF of a card, an attribute group in sysfs
 * @node: in the card's list
 * @card: the card; the file lives no longer than it
 * @path: where it is
 * @name: name of the group
 * @builtin: a discovery file
 * @incomplete: being exported; in the list so that nobody takes its name
 * @dying: being unexported; still in the list for the same reason
 * @cache: content; with card->cache_lock
 * @fcp_known: @fcp and @raw are set; with card->cache_lock
 * @records: record-structured, as far as known; with card->cache_lock
 * @part: most bytes that one READ BINARY has given; with card->cmd_lock
 * @cut: the last one gave fewer than it was asked for; likewise
 * @tags: BER-TLV: tags of its objects, ascending, or NULL when not known; likewise
 * @n_tags: number of @tags
 * @next_tag: index of the first tag whose object is not in @cache
 * @fcp: file control parameters
 * @raw: the FCP as the card gave it
 * @raw_len: bytes of @raw
 * @access_known: @access is set; with card->cache_lock
 * @access: who may read and update it
 * @group: what sysfs sees of the file
 * @data: attribute "data"
 * @fcp_attr: attribute "fcp"
 * @bins: for @group
 * @type: attribute "type"
 * @record_length: attribute "record_length"
 * @record_count: attribute "record_count"
 * @read_access: attribute "read_access"
 * @update_access: attribute "update_access"
 * @attrs: for @group
 */
struct uicc_file {
	struct list_head node;
	struct uicc_card *card;
	struct uicc_path path;
	char name[UICC_FILE_NAME_MAX];
	bool builtin;
	bool incomplete;
	bool dying;

	struct uicc_cache cache;
	bool fcp_known;
	bool records;
	u16 part;
	bool cut;
	u32 *tags;
	u16 n_tags;
	u16 next_tag;
	struct uicc_fcp fcp;
	u8 raw[UICC_FCP_MAX];
	u16 raw_len;
	bool access_known;
	struct uicc_access access;

	struct attribute_group group;
	struct bin_attribute data;
	struct bin_attribute fcp_attr;
	struct bin_attribute *bins[3];
	struct dev_ext_attribute type;
	struct dev_ext_attribute record_length;
	struct dev_ext_attribute record_count;
	struct dev_ext_attribute read_access;
	struct dev_ext_attribute update_access;
	struct attribute *attrs[6];
};

#define to_uicc_slot(d)	container_of(d, struct uicc_slot, dev)
#define to_uicc_card(d)	container_of(d, struct uicc_card, dev)

/* class.c */
extern struct class uicc_class;
extern struct workqueue_struct *uicc_wq;
kgid_t uicc_agent_gid(void);
int uicc_slots_reserve(unsigned int *index);
void uicc_slots_release(unsigned int index);
void uicc_slots_show(struct uicc_slot *slot);
void uicc_slots_hide(struct uicc_slot *slot);
struct uicc_slot *uicc_slots_find(unsigned int index);
struct uicc_slot *uicc_slots_next(unsigned int from);
void uicc_device_live(void);
void uicc_device_dead(void);

/* slot.c */
extern const struct device_type uicc_slot_type;
struct uicc_card *uicc_slot_card_get(struct uicc_slot *slot);
enum uicc_slot_state uicc_slot_state(struct uicc_slot *slot);
u64 uicc_slot_seq(struct uicc_slot *slot);
void uicc_slot_card_swapped(struct uicc_slot *slot, unsigned long event);
void uicc_slot_sleep(struct uicc_slot *slot, unsigned long until);
void uicc_slot_wake(struct uicc_slot *slot);

/* card.c */
void uicc_atr_print(const struct uicc_atr *atr, char *text);
extern const struct device_type uicc_card_type;
struct uicc_card *uicc_card_new(struct uicc_slot *slot, u64 seq, unsigned long event,
				const struct uicc_atr *atr);
void uicc_card_stop(struct uicc_card *card);
int __must_check uicc_card_get(struct uicc_card *card);
int __must_check uicc_card_get_awake(struct uicc_card *card);
void uicc_card_put(struct uicc_card *card);
int uicc_card_send(struct uicc_card *card, const u8 *cmd, size_t cmd_len, u8 *rsp,
		   size_t rsp_size);
int __must_check uicc_card_command(struct uicc_card *card, const struct uicc_apdu *apdu,
				   struct uicc_rapdu *r);

int __must_check uicc_card_begin(struct uicc_card *card);

/*
 * What an operation ends with when the system goes to sleep: nothing was sent
 * (-ERESTARTNOINTR), or a command was and its answer did not come (-ERESTARTSYS).
 * Nobody outside of the kernel sees these: a system call begins anew.
 */
static inline bool uicc_interrupted(ssize_t ret)
{
	return ret == -ERESTARTNOINTR || ret == -ERESTARTSYS;
}

/* For what sysfs calls: of an interrupted operation, the system call again. */
static inline ssize_t uicc_again(ssize_t ret)
{
	return uicc_interrupted(ret) ? restart_syscall() : ret;
}

/* pm.c */
int __must_check uicc_card_wait_awake(struct uicc_card *card);
int uicc_card_sleep(struct uicc_card *card, unsigned long until);
int uicc_card_wake(struct uicc_card *card);
void uicc_pm_slot_show(struct uicc_slot *slot);
void uicc_pm_slot_hide(struct uicc_slot *slot);
int uicc_pm_init(void);
void uicc_pm_exit(void);

/* select.c */
void uicc_card_drop_selection(struct uicc_card *card);
int __must_check uicc_card_select(struct uicc_card *card, const struct uicc_path *path,
				  bool want_fcp, struct uicc_rapdu *r);
int __must_check uicc_card_select_or_sfi(struct uicc_card *card, const struct uicc_path *path,
					 const struct uicc_fcp *fcp, u8 *sfi,
					 struct uicc_rapdu *r);
bool uicc_card_sfi_refused(struct uicc_card *card, const struct uicc_path *path,
			   const struct uicc_rapdu *r);

/* channel.c */
int __must_check uicc_channel_begin(struct uicc_card *card);
int __must_check uicc_channel_lost(struct uicc_card *card);
int __must_check uicc_channel_refused(struct uicc_card *card);
void uicc_channel_leave(struct uicc_card *card);
void uicc_channel_close(struct uicc_card *card);

/* file.c */
struct uicc_file *uicc_file_new(struct uicc_card *card, const struct uicc_path *path);
void uicc_file_free(struct uicc_file *file);
void uicc_file_forget(struct uicc_file *file);
int uicc_file_export(struct uicc_card *card, const char *text, size_t len);
int uicc_file_unexport(struct uicc_card *card, const char *text, size_t len);
int uicc_files_init(struct uicc_card *card);
void uicc_files_drop_caches(struct uicc_card *card);
void uicc_files_free(struct uicc_card *card);

/* file_read.c */
int uicc_file_errno(int ret);
bool uicc_file_unasked(int ret);
bool uicc_file_unanswered(const struct uicc_file *file, int ret);
int __must_check uicc_file_fetch_fcp(struct uicc_file *file);
int __must_check uicc_file_store(struct uicc_file *file, size_t off, const u8 *data, size_t len,
				 bool end);
size_t uicc_file_records_max(const struct uicc_file *file);
ssize_t uicc_file_fetch(struct uicc_file *file, size_t off, size_t len);
ssize_t uicc_file_read(struct uicc_file *file, char *buf, loff_t off, size_t count);
int uicc_file_fcp(struct uicc_file *file, struct uicc_fcp *fcp);
int uicc_file_record_count(struct uicc_file *file);
ssize_t uicc_file_fcp_read(struct uicc_file *file, char *buf, loff_t off, size_t count);

/* file_access.c */
int uicc_file_access(struct uicc_file *file, struct uicc_access *acc);

/* file_tlv.c */
ssize_t uicc_file_fetch_object(struct uicc_file *file);
int __must_check uicc_file_update_object(struct uicc_file *file, const u8 *buf, size_t off,
					 size_t count);

/* file_write.c */
int uicc_file_update_command(struct uicc_card *card, const struct uicc_apdu *apdu);
int uicc_file_unverified(int ret);
ssize_t uicc_file_write(struct uicc_file *file, const char *buf, loff_t off, size_t count);

/* sysfs.c */
extern const struct attribute_group *uicc_slot_groups[];
extern const struct attribute_group *uicc_card_groups[];

/* file_sysfs.c */
void uicc_sysfs_file_init(struct uicc_file *file);

/* netlink.c */
int uicc_netlink_init(void);
void uicc_netlink_exit(void);
void uicc_netlink_slot_event(struct uicc_slot *slot, u8 cmd);
void uicc_netlink_card_event(struct uicc_card *card, u8 cmd);
void uicc_netlink_card_gone(struct uicc_slot *slot);
void uicc_netlink_pin_work(struct work_struct *work);

#endif /* UICC_CORE_INTERNAL_H */
