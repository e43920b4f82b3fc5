// SPDX-License-Identifier: GPL-2.0
/* kmod/base/state.c: names of states, and allowed transitions. */
#include <string.h>

#include "kselftest_harness.h"

#include "base/state.h"

/* From the row's state to the column's; "." is not allowed. */
static const struct {
	enum fpga_vfio_card_state state;
	const char *name;
	const char *next;
} matrix[FV_STATES] = {
	/*						  RFRLCF */
	{ FPGA_VFIO_CARD_STATE_READY,	   "ready",	 "xxxxxx" },
	{ FPGA_VFIO_CARD_STATE_FENCED,	   "fenced",	 ".xx..." },
	{ FPGA_VFIO_CARD_STATE_RECOVERING, "recovering", "xxx.xx" },
	{ FPGA_VFIO_CARD_STATE_LOST,	   "lost",	 "xxxxxx" },
	{ FPGA_VFIO_CARD_STATE_CHANGED,	   "changed",	 "xxxxxx" },
	{ FPGA_VFIO_CARD_STATE_FAILED,	   "failed",	 "xxxxxx" },
};

TEST(the_whole_matrix)
{
	unsigned int i, j;

	for (i = 0; i < FV_STATES; i++) {
		for (j = 0; j < FV_STATES; j++)
			EXPECT_EQ(matrix[i].next[j] == 'x',
				  !!fv_state_may_follow(matrix[i].state, matrix[j].state))
				TH_LOG("%s after %s", matrix[j].name, matrix[i].name);
	}
}

TEST(every_state_has_a_name_of_its_own)
{
	unsigned int i;

	for (i = 0; i < FV_STATES; i++)
		EXPECT_STREQ(matrix[i].name, fv_state_name(matrix[i].state));
}

TEST(a_state_may_follow_itself)
{
	unsigned int i;

	for (i = 0; i < FV_STATES; i++)
		EXPECT_TRUE(fv_state_may_follow(i, i));
}

TEST(every_state_leads_to_ready)
{
	unsigned int reached = 1u << FPGA_VFIO_CARD_STATE_READY, before, i, j;

	do {
		before = reached;
		for (i = 0; i < FV_STATES; i++)
			for (j = 0; j < FV_STATES; j++)
				if (reached & 1u << j && fv_state_may_follow(i, j))
					reached |= 1u << i;
	} while (reached != before);
	EXPECT_EQ((1u << FV_STATES) - 1, reached);
}

TEST(a_fence_ends_by_a_recovery_only)
{
	unsigned int i;

	for (i = 0; i < FV_STATES; i++)
		if (i != FPGA_VFIO_CARD_STATE_FENCED && i != FPGA_VFIO_CARD_STATE_RECOVERING)
			EXPECT_FALSE(fv_state_may_follow(FPGA_VFIO_CARD_STATE_FENCED, i));
	EXPECT_TRUE(fv_state_may_follow(FPGA_VFIO_CARD_STATE_FENCED,
					FPGA_VFIO_CARD_STATE_RECOVERING));
}

TEST(what_is_brought_back_is_not_lost_meanwhile)
{
	EXPECT_FALSE(fv_state_may_follow(FPGA_VFIO_CARD_STATE_RECOVERING,
					 FPGA_VFIO_CARD_STATE_LOST));
}

TEST_HARNESS_MAIN
