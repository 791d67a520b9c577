# SPDX-License-Identifier: GPL-2.0-or-later
"""What scripts/abi-check.py --self-test changes, and must notice.

For each check, and each of its sides: a file, a piece of its text ("": its end,
or a new file), and what takes that piece's place. Every change adds, or renames,
one thing on that side alone.
"""
ABI = "Documentation/ABI/testing/sysfs-class-uicc"
MODULE_ABI = "Documentation/ABI/testing/sysfs-module-uicc_virt"
SPEC = "Documentation/netlink/specs/uicc.yaml"
UAPI = "kernel/include/uapi/linux/uicc.h"
VIRT = "kernel/include/uapi/linux/uicc_virt.h"
VIRT_DOC = "Documentation/uicc-virt.rst"
SCRIPT_DOC = "Documentation/dm-server-script.rst"
PROFILE_DOC = "Documentation/card-profile.rst"
ISSUERS_DOC = "Documentation/for-issuers.rst"

MUTANTS = {
    "sysfs": [("kernel/core/sysfs.c", "static DEVICE_ATTR_RO(atr);", "static DEVICE_ATTR_RO(atr);\nstatic DEVICE_ATTR_RO(colour);"),
              ("kernel/core/sysfs.c", "DEVICE_ATTR_RO(protocol)", "DEVICE_ATTR_RW(protocol)"),
              ("kernel/core/file_sysfs.c", '"record_count"', '"records"'),
              ("kernel/core/file_sysfs.c", '"data", 0600', '"data", 0400'),
              ("kernel/core/sysfs.c", "static UICC_STAT_ATTR(errors,", "static UICC_STAT_ATTR(faults, UICC_STAT_N);\nstatic UICC_STAT_ATTR(errors,"),
              ("kernel/core/sysfs.c", "\t&stat_attr_resets.attr.attr,\n", ""),
              (ABI, "uicc<N>.card/statistics/errors", "uicc<N>.card/statistics/faults"),
              (ABI, "What:		/sys/class/uicc/uicc<N>/seq", "What:		/sys/class/uicc/uicc<N>/colour\nDescription:\n\t\tAccess: Read\n\nWhat:		/sys/class/uicc/uicc<N>/seq")],
    "discovery": [("kernel/core/file.c", '\t"3f00.2fe2",', '\t"3f00.2fe2",\n\t"3f00.2f05",'),
                  (ABI, "\t\tef-3f00.2fe2 ", "\t\tef-3f00.2f05  EF(PL)\n\t\tef-3f00.2fe2 ")],
    "uevents": [("kernel/core/slot.c", 'add_uevent_var(env, "UICC_SLOT=%s"', 'add_uevent_var(env, "UICC_COLOUR=1") ?: add_uevent_var(env, "UICC_SLOT=%s"'),
                (ABI, "UICC_SEQ        as", "UICC_COLOUR     as the card's\n\t\tUICC_SEQ        as")],
    "parameters": [("kernel/transport/virt.c", "module_param(timeout_ms", "module_param(colour, uint, 0444);\nmodule_param(timeout_ms"),
                   (MODULE_ABI, "What:", "What:		/sys/module/uicc/parameters/colour\nDescription:\n\t\tAccess: Read\n\nWhat:")],
    "aliases": [("kernel/transport/virt.c", "MODULE_LICENSE(", 'MODULE_ALIAS("colour");\nMODULE_LICENSE('),
                (VIRT_DOC, "", "MODULE_ALIAS: ``colour``\n")],
    "trace": [("kernel/core/trace.h", "TRACE_EVENT(uicc_agent,", "TRACE_EVENT(uicc_colour,\n);\nTRACE_EVENT(uicc_agent,"),
              ("Documentation/tracing.rst", "\nuicc_agent\n", "\nuicc_colour\n        One.\nuicc_agent\n")],
    "netlink": [(SPEC, "        name: mute\n", "        name: colour\n      -\n        name: mute\n"),
                (UAPI, "\tUICC_CMD_SLOT_ADD,\n", "\tUICC_CMD_SLOT_ADD,\n\tUICC_CMD_COLOUR,\n")],
    "netlink-kernel": [(SPEC, "        name: origin\n        type", "        name: colour\n        type: u32\n      -\n        name: origin\n        type")],
    "netlink-userspace": [(SPEC, "        name: origin\n        type", "        name: colour\n        type: u32\n      -\n        name: origin\n        type")],
    "netlink-mirror": [(SPEC, "        name: cancelled\n", "        name: colour\n      -\n        name: cancelled\n"),
                       ("userspace/kernel/nl.h", "UNL_KIND_PIN,", "UNL_KIND_PIN, UNL_KIND_COLOUR,")],
    "virt": [(VIRT, "\tUICC_VIRT_INSERT = 16", "\tUICC_VIRT_COLOUR = 15,\n\tUICC_VIRT_INSERT = 16"),
             (VIRT, " * @UICC_VIRT_INSERT:", " * @UICC_VIRT_COLOUR: one\n * @UICC_VIRT_INSERT:"),
             (VIRT_DOC, "\nUICC_VIRT_INSERT\n", "\nUICC_VIRT_COLOUR\n        One.\nUICC_VIRT_INSERT\n")],
    "virt-ioctl": [(VIRT, "#define UICC_VIRT_ATR_MIN", "#define UICC_VIRT_IOC_COLOUR 1\n#define UICC_VIRT_ATR_MIN"),
                   (VIRT_DOC, "\nUICC_VIRT_IOC_NEW_READER\n", "\nUICC_VIRT_IOC_COLOUR\n        One.\nUICC_VIRT_IOC_NEW_READER\n")],
    "virt-flags": [(VIRT, "#define UICC_VIRT_READER_APDU", "#define UICC_VIRT_READER_COLOUR 8\n#define UICC_VIRT_READER_APDU"),
                   (VIRT_DOC, "\nUICC_VIRT_READER_APDU\n", "\nUICC_VIRT_READER_COLOUR\n        One.\nUICC_VIRT_READER_APDU\n")],
    "configuration": [("userspace/util/conf.c", '\t{ "device-id", K_', '\t{ "colour", K_TEXT },\n\t{ "device-id", K_'),
                      ("Documentation/man/dmsc.conf.5.rst", "device-id = *", "colour = *TEXT*\n        One.\ndevice-id = *"),
                      ("udev/dmsc.conf", "#device-id =", "#colour =\n#device-id =")],
    "udev-keys": [("udev/60-uicc.rules", "env{UICC_SEQ}", "env{UICC_COLOUR}")],
    "make": [("Makefile", "\t@echo '  make clean'", "\t@echo '  make clean'\n\t@echo '  make colour'"),
             ("Makefile", "\nclean:", "\ncolour:\nclean:")],
    "script": [("tests/dmserver/script.c", '\t{ "get", ', '\t{ "colour", 1, 1, st_get },\n\t{ "get", '),
               (SCRIPT_DOC, "\nget URI\n", "\ncolour URI\n        One.\nget URI\n")],
    "profile": [("tests/simcard/profile_ef.c", '{ "pad", do_pad }', '{ "colour", do_pad }, { "pad", do_pad }'),
                (PROFILE_DOC, "\n``pad BYTE``\n", "\n``colour BYTE``\n    One.\n\n``pad BYTE``\n")],
    "description": [("tests/simcard/desc_block.c", '{ "ui-mode", KEY_', '{ "colour", KEY_CALL }, { "ui-mode", KEY_'),
                    (ISSUERS_DOC, "``iccid DIGITS``", "``colour DIGITS``\n    One.\n\n``iccid DIGITS``")],
    "profiles": [("tests/simcard/profiles/colour", "", "atr 3B00\n"),
                 (PROFILE_DOC, "\n``off``  ", "\n``colour``               one\n``off``  ")],
    "quirks": [("tests/simcard/profile_quirk.c", '\t{ "mute", ', '\t{ "colour", QUIRK_MUTE },\n\t{ "mute", '),
               (PROFILE_DOC, "\n``no-fcp``  ", "\n``colour``                              one\n``no-fcp``  ")],
}
# Program: manual section, file with the exit codes, the first of them, an option.
PROGRAMS = {
    "dmsc-helper": (8, "userspace/dmsc-helper/helper.h", "HELPER_OK", '{ "card", required'),
    "dmsc-client": (1, "userspace/dmsc-client/session_run.h", "CLIENT_OK", '{ "version", no'),
    "dmsc-agent": (1, "userspace/dmsc-agent/main.c", "EXIT_OK", '{ "once", no'),
    "dmscctl": (1, "userspace/dmscctl/ctl.h", "CTL_OK", '{ "json", no'),
    "simcard": (1, "tests/simcard/simcard.h", "SIMCARD_OK", '{ "reader", required'),
    "uicc-bridge": (1, "userspace/uicc-bridge/bridge.h", "BRIDGE_OK", '{ "reader", required'),
    "dm-server": (1, "tests/dmserver/main.c", "EXIT_OK", '{ "listen", required'),
}
COMMANDS = {
    "dmsc-client": [("userspace/dmsc-client/main.c", '{ "tree", cmd_', '{ "colour", cmd_tree }, { "tree", cmd_'),
                    ("Documentation/man/dmsc-client.1.rst", "[*OPTIONS*] **tree**", "[*OPTIONS*] **colour**\n| **dmsc-client** **tree**")],
    "dmscctl": [("userspace/dmscctl/main.c", '{ "slots", ctl_', '{ "colour", ctl_slots }, { "slots", ctl_'),
                ("Documentation/man/dmscctl.1.rst", "\nslots\n", "\ncolour\n        One.\nslots\n"),
                ("Documentation/man/dmscctl.1.rst", "\nsession start SERVER\n", "\nsession begin SERVER\n")],
    "simcard": [("tests/simcard/main.c", 'strcmp(command, "apdu")', 'strcmp(command, "colour") || strcmp(command, "apdu")'),
                ("Documentation/man/simcard.1.rst", "| **simcard apdu**", "| **simcard colour**\n| **simcard apdu**")],
    "uicc-bridge": [("userspace/uicc-bridge/pipe.c", '.name = "pipe"', '.name = "colour"'),
                    ("Documentation/man/uicc-bridge.1.rst", "| **uicc-bridge pipe**", "| **uicc-bridge colour**\n| **uicc-bridge pipe**")],
}
for _p, (_section, _file, _ok, _option) in PROGRAMS.items():
    _main, _page = _file.rsplit("/", 1)[0] + "/main.c", f"Documentation/man/{_p}.{_section}.rst"
    MUTANTS["options " + _p] = [
        (_main, _option, '{ "colour", no_argument, NULL, 0 }, ' + _option),
        (_main, "", 'static const char more[] = "--colour";\n'),
        (_page, "SEE ALSO\n", "**--colour**\n\nSEE ALSO\n")]
    MUTANTS["exit codes " + _p] = [
        (_file, _ok, _ok.replace("OK", "COLOUR = 77, ") + _ok),
        (_page, "EXIT STATUS\n===========\n", "EXIT STATUS\n===========\n\n77\n        One.\n")]
    if _p in COMMANDS:
        MUTANTS["commands " + _p] = COMMANDS[_p]
