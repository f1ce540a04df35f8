#!/bin/sh
# SPDX-License-Identifier: MIT
# cmake.sh - C and C++ programs are built and run by find_package(Portlock).
#
# CMake finds the portlock that is installed, or that $CMAKE_PREFIX_PATH names;
# it must be the one that pkg-config finds.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
version=$(pkg-config --modversion portlock)
major=${version%%.*}
minor=${version#*.}
minor=${minor%%.*}
patch=${version##*.}

# run PROGRAM: an example takes the lock, and says so
run() {
	said=$("$work/build/$1")
	echo "$1: $said"
	case $said in
	'backing up, token '[1-9]*) ;;
	*)	exit 1 ;;
	esac
}

build() {
	cmake -S "$here" -B "$work/build" -D "ASKED=$major.$minor" &&
		cmake --build "$work/build"
}

build >"$work/log" 2>&1 || {
	cat "$work/log"
	exit 1
}
run c
run cxx
[ ! -e "$work/build/static" ] || run static

# finds VERSION...: whether such a one can be had, as a project would ask
finds() {
	mkdir -p "$work/asks"
	printf '%s\n' 'cmake_minimum_required(VERSION 3.13)' \
		'project(asks C)' "find_package(Portlock $*)" \
		"message(STATUS \"found: \${Portlock_VERSION}\")" \
		>"$work/asks/CMakeLists.txt"
	cmake -S "$work/asks" -B "$work/asked" >"$work/answer" 2>&1 &&
		grep -q "found: $version\$" "$work/answer"
}

result=0
for asked in "$major" "$version EXACT" "$major.$minor...$((major + 1))" \
	"$major.$minor...$version"; do
	finds "$asked" || {
		echo "$version is here, but 'Portlock $asked' is not found:"
		cat "$work/answer"
		result=1
	}
	rm -rf "$work/asked"
done
older=
[ "$major$minor" = 00 ] || [ "$major" != 0 ] || older=0.$((minor - 1))
for asked in "$major.$minor.$((patch + 1))" "$major.$((minor + 1))" \
	"$((major + 1))" "$major.999 EXACT" "0...<$version" $older; do
	if finds "$asked"; then
		echo "'Portlock $asked' is found, although this is $version"
		result=1
	fi
	rm -rf "$work/asked"
done
exit $result
