/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes JSON (RFC 8259) into a buffer, commas and escapes included. It only
 * writes; the summary has its own small reader.
 */
#ifndef DMSERVER_JSON_H
#define DMSERVER_JSON_H

#include "util/buf.h"

/* @key is NULL inside an array. */
void json_open(struct buf *b, const char *key, char bracket);	/* '{' or '[' */
void json_close(struct buf *b, char bracket);			/* '}' or ']' */
void json_num(struct buf *b, const char *key, uint64_t v);
void json_bool(struct buf *b, const char *key, bool v);
void json_str(struct buf *b, const char *key, const char *v);
/*
 * Bytes of any kind: a string when they are UTF-8, else base64 under the key
 * "KEY_base64". Nothing at all for an absent slice.
 */
void json_bytes(struct buf *b, const char *key, struct slice v);

#endif
