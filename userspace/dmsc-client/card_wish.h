/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A card's wish for a session, seen from the session: whoever starts it, one that
 * succeeds is the one the card asked for.
 */
#ifndef DMSC_CLIENT_CARD_WISH_H
#define DMSC_CLIENT_CARD_WISH_H

#include "store/store.h"

/*
 * A person starts a session with @server, whose account came from @o: a refusal that
 * is remembered of it is not any more. 0 or -errno.
 */
int card_wish_lift(struct store *s, const struct store_origin *o, const char *server) must_check;

/* The server accepted us and the session ended normally: done for this content. 0 or -errno. */
int card_wish_done(struct store *s, const struct store_origin *o, const char *server) must_check;

#endif
