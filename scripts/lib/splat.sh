# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Find reports on a console log: the first line of each report by one of the kernel's
# detectors, or by pbuddy.

# After the time stamp (and the caller column some kernels print) a report starts with
# one of these.  Debian's boot noise ("Spectre V2 : WARNING: ...") does not start so.
PB_SPLAT_START='WARNING: |(\[ )?BUG: |INFO: possible |INFO: task .* blocked for more than|INFO: rcu'
PB_SPLAT_START+='|INFO: trying to register non-static key|INFO: suspicious'
PB_SPLAT_START+='|kernel BUG at |Kernel panic|Oops|Internal error|PANIC: '
PB_SPLAT_START+='|general protection fault|traps: PANIC|divide error|invalid opcode'
PB_SPLAT_START+='|UBSAN: |=+ ?BUG |unreferenced object|kmemleak: [0-9]+ new suspected'
PB_SPLAT_START+='|rcu: .*detected .*stall|rcu: INFO: |watchdog: BUG|watchdog: .*hard LOCKUP|NMI watchdog: .*LOCKUP'
PB_SPLAT_START+='|list_(add|del) corruption|ODEBUG: |Bad page |page_table_check|DEBUG_LOCKS_WARN_ON'
PB_SPLAT_START+='|workqueue: .*lockup|stack-protector: |kfence: |Unable to handle kernel'
# pbuddy's own reports of misuse and leaks.
PB_SPLAT_START+='|pbuddy: bad (free|page): |pbuddy: leaked: |pbuddy: module .* leaves '
# Anywhere on a line.
PB_SPLAT_ANY='\[ cut here \]|BUG: KASAN|BUG: KCSAN|BUG: KFENCE|soft lockup - CPU|refcount_t: '

# splat_lines LOG [ALLOW]: every report's lines with their numbers, save those that
# match the ALLOW regex.
splat_lines() {
	grep -aEn "^(<[0-9]+>)?\[ *[0-9.]+\](\[ *[CT][0-9]+\])? *($PB_SPLAT_START)|^(unreferenced object)|$PB_SPLAT_ANY" "$1" |
		if [ -n "${2-}" ]; then grep -avE -- "$2"; else cat; fi
}
