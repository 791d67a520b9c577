// SPDX-License-Identifier: GPL-2.0-or-later
/* Libraries at need; the contract is in library.h. */
#include "util/library.h"

#include <dlfcn.h>
#include <stddef.h>

#include "util/log.h"

/*
 * Its own symbols and those of what it brings come first: two libraries may bring
 * different versions of a third, and thirty that look through ours before their own
 * take a fifth longer. Not where there is no such thing (musl), nor below a sanitizer,
 * whose functions have to come before all.
 */
#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif
#if defined(RTLD_DEEPBIND) && !defined(__SANITIZE_ADDRESS__)
#define OWN_FIRST RTLD_DEEPBIND
#else
#define OWN_FIRST 0
#endif

void *library_function(struct library *l, const char *name)
{
	void *f;

	if (!l->handle && !l->tried) {
		l->handle = dlopen(l->soname, RTLD_LAZY | RTLD_LOCAL | OWN_FIRST);
		if (!l->handle)
			log_err("%s cannot be loaded: %s", l->soname, dlerror());
		l->tried = true;
	}
	f = l->handle ? dlsym(l->handle, name) : NULL;
	if (l->handle && !f)
		log_err("%s has no %s", l->soname, name);
	return f;
}
