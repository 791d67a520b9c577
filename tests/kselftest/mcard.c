// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A card with a few files, for the reader of a vcard. See mcard.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mcard.h"

/* Returns the length of the answer, 0 for none. */
static size_t torn(struct mcard *c, const uint8_t *cmd, uint8_t *out)
{
	size_t i, n;

	c->torn++;
	switch (c->tear) {
	case MCARD_REMOVE:
		vcard_send(c->reader->fd, UICC_VIRT_REMOVE, 0, NULL, 0);
		return 0;
	case MCARD_MUTE:
		return 0;
	case MCARD_GARBAGE:
		out[0] = 0x12;
		out[1] = 0x34;
		return 2;
	case MCARD_NOISE:
		/* No more than asked: more is a lie of another kind. */
		n = cmd[1] == 0xa4 ? 2 : cmd[4] ?: 256;
		for (i = 0; i < n; i++)
			out[i] = 37 * i + c->commands;
		out[n] = 0x90;
		out[n + 1] = 0x00;
		return n + 2;
	case MCARD_RESET:
		chip_reset(&c->chip);
		vcard_insert_raw(c->reader, c->reader->atr);
		return 0;
	}
	return 0;
}

/* The program of the vcard, whose lock is held. */
static size_t program(struct vcard *v, const uint8_t *cmd, size_t len, uint8_t *out)
{
	struct mcard *c = v->priv;
	size_t n;

	if (c->resets != v->resets)
		chip_reset(&c->chip);
	c->resets = v->resets;
	if (c->tear_at >= 0 && c->commands == (unsigned int)c->tear_at)
		n = torn(c, cmd, out);
	else
		n = chip_tpdu(&c->chip, cmd, len, out);
	c->commands++;
	return n;
}

struct mcard *mcard_new(const char *name)
{
	struct mcard *c = calloc(1, sizeof(*c));

	if (!c) {
		printf("Bail out! no memory\n");
		exit(1);
	}
	c->reader = vcard_new(name);
	c->reader->priv = c;
	c->reader->program = program;
	c->dir = c->reader->dir;
	c->slot = c->reader->slot;
	c->tear_at = -1;
	return c;
}

void mcard_free(struct mcard *c)
{
	vcard_free(c->reader);
	free(c);
}

void mcard_arm(struct mcard *c, enum mcard_tear tear, int at)
{
	pthread_mutex_lock(&c->reader->lock);
	c->tear = tear;
	c->tear_at = at;
	c->commands = 0;
	c->torn = 0;
	pthread_mutex_unlock(&c->reader->lock);
}

bool mcard_insert(struct mcard *c)
{
	pthread_mutex_lock(&c->reader->lock);
	chip_reset(&c->chip);
	pthread_mutex_unlock(&c->reader->lock);
	return vcard_insert(c->reader);
}

bool mcard_remove(struct mcard *c)
{
	return vcard_remove(c->reader);
}
