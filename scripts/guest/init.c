// SPDX-License-Identifier: GPL-2.0-only
/*
 * PID 1 of a test guest: mounts what tests need, runs commands one after another, reports.
 *
 * Serial lines: ttyS0 is the kernel console, ttyS1 the verdict channel, ttyS2 and ttyS3 the
 * commands' stdout and stderr.  On the verdict channel one line per event:
 *	begin NAME		this command is about to start
 *	exit N / signal N	how it ended
 *	taint HEX		/proc/sys/kernel/tainted after it
 *	seconds N		how long it took
 *	unclean WHY		no further command can run in this guest
 *	ended NAME		everything about this command is said
 *	kmemleak N		how many leaks two scans found (kernels that have kmemleak)
 *	end			everything above is complete
 * Command number N is in /.vm/command.N: NUL-terminated strings, its name, the seconds after
 * which the kernel logs what its CPUs and blocked tasks do, then the arguments.
 * /.vm/options has words for this program: marks, no-kmemleak, power-off.  With "marks" every
 * command's part of the console begins with a line "vm: begin NAME", and its part of stdout and
 * of stderr with a line of \001 and NAME; the rest of the console begins with "vm: end".
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define KMEMLEAK "/sys/kernel/debug/kmemleak"

static int verdict_fd = -1;
static bool power_off, marks;

static const struct {
	const char *fstype, *dir, *data;
} mounts[] = {
	{ "proc", "/proc", NULL },
	{ "sysfs", "/sys", NULL },
	{ "devtmpfs", "/dev", NULL },
	{ "devpts", "/dev/pts", NULL },
	{ "tmpfs", "/dev/shm", NULL },
	{ "tmpfs", "/tmp", "mode=1777" },
	{ "tmpfs", "/run", NULL },
	{ "debugfs", "/sys/kernel/debug", NULL },
	{ "tracefs", "/sys/kernel/tracing", NULL },
	{ "cgroup2", "/sys/fs/cgroup", NULL },
};

__attribute__((format(printf, 1, 2)))
static void verdict(const char *fmt, ...)
{
	char line[128];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (verdict_fd < 0 || write(verdict_fd, line, n) != n)
		fprintf(stderr, "init: verdict lost: %s", line);
	else
		tcdrain(verdict_fd);
}

__attribute__((noreturn))
static void stop(void)
{
	sync();
	/* QEMU runs with -no-reboot; UML would start again. */
	reboot(power_off ? RB_POWER_OFF : RB_AUTOBOOT);
	for (;;)
		pause();
}

__attribute__((noreturn))
static void fail(const char *what)
{
	fprintf(stderr, "init: %s: %s\n", what, strerror(errno));
	verdict("init-failed %s\n", what);
	stop();
}

static int open_line(const char *path)
{
	struct termios t;
	int fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	if (!tcgetattr(fd, &t)) {
		cfmakeraw(&t);
		cfsetspeed(&t, B115200);
		tcsetattr(fd, TCSANOW, &t);
	}
	return fd;
}

static char *slurp(const char *path, size_t *len)
{
	size_t cap = 1 << 16, n = 0;
	char *buf = malloc(cap);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0 || !buf)
		return NULL;
	while ((got = read(fd, buf + n, cap - n - 1)) > 0) {
		n += got;
		if (n + 1 == cap) {
			cap *= 2;
			buf = realloc(buf, cap);
			if (!buf)
				return NULL;
		}
	}
	close(fd);
	buf[n] = '\0';
	if (len)
		*len = n;
	return buf;
}

static int put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = write(fd, text, strlen(text));
	close(fd);
	return n < 0 ? -1 : 0;
}

static void put_line(const char *path, const char *text)
{
	int fd = open_line(path);

	if (fd < 0)
		return;
	if (write(fd, text, strlen(text)) >= 0)
		tcdrain(fd);
	close(fd);
}

static void mount_all(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(mounts); i++) {
		mkdir(mounts[i].dir, 0755);
		if (mount(mounts[i].fstype, mounts[i].dir, mounts[i].fstype, 0, mounts[i].data) &&
		    errno != EBUSY && errno != ENODEV && errno != ENOENT)
			fprintf(stderr, "init: mount %s: %s\n", mounts[i].dir, strerror(errno));
	}
	symlink("/proc/self/fd", "/dev/fd");
	symlink("/proc/self/fd/0", "/dev/stdin");
	symlink("/proc/self/fd/1", "/dev/stdout");
	symlink("/proc/self/fd/2", "/dev/stderr");
}

/* The strings of command number @nr, up to a NULL; NULL when there is no such command. */
static char **read_command(int nr)
{
	size_t len = 0, i, n = 0;
	char path[32], *buf, **strings;

	snprintf(path, sizeof(path), "/.vm/command.%d", nr);
	buf = slurp(path, &len);
	if (!buf || !len)
		return NULL;
	strings = calloc(len + 1, sizeof(*strings));
	if (!strings)
		fail("out of memory");
	for (i = 0; i < len; i += strlen(buf + i) + 1)
		strings[n++] = buf + i;
	return strings;
}

/* Say on the console and on both output lines that what follows is @name's. */
static void mark(const char *name)
{
	static const char * const lines[] = { "/dev/ttyS2", "/dev/ttyS3" };
	char text[256];
	size_t i;

	if (!marks)
		return;
	snprintf(text, sizeof(text), *name ? "<5>vm: begin %s\n" : "<5>vm: end\n", name);
	put("/dev/kmsg", text);
	snprintf(text, sizeof(text), "\n\001%s\n", name);
	for (i = 0; i < ARRAY_SIZE(lines); i++)
		put_line(lines[i], text);
}

static pid_t spawn(char **argv)
{
	pid_t pid = fork();
	int in, out, err;

	if (pid)
		return pid;
	setsid();
	in = open("/dev/null", O_RDONLY);
	out = open_line("/dev/ttyS2");
	err = open_line("/dev/ttyS3");
	if (in < 0 || out < 0 || err < 0)
		fail("open serial lines");
	dup2(in, 0);
	dup2(out, 1);
	dup2(err, 2);
	execvp(argv[0], argv);
	fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

/* Reap everything until the command itself ends. */
static int wait_for(pid_t pid)
{
	int status;
	pid_t got;

	do {
		got = wait(&status);
	} while (got != pid && (got > 0 || errno == EINTR));
	return got == pid ? status : -1;
}

/*
 * Before the host gives up on a guest that hangs, have the kernel say where its
 * CPUs and its blocked tasks are.
 */
static pid_t watch_for_hang(int seconds)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	sleep(seconds);
	fprintf(stderr, "init: the command does not end; CPUs and blocked tasks:\n");
	put("/proc/sysrq-trigger", "l");
	put("/proc/sysrq-trigger", "w");
	_exit(0);
}

/* Let what the command wrote leave the serial ports before the machine stops. */
static void drain_lines(void)
{
	static const char * const lines[] = { "/dev/ttyS2", "/dev/ttyS3" };
	size_t i;
	int fd;

	for (i = 0; i < ARRAY_SIZE(lines); i++) {
		fd = open_line(lines[i]);
		if (fd >= 0) {
			tcdrain(fd);
			close(fd);
		}
	}
}

/*
 * kmemleak reports an object only when a second scan finds its contents unchanged
 * and it is more than five seconds old.
 */
static void report_leaks(void)
{
	time_t start = time(NULL);
	int count = 0;
	char *text, *p;

	if (access(KMEMLEAK, W_OK) || put(KMEMLEAK, "scan"))
		return;
	while (time(NULL) < start + 6)
		usleep(100000);
	put(KMEMLEAK, "scan");
	text = slurp(KMEMLEAK, NULL);
	for (p = text; p && (p = strstr(p, "unreferenced object")); p++)
		count++;
	if (count)
		fprintf(stderr, "%s", text);
	verdict("kmemleak %d\n", count);
}

static void report_taint(void)
{
	char *text = slurp("/proc/sys/kernel/tainted", NULL);

	verdict("taint %lx\n", text ? strtoul(text, NULL, 10) : 0);
}

/* Processes that the command left go too, but those that the kernel does not let go. */
static void kill_leftovers(void)
{
	pid_t got;
	int i;

	kill(-1, SIGKILL);
	for (i = 0; i < 50; i++) {
		do {
			got = waitpid(-1, NULL, WNOHANG);
		} while (got > 0);
		if (got < 0 && errno == ECHILD)
			return;
		usleep(20000);
	}
}

static void remove_cgroups(void)
{
	DIR *dir = opendir("/sys/fs/cgroup");
	struct dirent *e;
	char path[sizeof("/sys/fs/cgroup/") + sizeof(e->d_name)];

	while (dir && (e = readdir(dir))) {
		if (e->d_type != DT_DIR || e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/sys/fs/cgroup/%s", e->d_name);
		rmdir(path);
	}
	if (dir)
		closedir(dir);
}

/* What a command leaves of itself must not decide how the next one ends. */
static bool clean_up(int status)
{
	char *modules;

	kill_leftovers();
	remove_cgroups();
	umount2("/tmp", MNT_DETACH);
	mount("tmpfs", "/tmp", "tmpfs", 0, "mode=1777");
	/* A warning that is given once is given once to each command. */
	put("/sys/kernel/debug/clear_warn_once", "1");
	modules = slurp("/proc/modules", NULL);
	if (status)
		verdict("unclean the command failed\n");
	else if (modules && strstr(modules, "pbuddy"))
		verdict("unclean a module is still loaded\n");
	else
		return true;
	return false;
}

/* Run one command and report; whether the guest can run another. */
static bool run_command(char **strings, bool last)
{
	time_t start = time(NULL);
	bool clean = true;
	pid_t watch;
	int status;

	mark(strings[0]);
	verdict("begin %s\n", strings[0]);
	watch = watch_for_hang(atoi(strings[1]));
	status = wait_for(spawn(strings + 2));
	kill(watch, SIGKILL);
	drain_lines();
	if (WIFSIGNALED(status))
		verdict("signal %d\n", WTERMSIG(status));
	else
		verdict("exit %d\n", WEXITSTATUS(status));
	report_taint();
	verdict("seconds %ld\n", (long)(time(NULL) - start));
	if (!last)
		clean = clean_up(status);
	verdict("ended %s\n", strings[0]);
	return clean;
}

int main(void)
{
	char *options, **command, **next;
	int nr, fd;

	mount_all();
	/* Our own messages go to the console, whatever the kernel gave us. */
	fd = open("/dev/console", O_RDWR);
	if (fd >= 0) {
		dup2(fd, 0);
		dup2(fd, 1);
		dup2(fd, 2);
	}
	verdict_fd = open_line("/dev/ttyS1");
	options = slurp("/.vm/options", NULL);
	power_off = options && strstr(options, "power-off");
	marks = options && strstr(options, "marks");
	command = read_command(0);
	if (!command)
		fail("no command");
	setenv("PATH", "/bin:/sbin:/usr/bin:/usr/sbin:/", 1);
	setenv("HOME", "/tmp", 1);
	setenv("TERM", "dumb", 1);
	if (chdir("/"))
		fail("chdir");

	for (nr = 1; command; nr++, command = next) {
		next = read_command(nr);
		if (!run_command(command, !next))
			break;
	}
	mark("");
	if (!options || !strstr(options, "no-kmemleak"))
		report_leaks();
	verdict("end\n");
	stop();
}
