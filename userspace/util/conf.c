// SPDX-License-Identifier: GPL-2.0-or-later
/* dmsc.conf(5): strict, line by line, nothing loaded on an error. */
#include "util/conf.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "util/str.h"

#define FILE_MAX (64 * 1024)

enum kind { K_LIST, K_BOOL, K_TEXT, K_PATH, K_NUMBER, K_ENCODING };

struct key {
	const char *name;
	enum kind kind;
	size_t at;		/* offset in struct conf */
	unsigned int min, max;	/* K_NUMBER; max of K_TEXT: bytes, 0 = CONF_VALUE_MAX - 1 */
	bool needed;		/* an empty value is an error */
};

/* Documented in Documentation/man/dmsc.conf.5.rst, in this order. */
static const struct key keys[] = {
	{ "trusted-slots", K_LIST, offsetof(struct conf, trusted_slots), 0, 0, false },
	{ "connect-without-indicator", K_BOOL, offsetof(struct conf, connect_without_indicator),
	  0, 0, true },
	{ "indicator-oid", K_LIST, offsetof(struct conf, indicator_oids), 0, 0, true },
	{ "device-id", K_TEXT, offsetof(struct conf, device_id), 0, 0, false },
	{ "allow-http", K_LIST, offsetof(struct conf, allow_http), 0, 0, false },
	{ "ca-file", K_PATH, offsetof(struct conf, ca_file), 0, 0, false },
	{ "server-files", K_PATH, offsetof(struct conf, server_files), 0, 0, false },
	{ "insist-credentials", K_LIST, offsetof(struct conf, insist_credentials), 0, 0, false },
	{ "store", K_PATH, offsetof(struct conf, store), 0, 0, true },
	{ "consent-timeout", K_NUMBER, offsetof(struct conf, consent_timeout_s), 1, 3600, true },
	{ "patience", K_NUMBER, offsetof(struct conf, patience_s), 0, 604800, true },
	{ "maker", K_TEXT, offsetof(struct conf, maker), 0, 127, false },
	{ "model", K_TEXT, offsetof(struct conf, model), 0, 127, false },
	{ "oem", K_TEXT, offsetof(struct conf, oem), 0, 127, false },
	{ "device-type", K_TEXT, offsetof(struct conf, device_type), 0, 63, false },
	{ "firmware-version", K_TEXT, offsetof(struct conf, firmware_version), 0, 127, false },
	{ "software-version", K_TEXT, offsetof(struct conf, software_version), 0, 127, false },
	{ "hardware-version", K_TEXT, offsetof(struct conf, hardware_version), 0, 127, false },
	{ "language", K_TEXT, offsetof(struct conf, language), 0, 31, false },
	{ "mo-libraries", K_PATH, offsetof(struct conf, mo_libraries), 0, 0, false },
	{ "mo-hooks", K_LIST, offsetof(struct conf, mo_hooks), 0, 0, false },
	{ "card-check", K_PATH, offsetof(struct conf, card_check), 0, 0, false },
	{ "lwm2m-hook", K_PATH, offsetof(struct conf, lwm2m_hook), 0, 0, false },
	{ "update-hook", K_PATH, offsetof(struct conf, update_hook), 0, 0, false },
	{ "update-max", K_NUMBER, offsetof(struct conf, update_max_mib), 1, 65536, true },
	{ "connection-hook", K_PATH, offsetof(struct conf, connection_hook), 0, 0, false },
	{ "encoding", K_ENCODING, offsetof(struct conf, xml), 0, 0, true },
	{ "trace", K_BOOL, offsetof(struct conf, trace), 0, 0, true },
};

#define NKEYS (sizeof(keys) / sizeof(keys[0]))

static void list_set(struct conf_list *l, const char *v)
{
	l->n = 1;
	snprintf(l->v[0], sizeof(l->v[0]), "%s", v);
}

void conf_defaults(struct conf *c)
{
	memset(c, 0, sizeof(*c));
	list_set(&c->trusted_slots, "serial:*");
	list_set(&c->indicator_oids, "06136996DDCF9CE5BDD28CA3A4B7D0F2DDB8BE9820");
	strcpy(c->store, "/var/lib/dmsc");
	strcpy(c->server_files, CONF_SERVER_FILES);
	strcpy(c->mo_libraries, CONF_MO_LIBRARIES);
	c->consent_timeout_s = 60;
	c->patience_s = 86400;
	c->update_max_mib = 1024;
}

static const char *list_parse(struct conf_list *out, struct slice v)
{
	struct conf_list l = { 0 };
	struct slice word;

	while (str_split(&v, ' ', &word)) {
		word = str_trim(word);
		if (word.n == 0)
			continue;
		if (l.n == CONF_LIST_MAX)
			return "too many words";
		if (str_copy(l.v[l.n], CONF_VALUE_MAX, word))
			return "a word is too long";
		l.n++;
	}
	*out = l;
	return NULL;
}

/* Whole DER TLVs of an OID in hex: 06 LL content. */
static const char *oids_check(const struct conf_list *l)
{
	uint8_t raw[CONF_VALUE_MAX];
	size_t i, k, n;

	for (i = 0; i < l->n; i++) {
		n = strlen(l->v[i]);
		if (n < 6 || n % 2 || n > 68)
			return "not an OID in hexadecimal DER";
		for (k = 0; k < n; k++) {
			int d = hex_digit((unsigned char)l->v[i][k]);

			if (d < 0)
				return "not an OID in hexadecimal DER";
			raw[k / 2] = (uint8_t)(raw[k / 2] << 4 | d);
		}
		if (raw[0] != 0x06 || raw[1] != n / 2 - 2)
			return "not an OID in hexadecimal DER";
	}
	return NULL;
}

static const char *paths_check(const struct conf_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i][0] != '/')
			return "must be absolute paths";
	return NULL;
}

/* NULL, or what is wrong with the value. */
static const char *value_set(struct conf *c, const struct key *k, struct slice v)
{
	char *to = (char *)c + k->at;
	unsigned int number;
	const char *why;
	uint32_t n;
	size_t i;

	for (i = 0; i < v.n; i++)
		if (v.p[i] < 0x20 || v.p[i] == 0x7f)
			return "control character in the value";
	if (v.n == 0 && k->needed)
		return "needs a value";
	switch (k->kind) {
	case K_LIST:
		why = list_parse((struct conf_list *)to, v);
		if (!why && k->at == offsetof(struct conf, indicator_oids))
			why = oids_check(&c->indicator_oids);
		if (!why && k->at == offsetof(struct conf, mo_hooks))
			why = paths_check(&c->mo_hooks);
		return why;
	case K_BOOL:
		if (!slice_eq_str(v, "yes") && !slice_eq_str(v, "no"))
			return "must be yes or no";
		*(bool *)to = slice_eq_str(v, "yes");
		return NULL;
	case K_ENCODING:
		if (!slice_eq_str(v, "xml") && !slice_eq_str(v, "wbxml"))
			return "must be wbxml or xml";
		*(bool *)to = slice_eq_str(v, "xml");
		return NULL;
	case K_PATH:
		if (v.n && v.p[0] != '/')
			return "must be an absolute path";
		/* fall through */
	case K_TEXT:
		if (!str_utf8_valid(v))
			return "not UTF-8";
		if (k->max && v.n > k->max)
			return "too long";
		return str_copy(to, CONF_VALUE_MAX, v) ? "too long" : NULL;
	case K_NUMBER:
		if (str_parse_u32(v, &n) || n < k->min || n > k->max)
			return "not a number in range";
		number = n;
		*(unsigned int *)to = number;
		return NULL;
	}
	return "unknown kind";
}

static int fail(char err[CONF_ERROR_MAX], const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static int fail(char err[CONF_ERROR_MAX], const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err, CONF_ERROR_MAX, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

int conf_parse(struct slice text, const char *name, struct conf *c, char err[CONF_ERROR_MAX])
{
	bool seen[NKEYS] = { false };
	struct slice line, key;
	unsigned int nr = 0;
	const char *why;
	struct conf new = *c;
	size_t i;

	while (str_split(&text, '\n', &line)) {
		nr++;
		line = str_trim(line);
		if (line.n == 0 || line.p[0] == '#')
			continue;
		if (!memchr(line.p, '=', line.n))
			return fail(err, "%s:%u: no '='", name, nr);
		str_split(&line, '=', &key);
		key = str_trim(key);
		line = str_trim(line);
		for (i = 0; i < NKEYS && !slice_eq_str(key, keys[i].name); i++)
			;
		if (i == NKEYS)
			return fail(err, "%s:%u: unknown key '%.*s'", name, nr,
				    (int)(key.n < 64 ? key.n : 64), (const char *)key.p);
		if (seen[i])
			return fail(err, "%s:%u: '%s' is given twice", name, nr, keys[i].name);
		seen[i] = true;
		why = value_set(&new, &keys[i], line);
		if (why)
			return fail(err, "%s:%u: '%s': %s", name, nr, keys[i].name, why);
	}
	*c = new;
	return 0;
}

static int file_load(const char *path, struct conf *c, char err[CONF_ERROR_MAX])
{
	struct buf b;
	int r;

	buf_init(&b, FILE_MAX);
	r = buf_read_file(&b, path);
	if (!r)
		r = conf_parse(buf_slice(&b), path, c, err);
	else if (r != -ENOENT)
		fail(err, "%s: cannot be read: %s", path, strerror(-r));
	buf_fini(&b);
	return r == -ENOENT ? 0 : r;
}

static int is_conf(const struct dirent *d)
{
	return d->d_name[0] != '.' && str_ends(slice_str(d->d_name), ".conf");
}

static int dir_load(const char *path, struct conf *c, char err[CONF_ERROR_MAX])
{
	struct dirent **names = NULL;
	char file[2 * CONF_VALUE_MAX];
	int i, n, r = 0;

	n = scandir(path, &names, is_conf, alphasort);
	if (n < 0) {
		if (errno == ENOENT)
			return 0;
		r = -errno;
		fail(err, "%s: cannot be read: %s", path, strerror(-r));
		return r;
	}
	for (i = 0; i < n; i++) {
		if (!r && snprintf(file, sizeof(file), "%s/%s", path, names[i]->d_name) <
		    (int)sizeof(file))
			r = file_load(file, c, err);
		free(names[i]);
	}
	free(names);
	return r;
}

int conf_load(const char *path, struct conf *c, char err[CONF_ERROR_MAX])
{
	char dir[CONF_VALUE_MAX];
	int r;

	err[0] = 0;
	conf_defaults(c);
	r = file_load(path, c, err);
	if (!r && str_ends(slice_str(path), ".conf") &&
	    snprintf(dir, sizeof(dir), "%s.d", path) < (int)sizeof(dir))
		r = dir_load(dir, c, err);
	if (r)
		conf_defaults(c);
	return r;
}

int conf_to_fd(const struct conf *c)
{
	_cleanup_close_ int fd = memfd_create("dmsc.conf", MFD_CLOEXEC);
	int out;

	if (fd < 0)
		return -errno;
	if (pwrite(fd, c, sizeof(*c), 0) != sizeof(*c))
		return -EIO;
	out = fd;
	fd = -1;
	return out;
}

int conf_from_fd(int fd, struct conf *c)
{
	char more;

	if (pread(fd, c, sizeof(*c), 0) == sizeof(*c) && pread(fd, &more, 1, sizeof(*c)) == 0)
		return 0;
	conf_defaults(c);
	return -EPROTO;
}

bool conf_slot_trusted(const struct conf *c, const char *transport, const char *location)
{
	char slot[2 * CONF_VALUE_MAX];
	size_t i;

	if (snprintf(slot, sizeof(slot), "%s:%s", transport, location) >= (int)sizeof(slot))
		return false;
	for (i = 0; i < c->trusted_slots.n; i++)
		if (fnmatch(c->trusted_slots.v[i], slot, 0) == 0)
			return true;
	return false;
}

bool conf_list_has(const struct conf_list *l, const char *s)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (!strcmp(l->v[i], s))
			return true;
	return false;
}
