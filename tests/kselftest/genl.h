/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * As much generic netlink as the tests need, over a raw socket: a test wants to
 * send what no library would.
 */
#ifndef GENL_H
#define GENL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/uicc.h>

struct genl {
	int fd;
	uint16_t family;
	uint32_t portid;
	uint32_t groups[2];	/* events, agents */
	uint32_t seq;
	/* the request being built, then the last message received */
	uint8_t buf[16384];
	size_t len;
	uint8_t cmd;
	/* completions that came between a request and its acknowledgement */
	struct genl_event *first;
};

/* A socket and the family's number; dies when the family is not there. */
void genl_open(struct genl *g);
void genl_close(struct genl *g);
bool genl_join(struct genl *g, const char *group);

void genl_begin(struct genl *g, uint8_t cmd, uint16_t flags);
void genl_put(struct genl *g, uint16_t type, const void *data, size_t len);
void genl_put_u8(struct genl *g, uint16_t type, uint8_t value);
void genl_put_u32(struct genl *g, uint16_t type, uint32_t value);
void genl_put_u64(struct genl *g, uint16_t type, uint64_t value);
void genl_put_str(struct genl *g, uint16_t type, const char *text);
/* Sends; returns 0 for an acknowledgement, 1 for an answer (kept), or -errno. */
int genl_call(struct genl *g);
/* A dump: number of answers, or -errno; @last is kept. */
int genl_dump(struct genl *g, uint8_t cmd);
/* All families are dumped, as "genl ctrl list" does: their number, or -errno. */
int genl_families(struct genl *g);
/*
 * The next message that is no answer, but for multicasts that came before the
 * last answer: 0, or -ETIMEDOUT. Its command is g->cmd. */
int genl_next(struct genl *g, int timeout_ms);

/* Attributes of the last message received. */
const void *genl_attr(const struct genl *g, uint16_t type, unsigned int nth, size_t *len);
uint8_t genl_u8(const struct genl *g, uint16_t type);		/* 0 when absent */
uint32_t genl_u32(const struct genl *g, uint16_t type);		/* ~0 when absent */
uint64_t genl_u64(const struct genl *g, uint16_t type);
const char *genl_str(const struct genl *g, uint16_t type);	/* "" when absent */

#endif /* GENL_H */
