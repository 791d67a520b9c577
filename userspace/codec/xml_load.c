// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libxml2, loaded with the first XML document: most devices never see one, and it
 * brings the tables of ICU. Its functions as xml_parse.c calls them.
 */
#include <libxml/parser.h>
#include <libxml/parserInternals.h>

#include "util/library.h"

static struct library libxml = { .soname = DMSC_LIBXML2 };

LIBRARY_NOTE(note, DMSC_LIBXML2, "messages and documents as XML");

/* The function of that name in the library, or NULL. */
#define THERE(name)					\
	static __typeof__(name) *there;			\
	if (!there)					\
		there = library_function(&libxml, #name)

/* The only one that may fail: without a parser nobody calls the others. */
xmlParserCtxtPtr xmlCreateIOParserCtxt(xmlSAXHandlerPtr sax, void *user_data,
				       xmlInputReadCallback read, xmlInputCloseCallback end,
				       void *ctx, xmlCharEncoding enc)
{
	THERE(xmlCreateIOParserCtxt);
	return there ? there(sax, user_data, read, end, ctx, enc) : NULL;
}

int xmlCtxtUseOptions(xmlParserCtxtPtr ctxt, int options)
{
	THERE(xmlCtxtUseOptions);
	return there ? there(ctxt, options) : -1;
}

int xmlParseDocument(xmlParserCtxtPtr ctxt)
{
	THERE(xmlParseDocument);
	return there ? there(ctxt) : -1;
}

void xmlStopParser(xmlParserCtxtPtr ctxt)
{
	THERE(xmlStopParser);
	if (there)
		there(ctxt);
}

long xmlByteConsumed(xmlParserCtxtPtr ctxt)
{
	THERE(xmlByteConsumed);
	return there ? there(ctxt) : 0;
}

void xmlFreeParserCtxt(xmlParserCtxtPtr ctxt)
{
	THERE(xmlFreeParserCtxt);
	if (there)
		there(ctxt);
}

void xmlFreeDoc(xmlDocPtr doc)
{
	THERE(xmlFreeDoc);
	if (there)
		there(doc);
}
