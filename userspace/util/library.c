// SPDX-License-Identifier: GPL-2.0-or-later
/* Libraries at need; the contract is in library.h. */
#include "util/library.h"

#include <dlfcn.h>
#include <stddef.h>

#include "util/log.h"

void *library_function(struct library *l, const char *name)
{
	void *f;

	if (!l->handle && !l->tried) {
		/* Its own symbols alone: two of them may bring different versions of a third. */
		l->handle = dlopen(l->soname, RTLD_LAZY | RTLD_LOCAL);
		if (!l->handle)
			log_err("%s cannot be loaded: %s", l->soname, dlerror());
		l->tried = true;
	}
	f = l->handle ? dlsym(l->handle, name) : NULL;
	if (l->handle && !f)
		log_err("%s has no %s", l->soname, name);
	return f;
}
