/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One line per fact, to stderr; under systemd each line carries its priority
 * as the "<N>" prefix of sd-daemon(3). Control characters that came from a
 * card or a server are written as \xNN, so they cannot forge a line.
 *
 * Never log a PIN, password, nonce, ICCID, IMSI or the content of an EF.
 */
#ifndef DMSC_UTIL_LOG_H
#define DMSC_UTIL_LOG_H

enum log_level { LOG_LVL_ERR = 3, LOG_LVL_WARN = 4, LOG_LVL_NOTICE = 5, LOG_LVL_INFO = 6, LOG_LVL_DEBUG = 7 };

/* @name: the program's, kept by reference. @max: lines above this level are dropped. */
void log_init(const char *name, enum log_level max);
void log_line(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_err(...) log_line(LOG_LVL_ERR, __VA_ARGS__)
#define log_warn(...) log_line(LOG_LVL_WARN, __VA_ARGS__)
#define log_notice(...) log_line(LOG_LVL_NOTICE, __VA_ARGS__)
#define log_info(...) log_line(LOG_LVL_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_LVL_DEBUG, __VA_ARGS__)

#endif
