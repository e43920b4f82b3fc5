// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "card_server.h"
#include "client.h"

#define CTL_PATIENCE_MS 15000

static int connect_to(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (sock < 0)
		fail("socket: %s", strerror(errno));
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	if (!connect(sock, (struct sockaddr *)&addr, sizeof(addr)))
		return sock;
	close(sock);
	return -1;
}

/* Directory of this program. */
static void own_dir(char *dir)
{
	ssize_t n = readlink("/proc/self/exe", dir, PATH_MAX - 1);

	dir[n < 0 ? 0 : n] = '\0';
	dirname(dir);
}

static void run(const struct server *server, const char *image, uint64_t seed)
{
	char dir[PATH_MAX], program[PATH_MAX + 16], file[PATH_MAX + 64], number[24];

	own_dir(dir);
	snprintf(program, sizeof(program), "%s/fpgacard", dir);
	snprintf(file, sizeof(file), "%s/%s.json", dir, image);
	/* not installed: use the images of the source tree */
	if (access(file, R_OK))
		snprintf(file, sizeof(file), "%s/../../../sim/fpgacard/images/%s.json", dir, image);
	snprintf(number, sizeof(number), "%llu", (unsigned long long)seed);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* the kselftest runner preloads a library; sanitizers must be loaded first */
	unsetenv("LD_PRELOAD");
	execl(program, program, "--socket", server->socket, "--control", server->control,
	      "--seed", number, file, (char *)NULL);
	fail("%s: %s", program, strerror(errno));
}

void server_start(struct server *server, const char *image, uint64_t seed)
{
	const struct timespec pause = { 0, 1000000 };
	int left = 5000;

	memset(server, 0, sizeof(*server));
	snprintf(server->dir, sizeof(server->dir), "/tmp/card-host-XXXXXX");
	if (!mkdtemp(server->dir))
		fail("mkdtemp: %s", strerror(errno));
	snprintf(server->socket, sizeof(server->socket), "%s/card", server->dir);
	snprintf(server->socket1, sizeof(server->socket1), "%s/card.1", server->dir);
	snprintf(server->control, sizeof(server->control), "%s/ctl", server->dir);
	server->pid = fork();
	if (!server->pid)
		run(server, image, seed);
	while ((server->ctl = connect_to(server->control)) < 0 && left--) {
		if (waitpid(server->pid, NULL, WNOHANG) == server->pid)
			fail("the server did not start");
		nanosleep(&pause, NULL);
	}
	if (server->ctl < 0)
		fail("%s: no server listens", server->control);
}

void server_stop(struct server *server)
{
	int status;

	ctl(server, "quit");
	close(server->ctl);
	if (waitpid(server->pid, &status, 0) != server->pid || status)
		fail("the server ended with status %#x", status);
	rmdir(server->dir);
}

static const char *request(struct server *server, const char *line)
{
	uint64_t end = now_ns() + CTL_PATIENCE_MS * 1000000ull;
	size_t have = 0;

	if (send(server->ctl, line, strlen(line), MSG_NOSIGNAL) != (ssize_t)strlen(line))
		fail("control: %s", strerror(errno));
	do {
		struct pollfd p = { .fd = server->ctl, .events = POLLIN };
		int64_t left = (int64_t)(end - now_ns()) / 1000000;
		ssize_t n;

		if (poll(&p, 1, left > 0 ? (int)left : 0) != 1)
			fail("no answer to %s", line);
		n = recv(server->ctl, server->line + have, sizeof(server->line) - have - 1, 0);
		if (n <= 0)
			fail("the server went away after %s", line);
		have += (size_t)n;
		server->line[have] = '\0';
	} while (server->line[have - 1] != '\n');
	return server->line;
}

static struct json_object *vctl(struct server *server, const char *fmt, va_list ap)
{
	struct json_object *answer, *ok;
	char line[512];
	int n;

	n = vsnprintf(line, sizeof(line) - 1, fmt, ap);
	line[n++] = '\n';
	line[n] = '\0';
	answer = json_tokener_parse(request(server, line));
	if (!answer || !json_object_object_get_ex(answer, "ok", &ok))
		fail("no JSON with ok: %s", server->line);
	if (json_object_get_boolean(ok))
		return answer;
	json_object_put(answer);
	return NULL;
}

struct json_object *__ctl(struct server *server, const char *fmt, ...)
{
	struct json_object *answer;
	va_list ap;

	va_start(ap, fmt);
	answer = vctl(server, fmt, ap);
	va_end(ap);
	return answer;
}

void ctl(struct server *server, const char *fmt, ...)
{
	struct json_object *answer;
	va_list ap;

	va_start(ap, fmt);
	answer = vctl(server, fmt, ap);
	va_end(ap);
	if (!answer)
		fail("%s: refused: %s", fmt, server->line);
	json_object_put(answer);
}

static struct json_object *find(struct json_object *obj, const char *path)
{
	char copy[128], *part, *save;

	snprintf(copy, sizeof(copy), "%s", path);
	for (part = strtok_r(copy, ".", &save); part && obj; part = strtok_r(NULL, ".", &save)) {
		if (json_object_is_type(obj, json_type_array))
			obj = json_object_array_get_idx(obj, strtoul(part, NULL, 10));
		else
			json_object_object_get_ex(obj, part, &obj);
	}
	if (!obj)
		fail("status has no %s", path);
	return obj;
}

int64_t status_int(struct server *server, const char *path)
{
	struct json_object *answer = __ctl(server, "status");
	int64_t value = json_object_get_int64(find(answer, path));

	json_object_put(answer);
	return value;
}

bool status_is(struct server *server, const char *path, const char *value)
{
	struct json_object *answer = __ctl(server, "status");
	bool is = !strcmp(json_object_get_string(find(answer, path)), value);

	json_object_put(answer);
	return is;
}

char *trace_text(struct server *server)
{
	struct json_object *answer = __ctl(server, "trace"), *events = find(answer, "events");
	size_t i, size;
	FILE *out;
	char *text;

	out = open_memstream(&text, &size);
	for (i = 0; i < json_object_array_length(events); i++) {
		struct json_object *event = json_object_array_get_idx(events, i);

		fprintf(out, "%s %d: %s\n", json_object_get_string(find(event, "what")),
			json_object_object_get_ex(event, "function", NULL) ?
			json_object_get_int(find(event, "function")) : -1,
			json_object_get_string(find(event, "text")));
	}
	fclose(out);
	json_object_put(answer);
	return text;
}

unsigned int trace_count(struct server *server, const char *what, const char *text)
{
	struct json_object *answer = __ctl(server, "trace"), *events = find(answer, "events");
	unsigned int count = 0;
	size_t i;

	for (i = 0; i < json_object_array_length(events); i++) {
		struct json_object *event = json_object_array_get_idx(events, i);

		count += !strcmp(json_object_get_string(find(event, "what")), what) &&
			strstr(json_object_get_string(find(event, "text")), text);
	}
	json_object_put(answer);
	return count;
}
