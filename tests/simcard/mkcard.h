/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A description as the files of a card: bytes of EFs, nothing of how a profile
 * or a directory of files holds them.
 */
#ifndef SIMCARD_MKCARD_H
#define SIMCARD_MKCARD_H

#include "desc.h"
#include "util/buf.h"

#define MKCARD_EFS_MAX 16
#define MKCARD_PATH_MAX 48	/* with its NUL */
#define MKCARD_EF_MAX 32768	/* bytes of one file: what READ BINARY reaches */

struct mkcard_ef {
	char path[MKCARD_PATH_MAX];	/* as the groups of a card device: "3f00.2fe2" */
	uint16_t fid;
	char label[DESC_TEXT_MAX + 16];
	unsigned int record_len;	/* 0 = transparent */
	uint8_t sfi;			/* 0 = none */
	bool in_pkcs15;			/* of the PKCS#15 directory, else of the MF */
	bool is_private;		/* needs the PIN */
	uint8_t pad;
	size_t size;
	struct buf data;		/* not yet padded */
};

struct mkcard {
	size_t n;
	struct mkcard_ef ef[MKCARD_EFS_MAX];
};

/* 0, or -EINVAL with what does not fit in @error. mkcard_fini() wipes either way. */
int mkcard_make(struct mkcard *c, const struct desc *d, char *error, size_t error_size);
void mkcard_fini(struct mkcard *c);

/* One element of BER-TLV with the shortest length, appended; @tag of one byte. */
void mkcard_tlv(struct buf *out, uint8_t tag, struct slice value);

/* mkdm.c: the message of EF(DM_Bootstrap). Errors are sticky in @out. */
void mkdm_message(struct buf *out, const struct desc_doc *doc);
/* mkcp.c: a provisioning document. */
void mkcp_document(struct buf *out, const struct desc_doc *doc);
/* mklwm2m.c: the content of EF(LwM2M_Bootstrap). */
void mklwm2m_data(struct buf *out, const struct desc_lwm2m *l);

#endif
