// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A scripted card behind /dev/uicc-virt. See vcard.h.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "vcard.h"

static void die(const char *what)
{
	printf("Bail out! %s: %s\n", what, strerror(errno));
	exit(1);
}

size_t vcard_unhex(uint8_t *out, size_t size, const char *hex)
{
	unsigned int byte;
	size_t n = 0;
	int used;

	while (*hex) {
		if (*hex == ' ') {
			hex++;
			continue;
		}
		if (n == size || sscanf(hex, "%2x%n", &byte, &used) != 1 || used != 2)
			die("bad hex in a test");
		out[n++] = byte;
		hex += 2;
	}
	return n;
}

static void tidy(char *out, size_t size, const char *hex)
{
	size_t n = 0;

	for (; *hex; hex++) {
		if (*hex == ' ')
			continue;
		if (n + 1 >= size)
			die("a step is too long");
		out[n++] = toupper((unsigned char)*hex);
	}
	out[n] = '\0';
}

int vcard_send(int fd, uint16_t type, uint32_t seq, const void *payload, size_t len)
{
	uint8_t buf[UICC_VIRT_MSG_EXT_MAX + 64] = { 0 };
	struct uicc_virt_msg head = { .type = type, .seq = seq, .len = len };

	memcpy(buf, &head, sizeof(head));
	if (len)
		memcpy(buf + sizeof(head), payload, len);
	return write(fd, buf, sizeof(head) + len) < 0 ? -errno : 0;
}

static void vcard_command(struct vcard *c, const struct uicc_virt_msg *head, const uint8_t *p)
{
	char hex[2 * UICC_VIRT_APDU_MAX + 1] = "";
	const char *answer = "6F00";
	struct vcard_step *step;
	uint8_t raw[UICC_VIRT_RESPONSE_EXT_MAX];
	size_t i;

	c->commands++;
	if (c->program) {
		i = c->program(c, p, head->len, raw);
		if (i)
			vcard_send(c->fd, UICC_VIRT_RESPONSE, head->seq, raw, i);
		return;
	}
	for (i = 0; i < head->len && i < UICC_VIRT_APDU_MAX; i++)
		sprintf(hex + 2 * i, "%02X", p[i]);
	step = c->next < c->n_steps ? &c->steps[c->next] : NULL;
	if (step && (!step->command[0] || !strcmp(step->command, hex))) {
		answer = step->answer;
		c->next++;
	} else if (!step && c->answer) {
		answer = c->answer(hex);
	} else {
		printf("# card: unexpected command %s, expected %s\n", hex,
		       step ? step->command : "none");
		c->unexpected = true;
	}
	if (c->answer_ms) {
		pthread_cond_broadcast(&c->changed);
		pthread_mutex_unlock(&c->lock);
		usleep(c->answer_ms * 1000);
		pthread_mutex_lock(&c->lock);
	}
	if (answer[0])
		vcard_send(c->fd, UICC_VIRT_RESPONSE, head->seq, raw,
			   vcard_unhex(raw, sizeof(raw), answer));
}

static void vcard_message(struct vcard *c, const struct uicc_virt_msg *head, const uint8_t *p)
{
	uint8_t atr[40];

	switch (head->type) {
	case UICC_VIRT_REGISTERED:
		memcpy(&c->slot, p, sizeof(c->slot));
		snprintf(c->dir, sizeof(c->dir), "/sys/class/uicc/uicc%u.card", c->slot);
		break;
	case UICC_VIRT_RESET:
		c->resets++;
		vcard_send(c->fd, UICC_VIRT_ATR, head->seq, atr,
			   c->mute ? 0 : vcard_unhex(atr, sizeof(atr), c->atr));
		break;
	case UICC_VIRT_POWER_OFF:
		c->power_offs++;
		if (c->on_power_off)
			c->on_power_off(c);
		break;
	case UICC_VIRT_CANCEL:
		c->cancels++;
		break;
	case UICC_VIRT_COMMAND:
		vcard_command(c, head, p);
		break;
	default:
		printf("# card: message of unknown type %u\n", head->type);
		c->unexpected = true;
	}
	pthread_cond_broadcast(&c->changed);
}

static void *vcard_thread(void *arg)
{
	struct vcard *c = arg;
	struct pollfd fds[2] = { { c->fd, POLLIN, 0 }, { c->stop[0], POLLIN, 0 } };
	uint8_t buf[UICC_VIRT_MSG_EXT_MAX];
	struct uicc_virt_msg head;
	ssize_t n;

	for (;;) {
		if (poll(fds, 2, -1) < 0 || fds[1].revents)
			return NULL;
		if (c->late_ms)
			usleep(c->late_ms * 1000);
		n = read(c->fd, buf, sizeof(buf));
		if (n < 0 && errno == EAGAIN)
			continue;	/* the kernel has taken it back meanwhile */
		if (n < (ssize_t)sizeof(head))
			return NULL;
		memcpy(&head, buf, sizeof(head));
		pthread_mutex_lock(&c->lock);
		vcard_message(c, &head, buf + sizeof(head));
		pthread_mutex_unlock(&c->lock);
	}
}

static bool vcard_wait(struct vcard *c, bool (*done)(struct vcard *c, unsigned int n),
		       unsigned int n)
{
	struct timespec until;
	bool ok;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 20;
	pthread_mutex_lock(&c->lock);
	while (!(ok = done(c, n)))
		if (pthread_cond_timedwait(&c->changed, &c->lock, &until))
			break;
	pthread_mutex_unlock(&c->lock);
	return ok;
}

static bool is_registered(struct vcard *c, unsigned int n)
{
	(void)n;
	return c->dir[0];
}

static bool has_commands(struct vcard *c, unsigned int n)
{
	return c->commands >= n;
}

bool vcard_wait_commands(struct vcard *c, unsigned int n)
{
	return vcard_wait(c, has_commands, n);
}

struct vcard *vcard_new(const char *name)
{
	return vcard_new_flags(name, 0);
}

struct vcard *vcard_new_flags(const char *name, uint32_t flags)
{
	struct uicc_virt_reader reader = { .flags = flags };
	struct vcard *c = calloc(1, sizeof(*c));
	int dev = open("/dev/uicc-virt", O_RDWR | O_CLOEXEC);

	if (!c || dev < 0)
		die("/dev/uicc-virt");
	snprintf(reader.name, sizeof(reader.name), "%s", name);
	c->fd = ioctl(dev, UICC_VIRT_IOC_NEW_READER, &reader);
	if (c->fd < 0 || fcntl(c->fd, F_SETFL, O_NONBLOCK) || pipe2(c->stop, O_CLOEXEC))
		die("new reader");
	close(dev);
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->changed, NULL);
	tidy(c->atr, sizeof(c->atr), VCARD_ATR);
	if (pthread_create(&c->thread, NULL, vcard_thread, c))
		die("thread");
	if (!vcard_wait(c, is_registered, 0))
		die("no REGISTERED");
	return c;
}

void vcard_free(struct vcard *c)
{
	char slot[64];

	if (write(c->stop[1], "", 1) != 1)
		die("pipe");
	pthread_join(c->thread, NULL);
	close(c->fd);
	close(c->stop[0]);
	close(c->stop[1]);
	snprintf(slot, sizeof(slot), "/sys/class/uicc/uicc%u", c->slot);
	if (!wait_path(slot, false))
		die("the slot stays");
	free(c);
}

int vcard_insert_raw(struct vcard *c, const char *atr)
{
	uint8_t raw[64];

	return vcard_send(c->fd, UICC_VIRT_INSERT, 0, raw, vcard_unhex(raw, sizeof(raw), atr));
}

bool vcard_insert(struct vcard *c)
{
	/* The directory comes before what is in it; this is the last of that. */
	return !vcard_insert_raw(c, c->atr) &&
	       wait_path(card_path(c, "ef-3f00.7f50.5031/fcp"), true);
}

bool vcard_remove(struct vcard *c)
{
	return !vcard_send(c->fd, UICC_VIRT_REMOVE, 0, NULL, 0) && wait_path(c->dir, false);
}

void vcard_expect(struct vcard *c, const char *command, const char *answer)
{
	struct vcard_step *step;

	pthread_mutex_lock(&c->lock);
	if (c->n_steps == VCARD_STEPS)
		die("too many steps");
	step = &c->steps[c->n_steps++];
	tidy(step->command, sizeof(step->command), command);
	tidy(step->answer, sizeof(step->answer), answer);
	pthread_mutex_unlock(&c->lock);
}

bool vcard_played(struct vcard *c)
{
	bool ok;

	pthread_mutex_lock(&c->lock);
	ok = !c->unexpected && c->next == c->n_steps;
	if (c->next != c->n_steps)
		printf("# card: %u steps did not come, first %s\n", c->n_steps - c->next,
		       c->steps[c->next].command);
	c->n_steps = 0;
	c->next = 0;
	c->unexpected = false;
	pthread_mutex_unlock(&c->lock);
	return ok;
}

int attr_read(const char *path, void *buf, size_t size, long off)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = pread(fd, buf, size, off);
	if (n < 0)
		n = -errno;
	close(fd);
	return n;
}

int attr_write_at(const char *path, const void *buf, size_t size, long off)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = pwrite(fd, buf, size, off);
	if (n < 0)
		n = -errno;
	close(fd);
	return n;
}

int attr_write(const char *path, const char *text)
{
	int n = attr_write_at(path, text, strlen(text), 0);

	return n < 0 ? n : 0;
}

bool attr_is(const char *path, const char *want)
{
	char text[256];
	int n = attr_read(path, text, sizeof(text) - 1, 0);

	if (n < 0) {
		printf("# %s: errno %d\n", path, -n);
		return false;
	}
	text[n] = '\0';
	if (!strcmp(text, want))
		return true;
	printf("# %s is \"%s\", not \"%s\"\n", path, text, want);
	return false;
}

const char *card_path(const struct vcard *c, const char *name)
{
	static __thread char path[2][256];
	static __thread int turn;

	turn = !turn;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", c->dir, name);
	return path[turn];
}

bool wait_path(const char *path, bool there)
{
	const struct timespec ms = { .tv_nsec = 1000000 };
	int i;

	for (i = 0; i < 10000; i++) {
		if (!access(path, F_OK) == there)
			return true;
		nanosleep(&ms, NULL);
	}
	printf("# %s: still %s\n", path, there ? "not there" : "there");
	return false;
}
