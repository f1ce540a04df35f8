# SPDX-License-Identifier: MIT
# The fuzz targets.  "make check" runs each on its corpus; "make check-fuzz"
# makes them once more, in fuzz/ of the build folder, for libFuzzer.

fuzz_targets = \
	%D%/fuzz_commands \
	%D%/fuzz_elf \
	%D%/fuzz_grant \
	%D%/fuzz_keys \
	%D%/fuzz_patterns \
	%D%/fuzz_proc \
	%D%/fuzz_rules \
	%D%/fuzz_trace \
	%D%/fuzz_waiters

# What brings main(): libFuzzer has its own.
fuzz_main = %D%/libreplay.la
fuzz_libraries = $(fuzz_main) %D%/libfuzz.la
fuzz_core = shim/librules.la lib/libportlock-core.la

%C%_libreplay_la_SOURCES = %D%/replay.c
%C%_libfuzz_la_SOURCES = %D%/fuzz.h %D%/input.c %D%/sim.c %D%/sim.h \
	%D%/socket.c %D%/socket.h \
	tests/support/network.c tests/support/network.h \
	tests/support/old_kernel.c tests/support/old_kernel.h

# The command, with commands.h between it and the system.
%C%_libcommands_la_CPPFLAGS = $(AM_CPPFLAGS) -DPORTLOCK_FUZZ_COMMAND \
	-include $(top_srcdir)/%D%/commands.h
%C%_libcommands_la_SOURCES = \
	lib/cli/cmd_address.c lib/cli/cmd_doctor.c lib/cli/cmd_list.c \
	lib/cli/cmd_preload.c lib/cli/cmd_run.c lib/cli/cmd_wait.c \
	lib/cli/cmd_who.c lib/cli/doctor/report.c lib/cli/main.c \
	lib/cli/message.c \
	lib/cli/rule_check.c lib/cli/rule_sources.c lib/cli/run_lock.c \
	lib/cli/seconds.c \
	lib/cli/show/busy.c lib/cli/show/facts.c lib/cli/show/json.c \
	lib/cli/show/table.c lib/cli/show/text.c

%C%_fuzz_commands_SOURCES = %D%/fuzz_commands.c %D%/commands.h
%C%_fuzz_commands_LDADD = %D%/libcommands.la $(fuzz_libraries) $(fuzz_core) \
	$(JANSSON_LIBS)
# These have some files of the command and the shim, as objects of their own.
%C%_fuzz_elf_CFLAGS = $(AM_CFLAGS)
%C%_fuzz_elf_SOURCES = %D%/fuzz_elf.c lib/cli/elf.c lib/cli/elf_imports.c \
	lib/cli/message.c lib/cli/program.c lib/cli/shim_path.c shim/symbol.c
%C%_fuzz_elf_CPPFLAGS = $(AM_CPPFLAGS) -DPKGLIBDIR='"$(pkglibdir)"'
%C%_fuzz_elf_LDADD = $(fuzz_libraries) $(fuzz_core)
%C%_fuzz_grant_SOURCES = %D%/fuzz_grant.c %D%/holder.c %D%/holder.h
%C%_fuzz_grant_LDADD = $(fuzz_libraries) $(fuzz_core)
%C%_fuzz_keys_LDADD = $(fuzz_libraries) $(fuzz_core)
%C%_fuzz_patterns_LDADD = $(fuzz_libraries) $(fuzz_core)
%C%_fuzz_proc_CFLAGS = $(AM_CFLAGS)
%C%_fuzz_proc_SOURCES = %D%/fuzz_proc.c shim/symbol.c
%C%_fuzz_proc_LDADD = $(fuzz_libraries) $(fuzz_core)
%C%_fuzz_rules_CFLAGS = $(AM_CFLAGS)
%C%_fuzz_rules_SOURCES = %D%/fuzz_rules.c lib/cli/message.c \
	lib/cli/rule_check.c lib/cli/rule_sources.c
%C%_fuzz_rules_LDADD = $(fuzz_libraries) $(fuzz_core)
%C%_fuzz_trace_CFLAGS = $(AM_CFLAGS)
%C%_fuzz_trace_SOURCES = %D%/fuzz_trace.c lib/cli/message.c \
	lib/cli/show/text.c lib/cli/trace/call.c lib/cli/trace/files.c lib/cli/trace/locks.c \
	lib/cli/trace/pattern.c lib/cli/trace/propose.c \
	lib/cli/trace/read.c lib/cli/trace/reduce.c lib/cli/trace/tell.c
%C%_fuzz_trace_LDADD = $(fuzz_libraries) $(fuzz_core)
%C%_fuzz_waiters_LDADD = $(fuzz_libraries) $(fuzz_core)

check_LTLIBRARIES += %D%/libreplay.la %D%/libfuzz.la %D%/libcommands.la
check_PROGRAMS += $(fuzz_targets)
TESTS += $(fuzz_targets)

FUZZ_SECONDS = 60
FUZZ_CC = clang

check-fuzz:
	@'$(abs_top_srcdir)/%D%/run.sh' '$(abs_top_srcdir)' '$(FUZZ_CC)' \
		'$(FUZZ_SECONDS)' '$(MAKE)' $(fuzz_targets)

.PHONY: check-fuzz

EXTRA_DIST += %D%/README.md %D%/corpus %D%/dict %D%/run.sh
