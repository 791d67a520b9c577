// SPDX-License-Identifier: GPL-2.0-only
/*
 * Elementary files: which ones a card has in sysfs, and how they come and go.
 * How they are read, file_read.c knows; how sysfs shows them, file_sysfs.c.
 */
#include <linux/err.h>
#include <linux/slab.h>

#include "internal.h"

#define UICC_EF_DIR		0	/* index below */

/* There from the start, so that no program has to export them. */
static const char * const uicc_discovery_files[UICC_DISCOVERY_FILES] = {
	"3f00.2f00",				/* EF(DIR), TS 102 221 13.1 */
	"3f00.2fe2",				/* EF(ICCID), TS 102 221 13.2 */
	"a000000063504b43532d3135.5031",	/* EF(ODF) of PKCS#15 */
	"3f00.7f50.5031",			/* EF(ODF) in DF(PKCS#15) of a SIM */
};

/**
 * uicc_file_new() - make a file
 * @card: its card
 * @path: where it is
 *
 * Context: may sleep.
 * Return: the file, to be freed with uicc_file_free(), or NULL.
 */
struct uicc_file *uicc_file_new(struct uicc_card *card, const struct uicc_path *path)
{
	struct uicc_file *file;

	file = kzalloc(sizeof(*file), GFP_KERNEL);
	if (!file)
		return NULL;
	file->card = card;
	file->path = *path;
	uicc_path_print(path, file->name);
	uicc_cache_init(&file->cache);
	uicc_sysfs_file_init(file);
	return file;
}

/**
 * uicc_file_free() - free a file and what was read of it
 * @file: a file that sysfs does not show (any more)
 *
 * Context: may sleep.
 */
void uicc_file_free(struct uicc_file *file)
{
	uicc_cache_drop(&file->cache);
	kfree(file->tags);
	kfree_sensitive(file);
}

/**
 * uicc_file_forget() - forget a file's content, not its FCP
 * @file: the file
 *
 * Context: may sleep; card->cmd_lock and card->cache_lock are held.
 */
void uicc_file_forget(struct uicc_file *file)
{
	lockdep_assert_held(&file->card->cmd_lock);
	lockdep_assert_held(&file->card->cache_lock);
	uicc_cache_drop(&file->cache);
	kfree(file->tags);
	file->tags = NULL;
	file->part = 0;
	file->cut = false;
}

static struct uicc_file *uicc_file_find(struct uicc_card *card, const struct uicc_path *path)
{
	struct uicc_file *file;

	lockdep_assert_held(&card->files_lock);
	list_for_each_entry(file, &card->files, node)
		if (uicc_path_equal(&file->path, path))
			return file;
	return NULL;
}

/*
 * Takes a file whose group is gone off the list. Making and removing a group wait
 * for its readers, and these may need files_lock: neither is done under it.
 */
static void uicc_file_remove(struct uicc_file *file)
{
	struct uicc_card *card = file->card;

	mutex_lock(&card->files_lock);
	list_del(&file->node);
	card->n_files--;
	mutex_unlock(&card->files_lock);
	uicc_file_free(file);
}

/**
 * uicc_file_export() - make a file appear in sysfs; the card is not asked
 * @card: the card
 * @text: its path
 * @len: bytes of @text
 *
 * Context: may sleep; called from the attribute "export".
 * Return: 0; -EINVAL not a path; -EEXIST it is there (a discovery file
 * included); -ENOSPC there are UICC_FILES_MAX; -ENODEV the card is gone; -ENOMEM.
 */
int uicc_file_export(struct uicc_card *card, const char *text, size_t len)
{
	struct uicc_file *file;
	struct uicc_path path;
	int ret;

	ret = uicc_path_parse(&path, text, len);
	if (ret)
		return ret;
	mutex_lock(&card->files_lock);
	if (READ_ONCE(card->gone))
		ret = -ENODEV;
	else if (uicc_file_find(card, &path))
		ret = -EEXIST;
	else if (card->n_files >= UICC_FILES_MAX)
		ret = -ENOSPC;
	if (ret)
		goto out;
	ret = -ENOMEM;
	file = uicc_file_new(card, &path);
	if (!file)
		goto out;
	/* The name is taken; the group comes without the lock, see uicc_file_remove(). */
	file->incomplete = true;
	list_add_tail(&file->node, &card->files);
	card->n_files++;
	mutex_unlock(&card->files_lock);

	ret = sysfs_create_group(&card->dev.kobj, &file->group);
	if (ret) {
		uicc_file_remove(file);
		return ret;
	}
	mutex_lock(&card->files_lock);
	file->incomplete = false;
out:
	mutex_unlock(&card->files_lock);
	return ret;
}

/**
 * uicc_file_unexport() - undo uicc_file_export()
 * @card: the card
 * @text: the file's path
 * @len: bytes of @text
 *
 * Waits for who reads the file just now.
 *
 * Context: may sleep; called from the attribute "unexport".
 * Return: 0; -EINVAL not a path; -ENOENT not exported; -EPERM a discovery file;
 * -ENODEV the card is gone.
 */
int uicc_file_unexport(struct uicc_card *card, const char *text, size_t len)
{
	struct uicc_file *file;
	struct uicc_path path;
	int ret;

	ret = uicc_path_parse(&path, text, len);
	if (ret)
		return ret;
	mutex_lock(&card->files_lock);
	file = uicc_file_find(card, &path);
	if (READ_ONCE(card->gone))
		ret = -ENODEV;
	else if (!file || file->dying || file->incomplete)
		ret = -ENOENT;
	else if (file->builtin)
		ret = -EPERM;
	else
		WRITE_ONCE(file->dying, true);
	mutex_unlock(&card->files_lock);
	if (ret)
		return ret;

	/* The name stays taken until it is gone. */
	sysfs_remove_group(&card->dev.kobj, &file->group);
	uicc_file_remove(file);
	return 0;
}

/**
 * uicc_files_init() - make the discovery files
 * @card: a card whose device is not added yet
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM; the card's release frees what was made.
 */
int uicc_files_init(struct uicc_card *card)
{
	struct uicc_file *file;
	struct uicc_path path;
	unsigned int i;
	int ret;

	for (i = 0; i < UICC_DISCOVERY_FILES; i++) {
		ret = uicc_path_parse(&path, uicc_discovery_files[i],
				      strlen(uicc_discovery_files[i]));
		if (WARN_ON(ret))
			return ret;
		file = uicc_file_new(card, &path);
		if (!file)
			return -ENOMEM;
		file->builtin = true;
		file->records = i == UICC_EF_DIR;	/* TS 102 221 13.1 */
		list_add_tail(&file->node, &card->files);
		card->n_files++;
		card->groups[i] = &file->group;
	}
	return 0;
}

/**
 * uicc_files_drop_caches() - forget what was read of all files, their FCPs included
 * @card: the card
 *
 * Whoever has asked for a part of a file since uicc_card_get() asks for it anew:
 * that lock keeps this function out, so no reader mixes old and new content.
 *
 * Context: may sleep; card->cmd_lock is held.
 */
void uicc_files_drop_caches(struct uicc_card *card)
{
	struct uicc_file *file;

	lockdep_assert_held(&card->cmd_lock);
	mutex_lock(&card->files_lock);
	list_for_each_entry(file, &card->files, node) {
		mutex_lock(&card->cache_lock);
		uicc_file_forget(file);
		file->fcp_known = false;
		memzero_explicit(&file->fcp, sizeof(file->fcp));
		memzero_explicit(file->raw, sizeof(file->raw));
		file->raw_len = 0;
		file->access_known = false;
		mutex_unlock(&card->cache_lock);
	}
	mutex_unlock(&card->files_lock);
}

/**
 * uicc_files_free() - free all files
 * @card: a card whose device is gone from sysfs
 *
 * Context: may sleep.
 */
void uicc_files_free(struct uicc_card *card)
{
	struct uicc_file *file, *next;

	list_for_each_entry_safe(file, next, &card->files, node) {
		list_del(&file->node);
		uicc_file_free(file);
	}
}
