# SPDX-License-Identifier: MIT
# portlock-session, the process that speaks to etcd for the handles of a host.
# Neither the library nor the shim has anything of libcurl.

if ENABLE_ETCD
pkglibexec_PROGRAMS += portlock-session
dist_man_MANS += %D%/portlock-session.8
endif
portlock_session_CPPFLAGS = $(AM_CPPFLAGS) $(LIBCURL_CFLAGS)
portlock_session_LDADD = $(LIBCURL_LIBS) $(JANSSON_LIBS)
portlock_session_SOURCES = \
	%D%/channel.c \
	%D%/channel.h \
	%D%/check.c \
	%D%/check.h \
	%D%/clock.c \
	%D%/clock.h \
	%D%/cluster.c \
	%D%/cluster.h \
	%D%/done.c \
	%D%/encode.c \
	%D%/encode.h \
	%D%/lease.c \
	%D%/lease.h \
	%D%/main.c \
	%D%/number.h \
	%D%/post.c \
	%D%/post.h \
	%D%/protocol.h \
	%D%/queue.c \
	%D%/queue.h \
	%D%/reply.c \
	%D%/secret.c \
	%D%/secret.h \
	%D%/session.c \
	%D%/session.h \
	%D%/settings.c \
	%D%/settings.h \
	%D%/step.c \
	%D%/who.c \
	%D%/who.h \
	%D%/work.c
