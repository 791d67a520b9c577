// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading elementary files with as few commands as possible: FCP and content,
 * each asked of the card once. What files there are, file.c knows.
 */
#include <linux/slab.h>

#include "internal.h"

#define UICC_RECORDS_MAX	254	/* TS 102 221 8.2.2.2 */
#define UICC_READ_LE_MAX	255	/* some cards take P3 = 00 as "nothing" */

/* The errno of the ABI: what a reader of the file can do something about. */
static int uicc_file_errno(int ret)
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
		return ret;
	default:
		return -EPROTO;
	}
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

/* Selects the file for its FCP and keeps that. */
static int uicc_file_fetch_fcp(struct uicc_file *file)
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

/* Puts what was read in the cache; @end: the file ends behind it. */
static int uicc_file_store(struct uicc_file *file, size_t off, const u8 *data, size_t len,
			   bool end)
{
	int ret = 0;

	mutex_lock(&file->card->cache_lock);
	if (len)
		ret = uicc_cache_store(&file->cache, off, data, len);
	if (!ret && end)
		ret = uicc_cache_set_eof(&file->cache, off + len);
	mutex_unlock(&file->card->cache_lock);
	return ret;
}

/* The byte before @off was read: so nothing at @off is the end, not a hole. */
static bool uicc_file_reached(struct uicc_file *file, size_t off)
{
	size_t miss, miss_len;
	bool reached;

	mutex_lock(&file->card->cache_lock);
	reached = !off || !uicc_cache_missing(&file->cache, off - 1, 1, &miss, &miss_len);
	mutex_unlock(&file->card->cache_lock);
	return reached;
}

/*
 * A card that gave no byte at @off: the end, or 0 when what is before @off was
 * not read. At the start of a file that has bytes, or of which the card says
 * neither that nor that it ends here (@end), it is nonsense: an error, or
 * userspace would take a broken card for one without data.
 */
static int uicc_file_nothing(struct uicc_file *file, size_t off, bool end)
{
	int ret;

	if (off)
		return uicc_file_reached(file, off) ? uicc_file_store(file, off, NULL, 0, true) : 0;
	ret = uicc_file_fetch_fcp(file);
	if (ret == -ENODEV || ret == -ETIMEDOUT || ret == -EINTR || ret == -ENOMEM ||
	    uicc_interrupted(ret))
		return ret;
	if (!ret && file->fcp.has_size)
		end = !file->fcp.size;
	return end ? uicc_file_store(file, 0, NULL, 0, true) : -EPROTO;
}

/*
 * Does the file end at @to, behind an answer of @len bytes to a READ? That these
 * are fewer than asked (@less) proves nothing by itself: some cards give a file
 * in parts and name their length by 6Cxx. It does when the file came in larger
 * parts before, or when its size is known to fit; else the next READ tells.
 */
static bool uicc_file_ends(const struct uicc_file *file, size_t to, size_t len, bool less)
{
	bool fits = file->fcp_known && file->fcp.has_size && to == file->fcp.size;

	if (less)
		return fits || len < file->part;
	return fits && file->card->io.mode == UICC_MODE_SIM2G;
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
 * One READ BINARY. Returns the bytes stored, 0 at the end of the file, or an
 * errno; -EOPNOTSUPP when the file turns out not to be transparent.
 */
static ssize_t uicc_file_fetch_binary(struct uicc_file *file, size_t off, size_t len)
{
	struct uicc_card *card = file->card;
	size_t le = min_t(size_t, len, UICC_READ_LE_MAX);
	u8 data[256];
	struct uicc_rapdu r = { .data = data, .size = sizeof(data) };
	const struct uicc_fcp *fcp = NULL;
	bool end, sized;
	u8 sfi;
	int ret;

	if (file->fcp_known && off <= U8_MAX)
		fcp = &file->fcp;
	ret = uicc_card_select_or_sfi(card, &file->path, fcp, &sfi, &r);
	if (ret)
		return ret;
	/*
	 * A 2G card gives its FCP unasked, and may take a READ that goes beyond
	 * the end for an error.
	 */
	sized = card->io.mode == UICC_MODE_SIM2G &&
		(file->fcp_known || (r.len && !uicc_file_keep_fcp(file, &r))) &&
		file->fcp.has_size;
	if (sized && file->records)
		return -EOPNOTSUPP;
	if (sized && off >= file->fcp.size)
		return uicc_file_nothing(file, off, true);
	if (sized)
		le = min_t(size_t, le, file->fcp.size - off);

	ret = uicc_file_command_sfi(file, sfi, off, le, &r);
	switch (r.sw) {
	case 0x6981:	/* command incompatible with file structure */
	case 0x6986:	/* no current EF, as seen for record files */
	case 0x9408:
		uicc_card_drop_selection(card);
		return -EOPNOTSUPP;
	}
	end = uicc_sw_ends_file(r.sw);
	if (ret && !end)
		goto out;
	if (!r.len) {
		ret = uicc_file_nothing(file, off, end);
		goto out;
	}
	end = end || uicc_file_ends(file, off + r.len, r.len, r.len < le);
	file->part = max_t(u16, file->part, r.len);
	ret = uicc_file_store(file, off, data, r.len, end) ?: r.len;
out:
	memzero_explicit(data, sizeof(data));
	return ret;
}

/* One READ RECORD: the one that @off is in. Returns as uicc_file_fetch_binary(). */
static ssize_t uicc_file_fetch_record(struct uicc_file *file, size_t off)
{
	struct uicc_card *card = file->card;
	size_t length = file->fcp.record_length;
	u8 data[256];
	struct uicc_rapdu r = { .data = data, .size = sizeof(data) };
	size_t index;
	u8 sfi;
	int ret;

	if (!length || length > UICC_READ_LE_MAX)
		return -EPROTO;
	index = off / length;
	off = index * length;
	if (index >= (file->fcp.record_count ?: UICC_RECORDS_MAX))
		return uicc_file_reached(file, off) ? uicc_file_store(file, off, NULL, 0, true) : 0;
	ret = uicc_card_select_or_sfi(card, &file->path, &file->fcp, &sfi, &r);
	if (ret)
		return ret;
	ret = uicc_file_command_sfi(file, sfi, index + 1, length, &r);
	if (ret && uicc_sw_ends_file(r.sw))
		return uicc_file_reached(file, off) ? uicc_file_store(file, off, NULL, 0, true) : 0;
	if (ret)
		return ret;
	ret = -EPROTO;
	if (r.len == length)
		ret = uicc_file_store(file, off, data, length,
				      index + 1 == file->fcp.record_count) ?: length;
	memzero_explicit(data, sizeof(data));
	return ret;
}

/* The FCP is asked for when the file is, or turns out to be, one of records. */
static ssize_t uicc_file_fetch(struct uicc_file *file, size_t off, size_t len)
{
	bool tried = false;
	ssize_t got;
	int ret;

	lockdep_assert_held(&file->card->cmd_lock);
	if (!file->records) {
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
	if (tried)
		return -EOPNOTSUPP;	/* BER-TLV, or no EF at all */
	return uicc_file_fetch_binary(file, off, len);
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
 * -ETIMEDOUT, -EPROTO, -EOPNOTSUPP (a BER-TLV file), -EINTR, -ENOMEM.
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
		if (got > 0 || got == -EAGAIN)	/* bounded, see uicc_card_command() */
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
