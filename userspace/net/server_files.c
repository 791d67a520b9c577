// SPDX-License-Identifier: GPL-2.0-or-later
/* The files of one server; the contract is in server_files.h. */
#include "net/server_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/buf.h"

#define PEM_MAX (4u << 20)	/* a whole system's authorities are a quarter of a MB */

static bool plain(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '.' || c == '_' || c == '-';
}

int server_name(struct slice id, char out[SERVER_NAME_MAX])
{
	bool dots = slice_eq_str(id, ".") || slice_eq_str(id, "..");
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; i < id.n; i++) {
		bool keep = plain(id.p[i]) && !dots;

		if (n + (keep ? 1 : 3) >= SERVER_NAME_MAX) {
			out[0] = '\0';
			return -ENAMETOOLONG;
		}
		if (keep)
			out[n++] = (char)id.p[i];
		else
			n += (size_t)snprintf(out + n, SERVER_NAME_MAX - n, "%%%02X", id.p[i]);
		out[n] = '\0';
	}
	return id.n ? 0 : -EINVAL;
}

struct pem_kind {
	const char *what, *words;
	bool secret;
};

static const struct pem_kind certificate = { "certificate", "-----BEGIN CERTIFICATE-----", false };
static const struct pem_kind private_key = { "private key", "PRIVATE KEY-----", true };

/* Certificates are public. A key that everybody can read is no secret any more. */
static int check_mode(int fd, bool secret, const char *name, char err[SERVER_FILES_ERROR_MAX])
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode)) {
		snprintf(err, SERVER_FILES_ERROR_MAX, "%.150s: not a regular file", name);
		return -EINVAL;
	}
	if (secret && st.st_mode & 0007) {
		snprintf(err, SERVER_FILES_ERROR_MAX,
			 "%.120s: a key that everybody can read or change is not used", name);
		return -EPERM;
	}
	if (st.st_size > (off_t)PEM_MAX) {
		snprintf(err, SERVER_FILES_ERROR_MAX, "%.150s: too large", name);
		return -EFBIG;
	}
	return 0;
}

static int read_all(int fd, struct buf *b)
{
	uint8_t block[4096];
	ssize_t n;

	while ((n = read(fd, block, sizeof(block))) > 0)
		buf_put(b, block, (size_t)n);
	explicit_bzero(block, sizeof(block));
	return n < 0 ? -errno : buf_error(b);
}

/* 0, -ENOENT, or another with the sentence, in which the file is called @name. */
static int check_pem(const char *path, const char *name, const struct pem_kind *kind,
		     char err[SERVER_FILES_ERROR_MAX])
{
	/* A FIFO would wait for ever. */
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct buf b;
	int r;

	if (fd < 0 && errno == ENOENT)
		return -ENOENT;
	buf_init(&b, PEM_MAX);
	err[0] = '\0';
	r = fd < 0 ? -errno : check_mode(fd, kind->secret, name, err);
	if (!r)
		r = read_all(fd, &b);
	if (!r && !memmem(b.data ? b.data : (const uint8_t *)"", b.len, kind->words,
			  strlen(kind->words))) {
		snprintf(err, SERVER_FILES_ERROR_MAX, "%.140s: holds no %s in PEM form", name,
			 kind->what);
		r = -EINVAL;
	}
	if (r && !err[0])
		snprintf(err, SERVER_FILES_ERROR_MAX, "%.120s cannot be read: %s", name,
			 strerror(-r));
	buf_wipe_fini(&b);
	return r;
}

int server_files_check_ca(const char *path, const char *name, char err[SERVER_FILES_ERROR_MAX])
{
	int r = check_pem(path, name, &certificate, err);

	if (r == -ENOENT)
		snprintf(err, SERVER_FILES_ERROR_MAX, "%.120s cannot be read: %s", name,
			 strerror(-r));
	return r;
}

/* Both or none. */
static int check_pair(struct server_files *f, char err[SERVER_FILES_ERROR_MAX])
{
	int cert = check_pem(f->cert, f->cert, &certificate, err), key;

	if (cert && cert != -ENOENT)
		return cert;
	key = check_pem(f->key, f->key, &private_key, err);
	if (key && key != -ENOENT)
		return key;
	if (cert && key) {
		f->cert[0] = f->key[0] = '\0';
		return 0;
	}
	if (!cert && !key)
		return 0;
	snprintf(err, SERVER_FILES_ERROR_MAX, "%.100s is there, but no %s beside it",
		 cert ? f->key : f->cert, cert ? "cert.pem" : "key.pem");
	return -EINVAL;
}

int server_files_find(const char *dir, struct slice server_id, struct server_files *out,
		      char err[SERVER_FILES_ERROR_MAX])
{
	char name[SERVER_NAME_MAX];
	int r;

	memset(out, 0, sizeof(*out));
	err[0] = '\0';
	if (!dir[0] || server_name(server_id, name))
		return 0;
	snprintf(out->ca, sizeof(out->ca), "%.255s/%s/ca.pem", dir, name);
	snprintf(out->cert, sizeof(out->cert), "%.255s/%s/cert.pem", dir, name);
	snprintf(out->key, sizeof(out->key), "%.255s/%s/key.pem", dir, name);
	r = check_pem(out->ca, out->ca, &certificate, err);
	if (r == -ENOENT) {
		out->ca[0] = '\0';
		r = 0;
	}
	if (!r)
		r = check_pair(out, err);
	if (r)
		memset(out, 0, sizeof(*out));
	return r;
}
