// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Loaded in front of pcscd: vpcd's driver writes a length and then the command
 * to a TCP socket and so meets Nagle's algorithm, which costs 40 ms a command.
 * That is no property of PC/SC, so it is taken away before times are compared.
 */
#include <dlfcn.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

int accept(int fd, struct sockaddr *addr, socklen_t *len)
{
	int (*real)(int, struct sockaddr *, socklen_t *) =
		(int (*)(int, struct sockaddr *, socklen_t *))dlsym(RTLD_NEXT, "accept");
	int on = 1, got = real(fd, addr, len);

	if (got >= 0)
		setsockopt(got, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return got;
}
