/* SPDX-License-Identifier: GPL-2.0 */
/* PCIe link of a device, and of a port. */
#ifndef FPGACTL_LINK_H
#define FPGACTL_LINK_H

#include <json-c/json.h>

#include "host/caps.h"
#include "util/util.h"

/* Speeds in MT/s, 0 if unknown or link down; widths in lanes. */
struct port_link {
	unsigned int speed_mts, width;
	unsigned int max_speed_mts, max_width;	/* lower of port and card */
	unsigned int target_mts;		/* Target Link Speed of the port */
	enum fv_known active, training, disabled;
};

bool portlink_parse(struct port_link *l, const uint8_t *config, size_t len);
bool portlink_read(struct port_link *l, const char *port);
const char *portlink_why_unknown(const char *port);
bool portlink_is_up(const struct port_link *l);
bool portlink_is_degraded(const struct port_link *l);
char *portlink_text(unsigned int speed_mts, unsigned int width);
char *portlink_short(const struct port_link *l);
char *portlink_complaint(const struct port_link *l);
struct json_object *portlink_json(const struct port_link *l);

/* Speeds in MT/s, 0 if unknown; widths in lanes, 0 if absent. */
struct pci_link {
	unsigned int speed_mts, width;
	unsigned int max_speed_mts, max_width;
	unsigned int port_max_speed_mts, port_max_width;
	bool is_unknown;		/* a file cannot be read */
	bool is_silent;			/* config reads fail: own maxima unknown */
	bool is_of_bridge;		/* that of the device below it is the one to judge */
};

void link_read(struct pci_link *link, const char *bdf);
void link_use_port(struct pci_link *link, const struct port_link *of_port);
unsigned int link_lesser(unsigned int a, unsigned int b);
struct port_link link_of_both(const struct pci_link *link);
bool link_is_present(const struct pci_link *link);
bool link_is_degraded(const struct pci_link *link);
char *link_text(const struct pci_link *link);
char *link_short(const struct pci_link *link);
struct json_object *link_json(const struct pci_link *link);

#endif
