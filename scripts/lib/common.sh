# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What every script shares: where things are, and how to speak to the user.
# Source it: . "$(dirname "$0")/lib/common.sh"

PB_TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
PB_CACHE=${PBUDDY_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/pbuddy}
PB_SELF=$(basename "$0")
export PB_TOP PB_CACHE

say() { printf '%s: %s\n' "$PB_SELF" "$*" >&2; }
die() {
	say "$*"
	exit 1
}

# No script may end without saying why: name the command that -e stopped at.  Bash
# switches -e off in $(...) unless told to keep it.
set -E
shopt -s inherit_errexit
trap 'say_stopped "$LINENO" "${BASH_SOURCE[0]##*/}" "$BASH_COMMAND"' ERR
say_stopped() {
	case $3 in
	return* | exit*) ;; # the function that returns an error has said why
	*) say "stopped at line $1 of $2: $3" ;;
	esac
}

# usage_from_header FILE: print the comment block that opens a script, as its --help.
usage_from_header() {
	awk 'NR == 1 { next } /^#/ { sub(/^# ?/, ""); if ($0 !~ /^SPDX-/) print; next } { exit }' "$1" |
		sed '/./,$!d'
}

# Run a command under an exclusive lock: with_lock NAME|FILE COMMAND...
# NAME is a lock of this cache.  What several caches may share (a kernel) is locked by a
# FILE beside it, so that the lock and what it guards are found by one path.
# The lock dies with this process, so a killed run never blocks the next one.
# A function run here stops at its first failure unless the caller is in a condition; there
# -e is off, so such a caller runs a script in place of a function.
with_lock() {
	local name=$1 file=$PB_CACHE/lock/$1 fd rc
	shift
	[[ $name != /* ]] || file=$name
	mkdir -p "$(dirname "$file")"
	exec {fd}>"$file"
	if ! flock -n "$fd"; then
		say "waiting for another run that holds $(basename "$file")"
		flock "$fd"
	fi
	"$@"
	rc=$?
	exec {fd}>&-
	return $rc
}

need_tool() {
	local t
	for t in "$@"; do
		command -v "$t" >/dev/null ||
			die "$t is not installed; run scripts/setup first"
	done
}

# run_with_progress LABEL LOG COMMAND...: output to LOG, one progress line on stderr.
# On a terminal the line is rewritten in place, elsewhere it is printed every 20 s.
run_with_progress() {
	local label=$1 log=$2 pid rc=0 t0=$SECONDS
	shift 2
	"$@" >"$log" 2>&1 &
	pid=$!
	trap 'kill "$pid" 2>/dev/null; exit 143' TERM
	while kill -0 "$pid" 2>/dev/null; do
		sleep 0.5
		if [ -t 2 ]; then
			printf '\r%s: %s: %d s, %d steps\033[K' "$PB_SELF" "$label" \
				$((SECONDS - t0)) "$(wc -l <"$log")" >&2
		elif (((SECONDS - t0) % 20 == 19)); then
			say "$label: $((SECONDS - t0)) s, $(wc -l <"$log") steps"
			sleep 0.6
		fi
	done
	wait "$pid" || rc=$?
	trap - TERM
	[ -t 2 ] && printf '\r\033[K' >&2
	if [ $rc -ne 0 ]; then
		say "$label failed (status $rc); the end of $log:"
		tail -n 25 "$log" >&2
		return $rc
	fi
	say "$label: done in $((SECONDS - t0)) s"
}
