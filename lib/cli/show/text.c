/* SPDX-License-Identifier: MIT */
/* text.c - other people's text, made fit to be printed. */
#include "config.h"

#include <limits.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#include "lib/cli/show/show.h"

#define ELLIPSIS "\xe2\x80\xa6"

/* That of the characters alone; 0: this libc has none, all is ASCII. */
static locale_t utf8(void)
{
	static locale_t locale;

	if (!locale)
		locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	return locale;
}

/* Those that change the order of what stands around them, or cannot be seen. */
static bool is_format(wchar_t character)
{
	return (character >= 0x200b && character <= 0x200f) ||
	       (character >= 0x2028 && character <= 0x202e) ||
	       (character >= 0x2060 && character <= 0x206f) ||
	       character == 0xfeff;
}

/* Bytes of the character at the text's beginning, and its columns; 0: it is
 * not printable. */
static size_t character_at(const char *text, int *columns)
{
	mbstate_t state = { 0 };
	wchar_t character;
	size_t size;

	*columns = 1;
	if ((unsigned char)*text < 0x80)
		return *text >= ' ' && *text != 0x7f;
	size = mbrtowc(&character, text, strlen(text), &state);
	if (size == (size_t)-1 || size == (size_t)-2 || is_format(character) ||
	    !iswprint((wint_t)character))
		return 0;
	*columns = wcwidth(character);
	return *columns >= 0 ? size : 0;
}

/* Puts one character, escaped if need be, to the end; its bytes in the text. */
static size_t put(char *end, const char *text, int *columns)
{
	size_t size = character_at(text, columns);

	if (size > 0) {
		memcpy(end, text, size);
		end[size] = '\0';
		return size;
	}
	*columns = sprintf(end, "\\x%02x", (unsigned char)*text);
	return 1;
}

void show_text(char shown[SHOWN_SIZE], const char *text, int limit)
{
	locale_t previous = uselocale(utf8());
	size_t room = SHOWN_SIZE - sizeof(ELLIPSIS) - MB_LEN_MAX;
	char *end = shown, *cut = shown;
	int width = 0, columns;

	*shown = '\0';
	while (*text) {
		text += put(end, text, &columns);
		end += strlen(end);
		width += columns;
		if ((limit != NO_LIMIT && width > limit) ||
		    (size_t)(end - shown) > room) {
			strcpy(cut, ELLIPSIS);
			break;
		}
		if (limit == NO_LIMIT || width < limit)
			cut = end;
	}
	uselocale(previous);
}

void print_text(FILE *out, const char *text)
{
	locale_t previous = uselocale(utf8());
	char character[MB_LEN_MAX + 1];
	int columns;

	while (*text) {
		text += put(character, text, &columns);
		fputs(character, out);
	}
	uselocale(previous);
}

size_t printable_size(const char *text)
{
	locale_t previous = uselocale(utf8());
	int columns;
	size_t size = character_at(text, &columns);

	uselocale(previous);
	return size;
}

int text_columns(const char *shown)
{
	locale_t previous = uselocale(utf8());
	int width = 0, columns;
	size_t size;

	for (; *shown; shown += size) {
		size = character_at(shown, &columns);
		width += columns;
		size += size == 0;
	}
	uselocale(previous);
	return width;
}

void spell_gate(char word[WORD_SIZE], const char *gate)
{
	*word = '\0';
	for (; *gate; gate++) {
		if (*gate > ' ' && *gate < 0x7f && *gate != '\\')
			word += sprintf(word, "%c", *gate);
		else
			word += sprintf(word, "\\x%02x", (unsigned char)*gate);
	}
}
