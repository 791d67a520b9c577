// SPDX-License-Identifier: GPL-2.0-or-later
/* The answer of a hook to "describe", line by line into the tables the engine reads. */
#include <errno.h>
#include <stdlib.h>

#include "dm/tree.h"
#include "dm/uri.h"
#include "mo/ddf_table.h"
#include "mo/hook_int.h"
#include "util/str.h"

struct hook_node {
	char *path;			/* below the root, decoded; "" = the root */
	char *name;			/* NULL = any */
	char *type;
	struct dmsc_ddf ddf;
	size_t parent;			/* index; the root's is its own */
};

const char *hook_format_name(enum dmsc_format f)
{
	return dm_format_name((enum dm_format)f);
}

static int parse_formats(struct slice list, uint16_t *out)
{
	struct slice word;

	while (str_split(&list, ',', &word)) {
		enum dm_format f;

		if (dm_format_parse(word, &f))
			return -EPROTO;
		*out |= DMSC_FMT(f);
	}
	return *out ? 0 : -EPROTO;
}

static int parse_access(struct slice list, uint8_t *out)
{
	static const char *const names[] = { "add", "copy", "delete", "exec", "get", "replace" };
	struct slice word;

	if (slice_eq_str(list, "none"))
		return 0;
	while (str_split(&list, ',', &word)) {
		size_t i = 0;

		while (i < 6 && !slice_eq_str(word, names[i]))
			i++;
		if (i == 6)
			return -EPROTO;
		*out |= 1u << i;
	}
	return *out ? 0 : -EPROTO;
}

static int parse_occurs(struct slice word, struct dmsc_ddf *d)
{
	static const struct {
		const char *name;
		uint16_t min, max;
	} kinds[] = {
		{ "one", DMSC_ONE }, { "zero-or-one", DMSC_ZERO_OR_ONE },
		{ "zero-or-more", DMSC_ZERO_OR_MORE }, { "one-or-more", DMSC_ONE_OR_MORE },
	};
	uint32_t n;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!slice_eq_str(word, kinds[i].name))
			continue;
		d->min = kinds[i].min;
		d->max = kinds[i].max;
		return 0;
	}
	if (!str_starts(word, "zero-or-") && !str_starts(word, "one-or-"))
		return -EPROTO;
	d->min = str_starts(word, "one-or-");
	word = slice_of(word.p + (d->min ? 7 : 8), word.n - (d->min ? 7 : 8));
	if (str_parse_u32(word, &n) || n < 2 || n > UINT16_MAX)
		return -EPROTO;
	d->max = n;
	return 0;
}

static int parse_extra(struct slice word, struct hook_node *x)
{
	_cleanup_buf_ struct buf type = BUF_INIT;

	if (slice_eq_str(word, "permanent")) {
		x->ddf.flags |= DMSC_PERMANENT;
	} else if (slice_eq_str(word, "open")) {
		x->ddf.flags |= DMSC_OPEN;
	} else if (slice_eq_str(word, "live")) {
		x->ddf.flags |= DMSC_LIVE;
	} else if (str_starts(word, "type=") && !x->type) {
		if (hook_decode(slice_of(word.p + 5, word.n - 5), &type))
			return -EPROTO;
		x->type = str_dup(buf_slice(&type));
		return x->type ? 0 : -ENOMEM;
	} else {
		return -EPROTO;
	}
	return 0;
}

static struct slice parent_path(const char *path, struct slice *name)
{
	const char *slash = strrchr(path, '/');

	*name = slice_str(slash ? slash + 1 : path);
	return slice_of(path, slash ? slash - path : 0);
}

/* Parents are described before their children, so that each has its place at once. */
static int find_place(struct hook_desc *d, struct hook_node *x)
{
	struct slice name, up;

	if (!x->path[0] || !strcmp(x->path, ".")) {
		x->path[0] = 0;
		return d->nnodes ? -EPROTO : 0;
	}
	up = parent_path(x->path, &name);
	for (size_t i = 0; i < d->nnodes; i++)
		if (!strcmp(d->nodes[i].path, x->path))
			return -EPROTO;
	for (x->parent = 0; x->parent < d->nnodes; x->parent++)
		if (slice_eq_str(up, d->nodes[x->parent].path))
			break;
	if (x->parent == d->nnodes)
		return -EPROTO;
	if (slice_eq_str(name, "*"))
		return 0;
	x->name = str_dup(name);
	return x->name ? 0 : -ENOMEM;
}

static void node_fini(struct hook_node *x)
{
	free(x->path);
	free(x->name);
	free(x->type);
}

/* node PATH FORMATS ACCESS OCCURRENCE [permanent] [open] [live] [type=MIME] */
static int node_line(struct hook_desc *d, struct slice line)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	struct hook_node x = { 0 }, *v;
	int rc = hook_decode(hook_word(&line), &path);

	if (d->nnodes == MO_HOOK_NODES_MAX || rc)
		return -EPROTO;
	x.path = str_dup(buf_slice(&path));
	if (!x.path)
		return -ENOMEM;
	rc = find_place(d, &x);
	if (!rc)
		rc = parse_formats(hook_word(&line), &x.ddf.formats);
	if (!rc)
		rc = parse_access(hook_word(&line), &x.ddf.access);
	if (!rc)
		rc = parse_occurs(hook_word(&line), &x.ddf);
	while (!rc && line.n)
		rc = parse_extra(hook_word(&line), &x);
	v = rc ? NULL : reallocarray(d->nodes, d->nnodes + 1, sizeof(*v));
	if (!v) {
		node_fini(&x);
		return rc ? rc : -ENOMEM;
	}
	d->nodes = v;
	d->nodes[d->nnodes++] = x;
	return 0;
}

/* put URI FORMAT VALUE, or default URI FORMAT VALUE */
static int put_line(struct hook_desc *d, struct slice line, bool keep)
{
	_cleanup_buf_ struct buf uri = BUF_INIT;
	struct hook_put *v, x = { .value = BUF_INIT, .keep = keep };
	enum dm_format f;
	int rc = hook_decode(hook_word(&line), &uri);

	if (d->nputs == MO_HOOK_PUTS_MAX || rc || dm_format_parse(hook_word(&line), &f))
		return -EPROTO;
	v = reallocarray(d->puts, d->nputs + 1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	d->puts = v;
	x.format = (enum dmsc_format)f;
	x.uri = str_dup(buf_slice(&uri));
	rc = x.uri ? hook_decode(line, &x.value) : -ENOMEM;
	d->puts[d->nputs++] = x;
	return rc;
}

/* alert TYPE SOURCE MARK CORRELATOR FORMAT VALUE; "-" = none of it */
static int alert_line(struct hook_desc *d, struct slice line)
{
	struct hook_alert *a = &d->alerts[d->nalerts];
	enum dm_format f;
	int rc = 0;

	if (d->nalerts == HOOK_ALERTS_MAX)
		return -EPROTO;
	d->nalerts++;
	for (size_t i = 0; i < sizeof(a->word) / sizeof(a->word[0]) && !rc; i++) {
		_cleanup_buf_ struct buf b = BUF_INIT;
		struct slice word = hook_word(&line);

		if (slice_eq_str(word, "-"))
			continue;
		rc = word.n ? hook_decode(word, &b) : -EPROTO;
		a->word[i] = rc ? NULL : str_dup(buf_slice(&b));
		if (!rc && !a->word[i])
			rc = -ENOMEM;
	}
	if (!rc && (!a->word[0] || dm_format_parse(hook_word(&line), &f)))
		rc = -EPROTO;
	if (rc)
		return rc;
	a->format = (enum dmsc_format)f;
	return hook_decode(line, &a->value);
}

static int root_line(struct hook_desc *d, struct slice line)
{
	_cleanup_buf_ struct buf uri = BUF_INIT;
	int rc = hook_decode(line, &uri);

	if (rc || d->nroots + 1 == sizeof(d->roots) / sizeof(d->roots[0]))
		return rc ? rc : -EPROTO;
	d->roots[d->nroots] = str_dup(buf_slice(&uri));
	return d->roots[d->nroots] ? (d->nroots++, 0) : -ENOMEM;
}

int hook_desc_line(struct hook_desc *d, struct slice line)
{
	struct slice word = hook_word(&line);

	if (slice_eq_str(word, "node"))
		return node_line(d, line);
	if (slice_eq_str(word, "put"))
		return put_line(d, line, false);
	if (slice_eq_str(word, "default"))
		return put_line(d, line, true);
	if (slice_eq_str(word, "alert"))
		return alert_line(d, line);
	if (slice_eq_str(word, "root"))
		return root_line(d, line);
	if (slice_eq_str(word, "id") && !d->id && line.n && line.n < 256) {
		d->id = str_dup(line);
		return d->id ? 0 : -ENOMEM;
	}
	if (slice_eq_str(word, "acl") && !d->acl && line.n) {
		d->acl = str_dup(line);
		return d->acl ? 0 : -ENOMEM;
	}
	return slice_eq_str(word, "ok") && !line.n ? 1 : -EPROTO;
}

int hook_desc_finish(struct hook_desc *d)
{
	struct mo_ddf_row *rows;

	if (!d->id || !d->nroots || !d->nnodes)
		return -EPROTO;
	rows = calloc(d->nnodes, sizeof(*rows));
	for (size_t i = 0; rows && i < d->nnodes; i++) {
		rows[i] = (struct mo_ddf_row){ d->nodes[i].ddf, d->nodes[i].parent };
		rows[i].d.name = d->nodes[i].name;
		rows[i].d.type = d->nodes[i].type;
	}
	d->tables = rows ? mo_ddf_tables(rows, d->nnodes) : NULL;
	free(rows);
	return d->tables ? 0 : -ENOMEM;
}

void hook_desc_fini(struct hook_desc *d)
{
	for (size_t i = 0; i < d->nnodes; i++)
		node_fini(&d->nodes[i]);
	for (size_t i = 0; i < d->nputs; i++) {
		free(d->puts[i].uri);
		buf_wipe_fini(&d->puts[i].value);
	}
	for (size_t i = 0; i < d->nalerts; i++) {
		for (size_t k = 0; k < 4; k++)
			free(d->alerts[i].word[k]);
		buf_wipe_fini(&d->alerts[i].value);
	}
	for (size_t i = 0; i < d->nroots; i++)
		free(d->roots[i]);
	free(d->nodes);
	free(d->puts);
	free(d->tables);
	free(d->id);
	free(d->acl);
	memset(d, 0, sizeof(*d));
}
