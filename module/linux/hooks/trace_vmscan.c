// SPDX-License-Identifier: GPL-2.0-only
/* Defines the tracepoints of reclaim and of the node threads. */
#define CREATE_TRACE_POINTS
#include "hooks/trace_vmscan.h"
