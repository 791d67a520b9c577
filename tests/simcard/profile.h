/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A card profile: the file system, keys and faults of one virtual card, as its
 * text file describes it (Documentation/card-profile.rst). It is not the card:
 * what the card remembers while it has power is in card.h.
 */
#ifndef SIMCARD_PROFILE_H
#define SIMCARD_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROFILE_FILES_MAX 128
#define PROFILE_QUIRKS_MAX 32
#define PROFILE_KEYS 4
#define EF_SIZE_MAX 65535
#define RECORD_MAX 255
#define RECORDS_MAX 254
#define AID_MAX 16
#define ATR_MIN 2
#define ATR_MAX 33
#define CHANNELS_MAX 20
#define COMMAND_MAX (4 + 3 + 4096 + 2)	/* an extended APDU as the kernel makes it */
#define REPLY_MAX (4096 + 2)
#define QUIRK_BYTES_MAX 258	/* what a quirk answers: a short response */

enum file_kind { FILE_MF, FILE_DF, FILE_ADF, FILE_EF };

/* The structure bits of the FCP's file descriptor, TS 102 221 11.1.1.4.3. */
enum ef_structure { EF_TRANSPARENT = 1, EF_LINEAR_FIXED = 2, EF_CYCLIC = 6, EF_BER_TLV = 0x39 };

/* An access condition: one of these, or the index of a key (0 .. PROFILE_KEYS - 1). */
#define ACCESS_ALWAYS (-1)
#define ACCESS_NEVER (-2)

struct card_file {
	enum file_kind kind;
	bool has_fid;		/* an ADF may have none */
	uint16_t fid;
	int parent;		/* index of the directory above; -1 for the MF and ADFs */
	uint8_t aid[AID_MAX];	/* ADF */
	size_t aid_len;
	enum ef_structure structure;	/* EF, as all below */
	int read, update;	/* access conditions */
	int sfi;		/* 1 .. 30, 0 = none */
	bool deactivated;
	uint8_t pad;		/* what fills up to @size and short records */
	uint16_t arr_fid;	/* EF(ARR) and record that hold the rules; 0 = not referenced */
	uint8_t arr_record;
	bool arr_has_se;	/* and the security environment it holds for */
	uint8_t arr_se;
	uint8_t *data;		/* owned; records or objects one after the other */
	size_t size;
	size_t used;		/* of a BER-TLV EF: bytes of its objects */
	size_t record_len, record_count;
	char *label;		/* owned, for `show`; NULL when none */
};

struct card_key {
	bool present;
	bool disabled;
	uint8_t value[8];	/* padded with FF, as VERIFY carries it */
	int tries;		/* what the retry counter starts with */
};

enum quirk_kind {
	QUIRK_SILENT_AFTER,	/* number */
	QUIRK_SILENT,
	QUIRK_SW,		/* bytes */
	QUIRK_REPLY,		/* bytes */
	QUIRK_TRUNCATE,		/* number */
	QUIRK_EXTRA,		/* number */
	QUIRK_DELAY,		/* number: ms */
	QUIRK_MAP,		/* bytes: from, to */
	QUIRK_NO_FCP,
	QUIRK_NO_FCI,		/* bytes */
	QUIRK_LE_6C,		/* number */
	QUIRK_LE_00_NONE,
	QUIRK_EOF_6C00,
	QUIRK_NO_CHANNELS,	/* bytes */
	QUIRK_IGNORE_CHANNEL,
	QUIRK_GLOBAL_FID,
	QUIRK_NO_PATH_TO_ADF,
	QUIRK_FCP_INTERNAL,
	QUIRK_FCP_PADDED_AID,
	QUIRK_FCP_REVERSED,
	QUIRK_FCP_SECURITY,	/* number: enum fcp_security */
	QUIRK_FCP_SIZE,		/* number, with "on" */
	QUIRK_MUTE,
	QUIRK_BAD_ATR,
};

enum fcp_security { FCP_SECURITY_EXPANDED, FCP_SECURITY_COMPACT, FCP_SECURITY_NONE };

/* Commands a quirk can name besides a real INS. */
#define INS_ANY (-1)
#define INS_READ (-2)	/* READ BINARY and READ RECORD */

struct quirk {
	enum quirk_kind kind;
	int ins;		/* an INS byte or INS_* */
	unsigned int number;
	uint8_t bytes[QUIRK_BYTES_MAX];
	size_t n_bytes;
	int on_fid;		/* only while this EF is current; -1 = always */
	unsigned int after;	/* the first @after matching commands are spared */
	unsigned int times;	/* then so many are hit; 0 = all */
	char text[80];		/* as written, for `show` */
};

struct profile {
	char *path;
	uint8_t atr[ATR_MAX];
	size_t atr_len;
	int protocol;		/* 0 or 1 */
	bool apdu;		/* takes APDUs, T=0 or not: its reader does the rest of T=0 */
	bool extended;		/* and those of extended length */
	bool shared;		/* a modem uses the card too */
	int channels;		/* logical channels it has, the basic one included */
	bool uicc, gsm;		/* which classes of commands the card takes */
	struct card_file files[PROFILE_FILES_MAX];	/* [0] is the MF */
	int n_files;
	struct card_key keys[PROFILE_KEYS];
	struct quirk quirks[PROFILE_QUIRKS_MAX];
	int n_quirks;
};

/*
 * Reads the profile at @path. On failure -errno is returned, @error (of
 * @error_size bytes) holds one line "FILE:LINE: reason", and @p holds nothing.
 */
int profile_load(struct profile *p, const char *path, char *error, size_t error_size);
void profile_fini(struct profile *p);
/* Whether lengths and TCK of an ATR fit (ISO 7816-3 8.2) and it offers T=0 or T=1. */
bool profile_atr_is_sound(const uint8_t *atr, size_t len);

/* The first quirk of this kind, or NULL. */
const struct quirk *profile_quirk(const struct profile *p, enum quirk_kind kind);

/* The name of an INS byte as quirks and statistics write it, or NULL. */
const char *ins_name(uint8_t ins);
/* The name and key reference (TS 102 221 9.5.1) of key @index. */
const char *key_name(int index);
uint8_t key_reference(int index);

#endif
