// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading elementary files with as few commands as possible: FCP and content,
 * each asked of the card once. What files there are, file.c knows.
 */
#include <linux/slab.h>

#include "internal.h"

/**
 * uicc_file_errno() - the errno of the ABI: what a reader can do something about
 * @ret: 0 or an errno from here or below
 *
 * Context: any.
 * Return: 0 or an errno of the ABI document; -EPROTO for all it does not name.
 */
int uicc_file_errno(int ret)
{
	switch (ret) {
	case 0:
	case -ENOENT:
	case -EACCES:
	case -ENODEV:
	case -ETIMEDOUT:
	case -EINTR:
	case -ENOMEM:
	case -EOPNOTSUPP:
	case -ERESTARTNOINTR:
	case -ERESTARTSYS:
	case -EFBIG:
		return ret;
	default:
		return -EPROTO;
	}
}

/**
 * uicc_file_unasked() - did the card get no chance to answer?
 * @ret: 0 or an errno
 *
 * Context: any.
 * Return: true when @ret says nothing about the file.
 */
bool uicc_file_unasked(int ret)
{
	return ret == -ENODEV || ret == -ETIMEDOUT || ret == -EINTR || ret == -ENOMEM ||
	       uicc_interrupted(ret);
}

/**
 * uicc_file_unanswered() - did the card get no chance to answer, or answer nonsense?
 * @file: the file
 * @ret: 0 or an errno of a command just now
 *
 * Context: any; card->cmd_lock is held.
 * Return: true when @ret says nothing about the file.
 */
bool uicc_file_unanswered(const struct uicc_file *file, int ret)
{
	lockdep_assert_held(&file->card->cmd_lock);
	return uicc_file_unasked(ret) || (ret && file->card->reset_needed);
}

/* Keeps what a SELECT said of the file. */
static int uicc_file_keep_fcp(struct uicc_file *file, const struct uicc_rapdu *r)
{
	struct uicc_card *card = file->card;
	struct uicc_fcp fcp = {};
	int ret;

	ret = card->io.mode == UICC_MODE_SIM2G ? uicc_fcp_parse_2g(&fcp, r->data, r->len) :
						 uicc_fcp_parse(&fcp, r->data, r->len);
	if (ret)
		return ret;
	/* Some cards find an identifier anywhere; this one found another. */
	if (fcp.has_fid && fcp.fid != file->path.fids[file->path.n - 1]) {
		uicc_card_drop_selection(card);
		return -EPROTO;
	}
	/* Now it is the current directory, and its neighbours are not found from there. */
	if (fcp.type == UICC_FILE_DF)
		uicc_card_drop_selection(card);
	mutex_lock(&card->cache_lock);
	file->fcp = fcp;
	memcpy(file->raw, r->data, r->len);
	file->raw_len = r->len;
	file->fcp_known = true;
	if (fcp.type != UICC_FILE_UNKNOWN)
		file->records = fcp.type == UICC_FILE_LINEAR_FIXED ||
				fcp.type == UICC_FILE_CYCLIC;
	mutex_unlock(&card->cache_lock);
	return 0;
}

/**
 * uicc_file_fetch_fcp() - have the FCP, and the file selected if it was not known
 * @file: the file
 *
 * Context: may sleep; card->cmd_lock is held.
 * Return: 0 or an errno, which uicc_file_errno() has not seen yet.
 */
int uicc_file_fetch_fcp(struct uicc_file *file)
{
	struct uicc_card *card = file->card;
	struct uicc_rapdu r = { .size = sizeof(file->raw) };
	int ret;

	lockdep_assert_held(&card->cmd_lock);
	if (file->fcp_known)
		return 0;
	r.data = kzalloc(r.size, GFP_KERNEL);
	if (!r.data)
		return -ENOMEM;
	ret = uicc_card_select(card, &file->path, true, &r) ?: uicc_file_keep_fcp(file, &r);
	kfree(r.data);
	return ret;
}

/**
 * uicc_file_store() - put what was read in the cache
 * @file: the file
 * @off: where it was read
 * @data: what was read
 * @len: bytes of @data, 1 or more
 * @end: the file ends behind it
 *
 * Context: may sleep; takes card->cache_lock.
 * Return: 0; -ENOMEM; -EPROTO when the card contradicts itself; -EFBIG.
 */
int uicc_file_store(struct uicc_file *file, size_t off, const u8 *data, size_t len, bool end)
{
	int ret;

	mutex_lock(&file->card->cache_lock);
	ret = uicc_cache_store(&file->cache, off, data, len);
	if (!ret && end)
		ret = uicc_cache_set_eof(&file->cache, off + len);
	mutex_unlock(&file->card->cache_lock);
	return ret;
}

/*
 * A card that has nothing at @off: the end when the byte before it was read, else
 * a hole. Returns 0 or an errno.
 */
static int uicc_file_end(struct uicc_file *file, size_t off)
{
	size_t miss, miss_len;
	int ret = 0;

	mutex_lock(&file->card->cache_lock);
	if (!off || !uicc_cache_missing(&file->cache, off - 1, 1, &miss, &miss_len))
		ret = uicc_cache_set_eof(&file->cache, off);
	mutex_unlock(&file->card->cache_lock);
	return ret;
}

/*
 * A card that gave no byte at @off. At the start of a file that has bytes, or of
 * which the card says neither that nor that it ends here (@end), it is nonsense:
 * an error, or userspace would take a broken card for one without data.
 */
static int uicc_file_nothing(struct uicc_file *file, size_t off, bool end)
{
	int ret;

	if (off)
		return uicc_file_end(file, off);
	ret = uicc_file_fetch_fcp(file);
	if (uicc_file_unanswered(file, ret))
		return ret;
	if (!ret && file->fcp.has_size)
		end = !file->fcp.size;
	return end ? uicc_file_end(file, 0) : -EPROTO;
}

/* What @r says of the file at @off, where @le bytes were asked for. */
static ssize_t uicc_file_take_binary(struct uicc_file *file, size_t off, size_t le,
				     const struct uicc_rapdu *r)
{
	bool end = uicc_sw_ends_file(r->sw);
	int ret;

	if (!r->len)
		return uicc_file_nothing(file, off, end);
	/*
	 * That these are fewer than asked proves nothing by itself: some cards
	 * give a file in parts and name their length by 6Cxx. It does when the
	 * file came in larger parts before; else the next READ tells.
	 */
	if (r->len < le && r->len < file->part)
		end = true;
	if (file->fcp_known && file->fcp.has_size && off + r->len == file->fcp.size)
		end = true;
	file->cut = r->len < le;
	file->part = max_t(u16, file->part, r->len);
	ret = uicc_file_store(file, off, r->data, r->len, end);
	return ret ?: r->len;
}

/* READ BINARY of @le bytes at @at; of record @at when the file has records. */
static int uicc_file_command(struct uicc_file *file, u8 sfi, size_t at, u16 le,
			     struct uicc_rapdu *r)
{
	struct uicc_apdu apdu;
	int ret;

	if (file->records)
		ret = uicc_apdu_read_record(&apdu, sfi, at, le);
	else if (sfi)
		ret = uicc_apdu_read_binary_sfi(&apdu, sfi, at, le);
	else
		ret = uicc_apdu_read_binary(&apdu, at, le);
	return ret ?: uicc_card_command(file->card, &apdu, r);
}

/* The same, of a file for which uicc_card_select_or_sfi() gave @sfi. */
static int uicc_file_command_sfi(struct uicc_file *file, u8 sfi, size_t at, u16 le,
				 struct uicc_rapdu *r)
{
	int ret = uicc_file_command(file, sfi, at, le, r);

	if (!sfi || !r->sw || !uicc_card_sfi_refused(file->card, &file->path, r))
		return ret;
	return uicc_card_select(file->card, &file->path, false, r) ?:
	       uicc_file_command(file, 0, at, le, r);
}

/*
 * A READ that was refused, perhaps because it would have gone beyond the end: some
 * cards do not give what there is then. After an answer that was short, 6Bxx is the end.
 */
static bool uicc_file_beyond(const struct uicc_file *file, u16 sw)
{
	return !file->fcp_known && (sw == 0x6700 || (sw >> 8 == 0x6b && !file->cut));
}

/* One READ BINARY into @r, whose room is enough for all a card may say. */
static ssize_t uicc_file_ask_binary(struct uicc_file *file, size_t off, size_t len,
				    struct uicc_rapdu *r)
{
	const struct uicc_fcp *fcp = file->fcp_known && off <= U8_MAX ? &file->fcp : NULL;
	struct uicc_card *card = file->card;
	u8 sfi;
	int ret;

	ret = uicc_card_select_or_sfi(card, &file->path, fcp, &sfi, r);
	if (ret)
		return ret;
	/*
	 * A 2G card gives its FCP unasked, and may take a READ that goes beyond
	 * the end for an error. Any other may answer that with one command more.
	 */
	if (card->io.mode == UICC_MODE_SIM2G && !file->fcp_known && r->len) {
		ret = uicc_file_keep_fcp(file, r);
		if (file->records || !card->sel.ef_valid)
			return ret ?: -EOPNOTSUPP;
	}
	if (file->fcp_known && file->fcp.has_size) {
		if (off >= file->fcp.size)
			return uicc_file_nothing(file, off, true);
		len = min_t(size_t, len, file->fcp.size - off);
	}
	len = uicc_apdu_read_max(&card->io, len);
	ret = uicc_file_command_sfi(file, sfi, off, len, r);
	switch (r->sw) {
	case 0x6981:	/* command incompatible with file structure */
	case 0x6986:	/* no current EF, as seen for record files */
	case 0x9408:
		uicc_card_drop_selection(card);
		return -EOPNOTSUPP;
	}
	if (uicc_file_beyond(file, r->sw)) {
		int err = uicc_file_fetch_fcp(file);

		/* Anew, and no further than it says. */
		if (!err || uicc_file_unanswered(file, err))
			return err ?: -EAGAIN;
	}
	if (ret && !uicc_sw_ends_file(r->sw))
		return ret;
	return uicc_file_take_binary(file, off, len, r);
}

/*
 * Returns the bytes stored, 0 when there are none at @off, or an errno;
 * -EOPNOTSUPP when the file turns out not to be transparent, -EAGAIN when its FCP
 * is known now.
 */
static ssize_t uicc_file_fetch_binary(struct uicc_file *file, size_t off, size_t len)
{
	struct uicc_rapdu r = {};
	ssize_t ret;

	if (off >= UICC_BINARY_MAX)
		return uicc_file_end(file, off);
	len = min_t(size_t, len, UICC_BINARY_MAX - off);
	r.size = max_t(size_t, uicc_apdu_read_max(&file->card->io, len), UICC_FCP_MAX);
	r.data = kmalloc(r.size, GFP_KERNEL);
	if (!r.data)
		return -ENOMEM;
	ret = uicc_file_ask_binary(file, off, len, &r);
	memzero_explicit(r.data, r.size);
	kfree(r.data);
	return ret;
}

/**
 * uicc_file_records_max() - how many records there can be
 * @file: a file of records whose FCP is known
 *
 * Context: card->cmd_lock is held.
 * Return: what the card says, or all that commands can name.
 */
size_t uicc_file_records_max(const struct uicc_file *file)
{
	u8 count = file->fcp.record_count;

	return count && count < UICC_RECORDS_MAX ? count : UICC_RECORDS_MAX;
}

/* One READ RECORD: the one that @off is in. Returns as uicc_file_fetch_binary(). */
static ssize_t uicc_file_fetch_record(struct uicc_file *file, size_t off)
{
	struct uicc_card *card = file->card;
	size_t length = file->fcp.record_length;
	u8 data[UICC_FCP_MAX];
	struct uicc_rapdu r = { .data = data, .size = sizeof(data) };
	size_t index;
	u8 sfi;
	int ret;

	if (!length)
		return -EPROTO;
	index = off / length;
	off = index * length;
	if (index >= uicc_file_records_max(file))
		return uicc_file_end(file, off);
	ret = uicc_card_select_or_sfi(card, &file->path, &file->fcp, &sfi, &r);
	if (ret)
		return ret;
	ret = uicc_file_command_sfi(file, sfi, index + 1, length, &r);
	if (ret && uicc_sw_ends_file(r.sw))
		ret = uicc_file_end(file, off);
	else if (!ret && r.len != length)
		ret = -EPROTO;
	else if (!ret)
		ret = uicc_file_store(file, off, data, length,
				      index + 1 == file->fcp.record_count) ?: length;
	memzero_explicit(data, sizeof(data));
	return ret;
}

/**
 * uicc_file_fetch() - ask the card for content, into the cache
 * @file: the file
 * @off: first byte that is missing
 * @len: bytes that are missing from there on
 *
 * One READ, or what it takes to find out which kind of READ the file wants: the
 * FCP is asked for when it is not transparent.
 *
 * Context: may sleep; card->cmd_lock is held.
 * Return: bytes stored, not always at @off; 0 when there is nothing at @off; -EAGAIN:
 * begin anew, a few times at most; or an errno, which uicc_file_errno() has not seen yet.
 */
ssize_t uicc_file_fetch(struct uicc_file *file, size_t off, size_t len)
{
	bool tlv = file->fcp_known && file->fcp.type == UICC_FILE_BER_TLV;
	bool tried = false;
	ssize_t got;
	int ret;

	lockdep_assert_held(&file->card->cmd_lock);
	if (!file->records && !tlv && (off < UICC_BINARY_MAX || file->part)) {
		got = uicc_file_fetch_binary(file, off, len);
		if (got != -EOPNOTSUPP)
			return got;
		tried = true;
	}
	ret = uicc_file_fetch_fcp(file);
	if (ret)
		return ret;
	if (file->records)
		return uicc_file_fetch_record(file, off);
	if (file->fcp.type == UICC_FILE_BER_TLV)
		return uicc_file_fetch_object(file);
	return tried ? -EOPNOTSUPP : uicc_file_fetch_binary(file, off, len);
}

/* True when the cache has all that there is of the range, then copied to @buf. */
static bool uicc_file_cached(struct uicc_file *file, char *buf, size_t off, size_t count,
			     ssize_t *copied, size_t *miss, size_t *miss_len)
{
	bool hit;

	mutex_lock(&file->card->cache_lock);
	hit = !uicc_cache_missing(&file->cache, off, count, miss, miss_len);
	if (hit)
		*copied = uicc_cache_copy(&file->cache, off, (u8 *)buf, count);
	mutex_unlock(&file->card->cache_lock);
	return hit;
}

/**
 * uicc_file_read() - read a range of a file's content
 * @file: the file
 * @buf: where to
 * @off: first byte
 * @count: bytes wanted
 *
 * Only what was never read of the range is asked of the card.
 *
 * Context: may sleep, killable.
 * Return: bytes read, 0 at the end of the file, or -ENOENT, -EACCES, -ENODEV,
 * -ETIMEDOUT, -EPROTO, -EOPNOTSUPP (no EF of a known structure), -EFBIG (too much of
 * a BER-TLV file), -EINTR, -ENOMEM.
 */
ssize_t uicc_file_read(struct uicc_file *file, char *buf, loff_t off, size_t count)
{
	struct uicc_card *card = file->card;
	size_t miss, miss_len;
	ssize_t got, copied = 0;
	int ret;

	if (READ_ONCE(card->gone))
		return -ENODEV;
	if (off < 0)
		return -EINVAL;
	if (off >= UICC_CACHE_MAX || !count)
		return 0;
	count = min_t(size_t, count, UICC_CACHE_MAX - off);
	if (uicc_file_cached(file, buf, off, count, &copied, &miss, &miss_len))
		return copied;

	ret = uicc_card_get(card);
	if (ret)
		return uicc_file_errno(ret);
	while (!uicc_file_cached(file, buf, off, count, &copied, &miss, &miss_len)) {
		/* Who unexports the file waits for us: for one command, not for all. */
		if (READ_ONCE(file->dying)) {
			ret = -ENODEV;
			break;
		}
		got = uicc_file_fetch(file, miss, miss_len);
		if (got > 0 || got == -EAGAIN)	/* bounded, see uicc_file_fetch() */
			continue;
		if (got < 0)
			ret = uicc_file_errno(got);
		/* Nothing there, and where the file ends is not known either. */
		if (!ret && uicc_file_cached(file, buf, off, count, &copied, &miss, &miss_len))
			break;
		if (!ret && miss > off)
			uicc_file_cached(file, buf, off, miss - off, &copied, &miss, &miss_len);
		break;
	}
	uicc_card_put(card);
	return ret ?: copied;
}

/* Returns 0 with card->cache_lock held and the FCP known, or an errno. */
static int uicc_file_lock_fcp(struct uicc_file *file)
{
	struct uicc_card *card = file->card;
	int ret;

	if (READ_ONCE(card->gone))
		return -ENODEV;
	mutex_lock(&card->cache_lock);
	if (file->fcp_known)
		return 0;
	mutex_unlock(&card->cache_lock);
	ret = uicc_card_get(card);
	if (ret)
		return uicc_file_errno(ret);
	ret = uicc_file_fetch_fcp(file);
	/* First, or a reset of the next operation may drop it again. */
	if (!ret)
		mutex_lock(&card->cache_lock);
	uicc_card_put(card);
	return uicc_file_errno(ret);
}

/**
 * uicc_file_fcp() - the file control parameters, asked for at most once
 * @file: the file
 * @fcp: out
 *
 * Context: may sleep, killable.
 * Return: 0 or an errno as uicc_file_read().
 */
int uicc_file_fcp(struct uicc_file *file, struct uicc_fcp *fcp)
{
	int ret = uicc_file_lock_fcp(file);

	if (ret)
		return ret;
	*fcp = file->fcp;
	mutex_unlock(&file->card->cache_lock);
	return 0;
}

/**
 * uicc_file_record_count() - the number of records, as far as known
 * @file: the file
 *
 * The card need not say; then it is known once the end of the file was read.
 *
 * Context: may sleep, killable.
 * Return: the number, 0 when there are none or it is not known, or an errno as
 * uicc_file_read().
 */
int uicc_file_record_count(struct uicc_file *file)
{
	int ret = uicc_file_lock_fcp(file);

	if (ret)
		return ret;
	ret = file->fcp.record_count;
	if (!ret && file->fcp.record_length && file->cache.eof_known)
		ret = file->cache.eof / file->fcp.record_length;
	mutex_unlock(&file->card->cache_lock);
	return ret;
}

/**
 * uicc_file_fcp_read() - read a range of the FCP as the card gave it
 * @file: the file
 * @buf: where to
 * @off: first byte
 * @count: bytes wanted
 *
 * Context: may sleep, killable.
 * Return: bytes read or an errno as uicc_file_read().
 */
ssize_t uicc_file_fcp_read(struct uicc_file *file, char *buf, loff_t off, size_t count)
{
	ssize_t ret = uicc_file_lock_fcp(file);

	if (ret)
		return ret;
	ret = memory_read_from_buffer(buf, count, &off, file->raw, file->raw_len);
	mutex_unlock(&file->card->cache_lock);
	return ret;
}
