#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Cards that stay bound to fpga_vfio_pci, in the initramfs: fpgactl-cards.d(5).
# shellcheck disable=SC2154 # moddir is set by dracut

# called by dracut
check()
{
	compgen -G '/etc/fpgactl/cards.d/*.conf' >/dev/null || return 255
	require_binaries @BINDIR@/fpgactl
}

# called by dracut
depends()
{
	echo udev-rules
}

# called by dracut. The module is needed though it may not be loaded on this host now
installkernel()
{
	hostonly='' instmods fpga_vfio_pci
}

# called by dracut
install()
{
	inst_multiple @BINDIR@/fpgactl /etc/fpgactl/cards.d/*.conf
	inst_rules 05-fpgactl.rules
	inst_hook pre-udev 05 "$moddir/fpgactl-early.sh"
}
