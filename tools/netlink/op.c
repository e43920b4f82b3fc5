// SPDX-License-Identifier: GPL-2.0
/*
 * Operations of the driver: submit one, and wait for its end.
 *
 * A request is answered at once with the number of an operation; its end is an event. Ctrl-C
 * cancels the operation; a second one leaves it to the driver.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include <linux/fpga_vfio.h>
#include <netlink/genl/genl.h>
#include <netlink/socket.h>

#include "netlink/op.h"
#include "util/err.h"
#include "util/stop.h"
#include "util/util.h"

/* The operation is read after this time, too: an event may be lost. */
#define READ_S	1

/* State of a wait. */
struct wait {
	const struct op_request *request;
	struct op *op;
	struct fv_nl *nl, events;
	struct stop stop;
	bool is_told;			/* the event has come */
	bool is_cancelled;
	unsigned int nr_seen;		/* signals before it was */
	bool has_ended;			/* the result is here */
	int error;			/* of the operation, negative errno */
	char *text;
};

static void on_submitted(struct nlmsghdr *hdr, void *data)
{
	struct wait *w = data;
	uint32_t id = fv_nl_find_u32(hdr, w->request->id_attr);

	if (id)
		w->op->id = id;
}

static void on_event(struct nlmsghdr *hdr, void *data)
{
	struct wait *w = data;

	if (genlmsg_hdr(hdr)->cmd == FPGA_VFIO_CMD_OP_ENDED &&
	    fv_nl_find_u32(hdr, FPGA_VFIO_A_OP_ID) == w->op->id)
		w->is_told = true;
}

static void on_op(struct nlmsghdr *hdr, void *data)
{
	static struct nla_policy policy[FPGA_VFIO_A_OP_MAX + 1] = {
		[FPGA_VFIO_A_OP_STATE] = { .type = NLA_U32 },
		[FPGA_VFIO_A_OP_ERROR] = { .type = NLA_U32 },
		[FPGA_VFIO_A_OP_TEXT] = { .type = NLA_STRING },
		[FPGA_VFIO_A_OP_REFUSAL] = { .type = NLA_NESTED },
	};
	struct nlattr *tb[FPGA_VFIO_A_OP_MAX + 1];
	struct wait *w = data;

	if (genlmsg_parse(hdr, 0, tb, FPGA_VFIO_A_OP_MAX, policy) || !tb[FPGA_VFIO_A_OP_STATE] ||
	    nla_get_u32(tb[FPGA_VFIO_A_OP_STATE]) != FPGA_VFIO_OP_STATE_ENDED || w->has_ended)
		return;
	w->has_ended = true;
	w->error = -(int)(fv_nl_get_u32(tb[FPGA_VFIO_A_OP_ERROR]) & INT32_MAX);
	w->text = fv_nl_get_text(tb[FPGA_VFIO_A_OP_TEXT]);
	refusal_parse(&w->op->refusal, tb[FPGA_VFIO_A_OP_REFUSAL]);
	w->request->answer(hdr, w->request->data);
}

/* Read the operation; 0 also if it has not ended. */
static int read_op(struct wait *w, char **why)
{
	struct nl_msg *msg = fv_nl_message(w->nl, FPGA_VFIO_CMD_OP_GET, 0);

	nla_put_u32(msg, FPGA_VFIO_A_OP_ID, w->op->id);
	return fv_nl_call(w->nl, msg, on_op, w, why);
}

static void cancel(struct wait *w)
{
	struct nl_msg *msg = fv_nl_message(w->nl, FPGA_VFIO_CMD_OP_CANCEL, 0);
	autofree char *why = NULL;

	w->is_cancelled = true;
	w->nr_seen = stop_count();
	/* It may have ended just now, which is no error. */
	nla_put_u32(msg, FPGA_VFIO_A_OP_ID, w->op->id);
	fv_nl_call(w->nl, msg, on_op, w, &why);
}

/*
 * Wait for a message or a signal, at most for READ_S. Return 0; -EAGAIN if the operation is to be
 * read: no message came in that time, or messages were lost; -ENODEV if the module was unloaded.
 */
static int listen_once(struct wait *w, char **why)
{
	struct pollfd p = { .fd = nl_socket_get_fd(w->events.sock), .events = POLLIN };
	struct timespec limit = { .tv_sec = READ_S };
	int ret = ppoll(&p, 1, &limit, &w->stop.mask);

	if (ret <= 0)
		return ret ? 0 : -EAGAIN;
	ret = fv_nl_take(&w->events, on_event, w, why);
	return ret && ret != -ENODEV ? -EAGAIN : ret;
}

/* Until the event, or until the operation is to be read; the first signal cancels. */
static int wait_event(struct wait *w, char **why)
{
	int ret = 0;

	w->is_told = false;
	while (!ret && !w->is_told) {
		autofree char *reason = NULL;

		ret = listen_once(w, &reason);
		if (ret == -ENODEV)
			*why = util_strdup(reason);
		else if (stop_count() && !w->is_cancelled)
			cancel(w);
		else if (stop_count() > w->nr_seen)
			ret = -EINTR;
	}
	return ret == -EAGAIN ? 0 : ret;
}

static int wait_end(struct wait *w, char **why)
{
	int ret = read_op(w, why);

	while (!ret && !w->has_ended) {
		ret = wait_event(w, why);
		if (!ret)
			ret = read_op(w, why);
	}
	return ret;
}

static int run(struct wait *w, char **why)
{
	int ret = fv_nl_call(w->nl, w->request->msg, on_submitted, w, why);

	if (ret)
		return ret;
	if (!w->op->id) {
		*why = util_strdup("driver returned no operation");
		return -EPROTO;
	}
	ret = wait_end(w, why);
	if (ret == -EINTR && w->is_cancelled)
		*why = util_printf("operation %u continues in the driver", w->op->id);
	if (ret || !w->error) {
		free(w->text);
		return ret;
	}
	*why = w->text ? w->text : util_strdup(strerror(-w->error));
	return w->error;
}

/**
 * op_run() - Submit an operation and wait for its end.
 * @op: result
 * @nl: an open connection, which owns a fence session that the operation begins
 * @request: the request
 * @why: on failure, the reason, to be freed by the caller
 *
 * Return: 0 or a negative errno, of the operation or of fv_nl_call(); -ECANCELED after Ctrl-C;
 * -EINTR after a second one, when the operation continues in the driver; -ENODEV if the module
 * was unloaded meanwhile.
 */
int op_run(struct op *op, struct fv_nl *nl, const struct op_request *request, char **why)
{
	struct wait w = { .request = request, .op = op, .nl = nl };
	int ret;

	memset(op, 0, sizeof(*op));
	*why = NULL;
	/* Before the request: its end may come before its reply is read. */
	if (fv_nl_listen(&w.events, FPGA_VFIO_MCGRP_OPS_ADMIN, FPGA_VFIO_MCGRP_OPS,
			 why)) {
		nlmsg_free(request->msg);
		ret = -EIO;
	} else {
		/* A signal that the caller blocks stays blocked. */
		stop_block(&w.stop);
		ret = run(&w, why);
		stop_release(&w.stop);
	}
	fv_nl_close(&w.events);
	return ret;
}
