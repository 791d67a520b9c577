// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Cards that lie about their files, and programs that read, write and export as
 * they please while the card comes and goes: every call ends, with an errno of the
 * ABI document, and no more is asked of the card than a file can hold.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "fcard.h"
#include "ktap.h"

#define DATA	"ef-3f00.2fe2/data"
#define TYPE	"ef-3f00.2fe2/type"

static uint8_t buf[70000];

static size_t sw(uint8_t *out, size_t len, uint16_t value)
{
	out[len] = value >> 8;
	out[len + 1] = value;
	return len + 2;
}

/* --- what an FCP may say --------------------------------------------------- */

struct liar {
	uint8_t fcp[256];
	size_t n_fcp;
	uint8_t object[300];	/* answers RETRIEVE DATA */
	size_t n_object;
	uint16_t object_sw;
};

/* Has an endless file: gives as many bytes as are asked, wherever. */
static size_t liar_program(struct vcard *c, const uint8_t *p, size_t n, uint8_t *out)
{
	struct liar *l = c->priv;
	size_t le = p[4] ? p[4] : 256;

	(void)n;
	switch (p[1]) {
	case 0xa4:
		return sw(out, 0, p[3] == 0x0c ? 0x9000 : 0x6100 | (l->n_fcp & 0xff));
	case 0xc0:
		if (!l->n_object || p[4] == (l->n_fcp & 0xff)) {
			memcpy(out, l->fcp, l->n_fcp);
			return sw(out, l->n_fcp, 0x9000);
		}
		memcpy(out, l->object, l->n_object);
		return sw(out, l->n_object, l->object_sw);
	case 0xcb:
		if (p[3] == 0x80 && l->n_object)
			return sw(out, 0, 0x6100 | l->n_object);
		memcpy(out, l->object, l->n_object);
		return sw(out, l->n_object, l->object_sw);
	case 0xb0:
		/* A record file says so. */
		if (l->n_fcp > 4 && l->fcp[2] == 0x82 && l->fcp[4] != 0x41)
			return sw(out, 0, 0x6981);
		/* fall through */
	case 0xb2:
		memset(out, p[2], le);
		return sw(out, le, 0x9000);
	}
	return sw(out, 0, 0x6d00);
}

static int slurp(struct vcard *c)
{
	size_t off = 0;
	int n;

	while ((n = attr_read(card_path(c, DATA), buf, 4096, off)) > 0)
		off += n;
	return n < 0 ? n : (int)off;
}

static bool test_fcp(void)
{
	static const struct {
		const char *fcp;
		int type, content;	/* errno, or bytes of all */
	} cases[] = {
		/* It is of no use to read the length of a file that has no end. */
		{ "6202 8000", -EPROTO, 32768 },
		{ "6206 82024121 8500", 0, 32768 },
		{ "620A 82024121 8004FFFFFFFF", 0, 32768 },
		{ "6208 82024121 80020000", 0, 0 },
		{ "6208 82024121 80020010", 0, 16 },
		{ "62FF 82024121 80020010", -EPROTO, 32768 },
		{ "6208 82FF4121 80020010", -EPROTO, 32768 },
		{ "6283 82024121", -EPROTO, 32768 },
		{ "6207 82054221 FFFFFF", -EPROTO, -EPROTO },
		{ "6207 82054221 010001", -EPROTO, -EPROTO },
		{ "6207 82054221 000001", -EPROTO, -EPROTO },
		{ "6206 82044221 00FF", 0, 254 * 255 },
		{ "6207 82054221 00FFFF", 0, 254 * 255 },
		{ "620B 82054221 00FF00 8002FFFF", 0, 254 * 255 },
		{ "620B 82054621 000102 80020001", 0, 2 },
		{ "6205 82034221 00", -EPROTO, -EPROTO },
		{ "6204 82027821", 0, -EOPNOTSUPP },
		{ "6204 82020021", 0, -EOPNOTSUPP },
		{ "6F00", 0, 32768 },
		{ "61", -EPROTO, 32768 },
	};
	struct liar l = { .n_object = 0 };
	struct vcard *c = vcard_new("ho-fcp");
	bool ok = true;
	size_t i;
	int n;

	c->program = liar_program;
	c->priv = &l;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		l.n_fcp = vcard_unhex(l.fcp, sizeof(l.fcp), cases[i].fcp);
		CHECK(vcard_insert(c));
		n = attr_read(card_path(c, TYPE), buf, 50, 0);
		if ((n < 0 ? n : 0) != cases[i].type) {
			printf("# %s: type gives %d\n", cases[i].fcp, n);
			ok = false;
		}
		n = slurp(c);
		if (n != cases[i].content) {
			printf("# %s: content gives %d\n", cases[i].fcp, n);
			ok = false;
		}
		CHECK(vcard_remove(c));
	}
	/* 20 files of which none is larger than 64 KiB: READs of 255 bytes. */
	CHECK(c->commands < 20 * 300);
	vcard_free(c);
	return ok;
}

static bool test_objects(void)
{
	static const struct {
		const char *object;
		uint16_t sw;
		int content;
	} cases[] = {
		{ "5C0180", 0x62f1, -EFBIG },		/* more and more of it */
		{ "5C", 0x9000, -EPROTO },
		{ "5C05 80", 0x9000, -EPROTO },
		{ "5C84FFFFFFFF", 0x9000, -EPROTO },
		{ "5D0180", 0x9000, -EPROTO },		/* not what was asked for */
		{ "", 0x62f1, -EPROTO },
		{ "5C021F81", 0x9000, -EPROTO },	/* a tag that is cut */
		{ "5C00", 0x9000, 0 },
		{ "5C015C", 0x9000, 0 },
		{ "5C0180", 0x9000, -EPROTO },		/* and 80 is answered by the list */
	};
	struct liar l = { .n_fcp = 0 };
	struct vcard *c = vcard_new("ho-tlv");
	bool ok = true;
	size_t i;
	int n;

	c->program = liar_program;
	c->priv = &l;
	l.n_fcp = vcard_unhex(l.fcp, sizeof(l.fcp), "6206 82027921 8500");
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		l.n_object = vcard_unhex(l.object, sizeof(l.object), cases[i].object);
		l.object_sw = cases[i].sw;
		CHECK(vcard_insert(c));
		n = slurp(c);
		if (n != cases[i].content) {
			printf("# %s: content gives %d\n", cases[i].object, n);
			ok = false;
		}
		CHECK(vcard_remove(c));
	}
	CHECK(c->commands < 3000);
	vcard_free(c);
	return ok;
}

/* --- everything at once ---------------------------------------------------- */

#define STORM_PROCESSES	8
#define STORM_MS	6000
#define STORM_LATE_MS	60000	/* more for a slow machine */
#define STORM_SWAPS	10

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ULL + t.tv_nsec / 1000000;
}

/* Answers anything. */
static size_t storm_program(struct vcard *c, const uint8_t *p, size_t n, uint8_t *out)
{
	static const uint16_t sws[] = {
		0x9000, 0x9000, 0x6100, 0x6cff, 0x6c00, 0x6282, 0x62f1, 0x6a82, 0x6982, 0x6b00,
		0x6f00, 0x9102, 0x63c2, 0x6e00, 0x6981, 0x6a83, 0x1234, 0x6881,
	};
	static unsigned int seed = 1;
	size_t len, i;

	(void)c;
	(void)n;
	len = rand_r(&seed) % 4 ? 0 : rand_r(&seed) % 257;
	for (i = 0; i < len; i++)
		out[i] = rand_r(&seed);
	/* Often what looks like an FCP of some structure. */
	if (p[1] == 0xc0 && rand_r(&seed) % 2) {
		static const uint8_t types[] = { 0x41, 0x42, 0x46, 0x79 };
		const uint8_t fcp[] = { 0x62, 0x0b, 0x82, 0x05, types[rand_r(&seed) % 4], 0x21,
					0x00, rand_r(&seed), rand_r(&seed), 0x80, 0x02,
					rand_r(&seed), rand_r(&seed) };

		memcpy(out, fcp, sizeof(fcp));
		len = sizeof(fcp);
		return sw(out, len, 0x9000);
	}
	return sw(out, len, sws[rand_r(&seed) % (sizeof(sws) / sizeof(sws[0]))]);
}

static bool read_errno(int ret)
{
	switch (-ret) {
	case ENOENT:
	case EACCES:
	case ENODEV:
	case ETIMEDOUT:
	case EPROTO:
	case EOPNOTSUPP:
	case EFBIG:
		return true;
	}
	return ret >= 0;
}

static bool write_errno(int ret)
{
	switch (-ret) {
	case EPERM:
	case ENOSPC:
	case EINVAL:
	case EIO:
		return true;
	}
	return read_errno(ret);
}

static bool export_errno(int ret)
{
	return ret >= 0 || ret == -EINVAL || ret == -EEXIST || ret == -ENOENT || ret == -ENOSPC ||
	       ret == -ENODEV || ret == -EPERM;
}

/* One call of one attribute, chosen by chance; false for an errno nobody has heard of. */
static bool storm_step(struct vcard *c, unsigned int *seed)
{
	static const char * const files[] = {
		"3f00.2fe2", "3f00.2f00", "a000000063504b43532d3135.5031", "3f00.7f50.5031",
		"3f00.7f10.6f3a", "3f00.2f05", "a0000000871002.6f07",
	};
	static const char * const attrs[] = {
		"data", "fcp", "type", "record_length", "record_count", "read_access",
		"update_access",
	};
	static const long offs[] = {
		0, 0, 1, 255, 600, 4096, 32767, 32768, 65535, 65536, 1L << 31, 1L << 62,
	};
	const char *file = files[rand_r(seed) % (sizeof(files) / sizeof(files[0]))];
	size_t size = rand_r(seed) % (rand_r(seed) % 3 ? 300 : sizeof(buf));
	long off = offs[rand_r(seed) % (sizeof(offs) / sizeof(offs[0]))];
	char name[100];
	int ret;

	switch (rand_r(seed) % 8) {
	case 0:
		ret = attr_write(card_path(c, "export"), file);
		if (export_errno(ret))
			return true;
		break;
	case 1:
		ret = attr_write(card_path(c, "unexport"), file);
		if (export_errno(ret))
			return true;
		break;
	case 2:
	case 3:
		snprintf(name, sizeof(name), "ef-%s/data", file);
		ret = attr_write_at(card_path(c, name), buf, size, off);
		if (write_errno(ret))
			return true;
		break;
	default:
		snprintf(name, sizeof(name), "ef-%s/%s", file,
			 attrs[rand_r(seed) % (sizeof(attrs) / sizeof(attrs[0]))]);
		ret = attr_read(card_path(c, name), buf, size, off);
		if (read_errno(ret))
			return true;
		file = name;
	}
	printf("# %s, %zu bytes at %ld: %d\n", file, size, off, ret);
	return false;
}

/* Between the processes. */
struct storm {
	unsigned int steps;
	bool over;
};

static int storm(struct vcard *c, unsigned int seed, struct storm *all)
{
	uint64_t end = now_ms() + STORM_MS + 2 * STORM_LATE_MS;

	while (!__atomic_load_n(&all->over, __ATOMIC_RELAXED) && now_ms() < end) {
		if (!storm_step(c, &seed))
			return 1;
		__atomic_add_fetch(&all->steps, 1, __ATOMIC_RELAXED);
	}
	return 0;
}

static bool test_storm(void)
{
	const char *param = "/sys/module/uicc_virt/parameters/timeout_ms";
	struct storm *all = mmap(NULL, sizeof(*all), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint64_t end = now_ms() + STORM_MS, slowest = 0, at;
	struct vcard *c = vcard_new("ho-storm");
	const struct timespec pause = { .tv_nsec = 200000000 };
	pid_t pids[STORM_PROCESSES];
	unsigned int swaps = 0;
	char path[80];
	int i, status, bad = 0;

	CHECK(all != MAP_FAILED);
	CHECK_EQ(attr_write(param, "1000"), 0);
	c->program = storm_program;
	CHECK(vcard_insert(c));
	snprintf(path, sizeof(path), "/sys/class/uicc/uicc%u/allow_update", c->slot);
	CHECK_EQ(attr_write(path, "1"), 0);
	for (i = 0; i < STORM_PROCESSES; i++) {
		pids[i] = fork();
		if (!pids[i])
			_exit(storm(c, i + 1, all));
	}
	/* For its time, and on a slow machine until it was one. */
	while (now_ms() < end || (swaps < STORM_SWAPS && now_ms() < end + STORM_LATE_MS)) {
		nanosleep(&pause, NULL);
		at = now_ms();
		CHECK(vcard_remove(c));
		at = now_ms() - at;
		slowest = at > slowest ? at : slowest;
		CHECK(vcard_insert(c));
		swaps++;
	}
	__atomic_store_n(&all->over, true, __ATOMIC_RELAXED);
	for (i = 0; i < STORM_PROCESSES; i++) {
		CHECK_EQ(waitpid(pids[i], &status, 0), pids[i]);
		bad += !!status;
	}
	printf("# %u calls, %u cards, %u commands; the slowest removal took %u ms\n", all->steps, swaps,
	       c->commands, (unsigned int)slowest);
	CHECK_EQ(bad, 0);
	CHECK(all->steps > 1000);
	CHECK(swaps >= STORM_SWAPS);
	CHECK(slowest < 5000);
	/* What follows finds a card as if nothing had been. */
	CHECK(vcard_remove(c));
	CHECK_EQ(attr_write(param, "10000"), 0);
	c->program = NULL;
	CHECK(vcard_insert(c));
	vcard_expect(c, "00A4080C022FE2", "9000");
	vcard_expect(c, "00B0000004", "01020304 9000");
	CHECK_EQ(attr_read(card_path(c, DATA), buf, 4, 0), 4);
	CHECK(vcard_played(c));
	munmap(all, sizeof(*all));
	vcard_free(c);
	return true;
}

/* Readers of one file while it is unexported and exported: all or nothing of it. */
static bool test_unexport(void)
{
	struct fcard *f = fcard_new(FCARD_TRANSPARENT, 5000, 0);
	struct vcard *c = fcard_insert(f, "ho-unexp", 0);
	static uint8_t own[5000];
	pid_t pids[STORM_PROCESSES];
	uint64_t end = now_ms() + 3000;
	unsigned int rounds = 0;
	int i, n, status, bad = 0;

	for (i = 0; i < STORM_PROCESSES; i++) {
		pids[i] = fork();
		if (pids[i])
			continue;
		while (now_ms() < end) {
			size_t off = (now_ms() * 37 + i * 911) % 6000;

			n = attr_read(card_path(c, "ef-3f00.2f05/data"), own, 1000, off);
			if (n == -ENOENT || n == -ENODEV)
				continue;
			if (n < 0 || n > 1000 || (off < 4000 && n != 1000) ||
			    (off < 5000 && memcmp(own, f->data + off, n)))
				_exit(1);
		}
		_exit(0);
	}
	while (now_ms() < end) {
		CHECK_EQ(attr_write(card_path(c, "export"), "3f00.2f05"), 0);
		usleep(5000);
		CHECK_EQ(attr_write(card_path(c, "unexport"), "3f00.2f05"), 0);
		rounds++;
	}
	for (i = 0; i < STORM_PROCESSES; i++) {
		CHECK_EQ(waitpid(pids[i], &status, 0), pids[i]);
		bad += !!status;
	}
	CHECK_EQ(bad, 0);
	CHECK(rounds > 5);
	vcard_free(c);
	free(f);
	return true;
}

static const struct ktap_test tests[] = {
	{ "an FCP that lies", test_fcp },
	{ "objects that lie", test_objects },
	{ "eight readers while the file is unexported", test_unexport },
	{ "eight programs, noise, and the card comes and goes", test_storm },
};

KTAP_MAIN(tests)
