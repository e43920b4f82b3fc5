// SPDX-License-Identifier: GPL-2.0
/* Operations through netlink. */
#include <linux/fpga_vfio.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "operation.h"

#define POLL_MS 2

struct submission {
	uint16_t attr;
	uint32_t id;
	genl_reply_fn fn;
	void *data;
};

static void take_id(const struct nlattr *attrs, size_t len, void *data)
{
	struct submission *submission = data;

	submission->id = genl_number(genl_find(attrs, len, submission->attr));
	if (submission->fn)
		submission->fn(attrs, len, submission->data);
}

int __op_submit(struct genl *genl, uint8_t cmd, const struct genl_attrs *attrs, uint32_t *id,
		genl_reply_fn fn, void *data, struct genl_answer *answer)
{
	struct submission submission = { .fn = fn, .data = data };
	int ret;

	switch (cmd) {
	case FPGA_VFIO_CMD_RESET:
		submission.attr = FPGA_VFIO_A_RESET_OP;
		break;
	case FPGA_VFIO_CMD_RETRAIN:
		submission.attr = FPGA_VFIO_A_RETRAIN_OP;
		break;
	case FPGA_VFIO_CMD_FENCE:
		submission.attr = FPGA_VFIO_A_FENCE_OP;
		break;
	default:
		submission.attr = FPGA_VFIO_A_RECOVER_OP;
	}
	ret = __genl_call(genl, cmd, 0, attrs, take_id, &submission, answer);
	*id = submission.id;
	return ret;
}

struct end {
	bool has_ended;
	int error;
	char text[256];
	genl_reply_fn fn;
	void *data;
};

static void take_end(const struct nlattr *attrs, size_t len, void *data)
{
	struct end *end = data;

	if (genl_number(genl_find(attrs, len, FPGA_VFIO_A_OP_STATE)) != FPGA_VFIO_OP_STATE_ENDED)
		return;
	end->has_ended = true;
	end->error = genl_number(genl_find(attrs, len, FPGA_VFIO_A_OP_ERROR));
	snprintf(end->text, sizeof(end->text), "%s",
		 genl_text(genl_find(attrs, len, FPGA_VFIO_A_OP_TEXT)));
	if (end->fn)
		end->fn(attrs, len, end->data);
}

int __op_wait(struct genl *genl, uint32_t id, genl_reply_fn fn, void *data,
	      struct genl_answer *answer)
{
	struct end end = { .fn = fn, .data = data };
	struct genl_attrs attrs = { 0 };
	int ret;

	genl_put_u32(&attrs, FPGA_VFIO_A_OP_ID, id);
	for (;;) {
		ret = __genl_call(genl, FPGA_VFIO_CMD_OP_GET, 0, &attrs, take_end, &end, answer);
		if (ret || end.has_ended)
			break;
		nap_ms(POLL_MS);
	}
	if (ret)
		return ret;
	answer->error = -end.error;
	snprintf(answer->text, sizeof(answer->text), "%s", end.text);
	return answer->error;
}

struct plan {
	genl_reply_fn fn;
	void *data;
	size_t len;
	char attrs[32768] __attribute__((aligned(8)));
};

static void keep_plan(const struct nlattr *attrs, size_t len, void *data)
{
	struct plan *plan = data;

	if (len > sizeof(plan->attrs))
		fail("a plan is longer than %zu bytes", sizeof(plan->attrs));
	memcpy(plan->attrs, attrs, len);
	plan->len = len;
}

int __op_call(struct genl *genl, uint8_t cmd, const struct genl_attrs *attrs, genl_reply_fn plan,
	      genl_reply_fn result, void *data, struct genl_answer *answer)
{
	struct plan dry = { .fn = plan, .data = data };
	uint32_t id;
	int ret = __op_submit(genl, cmd, attrs, &id, keep_plan, &dry, answer);

	if (!id && dry.fn && dry.len)
		dry.fn((const struct nlattr *)dry.attrs, dry.len, dry.data);
	return ret || !id ? ret : __op_wait(genl, id, result, data, answer);
}

int __op_cancel(struct genl *genl, uint32_t id, struct genl_answer *answer)
{
	struct genl_attrs attrs = { 0 };

	genl_put_u32(&attrs, FPGA_VFIO_A_OP_ID, id);
	return __genl_call(genl, FPGA_VFIO_CMD_OP_CANCEL, 0, &attrs, NULL, NULL, answer);
}
