// SPDX-License-Identifier: GPL-2.0-or-later
/* Descriptions from rows and back; what they mean is dm/ddf.c. */
#include "mo/ddf_table.h"

#include <stdlib.h>

#define LEVELS_MAX 256

/* One table behind the other: the root and its end, then the children of each row. */
struct dmsc_ddf *mo_ddf_tables(const struct mo_ddf_row *rows, size_t n)
{
	struct dmsc_ddf *t = calloc(2 + 2 * n, sizeof(*t));
	size_t *place = calloc(n + 1, sizeof(*place)), at = 2;

	for (size_t i = 0; t && place && i < n; i++) {
		size_t first = at;

		t[place[i]] = rows[i].d;
		for (int any = 0; any < 2; any++)	/* the entry for any name comes last */
			for (size_t k = i + 1; k < n; k++)
				if (rows[k].parent == i && (rows[k].d.name == NULL) == any)
					place[k] = at++;
		t[place[i]].children = at > first ? &t[first] : NULL;
		at += at > first;
	}
	if (!place) {
		free(t);
		t = NULL;
	}
	free(place);
	return t;
}

int mo_ddf_each(const struct dmsc_ddf *root,
		int (*fn)(void *ctx, const struct dmsc_ddf *d, size_t parent), void *ctx)
{
	const struct dmsc_ddf *next[LEVELS_MAX];	/* at each level: not yet seen */
	size_t above[LEVELS_MAX];			/* their parent's number */
	size_t depth = 0, number = 0;
	int rc = fn(ctx, root, 0);

	next[0] = root->children;
	above[0] = 0;
	while (!rc) {
		const struct dmsc_ddf *d = next[depth];

		if (!d || !d->formats) {
			if (!depth)
				break;
			depth--;
			continue;
		}
		next[depth]++;
		number++;
		rc = fn(ctx, d, above[depth]);
		if (d->children && depth + 1 < LEVELS_MAX) {
			next[++depth] = d->children;
			above[depth] = number;
		}
	}
	return rc;
}
