/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the card child says of EF(LwM2M_Bootstrap), made into lwm2m-hook's input. */
#ifndef DMSC_HELPER_LWM2M_H
#define DMSC_HELPER_LWM2M_H

#include "ipc/ipc.h"
#include "kernel/ef.h"

struct lwm2m_input {
	struct buf json, value;		/* so far; of a value that comes in parts */
	size_t records, bytes;
	bool open;			/* more of the last value is to come */
	bool over;			/* all was said: nothing more in this insertion */
};

void lwm2m_input_init(struct lwm2m_input *l);
/* One record. 0, or -EPROTO: more than a file can hold, or after its end. */
int lwm2m_input_add(struct lwm2m_input *l, const struct ipc_lwm2m *v) must_check;
/* The end: the whole JSON object is in l->json. 0, -EPROTO, -ENOMEM. */
int lwm2m_input_end(struct lwm2m_input *l, const struct ef_slot *slot) must_check;
void lwm2m_input_fini(struct lwm2m_input *l);

#endif
