// SPDX-License-Identifier: GPL-2.0
/* Generic netlink client over libnl that keeps the kernel's extack texts. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/fpga_vfio.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>

#include "host/model.h"
#include "host/sysfs.h"
#include "netlink/nl.h"
#include "netlink/service.h"
#include "util/err.h"
#include "util/stop.h"

/* As in the kernel. */
#define MAX_ERRNO	4095

#define DUMP_TRIES	5

/* State of a request. */
struct call {
	int ret;		/* 1: no reply yet; else 0 or a negative errno */
	char *text;		/* extack text, or NULL */
	fv_nl_answer_fn answer;
	void *data;
};

static bool is_loaded(void)
{
	return sysfs_exists("/sys/bus/pci/drivers/" FV_DRIVER);
}

/**
 * fv_nl_open() - Connect to the driver.
 * @nl: result; close with fv_nl_close() on success and on failure
 * @why: on failure, the reason, to be freed by the caller
 *
 * Return: FV_OK; FV_NO_MODULE if the module is not loaded; FV_FAILED.
 */
int fv_nl_open(struct fv_nl *nl, char **why)
{
	int one = 1;
	int ret;

	nl->sock = nl_socket_alloc();
	ret = nl->sock ? genl_connect(nl->sock) : -NLE_NOMEM;
	if (!ret) {
		setsockopt(nl_socket_get_fd(nl->sock), SOL_NETLINK, NETLINK_EXT_ACK, &one,
			   sizeof(one));
		nl->family = genl_ctrl_resolve(nl->sock, FPGA_VFIO_FAMILY_NAME);
		if (nl->family >= 0)
			return FV_OK;
		ret = nl->family;
	}
	if (ret != -NLE_OBJ_NOTFOUND) {
		*why = util_printf("netlink: %s", nl_geterror(ret));
		return FV_FAILED;
	}
	if (is_loaded()) {
		*why = util_strdup("driver is reachable in the initial network namespace only");
		return FV_FAILED;
	}
	*why = util_strdup("module is not loaded");
	return FV_NO_MODULE;
}

static int join(struct fv_nl *nl, const char *family, const char *group)
{
	int id = genl_ctrl_resolve_grp(nl->sock, family, group);

	return id < 0 ? id : nl_socket_add_membership(nl->sock, id);
}

/**
 * fv_nl_listen() - Connect to the driver and subscribe to events.
 * @nl: result; close with fv_nl_close() on success and on failure
 * @group: name of the multicast group
 * @otherwise: group to join if @group does not exist or needs a privilege
 * @why: on failure, the reason, to be freed by the caller
 *
 * The socket queues messages from now on, for fv_nl_take().
 *
 * Return: as fv_nl_open().
 */
int fv_nl_listen(struct fv_nl *nl, const char *group, const char *otherwise, char **why)
{
	int code = fv_nl_open(nl, why);
	int ret;

	if (code)
		return code;
	ret = join(nl, FPGA_VFIO_FAMILY_NAME, group);
	if (ret == -NLE_PERM || ret == -NLE_OBJ_NOTFOUND)
		ret = join(nl, FPGA_VFIO_FAMILY_NAME, otherwise);
	/* nlctrl announces the removal of the family */
	if (!ret)
		ret = join(nl, "nlctrl", "notify");
	if (!ret)
		ret = nl_socket_set_nonblocking(nl->sock);
	if (ret) {
		*why = util_printf("netlink group %s: %s", otherwise, nl_geterror(ret));
		return FV_FAILED;
	}
	nl_socket_disable_seq_check(nl->sock);
	return FV_OK;
}

void fv_nl_close(struct fv_nl *nl)
{
	nl_socket_free(nl->sock);
	nl->sock = NULL;
	if (nl->service)
		close(nl->service);
	nl->service = 0;
}

/* @flags go into the header, such as NLM_F_DUMP. Attributes are added by the caller. */
struct nl_msg *fv_nl_message(struct fv_nl *nl, uint8_t cmd, int flags)
{
	struct nl_msg *msg = nlmsg_alloc();

	if (!msg || !genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, nl->family, 0, flags, cmd,
				 FPGA_VFIO_FAMILY_VERSION))
		abort();	/* out of memory, as in util.c */
	return msg;
}

/* Save the extack text; the extack attributes start at @offset. */
static void keep_text(struct call *call, struct nlmsghdr *hdr, size_t offset)
{
	struct nlattr *tb[NLMSGERR_ATTR_MAX + 1];
	struct nlattr *tlvs = (struct nlattr *)((char *)hdr + offset);

	if (!(hdr->nlmsg_flags & NLM_F_ACK_TLVS) || hdr->nlmsg_len <= offset || call->text)
		return;
	if (nla_parse(tb, NLMSGERR_ATTR_MAX, tlvs, (int)(hdr->nlmsg_len - offset), NULL))
		return;
	if (tb[NLMSGERR_ATTR_MSG])
		call->text = util_printf("%.*s", nla_len(tb[NLMSGERR_ATTR_MSG]),
					 (char *)nla_data(tb[NLMSGERR_ATTR_MSG]));
}

/* 0 or a negative errno; a reply with another value is malformed. */
static int checked_error(int error)
{
	return error <= 0 && error >= -MAX_ERRNO ? error : -EPROTO;
}

static int on_error(struct sockaddr_nl *from, struct nlmsgerr *e, void *arg)
{
	struct nlmsghdr *hdr = (struct nlmsghdr *)((char *)e - NLMSG_HDRLEN);
	struct call *call = arg;
	size_t offset = NLMSG_HDRLEN + sizeof(*e);

	(void)from;
	if (!(hdr->nlmsg_flags & NLM_F_CAPPED))
		offset += e->msg.nlmsg_len - NLMSG_HDRLEN;
	call->ret = checked_error(e->error);
	keep_text(call, hdr, NLMSG_ALIGN(offset));
	return NL_STOP;
}

/* End of a dump; carries an errno if the kernel aborted the dump. */
static int on_finish(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *hdr = nlmsg_hdr(msg);
	struct call *call = arg;

	call->ret = 0;
	if (nlmsg_datalen(hdr) >= (int)sizeof(int)) {
		memcpy(&call->ret, nlmsg_data(hdr), sizeof(int));
		call->ret = checked_error(call->ret);
	}
	if (call->ret)
		keep_text(call, hdr, NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(int)));
	return NL_STOP;
}

static int on_ack(struct nl_msg *msg, void *arg)
{
	struct call *call = arg;

	(void)msg;
	call->ret = 0;
	return NL_STOP;
}

static int on_valid(struct nl_msg *msg, void *arg)
{
	struct call *call = arg;

	if (genlmsg_valid_hdr(nlmsg_hdr(msg), 0))
		call->answer(nlmsg_hdr(msg), call->data);
	return NL_OK;
}

/* Run the request in the kernel. */
static void call_driver(struct fv_nl *nl, struct nl_msg *msg, struct call *call)
{
	struct nl_cb *cb = nl_cb_alloc(NL_CB_DEFAULT);
	int ret;

	nl_cb_err(cb, NL_CB_CUSTOM, on_error, call);
	nl_cb_set(cb, NL_CB_FINISH, NL_CB_CUSTOM, on_finish, call);
	nl_cb_set(cb, NL_CB_ACK, NL_CB_CUSTOM, on_ack, call);
	nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, on_valid, call);
	ret = nl_send_auto(nl->sock, msg);
	while (ret >= 0 && call->ret > 0)
		ret = nl_recvmsgs(nl->sock, cb);
	nl_cb_put(cb);
	if (call->ret <= 0)
		return;
	call->ret = ret == -NLE_DUMP_INTR ? -EINTR : -EIO;
	if (call->ret == -EIO && !call->text)
		call->text = util_strdup(nl_geterror(ret));
}

/*
 * A packet from the service has one message, without the request in an error. A connection that is
 * refused has an error without a sequence number.
 */
static void take_packet(struct call *call, uint32_t seq, struct nlmsghdr *hdr, size_t len)
{
	struct nlmsgerr *e = (struct nlmsgerr *)NLMSG_DATA(hdr);

	if (!NLMSG_OK(hdr, len) || (hdr->nlmsg_seq && hdr->nlmsg_seq != seq)) {
		call->ret = -EPROTO;
	} else if (hdr->nlmsg_type != NLMSG_ERROR) {
		if (genlmsg_valid_hdr(hdr, 0))
			call->answer(hdr, call->data);
	} else if (hdr->nlmsg_len < NLMSG_LENGTH(sizeof(*e))) {
		call->ret = -EPROTO;
	} else {
		call->ret = checked_error(e->error);
		if (call->ret)
			keep_text(call, hdr, NLMSG_ALIGN(NLMSG_HDRLEN + sizeof(*e)));
	}
}

/* Run the request in the service. */
static void call_service(struct fv_nl *nl, struct nl_msg *msg, struct call *call)
{
	autofree void *packet = util_alloc(SERVICE_REPLY_MAX, 1);
	struct nlmsghdr *hdr = nlmsg_hdr(msg);
	ssize_t ret = service_send(nl->service, hdr, hdr->nlmsg_len);

	call->ret = 1;
	/* a connection that was refused has the reason, and takes no request */
	if (ret == -EPIPE)
		ret = 0;
	while (ret >= 0 && call->ret > 0) {
		ret = service_receive(nl->service, packet, SERVICE_REPLY_MAX);
		if (ret > 0)
			take_packet(call, hdr->nlmsg_seq, packet, (size_t)ret);
	}
	if (call->ret <= 0 && call->ret != -EPROTO)
		return;
	/* the next request gets another connection, and not a late reply */
	close(nl->service);
	nl->service = 0;
	if (call->ret == -EPROTO)
		ret = -EPROTO;
	call->ret = -EIO;
	free(call->text);
	call->text = util_printf("service for group " SERVICE_GROUP ": %s",
				 ret == -EPIPE ? "connection closed" :
				 ret == -EAGAIN ? "no reply" : strerror((int)-ret));
}

/* Without the privilege, ask the service, if there is one; else the refusal is the driver's. */
static bool open_service(struct fv_nl *nl, struct call *call)
{
	int fd = nl->service ? nl->service : service_connect();

	if (fd == -EACCES) {
		autofree char *text = call->text;

		call->text = util_printf("%s, or membership of group " SERVICE_GROUP,
					 text ? text : "needs root");
	}
	if (fd < 0)
		return false;
	nl->service = fd;
	free(call->text);
	call->text = NULL;
	return true;
}

/**
 * fv_nl_call() - Send a request and process the reply.
 * @nl: an open connection
 * @msg: from fv_nl_message(); consumed
 * @answer: called for each message of the reply
 * @data: passed to @answer
 * @why: on failure, the extack text or else strerror(), to be freed by the caller
 *
 * A request that needs root goes to the service for group fpga, if there is one.
 *
 * Return: 0 or a negative errno; -EINTR if a change interrupted a dump; -EIO if the socket
 * failed.
 */
int fv_nl_call(struct fv_nl *nl, struct nl_msg *msg, fv_nl_answer_fn answer, void *data, char **why)
{
	struct call call = { .ret = 1, .answer = answer, .data = data };

	call_driver(nl, msg, &call);
	if (call.ret == -EPERM && geteuid() && service_passes(genlmsg_hdr(nlmsg_hdr(msg))->cmd) &&
	    open_service(nl, &call))
		call_service(nl, msg, &call);
	nlmsg_free(msg);
	if (call.ret && !call.text)
		call.text = util_strdup(strerror(-call.ret));
	*why = call.text;
	return call.ret;
}

/* State of a read from a multicast group. */
struct news {
	const struct fv_nl *nl;
	fv_nl_answer_fn answer;
	void *data;
	bool is_gone;		/* the family was removed */
};

static int on_news(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *hdr = nlmsg_hdr(msg);
	struct news *news = arg;
	struct nlattr *id;

	if (!genlmsg_valid_hdr(hdr, 0))
		return NL_OK;
	if (hdr->nlmsg_type == news->nl->family) {
		news->answer(hdr, news->data);
	} else if (hdr->nlmsg_type == GENL_ID_CTRL &&
		   genlmsg_hdr(hdr)->cmd == CTRL_CMD_DELFAMILY) {
		id = nlmsg_find_attr(hdr, GENL_HDRLEN, CTRL_ATTR_FAMILY_ID);
		if (id && nla_len(id) >= (int)sizeof(uint16_t) &&
		    nla_get_u16(id) == news->nl->family)
			news->is_gone = true;
	}
	return NL_OK;
}

/**
 * fv_nl_take() - Process the queued messages of a multicast group.
 * @nl: from fv_nl_listen()
 * @answer: called for each message
 * @data: passed to @answer
 * @why: on failure, the reason, to be freed by the caller
 *
 * Return: 0; -ENOBUFS if the socket overran; -ENODEV if the module was unloaded, after all
 * queued messages were processed; -EIO.
 */
int fv_nl_take(struct fv_nl *nl, fv_nl_answer_fn answer, void *data, char **why)
{
	struct news news = { .nl = nl, .answer = answer, .data = data };
	int ret;

	nl_socket_modify_cb(nl->sock, NL_CB_VALID, NL_CB_CUSTOM, on_news, &news);
	do
		ret = nl_recvmsgs_default(nl->sock);
	while (!ret);
	if (news.is_gone) {
		*why = util_strdup("module was unloaded");
		return -ENODEV;
	}
	if (ret == -NLE_AGAIN)
		return 0;
	*why = util_strdup(nl_geterror(ret));
	return ret == -NLE_NOMEM ? -ENOBUFS : -EIO;
}

/* True if a dump is to be tried again, as a concurrent change interrupted it. */
bool fv_nl_is_interrupted(int ret, int *tries, char **why)
{
	if (ret != -EINTR || ++*tries == DUMP_TRIES)
		return false;
	free(*why);
	*why = NULL;
	return true;
}

/* Map a negative errno of the driver to an exit code. */
int fv_nl_code(int ret)
{
	switch (-ret) {
	case ENODEV:
		return is_loaded() ? FV_NO_DEVICE : FV_NO_MODULE;
	case ENOENT:
		return FV_NO_DEVICE;
	case EPERM:
		return FV_DENIED;
	case EBUSY:
	case EAGAIN:
	case ENOBUFS:
		return FV_BUSY;
	case ESTALE:
		return FV_CHANGED;
	case ECANCELED:
	case EINTR:
		return stop_signal() ? FV_SIGNAL + stop_signal() : FV_FAILED;
	default:
		return FV_FAILED;
	}
}

/**
 * fv_nl_fail() - Report a request that the driver refused or failed.
 * @ret: negative errno from fv_nl_call()
 * @object: object of the request
 * @what: the attempted operation
 * @hint: next step for the user, or NULL
 * @why: reason from fv_nl_call()
 *
 * Return: the exit code.
 */
int fv_nl_fail(int ret, const char *object, const char *what, const char *hint, const char *why)
{
	return fv_nl_fail_as(fv_nl_code(ret), object, what, hint, why ? why : strerror(-ret));
}

/* fv_nl_fail() with the caller's exit code. */
int fv_nl_fail_as(int code, const char *object, const char *what, const char *hint,
		  const char *text)
{
	size_t len = strlen(object);

	/* The driver's texts start with the object, too; print it once. */
	if (!strncmp(text, object, len) && !strncmp(text + len, ": ", 2))
		text += len + 2;
	return err_fail(code, object, what, hint, "%s", text);
}

/* Report a failed fv_nl_open(); @code and @why are its results. */
int fv_nl_fail_open(int code, const char *object, const char *what, const char *why)
{
	return err_fail(code, object, what,
			code == FV_NO_MODULE ? "Load it: modprobe " FV_MODULE : NULL, "%s", why);
}

/* Find a number of 4 bytes in a message; 0 if it is not there. */
uint32_t fv_nl_find_u32(struct nlmsghdr *hdr, int type)
{
	struct nlattr *attr = nlmsg_find_attr(hdr, GENL_HDRLEN, type);

	return attr && nla_len(attr) >= (int)sizeof(uint32_t) ? nla_get_u32(attr) : 0;
}

/* Values of attributes; 0 or NULL without one. */
uint32_t fv_nl_get_u32(const struct nlattr *attr)
{
	return attr ? nla_get_u32(attr) : 0;
}

/* Netlink type "uint": 4 bytes if the value fits, else 8. */
uint64_t fv_nl_get_uint(const struct nlattr *attr)
{
	return attr && nla_len(attr) >= 8 ? nla_get_u64(attr) : fv_nl_get_u32(attr);
}

char *fv_nl_get_text(const struct nlattr *attr)
{
	return attr ? util_strdup(nla_get_string(attr)) : NULL;
}

void fv_nl_put_uint(struct nl_msg *msg, int attr, uint64_t value)
{
	if (value <= UINT32_MAX)
		nla_put_u32(msg, attr, (uint32_t)value);
	else
		nla_put_u64(msg, attr, value);
}
