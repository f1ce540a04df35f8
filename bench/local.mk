# SPDX-License-Identifier: MIT
# The benchmarks.

if ENABLE_BENCH
bin_PROGRAMS += portlock-bench
dist_man_MANS += %D%/portlock-bench.1
noinst_LTLIBRARIES += %D%/libbench.la
endif
portlock_bench_SOURCES = %D%/main.c $(bench_locks)
portlock_bench_LDADD = $(bench_libraries)
# What is exported is known also where the rest was stripped: calls/mutex.c.
portlock_bench_LDFLAGS = $(AM_LDFLAGS) -export-dynamic

# All but the locks, which are on the list because they are linked.
%C%_libbench_la_CPPFLAGS = $(AM_CPPFLAGS) -DPKGLIBDIR='"$(pkglibdir)"' \
	-DPKGLIBEXECDIR='"$(pkglibexecdir)"'
%C%_libbench_la_SOURCES = $(bench_sources)
bench_libraries = %D%/libbench.la lib/libportlock-core.la $(JANSSON_LIBS) -lm

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
	%D%/bars.c \
	%D%/bars.h \
	%D%/calls.c \
	%D%/calls.h \
	%D%/calls/checked.h \
	%D%/calls/filelock.c \
	%D%/calls/mutex.c \
	%D%/calls/own.c \
	%D%/calls/path.c \
	%D%/calls/sem.c \
	%D%/calls/sysvsem.c \
	%D%/calls_main.c \
	%D%/crowd.c \
	%D%/crowd.h \
	%D%/etcd.c \
	%D%/etcd.h \
	%D%/etcd_node.c \
	%D%/etcd_node.h \
	%D%/fail.c \
	%D%/fail.h \
	%D%/footprint.c \
	%D%/footprint.h \
	%D%/http.c \
	%D%/http.h \
	%D%/lock.c \
	%D%/lock.h \
	%D%/locks/file.c \
	%D%/locks/file.h \
	%D%/locks/pause.h \
	%D%/locks/portlock.c \
	%D%/locks/portlock.h \
	%D%/locks/ports.c \
	%D%/locks/ports.h \
	%D%/machine.c \
	%D%/machine.h \
	%D%/number.c \
	%D%/number.h \
	%D%/option_choices.c \
	%D%/option_choices.h \
	%D%/option_value.c \
	%D%/option_value.h \
	%D%/options.c \
	%D%/options.h \
	%D%/output.c \
	%D%/output.h \
	%D%/plot.c \
	%D%/plot.h \
	%D%/plot_handoff.c \
	%D%/plot_waits.c \
	%D%/proc.c \
	%D%/proc.h \
	%D%/progress.c \
	%D%/progress.h \
	%D%/queue.c \
	%D%/queue.h \
	%D%/ratios.c \
	%D%/ratios.h \
	%D%/report.c \
	%D%/report.h \
	%D%/report_csv.c \
	%D%/report_json.c \
	%D%/report_noise.c \
	%D%/report_ratios.c \
	%D%/report_table.c \
	%D%/report_text.c \
	%D%/results.c \
	%D%/results.h \
	%D%/run.c \
	%D%/run.h \
	%D%/samples.c \
	%D%/samples.h \
	%D%/scenario.c \
	%D%/scenario.h \
	%D%/scenarios/cluster.c \
	%D%/scenarios/cluster_bare.c \
	%D%/scenarios/cluster_bare.h \
	%D%/scenarios/cluster_locks.c \
	%D%/scenarios/cluster_locks.h \
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
	%D%/worker.h \
	lib/cli/elf.c \
	lib/cli/shim_path.c \
	lib/cli/shim_path.h

# The standard comparison; BENCH_FLAGS are more options, and names of scenarios.
BENCH_REPORT = bench-report
BENCH_FLAGS =

if ENABLE_BENCH
bench: all
	PORTLOCK_SHIM='$(abs_top_builddir)/shim/.libs/portlock-shim.so' \
	PORTLOCK_SESSION='$(abs_top_builddir)/portlock-session' \
		./portlock-bench$(EXEEXT) --report '$(BENCH_REPORT)' $(BENCH_FLAGS)
	@echo "The report is in '$(BENCH_REPORT)'; report.txt is the one to read."
else
bench:
	@echo 'portlock-bench was not configured: configure again, without' \
		'--disable-bench' >&2
	@exit 1
endif

.PHONY: bench
EXTRA_DIST += %D%/README.md %D%/hosts.sh %D%/waits.svg
