// SPDX-License-Identifier: GPL-2.0-only
/*
 * pbuddy_leaver: pbuddy_leaker under another name, so that the kernel can load it at the addresses
 * that pbuddy_leaker had.
 */
#include "pbuddy_leaker.c"
