// SPDX-License-Identifier: GPL-2.0-or-later
/* The class "uicc" in sysfs: attributes as text, EF ranges as bytes, neither interpreted. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "kernel/ef.h"
#include "util/str.h"

#define PKCS15_AID "a000000063504b43532d3135"

/* --- paths --------------------------------------------------------------- */

bool ef_path_valid(const char *path)
{
	size_t i, n = 0, components = 0;

	for (i = 0; i <= EF_PATH_MAX; i++) {
		char c = path[i];

		if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')) {
			n++;
			continue;
		}
		if (c != '.' && c != 0)
			return false;
		/* first: 3f00 or an AID of 5 to 16 bytes; the others: a FID */
		if (components == 0) {
			if (n % 2 || (n == 4 ? memcmp(path, "3f00", 4) != 0 : n < 10 || n > 32))
				return false;
		} else if (n != 4) {
			return false;
		}
		components++;
		n = 0;
		if (c == 0)
			return i < EF_PATH_MAX && components >= 2 && components <= 6;
	}
	return false;
}

bool ef_path_allowed(const char *path)
{
	static const char *const files[] = { "3f00.2f00", "3f00.2fe2" };
	static const char *const trees[] = { PKCS15_AID ".", "3f00.7f50.", "3f00.5015." };
	size_t i;

	if (!ef_path_valid(path))
		return false;
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (!strcmp(path, files[i]))
			return true;
	for (i = 0; i < sizeof(trees) / sizeof(trees[0]); i++)
		if (!strncmp(path, trees[i], strlen(trees[i])))
			return true;
	return false;
}

/* --- attributes ---------------------------------------------------------- */

/* A device name is a plain word; nothing else is ever put into a file name. */
static bool name_ok(const char *s)
{
	size_t i;

	if (strncmp(s, "uicc", 4))
		return false;
	for (i = 4; s[i]; i++)
		if (i > 24 || !((s[i] >= '0' && s[i] <= '9') || (s[i] >= 'a' && s[i] <= 'z') ||
				s[i] == '.'))
			return false;
	return !strstr(s, "..");
}

static int path_make(char *out, size_t size, const char *root, const char *device,
		     const char *rest)
{
	int n;

	if (device && !name_ok(device))
		return -EINVAL;
	n = device ? snprintf(out, size, "%s/%s/%s", root, device, rest) :
		     snprintf(out, size, "%s/%s", root, rest);
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

int ef_attr_read(const char *root, const char *device, const char *attr, char *out, size_t size)
{
	_cleanup_close_ int fd = -1;
	char path[512];
	ssize_t n;
	int r = path_make(path, sizeof(path), root, device, attr);

	out[0] = 0;
	if (r)
		return r;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, out, size - 1);
	if (n < 0) {
		out[0] = 0;
		return -errno;
	}
	out[n] = 0;
	if (n && out[n - 1] == '\n')
		out[n - 1] = 0;
	return 0;
}

int ef_attr_write(const char *root, const char *device, const char *attr, const char *value)
{
	_cleanup_close_ int fd = -1;
	char path[512];
	int r = path_make(path, sizeof(path), root, device, attr);

	if (r)
		return r;
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	return write(fd, value, strlen(value)) < 0 ? -errno : 0;
}

int ef_slot_name(const char *device, char *out, size_t size)
{
	const char *dot = strchr(device, '.');
	size_t n = dot ? (size_t)(dot - device) : strlen(device);

	if (!name_ok(device) || n < 5 || n >= size || (dot && strcmp(dot, ".card")))
		return -EINVAL;
	memcpy(out, device, n);
	out[n] = 0;
	return strspn(out + 4, "0123456789") == n - 4 ? 0 : -EINVAL;
}

/*
 * Which of the readers that had this name since boot: the inode number of the
 * device's directory. The kernel gives them out in ascending order.
 */
static int slot_life(const char *root, const char *slot, uint64_t *life)
{
	char path[256];
	struct stat st;

	if (snprintf(path, sizeof(path), "%s/%s", root, slot) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	if (stat(path, &st))
		return -errno;
	*life = st.st_ino & INT32_MAX;
	return 0;
}

int ef_slot_read(const char *root, const char *slot, struct ef_slot *out)
{
	static const char *const states[] = { "empty", "ready", "mute" };
	char state[16], seq[24];
	uint64_t life = 0;
	size_t i;
	int r;

	memset(out, 0, sizeof(*out));
	r = ef_slot_name(slot, out->name, sizeof(out->name));
	if (r)
		return r;
	r = ef_attr_read(root, out->name, "transport", out->transport, sizeof(out->transport));
	if (!r)
		r = ef_attr_read(root, out->name, "location", out->location,
				 sizeof(out->location));
	if (!r)
		r = ef_attr_read(root, out->name, "state", state, sizeof(state));
	if (!r)
		r = ef_attr_read(root, out->name, "seq", seq, sizeof(seq));
	if (!r)
		r = slot_life(root, out->name, &life);
	if (r)
		return r == -ENOENT ? -ENODEV : r;
	for (i = 0; i < 3 && strcmp(state, states[i]); i++)
		;
	if (i == 3 || str_parse_u64(slice_str(seq), &out->seq))
		return -EPROTO;
	out->state = (enum ef_slot_state)i;
	out->insertion = life << 32 | (out->seq & UINT32_MAX);
	return 0;
}

static int name_compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

int ef_slot_list(const char *root, char (*names)[32], size_t max)
{
	struct dirent *e;
	size_t n = 0;
	DIR *d = opendir(root);

	if (!d)
		return -errno;
	while (n < max && (e = readdir(d)))
		if (!strchr(e->d_name, '.') && !ef_slot_name(e->d_name, names[n], 32))
			n++;
	closedir(d);
	qsort(names, n, 32, name_compare);
	return (int)n;
}

/* --- EF content ---------------------------------------------------------- */

static int data_open(const char *root, const char *card, const char *ef)
{
	char path[512], rest[EF_PATH_MAX + 16];
	int fd, r;

	snprintf(rest, sizeof(rest), "ef-%s/data", ef);
	r = path_make(path, sizeof(path), root, card, rest);
	if (r)
		return r;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Is the card still the one of this insertion? */
static int seq_check(const char *root, const char *card, uint64_t seq)
{
	char text[24];
	uint64_t now;
	int r = ef_attr_read(root, card, "seq", text, sizeof(text));

	if (r)
		return r == -ENOENT ? -ENODEV : r;
	if (str_parse_u64(slice_str(text), &now))
		return -EPROTO;
	return now == seq ? 0 : -ENODEV;
}

int ef_read(const char *root, const char *card, uint64_t seq, const char *path, size_t off,
	    uint8_t *buf, size_t n)
{
	_cleanup_close_ int fd = -1;
	size_t got = 0;
	ssize_t k;
	int r;

	if (!ef_path_valid(path))
		return -EINVAL;
	r = seq_check(root, card, seq);
	if (r)
		return r;
	fd = data_open(root, card, path);
	if (fd == -ENOENT) {
		r = ef_attr_write(root, card, "export", path);
		if (r && r != -EEXIST)
			return r == -ENOENT ? -ENODEV : r;
		fd = data_open(root, card, path);
		if (fd == -ENOENT)
			return -ENODEV;	/* the group went as it came: so did the card */
	}
	if (fd < 0)
		return fd;
	while (got < n) {
		k = pread(fd, buf + got, n - got, (off_t)(off + got));
		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)	/* a part would pass for the whole file: unreadable is not absent */
			return -errno;
		if (k == 0)
			break;
		got += (size_t)k;
	}
	/* The name may have been taken by the next card while we read. */
	r = seq_check(root, card, seq);
	return r ? r : (int)got;
}

/* --- who may read -------------------------------------------------------- */

static int access_parse_pins(struct slice words, struct ef_access *out)
{
	struct slice word;
	int high, low;

	while (str_split(&words, ' ', &word)) {
		if (out->n == EF_PINS_MAX || word.n != 2)
			return -EPROTO;
		high = hex_digit(word.p[0]);
		low = hex_digit(word.p[1]);
		if (high < 0 || low < 0 || !(high | low))
			return -EPROTO;
		out->ref[out->n++] = (uint8_t)(high << 4 | low);
		if (!str_split(&words, ' ', &word))
			return 0;
		if (out->n > 1 && out->all != slice_eq(word, SLICE_LIT("and")))
			return -EPROTO;
		out->all = slice_eq(word, SLICE_LIT("and"));
		if (!out->all && !slice_eq(word, SLICE_LIT("or")))
			return -EPROTO;
	}
	return -EPROTO;
}

int ef_access_parse(const char *text, struct ef_access *out)
{
	static const char *const words[] = {
		[EF_UNKNOWN] = "unknown", [EF_ALWAYS] = "always", [EF_NEVER] = "never" };
	int r;

	memset(out, 0, sizeof(*out));
	for (unsigned int i = 0; i < EF_PINS; i++) {
		if (strcmp(text, words[i]))
			continue;
		out->kind = (enum ef_condition)i;
		return 0;
	}
	if (strncmp(text, "pin ", 4))
		return -EPROTO;
	out->kind = EF_PINS;
	r = access_parse_pins(slice_str(text + 4), out);
	if (r)
		memset(out, 0, sizeof(*out));
	return r;
}

int ef_read_access(const char *root, const char *card, uint64_t seq, const char *path,
		   struct ef_access *out)
{
	char attr[EF_PATH_MAX + 24], text[96];
	int r;

	memset(out, 0, sizeof(*out));
	if (!ef_path_valid(path))
		return -EINVAL;
	snprintf(attr, sizeof(attr), "ef-%s/read_access", path);
	r = ef_attr_read(root, card, attr, text, sizeof(text));
	if (r)
		return r == -ENOENT ? -ENODEV : r;
	r = ef_access_parse(text, out);
	/* The name may have been taken by the next card while we read. */
	return r ? r : seq_check(root, card, seq);
}
