/* SPDX-License-Identifier: GPL-2.0 */
/* The card of a device: link, driver state and fence session. */
#ifndef FPGACTL_CARD_H
#define FPGACTL_CARD_H

#include <json-c/json.h>
#include <netlink/attr.h>

#include "host/link.h"
#include "host/model.h"

/* The fence session of a card. */
struct fence_owner {
	bool is_known;			/* false: there is none */
	unsigned int pid;
	char *comm;			/* of the owning process, or NULL */
	unsigned int left_ms;		/* until the driver ends it */
	bool is_detached;		/* survives the owner's socket */
	bool is_link_disabled;		/* the port keeps the link down */
};

struct card {
	char port[BDF_SIZE];
	bool is_bound;			/* known to the driver; false: read from sysfs */
	struct strv devices;		/* is_bound: functions bound to the driver */
	unsigned int state;
	char *reason;			/* why the card is not ready, or NULL */
	bool has_link;
	struct port_link link;
	struct fence_owner fence;
};

struct cards {
	struct card *v;
	size_t n;
};

int card_read(struct card *c, const struct pci_func *d, const char *what);
void card_free(struct card *c);
int cards_read(struct cards *l, char **why);
int cards_collect(struct cards *l, const struct model *m);
const struct card *cards_find(const struct cards *l, const char *port);
void cards_free(struct cards *l);
const char *card_state_name(unsigned int state);
bool card_parse_link(struct port_link *l, struct nlattr *nest);
char *card_fence_text(const struct fence_owner *f);
struct json_object *card_fence_json(const struct fence_owner *f);

#endif
