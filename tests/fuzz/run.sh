#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh - fuzzes: run.sh SOURCES CC SECONDS MAKE TARGET...
#
# Called by "make check-fuzz" in the build folder.  Builds the targets for
# libFuzzer in fuzz/, runs each for that many seconds, two at a time, and tells
# what each did.  New inputs that reach new code are kept in fuzz/found/NAME/
# for the next run; inputs that fail, in fuzz/failed/.  With FUZZ_SEED in the
# environment each run is the same: FUZZ_RUNS executions, whatever they take.
set -u
sources=$1 cc=$2 seconds=$3 make=$4
shift 4
here=$sources/tests/fuzz

can_fuzz() {
	echo 'int LLVMFuzzerTestOneInput(void) { return 0; }' |
		"$cc" -x c -fsanitize=fuzzer,address -o /dev/null - 2>/dev/null
}

build() {
	mkdir -p fuzz && cd fuzz || exit 1
	[ -f config.status ] || "$sources/configure" -q CC="$cc" \
		--disable-bench --enable-sanitize=address,undefined \
		CFLAGS='-g -O1 -fsanitize=fuzzer-no-link' || exit 1
	"$make" -s fuzz_main= CCLD="$cc -fsanitize=fuzzer" "$@" || exit 1
}

# again COMMAND...: the same inputs in the same order.  By the seed, for a number
# of executions and not a time, the corpus by names and not as the folder has
# it, and, where that is permitted, addresses that are no random numbers.
again() {
	inputs=$(printf '%s,' "$here/corpus/$name"/*)
	! setarch -R true 2>/dev/null || set -- setarch -R "$@"
	"$@" -seed="$FUZZ_SEED" -runs="${FUZZ_RUNS:-100000}" \
		-seed_inputs="${inputs%,}"
}

# anew COMMAND...: others than ever, for a time, and what they found is kept
anew() {
	mkdir -p "found/$name"
	"$@" -max_total_time="$seconds" "found/$name" "$here/corpus/$name"
}

# fuzz TARGET: its log is fuzz/NAME.log
fuzz() {
	name=${1##*fuzz_}
	dict=$here/dict/$name.dict how=anew limit=$((seconds + 120))
	[ -f "$dict" ] || dict=
	[ -z "${FUZZ_SEED-}" ] || how=again limit=900
	mkdir -p failed
	"$how" env ASAN_OPTIONS=use_sigaltstack=0 \
		UBSAN_OPTIONS=print_stacktrace=1 timeout -k 10 "$limit" \
		"$1" -timeout=20 -max_len=8192 -rss_limit_mb=2048 \
		-print_final_stats=1 ${dict:+"-dict=$dict"} \
		-artifact_prefix="failed/$name-" >"$name.log" 2>&1 </dev/null
	echo $? >"$name.status"
}

# tell TARGET WORD: one line; what failed and how to replay it, without the
# lines of progress before that
tell() {
	name=${1##*fuzz_}
	executions=$(sed -n 's/^stat::number_of_executed_units: *//p' \
		"$name.log")
	last=$(grep -E '^#[0-9]+.* cov: ' "$name.log" | tail -n 1)
	coverage=$(expr "$last" : '.* cov: \([0-9]*\)')
	features=$(expr "$last" : '.* ft: \([0-9]*\)')
	printf '%s: %s: %s executions, %s edges, %s features\n' "$2" "$name" \
		"${executions:-no}" "${coverage:-0}" "${features:-0}"
	[ "$2" = PASS ] && return
	grep -v '^#[0-9]' "$name.log" | tail -n 60
	input=$(sed -n 's/.*Test unit written to //p' "$name.log")
	[ -z "$input" ] || cat <<-END
	the input is $PWD/$input; replay it, in the build folder, by
	    fuzz/$1 fuzz/$input
	or with any compiler, also under gdb or valgrind, by
	    make $1 && $1 fuzz/$input
	END
}

if ! can_fuzz; then
	echo "make check-fuzz needs clang with libFuzzer ($cc has none):" \
		"on Debian: apt-get install clang libclang-rt-14-dev" >&2
	exit 1
fi
unset LD_PRELOAD PORTLOCK_LOG PORTLOCK_RULES PORTLOCK_RULES_FILE \
	PORTLOCK_TRANSPORT
build "$@"
passed=0 failed=0
left=$#
while [ "$left" -gt 0 ]; do
	first=$1 second=${2-}
	shift
	left=$((left - 1))
	fuzz "$first" &
	if [ -n "$second" ]; then
		shift
		left=$((left - 1))
		fuzz "$second"
	fi
	wait
	for target in "$first" $second; do
		name=${target##*fuzz_}
		if [ "$(cat "$name.status")" -eq 0 ]; then
			tell "$target" PASS
			passed=$((passed + 1))
		else
			tell "$target" FAIL
			failed=$((failed + 1))
		fi
	done
done
printf '# TOTAL: %d\n# PASS:  %d\n# SKIP:  0\n# FAIL:  %d\n' \
	$((passed + failed)) "$passed" "$failed"
[ "$failed" -eq 0 ]
