// SPDX-License-Identifier: GPL-2.0
/* fpgactl serve: operations on cards for the members of group fpga; started by systemd */
#include <unistd.h>

#include "cmd/cmd.h"
#include "host/sysfs.h"
#include "netlink/service.h"
#include "serve/listener.h"

static int run(const struct cmd_ctx *ctx)
{
	autofree char *why = NULL;
	int fd, ret;

	(void)ctx;
	if (!sysfs_is_live())
		return err_fail(FV_FAILED, "serve", "start", NULL, NEEDS_LIVE_SYSTEM);
	if (geteuid())
		return err_fail(FV_DENIED, "serve", "start", "systemd starts it.", "needs root");
	fd = listener_socket(&why);
	if (fd < 0)
		return err_fail(FV_FAILED, "serve", "start",
				"systemd starts it: systemctl enable --now fpgactl.socket", "%s",
				why);
	ret = listener_run(fd, &why);
	return ret ? err_fail(FV_FAILED, "serve", "accept", NULL, "%s", why) : FV_OK;
}

FV_COMMAND(serve) = {
	.name = "serve",
	.group = CMD_SET_UP,
	.args = "",
	.help = "run operations for members of group " SERVICE_GROUP " (systemd starts it)",
	.text = "Runs fence, recover, reprogram and reset for users without root. Users have to be members\n"
		"of group " SERVICE_GROUP ", and the operation has to be allowed for the card: see 'fpgactl allow'.\n"
		"systemd starts it when a user connects to " SERVICE_SOCKET ". What was done and\n"
		"refused is in its journal.",
	.examples = "  systemctl enable --now fpgactl.socket\n"
		    "  journalctl -u fpgactl             # what was done and refused",
	.words = CMD_WORDS_NONE,
	.run = run,
};
