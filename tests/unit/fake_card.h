/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A card of named files for the card tests; it counts reads and fails loudly past its bounds. */
#ifndef TESTS_UNIT_FAKE_CARD_H
#define TESTS_UNIT_FAKE_CARD_H

#include "card/pkcs15.h"

#define FAKE_FILES 12

struct fake_file {
	const char *path;
	const uint8_t *data;
	size_t size;
	int err;		/* not 0: every read fails with it */
};

struct fake_card {
	struct fake_file file[FAKE_FILES];
	size_t n;
	unsigned int reads;
	size_t bytes;		/* delivered */
};

void fake_card_add(struct fake_card *c, const char *path, const void *data, size_t size);
void fake_card_add_hex(struct fake_card *c, const char *path, const char *hex);
void fake_card_add_error(struct fake_card *c, const char *path, int err);
void fake_card_free(struct fake_card *c);
struct card_reader fake_card_reader(struct fake_card *c);

#endif
