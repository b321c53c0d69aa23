# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A pool of parts that run side by side, at most PART_JOBS at a time, on NR_CPUS CPUs.  Each has a
# name, the parts it needs, a class and a command.  Used by scripts/check.  A class is one of
#   cpus:N   keeps up to N CPUs busy: parts of this class run at the same time while their CPUs are
#            at most one more than NR_CPUS
#   build    one at a time
#   -        any number
# Only parts of cpus:N have the normal priority.  The emulator has a thread for each CPU of a
# guest, and while one of them does not run, others spin for it.  So on two CPUs two guests of
# cpus:2 never run side by side.  But one of them and one of cpus:1 do: guests wait for timers,
# or use one CPU, for most of their time.  The others have a third of a guest's share, so that they
# do not wait for the end of all guests.
#
# The caller defines part_done NAME STATUS SECONDS CPU-SECONDS.  STATUS is "needs:PART" for a part
# that was not run because one that it needs failed.  part_done returns 1 to fail those that need
# this one.

declare -a PART_NAMES=()
PART_CPU=0 # seconds used by all that have ended
declare -A PART_NEEDS=() PART_CLASS=() PART_COMMAND=() PART_STATE=() PART_START=() PART_PID=()

# part NAME CLASS "NEEDS..." COMMAND ARGS...
part() {
	local name=$1 class=$2 needs=$3
	shift 3
	[ -z "${PART_COMMAND[$name]-}" ] || die "two parts are named $name"
	PART_NAMES+=("$name")
	PART_CLASS[$name]=$class
	PART_NEEDS[$name]=$needs
	printf -v "PART_COMMAND[$name]" '%q ' "$@"
}

# Mark the parts matching an extended regular expression, and all they need, as wanted.
select_parts() {
	local name
	for name in "${PART_NAMES[@]}"; do
		if [[ $name =~ $1 ]]; then want_part "$name"; fi
	done
}

want_part() {
	local n
	[ -z "${PART_STATE[$1]-}" ] || return 0
	[ -n "${PART_COMMAND[$1]-}" ] || die "a part needs '$1', which is none"
	PART_STATE[$1]=waiting
	for n in ${PART_NEEDS[$1]}; do want_part "$n"; done
}

# Set readiness: ready, blocked, or the name of a failed part it needs.  This runs for each part
# each time one ends, so without a process of its own.
part_readiness() {
	local n
	readiness=ready
	for n in ${PART_NEEDS[$1]}; do
		case ${PART_STATE[$n]} in
		good) ;;
		bad) readiness=$n; return ;;
		*) readiness=blocked ;;
		esac
	done
	has_room "${PART_CLASS[$1]}" || readiness=blocked
}

has_room() { # CLASS
	local other cpus=0
	for other in "${!PART_PID[@]}"; do
		other=${PART_CLASS[$other]}
		[ "$1:$other" != build:build ] || return 1
		[[ $other != cpus:* ]] || cpus=$((cpus + ${other#cpus:}))
	done
	# With nothing else in the way, a part starts even if it wants more than there is.
	[[ $1 != cpus:* ]] || ((cpus == 0 || cpus + ${1#cpus:} <= NR_CPUS + 1))
}

start_part() {
	local name=$1 out err
	local -a priority=(nice -n 5)
	[[ ${PART_CLASS[$1]} != cpus:* ]] || priority=()
	out=$(part_log "$name" ktap)
	err=$(part_log "$name" log)
	mkdir -p "$(dirname "$out")"
	PART_STATE[$name]=running
	PART_START[$name]=$SECONDS
	# A session of its own, so that all of it can be ended; without the caller's lock (9).
	"${priority[@]}" setsid timeout -k 10 "$PART_TIMEOUT" bash -c "${PART_COMMAND[$name]}" \
		>"$out" 2>"$err" </dev/null 9>&- &
	PART_PID[$name]=$!
}

# Seconds of CPU used by the children that we have waited for, and by theirs.
children_cpu() {
	local -a stat
	read -r -a stat </proc/$$/stat
	echo $(((stat[15] + stat[16]) / $(getconf CLK_TCK)))
}

finish_part() { # NAME STATUS
	local state=good seconds=0 cpu
	cpu=$(children_cpu)
	[ -z "${PART_START[$1]-}" ] || seconds=$((SECONDS - PART_START[$1]))
	unset "PART_PID[$1]"
	part_done "$1" "$2" "$seconds" $((cpu - PART_CPU)) || state=bad
	PART_CPU=$(children_cpu)
	PART_STATE[$1]=$state
}

# Start the parts that can be started, fail those that never can.  True while a part waits.
start_ready_parts() {
	local name readiness waiting=1 again=1
	while [ $again -eq 1 ]; do
		again=0 waiting=1
		for name in "${PART_NAMES[@]}"; do
			[ "${PART_STATE[$name]-}" = waiting ] || continue
			part_readiness "$name"
			case $readiness in
			ready) [ ${#PART_PID[@]} -ge "$PART_JOBS" ] || { start_part "$name"; continue; } ;;
			blocked) ;;
			*) finish_part "$name" "needs:$readiness"; again=1; continue ;;
			esac
			waiting=0
		done
	done
	return $waiting
}

heartbeat() {
	local name text=
	for name in "${PART_NAMES[@]}"; do
		[ -z "${PART_PID[$name]-}" ] || text+=", $name ($((SECONDS - PART_START[$name])) s)"
	done
	[ -z "$text" ] || part_heartbeat "${text#, }"
}

# Take the status of each part that has ended.  True when one had.  Not by wait -n: when two parts
# end at once, bash 5.2 forgets one of them ("no such job"), and its end would never be seen.
reap_parts() {
	local name rc ended=1
	for name in "${!PART_PID[@]}"; do
		! kill -0 "${PART_PID[$name]}" 2>/dev/null || continue
		rc=0
		wait "${PART_PID[$name]}" || rc=$?
		finish_part "$name" $rc
		ended=0
	done
	return $ended
}

run_parts() {
	local beat=$SECONDS nap
	exec {nap}<> <(:) # never has anything to read
	trap end_parts EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	while start_ready_parts || [ ${#PART_PID[@]} -gt 0 ]; do
		[ ${#PART_PID[@]} -gt 0 ] || die "parts wait for one another: a circle in what they need"
		until reap_parts; do
			if ((SECONDS - beat >= 30)); then
				heartbeat
				beat=$SECONDS
			fi
			read -r -t 0.3 -u "$nap" || true
		done
	done
	exec {nap}>&-
}

# On any exit, an interrupt included, no process that we started stays.
end_parts() {
	local name
	for name in "${!PART_PID[@]}"; do
		kill -TERM -- "-${PART_PID[$name]}" 2>/dev/null || true
	done
}
