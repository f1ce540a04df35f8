/* SPDX-License-Identifier: MIT */
/* who.c - whose session it is, for people who look into etcd. */
#include "config.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/etcd/protocol.h"
#include "lib/etcd/who.h"

/* JSON knows no bytes that are not UTF-8. */
static void make_plain(char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

static ssize_t read_file(pid_t pid, const char *name, char *text, size_t size)
{
	char path[64];
	ssize_t length;
	int fd;

	*text = '\0';
	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	length = read(fd, text, size - 1);
	close(fd);
	if (length < 0)
		length = 0;
	text[length] = '\0';
	return length;
}

static const char *next_word(const char *word, const char *end)
{
	word += strlen(word) + 1;
	return word < end ? word : end;
}

static const char *without_folder(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

const char *who_runs(const char *words, size_t size, const char *key)
{
	static const char name[] = "portlock";
	const char *end = words + size;
	const char *word = next_word(words, end);
	size_t length = strlen(words);

	if (length < strlen(name) ||
	    strcmp(words + length - strlen(name), name) != 0 ||
	    strcmp(word, "run") != 0)
		return NULL;
	while (word < end && strcmp(word, key) != 0)
		word = next_word(word, end);
	word = next_word(word, end);
	if (strcmp(word, "--") == 0)
		word = next_word(word, end);
	return word < end ? without_folder(word) : NULL;
}

/* Without arguments: they may be secrets, and who reads etcd need not be one of
 * this host. */
static void read_command(pid_t pid, const char *key, char *command, size_t size)
{
	char words[4096];
	ssize_t length = read_file(pid, "cmdline", words, sizeof(words));
	const char *runs = who_runs(words, (size_t)length, key);

	*command = '\0';
	if (runs)
		snprintf(command, size, "%s", runs);
	else
		read_file(pid, "comm", command, size);
	command[strcspn(command, "\n")] = '\0';
	make_plain(command);
}

char *who_value(const char *key)
{
	struct ucred creator = { 0 };
	socklen_t length = sizeof(creator);
	char host[256] = "", command[64] = "";
	char *value;
	json_t *who;

	getsockopt(SESSION_SOCKET, SOL_SOCKET, SO_PEERCRED, &creator, &length);
	read_command(creator.pid, key, command, sizeof(command));
	gethostname(host, sizeof(host) - 1);
	make_plain(host);
	who = json_pack("{s:s,s:i,s:s}", "host", host, "pid", (int)creator.pid,
			"command", command);
	value = who ? json_dumps(who, JSON_COMPACT) : NULL;
	json_decref(who);
	return value;
}
