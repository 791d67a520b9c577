// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names of elementary files: text to path and back. It knows no card, and not
 * whether a file is there.
 */
#include <linux/ctype.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "path.h"

/* Lower-case hex alone. Returns the number of bytes, or -EINVAL. */
static int uicc_path_hex(u8 *out, size_t size, const char *text, size_t len)
{
	size_t i;

	if (!len || len % 2 || len / 2 > size)
		return -EINVAL;
	for (i = 0; i < len; i++)
		if (!isdigit(text[i]) && (text[i] < 'a' || text[i] > 'f'))
			return -EINVAL;
	if (hex2bin(out, text, len / 2))
		return -EINVAL;
	return len / 2;
}

/**
 * uicc_path_parse() - read the name of a file
 * @path: out
 * @text: components joined by '.', lower-case hex: first 3f00 or an AID of 5 to
 *	16 bytes, then 1 to UICC_PATH_FIDS_MAX file identifiers; a newline may end it
 * @len: bytes of @text
 *
 * Context: any.
 * Return: 0 or -EINVAL.
 */
int uicc_path_parse(struct uicc_path *path, const char *text, size_t len)
{
	const char *end, *dot;
	u8 bytes[UICC_AID_MAX];
	int n;

	memset(path, 0, sizeof(*path));
	if (len && text[len - 1] == '\n')
		len--;
	end = text + len;
	dot = memchr(text, '.', len);
	if (!dot)
		return -EINVAL;
	n = uicc_path_hex(bytes, sizeof(bytes), text, dot - text);
	if (n >= UICC_AID_MIN) {
		path->aid_len = n;
		memcpy(path->aid, bytes, n);
	} else if (n != 2 || bytes[0] != UICC_FID_MF >> 8 || bytes[1]) {
		return -EINVAL;
	}
	while (dot) {
		text = dot + 1;
		dot = memchr(text, '.', end - text);
		n = uicc_path_hex(bytes, 2, text, (dot ?: end) - text);
		if (n != 2 || path->n == UICC_PATH_FIDS_MAX)
			return -EINVAL;
		path->fids[path->n] = bytes[0] << 8 | bytes[1];
		/* The MF and "the current application" are no place inside. */
		if (path->fids[path->n] == UICC_FID_MF || path->fids[path->n] == UICC_FID_ADF)
			return -EINVAL;
		path->n++;
	}
	return 0;
}

/**
 * uicc_path_equal() - do two names mean the same file?
 * @a: a path, from uicc_path_parse()
 * @b: another one
 *
 * Context: any.
 * Return: true when they are equal.
 */
bool uicc_path_equal(const struct uicc_path *a, const struct uicc_path *b)
{
	/* Made by uicc_path_parse(), which clears what is not used. */
	return !memcmp(a, b, sizeof(*a));
}

/**
 * uicc_path_print() - the name of a file in sysfs
 * @path: the file
 * @name: out: "ef-" and what uicc_path_parse() reads, UICC_FILE_NAME_MAX bytes of room
 *
 * Context: any.
 */
void uicc_path_print(const struct uicc_path *path, char *name)
{
	unsigned int i;

	name += sprintf(name, "ef-");
	if (path->aid_len)
		name += sprintf(name, "%*phN", path->aid_len, path->aid);
	else
		name += sprintf(name, "3f00");
	for (i = 0; i < path->n; i++)
		name += sprintf(name, ".%04x", path->fids[i]);
}
