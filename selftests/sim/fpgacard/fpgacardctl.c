// SPDX-License-Identifier: GPL-2.0
/* fpgacardctl: send one command to a simulated card and print the answer. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static void print_usage(FILE *file)
{
	fputs("usage: fpgacardctl [-s SOCKET] [--json] COMMAND [ARGUMENT...]\n"
	      "  -s      control socket of the card (or the virtio-serial port that leads\n"
	      "          to it), otherwise $FPGACARD_CTL\n"
	      "  --json  the answer as it is\n"
	      "\"fpgacardctl help\" lists the commands. Exit: 0 done, 1 refused, 2 usage, 3 no card.\n",
	      file);
}

/* In a guest the control socket is a virtio-serial port, which allows one open at a time. */
static FILE *open_port(const char *path)
{
	const struct timespec pause = { 0, 20000000 };
	int fd, left = 500;

	while ((fd = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY)) < 0 && errno == EBUSY && left--)
		nanosleep(&pause, NULL);
	return fd < 0 ? NULL : fdopen(fd, "r+");
}

static FILE *connect_to(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct stat st;
	int sock;

	if (!stat(path, &st) && S_ISCHR(st.st_mode))
		return open_port(path);
	if (strlen(path) >= sizeof(addr.sun_path)) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	memcpy(addr.sun_path, path, strlen(path) + 1);
	sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (sock < 0)
		return NULL;
	if (connect(sock, (struct sockaddr *)&addr, sizeof(addr))) {
		close(sock);
		return NULL;
	}
	return fdopen(sock, "r+");
}

/* Resolve file names here: the server has another working directory. */
static const char *full_path(const char *arg, char **keep)
{
	if (!strchr(arg, '/') || arg[0] == '/')
		return arg;
	*keep = realpath(arg, NULL);
	return *keep ? *keep : arg;
}

static void request(FILE *card, int argc, char **argv)
{
	int i;

	fprintf(card, "@%d", (int)getpid());
	for (i = 0; i < argc; i++) {
		char *keep = NULL;
		const char *arg = full_path(argv[i], &keep);

		fprintf(card, strchr(arg, ' ') ? " '%s'" : " %s", arg);
		free(keep);
	}
	fputc('\n', card);
	fflush(card);
}

static const char *text(struct json_object *obj, const char *key)
{
	struct json_object *value;

	return json_object_object_get_ex(obj, key, &value) ? json_object_get_string(value) : "";
}

static void print_list(struct json_object *list, void (*print)(struct json_object *item))
{
	size_t i;

	for (i = 0; i < json_object_array_length(list); i++)
		print(json_object_array_get_idx(list, i));
}

static void print_event(struct json_object *item)
{
	long long us = json_object_get_int64(json_object_object_get(item, "us"));
	struct json_object *fn;

	printf("%6s %6lld.%06lld ", text(item, "seq"), us / 1000000, us % 1000000);
	if (json_object_object_get_ex(item, "function", &fn))
		printf("fn%s ", json_object_get_string(fn));
	printf("%s: %s\n", text(item, "what"), text(item, "text"));
}

static void print_command(struct json_object *item)
{
	printf("%s %s\n\t%s\n", text(item, "name"), text(item, "usage"), text(item, "about"));
}

/* Print everything below "key" as lines of path and value. */
static void print_flat(const char *path, struct json_object *value)
{
	char deeper[200];
	size_t i;

	if (json_object_is_type(value, json_type_object)) {
		json_object_object_foreach(value, key, child) {
			snprintf(deeper, sizeof(deeper), "%s%s%s", path, *path ? "." : "", key);
			print_flat(deeper, child);
		}
	} else if (json_object_is_type(value, json_type_array)) {
		for (i = 0; i < json_object_array_length(value); i++) {
			snprintf(deeper, sizeof(deeper), "%s.%zu", path, i);
			print_flat(deeper, json_object_array_get_idx(value, i));
		}
	} else {
		printf("%-40s %s\n", path, json_object_get_string(value));
	}
}

static void print_answer(struct json_object *answer)
{
	struct json_object *list;

	json_object_object_del(answer, "ok");
	json_object_object_del(answer, "id");
	if (json_object_object_get_ex(answer, "commands", &list))
		print_list(list, print_command);
	else if (json_object_object_get_ex(answer, "events", &list) &&
		 json_object_is_type(list, json_type_array))
		print_list(list, print_event);
	else
		print_flat("", answer);
}

/* Return -1 for a reply to an earlier client that did not wait for it. */
static int handle(const char *line, int is_json, const char *command)
{
	struct json_object *answer = json_tokener_parse(line), *ok;
	int rc = 1;

	if (answer && atoi(text(answer, "id")) != (int)getpid()) {
		json_object_put(answer);
		return -1;
	}
	if (!answer || !json_object_object_get_ex(answer, "ok", &ok)) {
		fprintf(stderr, "fpgacardctl: %s: no answer that can be understood\n", command);
		json_object_put(answer);
		return 1;
	}
	if (json_object_get_boolean(ok))
		rc = 0;
	else
		fprintf(stderr, "fpgacardctl: %s: %s\n", command, text(answer, "error"));
	if (is_json)
		fputs(line, stdout);
	else if (!rc)
		print_answer(answer);
	json_object_put(answer);
	return rc;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 }
	};
	const char *path = getenv("FPGACARD_CTL");
	int opt, is_json = 0, rc;
	char *line = NULL;
	size_t room = 0;
	FILE *card;

	while ((opt = getopt_long(argc, argv, "+s:jh", options, NULL)) != -1) {
		switch (opt) {
		case 's':
			path = optarg;
			break;
		case 'j':
			is_json = 1;
			break;
		case 'h':
			print_usage(stdout);
			return 0;
		default:
			print_usage(stderr);
			return 2;
		}
	}
	/* accept --json after the command, too */
	if (argc > optind && !strcmp(argv[argc - 1], "--json")) {
		is_json = 1;
		argc--;
	}
	if (!path || optind == argc) {
		print_usage(stderr);
		return 2;
	}
	card = connect_to(path);
	if (!card) {
		fprintf(stderr, "fpgacardctl: %s: %s\n", path, strerror(errno));
		return 3;
	}
	request(card, argc - optind, argv + optind);
	do {
		if (getline(&line, &room, card) < 0) {
			fprintf(stderr, "fpgacardctl: %s: the card went away\n", argv[optind]);
			rc = 3;
			break;
		}
		rc = handle(line, is_json, argv[optind]);
	} while (rc < 0);
	free(line);
	fclose(card);
	return rc;
}
