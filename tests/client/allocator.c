// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An allocator in place of the C library's, as systems put a hardened one before all
 * programs (ld.so.preload). What it did not give it does not take back.
 */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define POOL (256UL << 20)
#define LEAST 16		/* bytes that anything is aligned to */
#define MAGIC 0x6f75727321ULL

struct head {
	size_t n;
	uint64_t magic;
};

static _Alignas(4096) char pool[POOL];
static size_t used;		/* nothing is used twice */

static void *take(size_t align, size_t n)
{
	size_t at;
	uintptr_t p;

	if (align < LEAST)
		align = LEAST;
	if (align > POOL || n > POOL ||
	    (at = __atomic_fetch_add(&used, n + align + sizeof(struct head), __ATOMIC_RELAXED)) >
		    POOL - n - align - sizeof(struct head)) {
		errno = ENOMEM;
		return NULL;
	}
	p = ((uintptr_t)pool + at + sizeof(struct head) + align - 1) & ~(uintptr_t)(align - 1);
	((struct head *)p)[-1] = (struct head){ n, MAGIC };
	return (void *)p;
}

static size_t size_of(void *p)
{
	static const char word[] = "memory of another allocator\n";

	if ((char *)p < pool || (char *)p >= pool + POOL || ((struct head *)p)[-1].magic != MAGIC) {
		(void)!write(STDERR_FILENO, word, sizeof(word) - 1);
		abort();
	}
	return ((struct head *)p)[-1].n;
}

void *malloc(size_t n)
{
	return take(LEAST, n);
}

void free(void *p)
{
	if (p)
		size_of(p);
}

/* The pool is zero until it is used, and it is used once. */
void *calloc(size_t n, size_t size)
{
	size_t all;

	if (__builtin_mul_overflow(n, size, &all)) {
		errno = ENOMEM;
		return NULL;
	}
	return take(LEAST, all);
}

void *realloc(void *p, size_t n)
{
	size_t old = p ? size_of(p) : 0;
	void *new = take(LEAST, n);

	if (new && old)
		memcpy(new, p, old < n ? old : n);
	return new;
}

void *memalign(size_t align, size_t n)
{
	return take(align, n);
}

void *aligned_alloc(size_t align, size_t n)
{
	return take(align, n);
}

int posix_memalign(void **out, size_t align, size_t n)
{
	*out = take(align, n);
	return *out ? 0 : ENOMEM;
}

size_t malloc_usable_size(void *p)
{
	return p ? size_of(p) : 0;
}
