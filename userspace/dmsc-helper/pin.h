/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The way of one insertion to its card's PINs: between insertion_ask.c and the rules. */
#ifndef DMSC_HELPER_PIN_H
#define DMSC_HELPER_PIN_H

#include "dmsc-helper/pin_rules.h"

struct pin {
	struct pin_rules rules;
	/* set by the insertion */
	struct unl *nl;
	const char *sysfs, *card;
	uint32_t index;			/* slot number */
	uint64_t seq;
	int64_t (*now_ms)(void);
	/* Puts a question; its end comes to pin_answered(). 0 or -errno. */
	int (*ask)(void *ctx, struct unl_question *q, uint32_t *id);
	/* Exactly once after pin_need(), unless the insertion ends it itself: what the child is told. */
	void (*end)(void *ctx, enum ipc_result result, const char *reason);
	void *ctx;
	/* own */
	uint32_t request;		/* open at the kernel; 0 = none */
	int64_t tell_until;		/* 0 = nothing is being told */
};

/* The card keeps back the byte at @off of @path, which the child may read. */
void pin_need(struct pin *p, const char *path, size_t off);
/* UNL_EV_PIN */
void pin_checked(struct pin *p, const struct unl_pin *got);
/* The question that pin->ask put has ended. */
void pin_answered(struct pin *p, const struct unl_answer *a);
/* The child was answered, by us or in our place. */
void pin_forget(struct pin *p);
/* Until pin_tick() has something to do; -1 = never. */
int pin_wait_ms(const struct pin *p);
void pin_tick(struct pin *p);

#endif
