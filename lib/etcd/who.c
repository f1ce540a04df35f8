/* SPDX-License-Identifier: MIT */
/* who.c - whose session it is, for people who look into etcd. */
#include "config.h"

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

static void read_command(pid_t pid, char *command, size_t size)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	file = fopen(path, "re");
	if (!file || !fgets(command, (int)size, file))
		*command = '\0';
	command[strcspn(command, "\n")] = '\0';
	if (file)
		fclose(file);
	make_plain(command);
}

char *who_value(void)
{
	struct ucred creator = { 0 };
	socklen_t length = sizeof(creator);
	char host[256] = "", command[64] = "";
	char *value;
	json_t *who;

	getsockopt(SESSION_SOCKET, SOL_SOCKET, SO_PEERCRED, &creator, &length);
	read_command(creator.pid, command, sizeof(command));
	gethostname(host, sizeof(host) - 1);
	make_plain(host);
	who = json_pack("{s:s,s:i,s:s}", "host", host, "pid", (int)creator.pid,
			"command", command);
	value = who ? json_dumps(who, JSON_COMPACT) : NULL;
	json_decref(who);
	return value;
}
