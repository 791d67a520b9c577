# SPDX-License-Identifier: GPL-2.0-or-later
# The one entrance. `make help` lists the targets; README.md says which two
# commands a new user needs. Sources are found by directory: a new .c file
# needs no line here.

PREFIX ?= /usr
SYSCONFDIR ?= /etc
DESTDIR ?=
CC ?= gcc
CLANG ?= clang
AR ?= ar
CROSS_COMPILE ?=
ifneq ($(CROSS_COMPILE),)
CC := $(CROSS_COMPILE)gcc
AR := $(CROSS_COMPILE)ar
endif
PKG_CONFIG ?= $(CROSS_COMPILE)pkg-config
# The kernel to build modules for: the running one; where that has no headers
# (a build machine), the newest 6.1 headers Debian installed.
KERNEL_SRC ?= $(firstword $(wildcard /lib/modules/$(shell uname -r)/build) \
	$(lastword $(shell ls -dv /usr/src/linux-headers-6.1.*-$(shell dpkg --print-architecture 2>/dev/null) 2>/dev/null)))
KDIR ?= $(KERNEL_SRC)
O ?= build
MODULES_OUT ?= $(B)/modules
B := $(abspath $(O))
VERSION := 0.1.0

LIBDIRS := util card dm codec mo store net kernel ipc ask
PROGS := dmsc-helper dmsc-client dmsc-agent dmscctl simcard uicc-bridge dm-server
src_dmsc-helper := userspace/dmsc-helper
src_dmsc-client := userspace/dmsc-client
src_dmsc-agent := userspace/dmsc-agent
src_dmscctl := userspace/dmscctl
src_simcard := tests/simcard
src_uicc-bridge := userspace/uicc-bridge
src_dm-server := tests/dmserver

# Which libraries a program links: one line each, so that the privileged helper
# and the agent are seen to carry no XML, HTTP or SQL.
pkgs_dmsc-helper := libnl-3.0 libnl-genl-3.0
pkgs_dmsc-client := sqlite3 nettle libseccomp
pkgs_dmsc-agent := libnl-3.0 libnl-genl-3.0
pkgs_dmscctl := libnl-3.0 libnl-genl-3.0 sqlite3 nettle
pkgs_simcard := nettle
pkgs_uicc-bridge = $(foreach b,$(bridge_with),$(word 2,$(subst :, ,$(b))))
pkgs_dm-server := libmicrohttpd nettle gnutls zlib
ALL_PKGS := $(sort $(foreach p,$(filter-out uicc-bridge,$(PROGS)),$(pkgs_$(p))))

# A backend of the bridge is built in where its library is: file, package, word for main.c.
bridge_libs := $(foreach b,pcsc:libpcsclite:PCSC qmi:qmi-glib:QMI mbim:mbim-glib:MBIM,\
	$(if $(wildcard userspace/uicc-bridge/$(firstword $(subst :, ,$(b))).c),$(b)))
bridge_with := $(foreach b,$(bridge_libs),\
	$(if $(shell $(PKG_CONFIG) --exists $(word 2,$(subst :, ,$(b))) && echo yes),$(b)))
without_uicc-bridge := $(foreach b,$(filter-out $(bridge_with),$(bridge_libs)),\
	userspace/uicc-bridge/$(firstword $(subst :, ,$(b))).c)

# Loaded when they are needed (util/library.h): their headers and names, no linking.
LOADED_PKGS := libxml-2.0 libcurl
# The name that a program would have in a NEEDED entry.
soname = $(shell readelf -d "$$($(CC) -print-file-name=lib$$($(PKG_CONFIG) --libs-only-l $(1) | sed 's/^-l\([^ ]*\).*/\1/').so)" 2>/dev/null | \
	sed -n 's/.*(SONAME).*\[\(.*\)\]/\1/p')

WARN := -Wall -Wextra -Werror -Wshadow -Wvla -Wstrict-prototypes -Wmissing-prototypes -Wno-unused-parameter
HARDEN := -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE
CFLAGS ?= -O2 -g
BASE_CFLAGS := -std=gnu11 -D_GNU_SOURCE $(WARN) -Iuserspace -Ikernel/include/uapi \
	-DDMSC_VERSION='"$(VERSION)"' -DDMSC_SYSCONFDIR='"$(SYSCONFDIR)"' -DDMSC_PREFIX='"$(PREFIX)"' \
	-DDMSC_LIBXML2='"$(call soname,libxml-2.0)"' -DDMSC_LIBCURL='"$(call soname,libcurl)"' \
	$(shell $(PKG_CONFIG) --cflags $(ALL_PKGS) $(LOADED_PKGS))
SAN := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

# A flavour is a directory of objects: rel (what is installed), asan, clang, fuzz, cov.
flags_rel := $(CFLAGS) $(HARDEN)
ld_rel := -pie -Wl,-z,relro,-z,now
cc_rel := $(CC)
flags_asan := -O1 -g $(SAN)
ld_asan := $(SAN)
cc_asan := $(CC)
flags_clang := -O0
ld_clang :=
cc_clang := $(CLANG)
flags_fuzz := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer
cc_fuzz := $(CLANG)
# What the committed inputs of the fuzz targets reach: tests/fuzz/coverage.
flags_cov := -O1 -g -fprofile-instr-generate -fcoverage-mapping
cc_cov := $(CLANG)

# No device's clock is right before the program it runs was made: the last commit, or what a
# reproducible build says, so that the same source gives the same program.
BUILT := $(firstword $(SOURCE_DATE_EPOCH) $(shell git log -1 --format=%ct 2>/dev/null) 0)
$(foreach f,rel asan clang fuzz cov,$(B)/$(f)/userspace/net/http.o): BASE_CFLAGS += -DDMSC_BUILT=$(BUILT)

lib_srcs := $(wildcard $(LIBDIRS:%=userspace/%/*.c))
unit_srcs := $(filter-out $(if $(filter pcsc:%,$(bridge_with)),,tests/unit/test_pcsc.c),$(wildcard tests/unit/test_*.c))
unit_help := $(filter-out tests/unit/test_%,$(wildcard tests/unit/*.c))
units := $(unit_srcs:tests/unit/%.c=$(B)/asan/unit/%)

FORCE:
.PHONY: FORCE help all modules userspace clang asan demo check check-full unit units kunit kselftest e2e bench crash soak fuzz fuzzers lint install clean
.DEFAULT_GOAL := help

help:
	@echo 'dmsc $(VERSION): device management that starts from the SIM'
	@echo
	@echo '  make all         modules and userspace'
	@echo '  make modules     kernel modules for KDIR=$(KDIR)'
	@echo '  make userspace   helper, client, agent, dmscctl, simcard, uicc-bridge, dm-server'
	@echo '  make demo        the whole path in a VM [CARD=connect|confirm|off|none|malformed]'
	@echo '  make check       every test below, and the lint'
	@echo '  make check-full  the same, and other kernels: with checkers, 6.12; line coverage'
	@echo '  make unit        userspace unit tests (ASan, UBSan)'
	@echo '  make kunit       KUnit under UML'
	@echo '  make kselftest   kernel selftests in a VM'
	@echo '  make e2e         end-to-end tests in a VM'
	@echo '  make bench       benchmarks, written to $(O)/bench.json'
	@echo '  make crash       the store at every power cut of a session (also: CRASH="-n SEEDS -s SEED")'
	@echo '  make soak        ten thousand sessions in a row: nothing may grow (also: SOAK="--sessions N")'
	@echo '  make fuzz        fuzz targets, a minute each (also: tests/fuzz/run SECONDS TARGET)'
	@echo '  make lint        layering, style, SPDX, documents against code'
	@echo '  make install     DESTDIR=$(DESTDIR) PREFIX=$(PREFIX)'
	@echo '  make clean'
	@echo
	@echo 'Also: KDIR or KERNEL_SRC, ARCH, CROSS_COMPILE, O (output directory), CFLAGS, V=1'

ifneq ($(V),1)
Q := @
say = @echo '  $(1)'
endif

all: modules userspace

# --- kernel ---------------------------------------------------------------
modules:
	$(Q)scripts/build-modules "$(KDIR)" "$(MODULES_OUT)"

# --- userspace ------------------------------------------------------------
define flavour
$(B)/$(1)/%.o: %.c
	@mkdir -p $$(@D)
	$$(call say,CC      [$(1)] $$<)
	$$(Q)$$(cc_$(1)) $$(BASE_CFLAGS) $$(flags_$(1)) $$(extra_$(1)) -MMD -MP -c -o $$@ $$<

$(B)/$(1)/libdmsc.a: $$(lib_srcs:%.c=$(B)/$(1)/%.o)
	$$(call say,AR      [$(1)] $$(@F))
	$$(Q)rm -f $$@ && $$(AR) rcs $$@ $$^
endef

define program
$(B)/$(1)/$(2): $$(patsubst %.c,$(B)/$(1)/%.o,$$(filter-out $$(without_$(2)),$$(wildcard $$(src_$(2))/*.c))) $(B)/$(1)/libdmsc.a
	$$(call say,LD      [$(1)] $(2))
	$$(Q)$$(cc_$(1)) $$(flags_$(1)) $$(ld_$(1)) -Wl,--as-needed -o $$@ $$^ $$(if $$(pkgs_$(2)),$$(shell $$(PKG_CONFIG) --libs $$(pkgs_$(2)))) $$(LDLIBS)
endef

$(foreach f,rel asan clang fuzz cov,$(eval $(call flavour,$(f))))
$(foreach f,rel asan clang,$(B)/$(f)/userspace/uicc-bridge/main.o): BASE_CFLAGS += \
	$(foreach b,$(bridge_with),-DBRIDGE_WITH_$(word 3,$(subst :, ,$(b))))
# A library that comes or goes changes what main.c makes of it.
$(foreach f,rel asan clang,$(B)/$(f)/userspace/uicc-bridge/main.o): $(B)/bridge-with
$(B)/bridge-with: FORCE
	@mkdir -p $(@D) && echo '$(bridge_with)' | cmp -s - $@ || echo '$(bridge_with)' >$@
# Those of a backend's library are for its own file alone.
define backend
$(foreach f,rel asan clang,$(B)/$(f)/userspace/uicc-bridge/$(word 1,$(1)).o): BASE_CFLAGS += $(shell $(PKG_CONFIG) --cflags $(word 2,$(1)))
endef
$(foreach b,$(bridge_with),$(eval $(call backend,$(subst :, ,$(b)))))
# A program exists once its directory holds a source.
have_progs := $(foreach p,$(PROGS),$(if $(wildcard $(src_$(p))/*.c),$(p)))
$(foreach f,rel asan clang,$(foreach p,$(have_progs),$(eval $(call program,$(f),$(p)))))

# Measuring needs the flags of what is installed; nobody installs it.
src_bench := tests/bench
pkgs_bench := sqlite3 nettle
src_card-probe := tests/bench/probe
$(eval $(call program,rel,bench))
$(eval $(call program,rel,card-probe))
# The card of simcard behind PC/SC, for comparison; only where pcscd's library is.
simcard_model := $(filter-out %/main.c %/serve.c %/control.c %/apdu.c %/show.c %/desc.c %/desc_block.c %/desc_lwm2m.c \
	%/mkcard.c %/mkcp.c %/mkdm.c %/mklwm2m.c %/mkprofile.c,$(wildcard tests/simcard/*.c))
$(B)/rel/tests/bench/pcsc/main.o: extra_rel := $(shell $(PKG_CONFIG) --cflags libpcsclite 2>/dev/null)
$(B)/rel/pcsc-probe: $(patsubst %.c,$(B)/rel/%.o,$(wildcard tests/bench/pcsc/*.c) $(simcard_model)) $(B)/rel/libdmsc.a
	$(call say,LD      [rel] $(@F))
	$(Q)$(CC) $(flags_rel) $(ld_rel) -Wl,--as-needed -o $@ $^ $(shell $(PKG_CONFIG) --libs libpcsclite) -lpthread
$(B)/rel/pcsc-nodelay.so: tests/bench/pcsc/shim/nodelay.c
	$(call say,LD      [rel] $(@F))
	$(Q)$(CC) $(BASE_CFLAGS) $(CFLAGS) -fPIC -shared -o $@ $<

# The crash test is run many thousand times over, so it is built as what is installed.
crash_srcs := $(wildcard tests/crash/*.c) tests/unit/dm_far_end.c
$(B)/rel/crash: $(crash_srcs:%.c=$(B)/rel/%.o) $(B)/rel/libdmsc.a
	$(call say,LD      [rel] $(@F))
	$(Q)$(CC) $(flags_rel) $(ld_rel) -Wl,--as-needed -o $@ $^ $(shell $(PKG_CONFIG) --libs sqlite3 nettle) -lcmocka

# Sessions in a row in one process: tests/soak/run.
$(B)/rel/soak: $(patsubst %.c,$(B)/rel/%.o,tests/soak/main.c $(wildcard $(src_dmsc-client)/*.c)) $(B)/rel/libdmsc.a
	$(call say,LD      [rel] $(@F))
	$(Q)$(CC) $(flags_rel) $(ld_rel) -Wl,--wrap=main -Wl,--as-needed -o $@ $^ $(shell $(PKG_CONFIG) --libs $(pkgs_dmsc-client))

# The example of an object in a shared library needs nothing of ours but the header.
mo_example = $(cc_$(1)) -std=gnu11 $(WARN) $(flags_$(1)) -fPIC -shared -Iuserspace -o $@ $<
$(B)/rel/mo-battery.so: tests/mo-example/battery.c userspace/dmsc/mo.h
	$(call say,LD      [rel] $(@F))
	$(Q)$(call mo_example,rel)
$(B)/clang/mo-battery.so: tests/mo-example/battery.c userspace/dmsc/mo.h
	$(call say,LD      [clang] $(@F))
	$(Q)mkdir -p $(@D) && $(call mo_example,clang)

userspace: $(have_progs:%=$(B)/rel/%) $(B)/rel/mo-battery.so
clang: $(have_progs:%=$(B)/clang/%) $(B)/clang/mo-battery.so
asan: $(have_progs:%=$(B)/asan/%)

# dmsc-client taken over, for tests/e2e: the program, and what it does instead (tests/subverted/subverted.h).
$(B)/rel/subverted: $(patsubst %.c,$(B)/rel/%.o,$(wildcard tests/subverted/*.c $(src_dmsc-client)/*.c)) $(B)/rel/libdmsc.a
	$(call say,LD      [rel] $(@F))
	$(Q)$(CC) $(flags_rel) $(ld_rel) -Wl,--wrap=child_start -Wl,--as-needed -o $@ $^ $(shell $(PKG_CONFIG) --libs $(pkgs_dmsc-client)) -lpthread
$(B)/rel/tests/subverted/%.o: extra_rel := -I.

# dmsc-client for valgrind, which counts its instructions (tests/bench/counted).
$(B)/rel/counted: $(patsubst %.c,$(B)/rel/%.o,$(wildcard tests/bench/counted/*.c $(src_dmsc-client)/*.c)) $(B)/rel/libdmsc.a
	$(call say,LD      [rel] $(@F))
	$(Q)$(CC) $(flags_rel) $(ld_rel) -Wl,--wrap=client_rights_replay,--wrap=client_rights_filter -Wl,--as-needed -o $@ $^ $(shell $(PKG_CONFIG) --libs $(pkgs_dmsc-client)) -lpthread

-include $(foreach f,rel asan clang fuzz cov,$(patsubst %.c,$(B)/$(f)/%.d,$(lib_srcs) $(wildcard tests/*/*.c tests/bench/*/*.c) $(unit_srcs) $(unit_help) $(foreach p,$(have_progs),$(wildcard $(src_$(p))/*.c))))

# --- tests ----------------------------------------------------------------
$(B)/asan/unit/%: $(B)/asan/tests/unit/%.o $(unit_help:%.c=$(B)/asan/%.o) $(B)/asan/libdmsc.a
	@mkdir -p $(@D)
	$(call say,LD      [asan] $(@F))
	$(Q)$(CC) $(SAN) $(ld_$(@F)) -Wl,--as-needed -o $@ $(filter-out %.a,$^) $(filter %.a,$^) $(shell $(PKG_CONFIG) --libs $(ALL_PKGS)) -lcmocka
# It looks at cards that mkprofile makes.
decode_srcs := $(wildcard userspace/dmsc-client/decode*.c) userspace/dmsc-client/bootstrap.c \
	userspace/dmsc-client/bootstrap_cp.c userspace/dmsc-client/card_data.c userspace/dmsc-client/common.c \
	userspace/dmsc-client/firmware.c \
	$(wildcard tests/simcard/desc*.c tests/simcard/profile*.c) \
	tests/simcard/mkcard.c tests/simcard/mkcp.c tests/simcard/mkdm.c tests/simcard/mklwm2m.c tests/simcard/tlv.c
$(B)/asan/unit/test_decode: $(decode_srcs:%.c=$(B)/asan/%.o)
# It opens trees as the client does, with what that has of a firmware update.
$(B)/asan/unit/test_client_bootstrap: $(B)/asan/userspace/dmsc-client/firmware.o
# It plays a firmware update from the Exec to the alert.
firmware_srcs := userspace/dmsc-client/common.c userspace/dmsc-client/firmware.c \
	userspace/dmsc-client/firmware_job.c userspace/dmsc-client/firmware_file.c
$(B)/asan/unit/test_firmware: $(firmware_srcs:%.c=$(B)/asan/%.o)
download_srcs := userspace/dmsc-client/download.c userspace/dmsc-client/firmware_file.c
$(B)/asan/unit/test_download: $(download_srcs:%.c=$(B)/asan/%.o)
# They build files of the kernel, as fuzz targets do.
iso7816_units := test_iso7816 test_iso7816_bounds test_lines test_ccid_proto
$(iso7816_units:%=$(B)/asan/tests/unit/%.o): extra_asan := -Itests/fuzz/shim -Ikernel/include -Wno-sign-compare
$(iso7816_units:%=$(B)/clang/tests/unit/%.o): extra_clang := -Itests/fuzz/shim -Ikernel/include -Wno-sign-compare
# So does this one, and links the card of the kernel's selftests with them.
lcard_srcs := kernel/core/atr.c $(patsubst %,kernel/transport/%.c,line pps t0 t1) \
	$(patsubst %,tests/kselftest/%.c,lcard lcard_bytes chip t1card)
lcard_flags := -Itests/fuzz/shim -Ikernel/include -include stdint.h -Wno-sign-compare -Wno-shadow
$(patsubst %.c,$(B)/asan/%.o,$(lcard_srcs) tests/unit/test_lcard.c): extra_asan := $(lcard_flags)
$(patsubst %.c,$(B)/clang/%.o,$(lcard_srcs) tests/unit/test_lcard.c): extra_clang := $(lcard_flags)
$(B)/asan/unit/test_lcard: $(lcard_srcs:%.c=$(B)/asan/%.o)
# Its file system is as full as it says.
ld_test_download := -Wl,--wrap=fstatfs -Wl,--wrap=fsync
# Its allocations fail when it says so.
ld_test_nomem := -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray
ld_test_cp_nomem := $(ld_test_nomem)
# They are what a bridge's thread runs for; the second has a pcscd of its own.
$(B)/asan/unit/test_worker $(B)/asan/unit/test_pcsc: $(B)/asan/userspace/uicc-bridge/worker.o
# A modem's commands, without a modem.
at_srcs := $(foreach f,at_card at_crsm at_line at_modem at_sim session,userspace/uicc-bridge/$(f).c)
$(B)/asan/unit/test_at_line $(B)/asan/unit/test_at_sim $(B)/asan/unit/test_at_modem $(B)/asan/unit/test_session: $(at_srcs:%.c=$(B)/asan/%.o)
$(B)/asan/unit/test_pcsc: $(B)/asan/userspace/uicc-bridge/pcsc.o $(B)/asan/tests/pcsc/fake.o
$(B)/asan/tests/pcsc/fake.o $(B)/asan/tests/unit/test_pcsc.o: extra_asan := $(shell $(PKG_CONFIG) --cflags libpcsclite 2>/dev/null)
# It is root, and its kernel acts when the program sleeps.
$(B)/asan/unit/test_readers: $(patsubst %,$(B)/asan/userspace/dmscctl/%.o,bind table usb)
ld_test_readers := -Wl,--wrap=nanosleep,--wrap=geteuid
# It is the kernel's end of the netlink socket.
ld_test_nl := -Wl,--wrap=nl_cb_alloc,--wrap=genl_connect,--wrap=genl_ctrl_resolve,--wrap=nl_send

units: $(units)
unit: $(units)
	$(Q)scripts/run-units $(units)

fuzz_srcs := $(wildcard tests/fuzz/fuzz_*.c)
fuzz_help := $(filter-out $(fuzz_srcs),$(wildcard tests/fuzz/*.c))
fuzzers := $(fuzz_srcs:tests/fuzz/%.c=$(B)/fuzz/%)
# It builds files of the kernel; what they include of it is in shim/.
$(B)/fuzz/tests/fuzz/fuzz_card_%.o: extra_fuzz := -Itests/fuzz/shim -Ikernel/include -Wno-sign-compare
$(B)/fuzz/fuzz_%: $(B)/fuzz/tests/fuzz/fuzz_%.o $(fuzz_help:%.c=$(B)/fuzz/%.o) $(B)/fuzz/libdmsc.a
	$(call say,LD      [fuzz] $(@F))
	$(Q)$(CLANG) -fsanitize=fuzzer,address,undefined -Wl,--as-needed -o $@ $^ $(shell $(PKG_CONFIG) --libs $(ALL_PKGS))
$(B)/fuzz/fuzz_at: $(at_srcs:%.c=$(B)/fuzz/%.o)
$(B)/cov/fuzz_at: $(at_srcs:%.c=$(B)/cov/%.o)
fuzzers: $(fuzzers)

$(B)/cov/tests/fuzz/fuzz_card_%.o: extra_cov := -Itests/fuzz/shim -Ikernel/include -Wno-sign-compare
$(B)/cov/fuzz_%: $(B)/cov/tests/fuzz/fuzz_%.o $(fuzz_help:%.c=$(B)/cov/%.o) $(B)/cov/libdmsc.a
	$(call say,LD      [cov] $(@F))
	$(Q)$(CLANG) -fsanitize=fuzzer -fprofile-instr-generate -Wl,--as-needed -o $@ $^ $(shell $(PKG_CONFIG) --libs $(ALL_PKGS))

kunit:
	$(Q)scripts/kunit
kselftest: userspace
	$(Q)scripts/kselftest
e2e: userspace
	$(Q)tests/e2e/run
demo: userspace
	$(Q)scripts/demo-vm
bench: userspace $(B)/rel/bench $(B)/rel/counted
	$(Q)tests/bench/run --build $(B)/rel --out $(B)/bench.json
soak: userspace $(B)/rel/soak
	$(Q)tests/soak/run --build $(B)/rel $(SOAK)
crash: $(B)/rel/crash
	$(Q)$(B)/rel/crash $(CRASH)
fuzz: fuzzers
	$(Q)tests/fuzz/run --build $(B)/fuzz
lint: clang
	$(Q)scripts/lint
check:
	$(Q)scripts/check-all
check-full:
	$(Q)scripts/check-full

# --- installation ---------------------------------------------------------
install: userspace
	$(Q)scripts/install "$(DESTDIR)" "$(PREFIX)" "$(SYSCONFDIR)" "$(B)" rel

clean:
	rm -rf $(B)
