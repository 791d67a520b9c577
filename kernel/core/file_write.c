// SPDX-License-Identifier: GPL-2.0-only
/*
 * Updating elementary files, verified by reading back. Who may, the attribute
 * allow_update of the slot and the card say; objects of BER-TLV files: file_tlv.c.
 */
#include <linux/string.h>

#include "internal.h"

#define UICC_UPDATE_MAX		4096	/* bytes in one write */

/**
 * uicc_file_update_command() - send a command that writes
 * @card: the card, the file selected
 * @apdu: the command
 *
 * Not on the basic channel of a shared card: the other user may have selected
 * another file there since, and that would be written.
 *
 * Context: may sleep; card->cmd_lock is held.
 * Return: 0; -EOPNOTSUPP without a channel of our own; -ENOSPC when there is no
 * room, or no such record; else as uicc_card_command().
 */
int uicc_file_update_command(struct uicc_card *card, const struct uicc_apdu *apdu)
{
	struct uicc_rapdu r = {};
	int ret;

	if ((card->slot->flags & UICC_SLOT_SHARED) && !card->io.channel)
		return -EOPNOTSUPP;
	ret = uicc_card_command(card, apdu, &r);
	return ret == -ERANGE || r.sw == 0x6a83 || r.sw == 0x6a84 ? -ENOSPC : ret;
}

/**
 * uicc_file_unverified() - the errno when what was written was not read back
 * @ret: what reading gave; no error: it was something else
 *
 * Context: any.
 * Return: @ret when the card was not there to be asked, else -EIO.
 */
int uicc_file_unverified(int ret)
{
	return uicc_file_unasked(ret) ? ret : -EIO;
}

static void uicc_file_forget_range(struct uicc_file *file, size_t off, size_t count)
{
	mutex_lock(&file->card->cache_lock);
	uicc_cache_forget(&file->cache, off, count);
	mutex_unlock(&file->card->cache_lock);
}

/*
 * Reads what was written from the card, into the cache, where it stays when it is
 * the same. Returns 0 or an errno.
 */
static int uicc_file_verify(struct uicc_file *file, const u8 *buf, size_t off, size_t count)
{
	size_t miss, miss_len;
	bool missing, equal;
	ssize_t got;

	for (;;) {
		mutex_lock(&file->card->cache_lock);
		missing = uicc_cache_missing(&file->cache, off, count, &miss, &miss_len);
		equal = uicc_cache_equal(&file->cache, off, buf, count);
		mutex_unlock(&file->card->cache_lock);
		if (!missing)
			return equal ? 0 : -EIO;
		got = uicc_file_fetch(file, miss, miss_len);
		if (got <= 0 && got != -EAGAIN)
			return uicc_file_unverified(got);
	}
}

/* One command that writes, and what it wrote read back. */
static int uicc_file_update_part(struct uicc_file *file, const struct uicc_apdu *apdu,
				 const u8 *buf, size_t off, size_t n)
{
	struct uicc_rapdu r = {};

	/* First, so that nothing stale is left whatever happens. */
	uicc_file_forget_range(file, off, n);
	return uicc_card_select(file->card, &file->path, false, &r) ?:
	       uicc_file_update_command(file->card, apdu) ?:
	       uicc_file_verify(file, buf, off, n);
}

static int uicc_file_update_binary(struct uicc_file *file, const u8 *buf, size_t off,
				   size_t count)
{
	struct uicc_apdu apdu;
	size_t n;
	int ret;

	if (file->fcp.has_size && off + count > file->fcp.size)
		return -ENOSPC;
	for (; count; buf += n, off += n, count -= n) {
		n = uicc_apdu_read_max(&file->card->io, count);
		if (off + n > UICC_BINARY_MAX)
			return -ENOSPC;
		ret = uicc_apdu_update_binary(&apdu, off, buf, n) ?:
		      uicc_file_update_part(file, &apdu, buf, off, n);
		if (ret)
			return ret;
	}
	return 0;
}

static int uicc_file_update_linear(struct uicc_file *file, const u8 *buf, size_t off,
				   size_t count)
{
	size_t length = file->fcp.record_length;
	struct uicc_apdu apdu;
	int ret;

	if (off % length || count % length)
		return -EINVAL;
	if ((off + count) / length > uicc_file_records_max(file))
		return -ENOSPC;
	for (; count; buf += length, off += length, count -= length) {
		ret = uicc_apdu_update_record(&apdu, 0, off / length + 1, buf, length) ?:
		      uicc_file_update_part(file, &apdu, buf, off, length);
		if (ret)
			return ret;
	}
	return 0;
}

/* The new record takes the place of the oldest one, and all numbers move. */
static int uicc_file_update_cyclic(struct uicc_file *file, const u8 *buf, size_t off, size_t count)
{
	struct uicc_card *card = file->card;
	struct uicc_rapdu r = {};
	struct uicc_apdu apdu;
	int ret;

	if (off || count != file->fcp.record_length)
		return -EINVAL;
	mutex_lock(&card->cache_lock);
	uicc_file_forget(file);
	mutex_unlock(&card->cache_lock);
	ret = uicc_card_select(card, &file->path, false, &r) ?:
	      uicc_apdu_update_record_previous(&apdu, 0, buf, count);
	if (ret)
		return ret;
	ret = uicc_file_update_command(card, &apdu);
	/* The system goes to sleep. Not again after that: it would be one record more. */
	if (ret)
		return ret == -ERESTARTSYS ? -EINTR : ret;
	ret = uicc_file_verify(file, buf, off, count);
	return uicc_interrupted(ret) ? -EINTR : ret;
}

static int uicc_file_update(struct uicc_file *file, const u8 *buf, size_t off, size_t count)
{
	int ret;

	ret = uicc_file_fetch_fcp(file);
	if (ret)
		return ret;
	switch (file->fcp.type) {
	case UICC_FILE_TRANSPARENT:
		return uicc_file_update_binary(file, buf, off, count);
	case UICC_FILE_LINEAR_FIXED:
		return uicc_file_update_linear(file, buf, off, count);
	case UICC_FILE_CYCLIC:
		return uicc_file_update_cyclic(file, buf, off, count);
	case UICC_FILE_BER_TLV:
		return uicc_file_update_object(file, buf, off, count);
	default:
		return -EOPNOTSUPP;
	}
}

/**
 * uicc_file_write() - update a range of a file's content
 * @file: the file
 * @buf: the new content
 * @off: first byte
 * @count: bytes of @buf
 *
 * When it fails, the part before the failure may have been written; the cache holds
 * what was read back from the card or nothing.
 *
 * Context: may sleep, killable.
 * Return: @count; -EPERM the slot does not allow it; -EFBIG more than UICC_UPDATE_MAX;
 * -ENOSPC behind the end of the file; -EINVAL not whole records, or not one whole
 * object; -EIO the card does not give back what was written, or its memory fails; or
 * an errno as uicc_file_read().
 */
ssize_t uicc_file_write(struct uicc_file *file, const char *buf, loff_t off, size_t count)
{
	struct uicc_card *card = file->card;
	int ret;

	if (READ_ONCE(card->gone))
		return -ENODEV;
	if (!READ_ONCE(card->slot->allow_update))
		return -EPERM;
	if (count > UICC_UPDATE_MAX)
		return -EFBIG;
	if (off < 0)
		return -EINVAL;
	if (off > UICC_CACHE_MAX - count)
		return -ENOSPC;
	ret = uicc_card_get(card);
	if (!ret) {
		/* It may have been forbidden while we waited for the card. */
		if (!READ_ONCE(card->slot->allow_update)) {
			uicc_card_put(card);
			return -EPERM;
		}
		/* Begins anew when the card did not take a command, so nothing is done twice. */
		do
			ret = uicc_file_update(file, buf, off, count);
		while (ret == -EAGAIN);
		uicc_card_put(card);
	}
	switch (ret) {
	case 0:
		return count;
	case -EINVAL:
	case -EIO:
	case -ENOSPC:
		return ret;
	default:
		return uicc_file_errno(ret);
	}
}
