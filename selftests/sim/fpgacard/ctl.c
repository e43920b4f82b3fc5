// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bytes.h"
#include "ctl.h"
#include "number.h"

bool ctl_fail(struct ctl_call *call, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(call->error, sizeof(call->error), fmt, ap);
	va_end(ap);
	return false;
}

bool ctl_number(struct ctl_call *call, const char *text, uint64_t min, uint64_t max,
		uint64_t *number)
{
	if (!number_parse(text, number))
		return ctl_fail(call, "%s: not a number", text);
	if (*number < min || *number > max)
		return ctl_fail(call, "%s: not in %llu..%llu", text, (unsigned long long)min,
				(unsigned long long)max);
	return true;
}

const char *ctl_arg(const struct ctl_call *call, int nr)
{
	return nr < call->argc ? call->argv[nr] : "";
}

void ctl_add_uint(struct json_object *obj, const char *key, uint64_t value)
{
	json_object_object_add(obj, key, json_object_new_uint64(value));
}

void ctl_add_text(struct json_object *obj, const char *key, const char *value)
{
	json_object_object_add(obj, key, json_object_new_string(value));
}

void ctl_add_bool(struct json_object *obj, const char *key, bool value)
{
	json_object_object_add(obj, key, json_object_new_boolean(value));
}

void ctl_add_hex(struct json_object *obj, const char *key, unsigned int digits, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%0*llx", (int)digits, (unsigned long long)value);
	ctl_add_text(obj, key, text);
}

static const struct ctl_command *find(const struct ctl *ctl, const char *name)
{
	const struct ctl_command * const *table;
	const struct ctl_command *command;

	for (table = ctl->tables; *table; table++)
		for (command = *table; command->name; command++)
			if (!strcmp(command->name, name))
				return command;
	return NULL;
}

/* Split into words; '...' quotes spaces. */
static int split(char *line, char **argv)
{
	int argc = 0;

	for (;;) {
		char end = ' ';

		line += strspn(line, " \t\r");
		if (!*line || argc == CTL_ARGS)
			return argc;
		if (*line == '\'') {
			end = '\'';
			line++;
		}
		argv[argc++] = line;
		line = strchr(line, end);
		if (!line)
			return argc;
		*line++ = '\0';
	}
}

static struct json_object *finish(struct ctl_call *call, bool is_ok)
{
	struct json_object *answer = call->answer;

	ctl_add_bool(answer, "ok", is_ok);
	if (call->id[0])
		ctl_add_text(answer, "id", call->id);
	if (!is_ok)
		ctl_add_text(answer, "error", call->error);
	call->answer = NULL;
	return answer;
}

struct json_object *ctl_run(struct ctl_call *call, char *line)
{
	const struct ctl_command *command;
	char *argv[CTL_ARGS];
	bool is_ok;

	call->answer = json_object_new_object();
	call->error[0] = '\0';
	call->until = NULL;
	call->argv = argv;
	call->argc = split(line, argv);
	call->id[0] = '\0';
	if (call->argc && argv[0][0] == '@') {
		snprintf(call->id, sizeof(call->id), "%s", argv[0] + 1);
		call->argv++;
		call->argc--;
	}
	command = call->argc ? find(call->ctl, call->argv[0]) : NULL;
	if (!command) {
		ctl_fail(call, "%.60s: no such command; help lists them", ctl_arg(call, 0));
		return finish(call, false);
	}
	is_ok = command->run(call);
	call->argv = NULL;
	if (!is_ok && !call->error[0])
		ctl_fail(call, "usage: %s %s", command->name, command->usage);
	if (is_ok && call->until && !call->until(call, call->card))
		return NULL;
	return finish(call, is_ok);
}

void ctl_init(struct ctl *ctl, struct card *card, const struct ctl_command * const *tables)
{
	unsigned int i;

	memset(ctl, 0, sizeof(*ctl));
	ctl->card = card;
	ctl->tables = tables;
	for (i = 0; i < CTL_CLIENTS; i++)
		ctl->client[i].sock = -1;
}

static void client_close(struct ctl_client *client)
{
	if (client->sock >= 0)
		close(client->sock);
	free(client->out);
	json_object_put(client->waiting.answer);
	memset(client, 0, sizeof(*client));
	client->sock = -1;
}

void ctl_exit(struct ctl *ctl)
{
	unsigned int i;

	for (i = 0; i < CTL_CLIENTS; i++)
		client_close(&ctl->client[i]);
}

bool ctl_add(struct ctl *ctl, int sock)
{
	unsigned int i;

	for (i = 0; i < CTL_CLIENTS; i++) {
		if (ctl->client[i].sock < 0) {
			ctl->client[i].sock = sock;
			return true;
		}
	}
	return false;
}

static void put(struct ctl *ctl, struct ctl_client *client, struct json_object *answer)
{
	const char *text = json_object_to_json_string_ext(answer, JSON_C_TO_STRING_PLAIN |
							  JSON_C_TO_STRING_NOSLASHESCAPE);
	size_t len = strlen(text);
	char *out = realloc(client->out, client->out_len + len + 1);

	if (!out)
		abort();
	memcpy(out + client->out_len, text, len + 1);
	out[client->out_len + len] = '\n';
	client->out = out;
	client->out_len += len + 1;
	json_object_put(answer);
	ctl_writable(ctl, client);
}

void ctl_writable(struct ctl *ctl, struct ctl_client *client)
{
	ssize_t n;

	(void)ctl;
	if (!client->out_len)
		return;
	n = send(client->sock, client->out, client->out_len, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		client_close(client);
		return;
	}
	if (n > 0) {
		client->out_len -= (size_t)n;
		memmove(client->out, client->out + n, client->out_len);
	}
}

/* Run the complete lines received, up to one that has to wait. */
static void lines(struct ctl *ctl, struct ctl_client *client)
{
	while (client->sock >= 0 && !client->waiting.until) {
		char *end = memchr(client->in, '\n', client->in_len);
		char line[CTL_LINE];
		struct json_object *answer;
		size_t len;

		if (!end)
			return;
		*end++ = '\0';
		len = (size_t)(end - client->in);
		memcpy(line, client->in, len);
		client->in_len -= len;
		memmove(client->in, end, client->in_len);
		card_tick(ctl->card);
		client->waiting.card = ctl->card;
		client->waiting.ctl = ctl;
		answer = ctl_run(&client->waiting, line);
		if (answer) {
			client->waiting.until = NULL;
			put(ctl, client, answer);
		}
	}
}

void ctl_readable(struct ctl *ctl, struct ctl_client *client)
{
	ssize_t n = recv(client->sock, client->in + client->in_len,
			 sizeof(client->in) - client->in_len, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	/* an overlong line leaves no room and closes the client, too */
	if (n <= 0) {
		client_close(client);
		return;
	}
	client->in_len += (size_t)n;
	lines(ctl, client);
}

void ctl_tick(struct ctl *ctl)
{
	uint64_t now = card_now(ctl->card);
	unsigned int i;

	for (i = 0; i < CTL_CLIENTS; i++) {
		struct ctl_client *client = &ctl->client[i];
		struct ctl_call *call = &client->waiting;
		bool holds;

		if (client->sock < 0 || !call->until)
			continue;
		holds = call->until(call, ctl->card);
		if (!holds && now < call->until_end)
			continue;
		if (!holds)
			ctl_fail(call, "%s: not within the time", call->until_word);
		call->until = NULL;
		put(ctl, client, finish(call, holds));
		lines(ctl, client);
	}
}

uint64_t ctl_next(const struct ctl *ctl)
{
	uint64_t at = LIFE_NEVER;
	unsigned int i;

	for (i = 0; i < CTL_CLIENTS; i++)
		if (ctl->client[i].sock >= 0 && ctl->client[i].waiting.until)
			at = MIN(at, ctl->client[i].waiting.until_end);
	return at;
}
