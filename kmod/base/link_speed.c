// SPDX-License-Identifier: GPL-2.0
#include "base/link_speed.h"

/**
 * fv_link_speed_name - Get the name of a link speed
 * @speed: as Current Link Speed has it (PCIe r6.0, 7.5.3.8); 0: the link is down
 *
 * Context: Any.
 * Return: The name, with the unit.
 */
const char *fv_link_speed_name(unsigned int speed)
{
	static const char *const names[] = {
		"0 GT/s", "2.5 GT/s", "5 GT/s", "8 GT/s", "16 GT/s", "32 GT/s", "64 GT/s",
	};

	return speed < sizeof(names) / sizeof(names[0]) ? names[speed] : "unknown speed";
}
