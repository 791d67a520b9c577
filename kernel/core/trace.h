/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints of the uicc class. They carry lengths and status words, never a
 * command, an answer or the content of a file.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM uicc

#if !defined(UICC_CORE_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define UICC_CORE_TRACE_H

#include <linux/tracepoint.h>

DECLARE_EVENT_CLASS(uicc_card_event,
	TP_PROTO(unsigned int slot, u64 seq, int result),
	TP_ARGS(slot, seq, result),
	TP_STRUCT__entry(
		__field(unsigned int, slot)
		__field(u64, seq)
		__field(int, result)
	),
	TP_fast_assign(
		__entry->slot = slot;
		__entry->seq = seq;
		__entry->result = result;
	),
	TP_printk("uicc%u seq=%llu result=%d", __entry->slot, __entry->seq, __entry->result)
);

/* A card was powered for the first time: length of its ATR, or an errno. */
DEFINE_EVENT(uicc_card_event, uicc_insert,
	TP_PROTO(unsigned int slot, u64 seq, int result),
	TP_ARGS(slot, seq, result)
);

/* A card was reset: length of its ATR, or an errno. */
DEFINE_EVENT(uicc_card_event, uicc_reset,
	TP_PROTO(unsigned int slot, u64 seq, int result),
	TP_ARGS(slot, seq, result)
);

/* A card was put to sleep with the system: 0, or -EINTR: a command was broken off. */
DEFINE_EVENT(uicc_card_event, uicc_suspend,
	TP_PROTO(unsigned int slot, u64 seq, int result),
	TP_ARGS(slot, seq, result)
);

/* It was looked at after the sleep: 0 when it is the same, else an errno. */
DEFINE_EVENT(uicc_card_event, uicc_resume,
	TP_PROTO(unsigned int slot, u64 seq, int result),
	TP_ARGS(slot, seq, result)
);

/* A card went. */
DEFINE_EVENT(uicc_card_event, uicc_remove,
	TP_PROTO(unsigned int slot, u64 seq, int result),
	TP_ARGS(slot, seq, result)
);

/* One TPDU: lengths, the status word (0 when there is none), 0 or an errno. */
TRACE_EVENT(uicc_transmit,
	TP_PROTO(unsigned int slot, size_t sent, size_t got, u16 sw, int result),
	TP_ARGS(slot, sent, got, sw, result),
	TP_STRUCT__entry(
		__field(unsigned int, slot)
		__field(unsigned int, sent)
		__field(unsigned int, got)
		__field(u16, sw)
		__field(int, result)
	),
	TP_fast_assign(
		__entry->slot = slot;
		__entry->sent = sent;
		__entry->got = got;
		__entry->sw = sw;
		__entry->result = result;
	),
	TP_printk("uicc%u sent=%u got=%u sw=%04x result=%d", __entry->slot, __entry->sent,
		  __entry->got, __entry->sw, __entry->result)
);

/* An agent registered under a name of its own choice. */
TRACE_EVENT(uicc_agent,
	TP_PROTO(u32 portid, const char *name),
	TP_ARGS(portid, name),
	TP_STRUCT__entry(
		__field(u32, portid)
		__array(char, name, UICC_NAME_MAX + 1)
	),
	TP_fast_assign(
		__entry->portid = portid;
		strscpy(__entry->name, name, sizeof(__entry->name));
	),
	TP_printk("portid=%u name=%s", __entry->portid, __entry->name)
);

/* A step in the life of a question: the netlink command that made it. */
TRACE_EVENT(uicc_consent,
	TP_PROTO(u32 id, u8 cmd, u32 portid, int outcome),
	TP_ARGS(id, cmd, portid, outcome),
	TP_STRUCT__entry(
		__field(u32, id)
		__field(u8, cmd)
		__field(u32, portid)
		__field(int, outcome)
	),
	TP_fast_assign(
		__entry->id = id;
		__entry->cmd = cmd;
		__entry->portid = portid;
		__entry->outcome = outcome;
	),
	TP_printk("id=%u cmd=%u portid=%u outcome=%d", __entry->id, __entry->cmd,
		  __entry->portid, __entry->outcome)
);

#endif /* UICC_CORE_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
