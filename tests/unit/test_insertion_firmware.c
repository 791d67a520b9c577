// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Firmware packages in the loop without a card: the download child and what ends it,
 * update-hook with what it gets and says. The world around the loop is test_insertion.c's.
 */
#define INSERTION_MAIN insertion_tests
int insertion_tests(void);
#include "test_insertion.c"

#define PACKAGE "0123456789abcdef"

static char store[96], told_file[128];
static struct ipc_msg request;		/* the pending child's */
static struct ipc_firmware *answer;	/* to it, shared */

int confine_user(struct confine_id *out)
{
	*out = (struct confine_id){ getuid(), getgid() };
	return 0;
}

static void pending_asks(int fd)
{
	struct ipc_msg m;

	start_take(fd);
	say(fd, &request);
	w->lost |= ipc_recv(fd, &m, PLAY_MS) != 0;
	w->lost |= m.type != IPC_FIRMWARE;
	*answer = m.firmware;
	w->replies++;
}

static int run_pending(const char *conf)
{
	struct insertion *in = calloc(1, sizeof(*in));
	struct helper h = { .conf_path = conf_path, .sysfs = "sysfs", .run_dir = run_dir };
	char err[CONF_ERROR_MAX];
	int r;

	conf_write(conf);
	assert_int_equal(conf_load(conf_path, &h.conf, err), 0);
	snprintf(h.conf.store, sizeof(h.conf.store), "%s", store);
	world_new();
	memset(answer, 0, sizeof(*answer));
	card_part = pending_asks;
	insertion_init(in, &h, "pending");
	insertion_work(in);
	r = in->exit;
	insertion_fini(in);
	free(in);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_false(w->lost);
	return r;
}

static void ask_download(void)
{
	ipc_prepare(&request, IPC_DOWNLOAD);
	request.download.max = 1000;
	strcpy(request.download.url, "https://h/x");
	strcpy(request.download.server_id, SERVER);
	strcpy(request.download.package, PACKAGE);
}

static void ask_update(enum ipc_verb verb)
{
	ipc_prepare(&request, IPC_UPDATE);
	request.update.verb = verb;
	strcpy(request.update.name, "root fs");
	strcpy(request.update.version, "2.0");
	if (verb == IPC_VERB_RESULT)
		return;
	request.update.size = 7;
	strcpy(request.update.package, PACKAGE);
}

/* --- downloads ------------------------------------------------------------- */

static int child_does;	/* what the download child does */

static void download_part(int fd)
{
	struct ipc_msg m;

	w->lost |= ipc_recv(fd, &m, PLAY_MS) != 0;
	w->lost |= m.type != IPC_DOWNLOAD || strcmp(m.download.url, "https://h/x") ||
		   m.download.max != 1000;
	if (child_does == 1)
		_exit(3);
	if (child_does == 2) {
		ipc_prepare(&m, IPC_OUTCOME);
		say(fd, &m);
		pause();
	}
	ipc_prepare(&m, IPC_PROGRESS);
	strcpy(m.progress.what, "downloading firmware");
	m.progress.done = 10;
	m.progress.total = 77;
	while (child_does == 3 && !ipc_send(fd, &m, PLAY_MS))
		;
	if (child_does == 3)
		pause();
	say(fd, &m);
	ipc_prepare(&m, IPC_FIRMWARE);
	m.firmware.code = 200;
	m.firmware.size = 77;
	say(fd, &m);
}

static void download_goes_through(void **state)
{
	ask_download();
	session_part = download_part;
	child_does = 0;
	assert_int_equal(run_pending(""), HELPER_OK);
	assert_int_equal(w->sessions, 1);
	assert_int_equal(answer->code, 200);
	assert_int_equal(answer->size, 77);
}

/* Of a child that dies, or says what it may not, another attempt is made. */
static void download_child_dies(void **state)
{
	ask_download();
	session_part = download_part;
	for (child_does = 1; child_does <= 3; child_does++) {
		assert_int_equal(run_pending(""), HELPER_OK);
		assert_int_equal(answer->code, 503);
		assert_int_equal(answer->retry, 1);
		assert_non_null(strstr(answer->reason, child_does == 1 ? "status 3" : "signal 9"));
	}
}

static void card_asks_download(int fd)
{
	struct ipc_msg m;

	start_take(fd);
	say(fd, &request);
	w->replies += ipc_recv(fd, &m, PLAY_MS) == 0;
}

/* A card child has no business with firmware. */
static void not_with_a_card(void **state)
{
	for (int i = 0; i < 2; i++) {
		i ? ask_update(IPC_VERB_RESULT) : ask_download();
		world_new();
		card_part = card_asks_download;
		session_part = download_part;
		assert_int_equal(run_insertion("trusted-slots = virt:*\n"), HELPER_FAILED);
		assert_int_equal(w->replies, 0);
		assert_int_equal(w->sessions, 0);
	}
}

/* --- update-hook ------------------------------------------------------------ */

static void package(const char *name, const char *text, mode_t mode)
{
	char path[160];
	FILE *f;

	snprintf(path, sizeof(path), "%s/firmware/%s.pkg", store, name);
	unlink(path);
	f = fopen(path, "w");
	fputs(text, f);
	fclose(f);
	chmod(path, mode);
}

static const char *hook(const char *then)
{
	static char script[300];

	snprintf(script, sizeof(script), "{ printf '%%s|' \"$@\"; cat; } > %s; %s", told_file, then);
	return program_conf("update-hook", script);
}

static void told_is(const char *want)
{
	char text[200] = "";
	FILE *f = fopen(told_file, "r");

	(void)!fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	unlink(told_file);
	assert_string_equal(text, want);
}

/* Rules: FUMO-12 */
static void update_gets_the_package(void **state)
{
	package(PACKAGE, "PACKAGE", 0600);
	ask_update(IPC_VERB_UPDATE);
	assert_int_equal(run_pending(hook("exit 0")), HELPER_OK);
	told_is("update|root fs|2.0|7|PACKAGE");
	assert_int_equal(answer->code, 200);
	assert_string_equal(answer->reason, "");
	ask_update(IPC_VERB_RESULT);
	assert_int_equal(run_pending(hook("exit 75")), HELPER_OK);
	told_is("result|root fs|2.0|0|");
	assert_int_equal(answer->code, 0);
	assert_int_equal(run_pending(hook("kill -9 $$")), HELPER_OK);
	told_is("result|root fs|2.0|0|");
	assert_int_equal(answer->code, 410);
	assert_string_equal(answer->reason, "update-hook ended with signal 9");
}

/* Rules: FUMO-12 */
static void statuses(void **state)
{
	static const struct { int status; uint32_t code; } table[] = {
		{ 0, 200 }, { 1, 410 }, { 2, 410 }, { 9, 410 }, { 10, 250 }, { 59, 299 }, { 60, 410 },
		{ 74, 410 }, { 75, 0 }, { 76, 410 }, { 99, 410 }, { 100, 400 }, { 101, 401 },
		{ 102, 402 }, { 104, 404 }, { 111, 411 }, { 112, 410 }, { 119, 410 }, { 120, 500 },
		{ 122, 502 }, { 123, 503 }, { 124, 410 }, { 126, 410 }, { 127, 410 }, { 137, 410 },
		{ 149, 410 }, { 150, 450 }, { 199, 499 }, { 200, 550 }, { 249, 599 }, { 250, 410 },
		{ 255, 410 },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		assert_int_equal(update_code(HOOK_EXITED, table[i].status), table[i].code);
	assert_int_equal(update_code(HOOK_KILLED, 0), 410);
	assert_int_equal(update_code(HOOK_LATE, 0), 410);
}

/* What the child names is given to nobody when it is not what it should be. */
static void packages_judged(void **state)
{
	char path[160], other[160];

	snprintf(path, sizeof(path), "%s/firmware/" PACKAGE ".pkg", store);
	snprintf(other, sizeof(other), "%s/firmware/other.pkg", store);
	package(PACKAGE, "PACKAGE", 0600);
	assert_true(package_open(store, PACKAGE, 7, getuid()) >= 0);
	assert_int_equal(package_open(store, PACKAGE, 8, getuid()), -EIO);
	/* Of somebody else; it cannot even be opened as who it should be of, unless all may. */
	assert_int_equal(package_open(store, PACKAGE, 7, getuid() + 1), getuid() ? -EPERM : -EACCES);
	assert_int_equal(package_open("/nonexistent", PACKAGE, 7, getuid()), -ENOENT);
	chmod(path, 0620);
	assert_int_equal(package_open(store, PACKAGE, 7, getuid()), -EPERM);
	chmod(path, 0600);
	assert_int_equal(link(path, other), 0);
	assert_int_equal(package_open(store, PACKAGE, 7, getuid()), -EPERM);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(package_open(store, PACKAGE, 7, getuid()), -ENOENT);
	assert_int_equal(symlink("other.pkg", path), 0);
	assert_int_equal(package_open(store, PACKAGE, 7, getuid()), -ELOOP);
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(package_open(store, PACKAGE, 0, getuid()), -ENODEV);
	unlink(path);
	unlink(other);
	/* Nor by way of the directory. */
	package(PACKAGE, "PACKAGE", 0600);
	snprintf(other, sizeof(other), "%s/real", store);
	snprintf(path, sizeof(path), "%s/firmware", store);
	assert_int_equal(rename(path, other), 0);
	assert_int_equal(symlink("real", path), 0);
	assert_int_equal(package_open(store, PACKAGE, 7, getuid()), -ENOTDIR);
	unlink(path);
	assert_int_equal(rename(other, path), 0);
}

static void nothing_to_run(void **state)
{
	ask_update(IPC_VERB_UPDATE);
	package(PACKAGE, "PACKAGE", 0600);
	assert_int_equal(run_pending(""), HELPER_OK);
	assert_int_equal(answer->code, 410);
	package(PACKAGE, "PACK", 0600);
	assert_int_equal(run_pending(hook("exit 0")), HELPER_OK);
	assert_int_equal(answer->code, 410);
	assert_int_not_equal(access(told_file, F_OK), 0);
	package(PACKAGE, "PACKAGE", 0600);
	assert_int_equal(run_pending("update-hook = /nonexistent\n"), HELPER_OK);
	assert_int_equal(answer->code, 410);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(download_goes_through), cmocka_unit_test(download_child_dies),
		cmocka_unit_test(not_with_a_card), cmocka_unit_test(update_gets_the_package),
		cmocka_unit_test(statuses), cmocka_unit_test(packages_judged),
		cmocka_unit_test(nothing_to_run),
	};
	char path[160];
	int r = world_begin();

	answer = mmap(NULL, sizeof(*answer), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	snprintf(store, sizeof(store), "%s.store", run_dir);
	snprintf(told_file, sizeof(told_file), "%s/told", store);
	snprintf(path, sizeof(path), "%s/firmware", store);
	if (r || answer == MAP_FAILED || mkdir(store, 0700) || mkdir(path, 0700))
		return 1;
	r = cmocka_run_group_tests(tests, NULL, NULL);
	snprintf(path, sizeof(path), "rm -rf %s", store);
	r |= system(path);
	world_end();
	return r;
}
