/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A shared library of another project that is loaded when the first of its
 * functions is called: a process that has no use for it neither carries its code
 * nor waits for it to be loaded. Who uses the library includes its header and calls
 * it as ever; one file beside it (..._load.c) defines the functions and passes on.
 */
#ifndef DMSC_UTIL_LIBRARY_H
#define DMSC_UTIL_LIBRARY_H

#include <stdbool.h>
#include <stdint.h>

struct library {
	const char *soname;
	void *handle;
	bool tried;
};

/*
 * Its function @name; the first call loads the library, which then stays. NULL, with
 * a line in the log, when there is no such library or function.
 */
void *library_function(struct library *l, const char *name);

/*
 * Tells what makes packages and file systems that a program needs this library, which
 * no NEEDED entry says any more: an ELF note of the freedesktop.org specification "ELF
 * notes for dlopen()". @soname and @why are string literals.
 */
#define LIBRARY_NOTE(name, soname, why)							\
	static const struct {								\
		uint32_t owner_size, text_size, type;					\
		char owner[4];								\
		char text[(sizeof(LIBRARY_TEXT(soname, why)) + 3) & ~3UL];		\
	} name __attribute__((used, section(".note.dlopen"), aligned(4))) = {		\
		4, sizeof(name.text), 0x407c0c0a, "FDO", LIBRARY_TEXT(soname, why)	\
	}
#define LIBRARY_TEXT(soname, why) \
	"[{\"soname\":[\"" soname "\"],\"description\":\"" why "\",\"priority\":\"required\"}]"

#endif
