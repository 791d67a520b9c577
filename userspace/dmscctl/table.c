// SPDX-License-Identifier: GPL-2.0-or-later
/* Rows for people or for programs. */
#include <stdarg.h>
#include <stdio.h>

#include "dmscctl/ctl.h"
#include "util/text.h"

void table_init(struct table *t, bool json, const char *const *columns, size_t n)
{
	*t = (struct table){ .json = json, .columns = columns, .ncolumns = n };
}

void table_cell(struct table *t, const char *fmt, ...)
{
	char **cells;
	_cleanup_buf_ struct buf clean = BUF_INIT;
	char *text = NULL;
	va_list ap;

	if (t->ncells == t->cells_cap) {
		size_t cap = t->cells_cap ? 2 * t->cells_cap : 64;

		cells = realloc(t->cells, cap * sizeof(*cells));
		if (!cells) {
			fputs("dmscctl: out of memory\n", stderr);
			exit(CTL_FAILED);
		}
		t->cells = cells;
		t->cells_cap = cap;
	}
	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	if (text)
		text_escape(&clean, slice_str(text));
	free(text);
	t->cells[t->ncells++] = buf_error(&clean) ? NULL : strdup(buf_cstr(&clean));
}

static const char *cell(const struct table *t, size_t row, size_t col)
{
	const char *s = t->cells[row * t->ncolumns + col];

	return s ? s : "?";
}

static void json_string(const char *s)
{
	putchar('"');
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			putchar('\\');
		putchar(*s);	/* no control characters are left in a cell */
	}
	putchar('"');
}

static void print_json(const struct table *t, size_t rows)
{
	size_t i, k;

	putchar('[');
	for (i = 0; i < rows; i++) {
		printf("%s\n  {", i ? "," : "");
		for (k = 0; k < t->ncolumns; k++) {
			fputs(k ? ", " : " ", stdout);
			json_string(t->columns[k]);
			fputs(": ", stdout);
			json_string(cell(t, i, k));
		}
		fputs(" }", stdout);
	}
	puts(rows ? "\n]" : "]");
}

static void print_text(const struct table *t, size_t rows)
{
	size_t width[TABLE_COLUMNS] = { 0 }, i, k, n;

	for (k = 0; k < t->ncolumns; k++) {
		width[k] = strlen(t->columns[k]);
		for (i = 0; i < rows; i++) {
			n = strlen(cell(t, i, k));
			if (n > width[k])
				width[k] = n;
		}
	}
	for (i = 0; rows && i <= rows; i++) {
		for (k = 0; k < t->ncolumns; k++) {
			const char *s = i ? cell(t, i - 1, k) : t->columns[k];

			if (k + 1 == t->ncolumns)
				printf("%s\n", s);
			else
				printf("%-*s  ", (int)width[k], s);
		}
	}
}

void table_print(struct table *t)
{
	size_t i, rows = t->ncells / t->ncolumns;

	if (t->json)
		print_json(t, rows);
	else
		print_text(t, rows);
	for (i = 0; i < t->ncells; i++)
		free(t->cells[i]);
	free(t->cells);
	memset(t, 0, sizeof(*t));
}
