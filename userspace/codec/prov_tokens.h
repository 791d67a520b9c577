/* SPDX-License-Identifier: GPL-2.0-or-later */
/* WBXML tokens of provisioning documents (ProvCont 1.1, section 8). */
#ifndef DMSC_CODEC_PROV_TOKENS_H
#define DMSC_CODEC_PROV_TOKENS_H

#include <stdint.h>

enum prov_tag {	/* the same on both code pages; page 1 has no root */
	PROV_TAG_DOC = 0x05,
	PROV_TAG_CHARACTERISTIC = 0x06,
	PROV_TAG_PARM = 0x07,
};

#define PROV_PAGES 2u

/* As struct codec_wbxml_type wants them. Static, or NULL. */
const char *prov_attr_start(unsigned int page, uint8_t token);
const char *prov_attr_value(unsigned int page, uint8_t token);

#endif
