#!/bin/sh
# SPDX-License-Identifier: MIT
# check_manuals.sh - the manual pages are well formed, whole and installed.
#
# Installs them into a folder of its own, where mandoc and groff must have
# nothing to say about any, each function of portlock.h must have a page with
# its declaration and its errors, and each page of ours that another one refers
# to must be there; then they are uninstalled again.
set -u
: "${top_srcdir:?}" "${top_builddir:?}"
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
failed=0
missing=

fail() {
	echo "$*"
	failed=1
}

# in_build TARGET
in_build() {
	# Not of the make that runs the tests.
	MAKEFLAGS='' make -s -C "$top_builddir" "$1" DESTDIR="$work/root" \
		>"$work/log" 2>&1 || {
		cat "$work/log"
		exit 1
	}
}

# page_of NAME: the file that "man 3 NAME" shows
page_of() {
	page=$man/man3/$1.3
	[ -e "$page" ] || return 1
	so=$(sed -n '1s/^\.so //p' "$page")
	[ -z "$so" ] || page=$man/$so
	[ -e "$page" ]
}

# lint: what the two programs say of $page, but for manuals that are not
# installed on this machine, and the age of its index of them
lint() {
	if command -v mandoc >/dev/null; then
		mandoc -Tlint -W style "$page" 2>&1 |
			grep -v -e 'referenced manual not found' \
				-e 'outdated mandoc.db'
	fi
	if command -v groff >/dev/null; then
		groff -mandoc -Tutf8 -ww -z "$page" 2>&1
	fi
}

# declared FILE: what the header has of each function, one line each, after a
# line "errors NAME -E..." with those in its comment
declared() {
	awk '
	/^\/\*\*/ { errors = "" }
	/^ \*/ {
		line = $0
		while (match(line, /-E[A-Z]+/)) {
			errors = errors " " substr(line, RSTART, RLENGTH)
			line = substr(line, RSTART + RLENGTH)
		}
	}
	/^PORTLOCK_API/ { text = ""; inside = 1 }
	inside { text = text " " $0 }
	inside && /;/ {
		inside = 0
		gsub(/[ \t]+/, " ", text)
		sub(/^ PORTLOCK_API /, "", text)
		name = text
		sub(/\(.*/, "", name)
		sub(/.*[ *]/, "", name)
		print "errors " name errors
		print "function " text
	}' "$1"
}

# synopsis FILE: the declarations in a page, as in the header
synopsis() {
	awk '
	function emit(arguments) {
		text = type " " name "(" arguments ");"
		gsub(/\* /, "*", text)
		print text
	}
	/^\.Sh/ { inside = /SYNOPSIS/ }
	!inside { next }
	/^\.Ft/ { type = substr($0, 5); gsub(/"/, "", type) }
	/^\.Fo/ { name = $2; all = ""; next }
	/^\.Fa/ {
		one = substr($0, 5)
		gsub(/"/, "", one)
		all = all (all == "" ? "" : ", ") one
	}
	/^\.Fc/ { emit(all) }
	/^\.Fn/ {
		name = $2
		sub(/^\.Fn [^ ]* */, "")
		gsub(/" "/, ", ")
		gsub(/"/, "")
		emit($0)
	}' "$1"
}

in_build install-man
man=$(find "$work/root" -type d -name man)
[ -d "$man" ] || fail "make install-man installs nothing"
for tool in mandoc groff; do
	command -v $tool >/dev/null || missing="$missing $tool"
done

for page in "$man"/man*/*; do
	if grep -q '^\.so' "$page"; then
		page_of "$(basename "$page" .3)" ||
			fail "$page refers to a page that is not there"
		continue
	fi
	lint "$page" >"$work/log"
	[ ! -s "$work/log" ] || fail "$(cat "$work/log")"
	# .Xr NAME SECTION
	sed -n 's/.*Xr \(portlock[^ ]*\) \([0-9]\).*/\2 \1/p' "$page" |
		sort -u >"$work/names"
	while read -r section name; do
		[ -e "$man/man$section/$name.$section" ] && continue
		case $name in
		portlock-bench | portlock-rules | portlock-session | \
		portlock-shim)
			continue ;; # may be left out
		esac
		fail "$page refers to $name($section), which is not there"
	done <"$work/names"
done

declared "$top_srcdir/include/portlock/portlock.h" >"$work/header"
[ -s "$work/header" ] || fail "portlock.h declares nothing"
while read -r kind name rest; do
	if [ "$kind" = errors ]; then
		page=
		page_of "$name" || fail "there is no page of $name"
		[ -n "$page" ] || continue
		grep -q "^\.Nm $name\( ,\)\?$" "$page" ||
			fail "$page has no .Nm $name"
		for error in $rest; do
			grep -q "Er $error\$" "$page" ||
				fail "$page of $name says nothing of $error"
		done
		continue
	fi
	synopsis "$page" >"$work/synopsis"
	grep -qxF -e "$name $rest" "$work/synopsis" || {
		fail "not in $page: $name $rest"
		cat "$work/synopsis"
	}
done <"$work/header"

in_build uninstall-man
left=$(find "$work/root" -type f -o -type l)
[ -z "$left" ] || fail "make uninstall-man leaves $left"
[ $failed -eq 0 ] || exit 1
if [ -n "$missing" ]; then
	echo "skipped: the pages were read by all but$missing" \
		"(Debian: mandoc, groff-base)"
	exit 77
fi
