// SPDX-License-Identifier: GPL-2.0-or-later
/* The firmware update object in a session: its State out of the store, its Execs into it. */
#include "dmsc-client/firmware.h"

#include <errno.h>
#include <stdio.h>
#include <sys/random.h>
#include <time.h>

#include "util/log.h"
#include "util/str.h"

enum mo_fumo_state firmware_state(enum store_firmware_phase p)
{
	switch (p) {
	case STORE_FIRMWARE_DOWNLOADING:
		return MO_FUMO_DOWNLOADING;
	case STORE_FIRMWARE_DOWNLOADED:
		return MO_FUMO_DOWNLOADED;
	case STORE_FIRMWARE_UPDATE:
	case STORE_FIRMWARE_UPDATING:
	case STORE_FIRMWARE_REBOOT:
		return MO_FUMO_UPDATING;
	case STORE_FIRMWARE_READY:
		return MO_FUMO_READY;
	case STORE_FIRMWARE_DOWNLOAD_FAILED:
		return MO_FUMO_DOWNLOAD_FAILED;
	case STORE_FIRMWARE_FAILED_DATA:
		return MO_FUMO_FAILED_DATA;
	case STORE_FIRMWARE_FAILED:
		return MO_FUMO_FAILED;
	case STORE_FIRMWARE_DONE:
		return MO_FUMO_DONE;
	default:
		return MO_FUMO_IDLE;
	}
}

int firmware_load(struct mo_set *objects, struct store *s)
{
	struct mo_fumo *f = mo_fumo_of(objects);
	struct store_firmware row;
	int err = f ? store_firmware_get(s, MO_FUMO_URI, &row) : -ENOENT;

	if (f && !err) {
		f->state = firmware_state(row.phase);
		f->busy = store_firmware_open(row.phase);
	}
	return err == -ENOENT ? 0 : err;
}

int firmware_new_path(char out[STORE_FIRMWARE_PATH_MAX])
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	uint8_t raw[8];

	if (getrandom(raw, sizeof(raw), 0) != sizeof(raw))
		return -EIO;
	hex_encode(&b, slice_of(raw, sizeof(raw)));
	return buf_error(&b) ? -EIO : str_copy(out, STORE_FIRMWARE_PATH_MAX, buf_slice(&b));
}

static enum store_firmware_op op_of(enum mo_fumo_op op)
{
	return op == MO_FUMO_DOWNLOAD ? STORE_FIRMWARE_OP_DOWNLOAD :
	       op == MO_FUMO_UPDATE ? STORE_FIRMWARE_OP_UPDATE : STORE_FIRMWARE_OP_DOWNLOAD_UPDATE;
}

/* What the Exec asks for, beside what is kept of the package that is there. */
static int order_row(const struct firmware_session *f, const struct mo_fumo_order *o,
		     struct store_firmware *row)
{
	struct store_firmware old = { .path = "" };
	int err = store_firmware_get(f->store, MO_FUMO_URI, &old);

	if (err && err != -ENOENT)
		return err;
	*row = (struct store_firmware){ .op = op_of(o->op), .created = time(NULL) };
	row->updated = row->created;
	if (str_copy(row->uri, sizeof(row->uri), SLICE_LIT(MO_FUMO_URI)) ||
	    str_copy(row->server, sizeof(row->server), slice_str(f->server)) ||
	    str_copy(row->url, sizeof(row->url), slice_str(o->url)) ||
	    str_copy(row->correlator, sizeof(row->correlator), slice_str(o->correlator)))
		return -EINVAL;
	if (o->op != MO_FUMO_UPDATE) {
		row->phase = STORE_FIRMWARE_DOWNLOADING;
		return firmware_new_path(row->path);
	}
	row->phase = STORE_FIRMWARE_UPDATE;
	memcpy(row->path, old.path, sizeof(row->path));
	row->size = old.size;
	return 0;
}

static enum dm_status begin(void *ctx, const struct mo_fumo_order *o)
{
	struct firmware_session *f = ctx;
	struct store_firmware row;
	int err = order_row(f, o, &row);

	if (!err)
		err = store_firmware_put(f->store, &row);
	if (err) {
		log_err("firmware: what %s asks for is not begun: %s", f->server, store_strerror(err));
		return err == -EINVAL ? DM_ST_FAILED : DM_ST_STORE_FAILED;
	}
	f->begun = true;
	log_notice("firmware: %s asks for: %s", f->server, store_firmware_op_name(row.op));
	return DM_ST_ACCEPTED;
}

void firmware_session_begin(struct firmware_session *f, struct mo_set *objects, struct dm_tree *t,
			    bool allow_http)
{
	struct mo_fumo *o = mo_fumo_of(objects);

	if (!o)
		return;
	o->tree = t;
	o->allow_http = allow_http;
	o->begin = begin;
	o->ctx = f;
}

void firmware_session_end(struct mo_set *objects)
{
	struct mo_fumo *o = mo_fumo_of(objects);

	if (!o)
		return;
	o->tree = NULL;
	o->begin = NULL;
}
