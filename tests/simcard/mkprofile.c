// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `simcard mkprofile`: a description as a card profile, or as one file for each
 * EF. What either says depends on the description alone.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mkcard.h"
#include "simcard.h"
#include "util/cleanup.h"

#define HEX_BYTES 32	/* in one line of a profile */
/* That of the cards in profiles/. */
#define ATR_DEFAULT "3B 9E 96 80 1F C7 80 31 E0 73 FE 21 1B 64 6D 73 63 30 31 00 AE"

/* --- a profile ------------------------------------------------------------------ */

static void put_string(struct buf *out, const char *s)
{
	buf_put_u8(out, '"');
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			buf_put_u8(out, '\\');
		buf_put_u8(out, (uint8_t)*s);
	}
	buf_put_u8(out, '"');
}

static void put_bytes(struct buf *out, const char *word, struct slice s)
{
	for (size_t i = 0; i < s.n; i += HEX_BYTES) {
		buf_printf(out, "\t%s ", word);
		for (size_t k = i; k < s.n && k < i + HEX_BYTES; k++)
			buf_printf(out, "%02X", s.p[k]);
		buf_put_u8(out, '\n');
	}
}

static void put_ef(struct buf *out, const struct desc *d, const struct mkcard_ef *f)
{
	struct slice all = buf_slice(&f->data);

	buf_printf(out, "ef %04X %s label ", f->fid, f->record_len ? "linear-fixed" : "transparent");
	put_string(out, f->label);
	buf_put_u8(out, '\n');
	if (f->sfi)
		buf_printf(out, "\tsfi %02X\n", f->sfi);
	if (f->record_len) {
		buf_printf(out, "\trecord-length %u\n", f->record_len);
		for (size_t i = 0; i < all.n; i += f->record_len) {
			buf_put_str(out, "\trecord hex ");
			for (size_t k = 0; k < f->record_len; k++)
				buf_printf(out, "%02X", all.p[i + k]);
			buf_put_u8(out, '\n');
		}
		return;
	}
	buf_printf(out, "\tsize %zu\n", f->size);
	if (f->pad != 0xFF)
		buf_printf(out, "\tpad %02X\n", f->pad);
	if (f->is_private)
		buf_printf(out, "\tread %s\n", key_name(d->pin_key));
	if (f->in_pkcs15 && !d->gsm)
		buf_printf(out, "\tarr 2F06 %d\n", f->is_private ? 2 : 1);
	put_bytes(out, "hex", all);
}

static void put_profile(struct buf *out, const struct desc *d, const struct mkcard *c)
{
	bool inside = false;

	buf_put_str(out, "# Made by simcard mkprofile; change the description, not this.\n");
	if (d->secrets)
		buf_put_str(out, "# Holds secrets: keep it from others.\n");
	buf_printf(out, "card %s\natr ", d->gsm ? "2g" : "uicc");
	for (size_t i = 0; i < d->atr_len; i++)
		buf_printf(out, "%02X", d->atr[i]);
	buf_printf(out, "%s\n", d->atr_len ? "" : ATR_DEFAULT);
	if (d->pin_key >= 0) {
		buf_printf(out, "key %s ", key_name(d->pin_key));
		put_string(out, d->pin);
		buf_printf(out, " tries %u\n", d->pin_tries);
	}
	for (size_t i = 0; i < c->n; i++) {
		if (c->ef[i].in_pkcs15 && !inside) {
			buf_printf(out, "\n%s label \"PKCS#15\"\n",
				   d->gsm ? "df 7F50" : "adf A000000063504B43532D3135 fid 7F50");
			inside = true;
		}
		put_ef(out, d, &c->ef[i]);
	}
	buf_put_str(out, "end\n");
}

/* --- writing --------------------------------------------------------------------- */

static int complain(const char *path, int err)
{
	fprintf(stderr, "simcard: %s: %s\n", path, strerror(err));
	return SIMCARD_FAILED;
}

/* The whole file or nothing under its name, for its owner alone. */
static int write_file(const char *path, struct slice s)
{
	char temp[4096];
	int fd, err = 0;
	size_t at = 0;

	if (snprintf(temp, sizeof(temp), "%s.XXXXXX", path) >= (int)sizeof(temp))
		return complain(path, ENAMETOOLONG);
	fd = mkostemp(temp, O_CLOEXEC);	/* mode 0600 */
	if (fd < 0)
		return complain(path, errno);
	while (!err && at < s.n) {
		ssize_t n = write(fd, s.p + at, s.n - at);

		if (n < 0 && errno != EINTR)
			err = errno;
		at += n > 0 ? (size_t)n : 0;
	}
	if (close(fd) && !err)
		err = errno;
	if (!err && rename(temp, path))
		err = errno;
	if (!err)
		return SIMCARD_OK;
	unlink(temp);
	return complain(path, err);
}

/* A directory of old files would pass for a card with more than is described. */
static int files_dir(const char *dir)
{
	struct dirent *e;
	DIR *d;

	if (mkdir(dir, 0700) == 0)
		return SIMCARD_OK;
	if (errno != EEXIST)
		return complain(dir, errno);
	d = opendir(dir);
	if (!d)
		return complain(dir, errno);
	while ((e = readdir(d)) && (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..")))
		;
	closedir(d);
	return e ? complain(dir, ENOTEMPTY) : SIMCARD_OK;
}

static int write_files(const char *dir, const struct mkcard *c)
{
	int rc = files_dir(dir);

	for (size_t i = 0; !rc && i < c->n; i++) {
		const struct mkcard_ef *f = &c->ef[i];
		struct buf whole = BUF_INIT;
		char path[4096];

		buf_put_slice(&whole, buf_slice(&f->data));
		while (!buf_error(&whole) && whole.len < f->size)
			buf_put_u8(&whole, f->pad);
		if (snprintf(path, sizeof(path), "%s/%s", dir, f->path) >= (int)sizeof(path))
			rc = complain(dir, ENAMETOOLONG);
		else
			rc = buf_error(&whole) ? complain(path, ENOMEM) :
						 write_file(path, buf_slice(&whole));
		buf_wipe_fini(&whole);
	}
	return rc;
}

static int write_profile(const char *path, const struct desc *d, const struct mkcard *c)
{
	struct buf text = BUF_INIT;
	int rc;

	put_profile(&text, d, c);
	if (buf_error(&text))
		rc = complain("profile", ENOMEM);
	else if (path)
		rc = write_file(path, buf_slice(&text));
	else if (fwrite(text.data, 1, text.len, stdout) != text.len || fflush(stdout))
		rc = complain("standard output", errno);
	else
		rc = SIMCARD_OK;
	buf_wipe_fini(&text);
	return rc;
}

/* Others may read what it says? It is the user's to decide, so a warning is enough. */
static void warn_of_readers(const char *path)
{
	struct stat st;

	if (!stat(path, &st) && S_ISREG(st.st_mode) && st.st_mode & 077)
		fprintf(stderr, "simcard: %s: holds secrets and can be read by others: chmod 600\n",
			path);
}

int mkprofile_main(const char *path, const char *out, const char *files)
{
	char error[512];
	struct desc *d = desc_load(path, error, sizeof(error));
	struct mkcard c;
	int rc = SIMCARD_OK;

	if (!d) {
		fprintf(stderr, "simcard: %s\n", error);
		return SIMCARD_FAILED;
	}
	if (d->secrets)
		warn_of_readers(path);
	if (mkcard_make(&c, d, error, sizeof(error))) {
		fprintf(stderr, "simcard: %s: %s\n", path, error);
		rc = SIMCARD_FAILED;
	}
	if (!rc && files)
		rc = write_files(files, &c);
	if (!rc && (out || !files))
		rc = write_profile(out, d, &c);
	mkcard_fini(&c);
	desc_free(d);
	return rc;
}
