/* SPDX-License-Identifier: GPL-2.0 */
/* Names of link speeds. Pure: uses no kernel service. */
#ifndef FV_LINK_SPEED_H
#define FV_LINK_SPEED_H

const char *fv_link_speed_name(unsigned int speed);

#endif /* FV_LINK_SPEED_H */
