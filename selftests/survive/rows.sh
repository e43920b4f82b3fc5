# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154,SC2034,SC2016,SC2317 # of survive.sh; conditions are for eval; each row is called by its name
# The rows of the table: faults that a development host can cause. "NAME CARD TEXT", in order of
# execution; row_NAME does it (words joined by _). On return, the fault is over and the card, if
# possible, is getting ready.

rows()
{
	cat <<-EOT
	config-lost		FV_CARD	configuration lost, the link stays up
	flr-slow		FV_CARD	FLR by the guest, ready 3 s later
	flr-ignored		FV_CARD	FLR by the guest, the card ignores it
	flr-hangs		FV_CARD	FLR by the guest, the card hangs
	flr-storm		FV_CARD	FLR by the guest, then a storm of DMA for 3 s
	link-lost-1s		FV_CARD	link down for 1 s, the port reports nothing
	surprise-1s		FV_CARD	surprise link down for 1 s
	surprise-for-good	FV_CARD	surprise link down for good
	gen1			FV_CARD	surprise link down, back at Gen1 x1
	aer-fatal		FV_CARD	fatal AER
	aer-nonfatal-storm	FV_CARD	$STORM non-fatal AER in a row
	aer-correctable-storm	FV_CARD	$STORM correctable AER in a row
	power-cycle		FV_CARD	slot power off for 1 s
	reprogram-2s-idle	FV_CARD	reprogram, 2 s, guest idle
	reprogram-2s-busy	FV_CARD	reprogram, 2 s, guest busy
	reprogram-10s-idle	FV_CARD	reprogram, 10 s, guest idle
	reprogram-10s-busy	FV_CARD	reprogram, 10 s, guest busy
	reprogram-long-idle	FV_CARD	reprogram, $LONG s, guest idle
	reprogram-long-busy	FV_CARD	reprogram, $LONG s, guest busy
	reprogram-other-id	FV_CARD	reprogram to another id
	reprogram-other-bar	FV_CARD	reprogram to another BAR size
	vmm-killed-before	FV_CARD	VMM killed before programming
	vmm-killed-programming	FV_CARD	VMM killed while programming
	vmm-killed-not-ready	FV_CARD	VMM killed while the card gets ready
	vmm-killed-after	FV_CARD	VMM killed after programming
	tool-killed-before	FV_CARD	tool killed before programming
	tool-killed-programming	FV_CARD	tool killed while programming
	tool-killed-not-ready	FV_CARD	tool killed while the card gets ready
	unload-before		FV_CARD	module unload tried before programming
	unload-programming	FV_CARD	module unload tried while programming
	unload-not-ready	FV_CARD	module unload tried while the card gets ready
	unload-after		FV_CARD	module unload tried after programming
	two-vms			FV_CARD	two VMs on two cards, one reprogrammed
	hot-removal		FV_CARD_MSI	hot removal, and return after 2 s
	dpc			FV_CARD	surprise link down for 1 s, contained by DPC
	EOT
}

# programs ROW: succeed for rows with programming, the only ones where stock-bare differs from stock
programs()
{
	case $1 in
	reprogram-* | *-before | *-programming | *-not-ready | *-after | two-vms) return 0 ;;
	esac
	return 1
}

row_config_lost()
{
	fault bars-lost now
	watch
}

row_flr_slow()
{
	fault not-ready 3000
	flr
}

row_flr_ignored()
{
	fault flr-ignored 1
	flr
}

row_flr_hangs()
{
	fault flr-hangs 1
	flr
}

row_flr_storm()
{
	fault storm dma on flr rate 100 for 3000
	flr
}

row_link_lost_1s()
{
	fault link-down for 1000
	watch
}

row_surprise_1s()
{
	fault surprise-down for 1000
	watch
}

# The card is not usable, and no means can change that. But host and VM must live, the guest must
# read all-ones, and both must be able to clean up.
row_surprise_for_good()
{
	means=()
	fault surprise-down
	read -rt 3 <> <(:)
	if vm_is running && user check; [[ $REPLY != "no reads ffffffff" ]]; then
		note "the guest: $REPLY"
	fi
}

row_gen1()
{
	fault come-back 1 1 1
	fault surprise-down for 200
	watch
}

row_aer_fatal()
{
	fault aer DLP
	watch
}

row_aer_nonfatal_storm()
{
	fault aer COMP_TIME "$STORM"
	watch
}

row_aer_correctable_storm()
{
	fault aer RCVR "$STORM"
	watch
}

row_power_cycle()
{
	card_does power off
	watch
	read -rt 1 <> <(:)
	card_does power on
}

row_reprogram_2s_idle()
{
	program "$image" 2000
}

row_reprogram_2s_busy()
{
	user busy
	program "$image" 2000
}

row_reprogram_10s_idle()
{
	program "$image" 10000
}

row_reprogram_10s_busy()
{
	user busy
	program "$image" 10000
}

row_reprogram_long_idle()
{
	program "$image" $((LONG * 1000))
}

row_reprogram_long_busy()
{
	user busy
	program "$image" $((LONG * 1000))
}

# The config space of another card is not compared.
row_reprogram_other_id()
{
	is_other_card=yes
	program alveo-xdma-2 2000
}

row_reprogram_other_bar()
{
	is_other_card=yes
	fault wrong bar 2 4M for 1
	program "$image" 2000
}

row_vmm_killed_before()
{
	interrupted before kill_vmm
}

row_vmm_killed_programming()
{
	interrupted programming kill_vmm
}

row_vmm_killed_not_ready()
{
	interrupted not-ready kill_vmm
}

row_vmm_killed_after()
{
	program "$image" 2000
	kill_vmm
}

row_tool_killed_before()
{
	interrupted before kill_tool
}

row_tool_killed_programming()
{
	interrupted programming kill_tool
}

row_tool_killed_not_ready()
{
	interrupted not-ready kill_tool
}

row_unload_before()
{
	interrupted before unload
}

row_unload_programming()
{
	interrupted programming unload
}

row_unload_not_ready()
{
	interrupted not-ready unload
}

row_unload_after()
{
	program "$image" 2000
	unload
}

# The other VM keeps its card busy and must not be affected.
row_two_vms()
{
	local other=$FV_CARD_NOFLR

	VM=b
	if ! fv_bind "$WAY_DRIVER" "$other" || ! vm_start "$other" || ! user busy; then
		note "no second VM: $REPLY"
		VM=a
		return
	fi
	VM=a
	program "$image" 2000
	VM=b
	vm_state
	[ "$REPLY" = running ] || others="the other VM: $REPLY"
	user idle
	read -r _ _ ones wrong faults _ <<<"$REPLY"
	[ "${ones:-no} ${wrong:-no} ${faults:-no}" = "0 0 0" ] || others="the other VM: $REPLY"
	user check || others="the other VM: $REPLY"
	vm_end
	VM=a
}

# With vfio-pci, the kernel removes the device and VFIO sends a release request; the card is a new
# device when it is back, and is plugged into the VM again.
row_hot_removal()
{
	means=(replug_found) is_other_card=yes
	fault remove
	read -rt 2 <> <(:)
	fault insert
}

means_replug_found()
{
	vm_is_without_card 20 || { note "the VM keeps it"; return; }
	fv_wait 20 eval '! fv_driver_is "$dev" "$WAY_DRIVER"' && fv_wait 20 test -e "$FV_PCI/$dev/config" &&
		fv_bind "$WAY_DRIVER" "$dev" && vm_plug "$dev"
}

# Let the kernel detect DPC, which the port module added to a known port.
setup_dpc()
{
	unbound "$dev"
	put 1 "$FV_PCI/$port/remove"
	put 1 /sys/bus/pci/rescan
	fv_wait 10 test -e "$FV_PCI/$dev" || return
	# enabled for fatal, or for fatal and non-fatal errors
	[ $((0x$("$FV_DIR/cfg" "$port" ECAP_DPC+6.w) & 3)) != 0 ]
}

row_dpc()
{
	fault surprise-down for 1000
	watch
}
