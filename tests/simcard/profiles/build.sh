#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Encodes the bootstrap messages of the card profiles from their XML.
#
#   build.sh          writes bootstrap-*.wbxml beside bootstrap-*.xml
#   build.sh --check  says whether the files there equal a fresh encoding;
#                     exit status 77 when xml2wbxml is not installed
#
# The encoder is xml2wbxml of libwbxml, an implementation that is not ours. It
# puts the TNDS object into Data as a WBXML document of its own and therefore
# writes the type ...dmtnds+wbxml where the XML says +xml. Values of format bin
# stand as CDATA in the XML, since it makes raw OPAQUE bytes of those and would
# leave base64 as it is.
set -eu
cd "$(dirname "$0")"
if ! command -v xml2wbxml >/dev/null; then
	echo "build.sh: xml2wbxml is missing (package libwbxml2-utils)" >&2
	exit 77
fi
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
status=0
for xml in bootstrap-*.xml; do
	name=${xml%.xml}.wbxml
	xml2wbxml -n -v 1.2 -o "$tmp/$name" "$xml" >/dev/null
	if [ "${1:-}" != --check ]; then
		cp "$tmp/$name" "$name"
	elif ! cmp "$tmp/$name" "$name"; then
		status=1
	fi
done
exit $status
