// SPDX-License-Identifier: GPL-2.0
/* An event of a card's history. */
#include <linux/fpga_vfio.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "event.h"
#include "names.h"

static void take_text(char *to, size_t size, const struct nlattr *attr)
{
	snprintf(to, size, "%.*s", (int)genl_len(attr), genl_text(attr));
}

static void take(const struct nlattr *attr, struct event *event)
{
	switch (genl_type(attr)) {
	case FPGA_VFIO_A_EVENT_PORT:
		take_text(event->port, sizeof(event->port), attr);
		break;
	case FPGA_VFIO_A_EVENT_SEQ:
		event->seq = genl_number(attr);
		break;
	case FPGA_VFIO_A_EVENT_TIME_NS:
		event->time_ns = genl_number(attr);
		break;
	case FPGA_VFIO_A_EVENT_BDF:
		take_text(event->bdf, sizeof(event->bdf), attr);
		event->has_bdf = true;
		break;
	case FPGA_VFIO_A_EVENT_KIND:
		event->kind = genl_number(attr);
		break;
	case FPGA_VFIO_A_EVENT_ORIGIN:
		event->origin = genl_number(attr);
		break;
	case FPGA_VFIO_A_EVENT_PID:
		event->pid = genl_number(attr);
		event->has_pid = true;
		break;
	case FPGA_VFIO_A_EVENT_COMM:
		take_text(event->comm, sizeof(event->comm), attr);
		break;
	case FPGA_VFIO_A_EVENT_METHOD:
		event->method = genl_number(attr);
		event->has_method = true;
		break;
	case FPGA_VFIO_A_EVENT_ERROR:
		event->error = genl_number(attr);
		event->has_error = true;
		break;
	case FPGA_VFIO_A_EVENT_DURATION_NS:
		event->duration_ns = genl_number(attr);
		event->has_duration = true;
		break;
	case FPGA_VFIO_A_EVENT_STATE:
		event->state = genl_number(attr);
		event->has_state = true;
		break;
	case FPGA_VFIO_A_EVENT_SPEED:
		event->speed = genl_number(attr);
		event->has_link = true;
		break;
	case FPGA_VFIO_A_EVENT_WIDTH:
		event->width = genl_number(attr);
		break;
	case FPGA_VFIO_A_EVENT_TEXT:
		take_text(event->text, sizeof(event->text), attr);
		break;
	}
}

void event_parse(const struct nlattr *attrs, size_t len, struct event *event)
{
	const struct nlattr *attr;

	memset(event, 0, sizeof(*event));
	genl_for_each(attr, attrs, len)
		take(attr, event);
}

void event_print(const struct event *event)
{
	printf("port=%s seq=%llu time=%llu", event->port, (unsigned long long)event->seq,
	       (unsigned long long)event->time_ns);
	if (event->has_bdf)
		printf(" bdf=%s", event->bdf);
	printf(" kind=%s origin=%s", name_of(&kind_names, event->kind),
	       name_of(&origin_names, event->origin));
	if (event->has_pid)
		printf(" pid=%u comm=%s", event->pid, event->comm);
	if (event->has_method)
		printf(" method=%s", name_of(&method_names, event->method));
	if (event->has_error)
		printf(" error=%s", errno_name((int)event->error));
	if (event->has_duration)
		printf(" duration=%llu", (unsigned long long)event->duration_ns);
	if (event->has_state)
		printf(" state=%s", name_of(&state_names, event->state));
	if (event->has_link)
		printf(" speed=%u width=%u", event->speed, event->width);
	if (event->text[0])
		printf(" text=%s", event->text);
	putchar('\n');
}
