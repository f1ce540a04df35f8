# SPDX-License-Identifier: MIT
# The torture: "make check-torture", and shortly in test_torture.sh.  It needs
# no cmocka.

program_tools += %D%/torture
script_tests += %D%/test_torture.sh

%C%_torture_SOURCES = \
	%D%/actor.c \
	%D%/arena.c \
	%D%/director.c \
	%D%/draw.c \
	%D%/hand.c \
	%D%/history.c \
	%D%/keys.c \
	%D%/main.c \
	%D%/offspring.c \
	%D%/options.c \
	%D%/referee.c \
	%D%/report.c \
	%D%/slots.c \
	%D%/step.c \
	%D%/stranger.c \
	%D%/torture.h
%C%_torture_LDADD = lib/libportlock-core.la

# A minute; TORTURE_FLAGS="--seconds 900 --seed 7" makes it another one, and
# TORTURE_FLAGS=--help tells what else there is.
check-torture: %D%/torture
	@$(AM_TESTS_ENVIRONMENT) '%D%/torture' $(TORTURE_FLAGS)

.PHONY: check-torture

EXTRA_DIST += %D%/README.md
