/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Global tokens of WBXML 1.3 (WAP-192 section 7.1), for parser and writer. */
#ifndef DMSC_CODEC_WBXML_H
#define DMSC_CODEC_WBXML_H

enum {
	WBXML_SWITCH_PAGE = 0x00,
	WBXML_END = 0x01,
	WBXML_ENTITY = 0x02,
	WBXML_STR_I = 0x03,
	WBXML_LITERAL = 0x04,	/* and 44, 84, C4 with content, attributes or both */
	WBXML_EXT_I_0 = 0x40,
	WBXML_PI = 0x43,
	WBXML_EXT_T_0 = 0x80,
	WBXML_STR_T = 0x83,
	WBXML_EXT_0 = 0xc0,
	WBXML_OPAQUE = 0xc3,
};

enum {	/* parts of a tag, section 5.8.2 */
	WBXML_TAG_TOKEN = 0x3f,
	WBXML_TAG_CONTENT = 0x40,
	WBXML_TAG_ATTRS = 0x80,
};

enum {
	WBXML_VERSION_1_1 = 0x01,
	WBXML_VERSION_1_2 = 0x02,
	WBXML_VERSION_1_3 = 0x03,
};

enum {	/* IANA MIB numbers */
	WBXML_US_ASCII = 3,
	WBXML_UTF_8 = 106,
};

/* Public identifiers (OMNA). */
enum {
	WBXML_ID_UNKNOWN = 0x01,
	WBXML_ID_SYNCML_1_0 = 0x0fd1,
	WBXML_ID_SYNCML_1_1 = 0x0fd3,
	WBXML_ID_SYNCML_1_2 = 0x1201,
	WBXML_ID_PROV_1_0 = 0x0b,
};

#define WBXML_FPI_SYNCML "-//SYNCML//DTD SyncML"
#define WBXML_FPI_PROV "-//WAPFORUM//DTD PROV"
#define WBXML_FPI_DDF "-//OMA//DTD-DM-DDF"
#define WBXML_FPI_DDF_1_2 "-//OMA//DTD-DM-DDF 1.2//EN"

#endif
