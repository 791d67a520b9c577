// SPDX-License-Identifier: GPL-2.0-or-later
/* The only file of mo/ that looks at the running system: maker, model, versions, language. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>

#include "mo/mo.h"
#include "util/str.h"

#define FILE_MAX 65536			/* bytes of a description file */

/* Printable text up to the first control character, trimmed, cut to @size. */
static void take(char *out, size_t size, struct slice s)
{
	size_t n = 0;

	s = str_trim(s);
	while (n < s.n && n + 1 < size && s.p[n] >= 0x20 && s.p[n] != 0x7f)
		n++;
	while (n && n < s.n && (s.p[n] & 0xc0) == 0x80)
		n--;			/* not in the middle of a character */
	if (!n || !str_utf8_valid(slice_of(s.p, n)))
		return;
	memcpy(out, s.p, n);
	out[n] = 0;
}

/* The first of @paths that says something; @out stays as it was otherwise. */
static void from_files(char *out, size_t size, const char *const *paths)
{
	out[0] = 0;
	for (; *paths && !out[0]; paths++) {
		_cleanup_buf_ struct buf b = BUF_INIT;

		b.max = FILE_MAX;
		if (buf_read_file(&b, *paths) == 0)
			take(out, size, buf_slice(&b));
	}
}

/* KEY=value or KEY="value" of os-release(5). */
static void os_release(const struct buf *file, const char *key, char *out, size_t size)
{
	struct slice rest = buf_slice(file), line;
	size_t n = strlen(key);

	while (str_split(&rest, '\n', &line)) {
		if (!str_starts(line, key) || line.n <= n || line.p[n] != '=')
			continue;
		line = str_trim(slice_of(line.p + n + 1, line.n - n - 1));
		if (line.n >= 2 && (line.p[0] == '"' || line.p[0] == '\'') &&
		    line.p[line.n - 1] == line.p[0])
			line = slice_of(line.p + 1, line.n - 2);
		take(out, size, line);
		return;
	}
}

static void software(struct mo_facts *f)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	char name[40] = "", version[24] = "";
	struct utsname u;

	b.max = FILE_MAX;
	if (buf_read_file(&b, "/etc/os-release") && buf_read_file(&b, "/usr/lib/os-release"))
		buf_reset(&b);
	os_release(&b, "NAME", name, sizeof(name));
	os_release(&b, "VERSION_ID", version, sizeof(version));
	if (uname(&u)) {
		snprintf(f->swv, sizeof(f->swv), "%s %s", name, version);
	} else {
		if (!name[0])
			take(name, sizeof(name), slice_str(u.sysname));
		snprintf(f->swv, sizeof(f->swv), "%s %s (%.40s)", name, version, u.release);
		if (!f->mod[0])
			take(f->mod, sizeof(f->mod), slice_str(u.machine));
	}
	if (!f->man[0])
		take(f->man, sizeof(f->man), slice_str(name));
}

/* RFC 1766 tag of a locale: "de_DE.UTF-8" is "de-DE". */
static void language(char *out, size_t size)
{
	const char *l = getenv("LC_ALL");
	size_t n = 0;

	if (!l || !*l)
		l = getenv("LANG");
	for (; l && l[n] && l[n] != '.' && l[n] != '@' && n + 1 < size; n++)
		out[n] = l[n] == '_' ? '-' : l[n];
	out[n] = 0;
	if (n < 2 || strcmp(out, "POSIX") == 0)
		snprintf(out, size, "en");
}

void mo_facts_from_system(struct mo_facts *f, const char *dev_id)
{
	static const char *const man[] = { "/sys/class/dmi/id/sys_vendor", NULL };
	static const char *const mod[] = { "/sys/class/dmi/id/product_name",
					   "/proc/device-tree/model", NULL };
	static const char *const fwv[] = { "/sys/class/dmi/id/bios_version", NULL };
	static const char *const hwv[] = { "/sys/class/dmi/id/product_version",
					   "/proc/device-tree/compatible", NULL };

	memset(f, 0, sizeof(*f));
	if (dev_id)
		take(f->dev_id, sizeof(f->dev_id), slice_str(dev_id));
	from_files(f->man, sizeof(f->man), man);
	from_files(f->mod, sizeof(f->mod), mod);
	from_files(f->fwv, sizeof(f->fwv), fwv);
	from_files(f->hwv, sizeof(f->hwv), hwv);
	software(f);
	snprintf(f->dmv, sizeof(f->dmv), "dmsc %s", DMSC_VERSION);
	language(f->lang, sizeof(f->lang));
	snprintf(f->dev_typ, sizeof(f->dev_typ), "Linux");
	snprintf(f->oem, sizeof(f->oem), "%s", f->man);
	f->large_objects = true;
	f->limits = (struct dm_uri_limits){ 64, 1024, 127 };
}
