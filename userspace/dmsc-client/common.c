// SPDX-License-Identifier: GPL-2.0-or-later
/* What several subcommands need: the tree with its objects, TNDS documents, the device's name. No commands. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "dmsc-client/client.h"
#include "dmsc-client/firmware.h"
#include "mo/dmacc_old.h"
#include "mo/mo.h"
#include "util/digest.h"
#include "util/log.h"
#include "util/str.h"

void client_reason(char *out, size_t size, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(out, size, fmt, ap);
	va_end(ap);
}

const char *client_outcome_name(enum client_outcome o)
{
	static const char *const names[] = {
		[CLIENT_OK] = "completed",
		[CLIENT_USAGE] = "usage",
		[CLIENT_CONFIG] = "config",
		[CLIENT_STORE] = "store",
		[CLIENT_NETWORK] = "network",
		[CLIENT_TLS] = "tls",
		[CLIENT_AUTH] = "auth",
		[CLIENT_PROTOCOL] = "protocol",
		[CLIENT_ABORTED] = "aborted",
		[CLIENT_DIFFERS] = "differs",
		[CLIENT_TRACE] = "trace",
		[CLIENT_SANDBOX] = "sandbox",
		[CLIENT_IGNORED] = "ignored",
	};

	return (size_t)o < sizeof(names) / sizeof(names[0]) ? names[o] : "?";
}

void client_session_conf(struct client_session_opts *o, const struct conf *c)
{
	o->allow_http = o->allow_http || conf_list_has(&c->allow_http, o->server_id);
	o->insist_credentials = conf_list_has(&c->insist_credentials, o->server_id) ||
				conf_list_has(&c->insist_credentials, "*");
	o->ca_default = c->ca_file[0] ? c->ca_file : NULL;
	o->server_files = c->server_files;
}

/* --- TNDS --- */

static int tnds_format(struct slice mime, enum codec_format *f)
{
	if (str_starts(mime, "application/vnd.syncml.dmtnds+wbxml"))
		*f = CODEC_WBXML;
	else if (str_starts(mime, "application/vnd.syncml.dmtnds+xml"))
		*f = CODEC_XML;
	else
		return -EOPNOTSUPP;
	return 0;
}

static int tnds_decode(struct slice doc, struct slice mime,
		       int (*fn)(void *ctx, const struct dm_tnds *tnds), void *ctx)
{
	struct codec_tnds *t = NULL;
	struct codec_error e;
	enum codec_format f;
	int err = tnds_format(mime, &f);

	if (err)
		return err;
	err = codec_tnds_decode(f, doc, NULL, &t, &e);
	if (err) {
		log_warn("tree object: %s", e.text);
		return err == -ENOMEM ? err : -EPROTO;
	}
	err = fn(ctx, codec_tnds_get(t));
	codec_tnds_free(t);
	return err;
}

static int tnds_encode(struct buf *out, const struct dm_tnds *tnds, struct slice mime)
{
	enum codec_format f;
	int err = tnds_format(mime, &f);

	if (err)
		return err;
	codec_tnds_encode(f, out, tnds);
	return buf_error(out);
}

const struct dm_tnds_ops client_tnds_ops = { .decode = tnds_decode, .encode = tnds_encode };

/* --- the tree --- */

int client_tree_open(struct store *s, struct mo_set *objects, struct dm_tree **out)
{
	struct dm_tree *t = dm_tree_new();
	int err;

	if (!t)
		return -ENOMEM;
	err = store_tree_load(s, t);
	if (!err && objects)
		err = firmware_load(objects, s);
	if (!err)
		err = objects ? mo_set_install(objects, t, time(NULL)) : mo_install(t, NULL, time(NULL));
	/* What a server of DM 1.1 may have added since; durable with the next commit. */
	if (!err)
		err = dmacc_old_take(t, false, time(NULL), NULL);
	if (err) {
		dm_tree_free(t);
		return err;
	}
	*out = t;
	return 0;
}

/* --- the device's name --- */

int client_device_id(char *out, size_t size)
{
	static const char salt[] = "dmsc device id 1";
	_cleanup_buf_ struct buf id = BUF_INIT;
	struct slice parts[2];
	uint8_t d[DIGEST_SHA256_SIZE];

	id.max = 64;
	if (buf_read_file(&id, "/etc/machine-id") < 0)
		return -ENOENT;
	parts[0] = slice_of(salt, sizeof(salt));
	parts[1] = str_trim(buf_slice(&id));
	if (parts[1].n < 16)
		return -ENOENT;
	digest_sha256_parts(parts, 2, d);
	d[6] = (d[6] & 0x0f) | 0x80;	/* RFC 9562 5.8: a UUID of version 8 */
	d[8] = (d[8] & 0x3f) | 0x80;
	if (snprintf(out, size,
		     "urn:uuid:%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
		     d[0], d[1], d[2], d[3], d[4], d[5], d[6], d[7], d[8], d[9], d[10], d[11], d[12],
		     d[13], d[14], d[15]) >= (int)size)
		return -ENAMETOOLONG;
	return 0;
}
