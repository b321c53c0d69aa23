# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What compiler and sparse say of pbuddy's own files while a kernel's build system builds them.
# Used by scripts/module, which compiles anew what had warnings, and by scripts/static, which
# fails on them.

# build_warnings LOG: print the warnings of our files, by their path; the kernel's headers have some
# of their own.  A checker that does not run is one too.  False when there is none.
build_warnings() {
	{
		grep 'C=[0-9] specified, but .* is not available' "$1"
		grep -E '^[^ ]*(module|kunit)/[^ ]*: (warning|error|note)|^[^ ]*(module|kunit)/[^ ]*:[0-9]+(:[0-9]+)?: ' "$1" |
			grep -vE '^[^ ]*/(kernels|src)/' | not_of_long_events
	} | grep .
}

# Trace events of newer kernels have more tokens than sparse can take.
not_of_long_events() {
	grep -vE '/trace[a-z_]*\.(h:[0-9:]+ error: too long token expansion|c: note: in included file)'
}
