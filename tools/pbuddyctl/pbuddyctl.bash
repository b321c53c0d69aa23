# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Completion of pbuddyctl in bash. The verbs and options are read from its --help, so that they are those of
# the installed version; here are only the values of some options.

# The verbs, or the long options of the given verb (none: those before the verb).
_pbuddyctl_verbs() { "$1" --help 2>/dev/null | sed -n '/^ *Verbs/,/^ *$/s/^  \([a-z][a-z-]*\)  .*/\1/p'; }

_pbuddyctl_options() { "$@" --help 2>/dev/null | sed -n 's|^ *\(-., \)\{0,1\}\(--[a-z][a-z-]*\).*|\2|p'; }

_pbuddyctl_nodes() {
	local node
	for node in /sys/devices/system/node/node[0-9]*; do
		[ ! -e "$node" ] || echo "${node##*/node}"
	done
}

_pbuddyctl_sort_keys() { [ "$(_pbuddyctl_verb)" = top ] && echo size buffers pid user || echo id size label user; }

# Values of OPTION that begin with WORD, in COMPREPLY; fails for an option without a value.
_pbuddyctl_values() { # OPTION WORD
	case $1 in
	-d | --device) mapfile -t COMPREPLY < <(compgen -f -- "$2") ;;
	-D | --debugfs) mapfile -t COMPREPLY < <(compgen -d -- "$2") ;;
	-C | --class) mapfile -t COMPREPLY < <(compgen -W 'movable unmovable reclaimable' -- "$2") ;;
	-n | --node | -N | --nodes) mapfile -t COMPREPLY < <(compgen -W "$(_pbuddyctl_nodes)" -- "$2") ;;
	-o | --order) mapfile -t COMPREPLY < <(compgen -W "$(echo {0..18})" -- "$2") ;;
	--hold) mapfile -t COMPREPLY < <(compgen -W forever -- "$2") ;;
	--by) mapfile -t COMPREPLY < <(compgen -W 'process user node' -- "$2") ;;
	--sort) mapfile -t COMPREPLY < <(compgen -W "$(_pbuddyctl_sort_keys)" -- "$2") ;;
	--png) mapfile -t COMPREPLY < <(compgen -f -- "$2") ;;
	-s | --size | -l | --label | --count | --interval | --iterations | --per-cell | --free | --stall | --window)
		COMPREPLY=()
		;;
	*) return 1 ;;
	esac
}

# The verb among the words before the cursor; the values of the options before it are no verbs.
_pbuddyctl_verb() {
	local i
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-d | --device | -D | --debugfs) [ "${COMP_WORDS[i + 1]}" = = ] && i=$((i + 2)) || i=$((i + 1)) ;;
		-*) ;;
		*) echo "${COMP_WORDS[i]}"; return ;;
		esac
	done
}

_pbuddyctl() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} verb
	COMPREPLY=()
	# "--option=value" is three words.
	if [ "$word" = = ]; then
		word=
	elif [ "$before" = = ]; then
		before=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	_pbuddyctl_values "$before" "$word" && return
	verb=$(_pbuddyctl_verb)
	if [[ $word = -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_pbuddyctl_options "${COMP_WORDS[0]}" ${verb:+"$verb"})" -- "$word")
	elif [[ $verb =~ ^(compact|drain|resize)$ && $before = "$verb" ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_pbuddyctl_nodes)" -- "$word")
	elif [ "$verb" = group ] && [ "$before" = group ]; then
		mapfile -t COMPREPLY < <(compgen -W 'list give take strict' -- "$word")
	elif [ "$verb" = group ] && [[ $before =~ ^(give|take|strict)$ ]]; then
		mapfile -t COMPREPLY < <(compgen -d -- "$word")
	elif [ "$verb" = group ] && [ "${COMP_WORDS[COMP_CWORD - 2]}" = take ]; then
		mapfile -t COMPREPLY < <(compgen -W all -- "$word")
	elif [ "$verb" = group ] && [ "${COMP_WORDS[COMP_CWORD - 2]}" = strict ]; then
		mapfile -t COMPREPLY < <(compgen -W 'on off' -- "$word")
	elif [ -z "$verb" ]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_pbuddyctl_verbs "${COMP_WORDS[0]}")" -- "$word")
	fi
}

complete -F _pbuddyctl pbuddyctl
