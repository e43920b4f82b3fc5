// SPDX-License-Identifier: GPL-2.0
/* Event history of the driver, read and followed. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/fpga_vfio.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include "host/sysfs.h"
#include "host/targets.h"
#include "model/history.h"
#include "model/status.h"
#include "output/out.h"
#include "util/err.h"

/* Used in error messages. */
#define WHAT	"history"

/* Report a refusal with the driver's text. */
static int fail(const struct history *h, int ret, const char *why)
{
	autofree char *object = *h->port ? util_printf("port %s", h->port) :
					   util_strdup(FV_MODULE);

	return fv_nl_fail(ret, object, WHAT, NULL, why);
}

/**
 * history_open() - Connect to the driver.
 * @h: result; close with history_close() on success and on failure
 * @is_followed: also subscribe to new events
 *
 * Return: FV_OK, or the exit code after reporting the error.
 */
int history_open(struct history *h, bool is_followed)
{
	autofree char *why = NULL;
	int code;

	memset(h, 0, sizeof(*h));
	if (!sysfs_is_live())
		return err_fail(FV_FAILED, FV_MODULE, WHAT, NULL,
				NEEDS_LIVE_SYSTEM);
	code = fv_nl_open(&h->nl, &why);
	if (!code && is_followed)
		code = fv_nl_listen(&h->news, FPGA_VFIO_MCGRP_EVENTS_ADMIN,
				    FPGA_VFIO_MCGRP_EVENTS, &why);
	return code ? fv_nl_fail_open(code, FV_MODULE, WHAT, why) : FV_OK;
}

void history_close(struct history *h)
{
	fv_nl_close(&h->news);
	fv_nl_close(&h->nl);
	free(h->seen);
	h->seen = NULL;
	h->n_seen = 0;
}

static void on_event(struct nlmsghdr *hdr, void *data)
{
	events_parse(data, hdr);
}

/**
 * history_read() - Read the events that the driver has recorded.
 * @h: an open history
 * @l: result, oldest first; free with events_free() on success and on failure
 *
 * Return: FV_OK, or the exit code after reporting the error.
 */
int history_read(struct history *h, struct events *l)
{
	autofree char *why = NULL;
	struct nl_msg *msg;
	int ret;

	memset(l, 0, sizeof(*l));
	msg = fv_nl_message(&h->nl, FPGA_VFIO_CMD_HISTORY_GET, NLM_F_DUMP);
	if (*h->port)
		nla_put_string(msg, FPGA_VFIO_A_EVENT_PORT, h->port);
	ret = fv_nl_call(&h->nl, msg, on_event, l, &why);
	if (ret)
		return fail(h, ret, why);
	events_sort(l);
	return FV_OK;
}

/* Find the port of a card that was removed by its recorded events. */
static int find_gone(struct history *h, const char *bdf)
{
	struct events l = {};
	int code = history_read(h, &l);
	size_t i;

	for (i = 0; i < l.n; i++)
		if (!strcmp(l.v[i].bdf, bdf) || !strcmp(l.v[i].port, bdf))
			memcpy(h->port, l.v[i].port, sizeof(h->port));
	events_free(&l);
	if (code || *h->port)
		return code;
	return err_fail(FV_NO_DEVICE, bdf, WHAT, "'fpgactl list' shows the devices.",
			"no such PCI device, and no recorded events of one");
}

/**
 * history_find_card() - Restrict the history to one card.
 * @h: an open history
 * @m: all devices
 * @word: address of a port or of a function, from the command line
 *
 * For functions bound to the driver, the driver's port takes precedence over sysfs.
 *
 * Return: FV_OK, or the exit code after reporting the error.
 */
int history_find_card(struct history *h, const struct model *m, const char *word)
{
	struct status_list said = {};
	autofree char *why = NULL;
	const struct pci_func *d;
	const char *port;
	char bdf[BDF_SIZE];

	if (!bdf_parse(word, bdf))
		return err_usage(WHAT, word, TARGET_ADDRESS_HINT, "invalid PCI address '%s'", word);
	d = model_find(m, bdf);
	if (!d)
		return find_gone(h, bdf);
	port = d->is_bridge ? "" : d->port;
	if (device_is_bound(d) && !status_read(&said, &h->nl, bdf, &why))
		port = status_find(&said, bdf)->port;
	memcpy(h->port, *port ? port : bdf, sizeof(h->port));
	status_free(&said);
	return FV_OK;
}

static struct seen *find_seen(struct history *h, const char *port)
{
	struct seen *s;
	size_t i;

	for (i = 0; i < h->n_seen; i++)
		if (!strcmp(h->seen[i].port, port))
			return &h->seen[i];
	h->seen = util_grow(h->seen, h->n_seen, sizeof(*s));
	s = &h->seen[h->n_seen++];
	memcpy(s->port, port, sizeof(s->port));
	return s;
}

/**
 * history_is_new() - Check whether an event is new and selected.
 * @h: keeps the last sequence number of each port
 * @e: the event; those of a port must come in order
 * @missed: number of events skipped before @e
 */
bool history_is_new(struct history *h, const struct event *e, uint64_t *missed)
{
	struct seen *s;

	if (*h->port && strcmp(h->port, e->port) != 0)
		return false;
	s = find_seen(h, e->port);
	if (e->seq <= s->seq)
		return false;
	*missed = e->seq - s->seq - 1;
	s->seq = e->seq;
	return true;
}

/**
 * history_wait() - Wait for new events, as long as standard output has a reader.
 * @h: an open history, opened with is_followed
 * @mask: signal mask while waiting; other signals end the wait
 * @l: result; free with events_free() on success and on failure
 *
 * If the socket overran, re-reads the whole history.
 *
 * Return: FV_OK, or the exit code after reporting the error; @l may hold events even then.
 */
int history_wait(struct history *h, const sigset_t *mask, struct events *l)
{
	struct pollfd fds[] = {
		{ .fd = nl_socket_get_fd(h->news.sock), .events = POLLIN },
		{ .fd = STDOUT_FILENO },
	};
	autofree char *why = NULL;
	int ret;

	memset(l, 0, sizeof(*l));
	if (ppoll(fds, ARRAY_SIZE(fds), NULL, mask) < 0)
		return errno == EINTR ? FV_OK : fail(h, -errno, NULL);
	if (fds[1].revents & (POLLERR | POLLHUP))
		return out_end_pipe();
	ret = fv_nl_take(&h->news, on_event, l, &why);
	if (ret == -ENOBUFS) {
		events_free(l);
		return history_read(h, l);
	}
	return ret ? fail(h, ret, why) : FV_OK;
}
