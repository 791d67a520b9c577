/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the netlink family share with each other.
 */
#ifndef UICC_CORE_NETLINK_H
#define UICC_CORE_NETLINK_H

#include <linux/mutex.h>
#include <linux/skbuff.h>
#include <linux/types.h>
#include <net/genetlink.h>

#include <uapi/linux/uicc.h>

#include "netlink_policy.h"

struct uicc_pin_request;

/*
 * The broker, the queue of PINs and the list of peers. Released by
 * uicc_netlink_unlock(), which keeps the deadlines of the first two.
 */
extern struct mutex uicc_consent_lock;

/* netlink.c */
extern struct genl_family uicc_family;
bool uicc_netlink_may_ask(const struct sk_buff *skb);
bool uicc_netlink_may_answer(const struct sk_buff *skb);
void uicc_netlink_wipe(struct genl_info *info, int type);
int uicc_netlink_reply_id(struct genl_info *info, u8 cmd, int type, u32 id);

/* netlink_peer.c */
int uicc_peer_number(const struct sk_buff *skb, u32 *number);
u32 uicc_peer_portid(u32 number);
void uicc_peer_send(u32 number, struct sk_buff *msg);
u32 uicc_peer_closed(u32 portid);
void uicc_peers_exit(void);

/* netlink_consent.c */
u64 uicc_netlink_now_ms(void);
void uicc_netlink_unlock(void);
void uicc_netlink_consent_init(void);
void uicc_netlink_consent_exit(void);
void uicc_netlink_consent_release(u32 portid);
void uicc_netlink_question_pin(u32 id, enum uicc_pin_result result, u32 tries);

/* netlink_pin.c; with uicc_consent_lock, but for init */
void uicc_netlink_pin_init(void);
void uicc_netlink_pin_exit(void);
int uicc_netlink_pin_add(struct uicc_pin_request *what, u32 *id);
void uicc_netlink_pin_peer_gone(u32 peer);
void uicc_netlink_pin_slot_gone(u32 slot);
void uicc_netlink_pin_forget(u32 question);
void uicc_netlink_pin_tick(void);
u64 uicc_netlink_pin_deadline(void);

#endif /* UICC_CORE_NETLINK_H */
