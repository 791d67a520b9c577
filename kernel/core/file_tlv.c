// SPDX-License-Identifier: GPL-2.0-only
/*
 * BER-TLV files (TS 102 221 8.2.2.4 and 11.3): a file is its objects, in the order
 * of their tags, one behind the other. What the objects mean is not known here.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "internal.h"
#include "tlv.h"

#define UICC_OBJECTS_SIZE	32768	/* all objects of a file, tags and lengths included */
#define UICC_TAGS_MAX		256
#define UICC_TAG_LIST_SIZE	(UICC_TLV_HEADER_MAX + 3 * UICC_TAGS_MAX)

/*
 * RETRIEVE DATA of the selected file: one object with its tag and length. Returns
 * its bytes or an errno; -EFBIG when they are more than @size.
 */
static ssize_t uicc_file_retrieve(struct uicc_card *card, u32 tag, u8 *buf, size_t size)
{
	struct uicc_rapdu r = {};
	struct uicc_apdu apdu;
	size_t got = 0;
	u32 is, len;
	int ret;

	do {
		r.data = buf + got;
		r.size = size - got;
		ret = uicc_apdu_retrieve_data(&apdu, tag, !got);
		if (card->io.extended)
			apdu.le = UICC_APDU_EXT_MAX;
		ret = ret ?: uicc_card_command(card, &apdu, &r);
		if (ret)
			return ret;
		if (r.truncated)
			return -EFBIG;
		/* A block of nothing would never come to an end. */
		if (!r.len)
			return -EPROTO;
		got += r.len;
	} while (uicc_sw_more_blocks(r.sw));
	ret = uicc_tlv_header(buf, got, &is, &len);
	if (ret < 0 || is != tag || len > got - ret)
		return -EPROTO;
	return ret + len;
}

static int uicc_tag_cmp(const void *a, const void *b)
{
	u32 x = *(const u32 *)a, y = *(const u32 *)b;

	return (x > y) - (x < y);
}

/* The list of tags, sorted, none twice. Returns their number or an errno. */
static int uicc_tags_parse(u32 *tags, const u8 *p, const u8 *end)
{
	unsigned int n = 0, i, kept = 0;
	int ret;

	while ((ret = uicc_tlv_next_tag(&p, end, &tags[n])) == 1) {
		if (tags[n] == UICC_TAG_LIST)
			continue;
		if (++n == UICC_TAGS_MAX)
			return -EFBIG;
	}
	if (ret)
		return ret;
	sort(tags, n, sizeof(*tags), uicc_tag_cmp, NULL);
	for (i = 0; i < n; i++)
		if (!i || tags[i] != tags[i - 1])
			tags[kept++] = tags[i];
	return kept;
}

static int uicc_file_fetch_tags(struct uicc_file *file)
{
	u32 *tags = kmalloc_array(UICC_TAGS_MAX, sizeof(*tags), GFP_KERNEL);
	u8 *list = kmalloc(UICC_TAG_LIST_SIZE, GFP_KERNEL);
	int ret = -ENOMEM;
	u32 tag, len;

	if (!tags || !list)
		goto out;
	ret = uicc_file_retrieve(file->card, UICC_TAG_LIST, list, UICC_TAG_LIST_SIZE);
	if (ret == -ENOENT)
		ret = 0;	/* no list, so no object */
	else if (ret > 0)
		ret = uicc_tags_parse(tags, list + uicc_tlv_header(list, ret, &tag, &len),
				      list + ret);
	if (ret < 0)
		goto out;
	file->tags = tags;
	file->n_tags = ret;
	file->next_tag = 0;
	tags = NULL;
	ret = 0;
out:
	kfree(list);
	kfree(tags);
	return ret;
}

/**
 * uicc_file_fetch_object() - ask the card for the next object, into the cache
 * @file: a BER-TLV file whose FCP is known
 *
 * Context: may sleep; card->cmd_lock is held.
 * Return: bytes stored, tag and length included; 0 when there is no further object;
 * or an errno as uicc_file_fetch(), -EFBIG when it does not fit.
 */
ssize_t uicc_file_fetch_object(struct uicc_file *file)
{
	struct uicc_card *card = file->card;
	size_t top, size;
	struct uicc_rapdu r = {};
	ssize_t got = -ENOENT;
	u8 *buf;
	int ret;

	lockdep_assert_held(&card->cmd_lock);
	ret = uicc_card_select(card, &file->path, false, &r);
	if (!ret && !file->tags)
		ret = uicc_file_fetch_tags(file);
	if (ret)
		return ret;
	top = file->cache.top;
	size = UICC_OBJECTS_SIZE - top;
	buf = kvmalloc(size, GFP_KERNEL);
	if (!buf)
		return -ENOMEM;
	while (file->next_tag < file->n_tags) {
		got = uicc_file_retrieve(card, file->tags[file->next_tag], buf, size);
		if (got != -ENOENT)
			break;
		file->next_tag++;	/* listed and not there: deleted in between */
	}
	if (got > 0) {
		ret = uicc_file_store(file, top, buf, got, file->next_tag + 1 == file->n_tags);
		/* What could not be stored is asked for again. */
		if (!ret)
			file->next_tag++;
		got = ret ?: got;
	} else if (got == -ENOENT) {
		mutex_lock(&card->cache_lock);
		got = uicc_cache_set_eof(&file->cache, top);
		mutex_unlock(&card->cache_lock);
	}
	kvfree_sensitive(buf, size);
	return got;
}

/* Does an object of this tag begin at @off? Returns 0, -EINVAL when not, or an errno. */
static int uicc_file_object_at(struct uicc_file *file, u32 tag, size_t off)
{
	struct uicc_cache *cache = &file->cache;
	u8 head[UICC_TLV_HEADER_MAX];
	ssize_t got = 1;
	size_t pos = 0;
	u32 is, len;
	int ret;

	for (;;) {
		while (got > 0 && cache->top <= pos && !cache->eof_known)
			got = uicc_file_fetch_object(file);
		if (got < 0)
			return got;
		ret = uicc_tlv_header(head, uicc_cache_copy(cache, pos, head, sizeof(head)),
				      &is, &len);
		if (ret < 0)
			return -EINVAL;		/* behind the last one */
		if (pos >= off)
			return pos == off && is == tag ? 0 : -EINVAL;
		pos += ret + len;
	}
}

/**
 * uicc_file_update_object() - replace one object
 * @file: a BER-TLV file whose FCP is known
 * @buf: the new object, with the tag of the old one
 * @off: where the old one begins
 * @count: bytes of @buf
 *
 * The objects behind it move when its length is another one: all are forgotten.
 *
 * Context: may sleep; card->cmd_lock is held.
 * Return: 0; -EINVAL when @buf is not one whole object, or the one at @off is not of
 * its tag; -EIO when the card does not give back what was written; or an errno.
 */
int uicc_file_update_object(struct uicc_file *file, const u8 *buf, size_t off, size_t count)
{
	struct uicc_card *card = file->card;
	struct uicc_rapdu r = {};
	u8 *back;
	size_t n, done;
	u32 tag, len;
	int ret;

	ret = uicc_tlv_header(buf, count, &tag, &len);
	/* Of length 0 it would be a command to delete the object. */
	if (ret < 0 || !len || ret + len != count)
		return -EINVAL;
	ret = uicc_file_object_at(file, tag, off);
	if (ret)
		return ret;
	mutex_lock(&card->cache_lock);
	uicc_file_forget(file);
	mutex_unlock(&card->cache_lock);
	back = kmalloc(count, GFP_KERNEL);
	if (!back)
		return -ENOMEM;
	ret = uicc_card_select(card, &file->path, false, &r);
	for (done = 0; !ret && done < count; done += n) {
		struct uicc_apdu apdu;

		n = uicc_apdu_read_max(&card->io, count - done);
		ret = uicc_apdu_set_data(&apdu, buf + done, n, !done) ?:
		      uicc_file_update_command(card, &apdu);
	}
	if (!ret) {
		do
			ret = uicc_card_select(card, &file->path, false, &r) ?:
			      uicc_file_retrieve(card, tag, back, count);
		while (ret == -EAGAIN);
		ret = ret == count && !memcmp(back, buf, count) ? 0 : uicc_file_unverified(ret);
	}
	kfree_sensitive(back);
	return ret;
}
