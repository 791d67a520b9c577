// SPDX-License-Identifier: GPL-2.0-or-later
/* Libraries at need; the contract is in library.h. */
#include "util/library.h"

#include <dlfcn.h>
#include <stddef.h>

#include "util/log.h"

#ifndef RTLD_DEEPBIND		/* musl */
#define RTLD_DEEPBIND 0
#endif

/*
 * Its own symbols and those of what it brings come first: two libraries may bring
 * different versions of a third, and thirty that look through ours before their own
 * take a fifth longer. Not where another allocator stands before the C library's (a
 * hardened one of ld.so.preload, a sanitizer's): the C library would allocate from that
 * one what they give back to this.
 */
static int own_first(void)
{
	void *libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
	bool plain = libc && dlsym(libc, "malloc") == dlsym(RTLD_DEFAULT, "malloc");

	if (libc)
		dlclose(libc);
	return plain ? RTLD_DEEPBIND : 0;
}

void *library_function(struct library *l, const char *name)
{
	void *f;

	if (!l->handle && !l->tried) {
		l->handle = dlopen(l->soname, RTLD_LAZY | RTLD_LOCAL | own_first());
		if (!l->handle)
			log_err("%s cannot be loaded: %s", l->soname, dlerror());
		l->tried = true;
	}
	f = l->handle ? dlsym(l->handle, name) : NULL;
	if (l->handle && !f)
		log_err("%s has no %s", l->soname, name);
	return f;
}
