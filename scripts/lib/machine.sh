# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The virtual machine of scripts/vm: defaults and the emulator's command line, for
# QEMU's PC and for User-mode Linux.  Reads and fills vm's variables.
# Words like "con0=null,fd:1" hold commas on purpose; "kernel" is vm's.
# shellcheck disable=SC2054,SC2154

# Fill in the defaults; refuse machines that cannot be.
machine_defaults() {
	case $(kernel_arch "$kernel") in
	um)
		[ -z "$icount" ] || wrong_usage "--icount: UML runs on real CPUs, it cannot count instructions"
		((${nodes:-1} == 1)) || wrong_usage "--nodes $nodes: UML has one NUMA node"
		[ -z "$dimm" ] || wrong_usage "--dimm: UML has no memory modules"
		[ -z "$memoryless" ] || wrong_usage "--memoryless: UML has one NUMA node"
		((${smp:-1} <= 2)) || wrong_usage "--smp $smp: the UML kernel is built for 2 CPUs"
		smp=${smp:-2} nodes=1 mem=${mem:-1G}
		guest_options+=' power-off'
		;;
	*)
		if [ -n "$icount" ]; then
			((${smp:-1} == 1)) || wrong_usage "--icount: only one CPU counts instructions (--smp 1)"
			smp=1 nodes=${nodes:-1}
		fi
		if [ -z "$nodes" ]; then
			nodes=2
			((${smp:-4} == 1)) && nodes=1
		fi
		smp=${smp:-$((nodes > 2 ? nodes : 4))}
		[ -n "$icount" ] || ((smp % nodes == 0)) ||
			wrong_usage "--smp $smp: must be a multiple of --nodes $nodes"
		;;
	esac
	mem=${mem:-2G}
	mem_mib=$(size_mib "$mem") || wrong_usage "--mem wants a size like 2G or 512M, not '$mem'"
	mem_nodes=$((nodes - ${memoryless:-0}))
	((mem_nodes > 0)) || wrong_usage "--memoryless: another node has to have memory (--nodes)"
	mem_mib=$((mem_mib / mem_nodes / 4 * 4 * mem_nodes)) # QEMU wants the nodes to add up
	((mem_mib / mem_nodes >= 128)) || wrong_usage "--mem $mem: at least 128M per node"
	dimm_mib=0
	[ -z "$dimm" ] || dimm_mib=$(size_mib "$dimm") || wrong_usage "--dimm wants a size like 1G or 512M, not '$dimm'"
}

size_mib() {
	[[ $1 =~ ^([0-9]+)([MmGg])$ ]] || return 1
	case ${BASH_REMATCH[2]} in
	[Gg]) echo $((BASH_REMATCH[1] * 1024)) ;;
	*) echo $((BASH_REMATCH[1])) ;;
	esac
}

# machine_command KDIR TMP APPEND: fill the array `machine`.
machine_command() {
	case $(kernel_arch "$kernel") in
	um) machine_uml "$@" ;;
	*) machine_qemu "$@" ;;
	esac
}

# UML: serial line n is host descriptor 3 + n; the first console is its stdout.
machine_uml() {
	# shellcheck disable=SC2016 # expanded by the inner shell
	local uml='exec "$0" "$@" 4>>"$PB_RUN/verdict" 5>"$PB_RUN/out" 6>"$PB_RUN/err" >>"$PB_RUN/console" 2>&1'
	export PB_RUN=$2
	# shellcheck disable=SC2206 # the appended words are words
	machine=(bash -c "$uml" "$1/image" "mem=${mem_mib}M" "ncpus=$smp" seccomp=on
		"initrd=$2/initrd" con0=null,fd:1 con=null ssl0=null ssl1=null,fd:4 ssl2=null,fd:5
		ssl3=null,fd:6 ssl=null panic=-1 oops=panic loglevel=7 printk.time=1 $3)
}

machine_qemu() {
	local kdir=$1 tmp=$2
	need_tool qemu-system-x86_64
	# A store to a page whose code was translated looks at all translations of that page, and a
	# kernel clears pages by single bytes where the CPU has erms: 32 MiB with pages of modules that
	# are no longer there have taken minutes. A small buffer has few translations.
	local accel=tcg,thread=multi,tb-size=128 cpu=max,erms=off,fsrm=off
	# A CPU that a loaded host does not run for 20 seconds is no fault of the guest.
	local patience='watchdog_thresh=60 rcupdate.rcu_cpu_stall_timeout=120'
	[ -z "$one_thread" ] || accel=tcg,thread=single,tb-size=128
	if [ -n "$icount" ]; then
		accel=tcg cpu=max
	fi
	machine=(qemu-system-x86_64 -M pc,usb=off -cpu "${PBUDDY_QEMU_CPU:-$cpu}" -m "${mem_mib}M")
	[ -z "$icount" ] || machine+=(-icount "shift=0,sleep=off")
	machine+=(-accel "$accel" -nodefaults -no-user-config -display none -no-reboot
		-kernel "$kdir/image" -initrd "$tmp/initrd"
		-append "console=ttyS0 no_timer_check panic=-1 oops=panic reboot=t loglevel=7 printk.time=1 $patience${3}"
		-serial "file:$tmp/console" -serial "file:$tmp/verdict"
		-serial "file:$tmp/out" -serial "file:$tmp/err")
	# shellcheck disable=SC2206 # words on purpose: for trying an emulator option by hand
	machine+=(${PBUDDY_QEMU_ARGS-})
	machine_topology
	((dimm_mib == 0)) || machine_dimm
}

machine_dimm() {
	machine+=(-m "slots=1,maxmem=$((mem_mib + dimm_mib))M"
		-object "memory-backend-ram,id=dimm,size=${dimm_mib}M"
		-device "pc-dimm,id=dimm0,memdev=dimm,node=$((nodes - 1))")
}

# One socket per node: with CPUs of one package in two nodes the scheduler warns. With --icount the
# only CPU is in node 0.
machine_topology() {
	local n cpus memdev sockets=$nodes each=$((mem_mib / mem_nodes))
	[ -z "$icount" ] || sockets=1
	local cores=$((smp / sockets))
	machine+=(-smp "$smp,sockets=$sockets,cores=$cores,threads=1")
	((nodes > 1)) || return 0
	for ((n = 0; n < nodes; n++)); do
		cpus=''
		((n >= sockets)) || cpus=",cpus=$((n * cores))-$((n * cores + cores - 1))"
		memdev=''
		if ((n < mem_nodes)); then
			machine+=(-object "memory-backend-ram,id=m$n,size=${each}M")
			memdev=",memdev=m$n"
		fi
		machine+=(-numa "node,nodeid=$n$memdev$cpus")
	done
	((nodes > 2)) || return 0
	# From each node every other is at its own distance, so the fallback order is known.
	local d
	for d in 0,1,15 0,2,25 0,3,35 1,2,30 1,3,20 2,3,15; do
		IFS=, read -r src dst val <<<"$d"
		((dst < nodes)) || continue
		machine+=(-numa "dist,src=$src,dst=$dst,val=$val")
	done
}
