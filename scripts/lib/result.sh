# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# KTAP from a script on the host.  Each test is a function or command; its status decides, its output
# is shown when it fails, and a line "SKIP reason" in its output skips it.  The caller prints the
# plan with ktap_plan first.

ktap_count=0
ktap_failed=0

ktap_plan() { printf 'KTAP version 1\n1..%d\n' "$1"; }

# ktap_test NAME COMMAND ARGS...
ktap_test() {
	local name=$1 rc=0 said
	shift
	ktap_count=$((ktap_count + 1))
	said=$(mktemp)
	# In a job that is waited for, -e holds inside; below an `if` it would not, so
	# ktap_test is never called in a condition.
	(
		set -e
		"$@"
	) >"$said" 2>&1 </dev/null &
	wait $! || rc=$?
	if [ "$rc" -eq 0 ]; then
		echo "ok $ktap_count $name$(sed -n 's/^SKIP/ # SKIP/p' "$said" | head -n 1)"
	else
		sed 's/^/# /' "$said"
		echo "not ok $ktap_count $name"
		ktap_failed=1
	fi
	rm -f "$said"
}

# Last: the exit status says whether all passed.
ktap_end() { exit "$ktap_failed"; }
