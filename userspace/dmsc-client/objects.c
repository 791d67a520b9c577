// SPDX-License-Identifier: GPL-2.0-or-later
/* The management objects that the configuration names, and what it says of the device. */
#include <errno.h>
#include <time.h>

#include "dmsc-client/client.h"
#include "mo/fumo.h"
#include "mo/hook.h"
#include "mo/library.h"
#include "util/log.h"
#include "util/str.h"

#define HOOKS_START_MS 10000		/* for all of them to describe themselves */
#define HOOK_LEAST_MS 500		/* that each of them gets all the same */

static int64_t uptime_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void take(char *out, size_t size, const char *configured)
{
	/* The configuration is as short as what it fills: conf.c sees to it. */
	if (configured[0] && str_copy(out, size, slice_str(configured)))
		log_warn("%s is too long", configured);
}

/* What the integrator says is true; what he leaves open is found out. */
static void facts(struct mo_facts *f, const struct conf *c, const char *device_id)
{
	mo_facts_from_system(f, device_id);
	take(f->man, sizeof(f->man), c->maker);
	if (c->maker[0])
		take(f->oem, sizeof(f->oem), c->maker);
	take(f->mod, sizeof(f->mod), c->model);
	take(f->oem, sizeof(f->oem), c->oem);
	take(f->dev_typ, sizeof(f->dev_typ), c->device_type);
	take(f->fwv, sizeof(f->fwv), c->firmware_version);
	take(f->swv, sizeof(f->swv), c->software_version);
	take(f->hwv, sizeof(f->hwv), c->hardware_version);
	take(f->lang, sizeof(f->lang), c->language);
}

struct mo_set *client_objects_new(const struct conf *c, const char *device_id)
{
	struct mo_facts f;
	struct mo_set *s;

	facts(&f, c, device_id);
	s = mo_set_new(&f);
	/* Who has no program that updates the firmware offers nobody to do so. */
	if (!s || !c->update_hook[0] || !mo_fumo_add(s))
		return s;
	mo_set_free(s);
	return NULL;
}

int client_objects_load(struct mo_set *s, const struct conf *c)
{
	struct mo_hook_limits limits = mo_hook_defaults;
	int64_t until = uptime_ms() + HOOKS_START_MS;
	int rc = 0;

	if (c->mo_libraries[0])
		mo_libraries_add(s, c->mo_libraries);
	if (c->mo_libraries[0] && strcmp(c->mo_libraries, CONF_MO_LIBRARIES) &&
	    access(c->mo_libraries, F_OK))
		log_err("mo-libraries: %s: %s", c->mo_libraries, strerror(errno));
	/* One that fails has said why; the device can be managed without it. */
	for (size_t i = 0; i < c->mo_hooks.n && rc != -ENOMEM; i++) {
		int64_t left = until - uptime_ms();

		/* Who is quick is not kept out by those before it that were not. */
		if (left < limits.describe_ms)
			limits.describe_ms = left > HOOK_LEAST_MS ? (int)left : HOOK_LEAST_MS;
		rc = mo_hook_add(s, c->mo_hooks.v[i], &limits);
	}
	return rc == -ENOMEM ? rc : 0;
}
