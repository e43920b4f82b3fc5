// SPDX-License-Identifier: GPL-2.0
/* Fence, recover and card state through netlink. */
#include <linux/fpga_vfio.h>

#include "check.h"
#include "fence.h"
#include "operation.h"

static int call(struct genl *genl, uint8_t cmd, const struct genl_attrs *attrs,
		struct genl_answer *answer)
{
	struct genl_answer own;

	return __op_call(genl, cmd, attrs, NULL, NULL, NULL, answer ? answer : &own);
}

int __fence(struct genl *genl, const char *bdf, unsigned int timeout_ms, unsigned int flags,
	    struct genl_answer *answer)
{
	struct genl_attrs attrs = { 0 };

	genl_put_string(&attrs, FPGA_VFIO_A_FENCE_BDF, bdf);
	if (timeout_ms)
		genl_put_u32(&attrs, FPGA_VFIO_A_FENCE_TIMEOUT_MS, timeout_ms);
	if (flags & FENCE_DETACHED)
		genl_put(&attrs, FPGA_VFIO_A_FENCE_DETACHED, NULL, 0);
	return call(genl, FPGA_VFIO_CMD_FENCE, &attrs, answer);
}

int __recover(struct genl *genl, const char *bdf, bool force, struct genl_answer *answer)
{
	struct genl_attrs attrs = { 0 };

	genl_put_string(&attrs, FPGA_VFIO_A_RECOVER_BDF, bdf);
	if (force)
		genl_put(&attrs, FPGA_VFIO_A_RECOVER_FORCE, NULL, 0);
	return call(genl, FPGA_VFIO_CMD_RECOVER, &attrs, answer);
}

void fence(struct genl *genl, const char *bdf)
{
	struct genl_answer answer;

	if (__fence(genl, bdf, 0, 0, &answer))
		fail("%s is not fenced: %s %s", bdf, errno_name(answer.error), answer.text);
}

void recover(struct genl *genl, const char *bdf)
{
	struct genl_answer answer;

	if (__recover(genl, bdf, false, &answer))
		fail("%s does not come back: %s %s", bdf, errno_name(answer.error), answer.text);
}

static void take_state(const struct nlattr *attrs, size_t len, void *data)
{
	unsigned int *state = data;

	*state = genl_number(genl_find(attrs, len, FPGA_VFIO_A_DEVICE_STATE));
}

unsigned int device_state(struct genl *genl, const char *bdf)
{
	struct genl_attrs attrs = { 0 };
	struct genl_answer answer;
	unsigned int state = ~0u;

	genl_put_string(&attrs, FPGA_VFIO_A_DEVICE_BDF, bdf);
	if (__genl_call(genl, FPGA_VFIO_CMD_DEVICE_GET, 0, &attrs, take_state, &state, &answer))
		fail("device-get %s: %s %s", bdf, errno_name(answer.error), answer.text);
	return state;
}
