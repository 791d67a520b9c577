/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One received message, kept whole: the server judges order and completeness,
 * which a stream cannot show. Not a judge itself.
 */
#ifndef DMSERVER_MESSAGE_H
#define DMSERVER_MESSAGE_H

#include "pool.h"
#include "codec/codec.h"
#include "dm/msg.h"

#define MESSAGE_MAX_CMDS 4096

struct message_cmd {
	struct dm_cmd c;	/* texts and items owned by the message */
	unsigned int depth;	/* 0 = directly in SyncBody */
};

struct message {
	struct pool mem;
	enum codec_format format;
	bool has_hdr;
	struct dm_hdr hdr;
	struct message_cmd *cmds;
	size_t n, cap;
	unsigned int depth;
	bool final;
};

/*
 * Decodes @bytes into @m. 0, or -errno with the reason in @why; call
 * message_fini() in both cases.
 */
int message_decode(struct message *m, enum codec_format format, struct slice bytes,
		   struct codec_error *why);
void message_fini(struct message *m);
/* Does it hold an Alert with this code? */
bool message_has_alert(const struct message *m, const char *code);

#endif
