// SPDX-License-Identifier: GPL-2.0-or-later
/* Log lines to stderr; see util/log.h for what may not be in them. */
#include "util/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "util/buf.h"
#include "util/text.h"

static const char *log_name = "dmsc";
static enum log_level log_max = LOG_LVL_INFO;

void log_init(const char *name, enum log_level max)
{
	log_name = name;
	log_max = max;
}

void log_line(enum log_level level, const char *fmt, ...)
{
	struct buf raw = BUF_INIT, line = BUF_INIT;
	va_list ap;

	if (level > log_max)
		return;
	va_start(ap, fmt);
	buf_vprintf(&raw, fmt, ap);
	va_end(ap);
	/* JOURNAL_STREAM is set exactly when stderr is the journal. */
	if (getenv("JOURNAL_STREAM"))
		buf_printf(&line, "<%d>", level);
	buf_printf(&line, "%s: ", log_name);
	text_escape(&line, buf_slice(&raw));
	buf_put_u8(&line, '\n');
	/* One write, so that lines of several processes do not mix. */
	if (!buf_error(&line) && write(STDERR_FILENO, line.data, line.len) < 0) {
		/* Nowhere left to say so. */
	}
	buf_wipe_fini(&raw);
	buf_wipe_fini(&line);
}
