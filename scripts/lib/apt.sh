# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Fetch Debian packages without touching the machine's apt state: a private
# apt configuration per suite, made from the machine's own sources, so mirrors,
# proxies and keys are those the administrator chose.  Needs no root.

PB_APT_MAX_AGE=${PBUDDY_APT_MAX_AGE:-720} # minutes before package lists are fetched again

PB_APT_KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

# Print the URI of the machine's first source for suite $1, or nothing.
apt_source_of() {
	# shellcheck disable=SC2016 # apt expands these
	apt-get indextargets --no-release-info \
		--format '$(RELEASE)|$(REPO_URI)|$(IDENTIFIER)|$(COMPONENT)' |
		awk -F'|' -v s="$1" '$1 == s && $3 == "Packages" && $4 == "main" && !n++ { print $2 }'
}

# Print the sources.list line for a suite.  Suites of the main archive that the
# machine does not use (trixie-backports) come from the URI it uses for bookworm.
apt_source_line() {
	local suite=$1 found key=
	found=$(apt_source_of "$suite")
	if [ -z "$found" ] && [[ $suite != *-security ]]; then
		found=$(apt_source_of bookworm)
	fi
	if [ -z "$found" ]; then
		say "this machine's apt sources offer no $suite; add it to /etc/apt/sources.list*"
		return 1
	fi
	[ -r $PB_APT_KEYRING ] && key="[signed-by=$PB_APT_KEYRING] "
	echo "deb $key$found $suite main"
}

# apt_private SUITE COMMAND...: apt-get or apt-cache against that suite alone.
apt_private() {
	local suite=$1 cmd=$2 d=$PB_CACHE/apt/$1
	shift 2
	"$cmd" -q -o Dir::Etc::sourcelist="$d/sources.list" -o Dir::Etc::sourceparts=- \
		-o Dir::State="$d/state" -o Dir::State::lists="$d/lists" -o Dir::Cache="$d/cache" \
		-o Dir::State::status="$d/status" -o Acquire::Languages=none -o Acquire::Retries=3 \
		-o APT::Sandbox::User=root -o Dir::Etc::Preferences=/dev/null \
		-o Dir::Etc::PreferencesParts=/dev/null -o Debug::NoLocking=1 \
		-o APT::Update::Post-Invoke-Success::= "$@"
}

# Refresh the lists of a suite when they are old; keep the old ones when the network fails.
apt_refresh() {
	with_lock "apt-$1" apt_refresh_locked "$1"
}

apt_refresh_locked() {
	local suite=$1 d=$PB_CACHE/apt/$1
	mkdir -p "$d"/{state,lists/partial,cache/archives/partial}
	: >>"$d/status"
	[ -n "$(find "$d/updated" -mmin "-$PB_APT_MAX_AGE" 2>/dev/null)" ] && return 0
	apt_source_line "$suite" >"$d/sources.list" || return 1
	if apt_private "$suite" apt-get update -o APT::Update::Error-Mode=any \
		>"$d/update.log" 2>&1; then
		touch "$d/updated"
	else
		say "warning: apt-get update of $suite failed, see $d/update.log"
		[ -e "$d/updated" ]
	fi
}

# apt_newest SUITE REGEX: the package whose full name matches REGEX and has the highest
# version; prints "NAME VERSION".
apt_newest() {
	apt_private "$1" apt-cache search --names-only "^$2\$" | awk '{print $1}' |
		while read -r p; do
			apt_private "$1" apt-cache show "$p" |
				awk -v p="$p" '/^Version:/ { print p, $2 }'
		done | sort -u | sort -k2,2V | tail -n 1
}

# apt_fetch SUITE DIR PACKAGE=VERSION...: download the .deb files into DIR.
apt_fetch() {
	local suite=$1 dir=$2
	shift 2
	mkdir -p "$dir"
	(cd "$dir" && apt_private "$suite" apt-get download "$@" >download.log 2>&1) || {
		say "download of $* failed:"
		tail -n 5 "$dir/download.log" >&2
		return 1
	}
}

# apt_depends SUITE PACKAGE=VERSION: names of its direct dependencies.
apt_depends() {
	apt_private "$1" apt-cache depends --no-recommends --no-suggests "$2" |
		awk '/Depends:/ { print $NF }'
}
