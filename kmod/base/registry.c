// SPDX-License-Identifier: GPL-2.0
#include "base/registry.h"

DEFINE_MUTEX(fv_publish_lock);		/* serializes publish and unpublish */
DEFINE_MUTEX(fv_registry_lock);		/* devices, cards, groups, and their counters */
unsigned int fv_registry_changes = 1;	/* 0 has no meaning in a dump */
