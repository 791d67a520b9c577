// SPDX-License-Identifier: GPL-2.0-or-later
/* Libraries at need (util/library.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "util/library.h"

static void functions(void **state)
{
	struct library c = { .soname = "libc.so.6" };
	long (*f)(long);

	assert_null(c.handle);
	f = library_function(&c, "labs");
	assert_non_null(c.handle);
	assert_non_null(f);
	assert_int_equal(f(-3), 3);
	assert_null(library_function(&c, "no_such_function_of_c"));
	assert_ptr_equal(library_function(&c, "labs"), f);
}

/* It is looked for once: a session must not search the disk at each call. */
static void not_there(void **state)
{
	struct library none = { .soname = "libdmsc-is-not-there.so.9" };

	assert_null(library_function(&none, "labs"));
	assert_true(none.tried);
	none.soname = "libc.so.6";
	assert_null(library_function(&none, "labs"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(functions),
		cmocka_unit_test(not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
