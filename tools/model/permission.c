// SPDX-License-Identifier: GPL-2.0
/* Permission to rebind devices. */
#include <errno.h>
#include <string.h>

#include "host/move.h"
#include "model/permission.h"
#include "util/err.h"

/* Report that devices may not be rebound; @ret is a negative errno. */
int permission_fail(int ret, const char *bdf, const char *what)
{
	if (ret == -EACCES)
		return err_fail(FV_DENIED, bdf, what, "Run it as root. Nothing was changed.",
				"needs root");
	return err_fail(FV_FAILED, bdf, what, "Nothing was changed.", "%s", strerror(-ret));
}

/* Return FV_OK if the caller may rebind devices; @bdf and @what go into the error message. */
int permission_check(const char *bdf, const char *what)
{
	int ret = move_may_write();

	return ret ? permission_fail(ret, bdf, what) : FV_OK;
}
