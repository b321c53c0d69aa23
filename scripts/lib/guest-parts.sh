# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Guest tests as parts of scripts/check.  Tests of one kernel whose heads ask for the same machine
# share a guest: a part "guest:KERNEL.N" boots it and runs them one after another (scripts/vm
# --tests), and the part of each test takes its result from what that left.  Which tests share
# a guest is decided when the parts to run are known, so one test alone has a guest alone.
# Uses lib/jobs.sh; the caller has LOGS and the array PART_WEIGHT.
# The seconds that group tests are those of lib/part-seconds, so that groups are the same on every
# machine and in every run.
# shellcheck disable=SC2004,SC2034

# Seconds of tests in one guest: with fewer, more is spent on booting; with more, one guest
# is left to wait for at the end.
GUEST_SECONDS=${PBUDDY_GUEST_SECONDS:-360}

declare -A GUEST_FILE=() GUEST_KERNEL=() # of each guest test

declare -A HEAD=() # FILE:WORD: the text of all lines "# WORD: text" in the head of a guest test

read_heads() {
	local file line
	for file in "$PB_TOP"/scripts/tests/*.sh; do
		while IFS= read -r line && [[ $line = '#'* ]]; do
			[[ ! $line =~ ^'# '([a-z]+(@[^ :]+)?): ]] || HEAD[$file:${BASH_REMATCH[1]}]+=" ${line#*: }"
		done <"$file"
	done
}

# A guest test as a part whose result comes from its guest's.
guest_test() { # FILE KERNEL
	local name=${1##*/} needs=module:$2
	name=${name%.sh}@$2
	[[ ${HEAD[$1:copy]-} != *' build/'* ]] || needs+=' tools'
	[[ ${HEAD[$1:copy]-} != *' build/selftests/'* ]] || needs+=' selftests'
	GUEST_FILE[$name]=$1
	GUEST_KERNEL[$name]=$2
	part "$name" - "$needs" "$PB_TOP/scripts/lib/guest-result" "$LOGS" "$name"
}

# Every guest test on every kernel that its head selects.
guest_tests() {
	local file kernel kernels
	read_heads
	for file in "$PB_TOP"/scripts/tests/*.sh; do
		# shellcheck disable=SC2086 # words
		kernels=$(kernels_with ${HEAD[$file:kernels]-}) || die "$file: its head names no kernels"
		for kernel in $kernels; do
			guest_test "$file" "$kernel"
		done
	done
}

# Split the options of a test's head: those of the machine to guest_options, those that hold for
# the test alone to guest_limit and guest_allow.
read_guest_options() { # NAME
	local file=${GUEST_FILE[$1]} i
	local -a words
	read -r -a words <<<"${HEAD[$file:vm]-} ${HEAD[$file:vm@${GUEST_KERNEL[$1]}]-}"
	guest_options='' guest_limit=600 guest_allow=-
	for ((i = 0; i < ${#words[@]}; i++)); do
		case ${words[i]} in
		--timeout) guest_limit=${words[++i]} ;;
		--allow-splat) guest_allow=${words[++i]} ;;
		*) guest_options+=" ${words[i]}" ;;
		esac
	done
}

declare -A GUEST_TEST_SECONDS=()

# Tests with the same machine, longest first, each to the guest that has least to do.
make_guests() {
	local key name n i least kernel
	while read -r name i; do
		GUEST_TEST_SECONDS[$name]=$i
	done <"$PB_TOP/scripts/lib/part-seconds"
	local -A members=() sum=() load=()
	for name in "${!GUEST_FILE[@]}"; do
		[ "${PART_STATE[$name]-}" = waiting ] || continue
		: "${GUEST_TEST_SECONDS[$name]:=20}"
		read_guest_options "$name"
		key="${GUEST_KERNEL[$name]}$guest_options"
		members[$key]+=" $name"
		sum[$key]=$((${sum[$key]-0} + ${GUEST_TEST_SECONDS[$name]}))
	done
	local -A numbers=()
	while IFS= read -r key; do
		[ -n "$key" ] || continue
		kernel=${key%% *}
		n=$(((${sum[$key]} + GUEST_SECONDS - 1) / GUEST_SECONDS))
		load=()
		for ((i = 0; i < n; i++)); do load[$i]=''; done
		local -a total=()
		while read -r _ name; do
			least=0
			for ((i = 1; i < n; i++)); do
				((${total[i]-0} >= ${total[least]-0})) || least=$i
			done
			load[$least]+=" $name"
			total[least]=$((${total[least]-0} + ${GUEST_TEST_SECONDS[$name]}))
		done < <(for name in ${members[$key]}; do echo "${GUEST_TEST_SECONDS[$name]} $name"; done | sort -k1,1nr -k2)
		for ((i = 0; i < n; i++)); do
			[ -n "${load[$i]}" ] || continue
			numbers[$kernel]=$((${numbers[$kernel]-0} + 1))
			make_guest "guest:$kernel.${numbers[$kernel]}" "$kernel" "${total[i]}" "${key#"$kernel"}" "${load[$i]}"
		done
	done < <(printf '%s\n' "${!members[@]}" | sort)
}

# A test that allows reports comes last: a kernel that has warned once does not look the same.
ordered_tests() { # NAME...
	for name in "$@"; do
		read_guest_options "$name"
		echo "$([ "$guest_allow" = - ] && echo 1 || echo 2) $name"
	done | sort | cut -d' ' -f2
}

make_guest() { # GUEST KERNEL SECONDS OPTIONS TESTS
	local guest=$1 kernel=$2 cpus name f needs='' list=$LOGS/.guests/$1.tests
	local -a command=("$PB_TOP/scripts/vm" --kernel "$kernel" --tests "$list" --logs "$LOGS/.guests"
		--copy "$PB_TOP/scripts/lib/ktap.sh:/tests/ktap.sh")
	mkdir -p "$LOGS/.guests"
	: >"$list"
	# shellcheck disable=SC2086 # words
	for name in $(ordered_tests $5); do
		read_guest_options "$name"
		printf '%s\t%s\t%s\t-\tsh /tests/%s.sh\n' "$name" "$guest_limit" "$guest_allow" "${name%@*}" >>"$list"
		rm -f "$LOGS/.guests/$name".*
		command+=(--copy "${GUEST_FILE[$name]}:/tests/${name%@*}.sh")
		for f in ${HEAD[${GUEST_FILE[$name]}:copy]-}; do
			[[ $f = /* ]] || f=$PB_TOP/$f
			[[ " ${command[*]} " = *" $f "* ]] || command+=(--copy "$f")
		done
		needs+=" ${PART_NEEDS[$name]}"
		PART_NEEDS[$name]=$guest
	done
	# shellcheck disable=SC2206 # words
	command+=($4)
	[[ " $4 " = *' --one-thread '* ]] && cpus=1 || cpus=2
	part "$guest" "cpus:$cpus" "$needs" "${command[@]}"
	PART_WEIGHT[$guest]=$(($3 + 5))
	want_part "$guest"
}

# Seconds that a test took in its guest; nothing for any other part.
guest_seconds() { # NAME
	[ ! -e "$LOGS/.guests/$1.status" ] || cut -d' ' -f2 "$LOGS/.guests/$1.status"
}
