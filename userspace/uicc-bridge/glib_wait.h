/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GLib's calls that end later, waited for: for a thread that has a main context of its
 * own. Included where a library of GLib's kind is (qmi.c, mbim.c), and nowhere else.
 */
#ifndef UICC_BRIDGE_GLIB_WAIT_H
#define UICC_BRIDGE_GLIB_WAIT_H

#include <gio/gio.h>

/* The callback of a call whose user data is &result. */
static void glib_done(GObject *source, GAsyncResult *result, gpointer data)
{
	GAsyncResult **to = data;

	*to = g_object_ref(result);
}

/* Until the call has ended, which the library sees to. The result, to be unreferenced. */
static GAsyncResult *glib_result(GMainContext *context, GAsyncResult **result)
{
	while (!*result)
		g_main_context_iteration(context, TRUE);
	return g_steal_pointer(result);
}

static gboolean glib_over(gpointer data)
{
	return G_SOURCE_REMOVE;
}

/* Whatever comes first: something that happens, g_main_context_wakeup(), or the end of @ms. */
static void glib_wait(GMainContext *context, guint ms)
{
	GSource *timeout = g_timeout_source_new(ms);

	g_source_set_callback(timeout, glib_over, NULL, NULL);
	g_source_attach(timeout, context);
	g_main_context_iteration(context, TRUE);
	g_source_destroy(timeout);
	g_source_unref(timeout);
}

#endif
