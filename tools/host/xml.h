/* SPDX-License-Identifier: GPL-2.0 */
/* The tags of an XML text, one after the other. */
#ifndef FPGACTL_XML_H
#define FPGACTL_XML_H

#include "util/util.h"

struct xml_tag {
	const char *start;	/* of its name */
	size_t len;		/* of name and attributes */
	const char *text;	/* behind it */
	bool is_end;		/* </name> */
	bool is_empty;		/* <name/> */
};

bool xml_next(const char **s, struct xml_tag *tag);
bool xml_is(const struct xml_tag *tag, const char *name);
char *xml_attribute(const struct xml_tag *tag, const char *name);
char *xml_text(const struct xml_tag *tag);

#endif
