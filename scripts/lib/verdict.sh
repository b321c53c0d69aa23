# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Judge what ran in a guest: each test by its own part of the console, of the output and of the
# verdict channel.  Part of scripts/vm, whose variables it uses.  scripts/guest/init.c writes
# the marks that the parts are told apart by.
# shellcheck disable=SC2154

# ---- the parts of each test, as $tmp/part/NAME.console, .out, .err and .verdict ----

split_boot() {
	rm -rf "$tmp/part"
	mkdir "$tmp/part"
	split_console
	awk -v dir="$tmp/part" '$1 == "begin" { file = dir "/" $2 ".verdict" } file { print > file }' "$tmp/verdict"
	[ -n "$list" ] || return 0
	split_output out
	split_output err
}

# What stands before the first test belongs to it; what stands after the last one is .end.console.
split_console() {
	awk -v dir="$tmp/part" -v file="$tmp/part/.boot.console" '
		match($0, /^\[ *[0-9.]+\](\[ *[CT][0-9]+\])? vm: (begin [^ ]+|end)$/) {
			n = split($0, word, " ")
			file = dir "/" (word[n] == "end" ? ".end" : word[n]) ".console"
		}
		{ print > file }' "$tmp/console"
	touch "$tmp/part/.boot.console" "$tmp/part/.end.console"
}

# A mark begins a line of its own: the line break before it is the mark's, not the output's.
split_output() { # out or err
	awk -v dir="$tmp/part" -v ext="$1" '
		/^\001/ { file = substr($0, 2) == "" ? "" : dir "/" substr($0, 2) "." ext; begun = 0; next }
		file == "" { next }
		{ printf "%s%s", begun++ ? "\n" : "", $0 > file }' "$tmp/$1.text"
}

# said NAME WORD: what the guest's init said of a test after this word.
said() {
	[ ! -e "$tmp/part/$1.verdict" ] ||
		awk -v k="$2" '$1 == k { $1 = ""; print substr($0, 2); exit }' "$tmp/part/$1.verdict"
}

taint_of() { # NAME: as a number
	local hex
	hex=$(said "$1" taint)
	echo $((0x${hex:-0}))
}

# ---- the verdict ----

# Whether an allowed report explains that the kernel is tainted.
allowed_taint() { # CONSOLE ALLOW
	# Not grep -q, which would end before the others have written all they have.
	[ -n "$2" ] && splat_lines "$1" | grep -aE -- "$2" | grep -aE 'WARNING|BUG|Oops|Bad page' >/dev/null
}

judge_expected() { # NAME EXPECT LAST
	local found all=$tmp/part/.all reports=$tmp/part/.reports
	cat "$tmp/part/$1.console" "$tmp/part/.end.console" >"$all" 2>/dev/null || true
	{
		splat_lines "$all" || true
		grep -an 'pbuddy: ' "$all" || true
		[ -z "$3" ] || echo "$hang"
	} >"$reports"
	if found=$(grep -aE -m1 -- "$2" "$reports"); then
		status=0 why="expected report seen: $found"
	else
		status=125 why="expected a report matching '$2', there is none"
	fi
}

first_splat() { splat_lines "$@" | grep -v 'cut here' | head -n 1 || true; }

# What was reported after the last test: the leak scan's findings first.
end_report() { # ALLOW
	local leaks splat
	leaks=$(awk '$1 == "kmemleak" { print $2 }' "$tmp/verdict")
	if [ "${leaks:-0}" -ne 0 ]; then
		echo "kmemleak found $leaks leaks"
		return
	fi
	splat=$(first_splat "$tmp/part/.end.console" "$1")
	[ -z "$splat" ] || echo "after the last test: $splat"
}

# judge NAME ALLOW EXPECT LAST TAINT: sets status, and why when that is 125 or a report was
# expected.  LAST is set for the last test of its guest, TAINT is what the kernel had before.
judge() {
	local name=$1 allowed=$2 last=$4 splat
	local console=$tmp/part/$name.console
	status=125 why=
	if [ -n "$3" ]; then
		judge_expected "$name" "$3" "$last"
		return
	fi
	splat=$(first_splat "$console" "$allowed")
	if [ -n "$splat" ]; then
		why="console line $splat"
	elif [ -n "$last" ] && [ -n "$hang" ]; then
		why=$hang
	elif [ -n "$last" ] && ! grep -qx end "$tmp/verdict"; then
		why="the guest stopped without a verdict (emulator status $emulator_status); said: $(paste -sd' ' "$tmp/verdict");"
		why+=" last on the console: $(tail -n 1 "$tmp/console") $(cat "$tmp/emulator.out")"
	elif (($(taint_of "$name") & 0x42a0 & ~$5)) && ! allowed_taint "$console" "$allowed"; then
		# Bits: 5 bad page, 7 oops, 9 warning, 14 soft lockup.
		why="the kernel is tainted by a report: $(said "$name" taint)"
	elif [ -n "$(said "$name" signal)" ]; then
		why="the command was ended by signal $(said "$name" signal)"
		status=$((128 + $(said "$name" signal)))
	else
		status=$(said "$name" exit)
	fi
}

# ---- one command ----

keep_log() {
	local to=$log
	if [ -z "$to" ]; then
		to=$PB_CACHE/logs/vm-$kernel-$(date +%Y%m%d-%H%M%S)-$$.log
		mkdir -p "$PB_CACHE/logs"
		find "$PB_CACHE/logs" -name 'vm-*.log' -mtime +3 -delete
		cp "$tmp/console" "$to"
	fi
	echo "$to"
}

run_single() {
	local late
	boot 0
	[ -z "$log" ] || cp "$tmp/console" "$log"
	# Without marks the console is one part.
	split_boot
	mv "$tmp/part/.boot.console" "$tmp/part/command.console"
	judge command "$allow" "$expect" last 0
	late=$(end_report "$allow")
	if [ -z "$expect" ] && [ -n "$late" ] && [ "$status" -ne 125 ]; then
		status=125 why=$late
	fi
	if [ "$status" -eq 125 ]; then
		say "FAIL ($kernel): $why"
		say "console log: $(keep_log)"
	elif [ -n "$why" ]; then
		say "$why"
	fi
	exit "$status"
}

# ---- several tests ----

# What a test left goes to the directory of logs.  The status comes last, and says that it is all there.
keep_test() { # NAME STATUS WHY
	local part=$tmp/part/$1
	touch "$part".{out,err,console}
	cp "$part.out" "$logs/$1.ktap"
	cp "$part.console" "$logs/$1.console"
	{
		cat "$part.err"
		[ -z "$3" ] || echo "vm: $([ "$2" -eq 0 ] || echo FAIL) ($kernel): $3"
	} >"$logs/$1.log"
	echo "$2 $(said "$1" seconds)" >"$logs/$1.status"
	say "$1: status $2${3:+, $3}"
}

expects_leaks() { printf '%s\n' "${expects[@]:$1:$2}" | grep -q 'unreferenced object'; }

# A kernel met the breakpoint of a text patch (jump labels) after the end of the patch: an emulated CPU
# may have translated the text while the breakpoint was in it, and keep that.  It says nothing about
# the test, which runs once more; a wrong jump of the module would come again.
met_late_breakpoint() { # NAME
	[ "$1" != "$repeated" ] && [[ $(first_splat "$tmp/part/$1.console") = *'Oops: int3: '* ]]
}

# Judge the tests of this boot; sets next to the first that has to run in another.
judge_boot() { # FIRST
	local first=$1 count i last='' taint=0 late='' failed
	count=$(begun)
	next=$((first + count))
	split_boot
	cat "$tmp/part/.boot.console" "$tmp/part/${names[first]}.console" >"$tmp/part/.joined" 2>/dev/null || true
	mv "$tmp/part/.joined" "$tmp/part/${names[first]}.console"
	late=$(end_report "${allows[next - 1]}")
	! expects_leaks "$first" "$count" || late=
	for ((i = first; i < first + count; i++)); do
		[ "$i" -lt $((first + count - 1)) ] || last=1
		judge "${names[i]}" "${allows[i]}" "${expects[i]}" "$last" "$taint"
		failed=$status
		if [ "$failed" -ne 0 ] && met_late_breakpoint "${names[i]}"; then
			say "${names[i]}: $why; running it once more"
			repeated=${names[i]} next=$i
			return
		fi
		if [ "$failed" -eq 0 ] && [ -z "${expects[i]}" ] && [ -n "$late" ]; then
			status=125 why="$late; in this guest ran: ${names[*]:first:count}"
		fi
		keep_test "${names[i]}" "$status" "$why"
		taint=$((taint | $(taint_of "${names[i]}")))
		# Nothing that ran after a failure shows anything.
		if [ "$failed" -ne 0 ]; then
			next=$((i + 1))
			return
		fi
	done
}

run_tests() {
	local first=0 next i repeated=''
	while ((first < ${#names[@]})); do
		boot "$first" files
		if [ "$(begun)" -eq 0 ]; then
			for ((i = first; i < ${#names[@]}; i++)); do
				mkdir -p "$tmp/part"
				cp "$tmp/console" "$tmp/part/${names[i]}.console"
				keep_test "${names[i]}" 125 "the guest did not boot: $(first_splat "$tmp/console") $hang"
			done
			return
		fi
		judge_boot "$first"
		first=$next
	done
}
