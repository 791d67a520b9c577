/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The messages between dmsc-helper and its unprivileged children, over a
 * SOCK_SEQPACKET pair that is fd 3 in the child. Fixed structs of one build on
 * one machine: nothing here parses, and the receiver checks version, type,
 * exact size, string ends and counts before anyone sees a message.
 *
 * The child asks, the helper answers; one request is open at a time. Only NETWORK
 * and WAKE come unasked, at any time; nobody answers PROGRESS.
 *
 *   card child     START  ->  { READ -> DATA, PIN -> OUTCOME }*  ASK -> OUTCOME  SESSION -> OUTCOME
 *                  { LWM2M* LWM2M_END } and CONNECT, which nobody answers: CONNECT goes
 *                  with the SESSION that follows it
 *   pending child  START of no slot  ->  { SESSION -> OUTCOME }*, exit status
 *   session child  START_SESSION  ->  { UI -> UI_ANSWER, PROGRESS }*  OUTCOME (to the helper), exit
 *   reconcile      SLOT*  END  ->  exit status
 *   decode child   DECODE  ->  { READ -> DATA }*, exit status
 */
#ifndef DMSC_IPC_IPC_H
#define DMSC_IPC_IPC_H

#include <stdint.h>
#include "util/cleanup.h"
#include "util/connection.h"
#include "util/lwm2m_json.h"

#define IPC_VERSION 1
#define IPC_CHILD_FD 3
#define IPC_CONF_FD 4		/* of a child at its start: conf_from_fd() */

#define IPC_PATH_MAX 80		/* all sizes with the NUL */
#define IPC_SERVER_MAX 256
#define IPC_TEXT_MAX 128
#define IPC_REASON_MAX 160
#define IPC_LOCATION_MAX 128
#define IPC_DATA_MAX 4096
#define IPC_ICCID_MAX 16
#define IPC_RETRY_MAX 3600
#define IPC_QUESTION_MAX 1025	/* what the kernel's broker takes of a text, a choice, their number */
#define IPC_CHOICE_MAX 256
#define IPC_CHOICES_MAX 32
#define IPC_INITIAL_MAX 257
#define IPC_UI_SECONDS_MAX 3600
#define IPC_WHAT_MAX 128
#define IPC_CAUSE_MAX 32
#define IPC_INTERFACE_MAX 16
#define IPC_CONREF_MAX 32	/* references of one account */
#define IPC_URL_MAX 2048
#define IPC_PACKAGE_MAX 17	/* of a firmware package in the store: 16 hexadecimal digits */
#define IPC_WORD_MAX 128

enum ipc_type {
	IPC_START = 1,		/* helper -> card child: ipc_start */
	IPC_READ,		/* card child -> helper: ipc_read */
	IPC_DATA,		/* helper -> card child: ipc_data (shortened to its bytes) */
	IPC_ASK,		/* card child -> helper: ipc_ask, may this card's data be incorporated? */
	IPC_SESSION,		/* card child -> helper: ipc_session */
	IPC_OUTCOME,		/* helper -> card child, session child -> helper: ipc_outcome */
	IPC_START_SESSION,	/* helper -> session child: ipc_start_session */
	IPC_SLOT,		/* helper -> reconcile child: ipc_slot */
	IPC_END,		/* helper -> reconcile child, and unasked pending child: no body */
	IPC_LWM2M,		/* card child -> helper: ipc_lwm2m (shortened to its bytes) */
	IPC_LWM2M_END,		/* card child -> helper: no body; that was the whole file */
	IPC_PIN,		/* card child -> helper: ipc_pin, the card wants a PIN for this file */
	IPC_NETWORK,		/* helper -> card child, unasked: no body; a default route came */
	IPC_DECODE,		/* helper -> decode child: ipc_decode */
	IPC_UI,			/* session child -> helper: ipc_question (shortened to its choices) */
	IPC_UI_ANSWER,		/* helper -> session child: ipc_answer */
	IPC_PROGRESS,		/* session child -> helper: ipc_progress */
	IPC_CONNECT,		/* card child -> helper: ipc_connect, what the next IPC_SESSION goes over */
	IPC_DOWNLOAD,		/* pending child -> helper -> download child: ipc_download */
	IPC_UPDATE,		/* pending child -> helper: ipc_update, for update-hook */
	IPC_FIRMWARE,		/* download child -> helper -> pending child: ipc_firmware */
	IPC_WAKE,		/* helper -> pending child, unasked: no body; there is more to do */
	IPC_TYPE_COUNT
};

/* One insertion. */
struct ipc_start {
	uint64_t seq;			/* of the insertion; grows within a boot, whatever readers do */
	char slot[32];			/* "uicc0" */
	char transport[32];		/* "virt" */
	char location[IPC_LOCATION_MAX];	/* the transport's stable name of the reader */
	char boot_id[40];		/* the kernel's random boot id */
};

struct ipc_read {
	uint32_t off, len;		/* bytes; len 1..IPC_DATA_MAX */
	char path[IPC_PATH_MAX];	/* sysfs grammar */
};

struct ipc_data {
	int32_t err;			/* 0 or -errno; then len is 0 */
	uint32_t len;			/* less than asked = end of file */
	uint8_t data[IPC_DATA_MAX];
};

struct ipc_ask {
	uint32_t timeout_s;		/* 0 = local default */
	uint32_t reserved;		/* 0 */
	char text[IPC_TEXT_MAX];	/* the card's words; "" = none */
};

/* What a person must be told or asked before a session. */
enum ipc_ui { IPC_UI_NONE, IPC_UI_NOTICE, IPC_UI_ASK };

struct ipc_session {
	uint32_t ui;			/* enum ipc_ui */
	uint32_t timeout_s;		/* 0 = local default */
	char server_id[IPC_SERVER_MAX];
	char text[IPC_TEXT_MAX];	/* the card's words; "" = none */
	char cause[IPC_CAUSE_MAX];	/* for the journal */
	uint32_t session_id;		/* 1-65535: the one of a notification; 0 = any */
	uint32_t server_initiated;	/* 1 = a notification asked for it */
};

/*
 * What the account says of its connection, for connection-hook. None is sent for an
 * account that leaves that to the device.
 */
struct ipc_connect {
	uint32_t conref;		/* which of the account's references it is, from 1 */
	uint32_t reserved;		/* 0 */
	struct connection c;
	char server_id[IPC_SERVER_MAX];	/* of the IPC_SESSION it goes with */
	char transport[32];		/* the reader of the card that the account came from; "" = none */
	char location[IPC_LOCATION_MAX];
};

struct ipc_start_session {
	uint64_t seq;			/* 0, with slot "": no card's */
	char slot[32];
	char server_id[IPC_SERVER_MAX];
	char interface[IPC_INTERFACE_MAX];	/* to be bound to; "" = any */
	char cause[IPC_CAUSE_MAX];
	uint32_t session_id;		/* as in ipc_session */
	uint32_t server_initiated;
	uint32_t conref;		/* ipc_connect's that was set up; 0 = none was */
	uint32_t reserved;		/* 0 */
};

enum ipc_result {
	IPC_DONE,		/* session: server accepted us, ended normally. ask: yes */
	IPC_REFUSED,		/* the person said no */
	IPC_TIMEOUT,		/* the answer time ran out */
	IPC_WITHDRAWN,		/* card or helper went away; nothing was started */
	IPC_FAILED,		/* see reason */
	IPC_RESULT_COUNT
};

struct ipc_outcome {
	uint32_t result;		/* enum ipc_result */
	int32_t err;			/* IPC_FAILED: -errno, or 0 */
	/* IPC_FAILED: 1 = a later try may succeed; more = not before so many seconds */
	uint32_t retry;
	uint32_t more;			/* session: 1 = there is work for dmsc-helper --pending now */
	char reason[IPC_REASON_MAX];	/* for the log */
};

enum ipc_slot_state { IPC_SLOT_EMPTY, IPC_SLOT_CARD, IPC_SLOT_UNKNOWN, IPC_SLOT_STATES };

/* What a present reader reports, for reconciling. */
struct ipc_slot {
	uint64_t seq;			/* insertions seen when this was true: later ones are not judged by it */
	uint32_t state;			/* enum ipc_slot_state; UNKNOWN deletes nothing */
	uint32_t iccid_len;		/* 0 when state is not CARD */
	uint8_t iccid[IPC_ICCID_MAX];	/* EF(ICCID) as read */
	char transport[32];
	char location[IPC_LOCATION_MAX];
};

/*
 * One resource of EF(LwM2M_Bootstrap), or a part of an opaque one. A number for the
 * kinds that are one, bytes for the others; text is printable and whole.
 */
struct ipc_lwm2m {
	uint16_t object, instance, resource;
	uint16_t item;			/* LWM2M_ID_NONE: the resource is not multiple */
	uint8_t major, minor;		/* of the object; 0, 0: not said */
	uint8_t secret;			/* 0, 1 */
	uint8_t more;			/* 1: the next message goes on with these bytes */
	uint32_t kind;			/* enum lwm2m_kind */
	int64_t number;
	uint32_t len;
	uint32_t reserved;		/* 0 */
	uint8_t data[IPC_DATA_MAX];
};

struct ipc_pin {
	uint32_t off;			/* of the byte that is kept back */
	uint32_t reserved;		/* 0 */
	char path[IPC_PATH_MAX];	/* sysfs grammar; the PIN itself is in no message */
};

/* What to show of a card, and how. */
struct ipc_decode {
	char slot[32];			/* "uicc0" */
	uint32_t json, secrets;		/* 0 or 1 */
};

enum ipc_kind {
	IPC_KIND_DISPLAY, IPC_KIND_CONFIRM, IPC_KIND_TEXT, IPC_KIND_CHOICE, IPC_KIND_CHOICES,
	IPC_KINDS
};

/* A question of a server's during its session (alerts 1100 to 1104); texts are printable and whole. */
struct ipc_question {
	uint32_t kind;			/* enum ipc_kind */
	uint32_t min_s, max_s;		/* to IPC_UI_SECONDS_MAX; 0 = not given */
	uint32_t left_s;		/* what the session can still wait, 1 to IPC_UI_SECONDS_MAX */
	uint32_t max_len;		/* characters of a text, to IPC_DATA_MAX; 0 = not given */
	uint32_t input;			/* one of "ANDTPI" */
	uint32_t chosen;		/* default of a choice: bit n-1 = choice n */
	uint8_t masked, has_default, accept;	/* 0, 1 */
	uint8_t nchoices;		/* of the choice kinds, and there alone, 1 to IPC_CHOICES_MAX */
	char initial[IPC_INITIAL_MAX];	/* default of a text */
	char text[IPC_QUESTION_MAX];
	char choices[IPC_CHOICES_MAX][IPC_CHOICE_MAX];	/* none is empty */
};

enum ipc_answered {
	IPC_ANSWER_YES,		/* shown, agreed, typed or chosen */
	IPC_ANSWER_NO,
	IPC_ANSWER_CANCELLED,	/* by the person */
	IPC_ANSWER_TIMEOUT,	/* somebody was shown it and did not answer in time */
	IPC_ANSWER_NOBODY,	/* nobody was shown it in time, or it was withdrawn */
	IPC_ANSWER_UNABLE,	/* it cannot be asked here */
	IPC_ANSWER_COUNT
};

struct ipc_answer {
	uint32_t answer;		/* enum ipc_answered; what follows only with YES */
	uint32_t chosen;		/* bit n-1 = choice n */
	char text[IPC_QUESTION_MAX];	/* as typed: of no control character */
};

/* How far something long has come. */
struct ipc_progress {
	uint64_t done, total;		/* bytes; total 0 = not known, else done <= total */
	char what[IPC_WHAT_MAX];	/* "receiving ./LocURI", for a person; "" = it is over */
};

/* A firmware package that a server named. */
struct ipc_download {
	uint64_t max;			/* bytes it may have; at least 1 */
	char url[IPC_URL_MAX];
	char server_id[IPC_SERVER_MAX];	/* by whose rules it is fetched */
	char package[IPC_PACKAGE_MAX];	/* what its file is called, without the ending */
	char reserved[7];		/* 0 */
};

enum ipc_verb { IPC_VERB_UPDATE, IPC_VERB_RESULT, IPC_VERBS };

/* What update-hook is to do; name and version are no options. */
struct ipc_update {
	uint64_t size;			/* bytes of the package; IPC_VERB_RESULT: 0 too */
	uint32_t verb;			/* enum ipc_verb */
	char package[IPC_PACKAGE_MAX];	/* its file, without the ending; IPC_VERB_RESULT: "" too */
	char name[IPC_WORD_MAX], version[IPC_WORD_MAX];	/* PkgName, PkgVersion; "" = none */
	char reserved[3];		/* 0 */
};

/* What became of either. */
struct ipc_firmware {
	uint64_t size;			/* download: bytes that are there */
	uint32_t code;			/* FUMO's, 200 to 599; 0 = not known yet: ask later */
	uint32_t retry;			/* download that is not there: 1 = a later try may get it */
	char reason[IPC_REASON_MAX];	/* for the log */
};

struct ipc_msg {
	uint16_t version;
	uint16_t type;			/* enum ipc_type */
	uint32_t reserved;		/* 0 */
	union {
		struct ipc_start start;
		struct ipc_read read;
		struct ipc_data data;
		struct ipc_ask ask;
		struct ipc_session session;
		struct ipc_outcome outcome;
		struct ipc_start_session start_session;
		struct ipc_slot slot;
		struct ipc_decode decode;
		struct ipc_lwm2m lwm2m;
		struct ipc_pin pin;
		struct ipc_download download;
		struct ipc_update update;
		struct ipc_firmware firmware;
		struct ipc_question question;
		struct ipc_answer answer;
		struct ipc_progress progress;
		struct ipc_connect connect;
	};
};

/* A SOCK_SEQPACKET pair, both CLOEXEC. 0 or -errno. */
int ipc_pair(int fds[2]) must_check;
/* Clears @m and sets its type. */
void ipc_prepare(struct ipc_msg *m, enum ipc_type type);
/* Sends one message. 0 or -errno (-EPIPE: the other side is gone); never blocks past @timeout_ms. */
int ipc_send(int fd, const struct ipc_msg *m, int timeout_ms) must_check;
/*
 * Receives one message; @timeout_ms < 0 waits for ever. 0; -EPIPE: the other
 * side closed; -ETIMEDOUT; -EPROTO: the message broke a rule (its sender is
 * not to be trusted further); -errno.
 */
int ipc_recv(int fd, struct ipc_msg *m, int timeout_ms) must_check;
/* Are version, type, size and every field of a received message in bounds? 0 or -EPROTO. */
int ipc_check(const struct ipc_msg *m, size_t size) must_check;
const char *ipc_result_name(enum ipc_result r);

#endif
