/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The element names of SyncML, MetInf and DM DDF with their WBXML tokens: the
 * one table behind both decoders and both encoders.
 *
 * A tag is its code page times 64 plus its token, so the WBXML side computes
 * what the XML side looks up. 0 is no tag: an element nobody here knows.
 */
#ifndef DMSC_CODEC_TAGS_H
#define DMSC_CODEC_TAGS_H

#include "util/slice.h"

#define CODEC_PAGE_TAGS 64u	/* WBXML 1.3 section 5.8: six bits of tag identity */
#define CODEC_PAGES 3u

enum codec_page {
	CODEC_PAGE_SYNCML,
	CODEC_PAGE_METINF,
	CODEC_PAGE_DDF,
};

/* SyncML code page 0, RepPro 1.2 */
#define CODEC_TAGS_SYNCML(X) \
	X(0x05, SML_ADD, "Add") \
	X(0x06, SML_ALERT, "Alert") \
	X(0x07, SML_ARCHIVE, "Archive") \
	X(0x08, SML_ATOMIC, "Atomic") \
	X(0x09, SML_CHAL, "Chal") \
	X(0x0A, SML_CMD, "Cmd") \
	X(0x0B, SML_CMD_ID, "CmdID") \
	X(0x0C, SML_CMD_REF, "CmdRef") \
	X(0x0D, SML_COPY, "Copy") \
	X(0x0E, SML_CRED, "Cred") \
	X(0x0F, SML_DATA, "Data") \
	X(0x10, SML_DELETE, "Delete") \
	X(0x11, SML_EXEC, "Exec") \
	X(0x12, SML_FINAL, "Final") \
	X(0x13, SML_GET, "Get") \
	X(0x14, SML_ITEM, "Item") \
	X(0x15, SML_LANG, "Lang") \
	X(0x16, SML_LOC_NAME, "LocName") \
	X(0x17, SML_LOC_URI, "LocURI") \
	X(0x18, SML_MAP, "Map") \
	X(0x19, SML_MAP_ITEM, "MapItem") \
	X(0x1A, SML_META, "Meta") \
	X(0x1B, SML_MSG_ID, "MsgID") \
	X(0x1C, SML_MSG_REF, "MsgRef") \
	X(0x1D, SML_NO_RESP, "NoResp") \
	X(0x1E, SML_NO_RESULTS, "NoResults") \
	X(0x1F, SML_PUT, "Put") \
	X(0x20, SML_REPLACE, "Replace") \
	X(0x21, SML_RESP_URI, "RespURI") \
	X(0x22, SML_RESULTS, "Results") \
	X(0x23, SML_SEARCH, "Search") \
	X(0x24, SML_SEQUENCE, "Sequence") \
	X(0x25, SML_SESSION_ID, "SessionID") \
	X(0x26, SML_SFT_DEL, "SftDel") \
	X(0x27, SML_SOURCE, "Source") \
	X(0x28, SML_SOURCE_REF, "SourceRef") \
	X(0x29, SML_STATUS, "Status") \
	X(0x2A, SML_SYNC, "Sync") \
	X(0x2B, SML_SYNC_BODY, "SyncBody") \
	X(0x2C, SML_SYNC_HDR, "SyncHdr") \
	X(0x2D, SML_SYNC_ML, "SyncML") \
	X(0x2E, SML_TARGET, "Target") \
	X(0x2F, SML_TARGET_REF, "TargetRef") \
	X(0x31, SML_VER_DTD, "VerDTD") \
	X(0x32, SML_VER_PROTO, "VerProto") \
	X(0x33, SML_NUMBER_OF_CHANGES, "NumberOfChanges") \
	X(0x34, SML_MORE_DATA, "MoreData") \
	X(0x35, SML_FIELD, "Field") \
	X(0x36, SML_FILTER, "Filter") \
	X(0x37, SML_RECORD, "Record") \
	X(0x38, SML_FILTER_TYPE, "FilterType") \
	X(0x39, SML_SOURCE_PARENT, "SourceParent") \
	X(0x3A, SML_TARGET_PARENT, "TargetParent") \
	X(0x3B, SML_MOVE, "Move") \
	X(0x3C, SML_CORRELATOR, "Correlator")

/* MetInf code page 1, MetInf 1.2 */
#define CODEC_TAGS_METINF(X) \
	X(0x05, MET_ANCHOR, "Anchor") \
	X(0x06, MET_EMI, "EMI") \
	X(0x07, MET_FORMAT, "Format") \
	X(0x08, MET_FREE_ID, "FreeID") \
	X(0x09, MET_FREE_MEM, "FreeMem") \
	X(0x0A, MET_LAST, "Last") \
	X(0x0B, MET_MARK, "Mark") \
	X(0x0C, MET_MAX_MSG_SIZE, "MaxMsgSize") \
	X(0x0D, MET_MEM, "Mem") \
	X(0x0E, MET_MET_INF, "MetInf") \
	X(0x0F, MET_NEXT, "Next") \
	X(0x10, MET_NEXT_NONCE, "NextNonce") \
	X(0x11, MET_SHARED_MEM, "SharedMem") \
	X(0x12, MET_SIZE, "Size") \
	X(0x13, MET_TYPE, "Type") \
	X(0x14, MET_VERSION, "Version") \
	X(0x15, MET_MAX_OBJ_SIZE, "MaxObjSize") \
	X(0x16, MET_FIELD_LEVEL, "FieldLevel")

/* DM DDF code page 2, TND 1.2 section 8.6 */
#define CODEC_TAGS_DDF(X) \
	X(0x05, DDF_ACCESS_TYPE, "AccessType") \
	X(0x06, DDF_ACL, "ACL") \
	X(0x07, DDF_ADD, "Add") \
	X(0x08, DDF_FMT_B64, "b64") \
	X(0x09, DDF_FMT_BIN, "bin") \
	X(0x0A, DDF_FMT_BOOL, "bool") \
	X(0x0B, DDF_FMT_CHR, "chr") \
	X(0x0C, DDF_CASE_SENSE, "CaseSense") \
	X(0x0D, DDF_CIS, "CIS") \
	X(0x0E, DDF_COPY, "Copy") \
	X(0x0F, DDF_CS, "CS") \
	X(0x10, DDF_FMT_DATE, "date") \
	X(0x11, DDF_DDFNAME, "DDFName") \
	X(0x12, DDF_DEFAULT_VALUE, "DefaultValue") \
	X(0x13, DDF_DELETE, "Delete") \
	X(0x14, DDF_DESCRIPTION, "Description") \
	X(0x15, DDF_DFFORMAT, "DFFormat") \
	X(0x16, DDF_DFPROPERTIES, "DFProperties") \
	X(0x17, DDF_DFTITLE, "DFTitle") \
	X(0x18, DDF_DFTYPE, "DFType") \
	X(0x19, DDF_DYNAMIC, "Dynamic") \
	X(0x1A, DDF_EXEC, "Exec") \
	X(0x1B, DDF_FMT_FLOAT, "float") \
	X(0x1C, DDF_FORMAT, "Format") \
	X(0x1D, DDF_GET, "Get") \
	X(0x1E, DDF_FMT_INT, "int") \
	X(0x1F, DDF_MAN, "Man") \
	X(0x20, DDF_MGMT_TREE, "MgmtTree") \
	X(0x21, DDF_MIME, "MIME") \
	X(0x22, DDF_MOD, "Mod") \
	X(0x23, DDF_NAME, "Name") \
	X(0x24, DDF_NODE, "Node") \
	X(0x25, DDF_FMT_NODE, "node") \
	X(0x26, DDF_NODE_NAME, "NodeName") \
	X(0x27, DDF_FMT_NULL, "null") \
	X(0x28, DDF_OCCURRENCE, "Occurrence") \
	X(0x29, DDF_ONE, "One") \
	X(0x2A, DDF_ONE_OR_MORE, "OneOrMore") \
	X(0x2B, DDF_ONE_OR_N, "OneOrN") \
	X(0x2C, DDF_PATH, "Path") \
	X(0x2D, DDF_PERMANENT, "Permanent") \
	X(0x2E, DDF_REPLACE, "Replace") \
	X(0x2F, DDF_RTPROPERTIES, "RTProperties") \
	X(0x30, DDF_SCOPE, "Scope") \
	X(0x31, DDF_SIZE, "Size") \
	X(0x32, DDF_FMT_TIME, "time") \
	X(0x33, DDF_TITLE, "Title") \
	X(0x34, DDF_TSTAMP, "TStamp") \
	X(0x35, DDF_TYPE, "Type") \
	X(0x36, DDF_VALUE, "Value") \
	X(0x37, DDF_VER_DTD, "VerDTD") \
	X(0x38, DDF_VER_NO, "VerNo") \
	X(0x39, DDF_FMT_XML, "xml") \
	X(0x3A, DDF_ZERO_OR_MORE, "ZeroOrMore") \
	X(0x3B, DDF_ZERO_OR_N, "ZeroOrN") \
	X(0x3C, DDF_ZERO_OR_ONE, "ZeroOrOne")
enum codec_tag {
	TAG_NONE = 0,
#define X(token, sym, name) TAG_##sym = (token) + CODEC_PAGE_SYNCML * CODEC_PAGE_TAGS,
	CODEC_TAGS_SYNCML(X)
#undef X
#define X(token, sym, name) TAG_##sym = (token) + CODEC_PAGE_METINF * CODEC_PAGE_TAGS,
	CODEC_TAGS_METINF(X)
#undef X
#define X(token, sym, name) TAG_##sym = (token) + CODEC_PAGE_DDF * CODEC_PAGE_TAGS,
	CODEC_TAGS_DDF(X)
#undef X
};

static inline enum codec_page codec_tag_page(unsigned int tag)
{
	return (enum codec_page)(tag / CODEC_PAGE_TAGS);
}

static inline unsigned int codec_tag_token(unsigned int tag)
{
	return tag % CODEC_PAGE_TAGS;
}

/* Its element name; not present for a tag nobody has. Static. */
struct slice codec_tag_name(unsigned int tag);
/* The tag of that name on @page, or TAG_NONE. */
unsigned int codec_tag_find(enum codec_page page, const void *name, size_t n);

#endif
