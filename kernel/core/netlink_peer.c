// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sockets that ask, answer and wait for something: each has a number of its
 * own for the time it is open, which is what the broker and the queue of PINs
 * know. Rights are in netlink.c.
 *
 * A port number would not do. Netlink gives it free before it says that the
 * socket is closed; another process that binds it in between would get what was
 * meant for the first. So a message is sent only while the socket's file is
 * held: then the socket is open, and its port is its own.
 */
#include <linux/file.h>
#include <linux/slab.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include "compat.h"
#include "netlink.h"

struct uicc_peer {
	struct list_head node;
	u32 number;
	u32 portid;
	struct sock *sk;	/* holds a reference: no other has this address */
};

/* All with uicc_consent_lock. */
static LIST_HEAD(uicc_peers);
static u32 uicc_peer_last;

static struct uicc_peer *uicc_peer_find(u32 number)
{
	struct uicc_peer *peer;

	lockdep_assert_held(&uicc_consent_lock);
	list_for_each_entry(peer, &uicc_peers, node)
		if (peer->number == number)
			return peer;
	return NULL;
}

/**
 * uicc_peer_number() - the number of a request's sender
 * @skb: the request
 * @number: out: its number, never 0; it stays until the socket is closed
 *
 * Context: in a doit, after the sender's rights were judged; uicc_consent_lock is held.
 * Return: 0 or -ENOMEM.
 */
int uicc_peer_number(const struct sk_buff *skb, u32 *number)
{
	struct sock *sk = NETLINK_CB(skb).sk;
	struct uicc_peer *peer;

	lockdep_assert_held(&uicc_consent_lock);
	list_for_each_entry(peer, &uicc_peers, node) {
		if (peer->sk == sk) {
			*number = peer->number;
			return 0;
		}
	}
	peer = kzalloc(sizeof(*peer), GFP_KERNEL);
	if (!peer)
		return -ENOMEM;
	do {
		uicc_peer_last++;
	} while (!uicc_peer_last || uicc_peer_find(uicc_peer_last));
	peer->number = uicc_peer_last;
	peer->portid = NETLINK_CB(skb).portid;
	peer->sk = sk;
	sock_hold(sk);
	list_add_tail(&peer->node, &uicc_peers);
	*number = peer->number;
	return 0;
}

/**
 * uicc_peer_portid() - the port of a socket, for the trace
 * @number: its number
 *
 * Context: uicc_consent_lock is held.
 * Return: the port, or 0 when it is gone.
 */
u32 uicc_peer_portid(u32 number)
{
	const struct uicc_peer *peer = uicc_peer_find(number);

	return peer ? peer->portid : 0;
}

/* The socket's file, held; NULL when nobody has it open any more. */
static struct file *uicc_peer_file(const struct uicc_peer *peer)
{
	struct sock *sk = peer->sk;
	struct file *file = NULL;

	/* A closing socket is parted from its file under this lock, before that is freed. */
	read_lock_bh(&sk->sk_callback_lock);
	if (sk->sk_socket && sk->sk_socket->file)
		file = uicc_get_file(&sk->sk_socket->file);
	read_unlock_bh(&sk->sk_callback_lock);
	return file;
}

/**
 * uicc_peer_send() - send a message to one socket, if it is still open
 * @number: the socket's number
 * @msg: the message; consumed
 *
 * Context: may sleep; uicc_consent_lock is held.
 */
void uicc_peer_send(u32 number, struct sk_buff *msg)
{
	const struct uicc_peer *peer = uicc_peer_find(number);
	struct file *file = peer ? uicc_peer_file(peer) : NULL;

	if (!file) {
		nlmsg_free(msg);
		return;
	}
	genlmsg_unicast(&init_net, msg, peer->portid);
	fput(file);	/* a last one is put later, so the notifier does not run in here */
}

/**
 * uicc_peer_closed() - take a closed socket off the list
 * @portid: a port one of whose sockets was closed
 *
 * The port may be another's again: a socket is gone when it says so itself.
 * Context: uicc_consent_lock is held.
 * Return: the number of a socket that is gone, 0 when there is no further one.
 */
u32 uicc_peer_closed(u32 portid)
{
	struct uicc_peer *peer;
	u32 number;

	lockdep_assert_held(&uicc_consent_lock);
	list_for_each_entry(peer, &uicc_peers, node) {
		if (peer->portid != portid || !sock_flag(peer->sk, SOCK_DEAD))
			continue;
		number = peer->number;
		list_del(&peer->node);
		sock_put(peer->sk);
		kfree(peer);
		return number;
	}
	return 0;
}

/**
 * uicc_peers_exit() - forget all sockets
 *
 * Context: module exit; the family is unregistered.
 */
void uicc_peers_exit(void)
{
	struct uicc_peer *peer, *next;

	lockdep_assert_held(&uicc_consent_lock);
	list_for_each_entry_safe(peer, next, &uicc_peers, node) {
		list_del(&peer->node);
		sock_put(peer->sk);
		kfree(peer);
	}
}
