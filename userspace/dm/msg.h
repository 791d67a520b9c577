/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One OMA DM message as the engine sees it: neither XML nor WBXML, no I/O.
 *
 * A decoder (codec/) turns bytes into calls of a struct dm_sink, one command
 * at a time, so that a message of any length needs memory for one command
 * only. An encoder (codec/, through struct dm_encoder) does the reverse.
 *
 * Lifetime: everything a sink is handed is borrowed and valid until the
 * callback returns. Clauses are those of the OMA SyncML Representation
 * Protocol DM profile 1.2 ("RepPro") and DM Protocol 1.2 ("Pro").
 */
#ifndef DMSC_DM_MSG_H
#define DMSC_DM_MSG_H

#include "util/buf.h"
#include "util/slice.h"

enum dm_cmd_kind {
	DM_CMD_STATUS,
	DM_CMD_RESULTS,
	DM_CMD_ALERT,
	DM_CMD_GET,
	DM_CMD_ADD,
	DM_CMD_REPLACE,
	DM_CMD_DELETE,
	DM_CMD_COPY,
	DM_CMD_EXEC,
	DM_CMD_ATOMIC,		/* container */
	DM_CMD_SEQUENCE,	/* container */
	DM_CMD_OTHER,		/* a SyncML command DM does not use: Map, Put, Search, Sync ... */
};

/* Element name of a command ("Get"); NULL for DM_CMD_OTHER. */
const char *dm_cmd_kind_name(enum dm_cmd_kind kind);

/* MetInf 1.2 elements. Absent text is SLICE_NONE; numbers have has_*. */
struct dm_meta {
	struct slice format;
	struct slice type;
	struct slice mark;
	struct slice next_nonce;	/* as sent: base64 text, or raw bytes when WBXML OPAQUE */
	struct slice version;
	bool nonce_opaque;
	bool has_size, has_max_msg_size, has_max_obj_size;
	uint64_t size;			/* bytes */
	uint64_t max_msg_size;		/* bytes */
	uint64_t max_obj_size;		/* bytes */
};

struct dm_cred {
	struct dm_meta meta;
	struct slice data;		/* as sent */
	bool data_opaque;		/* WBXML OPAQUE */
};

/* One node of a serialized tree object (TNDS 9.2), in document order. */
struct dm_tnds_node {
	uint16_t depth;			/* 0 = directly under MgmtTree */
	bool has_value;
	bool value_opaque;		/* WBXML OPAQUE: raw bytes */
	bool leaf;			/* to be written as one, though neither format nor value tell */
	struct slice name;		/* NodeName; may be empty */
	struct slice path;		/* Path; depth 0 only */
	struct slice format;		/* "node", "chr" ...; SLICE_NONE = not given */
	struct slice type;		/* MIME of a leaf or DDFName of an interior node */
	struct slice acl, title, tstamp, verno;
	struct slice value;
};

struct dm_tnds {
	const struct dm_tnds_node *nodes;
	size_t n;
};

struct dm_item {
	struct slice target;		/* Target/LocURI */
	struct slice target_name;	/* Target/LocName */
	struct slice source;
	struct slice source_name;
	struct dm_meta meta;
	struct slice data;		/* Data; present but empty for <Data/> */
	bool data_opaque;		/* WBXML OPAQUE: raw bytes, no base64 expected */
	bool more_data;
	/* Set when Data held MgmtTree markup (XML child or WBXML code page 2); data is then SLICE_NONE. */
	const struct dm_tnds *tnds;
};

struct dm_cmd {
	enum dm_cmd_kind kind;
	struct slice name;		/* element name, for DM_CMD_OTHER */
	struct slice cmd_id; /* as sent; SLICE_NONE when missing (the engine answers 400) */
	bool no_resp;
	struct dm_meta meta;		/* command level Meta; an item's own wins */
	/* Status and Results */
	struct slice msg_ref, cmd_ref, cmd;
	struct slice target_ref, source_ref;	/* the first of each */
	/* Status: the code; Alert: the alert code */
	struct slice data;
	struct slice correlator;
	bool has_cred, has_chal;
	struct dm_cred cred;
	struct dm_meta chal;		/* Chal/Meta */
	const struct dm_item *items;
	size_t nitems;
};

struct dm_hdr {
	struct slice ver_dtd, ver_proto, session_id, msg_id;
	struct slice target, target_name;
	struct slice source, source_name;
	struct slice resp_uri;
	bool no_resp;
	bool has_cred;
	struct dm_cred cred;
	struct dm_meta meta;		/* MaxMsgSize, MaxObjSize */
};

/*
 * What a decoder calls. A callback returns 0 to go on or -errno to stop, which
 * the decoder returns unchanged. Order: header; then command and, for Atomic
 * and Sequence, container_begin, members, container_end (containers may nest;
 * the decoder bounds the depth); end exactly once, and only for a message that
 * was well formed to its last byte.
 */
struct dm_sink {
	int (*header)(void *ctx, const struct dm_hdr *hdr);
	int (*command)(void *ctx, const struct dm_cmd *cmd);
	int (*container_begin)(void *ctx, const struct dm_cmd *cmd);
	int (*container_end)(void *ctx);
	int (*end)(void *ctx, bool final);
};

/*
 * What an engine writes with. Each call appends complete elements to @out, so
 * buf_truncate() to a mark taken between calls undoes a command that made the
 * message too large. Errors are sticky in @out (buf_error()).
 */
struct dm_encoder {
	const char *mime;		/* application/vnd.syncml.dm+xml or +wbxml */
	const char *tnds_mime;		/* application/vnd.syncml.dmtnds+xml or +wbxml */
	size_t tail_size;		/* bytes finish() may still add */
	bool binary; /* true: leaf bytes may be sent raw (OPAQUE); false: base64 */
	void (*begin)(struct buf *out, const struct dm_hdr *hdr);
	void (*command)(struct buf *out, const struct dm_cmd *cmd);
	void (*container_begin)(struct buf *out, const struct dm_cmd *cmd);
	void (*container_end)(struct buf *out, enum dm_cmd_kind kind);
	void (*finish)(struct buf *out, bool final);
};

#endif
