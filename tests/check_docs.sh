#!/bin/sh
# SPDX-License-Identifier: MIT
# check_docs.sh - what the documents tell the reader to type does what they say.
#
#	check_docs.sh [DOCUMENT...]	by default those of PORTLOCK_DOCS, in the
#					sources; or else all that may have some
#
# tests/README.md tells how a block is run, by its language.  Fails on a block
# that it does not know how to run and that gives no reason for it.
set -u
tests=$(cd "$(dirname "$0")" && pwd)
source=$(dirname "$tests")
: "${top_builddir:?start this by make check}"
if [ $# -eq 0 ]; then
	for document in ${PORTLOCK_DOCS-}; do
		set -- "$@" "$source/$document"
	done
fi
if [ $# -eq 0 ]; then
	set -- "$source"/doc/*.md "$source/README.md" \
		"$source/bench/README.md" "$source/shim/README.md" \
		"$source/shim/PROGRAMS.md" "$source/lib/README.md" \
		"$source/CONTRIBUTING.md" "$source/SECURITY.md" \
		"$source/tests/README.md"
fi

skip() {
	echo "skipped: $*"
	exit 77
}

case ${LD_PRELOAD-} in
*vgpreload*)	skip "under valgrind processes have other command lines" ;;
esac
case $PORTLOCK_SHIM in
*[[:space:]:]*)	skip "LD_PRELOAD cannot name $PORTLOCK_SHIM" ;;
esac

# The keys are those of the documents, so the network is one of their own; if
# that may not be, one run at a time has them.
if [ -z "${PORTLOCK_DOCS_ALONE-}" ]; then
	PORTLOCK_DOCS_ALONE=yes
	export PORTLOCK_DOCS_ALONE
	# shellcheck disable=SC2016 # for the inner shell
	up='PATH=$PATH:/usr/sbin:/sbin ip link set lo up && exec "$@"'
	# As oneself: another user's lock is none of ours.
	for how in "unshare -n" "unshare -rn"; do
		# shellcheck disable=SC2086 # words
		if $how sh -c "$up" sh true 2>/dev/null; then
			exec $how sh -c "$up" sh "$0" "$@"
		fi
	done
	exec "$PORTLOCK_COMMAND" run portlock-check-docs -- "$0" "$@"
fi

work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
trap 'exit 99' HUP INT TERM

# What is installed, as links into the build; compilers as this build has them.
prefix=$work/prefix
mkdir -p "$prefix/bin" "$prefix/lib/pkgconfig" "$prefix/lib/cmake/Portlock" \
	"$prefix/include/portlock"
ln -s "$top_builddir/portlock" "$top_builddir/portlock-bench" "$prefix/bin"
ln -s "$top_builddir"/lib/.libs/libportlock.so* "$prefix/lib"
ln -s "$source"/include/portlock/portlock.h* \
	"$top_builddir/include/portlock/version.h" "$prefix/include/portlock"
sed -e "s|^prefix=.*|prefix=$prefix|" -e "s|^libdir=.*|libdir=$prefix/lib|" \
	-e "s|^includedir=.*|includedir=$prefix/include|" \
	"$top_builddir/lib/portlock.pc" >"$prefix/lib/pkgconfig/portlock.pc"
for config in "$top_builddir"/lib/PortlockConfig*.cmake; do
	[ ! -e "$config" ] || ln -s "$config" "$prefix/lib/cmake/Portlock"
done
# compiler NAME COMMAND
compiler() {
	printf '#!/bin/sh\nexec %s "$@"\n' "$2" >"$prefix/bin/$1"
	chmod +x "$prefix/bin/$1"
}
[ -z "${PORTLOCK_CC-}" ] || compiler cc "$PORTLOCK_CC"
[ -z "${PORTLOCK_CXX-}" ] || compiler c++ "$PORTLOCK_CXX"

PATH=$prefix/bin:$PATH
PKG_CONFIG_PATH=$prefix/lib/pkgconfig
CMAKE_PREFIX_PATH=$prefix
LD_LIBRARY_PATH=$prefix/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export PATH PKG_CONFIG_PATH CMAKE_PREFIX_PATH LD_LIBRARY_PATH
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE CDPATH
GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org
GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.org
export GIT_CONFIG_GLOBAL GIT_CONFIG_NOSYSTEM
export GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL

failed=0 number=0
for document; do
	number=$((number + 1))
	folder=$work/$number
	mkdir -p "$folder/home" "$folder/blocks"
	HOME=$folder/home
	TMPDIR=$folder
	export HOME TMPDIR
	name=${document#"$source"/}
	if ! awk -v folder="$folder/blocks" -f "$tests/docs/steps.awk" \
		"$document" >"$folder/steps"; then
		failed=1
	elif ! timeout -s KILL 120 setsid sh "$tests/docs/session.sh" "$name" \
		"$folder/steps" "$folder" </dev/null; then
		echo "$name: failed; the last command was:"
		cat "$folder/last"
		failed=1
	fi
	# Whatever was left in the background.
	group=$(cat "$folder/group" 2>/dev/null) &&
		kill -s KILL -- "-$group" 2>/dev/null
	cat "$folder/counts" >>"$work/counts" 2>/dev/null
done

# blocks COUNT: how many had that end
blocks() {
	grep -c "^$1\$" "$work/counts"
}
echo "$(blocks ran) blocks run, $(blocks left) not run for the reasons above," \
	"$(blocks shown) that are text"
exit $failed
