// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The system call filter of the children: the only file that knows
 * libseccomp. What is not listed fails with EPERM; what only an attacker
 * would try ends the process.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dmsc-client/children.h"

/* By number: the library's tables of names cost more than all the rest of a filter. */
#define SYS(name) SCMP_SYS(name)

/* Files, memory, time, threads: what SQLite, the XML and the TLS library use. */
static const int allowed[] = {
	SYS(access), SYS(arch_prctl), SYS(brk), SYS(clock_getres), SYS(clock_gettime),
	SYS(clock_nanosleep), SYS(close), SYS(dup), SYS(dup2), SYS(dup3), SYS(epoll_create1),
	SYS(epoll_ctl), SYS(epoll_pwait), SYS(epoll_wait), SYS(eventfd2), SYS(exit),
	SYS(exit_group), SYS(faccessat), SYS(faccessat2), SYS(fadvise64), SYS(fallocate),
	SYS(fdatasync), SYS(flock), SYS(fstat), SYS(fstatfs), SYS(fsync), SYS(ftruncate),
	SYS(futex), SYS(getcwd), SYS(getdents64), SYS(getegid), SYS(geteuid), SYS(getgid),
	SYS(getpid), SYS(getppid), SYS(getrandom), SYS(getresgid), SYS(getresuid), SYS(getrlimit),
	SYS(getsockname), SYS(getsockopt), SYS(gettid), SYS(gettimeofday), SYS(getuid), SYS(lseek),
	SYS(lstat), SYS(madvise), SYS(membarrier), SYS(mremap), SYS(munmap), SYS(nanosleep),
	SYS(newfstatat), SYS(pipe), SYS(pipe2), SYS(poll), SYS(ppoll), SYS(pread64), SYS(preadv),
	SYS(pselect6), SYS(pwrite64), SYS(pwritev), SYS(read), SYS(readlink), SYS(readlinkat),
	SYS(readv), SYS(recvfrom), SYS(recvmsg), SYS(rename), SYS(renameat), SYS(renameat2),
	SYS(restart_syscall), SYS(rmdir), SYS(rseq), SYS(rt_sigaction), SYS(rt_sigpending),
	SYS(rt_sigprocmask), SYS(rt_sigreturn), SYS(rt_sigsuspend), SYS(rt_sigtimedwait),
	SYS(sched_getaffinity), SYS(sched_yield), SYS(select), SYS(sendmsg), SYS(sendto),
	SYS(set_robust_list), SYS(set_tid_address), SYS(setitimer), SYS(sigaltstack),
	SYS(socketpair), SYS(stat), SYS(statfs), SYS(statx), SYS(sysinfo), SYS(time), SYS(uname),
	SYS(unlink), SYS(unlinkat), SYS(utimensat), SYS(write), SYS(writev),
};

static const int with_network[] = {
	SYS(bind), SYS(connect), SYS(getpeername), SYS(recvmmsg), SYS(sendmmsg), SYS(setsockopt),
	SYS(shutdown),
};

static const int deadly[] = {
	SYS(acct), SYS(add_key), SYS(bpf), SYS(chroot), SYS(execve), SYS(execveat),
	SYS(finit_module), SYS(init_module), SYS(io_uring_enter), SYS(io_uring_setup),
	SYS(kexec_load), SYS(keyctl), SYS(mount), SYS(move_mount), SYS(open_by_handle_at),
	SYS(perf_event_open), SYS(pivot_root), SYS(process_vm_readv), SYS(process_vm_writev),
	SYS(ptrace), SYS(reboot), SYS(request_key), SYS(setns), SYS(setresgid), SYS(setresuid),
	SYS(setuid), SYS(swapon), SYS(umount2), SYS(unshare), SYS(userfaultfd),
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static int add(scmp_filter_ctx f, uint32_t action, const int *calls, size_t n)
{
	int r = 0;

	/* Numbers below 0 are calls that this architecture has not. */
	for (size_t i = 0; i < n && !r; i++)
		r = calls[i] < 0 ? 0 : seccomp_rule_add(f, action, calls[i], 0);
	return r;
}

/* Allows @call when argument @arg, masked, is @value. */
static int allow_if(scmp_filter_ctx f, int call, unsigned int arg, scmp_datum_t mask,
		    scmp_datum_t value)
{
	struct scmp_arg_cmp c = SCMP_CMP64(arg, SCMP_CMP_MASKED_EQ, mask, value);

	return call < 0 ? 0 : seccomp_rule_add_array(f, SCMP_ACT_ALLOW, call, 1, &c);
}

/*
 * Files of the store stay its owner's alone, whatever umask was left to us, and
 * none becomes a program that runs as its owner.
 */
static int add_files(scmp_filter_ctx f)
{
	static const struct {
		int call;
		unsigned int arg, never;
	} modes[] = {
		{ SYS(chmod), 1, 07077 }, { SYS(fchmod), 1, 07077 }, { SYS(fchmodat), 2, 07077 },
		{ SYS(open), 2, 06000 }, { SYS(openat), 3, 06000 },
		{ SYS(mkdir), 1, 06000 }, { SYS(mkdirat), 2, 06000 },
	};
	/* Not F_SETOWN and F_SETSIG: they send signals of one's choice to the user's other processes. */
	static const int fcntls[] = {
		F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GETLK, F_SETLK,
		F_SETLKW, F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW,
	};
	static const unsigned long ioctls[] = { FIONBIO, FIONREAD, FIOCLEX };
	int r = 0;

	for (size_t i = 0; !r && i < COUNT(modes); i++)
		r = allow_if(f, modes[i].call, modes[i].arg, modes[i].never, 0);
	for (size_t i = 0; !r && i < COUNT(fcntls); i++)
		r = allow_if(f, SYS(fcntl), 1, UINT32_MAX, (scmp_datum_t)fcntls[i]);
	for (size_t i = 0; !r && i < COUNT(ioctls); i++)
		r = allow_if(f, SYS(ioctl), 1, UINT32_MAX, ioctls[i]);
	return r;
}

/* What was written never becomes code: nothing is writable and executable, at once or by turns. */
static int add_memory(scmp_filter_ctx f)
{
	int r = allow_if(f, SYS(mmap), 2, PROT_EXEC, 0);

	if (!r)
		r = allow_if(f, SYS(mmap), 2, PROT_WRITE, 0);
	return r ? r : allow_if(f, SYS(mprotect), 2, PROT_EXEC, 0);
}

static int add_network(scmp_filter_ctx f)
{
	/* No local sockets: the services behind them are no server's business. */
	static const int families[] = { AF_INET, AF_INET6 };
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM };
	/* Others have the kernel load modules. */
	static const int protocols[] = { 0, IPPROTO_TCP, IPPROTO_UDP };
	int r = add(f, SCMP_ACT_ALLOW, with_network, COUNT(with_network));

	for (size_t i = 0; !r && i < COUNT(families) * COUNT(types) * COUNT(protocols); i++)
		r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SYS(socket), 3,
				     SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i % 2], 0),
				     SCMP_A1(SCMP_CMP_MASKED_EQ, 0xf,
					     (scmp_datum_t)types[i / 2 % 2]),
				     SCMP_A2(SCMP_CMP_EQ, (scmp_datum_t)protocols[i / 4], 0));
	/* The resolver asks for this host's addresses; no other netlink, least of all the cards'. */
	if (!r)
		r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SYS(socket), 2,
				     SCMP_A0(SCMP_CMP_EQ, AF_NETLINK, 0),
				     SCMP_A2(SCMP_CMP_EQ, NETLINK_ROUTE, 0));
	/* A thread (the resolver's), not a process; clone3 hides its flags: glibc falls back. */
	if (!r)
		r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SYS(clone), 1,
				     SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
	return r ? r : seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), SYS(clone3), 0);
}

/* The other children run as the same user: no signal but abort() and raise(), and a hook's end. */
static int add_signals(scmp_filter_ctx f, const pid_t *hooks, size_t nhooks)
{
	int r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SYS(tgkill), 1,
				 SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0));

	for (size_t i = 0; !r && i < 2 * nhooks; i++) {
		uint32_t to = (uint32_t)(i % 2 ? -hooks[i / 2] : hooks[i / 2]);

		r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SYS(kill), 2,
				     SCMP_A0(SCMP_CMP_MASKED_EQ, UINT32_MAX, to),
				     SCMP_A1(SCMP_CMP_EQ, SIGKILL, 0));
	}
	return r;
}

static bool terminal;

void seccomp_keep_terminal(void)
{
	terminal = true;
}

static int add_conditional(scmp_filter_ctx f)
{
	/* reading limits only: no new value */
	int r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SYS(prlimit64), 1,
				 SCMP_A2(SCMP_CMP_EQ, 0, 0));

	if (!r)
		r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SYS(prctl), 1,
				     SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME, 0));
	if (!r)
		r = add_files(f);
	/* Not TIOCSTI and its like: who types there is a person. */
	if (!r && terminal)
		r = allow_if(f, SCMP_SYS(ioctl), 1, UINT32_MAX, TCGETS);
	if (!r && terminal)
		r = allow_if(f, SCMP_SYS(ioctl), 1, UINT32_MAX, TCSETSF);
	return r ? r : add_memory(f);
}

int seccomp_enter(bool network, const pid_t *hooks, size_t nhooks)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int r;

	if (!f)
		return -ENOMEM;
	/* A tree in place of a list: each call is looked up in it, and all of them once by the kernel. */
	(void)!seccomp_attr_set(f, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	/* seccomp_load() sets no_new_privs, the filter's attribute by default. */
	r = add(f, SCMP_ACT_KILL_PROCESS, deadly, COUNT(deadly));
	if (!r)
		r = add(f, SCMP_ACT_ALLOW, allowed, COUNT(allowed));
	if (!r && network)
		r = add_network(f);
	if (!r)
		r = add_conditional(f);
	if (!r)
		r = add_signals(f, hooks, nhooks);
	if (!r)
		r = seccomp_load(f);
	seccomp_release(f);
	return r;
}
