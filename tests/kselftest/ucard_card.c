// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A CCID reader by FunctionFS: what the uicc class has of it and of its cards. See
 * ucard.h.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ucard.h"
#include "vcard.h"

#define CLASS		"/sys/class/uicc"
#define PARAMETERS	"/sys/module/uicc_ccid/parameters"

static void nap_ms(unsigned int ms)
{
	const struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

/* Is it this slot of ours? One reader is on the bus, and slots have numbers if many. */
static bool is_slot(struct ucard *u, const char *name, unsigned int slot)
{
	char path[300], text[80], tail[8];
	int n;

	snprintf(path, sizeof(path), CLASS "/%s/transport", name);
	n = attr_read(path, text, sizeof(text) - 1, 0);
	if (n <= 0)
		return false;
	text[n] = '\0';
	if (strcmp(text, "ccid\n"))
		return false;
	if (u->desc.bMaxSlotIndex == 0)
		return true;
	snprintf(path, sizeof(path), CLASS "/%s/location", name);
	n = attr_read(path, text, sizeof(text) - 1, 0);
	if (n <= 0)
		return false;
	text[n] = '\0';
	n = snprintf(tail, sizeof(tail), ".%u\n", slot);
	return strlen(text) > (size_t)n && !strcmp(text + strlen(text) - n, tail);
}

const char *ucard_class(struct ucard *u, unsigned int slot)
{
	static __thread char path[UCARD_SLOTS][64];
	DIR *dir = opendir(CLASS);
	const char *found = NULL;
	struct dirent *e;

	while (dir && !found && (e = readdir(dir))) {
		if (strncmp(e->d_name, "uicc", 4) || strchr(e->d_name, '.') ||
		    strlen(e->d_name) > 16 || !is_slot(u, e->d_name, slot))
			continue;
		snprintf(path[slot], sizeof(path[slot]), CLASS "/%.16s", e->d_name);
		found = path[slot];
	}
	if (dir)
		closedir(dir);
	return found;
}

const char *ucard_path(struct ucard *u, unsigned int slot, const char *name)
{
	static __thread char path[2][256];
	static __thread int turn;
	const char *class = ucard_class(u, slot);

	turn = !turn;
	snprintf(path[turn], sizeof(path[turn]), "%s.card%s%s", class ? class : "/nowhere",
		 name[0] ? "/" : "", name);
	return path[turn];
}

bool ucard_ready(struct ucard *u)
{
	unsigned int i, slot;

	for (i = 0; i < 1000; i++) {
		for (slot = 0; slot < u->n_slots; slot++)
			if (!ucard_class(u, slot))
				break;
		if (slot == u->n_slots)
			return true;
		nap_ms(10);
	}
	printf("# ucard: no slot in the class\n");
	return false;
}

bool ucard_wait_card(struct ucard *u, unsigned int slot, bool there)
{
	unsigned int i;

	/* The directory comes before what is in it; this is the last of that. */
	for (i = 0; i < 2000; i++) {
		if (there ? !access(ucard_path(u, slot, "ef-3f00.7f50.5031/fcp"), F_OK) :
			    !!access(ucard_path(u, slot, ""), F_OK))
			return true;
		nap_ms(5);
	}
	printf("# ucard: the card of slot %u is %s\n", slot, there ? "not there" : "still there");
	return false;
}

const char *ucard_atr(unsigned int protocol, uint8_t ta1, uint8_t ifsc, bool crc, bool specific)
{
	/* Category, card data, capabilities: extended Lc and Le (ISO 7816-4 8.1.1). */
	static const uint8_t historical[] = { 0x80, 0x31, 0xe0, 0x73, 0xfe, 0x21, 0x5b, 0x64 };
	static __thread char text[2][80];
	static __thread int turn;
	uint8_t atr[40], check = 0;
	size_t n = 0, i;

	atr[n++] = 0x3b;
	atr[n++] = 0x90 | sizeof(historical);
	atr[n++] = ta1;
	atr[n++] = (specific ? 0x90 : 0x80) | protocol;
	if (specific)
		atr[n++] = protocol;
	if (protocol == 1) {
		atr[n++] = crc ? 0xf1 : 0xb1;
		atr[n++] = ifsc;
		atr[n++] = 0x45;
		if (crc)
			atr[n++] = 0x01;
	}
	/* T=15: class A, B and C. */
	atr[n++] = 0x1f;
	atr[n++] = 0x07;
	memcpy(atr + n, historical, sizeof(historical));
	n += sizeof(historical);
	for (i = 1; i < n; i++)
		check ^= atr[i];
	atr[n++] = check;
	turn = !turn;
	for (i = 0; i < n; i++)
		snprintf(text[turn] + 2 * i, 3, "%02X", atr[i]);
	return text[turn];
}

/* Where the chip makes a file's content from, and how long that is. */
static const struct {
	const char *path;
	uint8_t first;
	int len;
} contents[] = {
	{ "3f00.2f00", 0x00, 64 },
	{ "3f00.2fe2", 0xe2, 10 },
	{ "a000000063504b43532d3135.5031", 0x31, 32 },
	{ "a000000063504b43532d3135.6432", 0x32, 600 },
	{ "3f00.7f20.6f07", 0x07, 40 },
};

int ucard_read(struct ucard *u, unsigned int slot, const char *file)
{
	char name[80];
	uint8_t data[1024];

	snprintf(name, sizeof(name), "ef-%s/data", file);
	return attr_read(ucard_path(u, slot, name), data, sizeof(data), 0);
}

int ucard_probe(struct ucard *u, unsigned int slot)
{
	/* A file that was taken back and made anew has no content in memory. */
	attr_write(ucard_path(u, slot, "unexport"), "3f00.7f20.6f07");
	attr_write(ucard_path(u, slot, "export"), "3f00.7f20.6f07");
	return ucard_read(u, slot, "3f00.7f20.6f07");
}

bool ucard_files(struct ucard *u, unsigned int slot)
{
	uint8_t data[1024];
	unsigned int i;
	char name[80];
	int n, k;

	for (i = 0; i < sizeof(contents) / sizeof(contents[0]); i++) {
		attr_write(ucard_path(u, slot, "export"), contents[i].path);
		snprintf(name, sizeof(name), "ef-%s/data", contents[i].path);
		n = attr_read(ucard_path(u, slot, name), data, sizeof(data), 0);
		if (n != contents[i].len) {
			printf("# slot %u, %s: %d, not %d\n", slot, contents[i].path, n,
			       contents[i].len);
			return false;
		}
		for (k = 0; k < n; k++) {
			if (data[k] == (uint8_t)(contents[i].first + k))
				continue;
			printf("# slot %u, %s: byte %d is wrong\n", slot, contents[i].path, k);
			return false;
		}
	}
	return true;
}

long long ucard_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

void ucard_param(const char *name, const char *value, char *old, size_t size)
{
	char path[128];
	int n;

	snprintf(path, sizeof(path), PARAMETERS "/%s", name);
	if (old) {
		n = attr_read(path, old, size - 1, 0);
		old[n > 0 ? n : 0] = '\0';
	}
	if (attr_write(path, value)) {
		printf("Bail out! no parameter %s\n", name);
		exit(1);
	}
}
