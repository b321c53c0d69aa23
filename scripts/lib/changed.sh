# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# From a change to the parts of scripts/check that it can affect, by the table changed-parts.

CHANGED_TABLE=$PB_TOP/scripts/lib/changed-parts

changed_check_base() { # BASE
	git -C "$PB_TOP" rev-parse -q --verify "$1^{commit}" >/dev/null || die "--changed: there is no commit '$1'"
}

# Paths that differ from commit BASE, those not committed included.  Without BASE: what is not
# committed; where all is committed, what origin/main does not have.
changed_files() { # [BASE]
	local base=${1-} out
	if [ -z "$base" ]; then
		base=HEAD
		out=$(git -C "$PB_TOP" status --porcelain)
		[ -n "$out" ] || base=$(git -C "$PB_TOP" merge-base HEAD origin/main)
	fi
	git -C "$PB_TOP" diff --no-renames --name-only "$base" --
	git -C "$PB_TOP" ls-files --others --exclude-standard
}

# changed_parts FILE: the expressions of the parts that a change of the file can affect.
changed_parts() {
	local path parts part group
	while read -r path parts; do
		[[ $path != '#'* && $1 =~ ^($path)$ ]] || continue
		group=${BASH_REMATCH[2]-}
		for part in $parts; do echo "${part//\\1/$group}"; done
		return
	done <"$CHANGED_TABLE"
}

# One expression for all paths on stdin; nothing when there is none.
changed_pattern() {
	local file
	while read -r file; do
		changed_parts "$file"
	done | sort -u | paste -sd'|' | sed 's/..*/^(&)$/'
}
