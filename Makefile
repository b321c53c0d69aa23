# SPDX-License-Identifier: GPL-2.0-only
# The front door: every target is one line of `make help` and hands over to a script or to kbuild.
# (What pbuddy.ko is linked from stands in Kbuild.)

KDIR ?= /lib/modules/$(shell uname -r)/build
PREFIX ?= /usr/local
DESTDIR ?=
PATTERN ?=
SYMVERS ?=
override TOP := $(patsubst %/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))

.DEFAULT_GOAL := module
.PHONY: all module tools kernels demo bench check list host static vm install uninstall deb clean help

all: module tools ## pbuddy.ko, pbuddyctl and libpbuddy

module: ## pbuddy.ko for the running kernel, or for the build tree in KDIR=
	@test -e '$(KDIR)/Makefile' || { \
		echo 'make: no kernel build tree at $(KDIR)' >&2; \
		echo 'make: install linux-headers-$(shell uname -r), or name a tree: make KDIR=/path/to/build' >&2; \
		exit 1; }
	$(MAKE) -C '$(KDIR)' M='$(TOP)' modules
	$(if $(SYMVERS),install -D -m 644 '$(TOP)/Module.symvers' '$(SYMVERS)/Module.symvers')

tools: ## build/pbuddyctl, libpbuddy and the user-space test programs
	$(MAKE) -C '$(TOP)/tools' O='$(TOP)/build' PREFIX='$(PREFIX)'

kernels: ## fetch or build the kernels the tests boot, into ~/.cache/pbuddy
	@scripts/setup
	@scripts/kernel --all

demo: ## boot a two-node guest and show the main job (sets itself up)
	@scripts/demo

bench: ## pbuddy against the kernel's allocators: every workload and platform (sets itself up)
	@scripts/bench --cmdline tuned,stock --json '$(TOP)/build/bench.json' --plot '$(TOP)/build/bench'

check: ## every test, or those whose name matches PATTERN= (sets itself up)
	@scripts/check $(if $(PATTERN),'$(PATTERN)')

list: ## names of the parts `make check` consists of
	@scripts/check --list

host: ## the core on this machine: suites, sanitizers, mutants, model checker, cache lines
	@scripts/check host

static: ## layering, sparse, W=1, checkpatch, shellcheck, manual pages, headers
	@scripts/check 'static|layering'

vm: ## a shell command in a guest: make vm CMD='insmod /pbuddy.ko && dmesg' KERNEL=stock-6.12
	@scripts/vm --kernel '$(or $(KERNEL),stock-6.12)' -- sh -c "$${CMD:?say make vm CMD=...}"

install: ## module by DKMS, pbuddyctl, libpbuddy, headers, manual pages, udev rule (DESTDIR=: the files only)
	@DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' scripts/install

deb: ## Debian packages in build/deb: pbuddy-dkms, pbuddy-tools, libpbuddy1, libpbuddy-dev
	@scripts/package

uninstall: ## take away what `make install` put there
	@DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' scripts/uninstall

clean: ## remove build products and logs of this tree (not the cached kernels)
	@find '$(TOP)' -name .git -prune -o -type f \( -name '*.o' -o -name '*.ko' -o -name '*.mod' \
		-o -name '*.mod.c' -o -name '.*.cmd' -o -name '.*.d' -o -name 'Module.symvers*' \
		-o -name 'modules.order' -o -name '.module-common.o' \) -exec rm -f {} +
	@rm -rf '$(TOP)/build' '$(TOP)/logs'

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' '$(firstword $(MAKEFILE_LIST))'
