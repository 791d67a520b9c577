// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who may read and update a file: finds the rule that the FCP points to. What the
 * rule says, access.c knows; whether it is kept, the card sees to.
 */
#include <linux/string.h>

#include "internal.h"

/*
 * Reads the record of EF(ARR) that the FCP names: the file of that identifier in
 * the directory of the file, or next above it (TS 102 221 9.2.7 and 13.4), up to
 * the application, and last in the MF.
 */
static int uicc_file_fetch_rules(struct uicc_file *file, struct uicc_access *acc)
{
	struct uicc_card *card = file->card;
	struct uicc_path arr = file->path;
	u8 record[256];
	struct uicc_rapdu r = { .data = record, .size = sizeof(record) };
	struct uicc_apdu apdu;
	int ret;

	for (;;) {
		arr.fids[arr.n - 1] = file->fcp.arr_fid;
		ret = uicc_card_select(card, &arr, false, &r);
		if (ret != -ENOENT)
			break;
		if (arr.n > 1)
			arr.n--;
		else if (arr.aid_len)
			arr.aid_len = 0;
		else
			break;
	}
	if (!ret)
		ret = uicc_apdu_read_record(&apdu, 0, file->fcp.arr_record, 255) ?:
		      uicc_card_command(card, &apdu, &r);
	/*
	 * Some cards find an identifier in any directory: where these rules were only
	 * the card knows, and that is its current directory now. Nothing is looked for
	 * by its identifier alone from there.
	 */
	card->sel.ef_valid = false;
	return ret ?: uicc_access_rules(acc, r.data, r.len);
}

/* A card that gives no rule, or nonsense, does not say: that is no error. */
static int uicc_file_fetch_access(struct uicc_file *file, struct uicc_access *acc)
{
	int ret;

	ret = uicc_file_fetch_fcp(file);
	if (ret)
		return ret;
	ret = uicc_access_fcp(acc, &file->fcp, file->raw, file->raw_len);
	if (ret == 1)
		ret = uicc_file_fetch_rules(file, acc);
	if (ret == -EAGAIN || uicc_file_unanswered(file, ret))
		return ret;
	if (ret)
		memset(acc, 0, sizeof(*acc));
	return 0;
}

/**
 * uicc_file_access() - who may read and update a file, asked for at most once
 * @file: the file
 * @acc: out
 *
 * Context: may sleep, killable.
 * Return: 0 or an errno as uicc_file_read().
 */
int uicc_file_access(struct uicc_file *file, struct uicc_access *acc)
{
	struct uicc_card *card = file->card;
	bool known;
	int ret;

	if (READ_ONCE(card->gone))
		return -ENODEV;
	mutex_lock(&card->cache_lock);
	known = file->access_known;
	*acc = file->access;
	mutex_unlock(&card->cache_lock);
	if (known)
		return 0;
	ret = uicc_card_get(card);
	if (ret)
		return uicc_file_errno(ret);
	do
		ret = uicc_file_fetch_access(file, acc);
	while (ret == -EAGAIN);		/* bounded, see uicc_card_command() */
	if (!ret) {
		mutex_lock(&card->cache_lock);
		file->access = *acc;
		file->access_known = true;
		mutex_unlock(&card->cache_lock);
	}
	uicc_card_put(card);
	return uicc_file_errno(ret);
}
