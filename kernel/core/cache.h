/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What has been read of one EF, by byte range, so that no byte is asked twice.
 * It does not talk to the card and takes no lock: the file's owner does both.
 */
#ifndef UICC_CORE_CACHE_H
#define UICC_CORE_CACHE_H

#include <linux/types.h>

#define UICC_CACHE_MAX		65536u	/* 254 records of 255 bytes fit */

/**
 * struct uicc_cache - byte-range cache of one EF
 * @data: file content, @alloc bytes, meaningful where @valid says so
 * @valid: bitmap, one bit for each byte of @data
 * @alloc: bytes allocated; 0 or a power of two, at most UICC_CACHE_MAX
 * @top: end of the highest byte stored
 * @eof_known: @eof is the end of the file
 * @eof: length of the file
 *
 * A struct of zeros is an empty cache.
 */
struct uicc_cache {
	u8 *data;
	unsigned long *valid;
	u32 alloc;
	u32 top;
	bool eof_known;
	u32 eof;
};

void uicc_cache_init(struct uicc_cache *cache);
void uicc_cache_drop(struct uicc_cache *cache);
int uicc_cache_store(struct uicc_cache *cache, size_t offset, const u8 *buf, size_t len);
int uicc_cache_set_eof(struct uicc_cache *cache, size_t eof);
bool uicc_cache_missing(const struct uicc_cache *cache, size_t offset, size_t len,
			size_t *miss, size_t *miss_len);
size_t uicc_cache_copy(const struct uicc_cache *cache, size_t offset, u8 *buf, size_t len);
bool uicc_cache_equal(const struct uicc_cache *cache, size_t offset, const u8 *buf, size_t len);
void uicc_cache_forget(struct uicc_cache *cache, size_t offset, size_t len);

#endif /* UICC_CORE_CACHE_H */
