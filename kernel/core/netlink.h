/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the netlink family share with each other.
 */
#ifndef UICC_CORE_NETLINK_H
#define UICC_CORE_NETLINK_H

#include <linux/skbuff.h>
#include <linux/types.h>
#include <net/genetlink.h>

#include "netlink_policy.h"

/* netlink.c */
extern struct genl_family uicc_family;
bool uicc_netlink_may_ask(const struct sk_buff *skb);
bool uicc_netlink_may_answer(const struct sk_buff *skb);

/* netlink_consent.c */
void uicc_netlink_consent_init(void);
void uicc_netlink_consent_exit(void);
void uicc_netlink_consent_release(u32 portid);

#endif /* UICC_CORE_NETLINK_H */
