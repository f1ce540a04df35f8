#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# deb.sh - make deb: Debian's packages from the archive of make dist.
#
#	deb.sh ARCHIVE VERSION FOLDER
#
# The source package and the packages are left in FOLDER.  Tests are run if
# DEB_BUILD_OPTIONS is set and has no nocheck.
set -eu
archive=$1 version=$2 folder=$3
# How this make was called is no business of the one below.
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES
: "${DEB_BUILD_OPTIONS=nocheck parallel=$(nproc)}"
export DEB_BUILD_OPTIONS
case " $DEB_BUILD_OPTIONS " in
*' nocheck '*)	export DEB_BUILD_PROFILES=nocheck ;;
esac

give_up() {
	echo "make deb: $*" >&2
	exit 1
}

# need PACKAGE COMMAND...
need() {
	local package=$1

	shift
	"$@" >/dev/null 2>&1 || give_up "it needs $package" \
		"(Debian: apt-get install $package)"
}

need dpkg-dev dpkg-buildpackage --version
need debhelper command -v dh

rm -rf "$folder"
mkdir -p "$folder"
tar -C "$folder" -xf "$archive"
cd "$folder/portlock-$version"
packaged=$(dpkg-parsechangelog -S Version)
[ "$packaged" = "$version" ] ||
	give_up "debian/changelog begins with version $packaged, and this is" \
		"$version, for which it needs an entry"
dpkg-buildpackage -us -uc </dev/null >../build.log 2>&1 || {
	tail -n 60 ../build.log >&2
	give_up "failed; $folder/build.log has all of it"
}
cd ..
ls -1 ./*.deb
