// SPDX-License-Identifier: GPL-2.0-only
/*
 * What has been read of one EF, by byte range, so that no byte is asked twice.
 * It does not talk to the card and takes no lock: the file's owner does both.
 */
#include <linux/bitmap.h>
#include <linux/errno.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "cache.h"

#define CACHE_ALLOC_MIN		256u

/**
 * uicc_cache_init() - make an empty cache
 * @cache: the cache; whatever it held is forgotten, not freed
 *
 * Context: any.
 */
void uicc_cache_init(struct uicc_cache *cache)
{
	memset(cache, 0, sizeof(*cache));
}

/**
 * uicc_cache_drop() - forget all content and free it
 * @cache: the cache; empty and usable afterwards
 *
 * The content is cleared first, it may be secret.
 * Context: may sleep.
 */
void uicc_cache_drop(struct uicc_cache *cache)
{
	kvfree_sensitive(cache->data, cache->alloc);
	kvfree(cache->valid);
	uicc_cache_init(cache);
}

/* Makes room for @end bytes. On failure the cache is as it was. */
static int cache_grow(struct uicc_cache *cache, u32 end)
{
	u32 alloc = max_t(u32, roundup_pow_of_two(end), CACHE_ALLOC_MIN);
	unsigned long *valid;
	u8 *data;

	if (end <= cache->alloc)
		return 0;
	data = kvzalloc(alloc, GFP_KERNEL);
	valid = kvcalloc(BITS_TO_LONGS(alloc), sizeof(*valid), GFP_KERNEL);
	if (!data || !valid) {
		kvfree(data);
		kvfree(valid);
		return -ENOMEM;
	}
	if (cache->alloc) {
		memcpy(data, cache->data, cache->alloc);
		memcpy(valid, cache->valid, BITS_TO_LONGS(cache->alloc) * sizeof(*valid));
	}
	kvfree_sensitive(cache->data, cache->alloc);
	kvfree(cache->valid);
	cache->data = data;
	cache->valid = valid;
	cache->alloc = alloc;
	return 0;
}

/**
 * uicc_cache_store() - remember bytes read from the card
 * @cache: the cache
 * @offset: where in the file @buf was read
 * @buf: the bytes
 * @len: their number; 0 does nothing
 *
 * Bytes stored before are replaced.
 * Context: may sleep.
 * Return: 0; -EFBIG beyond UICC_CACHE_MAX; -EPROTO beyond the known end of the
 * file; -ENOMEM. On failure the cache is as it was.
 */
int uicc_cache_store(struct uicc_cache *cache, size_t offset, const u8 *buf, size_t len)
{
	int ret;

	if (offset > UICC_CACHE_MAX || len > UICC_CACHE_MAX - offset)
		return -EFBIG;
	if (!len)
		return 0;
	if (cache->eof_known && offset + len > cache->eof)
		return -EPROTO;
	ret = cache_grow(cache, offset + len);
	if (ret)
		return ret;
	memcpy(cache->data + offset, buf, len);
	bitmap_set(cache->valid, offset, len);
	cache->top = max_t(u32, cache->top, offset + len);
	return 0;
}

/**
 * uicc_cache_set_eof() - remember where the file ends
 * @cache: the cache
 * @eof: length of the file in bytes
 *
 * Context: any.
 * Return: 0; -EFBIG beyond UICC_CACHE_MAX; -EPROTO when bytes beyond @eof were
 * read already or another end is known: the card contradicts itself.
 */
int uicc_cache_set_eof(struct uicc_cache *cache, size_t eof)
{
	if (eof > UICC_CACHE_MAX)
		return -EFBIG;
	if (eof < cache->top || (cache->eof_known && eof != cache->eof))
		return -EPROTO;
	cache->eof = eof;
	cache->eof_known = true;
	return 0;
}

static size_t cache_end(const struct uicc_cache *cache, size_t offset, size_t len)
{
	size_t limit = cache->eof_known ? cache->eof : UICC_CACHE_MAX;

	if (offset >= limit)
		return offset;
	return offset + min(len, limit - offset);
}

/**
 * uicc_cache_missing() - the first part of a range that must come from the card
 * @cache: the cache
 * @offset: start of the range
 * @len: length of the range
 * @miss: out: start of the first missing part
 * @miss_len: out: its length, up to the next byte that is there
 *
 * What lies beyond the known end of the file, or beyond UICC_CACHE_MAX, is never
 * missing.
 * Context: any.
 * Return: true when something is missing; false, outputs untouched, when not.
 */
bool uicc_cache_missing(const struct uicc_cache *cache, size_t offset, size_t len,
			size_t *miss, size_t *miss_len)
{
	size_t end = cache_end(cache, offset, len);
	size_t known = min_t(size_t, end, cache->alloc);
	size_t first = offset, next;

	if (offset < known)
		first = find_next_zero_bit(cache->valid, known, offset);
	if (first >= end)
		return false;
	next = first < known ? find_next_bit(cache->valid, known, first) : known;
	*miss = first;
	*miss_len = (next < known ? next : end) - first;
	return true;
}

/**
 * uicc_cache_copy() - copy what is there
 * @cache: the cache
 * @offset: start of the range
 * @buf: where to
 * @len: length of the range
 *
 * Context: any.
 * Return: number of bytes copied: up to the first missing byte or the end of the
 * file. 0 at the end of the file, or when the first byte is missing:
 * uicc_cache_missing() tells which.
 */
size_t uicc_cache_copy(const struct uicc_cache *cache, size_t offset, u8 *buf, size_t len)
{
	size_t end = min_t(size_t, cache_end(cache, offset, len), cache->alloc);
	size_t n;

	if (offset >= end)
		return 0;
	n = find_next_zero_bit(cache->valid, end, offset) - offset;
	memcpy(buf, cache->data + offset, n);
	return n;
}

/**
 * uicc_cache_equal() - compare what is there
 * @cache: the cache
 * @offset: start of the range
 * @buf: what should be there
 * @len: length of the range
 *
 * Context: any.
 * Return: true when the whole range is there and equal to @buf.
 */
bool uicc_cache_equal(const struct uicc_cache *cache, size_t offset, const u8 *buf, size_t len)
{
	size_t end = offset + len;

	if (!len)
		return true;
	return end <= cache->alloc && find_next_zero_bit(cache->valid, end, offset) >= end &&
	       !memcmp(cache->data + offset, buf, len);
}

/**
 * uicc_cache_forget() - forget a part of the content
 * @cache: the cache
 * @offset: start of the range
 * @len: length of the range
 *
 * Where the file ends stays known.
 * Context: any.
 */
void uicc_cache_forget(struct uicc_cache *cache, size_t offset, size_t len)
{
	if (offset >= cache->alloc)
		return;
	len = min_t(size_t, len, cache->alloc - offset);
	memzero_explicit(cache->data + offset, len);
	bitmap_clear(cache->valid, offset, len);
}
