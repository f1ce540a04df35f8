/* SPDX-License-Identifier: MIT */
/* victim_names.h - what victim_names can be told. */
#ifndef PORTLOCK_TESTS_VICTIM_NAMES_H
#define PORTLOCK_TESTS_VICTIM_NAMES_H

#define VICTIM_NAMES_COMMANDS(X)                                               \
	X(nothing)                                                             \
	X(renamed) /* opens out/x twice, makes it in/x, and opens that */      \
	X(renamed_later)                                                       \
	X(linked)   /* opens in/x, a second name of out/x */                   \
	X(switched) /* opens here/x, a link to out/x, then one to in/x */      \
	X(pointed)  /* opens out/x, then in/link, which leads there */         \
	X(upgraded) /* opens in/x just for reading, then for writing */        \
	X(close)

enum victim_names_command {
#define VICTIM_NAMES_NUMBER(name) NAMES_##name,
	VICTIM_NAMES_COMMANDS(VICTIM_NAMES_NUMBER)
#undef VICTIM_NAMES_NUMBER
};

#endif
