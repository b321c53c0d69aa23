# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
#
# KTAP for guest tests, in busybox sh:
#     . /tests/ktap.sh
#     ktap_begin
#     t NAME COMMAND ARGS...      ok when the command succeeds; its output becomes comments
#     ktap_skip NAME REASON...
#     ktap_end                    the plan, and exit: 1 when anything failed or nothing ran

ktap_nr=0
ktap_bad=0

ktap_begin() { echo "KTAP version 1"; }

ktap_comment() { sed 's/^/# /'; }

# The command runs in this shell, so that variables which a function sets stay.
t() {
	ktap_name=$1
	shift
	ktap_nr=$((ktap_nr + 1))
	if "$@" >/tmp/ktap.out 2>&1; then
		echo "ok $ktap_nr $ktap_name"
	else
		echo "# '$*' failed (status $?):"
		ktap_comment </tmp/ktap.out
		echo "not ok $ktap_nr $ktap_name"
		ktap_bad=$((ktap_bad + 1))
	fi
}

ktap_skip() {
	ktap_name=$1
	shift
	ktap_nr=$((ktap_nr + 1))
	echo "ok $ktap_nr $ktap_name # SKIP $*"
}

ktap_end() {
	echo "1..$ktap_nr"
	[ "$ktap_bad" -eq 0 ] && [ "$ktap_nr" -gt 0 ]
	exit
}
