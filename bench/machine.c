/* SPDX-License-Identifier: MIT */
/* machine.c - where it was measured. */
#include "config.h"

#include <glob.h>
#include <limits.h>
#include <mntent.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "bench/machine.h"

#define CPU "/sys/devices/system/cpu/"
#define CLOCK "/sys/devices/system/clocksource/clocksource0/"
#define LINE_SIZE 4096 /* of /proc/cpuinfo: the flags are many */

/* Adds a fact, unless there is no text. */
__attribute__((format(printf, 3, 4))) static void
add(struct machine *machine, const char *name, const char *format, ...)
{
	struct fact *fact = &machine->facts[machine->count];
	va_list arguments;

	if (machine->count == FACTS_MAX)
		return;
	va_start(arguments, format);
	vsnprintf(fact->text, sizeof(fact->text), format, arguments);
	va_end(arguments);
	fact->name = name;
	if (*fact->text)
		machine->count++;
}

/* The first line of a file; "" if there is none. */
static const char *line_of(const char *path, char line[LINE_SIZE])
{
	FILE *file = fopen(path, "re");

	*line = '\0';
	if (!file)
		return line;
	if (!fgets(line, LINE_SIZE, file))
		*line = '\0';
	fclose(file);
	line[strcspn(line, "\n")] = '\0';
	return line;
}

/* What /proc/cpuinfo says of the first processor; "" if nothing. */
static const char *cpuinfo(const char *name, char line[LINE_SIZE])
{
	FILE *file = fopen("/proc/cpuinfo", "re");
	size_t length = strlen(name);

	while (file && fgets(line, LINE_SIZE, file)) {
		char *colon = strchr(line, ':');

		if (strncmp(line, name, length) != 0 || !colon)
			continue;
		fclose(file);
		colon[strcspn(colon, "\n")] = '\0';
		return colon + 1 + strspn(colon + 1, " ");
	}
	if (file)
		fclose(file);
	return "";
}

static void add_program(struct machine *machine)
{
	time_t now = time(NULL);
	struct tm utc;
	char date[32];

	strftime(date, sizeof(date), "%Y-%m-%d %H:%M UTC",
		 gmtime_r(&now, &utc));
	add(machine, "date", "%s", date);
	add(machine, "portlock", "%s", PACKAGE_VERSION);
#ifdef __clang__
	add(machine, "compiler", "clang %s", __clang_version__);
#else
	add(machine, "compiler", "gcc %s", __VERSION__);
#endif
}

static void add_processors(struct machine *machine)
{
	char line[LINE_SIZE];
	const char *model = cpuinfo("model name", line);
	long all = sysconf(_SC_NPROCESSORS_ONLN);
	cpu_set_t ours;
	int count = (int)all;

	add(machine, "processor", "%s",
	    *model ? model : cpuinfo("Processor", line));
	if (sched_getaffinity(0, sizeof(ours), &ours) == 0)
		count = CPU_COUNT(&ours);
	if (count < all)
		add(machine, "processors", "%d of %ld", count, all);
	else
		add(machine, "processors", "%d", count);
}

static void add_memory(struct machine *machine)
{
	struct sysinfo info;

	if (sysinfo(&info) == 0)
		add(machine, "memory", "%.1f GiB",
		    (double)info.totalram * info.mem_unit / (1 << 30));
}

static void add_kernel(struct machine *machine)
{
	struct utsname name;
	char line[LINE_SIZE];

	if (uname(&name) == 0)
		add(machine, "kernel", "%s %s, %s", name.sysname, name.release,
		    name.machine);
	add(machine, "clock source", "%s",
	    line_of(CLOCK "current_clocksource", line));
}

static void add_hypervisor(struct machine *machine)
{
	char line[LINE_SIZE], vendor[LINE_SIZE], product[LINE_SIZE];
	const char *flags = cpuinfo("flags", line);

	if (!*flags)
		return; /* not a processor that would tell */
	if (!strstr(flags, " hypervisor")) {
		add(machine, "virtual machine", "no");
		return;
	}
	line_of("/sys/class/dmi/id/sys_vendor", vendor);
	line_of("/sys/class/dmi/id/product_name", product);
	if (*vendor || *product)
		add(machine, "virtual machine", "yes: %.99s%s%.99s", vendor,
		    *vendor && *product ? ", " : "", product);
	else if (*line_of("/sys/hypervisor/type", line))
		add(machine, "virtual machine", "yes: %s", line);
	else
		add(machine, "virtual machine", "yes, of unknown kind");
}

static void add_sleep(struct machine *machine)
{
	char driver[LINE_SIZE], governor[LINE_SIZE];

	line_of(CPU "cpuidle/current_driver", driver);
	if (strcmp(driver, "none") == 0)
		add(machine, "cpuidle", "no driver");
	else if (*driver)
		add(machine, "cpuidle", "%.99s, governor %.99s", driver,
		    line_of(CPU "cpuidle/current_governor", governor));
	line_of(CPU "cpufreq/policy0/scaling_driver", driver);
	if (*driver)
		add(machine, "cpufreq", "%.99s, governor %.99s", driver,
		    line_of(CPU "cpufreq/policy0/scaling_governor", governor));
}

/* Adds a name to a list with commas; what does not fit is left out. */
static void append(char *list, size_t size, const char *name)
{
	size_t used = strlen(list);

	snprintf(list + used, size - used, "%s%s", used ? ", " : "", name);
}

static void add_mitigations(struct machine *machine)
{
	static const char folder[] = CPU "vulnerabilities/";
	char on[200] = "", off[200] = "", line[LINE_SIZE];
	glob_t found;

	if (glob(CPU "vulnerabilities/*", 0, NULL, &found) != 0)
		return;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		const char *name = found.gl_pathv[i] + strlen(folder);

		line_of(found.gl_pathv[i], line);
		if (strncmp(line, "Mitigation", strlen("Mitigation")) == 0)
			append(on, sizeof(on), name);
		else if (strncmp(line, "Vulnerable", strlen("Vulnerable")) == 0)
			append(off, sizeof(off), name);
	}
	globfree(&found);
	add(machine, "mitigations", "%s", on);
	add(machine, "vulnerable", "%s", off);
}

/* True if that mount point is the path or above it. */
static bool is_above(const char *point, const char *path)
{
	size_t length = strlen(point);

	if (strcmp(point, "/") == 0)
		return true;
	return strncmp(point, path, length) == 0 &&
	       (path[length] == '/' || path[length] == '\0');
}

static void add_file_system(struct machine *machine, const char *folder)
{
	char path[PATH_MAX], type[64] = "";
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	struct mntent *mount;
	size_t longest = 0;

	/* Of mounts on one point, the last one is seen. */
	while (mounts && realpath(folder, path) && (mount = getmntent(mounts)))
		if (is_above(mount->mnt_dir, path) &&
		    strlen(mount->mnt_dir) >= longest) {
			longest = strlen(mount->mnt_dir);
			snprintf(type, sizeof(type), "%s", mount->mnt_type);
		}
	if (mounts)
		endmntent(mounts);
	add(machine, "lock files on", "%s", type);
}

static void add_load(struct machine *machine)
{
	double load[3];

	if (getloadavg(load, 3) == 3)
		add(machine, "load at start", "%.2f %.2f %.2f", load[0],
		    load[1], load[2]);
}

void machine_read(struct machine *machine, const char *folder)
{
	*machine = (struct machine){ 0 };
	add_program(machine);
	add_processors(machine);
	add_memory(machine);
	add_kernel(machine);
	add_hypervisor(machine);
	add_sleep(machine);
	add_mitigations(machine);
	add_file_system(machine, folder);
	add_load(machine);
}

const char *machine_fact(const struct machine *machine, const char *name)
{
	for (int i = 0; i < machine->count; i++)
		if (strcmp(machine->facts[i].name, name) == 0)
			return machine->facts[i].text;
	return "";
}
