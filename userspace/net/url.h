/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is asked of an http or https URL before it is used. No network, and no full parser. */
#ifndef DMSC_NET_URL_H
#define DMSC_NET_URL_H

#include <stdbool.h>
#include "util/slice.h"

/* "https://..." in any case of letters. */
bool http_url_is_https(const char *url);
bool http_url_is_plain(const char *url);
/*
 * The name or address in it, without brackets; SLICE_NONE when it is no http(s) URL, or
 * has a user name, or a form that programs read differently. Borrowed from @url.
 */
struct slice http_url_host(const char *url);
/* Same scheme, host and port; false when either is no URL as above. */
bool http_url_same_origin(const char *a, const char *b);

#endif
