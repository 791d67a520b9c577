/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names of elementary files: text to path and back. It knows no card, and not
 * whether a file is there.
 */
#ifndef UICC_CORE_PATH_H
#define UICC_CORE_PATH_H

#include <linux/types.h>

#include "apdu.h"

#define UICC_PATH_FIDS_MAX	8	/* also UICC_PATH_MAX of apdu.h with 7FFF before */
/* "ef-", an AID in hex, and FIDs with their points. */
#define UICC_FILE_NAME_MAX	(3 + 2 * UICC_AID_MAX + 5 * UICC_PATH_FIDS_MAX + 1)

/**
 * struct uicc_path - where a file is
 * @aid: application that contains it
 * @aid_len: bytes of @aid, 0 when the path begins at the MF
 * @fids: the DFs, and last the EF
 * @n: number of @fids, at least 1
 */
struct uicc_path {
	u8 aid[UICC_AID_MAX];
	u8 aid_len;
	u8 n;
	u16 fids[UICC_PATH_FIDS_MAX];
};

int __must_check uicc_path_parse(struct uicc_path *path, const char *text, size_t len);
bool uicc_path_equal(const struct uicc_path *a, const struct uicc_path *b);
void uicc_path_print(const struct uicc_path *path, char *name);

#endif /* UICC_CORE_PATH_H */
