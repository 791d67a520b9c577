// SPDX-License-Identifier: GPL-2.0-or-later
/* kernel/route: which of the kernel's words is a way into the network. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include "kernel/route.h"

struct word {
	struct nlmsghdr h;
	struct rtmsg m;
};

static struct word word(uint16_t type, uint8_t dst_len, uint8_t kind)
{
	return (struct word){ .h = { .nlmsg_len = sizeof(struct word), .nlmsg_type = type },
			      .m = { .rtm_family = 2, .rtm_dst_len = dst_len, .rtm_type = kind } };
}

static bool is_default(const struct word *w, size_t n)
{
	return route_is_default(slice_of(w, n * sizeof(*w)));
}

static void default_route(void **state)
{
	struct word w[] = { word(RTM_NEWROUTE, 24, RTN_UNICAST), word(RTM_NEWROUTE, 0, RTN_UNICAST) };

	assert_true(is_default(w + 1, 1));
	assert_true(is_default(w, 2));
	assert_false(is_default(w, 1));
}

static void other_routes(void **state)
{
	const struct word w[] = {
		word(RTM_DELROUTE, 0, RTN_UNICAST), word(RTM_NEWROUTE, 0, RTN_UNREACHABLE),
		word(RTM_NEWROUTE, 0, RTN_LOCAL), word(RTM_NEWROUTE, 1, RTN_UNICAST),
		word(RTM_NEWLINK, 0, RTN_UNICAST),
	};

	assert_false(is_default(w, sizeof(w) / sizeof(w[0])));
	assert_false(route_is_default(SLICE_NONE));
}

/* A message that says more of itself than there is ends the reading. */
static void cut_short(void **state)
{
	struct word w = word(RTM_NEWROUTE, 0, RTN_UNICAST);

	for (size_t n = 0; n < sizeof(w); n++)
		assert_false(route_is_default(slice_of(&w, n)));
	w.h.nlmsg_len = sizeof(w) + 1;
	assert_false(is_default(&w, 1));
	w.h.nlmsg_len = 0;
	assert_false(is_default(&w, 1));
	w.h.nlmsg_len = NLMSG_LENGTH(sizeof(w.m) - 1);
	assert_false(is_default(&w, 1));
}

/* The socket is there, says nothing by itself, and blocks nobody. */
static void socket_is_quiet(void **state)
{
	int fd = route_open();

	assert_true(fd >= 0);
	(void)route_default_came(fd);
	assert_false(route_default_came(fd));
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(default_route), cmocka_unit_test(other_routes),
		cmocka_unit_test(cut_short), cmocka_unit_test(socket_is_quiet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
