# SPDX-License-Identifier: MIT
# The preload library, and the rules, which the command checks as well.

noinst_LTLIBRARIES += %D%/librules.la
%C%_librules_la_SOURCES = \
	%D%/families.c \
	%D%/key.c \
	%D%/pattern.c \
	%D%/pattern.h \
	%D%/rule_options.c \
	%D%/rule_words.c \
	%D%/rules.c \
	%D%/rules.h \
	%D%/shim.h

if ENABLE_SHIM
pkglibexec_PROGRAMS += portlock-guard
pkglib_LTLIBRARIES += %D%/portlock-shim.la %D%/portlock-trace.la
dist_man_MANS += %D%/portlock-rules.5 %D%/portlock-shim.7
endif
%C%_portlock_shim_la_LIBADD = %D%/librules.la lib/libportlock-core.la
%C%_portlock_shim_la_LDFLAGS = $(AM_LDFLAGS) $(SHARED_LDFLAGS) \
	-module -shared -avoid-version \
	-Wl,--version-script=$(shim_map)
EXTRA_%C%_portlock_shim_la_DEPENDENCIES = $(shim_map)
%C%_portlock_shim_la_SOURCES = \
	%D%/clock.c \
	%D%/env.c \
	%D%/fd_rule.c \
	%D%/fd_rule.h \
	%D%/fds.c \
	%D%/filelock.c \
	%D%/filelock.h \
	%D%/filelock_posix.c \
	%D%/filelock_seen.c \
	%D%/gate.c \
	%D%/gate.h \
	%D%/guard.c \
	%D%/heir.c \
	%D%/heir.h \
	%D%/heir_table.c \
	%D%/heir_table.h \
	%D%/hold.c \
	%D%/hold.h \
	%D%/hold_pass.c \
	%D%/hold_table.c \
	%D%/hold_table.h \
	%D%/hook_directory.c \
	%D%/hook_dl.c \
	%D%/hook_exit.c \
	%D%/hook_fcntl.c \
	%D%/hook_fd.c \
	%D%/hook_fd.h \
	%D%/hook_flock.c \
	%D%/hook_identity.c \
	%D%/hook_mutex.c \
	%D%/hook_open.c \
	%D%/hook_path.c \
	%D%/hook_sem.c \
	%D%/hook_stream.c \
	%D%/hook_sysvsem.c \
	%D%/hook_unlink.c \
	%D%/inside.c \
	%D%/kept.c \
	%D%/kept.h \
	%D%/leash.c \
	%D%/leash.h \
	%D%/liblockfile.c \
	%D%/lockfile.c \
	%D%/lockfile.h \
	%D%/lockfile_attribute.c \
	%D%/lockfile_end.c \
	%D%/lockfile_key.c \
	%D%/lockfile_link.c \
	%D%/lockfile_make.c \
	%D%/lockfile_mark.c \
	%D%/lockfile_path.c \
	%D%/lockfile_seen.c \
	%D%/lockfile_table.c \
	%D%/lockfile_table.h \
	%D%/lockfile_wait.c \
	%D%/lockfile_who.c \
	%D%/log.c \
	%D%/lost.c \
	%D%/lost.h \
	%D%/lost/protocol.h \
	%D%/memory.c \
	%D%/mutex.c \
	%D%/mutex.h \
	%D%/mutex_name.c \
	%D%/mutex_table.c \
	%D%/open.h \
	%D%/opened.c \
	%D%/passwd.c \
	%D%/path.c \
	%D%/path.h \
	%D%/real.c \
	%D%/real.h \
	%D%/recent.c \
	%D%/recent.h \
	%D%/semaphore.c \
	%D%/semaphore.h \
	%D%/semaphore_mark.c \
	%D%/semaphore_table.c \
	%D%/signals.c \
	%D%/symbol.c \
	%D%/symbol.h \
	%D%/sysvsem.c \
	%D%/sysvsem.h \
	%D%/sysvsem_table.c \
	%D%/sysvsem_take.c \
	%D%/tie.c \
	%D%/turn.c \
	%D%/unix_lines.c \
	%D%/unix_lines.h \
	%D%/who.c

# 32-bit libcs have more names.
if TIME64_NAMES
%C%_portlock_shim_la_SOURCES += %D%/hook_time64.c
shim_map = %D%/shim32.map
CLEANFILES += %D%/shim32.map
%D%/shim32.map: %D%/shim.map %D%/time64.map
	$(AM_V_GEN)sed '/^global:/r $(srcdir)/%D%/time64.map' \
		$(srcdir)/%D%/shim.map >$@
else
shim_map = $(srcdir)/%D%/shim.map
endif

# What portlock preload --trace puts before the shim.
%C%_portlock_trace_la_LIBADD =
%C%_portlock_trace_la_LDFLAGS = $(AM_LDFLAGS) $(SHARED_LDFLAGS) \
	-module -shared -avoid-version \
	-Wl,--version-script=$(srcdir)/%D%/trace/trace.map
EXTRA_%C%_portlock_trace_la_DEPENDENCIES = %D%/trace/trace.map
%C%_portlock_trace_la_SOURCES = \
	%D%/mutex_name.c \
	%D%/path.c \
	%D%/real.c \
	%D%/symbol.c \
	%D%/trace/hook_file.c \
	%D%/trace/hook_mutex.c \
	%D%/trace/hook_open.c \
	%D%/trace/hook_path.c \
	%D%/trace/hook_sem.c \
	%D%/trace/hook_sysvsem.c \
	%D%/trace/seen.c \
	%D%/trace/trace.h \
	%D%/trace/write.c

# What ends a process that loses a lock of a cluster.
portlock_guard_LDADD =
portlock_guard_SOURCES = \
	%D%/lost/file.c \
	%D%/lost/guard.h \
	%D%/lost/keep.c \
	%D%/lost/main.c \
	%D%/lost/processes.c \
	%D%/lost/protocol.h \
	%D%/lost/say.c \
	%D%/lost/sharers.c \
	%D%/lost/thread.c \
	%D%/lost/victims.c

EXTRA_DIST += %D%/trace/README.md %D%/trace/trace.map
EXTRA_DIST += %D%/PROGRAMS.md %D%/README.md %D%/shim.map %D%/time64.map
