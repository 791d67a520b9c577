/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One insertion, as insertion*.c share it; nobody else looks inside. */
#ifndef DMSC_HELPER_INSERTION_INT_H
#define DMSC_HELPER_INSERTION_INT_H

#include "dmsc-helper/helper.h"
#include "dmsc-helper/hook.h"
#include "dmsc-helper/lwm2m.h"
#include "dmsc-helper/pin.h"
#include "dmsc-helper/progress.h"

#define SEND_MS 1000
#define CARD_STOP_MS 5000	/* time for the card child to record what happened */
#define READS_MAX 4096		/* file ranges one card may cost */
#ifndef QUESTIONS_MAX
#define QUESTIONS_MAX 64	/* put to a person for one insertion */
#endif
#define SESSIONS_MAX 4096	/* started for one insertion, with all retries */
#define AGREED_MAX 32
#define TOLD_MAX 20000		/* messages about progress of one session: two a second, and more */
#define CONSENT_MAX_S 3600	/* the kernel's longest answer time */
#define LAST_LOOK_MS 2000	/* for a completion that is under way */
#ifndef TAKEN_MIN_MS
#define TAKEN_MIN_MS 5000	/* agents are asked in turn, each has two seconds */
#endif

enum stage {
	CHECKING,	/* card-check has the word: no child runs yet */
	READING,	/* the card child has the word */
	ASKING_PIN,	/* its IPC_PIN waits for the card, or is a question */
	ASKING_DATA,	/* gate one: its IPC_ASK is a question now */
	ASKING_SESSION,	/* gate two: its IPC_SESSION is one */
	CONNECTING,	/* behind it: connection-hook is at work */
	IN_SESSION,
	DOWNLOADING,	/* without a card: the download child is in its place */
	UPDATING,	/* without a card: update-hook is at work */
};

/* A question of the server's, which the session child waits for. */
struct ui {
	uint32_t id;		/* open at the kernel; 0 = none */
	enum ipc_kind kind;
	bool taken;		/* an agent has it */
	int64_t look_ms;	/* when to look whether one has; INT64_MAX = not (again) */
	int64_t end_ms;		/* the session can wait no longer */
	unsigned int asked, told;	/* in this session: questions, and progress */
};

/* Which sessions; of a notification that one alone, else any with the server. */
struct agreed {
	size_t n;			/* ever; the AGREED_MAX last are here */
	struct {
		char server_id[IPC_SERVER_MAX];
		uint32_t session_id;
	} v[AGREED_MAX];
};

struct insertion {
	struct helper *h;
	struct ef_slot slot;		/* of no name: what is done here is no card's */
	char card[40];
	uint64_t seq;
	unsigned int index;		/* slot number */
	struct unl *nl;
	int sigfd;
	int route;			/* hears of new routes; -1 = not */
	int wakefd;			/* hears of WAKE_FILE; -1 = not */
	bool more;			/* the child was told of it, and may not have seen that */
	bool anew;			/* the child was told to end, for another one */
	struct child cardc, sess;	/* cardc: the card child, without a card the pending child */
	struct hook hook;		/* card-check, later lwm2m-hook; update-hook */
	struct ipc_download fetch;	/* what the download child was told */
	struct ipc_firmware fetched;	/* what it said last; with have_outcome */
	struct hook conn;		/* connection-hook */
	struct ipc_connect connect;	/* for the next session; conref 0 = nothing */
	int mark;			/* of that connection, while it is set up; -1 = none */
	char interface[CONNECTION_IFNAME_MAX];	/* that it goes through; "" = not known */
	bool bad_interface;
	uint32_t conref;		/* what was set up; 0 = the device's own connection */
	struct lwm2m_input lwm2m;
	bool rejected, undecided;	/* by card-check */
	enum stage stage;
	uint32_t question;		/* open at the kernel; 0 = none */
	int64_t look_ms;		/* when to look whether an agent has it; INT64_MAX = not */
	bool last_look;			/* it was over then: its completion is awaited */
	struct pin pin;
	struct ui ui;
	struct progress progress;
	struct ipc_session want;
	bool have_outcome;		/* the session child has reported */
	struct ipc_outcome outcome;
	unsigned int reads, denied, questions, sessions;
	struct agreed agreed;		/* a yes holds for retries within this insertion */
	struct agreed told;		/* so does having been told */
	const char *stop;		/* why everything ends; NULL = it does not */
	bool removed;			/* the card is gone */
	bool ended;			/* by a signal */
	bool distrusted;		/* the configuration read again does not name the slot */
	int64_t deadline;		/* when stopping: kill what is left */
	int exit;
};

static inline bool insertion_has_card(const struct insertion *in)
{
	return in->slot.name[0];
}

/* --- insertion.c --- */

/* Fresh, and of no card yet. */
void insertion_init(struct insertion *in, struct helper *h, const char *card);
/* 0 or -errno. */
int insertion_netlink_open(struct insertion *in) must_check;
/* Prepared: from the first child to the last. */
void insertion_work(struct insertion *in);
void insertion_fini(struct insertion *in);

/* --- insertion_end.c: what is open is answered, what runs is told to stop --- */

/* CLOCK_MONOTONIC. */
int64_t insertion_now_ms(void);
void insertion_withdraw(struct insertion *in);
/* The answer to the card child's open request; @retry as in ipc_outcome. */
void insertion_reply(struct insertion *in, enum ipc_result result, int err, uint32_t retry,
		     const char *reason);
void insertion_child_release(struct insertion *in);
void insertion_child_fail(struct insertion *in, const char *why);
/* The insertion is over for @why; what runs has its time to end. */
void insertion_stop(struct insertion *in, const char *why);
/* That time is over. */
void insertion_stop_overdue(struct insertion *in);
/* Is our card still there? Asked at the start and after lost messages. */
void insertion_look(struct insertion *in);

/* --- insertion_child.c: the card child --- */

/* 0 or -errno. */
int insertion_child_start(struct insertion *in) must_check;
void insertion_child_message(struct insertion *in);
void insertion_child_exit(struct insertion *in, int status);

/* --- insertion_ask.c: what a person is asked --- */

void insertion_pin_prepare(struct insertion *in);
void insertion_ask_pin(struct insertion *in, const struct ipc_pin *q);
/* Puts what has a kind and a text; *@id is its number. 0 or -errno (-ENODEV: no card is there). */
int insertion_question_put(struct insertion *in, struct unl_question *q, unsigned int timeout_s,
			   uint32_t *id) must_check;
/* 1: an agent has it. 0: none yet. -ENOENT: it is over. Other -errno. */
int insertion_question_taken(struct insertion *in, uint32_t id) must_check;
/* Of the open one: when it is time to look (-1: never), and the look. */
int insertion_ask_wait_ms(const struct insertion *in);
void insertion_ask_tick(struct insertion *in);
/* Gate one, and gate two. */
void insertion_ask_data(struct insertion *in, const struct ipc_ask *q);
void insertion_ask_session(struct insertion *in, const struct ipc_session *s);
void insertion_completed(struct insertion *in, const struct unl_answer *a);
/* What was agreed to or told of @server is over: the next session with it is another matter. */
void insertion_agreed_forget(struct insertion *in, const char *server);

/* --- insertion_session.c: the session child --- */

/* With the server of @in->want, which the gate let pass: its connection, then the session. */
void insertion_session_start(struct insertion *in);
/* The session itself. */
void insertion_session_go(struct insertion *in);
void insertion_session_message(struct insertion *in);
void insertion_session_exit(struct insertion *in, int status);

/* --- insertion_ui.c: what a server asks the person during its session --- */

/* A session begins. */
void insertion_ui_begin(struct insertion *in);
/* false: the session child may not ask that. */
bool insertion_ui_ask(struct insertion *in, const struct ipc_question *q) must_check;
/* false: it is not a question of this kind. */
bool insertion_ui_completed(struct insertion *in, const struct unl_answer *a) must_check;
/* Takes back what is open; the session child, when it is there, hears that nobody answered. */
void insertion_ui_withdraw(struct insertion *in);
/* Milliseconds until insertion_ui_tick() has to be called; -1 = never. */
int insertion_ui_wait_ms(const struct insertion *in);
void insertion_ui_tick(struct insertion *in);
/* --- insertion_connect.c: what the session goes over --- */

/* An IPC_CONNECT of the child. false: it may not send that now. */
bool insertion_connect_note(struct insertion *in, const struct ipc_connect *q) must_check;
/* What was noted is for no session any more; secrets are wiped. */
void insertion_connect_forget(struct insertion *in);
/* false: nothing is to be set up. true: connection-hook runs, or the child has its answer. */
bool insertion_connect(struct insertion *in) must_check;
/* connection-hook has ended, as hook_reap() told. */
void insertion_connect_end(struct insertion *in, enum hook_end end, int status);

/* --- insertion_firmware.c: without a card, firmware packages --- */

void insertion_download(struct insertion *in, const struct ipc_download *q);
void insertion_download_message(struct insertion *in);
void insertion_download_exit(struct insertion *in, int status);
void insertion_update(struct insertion *in, const struct ipc_update *q);
void insertion_update_end(struct insertion *in, enum hook_end end, int status);
/* FUMO's code for how update-hook ended; 0: it is known after the next boot. */
uint32_t update_code(enum hook_end end, int status);
/*
 * The package below @store, @size bytes of it, a file of @owner's alone. A descriptor, or
 * -errno: -EPERM, -ENODEV: it is something else.
 */
int package_open(const char *store, const char *package, uint64_t size, uid_t owner) must_check;

/* --- insertion_event.c: what comes from outside --- */

void insertion_netlink(struct insertion *in);
void insertion_signal(struct insertion *in);
void insertion_route(struct insertion *in);
void insertion_wake(struct insertion *in);

/* --- insertion_hook.c: the programs of dmsc.conf(5) and what follows from them --- */

/* Asks card-check, when there is one, before any child exists. 0 or -errno. */
int insertion_check(struct insertion *in) must_check;
/* A program has ended, as hook_reap() told. */
void insertion_hook_end(struct insertion *in, enum hook_end end, int status);
/* A message of the card child about LwM2M. false: it may not send that. */
bool insertion_lwm2m(struct insertion *in, const struct ipc_msg *m) must_check;
/* The card child has ended: what it said of LwM2M before may still be in the socket. */
void insertion_last_words(struct insertion *in);

#endif
