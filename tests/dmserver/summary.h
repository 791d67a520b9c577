/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A record directory told to people: each session in a line or two. Reads only. */
#ifndef DMSERVER_SUMMARY_H
#define DMSERVER_SUMMARY_H

/* Prints to stdout. 0 or -errno, with a message on stderr. */
int summary_print(const char *dir);

#endif
