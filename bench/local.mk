# SPDX-License-Identifier: MIT
# The benchmarks.

bin_PROGRAMS += portlock-bench
portlock_bench_LDADD = $(bench_libraries)
portlock_bench_SOURCES = $(bench_sources) $(bench_locks)

bench_libraries = lib/libportlock-core.la -lm

# The locks, in the order of the tables.
bench_locks = \
	%D%/locks/portlock_tcp.c \
	%D%/locks/portlock_unix.c \
	%D%/locks/original.c \
	%D%/locks/original_unix.c \
	%D%/locks/flock.c \
	%D%/locks/flock_open.c \
	%D%/locks/fcntl_ofd.c \
	%D%/locks/posix_sem.c \
	%D%/locks/robust_mutex.c \
	%D%/locks/sysv_sem.c \
	%D%/locks/lockfile.c

bench_sources = \
	%D%/awake.c \
	%D%/awake.h \
	%D%/crowd.c \
	%D%/crowd.h \
	%D%/fail.c \
	%D%/fail.h \
	%D%/footprint.c \
	%D%/footprint.h \
	%D%/lock.c \
	%D%/lock.h \
	%D%/locks/file.c \
	%D%/locks/file.h \
	%D%/locks/pause.h \
	%D%/locks/portlock.c \
	%D%/locks/portlock.h \
	%D%/locks/ports.c \
	%D%/locks/ports.h \
	%D%/main.c \
	%D%/options.c \
	%D%/options.h \
	%D%/progress.c \
	%D%/progress.h \
	%D%/report.h \
	%D%/report_table.c \
	%D%/results.c \
	%D%/results.h \
	%D%/run.c \
	%D%/run.h \
	%D%/samples.c \
	%D%/samples.h \
	%D%/scenario.c \
	%D%/scenario.h \
	%D%/scenarios/crash.c \
	%D%/scenarios/fairness.c \
	%D%/scenarios/handoff.c \
	%D%/scenarios/idle.c \
	%D%/scenarios/keys.c \
	%D%/scenarios/keys.h \
	%D%/scenarios/keys_holder.c \
	%D%/scenarios/scaling.c \
	%D%/scenarios/shim.c \
	%D%/scenarios/uncontended.c \
	%D%/stop.c \
	%D%/stop.h \
	%D%/worker.c \
	%D%/worker.h

EXTRA_PROGRAMS += %D%/hooks
%C%_hooks_LDADD = lib/libportlock-core.la

# What the shim adds to the calls that it hooks.
bench-hooks: all %D%/hooks
	@HOOKS=%D%/hooks PORTLOCK_SHIM='$(abs_top_builddir)/shim/.libs/portlock-shim.so' \
		'$(abs_top_srcdir)/%D%/hooks.sh'

.PHONY: bench-hooks
CLEANFILES += %D%/hooks
EXTRA_DIST += %D%/README.md %D%/hooks.sh
