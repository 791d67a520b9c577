/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A scripted card behind /dev/uicc-virt: it knows which command comes next and
 * what it answers, and fails loudly on any other. It models no file system.
 */
#ifndef VCARD_H
#define VCARD_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/uicc_virt.h>

#define VCARD_ATR	"3B9F95801FC78031E073FE211B640701020304900043"
#define VCARD_STEPS	512

struct vcard_step {
	char command[600];	/* hex; "" = any command */
	char answer[600];	/* hex; "" = none, ever */
};

struct vcard;

/* A card that is no script: puts its answer, status word last, in @answer; 0 = none. */
typedef size_t (*vcard_program)(struct vcard *c, const uint8_t *command, size_t len,
				uint8_t *answer);

struct vcard {
	int fd;
	unsigned int slot;
	char dir[64];		/* /sys/class/uicc/uicc0.card */
	pthread_t thread;
	int stop[2];

	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct vcard_step steps[VCARD_STEPS];
	unsigned int n_steps, next;
	unsigned int commands, resets, cancels, power_offs;
	bool unexpected;
	/* Answers what comes when there are no steps; NULL: that is unexpected. */
	const char *(*answer)(const char *command);
	bool mute;		/* answers no reset */
	unsigned int answer_ms;	/* how long it thinks about a command */
	unsigned int late_ms;	/* how long it leaves a message unread */
	/* What it does when its power is taken; with the lock held. */
	void (*on_power_off)(struct vcard *c);
	char atr[80];
	vcard_program program;	/* with @lock held; NULL: the steps */
	void *priv;
};

/* Makes the reader and waits until it is registered. Dies when it cannot. */
struct vcard *vcard_new(const char *name);
/* With UICC_VIRT_READER_APDU or _SHARED: its commands are what those flags make of them. */
struct vcard *vcard_new_flags(const char *name, uint32_t flags);
/* Closes the reader; waits until its slot is gone from sysfs. */
void vcard_free(struct vcard *c);
int vcard_insert_raw(struct vcard *c, const char *atr);
/* Puts a card in and waits for its device. */
bool vcard_insert(struct vcard *c);
/* Pulls it out and waits until its device is gone. */
bool vcard_remove(struct vcard *c);
/* The next command, and its answer. Spaces in the hex do not matter. */
void vcard_expect(struct vcard *c, const char *command, const char *answer);
/* All steps were played and nothing else came; forgets them. */
bool vcard_played(struct vcard *c);
/* Waits until @n commands have come since vcard_new(); false after 5 s. */
bool vcard_wait_commands(struct vcard *c, unsigned int n);

int vcard_send(int fd, uint16_t type, uint32_t seq, const void *payload, size_t len);
size_t vcard_unhex(uint8_t *out, size_t size, const char *hex);

/* sysfs: content of an attribute of the card or of one of its files, or -errno */
int attr_read(const char *path, void *buf, size_t size, long off);
int attr_write(const char *path, const char *text);
int attr_write_at(const char *path, const void *buf, size_t size, long off);
bool attr_is(const char *path, const char *want);
const char *card_path(const struct vcard *c, const char *name);
bool wait_path(const char *path, bool there);

#endif /* VCARD_H */
