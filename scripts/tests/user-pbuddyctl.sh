#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kernels: release
# vm: --one-thread --nodes 2
# copy: scripts/lib/guest-memory.sh:/tests/guest-memory.sh
# copy: /usr/bin/python3:/usr/bin/python3 build/python:/python /usr/lib/locale/C.utf8:/usr/lib/locale/C.utf8
#
# In the guest: every verb of pbuddyctl, as text and as JSON, in a pipe and on a terminal; its errors and
# exit codes; scripts/arguments-test has wrong arguments.
# shellcheck source=scripts/lib/ktap.sh
. /tests/ktap.sh
# shellcheck source=scripts/lib/guest-memory.sh
. /tests/guest-memory.sh

# says WORDS... -- COMMAND...: the command succeeds and its output has each of the words.
says() {
	words=
	while [ "$1" != -- ]; do
		words="$words$1
"
		shift
	done
	shift
	"$@" >/tmp/said || return 1
	cat /tmp/said
	echo "$words" | while read -r word; do
		[ -z "$word" ] || grep -q -- "$word" /tmp/said || { echo "no '$word'"; exit 1; }
	done
}

# status N COMMAND...: exit code N, and a message on stderr.
status() {
	want=$1
	shift
	"$@" >/dev/null 2>/tmp/err
	got=$?
	cat /tmp/err
	echo "status $got, expected $want"
	[ "$got" -eq "$want" ] && grep -q pbuddyctl /tmp/err
}

# is_json <FILE: is it one JSON value? The guest has no JSON parser. Each string becomes S and each
# other scalar V; then values fold into V from the innermost array or object outwards.
is_json() {
	sed -E 's/[SV]/X/g; s/"([^"\[:cntrl:]]|\\(["\/bfnrt]|u[0-9a-fA-F]{4}))*"/S/g
		s/-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?|true|false|null/V/g' |
		tr -d ' \t\r\n' |
		sed -E ':a; s/\{(S:[SV](,S:[SV])*)?\}|\[([SV](,[SV])*)?\]/V/; ta' | grep -qx '[SV]'
}

is_json_refuses() {
	for text in '' '{"a": 1,}' '{"a" 1}' '[1 2]' '[01]' '{S: V}' '["a]' '"\x"' '[1]]'; do
		! echo "$text" | is_json || { echo "accepted: $text"; return 1; }
	done
	echo '{"a": [1, -2.5e3, "x\"y", {}], "b": {"c": null}}' | is_json
}

json() {
	"$@" >/tmp/json || return 1
	cat /tmp/json
	is_json </tmp/json
}

# fails_with WORDS -- COMMAND...: the command fails, and its message has the words.
fails_with() {
	want=$1
	shift 2
	! "$@" >/dev/null 2>/tmp/err || return 1
	cat /tmp/err
	grep -q -- "$want" /tmp/err
}

# Everything that prints fails when it cannot.
full() {
	! pbuddyctl "$@" >/dev/full 2>/tmp/err || { echo "pbuddyctl $* succeeded"; return 1; }
	cat /tmp/err
	grep -q 'pbuddyctl: cannot write the output' /tmp/err
}

# holding COMMAND...: start a command that ends in "alloc ARGUMENTS --hold forever"; $pid is its process.
# It prints its buffers when it has all of them.
holding() {
	: >/tmp/held
	"$@" >/tmp/held &
	pid=$!
	for _ in $(seq 1200); do
		! grep -q BUFFER /tmp/held || return 0
		sleep 0.1
	done
	return 1
}

# A buffer, its process and what to do are named; the lines fit a terminal.
doctor_names_holders() {
	holding pbuddyctl alloc --size 2M --label mine --hold forever
	! rmmod pbuddy || return 1
	pbuddyctl doctor --log >/tmp/said
	pbuddyctl doctor --json >/tmp/json
	kill "$pid"
	wait "$pid"
	cat /tmp/said
	grep "used by *process $pid (pbuddyctl): 1 buffer of 2M (mine)" /tmp/said &&
		grep "process $pid (pbuddyctl): 1 buffer of 2M (mine), 0 mapped, device open" /tmp/json &&
		dmesg | grep "pbuddy: used by process $pid (pbuddyctl): 1 buffer" && is_json </tmp/json
}

# A node without a free page, after one that has some.
doctor_node_is_full() {
	holding pbuddyctl alloc --size 64M --node 1 --strict --hold forever || return
	pbuddyctl doctor --json >/tmp/json
	kill "$pid"
	wait "$pid"
	grep memory -A 4 /tmp/json
	grep -q 'node 0: .* of 64M free, at most [0-9]*M in one block' /tmp/json &&
		grep -q 'node 1: 0 of 64M free, at most nothing in one block' /tmp/json
}

doctor_fits_80_columns() {
	cp "$(command -v pbuddyctl)" /tmp/a_long_program_name
	holding /tmp/a_long_program_name alloc --size 1100K --label a_label_of_31_bytes_at_the_most --hold forever
	pbuddyctl doctor >/tmp/said
	kill "$pid"
	wait "$pid"
	cat /tmp/said
	[ "$(wc -l </tmp/said)" -gt 10 ] && ! awk 'length > 80' /tmp/said | grep .
}

# Each reports one event, of memory that another process holds.
watch_reports() {
	holding pbuddyctl alloc --size 40M --node 0 --strict --hold forever
	echo "$2" >/sys/module/pbuddy/parameters/min_free_kbytes
	# shellcheck disable=SC2086 # several options
	within 30 says "$1" '24M *64M' -- timeout 60 pbuddyctl watch --node 0 --count 1 $3 &&
		json timeout 60 pbuddyctl watch --json --node 0 --count 1 $3 &&
		grep -q "\"event\": \"$1\"" /tmp/json && grep -q '"pcp_bytes": ' /tmp/json
	status=$?
	echo 0 >/sys/module/pbuddy/parameters/min_free_kbytes
	kill "$pid"
	wait "$pid"
	return "$status"
}

# There is nothing to report; then nothing but the head of the table is printed.
watch_is_silent() {
	! timeout 15 pbuddyctl watch --free 30M --stall 500 --window 500 >/tmp/said || return 1
	cat /tmp/said
	[ "$(wc -l </tmp/said)" -eq 1 ]
}

# held COMMAND...: while three processes hold buffers: root 5M on node 0, root 3 times 4M on node 1,
# and the user nobody 1M.
held() {
	holders=
	chmod 666 /dev/pbuddy
	chmod 755 /bin /lib /lib64 /lib/* 2>/dev/null
	holding pbuddyctl alloc --size 5M --node 0 --label first_label_of_31_bytes_at_most --hold forever
	holders="$holders $pid"
	first=$pid
	holding pbuddyctl alloc --size 4M --node 1 --count 3 --label second --hold forever
	holders="$holders $pid"
	holding su -s /bin/sh nobody -c 'exec pbuddyctl alloc --size 1M --node 0 --label third --hold forever'
	holders="$holders $pid"
	"$@"
	ret=$?
	# shellcheck disable=SC2086 # several
	kill $holders
	# shellcheck disable=SC2086
	wait $holders 2>/dev/null
	chmod 660 /dev/pbuddy
	return "$ret"
}

lists() {
	says '^ *ID *NODE *SIZE *LABEL *CREATOR *USER *STATE' \
		" 0 *5M first_label_of_31_bytes_at_most *$first pbuddyctl *root *-\$" \
		' 1 *4M second *[0-9]* pbuddyctl *root *-$' ' 0 *1M third *[0-9]* pbuddyctl *nobody ' -- \
		pbuddyctl list && [ "$(wc -l </tmp/said)" -eq 6 ]
}

lists_node() {
	says second -- pbuddyctl list --node 1 && [ "$(wc -l </tmp/said)" -eq 4 ] &&
		says first third -- pbuddyctl list --node 0 && [ "$(wc -l </tmp/said)" -eq 3 ]
}

# Sizes as they are sorted, in one line.
sorted() { pbuddyctl list --sort "$1" | awk 'NR > 1 { printf "%s ", $3 }'; }

lists_sorted() {
	[ "$(sorted id)" = '5M 4M 4M 4M 1M ' ] && [ "$(sorted size)" = '5M 4M 4M 4M 1M ' ] &&
		[ "$(sorted label)" = '5M 4M 4M 4M 1M ' ] && [ "$(sorted user)" = '5M 4M 4M 4M 1M ' ] &&
		pbuddyctl list --sort size | awk 'NR == 2 { exit !($3 == "5M") }'
}

sums() {
	says 'PROCESS *BUFFERS *NODE 0 *NODE 1 *TOTAL *CHARGED' ' pbuddyctl *3 *0 *12M *12M *12M' \
		"^$first pbuddyctl *1 *5M *0 *5M *5M" ' pbuddyctl *1 *1M *0 *1M *1M' \
		'^Total *5 *6M *12M *18M *18M' -- pbuddyctl list --by process &&
		says '^root *4 *5M *12M *17M *17M' '^nobody *1 *1M *0 *1M *1M' -- \
			pbuddyctl list --by user &&
		says '^ *0 *2 *6M' '^ *1 *3 *12M' -- pbuddyctl list --by node
}

lists_json() {
	json pbuddyctl list --json && grep -q '"label": "second"' /tmp/json &&
		[ "$(grep -c '"id":' /tmp/json)" -eq 5 ] &&
		json pbuddyctl list --by process --json && grep -q '"bytes": 12582912' /tmp/json &&
		json pbuddyctl list --by user --json && grep -q '"buffers": 4' /tmp/json &&
		json pbuddyctl list --by node --json && grep -q '"bytes": 6291456' /tmp/json &&
		json pbuddyctl leaks --json && grep -q '"leaks": \[\]' /tmp/json
}

# Cut to the width of a terminal, and whole in a pipe.
lists_fit_80_columns() {
	for what in list 'list --by process' 'list --by user'; do
		# shellcheck disable=SC2086 # words
		COLUMNS=80 pbuddyctl $what >/tmp/said || return 1
		cat /tmp/said
		! awk 'length > 80' /tmp/said | grep . || return 1
	done
	COLUMNS=60 pbuddyctl list | awk 'length > 60' >/tmp/said
	[ ! -s /tmp/said ] && pbuddyctl list | grep first_label_of_31_bytes_at_most
}

# Columns that do not fit follow in another table.
sums_are_wrapped() {
	for what in process user; do
		COLUMNS=33 pbuddyctl list --by "$what" >/tmp/said || return 1
		cat /tmp/said
		! awk 'length > 33' /tmp/said | grep . || return 1
		grep -q 'BUFFERS *NODE 0$' /tmp/said && grep -q ' NODE 1 *TOTAL$' /tmp/said &&
			grep -q ' CHARGED$' /tmp/said && [ "$(grep -c '^Total ' /tmp/said)" -eq 3 ] &&
			grep -qx 'Total  *5 *6M' /tmp/said && grep -qx 'Total  *12M *18M' /tmp/said || return 1
	done
	pbuddyctl list --by user | grep 'BUFFERS NODE 0 NODE 1 TOTAL CHARGED'
}

# Another user sees its own buffers.
lists_own() {
	su -s /bin/sh nobody -c 'pbuddyctl list' >/tmp/said
	cat /tmp/said
	grep -q third /tmp/said && [ "$(wc -l </tmp/said)" -eq 2 ]
}

# with_holders COMMAND...: while a process holds 8M and another 3 times 1M.
with_holders() {
	holding pbuddyctl alloc --size 8M --order 9 --hold forever
	first=$pid
	holding pbuddyctl alloc --size 1M --count 3 --hold forever
	second=$pid
	"$@"
	ret=$?
	kill "$first" "$second"
	wait "$first" "$second" 2>/dev/null
	return "$ret"
}

terminal() { PYTHONHOME=/python LD_LIBRARY_PATH=/python/lib /usr/bin/python3 -S /python/ctl_terminal.py "$1"; }

# What is used is approximate while a thread of the module moves pages.
tops() { within 120 tops_once; }

tops_once() {
	pbuddyctl top --iterations 2 --interval 0.2 >/tmp/said || return 1
	cat /tmp/said
	! grep -q "$(printf '\033')" /tmp/said && ! awk 'length > 80' /tmp/said | grep . &&
		[ "$(grep -c '^pbuddy .*: 11M of 128M used, 0 in quarantine, 4 buffers; every 0.2 s' /tmp/said)" -eq 2 ] &&
		[ "$(grep -c "^ *$first pbuddyctl *root *1 *8M *8M\$" /tmp/said)" -eq 2 ] &&
		pbuddyctl top --iterations 1 --sort buffers | grep -A1 COMMAND | grep "^ *$second .* 3 *3M *3M"
}

tops_json() {
	json pbuddyctl top --iterations 1 --json && grep -q '"bytes": 8388608' /tmp/json &&
		grep -q '"buffers": 3' /tmp/json
}

# FREE_BYTES and PCP_BYTES of both nodes.
free_bytes_of() { pbuddyctl "$@" --json | sed -nE 's/.*"(free|pcp)_bytes": //p' | paste -sd' '; }

# The caches are not empty, so that it matters whether they are counted.
same_free_bytes_once() {
	pbuddyctl alloc --size 64K --node 0 --strict >/dev/null
	info=$(free_bytes_of info) top=$(free_bytes_of top --iterations 1)
	echo "info: $info; top: $top"
	[ "$info" = "$top" ] && [ "$(echo "$info" | cut -d' ' -f2)" != 0, ] && [ "$(echo "$info" | wc -w)" -eq 4 ]
}

same_free_bytes() { within 120 same_free_bytes_once; }

frags() {
	says '^node 0 .*: 32 pageblocks of 2M, .* free; .* free; a cell: 1$' '^ *0x[0-9a-f]* .*M8.*M\.' \
		'^U unmovable, M movable, ' '^\. free, 1 to 7 used in part, 8 full$' -- pbuddyctl frag &&
		[ "$(grep -o 'M8' /tmp/said | wc -l)" -ge 4 ] && ! awk 'length > 80' /tmp/said | grep . &&
		says 'a cell: 16$' '^ *0x[0-9a-f]*00000 M[1-8.][A-Z][1-8.]$' -- pbuddyctl frag --per-cell 16 --node 1 &&
		! grep 'node 0' /tmp/said
}

frags_json() {
	json pbuddyctl frag --json && [ "$(grep -c '"free_pages":' /tmp/json)" -eq 64 ] &&
		grep -q '"free_pages": 512' /tmp/json && grep -q '"phys":' /tmp/json
}

# Every user with access to the device, but without addresses.
frags_for_others() {
	chmod 666 /dev/pbuddy
	chmod 755 /bin /lib /lib64 /lib/* 2>/dev/null
	su -s /bin/sh nobody -c 'pbuddyctl frag --json && COLUMNS=1 pbuddyctl frag --per-cell 1 --node 0' >/tmp/others
	ret=$?
	su -s /bin/sh nobody -c 'pbuddyctl compact; echo $?; pbuddyctl drain 0; echo $?
		pbuddyctl resize 0 32M; echo $?' >/tmp/said 2>&1
	chmod 660 /dev/pbuddy
	cat /tmp/said
	[ "$ret" -eq 0 ] && grep -q '"free_pages": 512' /tmp/others && ! grep 'phys\|0x' /tmp/others &&
		[ "$(sed -n 's/^ *\([0-9]*M\) [A-Z][1-8.]$/\1/p' /tmp/others | head -n 2 | paste -sd' ')" = '2M 4M' ] &&
		grep -q 'COMPACT: Operation not permitted (needs CAP_SYS_ADMIN)' /tmp/said &&
		grep -q 'DRAIN: Operation not permitted (needs CAP_SYS_ADMIN)' /tmp/said &&
		grep -q 'not resized: Operation not permitted (needs CAP_SYS_ADMIN)' /tmp/said &&
		[ "$(grep -cx 1 /tmp/said)" -eq 3 ]
}

# Half of what a process has allocated in pieces is freed; then there are more free pageblocks.
compacts() {
	holding pbuddyctl alloc --size 256K --order 6 --count 64 --node 0 --strict --hold forever
	says '^node 0: [0-9]* pages moved, free pageblocks of 2M: [0-9]* before, [0-9]* after$' -- \
		pbuddyctl compact 0 2>/dev/null &&
		json pbuddyctl compact --json && grep -q '"moved_pages": ' /tmp/json &&
		grep -q '"after_pageblocks": ' /tmp/json
	ret=$?
	kill "$pid"
	wait "$pid" 2>/dev/null
	return "$ret"
}

# The caches keep the pages of a buffer for a second or less: then they decay.
drains_a_buffer() {
	pbuddyctl alloc --size 64K --node 0 --strict >/dev/null
	says '^node 0: [0-9.]*[KM] drained, 0 still cached$' -- pbuddyctl drain 0
}

# The threads of the nodes may put zeroed pages into the caches.
drains_nothing() {
	pbuddyctl drain >/dev/null && json pbuddyctl drain 1 --json && grep -q '"drained_bytes": 0' /tmp/json
}

drains() {
	within 60 drains_a_buffer && says '^all nodes: ' -- pbuddyctl drain && within 60 drains_nothing &&
		grep -q '"node": 1' /tmp/json
}

node_files() {
	su -s /bin/sh nobody -c 'cd /sys/class/misc/pbuddy/node0 && grep . *_kbytes largest_order' >/tmp/said
	cat /tmp/said
	for line in size_kbytes:65536 max_kbytes:65536 free_kbytes:57344 quarantine_kbytes:0 \
		min_watermark_kbytes:0 low_watermark_kbytes:0 high_watermark_kbytes:0; do
		grep -qx "$line" /tmp/said || { echo "no $line"; return 1; }
	done
	grep -q '^largest_order:1[2-3]$' /tmp/said && grep -q '^cached_kbytes:[0-9]' /tmp/said &&
		[ "$(wc -l </tmp/said)" -eq 9 ]
}

# The files of a node, as the user nobody, whose values are those of pbuddyctl info.
sysfs_for_others() {
	holding pbuddyctl alloc --size 8M --node 0 --strict --hold forever
	within 120 node_files
	ret=$?
	kill "$pid"
	wait "$pid" 2>/dev/null
	[ "$ret" -eq 0 ] && [ -z "$(find /sys/class/misc/pbuddy/node1/ -type f ! -perm 444)" ]
}

lists_none() {
	json pbuddyctl list --json && grep -q '"buffers": \[\]' /tmp/json && pbuddyctl list &&
		pbuddyctl list --by node && says '^Total *0 ' -- pbuddyctl list --by user
}

full_output() {
	full list --by node && full list --json && full leaks --json && full watch --free 1T &&
		full top --iterations 1 && full frag && full frag --json && full compact && full drain &&
		full info && full info --json && full alloc --size 4K --touch && full alloc --size 4K --json &&
		full buddyinfo && full doctor && full --version && full --help && full alloc --help &&
		full alloc --size 4K --hold forever
}

# hidepid VALUE TEXT: with this option of /proc the user nobody runs `pbuddyctl leaks`, which prints TEXT.
hidepid() {
	mount -o "remount,hidepid=$1" /proc || return
	su -s /bin/sh nobody -c 'pbuddyctl leaks --json' >/tmp/json
	mount -o remount,hidepid=0 /proc
	cat /tmp/json
	grep -q "$2" /tmp/json && is_json </tmp/json
}

# Processes that cannot be looked at are counted, or it is known that there may be some.
leaks_says_what_it_cannot_see() {
	chmod 666 /dev/pbuddy
	chmod 755 /bin /lib /lib64 /lib/* 2>/dev/null
	hidepid 0 '"hidden_processes": false' && hidepid 1 '"unreadable_processes": [1-9]' &&
		hidepid 2 '"hidden_processes": true'
	ret=$?
	chmod 660 /dev/pbuddy
	return "$ret"
}

too_many_buffers() {
	# shellcheck disable=SC3045 # busybox has it
	ulimit -n 64
	fails_with '--count 300: .*raise RLIMIT_NOFILE' -- pbuddyctl alloc --size 4K --count 300
}

# The kernel log has the report of a module's failed request, for few of many failures: for five in ten
# seconds, which may begin before these failures and end after them.
few_are_logged() {
	dmesg -c >/dev/null
	begin=$(seconds)
	for _ in $(seq 24); do
		! pbuddyctl alloc --size 80M --node 0 --strict 2>/dev/null || return 1
	done
	most=$((5 * (($(seconds) - begin + 1) / 10 + 2)))
	dmesg >/tmp/log
	grep 'pbuddyctl: page allocation failure: .*reason:limit$' /tmp/log >/tmp/reports || return 1
	cat /tmp/reports
	[ "$(wc -l </tmp/reports)" -le "$most" ] && [ "$most" -lt 24 ]
}

# Again when failures of tests before have used up the reports, or the machine was too slow to tell.
failure_is_logged() { within 5 few_are_logged; }

# The name of a process and a label are what another user chooses: ESC, CSI in one byte and in UTF-8, a
# byte that is not UTF-8, and a letter that is.
hostile_names() {
	name=$(printf 'a\033[1m\233b\302\233\377')
	cp "$(command -v pbuddyctl)" "/tmp/$name" || return
	holding "/tmp/$name" alloc --size 24M --node 0 --strict --label "$(printf 'l\233\302\233\377\303\244')" --hold forever
	for what in list 'list --by process' 'list --json' 'list --by process --json' doctor 'doctor --json' \
		'resize 0 2M' 'resize 0 2M --json'; do
		# shellcheck disable=SC2086 # words
		pbuddyctl $what
	done >/tmp/said 2>&1
	pbuddyctl list --json >/tmp/json
	pbuddyctl doctor --log >/dev/null
	kill "$pid"
	wait "$pid"
	rm "/tmp/$name"
	cat -v /tmp/said
	[ "$(grep -c 'allocated by a.x1b.1m.x9bb.xc2.x9b.xff' /tmp/said)" -ge 1 ] &&
		grep -q '"label": "l\\ufffd\\u009b\\ufffd'"$(printf '\303\244')"'"' /tmp/json && is_json </tmp/json &&
		! LC_ALL=C tr -d '\n\303\244 -~' </tmp/said | grep -q . &&
		dmesg | grep 'used by process .*a.x1b.1m'
}

one_extent() { [ "$(pbuddyctl alloc "$@" | grep -c '^ *0 ')" -eq 1 ]; }

# Only root sees physical addresses; another user with access to the device does not.
no_phys_for_others() {
	chmod 666 /dev/pbuddy
	chmod 755 /bin /lib /lib64 /lib/* 2>/dev/null
	su -s /bin/sh nobody -c 'pbuddyctl alloc --size 2M' >/tmp/others
	ret=$?
	chmod 660 /dev/pbuddy
	cat /tmp/others
	[ "$ret" -eq 0 ] && grep -q '2M' /tmp/others && ! grep -q 0x /tmp/others
}

not_for_others() { status 3 su -s /bin/sh nobody -c 'pbuddyctl info'; }

# A verb that prints nothing needs no stdout; it keeps its exit code.
closed_stdout() {
	pbuddyctl frobnicate >&-
	[ $? -eq 2 ] && pbuddyctl leaks >&- && ! pbuddyctl info >&- && ! pbuddyctl alloc --size 4K >&-
}

# What is not a file is not removed.
png_to_full_device() {
	ls -l /dev/full
	fails_with '--png /dev/full: No space left' -- pbuddyctl frag --png /dev/full && [ -c /dev/full ]
}

# No file is left that has a part of the picture.
png_to_full_disk() {
	mkdir -p /tmp/full
	mount -t tmpfs -o size=4K none /tmp/full && head -c 4096 /dev/zero >/tmp/full/other || return
	fails_with '--png /tmp/full/x.png: No space left' -- pbuddyctl frag --png /tmp/full/x.png && [ ! -e /tmp/full/x.png ]
	ret=$?
	umount /tmp/full
	return "$ret"
}

ktap_begin
t json_check is_json_refuses
t info_without_module status 3 pbuddyctl info
t alloc_without_module status 3 pbuddyctl alloc --size 4K
t buddyinfo_without_module status 3 pbuddyctl buddyinfo
t list_without_module status 3 pbuddyctl list
t leaks_without_module status 3 pbuddyctl leaks
t top_without_module status 3 pbuddyctl top --iterations 1
t frag_without_module status 3 pbuddyctl frag
t compact_without_module status 3 pbuddyctl compact
t drain_without_module status 3 pbuddyctl drain
t doctor_without_module says 'fail *module *not loaded' '=> load it: modprobe' -- sh -c '! pbuddyctl doctor'
insmod /pbuddy.ko pool=0:64M,1:64M min_free_kbytes=0 || exit 1

t version says 'pbuddyctl [0-9]' -- pbuddyctl --version
t help says alloc buddyinfo compact doctor drain frag group info leaks list resize top watch -- pbuddyctl --help
t help_of_a_verb says --size --touch --hold -- pbuddyctl alloc --help
t info says 'NODE *TOTAL' '0 *64M' '1 *64M' -- pbuddyctl info
t info_json json pbuddyctl info --json
t json_before_the_verb json pbuddyctl --json info
t info_json_has_nodes says '"node": 1' '"total_bytes": 67108864' -- pbuddyctl info -j
t alloc says BUFFER 0x -- pbuddyctl alloc --size 4096
t alloc_on_each_node says '^ *0 .* 8M *1 ' -- pbuddyctl alloc --size 8M --node 1 --strict --contig
t alloc_contiguous one_extent --size 32M --contig
t alloc_touch says 'all 20 buffers were zero' -- pbuddyctl alloc --size 100K --count 20 --touch
t alloc_many says '^ *299 ' -- pbuddyctl alloc --size 4K --count 300
t alloc_order says ' 9 ' -- pbuddyctl alloc --size 2M --order 9 --class unmovable --label x
t alloc_nodes says '^ *0 .* 1 ' -- pbuddyctl alloc --size 4K --nodes 1
t alloc_nowait says BUFFER -- pbuddyctl alloc --size 4K --nowait
t alloc_json json pbuddyctl alloc --size 5M --count 3 --touch --json
t alloc_holds timeout 120 pbuddyctl alloc --size 4K --hold 1
t buddyinfo says 'NODE *ZONE' -- pbuddyctl buddyinfo
t buddyinfo_json json pbuddyctl buddyinfo --json
t watch_free watch_reports free 0 '--free 30M'
t watch_low watch_reports low 65536 ''
t watch_silent watch_is_silent
t watch_names_the_node fails_with 'node 5 owns no pbuddy memory' -- pbuddyctl watch --node 5
t watch_names_a_large_node fails_with 'node 100 owns no pbuddy memory' -- pbuddyctl watch --node 100
t list_none lists_none
t list held lists
t list_node held lists_node
t list_sorted held lists_sorted
t list_sums held sums
t list_json held lists_json
t list_fits_80_columns held lists_fit_80_columns
t list_sums_wrapped held sums_are_wrapped
t list_own held lists_own
t top with_holders tops
t top_json with_holders tops_json
t json_same_free_bytes same_free_bytes
t top_keys with_holders terminal top_keys
t top_resized with_holders terminal top_resized
t top_restores_terminal with_holders terminal top_restores
t top_stops with_holders terminal top_stops
t frag with_holders frags
t frag_json with_holders frags_json
t frag_on_terminal with_holders terminal frag_on_terminal
t frag_png with_holders terminal png_pixels
t frag_for_others frags_for_others
t frag_names_the_file fails_with '--png /no/x.png: ' -- pbuddyctl frag --png /no/x.png
t frag_names_the_node fails_with 'node 9 owns no pbuddy memory' -- pbuddyctl frag --node 9
t frag_png_to_full_device png_to_full_device
t frag_png_to_full_disk png_to_full_disk
t compact compacts
t compact_progress with_holders terminal compact_progress
t compact_names_the_node fails_with 'node 9 owns no pbuddy memory' -- pbuddyctl compact 9
t drain drains
t drain_names_the_node fails_with 'node 9 owns no pbuddy memory' -- pbuddyctl drain 9
t sysfs_for_others sysfs_for_others
t list_names_the_node fails_with 'node 9 owns no pbuddy memory' -- pbuddyctl list --node 9
t leaks_none pbuddyctl leaks
t leaks_says_what_it_cannot_see leaks_says_what_it_cannot_see
t doctor says 'ok *module' 'ok *ioctl' 'ok *verify' 'node 0: .* of 64M' -- pbuddyctl doctor
t doctor_json json pbuddyctl doctor --json
t doctor_names_holders doctor_names_holders
t doctor_fits_80_columns doctor_fits_80_columns
t doctor_node_is_full doctor_node_is_full
t doctor_without_users says 'used by *no process and no module' -- pbuddyctl doctor
t resize says 'node 0: 32M, was 64M, maximum 64M' -- pbuddyctl resize 0 32M-64M
t resize_json json pbuddyctl resize 0 64M --json
t resize_progress terminal resize_progress
t resize_bad_node_status status 1 pbuddyctl resize 3000 64M
t resize_names_the_size fails_with 'the node has less memory' -- pbuddyctl resize 0 100T
t resize_names_the_node fails_with 'node 3000 owns no pbuddy memory' -- pbuddyctl resize 3000 64M
t too_large says 'more than these nodes own' -- sh -c '! pbuddyctl alloc --size 1T 2>&1'
t too_large_status status 1 pbuddyctl alloc --size 1T
t bad_node_status status 1 pbuddyctl alloc --size 4K --node 4000
t largest_size_status status 1 pbuddyctl alloc --size 8191P
t bad_nodes_status status 2 pbuddyctl alloc --size 4K --nodes 0,
t other_device_status status 3 pbuddyctl --device /dev/null list
# Its driver refuses an unknown ioctl with EINVAL.
t names_device_that_refuses fails_with '/dev/urandom: is not the device of pbuddy (Invalid argument)' -- \
	pbuddyctl --device /dev/urandom info
# Its driver takes GET_INFO for an ioctl of its own.
[ ! -c /dev/dma_heap/system ] || t names_device_that_accepts fails_with \
	'/dev/dma_heap/system: is not the device of pbuddy (GET_INFO says nothing)' -- pbuddyctl --device /dev/dma_heap/system info
t names_the_device fails_with '/dev/null: is not the device of pbuddy' -- pbuddyctl --device /dev/null info
t full_output full_output
t closed_stdout closed_stdout
t group_no_cgroup_status status 1 pbuddyctl group give /no/such 0:1x2M
t names_the_nodes fails_with 'no node 2 (there are 0, 1)' -- pbuddyctl alloc --size 4K --node 2
t names_nodes_of_a_list fails_with 'no node 7 (there are 0, 1)' -- pbuddyctl alloc --size 4K --nodes 1,7
t too_many_buffers too_many_buffers
t failure_is_logged failure_is_logged
t not_for_others not_for_others
t no_phys_for_others no_phys_for_others
t rmmod unload_soon
insmod /pbuddy.ko pool=0:64M,1:64M movable=100 || exit 1
t movable_only fails_with 'movable=100: no memory for buffers' -- pbuddyctl alloc --size 4K
t movable_only_rmmod unload_soon
insmod /pbuddy.ko pool=0:64M,1:64M owner=1 min_free_kbytes=0 || exit 1
t hostile_names hostile_names
t hostile_names_rmmod unload_soon
ktap_end
