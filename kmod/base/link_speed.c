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
	switch (speed) {
	case 0:
		return "0 GT/s";
	case 1:
		return "2.5 GT/s";
	case 2:
		return "5 GT/s";
	case 3:
		return "8 GT/s";
	case 4:
		return "16 GT/s";
	case 5:
		return "32 GT/s";
	case 6:
		return "64 GT/s";
	default:
		return "unknown speed";
	}
}
