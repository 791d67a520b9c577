// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libcurl, loaded when a session is to be run: with its TLS library it is most of
 * what dmsc-client weighs, and what parses a card must not have it at all. Its
 * functions as http.c calls them; another one that is needed has to be added here.
 */
#define CURL_DISABLE_TYPECHECK	/* those macros stand in the way of the definitions */
#include <curl/curl.h>
#include <stdarg.h>

#include "util/library.h"

/* The macros of a C compiler without variadic forwarding, likewise. */
#undef curl_easy_setopt
#undef curl_easy_getinfo

static struct library libcurl = { .soname = DMSC_LIBCURL };

LIBRARY_NOTE(note, DMSC_LIBCURL, "sessions over HTTPS");

/* The function of that name in the library, or NULL. */
#define THERE(name)					\
	static __typeof__(name) *there;			\
	if (!there)					\
		there = library_function(&libcurl, #name)

CURLcode curl_global_init(long flags)
{
	THERE(curl_global_init);
	return there ? there(flags) : CURLE_FAILED_INIT;
}

CURL *curl_easy_init(void)
{
	THERE(curl_easy_init);
	return there ? there() : NULL;
}

void curl_easy_cleanup(CURL *curl)
{
	THERE(curl_easy_cleanup);
	if (there)
		there(curl);
}

/* The type of the third argument follows from the number of the option (curl.h). */
CURLcode curl_easy_setopt(CURL *curl, CURLoption option, ...)
{
	THERE(curl_easy_setopt);
	CURLcode rc;
	va_list ap;

	if (!there)
		return CURLE_FAILED_INIT;
	va_start(ap, option);
	switch (option - option % 10000) {
	case CURLOPTTYPE_LONG:
		rc = there(curl, option, va_arg(ap, long));
		break;
	case CURLOPTTYPE_OFF_T:
		rc = there(curl, option, va_arg(ap, curl_off_t));
		break;
	case CURLOPTTYPE_FUNCTIONPOINT:
		rc = there(curl, option, va_arg(ap, void (*)(void)));
		break;
	default:
		rc = there(curl, option, va_arg(ap, void *));
	}
	va_end(ap);
	return rc;
}

/* The third argument is always an address. */
CURLcode curl_easy_getinfo(CURL *curl, CURLINFO info, ...)
{
	THERE(curl_easy_getinfo);
	va_list ap;
	void *to;

	va_start(ap, info);
	to = va_arg(ap, void *);
	va_end(ap);
	return there ? there(curl, info, to) : CURLE_FAILED_INIT;
}

CURLcode curl_easy_perform(CURL *curl)
{
	THERE(curl_easy_perform);
	return there ? there(curl) : CURLE_FAILED_INIT;
}

const char *curl_easy_strerror(CURLcode code)
{
	THERE(curl_easy_strerror);
	return there ? there(code) : "libcurl is not there";
}

struct curl_slist *curl_slist_append(struct curl_slist *list, const char *text)
{
	THERE(curl_slist_append);
	return there ? there(list, text) : NULL;
}

void curl_slist_free_all(struct curl_slist *list)
{
	THERE(curl_slist_free_all);
	if (there)
		there(list);
}
