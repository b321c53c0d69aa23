# SPDX-License-Identifier: GPL-2.0-only
# For the Kbuild file of a module that uses pbuddy: the header <linux/pbuddy.h>, and the versions of
# the exported functions for the kernel that the module is built for. Installed:
#     include /usr/src/pbuddy/module/pbuddy.mk
# `make install` keeps a Module.symvers for each kernel in symvers/; `make` leaves one in the top
# directory.

pbuddy-dir := $(patsubst %/module/,%,$(dir $(realpath $(lastword $(MAKEFILE_LIST)))))
pbuddy-symvers := $(wildcard $(pbuddy-dir)/symvers/$(KERNELRELEASE)/Module.symvers)
pbuddy-symvers := $(or $(pbuddy-symvers),$(wildcard $(pbuddy-dir)/Module.symvers))
$(if $(pbuddy-symvers)$(KBUILD_EXTRA_SYMBOLS),,$(warning $(pbuddy-dir): pbuddy was not built for $(KERNELRELEASE)))

ccflags-y += -I$(pbuddy-dir)/module/include
KBUILD_EXTRA_SYMBOLS += $(pbuddy-symvers)
