// SPDX-License-Identifier: GPL-2.0-or-later
/* EF(ICCID), EF(DIR), EF(ARR) and the PKCS#15 files of a described card. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "card/der.h"
#include "card/pkcs15.h"
#include "mkcard.h"
#include "tlv.h"
#include "util/str.h"

#define PKCS15_AID "\xA0\x00\x00\x00\x63PKCS-15"
#define PKCS15_DIR "a000000063504b43532d3135"
#define SIZE_STEP 32	/* a file is a little larger than its content */

void mkcard_tlv(struct buf *out, uint8_t tag, struct slice value)
{
	uint8_t head[TLV_HEAD_MAX];

	head[0] = tag;
	buf_put(out, head, 1 + tlv_put_length(head + 1, value.n));
	buf_put_slice(out, value);
}

static void put_hex(struct buf *out, const char *hex)
{
	if (hex_decode(out, slice_str(hex)) && !out->err)
		out->err = -EINVAL;
}

static struct mkcard_ef *ef_new(struct mkcard *c, const struct desc *d, bool in_pkcs15, uint16_t fid,
				const char *label)
{
	struct mkcard_ef *f = &c->ef[c->n++];

	*f = (struct mkcard_ef){ .fid = fid, .in_pkcs15 = in_pkcs15, .pad = 0xFF };
	snprintf(f->path, sizeof(f->path), "%s.%04x",
		 !in_pkcs15 ? "3f00" : d->gsm ? "3f00.7f50" : PKCS15_DIR, fid);
	snprintf(f->label, sizeof(f->label), "%s", label);
	buf_init(&f->data, MKCARD_EF_MAX);
	return f;
}

/* --- files of the MF ------------------------------------------------------- */

static void make_iccid(struct mkcard *c, const struct desc *d)
{
	struct mkcard_ef *f = ef_new(c, d, false, 0x2FE2, "EF(ICCID)");
	size_t n = strlen(d->iccid);

	f->sfi = 2;
	for (size_t i = 0; i < 20; i += 2) {	/* the first digit in the low nibble, F fills */
		uint8_t low = i < n ? d->iccid[i] - '0' : 0xF;
		uint8_t high = i + 1 < n ? d->iccid[i + 1] - '0' : 0xF;

		buf_put_u8(&f->data, (uint8_t)(high << 4 | low));
	}
}

static void put_record(struct mkcard_ef *f, struct slice record)
{
	buf_put_slice(&f->data, record);
	for (size_t n = record.n; n < f->record_len; n++)
		buf_put_u8(&f->data, f->pad);
}

/* EF(DIR): AID, label and path of the PKCS#15 application (TS 102 221 13.1). */
static void make_dir(struct mkcard *c, const struct desc *d)
{
	struct mkcard_ef *f = ef_new(c, d, false, 0x2F00, "EF(DIR)");
	struct buf in = BUF_INIT, record = BUF_INIT;

	f->sfi = 0x1E;
	f->record_len = 40;
	mkcard_tlv(&in, 0x4F, SLICE_LIT(PKCS15_AID));
	mkcard_tlv(&in, 0x50, SLICE_LIT("PKCS#15"));
	mkcard_tlv(&in, 0x51, SLICE_LIT("\x3F\x00\x7F\x50"));
	mkcard_tlv(&record, 0x61, buf_slice(&in));
	put_record(f, buf_slice(&record));
	if (buf_error(&in) || buf_error(&record))
		f->data.err = -ENOMEM;
	buf_fini(&in);
	buf_fini(&record);
}

/* EF(ARR): record 1 reads always, record 2 with the PIN; both are updated with ADM1. */
static void make_arr(struct mkcard *c, const struct desc *d)
{
	struct mkcard_ef *f = ef_new(c, d, false, 0x2F06, "EF(ARR)");
	struct buf record = BUF_INIT;

	f->sfi = 6;
	f->record_len = 32;
	put_hex(&record, "8001019000" "800102A40683010A950108");
	put_record(f, buf_slice(&record));
	if (d->pin_key >= 0) {
		buf_reset(&record);
		put_hex(&record, "800101A4068301");
		buf_put_u8(&record, key_reference(d->pin_key));
		put_hex(&record, "950108" "800102A40683010A950108");
		put_record(f, buf_slice(&record));
	}
	if (buf_error(&record))
		f->data.err = buf_error(&record);
	buf_fini(&record);
}

/* --- the PKCS#15 directory --------------------------------------------------- */

static void put_path(struct buf *out, uint16_t fid)
{
	uint8_t bytes[] = { DER_SEQUENCE, 4, DER_OCTETS, 2, (uint8_t)(fid >> 8), (uint8_t)fid };

	buf_put(out, bytes, sizeof(bytes));
}

static const struct pkcs15_oid *file_oid(enum desc_file f)
{
	const struct pkcs15_oid *const oids[] = {
		[DESC_DM_BOOTSTRAP] = &PKCS15_OID_DM_BOOTSTRAP,
		[DESC_BOOTSTRAP] = &PKCS15_OID_PROVSC_BOOTSTRAP,
		[DESC_CONFIG1] = &PKCS15_OID_PROVSC_CONFIG1,
		[DESC_CONFIG2] = &PKCS15_OID_PROVSC_CONFIG2,
		[DESC_INDICATOR] = &PKCS15_OID_INDICATOR,
		[DESC_LWM2M] = &PKCS15_OID_LWM2M_BOOTSTRAP,
	};

	return oids[f];
}

/* An object of EF(DODF): oidDO or opaqueDO of PKCS#15 v1.1, its OID wrapped once or, as on some cards, twice. */
static void put_object(struct buf *out, const struct desc *d, enum desc_file file)
{
	bool opaque = d->objects == DESC_OPAQUE_OBJECT || d->objects == DESC_OPAQUE_TWICE;
	bool twice = d->objects == DESC_OID_TWICE || d->objects == DESC_OPAQUE_TWICE;
	const struct pkcs15_oid *o = file_oid(file);
	struct buf oid = BUF_INIT, in = BUF_INIT, body = BUF_INIT, type = BUF_INIT;

	mkcard_tlv(&oid, DER_OID, slice_of(o->v, o->len));
	if (twice) {
		mkcard_tlv(&in, DER_OID, buf_slice(&oid));
		buf_reset(&oid);
		buf_put_slice(&oid, buf_slice(&in));
		buf_reset(&in);
	}
	if (d->ef[file].is_private)	/* CommonObjectFlags: bit 0, private; seven unused bits */
		put_hex(&in, "03020780");
	mkcard_tlv(&body, DER_SEQUENCE, buf_slice(&in));

	buf_reset(&in);
	mkcard_tlv(&in, DER_UTF8, slice_str(d->ef[file].label));
	if (opaque)
		buf_put_slice(&in, buf_slice(&oid));
	mkcard_tlv(&body, DER_SEQUENCE, buf_slice(&in));

	buf_reset(&in);
	if (!opaque)
		buf_put_slice(&in, buf_slice(&oid));
	put_path(&in, d->ef[file].fid);
	if (!opaque)
		mkcard_tlv(&type, DER_SEQUENCE, buf_slice(&in));
	mkcard_tlv(&body, 0xA1, opaque ? buf_slice(&in) : buf_slice(&type));
	mkcard_tlv(out, opaque ? DER_SEQUENCE : 0xA1, buf_slice(&body));
	if (buf_error(&oid) || buf_error(&in) || buf_error(&body) || buf_error(&type))
		out->err = -ENOMEM;
	buf_fini(&oid);
	buf_fini(&in);
	buf_fini(&body);
	buf_fini(&type);
}

static bool file_exists(const struct desc *d, enum desc_file f)
{
	if (f == DESC_INDICATOR)
		return d->indicator.present;
	if (f == DESC_LWM2M)
		return d->lwm2m.present;
	for (size_t i = 0; i < d->ndocs; i++)
		if (d->docs[i].file == f)
			return true;
	return false;
}

static void make_directory(struct mkcard *c, const struct desc *d)
{
	struct mkcard_ef *f = ef_new(c, d, true, 0x5031, "EF(ODF)");
	struct buf path = BUF_INIT;

	f->pad = d->zeros ? 0x00 : 0xFF;
	put_path(&path, d->ef[DESC_DODF].fid);
	mkcard_tlv(&f->data, 0xA7, buf_slice(&path));
	if (buf_error(&path))
		f->data.err = buf_error(&path);
	buf_fini(&path);

	f = ef_new(c, d, true, 0x5032, "EF(TokenInfo)");
	put_hex(&f->data, "300D" "020100" "040400000001" "03020000");

	f = ef_new(c, d, true, d->ef[DESC_DODF].fid, "EF(DODF)");
	f->pad = d->zeros ? 0x00 : 0xFF;
	f->size = d->ef[DESC_DODF].size;
	f->is_private = d->ef[DESC_DODF].is_private;
	for (int i = 0; i < DESC_DODF; i++)
		if (file_exists(d, i))
			put_object(&f->data, d, i);
}

/* --- the indicator ------------------------------------------------------------- */

static void put_byte(struct buf *out, uint8_t tag, uint8_t v)
{
	mkcard_tlv(out, tag, slice_of(&v, 1));
}

/* Documentation/card-data.rst */
static void put_indicator(struct buf *out, const struct desc_indicator *i)
{
	struct buf in = BUF_INIT;

	put_byte(&in, 0xC0, 1);
	put_byte(&in, 0xC1, (uint8_t)(i->connect | i->every_power_on << 1 | i->ask_incorporate << 2));
	if (i->has_ui)
		put_byte(&in, 0xC2, (uint8_t)i->ui);
	for (size_t k = 0; k < i->nservers; k++)
		mkcard_tlv(&in, 0xC3, slice_str(i->servers[k]));
	if (i->text[0])
		mkcard_tlv(&in, 0xC4, slice_str(i->text));
	if (i->has_timeout) {
		uint8_t s[] = { (uint8_t)(i->timeout_s >> 8), (uint8_t)i->timeout_s };

		mkcard_tlv(&in, 0xC5, slice_of(s, 2));
	}
	mkcard_tlv(out, 0xE1, buf_slice(&in));
	if (buf_error(&in))
		out->err = buf_error(&in);
	buf_fini(&in);
}

/* --- all of it ------------------------------------------------------------------- */

static struct mkcard_ef *ef_of(struct mkcard *c, const struct desc *d, enum desc_file f,
			       const char *label)
{
	struct mkcard_ef *ef = ef_new(c, d, true, d->ef[f].fid, label);

	ef->size = d->ef[f].size;
	ef->is_private = d->ef[f].is_private;
	return ef;
}

static void make_documents(struct mkcard *c, const struct desc *d)
{
	static const char *const labels[] = {
		[DESC_DM_BOOTSTRAP] = "EF(DM_Bootstrap)", [DESC_BOOTSTRAP] = "ProvSC Bootstrap",
		[DESC_CONFIG1] = "ProvSC Config1", [DESC_CONFIG2] = "ProvSC Config2" };

	for (size_t i = 0; i < d->ndocs; i++) {
		const struct desc_doc *doc = &d->docs[i];
		struct mkcard_ef *f = ef_of(c, d, doc->file, labels[doc->file]);

		if (doc->cp)
			mkcp_document(&f->data, doc);
		else
			mkdm_message(&f->data, doc);
	}
	if (d->indicator.present)
		put_indicator(&ef_of(c, d, DESC_INDICATOR, "indicator")->data, &d->indicator);
	if (d->lwm2m.present)
		mklwm2m_data(&ef_of(c, d, DESC_LWM2M, "EF(LwM2M_Bootstrap)")->data, &d->lwm2m);
}

int mkcard_make(struct mkcard *c, const struct desc *d, char *error, size_t error_size)
{
	memset(c, 0, sizeof(*c));
	make_iccid(c, d);
	make_dir(c, d);
	if (!d->gsm)
		make_arr(c, d);
	make_directory(c, d);
	make_documents(c, d);
	for (size_t i = 0; i < c->n; i++) {
		struct mkcard_ef *f = &c->ef[i];
		size_t need = f->record_len || !f->in_pkcs15 ? f->data.len :
			      (f->data.len + SIZE_STEP - 1) / SIZE_STEP * SIZE_STEP;

		if (!need)	/* an empty directory */
			need = SIZE_STEP;
		if (buf_error(&f->data) || (f->size && f->data.len > f->size) ||
		    need > MKCARD_EF_MAX) {
			snprintf(error, error_size,
				 buf_error(&f->data) == -ENOMEM ? "%s: out of memory" :
				 buf_error(&f->data) == -EILSEQ ? "%s: a text cannot be encoded" :
				 "%s: its content does not fit its size", f->label);
			return -EINVAL;
		}
		if (!f->size)
			f->size = need;
	}
	return 0;
}

void mkcard_fini(struct mkcard *c)
{
	for (size_t i = 0; i < c->n; i++)
		buf_wipe_fini(&c->ef[i].data);
	c->n = 0;
}
