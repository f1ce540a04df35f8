# SPDX-License-Identifier: MIT
# The tests.  To add one, put its file here and its name into one list:
#   unit_tests    NAME.c    a cmocka program; it has the core (internal.h too)
#                           and tests/support
#   shim_tests    NAME.c    the same, but it needs the shim
#   cxx_tests     NAME.cc   a C++ program; with lines as the others have below
#   script_tests  NAME.sh   an executable script
#   shim_scripts  NAME.sh   the same, but it needs the shim
#   victims       NAME.c    a plain program that tests start; it knows nothing
#                           of portlock, so add "NAME_LDADD =" below as well
# A test finds its way by $PORTLOCK_COMMAND, $PORTLOCK_SHIM, $top_builddir and
# $top_srcdir.  It exits with 0, or with 77 after it said why it was skipped.
# No two tests may have the same NAME: their logs would be one file.

unit_tests = \
	%D%/test_address \
	%D%/test_cargo \
	%D%/test_cli_address \
	%D%/test_cli_cluster \
	%D%/test_cli_doctor \
	%D%/test_cli_list \
	%D%/test_cli_list_json \
	%D%/test_cli_list_watch \
	%D%/test_cli_lost \
	%D%/test_cli_run \
	%D%/test_cli_supervise \
	%D%/test_cli_terminal \
	%D%/test_cli_verbose \
	%D%/test_cli_wait \
	%D%/test_cli_who \
	%D%/test_crowd \
	%D%/test_deadlock \
	%D%/test_death \
	%D%/test_doctor_machine \
	%D%/test_error \
	%D%/test_exec \
	%D%/test_false_grants \
	%D%/test_faults \
	%D%/test_fork \
	%D%/test_fork_signals \
	%D%/test_fork_threads \
	%D%/test_holder \
	%D%/test_hostile \
	%D%/test_idle \
	%D%/test_inside \
	%D%/test_leaks \
	%D%/test_limits \
	%D%/test_long_keys \
	%D%/test_look \
	%D%/test_look_blind \
	%D%/test_look_netlink \
	%D%/test_look_ports \
	%D%/test_look_queue \
	%D%/test_open \
	%D%/test_peers \
	%D%/test_process \
	%D%/test_queue \
	%D%/test_quorum \
	%D%/test_race \
	%D%/test_release \
	%D%/test_session_fork \
	%D%/test_session_grant \
	%D%/test_session_host \
	%D%/test_session_lost \
	%D%/test_session_spawn \
	%D%/test_session_wait \
	%D%/test_shim_families \
	%D%/test_shim_hold \
	%D%/test_shim_patterns \
	%D%/test_shim_rules \
	%D%/test_shim_tie \
	%D%/test_sign \
	%D%/test_symbol \
	%D%/test_thread_signals \
	%D%/test_threads \
	%D%/test_timeout \
	%D%/test_trust

include %D%/faults/local.mk

# Those of portlock-bench.
bench_tests = \
	%D%/test_bench_options \
	%D%/test_bench_queue \
	%D%/test_bench_report \
	%D%/test_bench_samples \
	%D%/test_bench_stop

bench_scripts = \
	%D%/test_bench_smoke.sh \
	%D%/test_bench_violation.sh
bench_shim_scripts = %D%/test_bench_shim.sh

shim_tests = \
	%D%/test_cli_doctor_program \
	%D%/test_cli_preload_refused \
	%D%/test_shim_children \
	%D%/test_shim_conform \
	%D%/test_shim_env \
	%D%/test_shim_fcntl \
	%D%/test_shim_fcntl_waits \
	%D%/test_shim_fds \
	%D%/test_shim_flock \
	%D%/test_shim_flock_waits \
	%D%/test_shim_etcd \
	%D%/test_shim_etcd_guard \
	%D%/test_shim_etcd_kept \
	%D%/test_shim_etcd_kept_inside \
	%D%/test_shim_etcd_kept_lost \
	%D%/test_shim_etcd_lockfile \
	%D%/test_shim_etcd_lost \
	%D%/test_shim_heir \
	%D%/test_shim_liblockfile \
	%D%/test_shim_lockfile \
	%D%/test_shim_lockfile_children \
	%D%/test_shim_lockfile_dead \
	%D%/test_shim_lockfile_kept \
	%D%/test_shim_lockfile_kept_keys \
	%D%/test_shim_lockfile_keys \
	%D%/test_shim_lockfile_link \
	%D%/test_shim_lockfile_plain \
	%D%/test_shim_lockfile_seen \
	%D%/test_shim_mutex \
	%D%/test_shim_mutex_names \
	%D%/test_shim_mutex_sleep \
	%D%/test_shim_mutex_unload \
	%D%/test_shim_open \
	%D%/test_shim_open_names \
	%D%/test_shim_open_waits \
	%D%/test_shim_passwd \
	%D%/test_shim_recent \
	%D%/test_shim_sem \
	%D%/test_shim_sem_calls \
	%D%/test_shim_sem_keys \
	%D%/test_shim_sysvsem \
	%D%/test_shim_sysvsem_calls \
	%D%/test_shim_sysvsem_undo

cxx_tests = \
	%D%/example_cxx \
	%D%/test_header_cxx \
	%D%/test_header_cxx_time

# std::scoped_lock came with C++17.
cxx17_tests = %D%/test_header_cxx17

script_tests = \
	%D%/canary_leak_child.sh \
	%D%/check_examples.sh \
	%D%/check_exports.sh \
	%D%/check_manuals.sh \
	%D%/check_readme.sh \
	%D%/example_shell.sh \
	%D%/test_completion.sh \
	%D%/test_completion_zsh.sh \
	%D%/test_probes.sh \
	%D%/test_trace_propose.sh \
	%D%/test_waits.sh

# A shim for another kind of machine than the system's programs are for (32
# bits, say) cannot be in these.
system_tests = \
	%D%/test_cli_preload \
	%D%/test_cli_preload_check \
	%D%/test_cli_preload_rules
system_scripts = \
	%D%/check_docs.sh \
	%D%/test_check_docs.sh \
	%D%/test_git.sh \
	%D%/test_sed.sh \
	%D%/test_walkers.sh \
	%D%/test_workers.sh
shim_scripts =
if NATIVE
shim_tests += $(system_tests)
shim_scripts += $(system_scripts)
# A sanitizer in the shim wants to be the first library itself.
if !SANITIZE
shim_scripts += %D%/test_preloads.sh %D%/test_trace.sh
# Programs that know nothing of it are linked with the library.
script_tests += %D%/test_install.sh
endif
endif

victims = \
	%D%/victim_children \
	%D%/victim_conform \
	%D%/victim_fds \
	%D%/victim_filelock \
	%D%/victim_liblockfile \
	%D%/victim_lockfile \
	%D%/victim_mutex \
	%D%/victim_names \
	%D%/victim_open \
	%D%/victim_passwd \
	%D%/victim_recent \
	%D%/victim_sem \
	%D%/victim_sysvsem \
	%D%/victim_trace

victim_headers = \
	%D%/victim.h \
	%D%/victim_children.h \
	%D%/victim_conform.h \
	%D%/victim_fds.h \
	%D%/victim_filelock.h \
	%D%/victim_liblockfile.h \
	%D%/victim_lockfile.h \
	%D%/victim_mutex.h \
	%D%/victim_names.h \
	%D%/victim_open.h \
	%D%/victim_passwd.h \
	%D%/victim_recent.h \
	%D%/victim_sem.h \
	%D%/victim_sysvsem.h

# What stands in for portlock-session.
session_helper = %D%/fake_session

# For "make check-programs".
program_tools = %D%/at_exit %D%/tally

# For "make measure-hostile" and "make measure-look".
measuring = %D%/measure_hostile %D%/measure_look

support_sources = \
	%D%/support/attack.c \
	%D%/support/attack.h \
	%D%/support/child.c \
	%D%/support/cluster.c \
	%D%/support/cluster.h \
	%D%/support/command.c \
	%D%/support/command.h \
	%D%/support/contender.c \
	%D%/support/cxx.hpp \
	%D%/support/etcd_files.h \
	%D%/support/faults.c \
	%D%/support/faults.h \
	%D%/support/filelock.c \
	%D%/support/filelock.h \
	%D%/support/guard.c \
	%D%/support/guard.h \
	%D%/support/hang.c \
	%D%/support/hang.h \
	%D%/support/hold.c \
	%D%/support/hold.h \
	%D%/support/impostor.c \
	%D%/support/impostor.h \
	%D%/support/keeper.c \
	%D%/support/kept_files.c \
	%D%/support/kept_files.h \
	%D%/support/keyed.c \
	%D%/support/keyed.h \
	%D%/support/lockfile.c \
	%D%/support/lockfile.h \
	%D%/support/looked.c \
	%D%/support/looked.h \
	%D%/support/mutex.c \
	%D%/support/mutex.h \
	%D%/support/names.c \
	%D%/support/network.c \
	%D%/support/network.h \
	%D%/support/old_kernel.c \
	%D%/support/old_kernel.h \
	%D%/support/opened.c \
	%D%/support/opened.h \
	%D%/support/preload.c \
	%D%/support/preload.h \
	%D%/support/semaphore.c \
	%D%/support/semaphore.h \
	%D%/support/support.h \
	%D%/support/sysvsem.c \
	%D%/support/sysvsem.h \
	%D%/support/terminal.c \
	%D%/support/terminal.h \
	%D%/support/thread.c \
	%D%/support/thread.h \
	%D%/support/victim.c \
	%D%/support/victim.h \
	%D%/support/wait.c

# ---- how they are built -----------------------------------------------------

%C%_fake_session_SOURCES = %D%/fake_session.c %D%/fake_session.h
%C%_fake_session_LDADD =
%C%_libsupport_la_SOURCES = $(support_sources)
LDADD = %D%/libsupport.la shim/librules.la lib/liblook.la lib/libportlock-core.la \
	$(CMOCKA_LIBS)

# What a user's program has: the public headers and the shared library.
user_programs = %D%/example_c %D%/test_header_c
shared = lib/libportlock.la $(CMOCKA_LIBS)
%C%_example_c_LDADD = $(shared)
%C%_example_cxx_SOURCES = %D%/example_cxx.cc
%C%_example_cxx_LDADD = $(shared)
%C%_test_header_c_CFLAGS = $(AM_CFLAGS) -std=c99 -pedantic-errors
%C%_test_header_c_LDADD = $(shared)
%C%_test_header_cxx_SOURCES = %D%/test_header_cxx.cc
%C%_test_header_cxx_CXXFLAGS = $(AM_CXXFLAGS) -std=c++11
%C%_test_header_cxx_LDADD = $(shared)
%C%_test_header_cxx17_SOURCES = %D%/test_header_cxx.cc
%C%_test_header_cxx17_CXXFLAGS = $(AM_CXXFLAGS) -std=c++17
%C%_test_header_cxx17_LDADD = $(shared)
%C%_test_header_cxx_time_SOURCES = %D%/test_header_cxx_time.cc
%C%_test_header_cxx_time_CXXFLAGS = $(AM_CXXFLAGS) -std=c++11
%C%_test_header_cxx_time_LDADD = $(shared)
%C%_test_cli_list_json_LDADD = $(LDADD) $(JANSSON_LIBS)
%C%_test_cli_list_watch_LDADD = $(LDADD) $(JANSSON_LIBS)
%C%_test_cli_who_LDADD = $(LDADD) $(JANSSON_LIBS)
%C%_test_symbol_LDFLAGS = $(AM_LDFLAGS) -export-dynamic
%C%_test_cli_doctor_LDADD = $(LDADD) $(JANSSON_LIBS)
%C%_test_cli_doctor_program_LDADD = $(LDADD) $(JANSSON_LIBS)
# Files of the command.  With flags of its own it has objects of its own.
%C%_test_doctor_machine_CFLAGS = $(AM_CFLAGS)
%C%_test_doctor_machine_SOURCES = %D%/test_doctor_machine.c \
	lib/cli/doctor/etcd.c lib/cli/doctor/environment.c \
	lib/cli/doctor/libraries.c \
	lib/cli/doctor/machine.c lib/cli/elf.c \
	lib/cli/doctor/port_range.c lib/cli/doctor/report.c
%C%_canary_leak_LDADD =
%C%_canary_race_LDADD =
# These have the benchmark's files, which are not made for tests/support.
%C%_test_bench_options_SOURCES = %D%/test_bench_options.c $(bench_locks)
%C%_test_bench_options_LDADD = $(bench_libraries) $(CMOCKA_LIBS)
%C%_test_bench_queue_SOURCES = %D%/test_bench_queue.c
%C%_test_bench_queue_LDADD = $(bench_libraries) $(CMOCKA_LIBS)
%C%_test_bench_samples_SOURCES = %D%/test_bench_samples.c bench/results.c \
	bench/samples.c
%C%_test_bench_samples_LDADD = $(CMOCKA_LIBS) -lm
# The benchmark with one more lock.
%C%_bench_nonlock_SOURCES = %D%/bench_nonlock.c bench/main.c $(bench_locks)
%C%_bench_nonlock_LDADD = $(bench_libraries)
%C%_test_bench_report_SOURCES = %D%/test_bench_report.c $(bench_locks)
%C%_test_bench_report_LDADD = $(bench_libraries) $(CMOCKA_LIBS)
# The shim's files below the hooks.  With flags of its own it has objects of
# its own: those of the shim are libtool's.
below_hooks = \
	shim/clock.c shim/env.c shim/fds.c shim/guard.c shim/heir.c \
	shim/heir_table.c shim/hold.c shim/hold_pass.c shim/hold_table.c \
	shim/gate.c shim/filelock_seen.c shim/inside.c shim/kept.c shim/leash.c \
	shim/log.c shim/lost.c shim/memory.c \
	shim/real.c shim/signals.c shim/tie.c shim/turn.c \
	shim/unix_lines.c shim/who.c
%C%_test_shim_hold_CFLAGS = $(AM_CFLAGS)
%C%_test_shim_hold_SOURCES = %D%/test_shim_hold.c $(below_hooks)
%C%_test_shim_tie_CFLAGS = $(AM_CFLAGS)
%C%_test_shim_tie_SOURCES = %D%/test_shim_tie.c $(below_hooks)
%C%_victim_children_LDADD =
%C%_victim_conform_SOURCES = %D%/victim_conform.c \
	%D%/victim_conform_moments.c %D%/victim_conform_permissions.c \
	%D%/victim_conform_processes.c %D%/victim_conform_wait.c
%C%_victim_conform_LDADD =
%C%_at_exit_LDADD =
%C%_tally_LDADD =
%C%_victim_fds_LDADD =
%C%_victim_filelock_SOURCES = %D%/victim_filelock.c \
	%D%/victim_filelock_child.c %D%/victim_filelock_fcntl.c \
	%D%/victim_filelock_parts.h
%C%_victim_filelock_LDADD =
%C%_victim_lockfile_SOURCES = \
	%D%/victim_lockfile.c \
	%D%/victim_lockfile_child.c \
	%D%/victim_lockfile_end.c \
	%D%/victim_lockfile_make.c \
	%D%/victim_lockfile_parts.h
%C%_victim_lockfile_LDADD =
# It stands in for a function that the shim calls.
%C%_victim_lockfile_LDFLAGS = $(AM_LDFLAGS) -export-dynamic
%C%_victim_mutex_SOURCES = %D%/victim_mutex.c \
	%D%/victim_mutex_library.c %D%/victim_mutex_naps.c
%C%_victim_mutex_LDADD =
# What is exported is known also where the rest was stripped.
%C%_victim_mutex_LDFLAGS = $(AM_LDFLAGS) -export-dynamic
%C%_victim_liblockfile_LDADD =
%C%_victim_passwd_LDADD =
%C%_victim_recent_LDADD =
%C%_victim_names_LDADD =
%C%_victim_open_SOURCES = %D%/victim_open.c %D%/victim_open_child.c \
	%D%/victim_open_close.c %D%/victim_open_parts.h
%C%_victim_open_LDADD =
# A shared object, although it is not to be installed.
%C%_plugin_mutex_la_LDFLAGS = $(AM_LDFLAGS) -module -shared -avoid-version \
	-rpath /nowhere
%C%_victim_sem_LDADD =
%C%_victim_sysvsem_SOURCES = %D%/victim_sysvsem.c \
	%D%/victim_sysvsem_others.c %D%/victim_sysvsem_parts.h
%C%_victim_sysvsem_LDADD =
%C%_victim_trace_LDADD =

# Preloaded: -rpath makes libtool build a shared object.
%C%_libholder_la_SOURCES = %D%/holder.c
%C%_libholder_la_LIBADD =
%C%_libholder_la_LDFLAGS = $(AM_LDFLAGS) -module -shared -avoid-version \
	-rpath $(pkglibdir)

include %D%/etcd/local.mk
include %D%/torture/local.mk
include %D%/model/local.mk

# Those of portlock-session, with files of it.
%C%_test_session_texts_CPPFLAGS = $(AM_CPPFLAGS) $(LIBCURL_CFLAGS)
%C%_test_session_texts_LDADD = $(LDADD) $(LIBCURL_LIBS) $(JANSSON_LIBS)
%C%_test_session_texts_SOURCES = %D%/test_session_texts.c \
	lib/etcd/encode.c lib/etcd/lease.c lib/etcd/post.c \
	lib/etcd/cluster.c lib/etcd/clock.c lib/etcd/queue.c lib/etcd/secret.c \
	lib/etcd/check.c lib/etcd/settings.c lib/etcd/who.c
%C%_test_session_settings_CPPFLAGS = $(AM_CPPFLAGS) $(LIBCURL_CFLAGS)
%C%_test_session_settings_LDADD = $(LDADD) $(LIBCURL_LIBS) $(JANSSON_LIBS)
%C%_test_session_settings_SOURCES = %D%/test_session_settings.c \
	lib/etcd/check.c lib/etcd/secret.c lib/etcd/settings.c

programs = $(unit_tests) $(user_programs) %D%/canary_fail %D%/canary_leak
if !SANITIZE
programs += %D%/canary_race
endif
if ENABLE_SHIM
programs += $(shim_tests)
script_tests += $(shim_scripts)
preloads = %D%/libholder.la
endif
if ENABLE_BENCH
programs += $(bench_tests)
program_tools += %D%/bench_nonlock
script_tests += $(bench_scripts)
if ENABLE_SHIM
script_tests += $(bench_shim_scripts)
endif
endif
if ENABLE_ETCD
programs += %D%/test_session_settings %D%/test_session_texts
endif
if HAVE_CXX17
programs += $(cxx17_tests)
endif
if HAVE_CXX
programs += $(cxx_tests)
else
script_tests += %D%/skip_cxx.sh
endif

# ---- how they are run -------------------------------------------------------

TEST_EXTENSIONS = .sh
XFAIL_TESTS += %D%/canary_fail
leaks = %D%/canary_leak %D%/canary_leak_child.sh

if HAVE_CMOCKA
check_LTLIBRARIES += %D%/libsupport.la %D%/plugin_mutex.la $(preloads)
check_PROGRAMS += $(victims) $(session_helper) $(programs) $(program_tools) $(measuring)
TESTS += $(programs) $(script_tests)
else
# Made before any test is run.
check_DATA = cmocka-is-missing
cmocka-is-missing:
	@echo 'make check needs cmocka (Debian: libcmocka-dev), and then' \
		'./configure again' >&2; exit 1
endif

# The address sanitizer sees leaks of memory, not of descriptors.
if SANITIZE_ADDRESS
XFAIL_TESTS += %D%/canary_leak_child.sh
endif

AM_TESTS_ENVIRONMENT = \
	unset PORTLOCK_LOG PORTLOCK_RULES PORTLOCK_RULES_FILE \
		PORTLOCK_TRANSPORT; \
	LC_ALL=C; export LC_ALL; \
	top_srcdir='$(abs_top_srcdir)'; export top_srcdir; \
	top_builddir='$(abs_top_builddir)'; export top_builddir; \
	PORTLOCK_COMMAND="$$top_builddir/portlock"; export PORTLOCK_COMMAND; \
	PORTLOCK_SHIM='$(shim_path)'; export PORTLOCK_SHIM; \
	PORTLOCK_GUARD='$(guard_path)'; export PORTLOCK_GUARD; \
	PORTLOCK_SESSION="$$top_builddir/portlock-session"; \
	export PORTLOCK_SESSION; \
	PORTLOCK_CC='$(CC) $(SANITIZE_FLAGS)'; export PORTLOCK_CC; \
	PORTLOCK_CXX='$(CXX) $(SANITIZE_FLAGS)'; export PORTLOCK_CXX; \
	PATH="$$top_builddir:$$PATH"; export PATH; \
	$(sanitizers)
if ENABLE_SHIM
shim_path = $(abs_top_builddir)/shim/.libs/portlock-shim.so
guard_path = $(abs_top_builddir)/portlock-guard
endif

# In instrumented builds the shim brings the sanitizer into programs that know
# nothing of it, whose own leaks are not ours; a test may fork with threads.
# PORTLOCK_TEST_SLOW makes tests do fewer rounds of the same.
if SANITIZE
sanitizers = \
	PORTLOCK_TEST_SLOW=yes; export PORTLOCK_TEST_SLOW; \
	ASAN_OPTIONS="verify_asan_link_order=0:$$ASAN_OPTIONS"; \
	ASAN_OPTIONS="use_sigaltstack=0:$$ASAN_OPTIONS"; \
	export ASAN_OPTIONS; \
	LSAN_OPTIONS="suppressions=$$top_srcdir/tests/lsan.supp"; \
	LSAN_OPTIONS="$$LSAN_OPTIONS:print_suppressions=0"; \
	export LSAN_OPTIONS; \
	UBSAN_OPTIONS="print_stacktrace=1:$$UBSAN_OPTIONS"; \
	export UBSAN_OPTIONS; \
	TSAN_OPTIONS="die_after_fork=0:$$TSAN_OPTIONS"; \
	export TSAN_OPTIONS;
endif

check-valgrind:
	@valgrind --version >/dev/null 2>&1 || { echo 'make check-valgrind' \
		'needs valgrind (Debian: apt-get install valgrind)' >&2; exit 1; }
	PORTLOCK_TEST_SLOW=yes $(MAKE) check \
		LOG_COMPILER='$(abs_top_srcdir)/%D%/valgrind.sh' \
		SH_LOG_COMPILER='$(abs_top_srcdir)/%D%/valgrind.sh' \
		XFAIL_TESTS='$(XFAIL_TESTS) $(leaks)'

# Threads of the core.  helgrind replaces the same functions as the shim.
helgrind_tests = %D%/canary_race %D%/test_deadlock %D%/test_fork_threads \
	%D%/test_thread_signals %D%/test_threads
check-helgrind:
	@valgrind --version >/dev/null 2>&1 || { echo 'make check-helgrind' \
		'needs valgrind (Debian: apt-get install valgrind)' >&2; exit 1; }
	PORTLOCK_TEST_SLOW=yes $(MAKE) check TESTS='$(helgrind_tests)' \
		LOG_COMPILER='$(abs_top_srcdir)/%D%/helgrind.sh' \
		XFAIL_TESTS='%D%/canary_race'

# Debian's programs under the shim; "./autogen.sh check-programs" installs them.
# ONLY="git sed" makes it those alone.
check-programs: all $(program_tools)
	@$(AM_TESTS_ENVIRONMENT) \
		'$(abs_top_srcdir)/%D%/programs/run.sh' $(ONLY)

# What another user's attacks cost, as SECURITY.md has it.
measure-hostile: all $(measuring)
	@$(AM_TESTS_ENVIRONMENT) %D%/measure_hostile

# How long it takes to see who holds 1,000 locks.
measure-look: all $(measuring)
	@$(AM_TESTS_ENVIRONMENT) %D%/measure_look

# What portlock is for, shown on programs that know nothing of it.
demo: all $(victims)
	@$(AM_TESTS_ENVIRONMENT) '$(abs_top_srcdir)/%D%/demo.sh'

# The same of two hosts and their etcd.
demo-cluster: all %D%/etcd/with_etcd
	@$(AM_TESTS_ENVIRONMENT) '$(abs_top_srcdir)/%D%/demo-cluster.sh'

bench-hosts: all %D%/etcd/with_etcd
	@$(AM_TESTS_ENVIRONMENT) '$(abs_top_srcdir)/bench/hosts.sh'

.PHONY: bench-hosts check-programs check-valgrind demo demo-cluster \
	measure-hostile measure-look
# For tests/platforms.sh: these alone, with other flags than the rest.
victims: $(victims)

# Tools that read the sources; ANALYSIS="gcc cppcheck" makes it those alone.
check-analysis: all
	@top_srcdir='$(abs_top_srcdir)' top_builddir='$(abs_top_builddir)' \
		'$(abs_top_srcdir)/%D%/analysis/run.sh' $(ANALYSIS)

# Builds by other compilers and for other machines, with their tests.
PLATFORMS = clang i386
check-platforms:
	+@'$(abs_top_srcdir)/%D%/platforms.sh' $(PLATFORMS)

# The library against the last release's; "make abi-dump" when one is made.
check-abi abi-dump: all
	@top_srcdir='$(abs_top_srcdir)' top_builddir='$(abs_top_builddir)' \
		'$(abs_top_srcdir)/%D%/abi.sh' $@

.PHONY: abi-dump check-abi
.PHONY: check-analysis check-helgrind check-platforms
.PHONY: check-programs check-valgrind demo victims

EXTRA_DIST += %D%/README.md $(victim_headers) $(script_tests) $(system_scripts) \
	$(bench_scripts) $(bench_shim_scripts) \
	%D%/demo.sh %D%/demo-cluster.sh %D%/install %D%/test_install.sh \
	%D%/test_preloads.sh %D%/test_trace.sh \
	%D%/trace_support.sh %D%/lsan.supp %D%/programs \
	%D%/abi.sh %D%/analysis %D%/docs %D%/.clang-tidy \
	%D%/platforms.sh \
	%D%/helgrind.sh %D%/helgrind.supp \
	%D%/skip_cxx.sh %D%/valgrind.sh \
	%D%/valgrind.supp
