# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Boot a guest and watch it until it ends.  Part of scripts/vm, whose variables it uses:
# the tests (names, limits), what the emulator writes ($tmp/console, verdict, out, err).
# shellcheck disable=SC2154

# Seconds that booting may take, and what comes after the last test (the leak scan).
BOOT_LIMIT=300

# The command's output flows through pipes, so that it arrives while the guest runs.
start_readers() { # FILES: stdout and stderr to $tmp/out.text and err.text, not to ours
	rm -f "$tmp/out" "$tmp/err"
	mkfifo "$tmp/out" "$tmp/err"
	if [ -n "${1-}" ]; then
		cat "$tmp/out" >"$tmp/out.text" &
		readers=($!)
		cat "$tmp/err" >"$tmp/err.text" &
	else
		cat "$tmp/out" &
		readers=($!)
		cat "$tmp/err" >&2 &
	fi
	readers+=($!)
	: >"$tmp/console"
	: >"$tmp/verdict"
	if [ -n "$verbose" ]; then
		tail -q -f --pid=$$ "$tmp/console" >&2 &
		tail_pid=$!
	fi
}

# run_guest FIRST [FILES]: the tests from number FIRST on.
run_guest() {
	local first=$1 i total=$((2 * BOOT_LIMIT))
	rm -rf "$tmp/order"
	mkdir -p "$tmp/order/.vm"
	for ((i = first; i < ${#names[@]}; i++)); do
		cp "$tmp/words.$i" "$tmp/order/.vm/command.$((i - first))"
		total=$((total + limits[i]))
	done
	echo "$guest_options" >"$tmp/order/.vm/options"
	{
		cat "$tmp/files"
		guest_pack "$tmp/order"
	} >"$tmp/initrd"
	machine_command "$kdir" "$tmp" "$append"
	start_readers "${2-}"
	# timeout(1) ends the guest even when this script was killed.
	timeout -k 5 "$total" "${machine[@]}" </dev/null >"$tmp/emulator.out" 2>&1 &
	pid=$!
	emulator_status=0 hang=''
	watch_guest "$first"
	pid=
	# A guest that never opened the pipes leaves the readers waiting for a writer; opening
	# for both directions is one, and never waits itself.
	: <>"$tmp/out"
	: <>"$tmp/err"
	wait "${readers[@]}" 2>/dev/null || true
	[ -z "${tail_pid-}" ] || kill "$tail_pid" 2>/dev/null || true
}

# Wait for the emulator.  End it when a test takes longer than it may, or booting, or ending.
watch_guest() { # FIRST
	local first=$1 state='' was=none since=$SECONDS limit
	while kill -0 "$pid" 2>/dev/null; do
		sleep 0.3
		# Each test adds "begin" and "ended", so an odd number of them says that one runs.
		state=$(grep -cE '^(begin|ended) ' "$tmp/verdict") || true
		if [ "$state" != "$was" ]; then
			was=$state since=$SECONDS limit=$BOOT_LIMIT
			((state % 2 == 0)) || limit=${limits[first + state / 2]}
		elif ((SECONDS - since > limit)) && [ -z "$hang" ]; then
			hang="HANG: the guest did not end within $limit s; last on the console: $(tail -n 1 "$tmp/console" | tr -d '\r')"
			kill "$pid" 2>/dev/null || true
		fi
	done
	wait "$pid" || emulator_status=$?
}

# How many tests of this boot have begun.
begun() { grep -c '^begin ' "$tmp/verdict" || true; }

# An emulator that ends before the guest's init has run, without a report or a hang, says
# nothing about what is tested: it was killed from outside, or the guest's firmware gave up.  Nor
# does a kernel that met, while it booted, the breakpoint of a text patch that another of its
# CPUs was making (jump labels), which emulated CPUs may do too late: there is no module yet.
ended_before_init() {
	local reports
	[ ! -s "$tmp/verdict" ] && [ -z "$hang" ] || return
	reports=$(splat_lines "$tmp/console")
	[ -z "$reports" ] || [[ ${reports%%$'\n'*} = *'Oops: int3: '* ]]
}

# boot FIRST [FILES]: run_guest, once more where the first said nothing.
boot() {
	run_guest "$@"
	if ended_before_init; then
		say "the guest ended before its init (emulator status $emulator_status); starting it once more"
		run_guest "$@"
	fi
	tr -d '\r' <"$tmp/console" >"$tmp/console.clean" && mv "$tmp/console.clean" "$tmp/console"
}
