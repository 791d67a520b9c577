/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Client provisioning documents (PROV 1.0 of WAP-183, 1.1 of OMA ProvCont) in
 * WBXML or XML to the types of dm/prov.h. Input is hostile: see codec.h, whose
 * promises hold here too.
 *
 * Elements that the document type does not have, characteristics without a type
 * and parms without a name count as not sent, with all that they hold.
 */
#ifndef DMSC_CODEC_PROV_H
#define DMSC_CODEC_PROV_H

#include "codec/codec.h"
#include "dm/prov.h"

/* A document that owns its texts. */
struct codec_prov;

/* Zero numbers of struct codec_limits mean these; nodes are characteristics and parms. */
extern const struct codec_limits codec_prov_limits_default;

/*
 * 0; -EBADMSG malformed, or of another type; -E2BIG a limit was passed;
 * -ENOMEM. On failure @out is unmodified. @limits and @err may be NULL.
 */
int codec_prov_decode(enum codec_format format, struct slice doc, const struct codec_limits *limits,
		      struct codec_prov **out, struct codec_error *err)
	__attribute__((warn_unused_result));
/* Borrowed, valid until codec_prov_free(). */
const struct dm_prov *codec_prov_get(const struct codec_prov *p);
/* NULL is fine. */
void codec_prov_free(struct codec_prov *p);

#endif
