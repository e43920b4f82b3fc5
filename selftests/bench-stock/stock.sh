#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2317 # each fault is a function, called by its name
# For each fault that a development host can cause: what becomes of the host, of a
# VM that has the card by stock vfio-pci, and of the card; first alone, then after
# what the usual script does (reset by sysfs). Not a test of anything of ours: the
# record that our driver has to beat. The table is left in $FV_OUT/survival.
. "$(dirname "$0")/fv.sh"
. "$(dirname "$0")/vm.sh"

fv_need FV_CARD FV_CARDS
dev=$FV_CARD
port=$(basename "$(readlink -f "$FV_PCI/$dev/..")")
table=$FV_OUT/survival
: >"$table.rows"

fault()
{
	fv-fault FV_CARD "$@"
}

# what the host's scripts do before programming so that the host does not reboot
errors_masked()
{
	setpci -s "$port" COMMAND=0:100 BRIDGE_CONTROL=0:2 CAP_EXP+8.w=0:f
}

# port_bits: what must be as before when all is over
port_bits()
{
	setpci -s "$port" COMMAND BRIDGE_CONTROL CAP_EXP+8.w CAP_EXP+10.w CAP_EXP+18.w CAP_EXP+30.w \
		ECAP_AER+8.l ECAP_AER+c.l ECAP_AER+14.l 2>/dev/null | tr '\n' ' '
}

# one function for each fault; when it returns, the card itself could be used
fault_link_lost()
{
	fault link-down for 400
}

fault_surprise_down()
{
	fault surprise-down for 400
}

fault_reprogrammed()
{
	fault reprogram 3000
}

fault_reprogrammed_with_errors_masked()
{
	errors_masked
	fault reprogram 3000
}

fault_reprogrammed_after_surprise()
{
	fault surprise-down
	fault reprogram 3000
	fault link-up
}

fault_other_design()
{
	fault reprogram alveo-xdma-2 1000
}

fault_comes_back_slow()
{
	fault come-back 1 1 1
	fault link-down for 200
}

fault_configuration_lost()
{
	fault bars-lost now
}

fault_flr_hangs()
{
	fault flr-hangs 1
	vm_reset
}

fault_ready_3s_after_flr()
{
	fault not-ready 3000
	vm_reset
}

fault_flr_ignored()
{
	fault flr-ignored 1
	vm_reset
}

fault_storm_after_flr()
{
	fault storm dma on flr rate 100 for 3000
	vm_reset
}

# card_repaired: the card answers again. Before its VM ends, too: the kernel would wait
# a minute for a card that does not
card_repaired()
{
	fault repair
	fault ctl ready-after image >/dev/null
	fault reprogram alveo-xdma 10
	fault wait ready 20000
}

# restored: a card as at the start, without anybody who has it
restored()
{
	card_repaired || return
	fv_unbind "$dev"
	echo 1 >"$FV_PCI/$dev/remove"
	echo 1 >/sys/bus/pci/rescan
	fv_wait 10 test -e "$FV_PCI/$dev" && fv_bind "$FV_STOCK" "$dev"
}

kernel_complaints()
{
	dmesg | tail -n "+$((kmsg + 1))" | grep -cE 'BUG:|WARNING:|Oops|hung task|blocked for more than'
}

# usable: does the VM read the card, now or when its firmware has started again?
# "yes" or "no" in $REPLY
usable()
{
	if vm_is_alive && [ "$(vm_state)" = running ] &&
	   fv_wait $((2 * vm_start_s + 2)) vm_reads_card; then
		REPLY=yes
	else
		REPLY=no	# a wait leaves something else in it
	fi
}

link_now()
{
	cat "$FV_PCI/$dev/current_link_speed" "$FV_PCI/$dev/current_link_width" 2>/dev/null |
		tr '\n' ' ' | sed 's/ PCIe//'
}

# try NAME: cause it, look, do what the script does, look again
try()
{
	local name=$1 bits state alone card scripted link

	kmsg=$(dmesg | wc -l)
	if ! restored || ! vm_start "$dev"; then
		ktap_test_fail "$name: no VM to begin with: $(tail -n 1 /tmp/fv-vm.log)"
		vm_end
		return
	fi
	bits=$(port_bits)
	"fault_$name"
	fv_wait 8 fault wait ready 1 2>/dev/null
	card=$(fault status .state)
	state=$(vm_state)
	usable
	alone=$REPLY
	# shellcheck disable=SC2016 # expanded by that shell, which may have to be stopped
	timeout 30 bash -c 'echo 1 >"$1"' - "$FV_PCI/$dev/reset" 2>/dev/null ||
		state+=", reset by sysfs fails"
	usable
	scripted=$REPLY
	link=$(link_now)
	printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "${name//_/ }" "$(kernel_complaints)" "$state" "$card" \
		"$alone" "$scripted" "$link" "$([ "$bits" = "$(port_bits)" ] && echo same || echo other)" \
		>>"$table.rows"
	echo "# @row name=stock_${name} driver=stock value=$([ "$alone" = yes ] && echo 1 || echo 0) unit=usable"
	echo "# @row name=stock_${name}_script driver=stock value=$([ "$scripted" = yes ] && echo 1 || echo 0) unit=usable"
	card_repaired
	vm_end
	ktap_test_pass "$name: recorded"
}

mapfile -t names < <(declare -F | sed -n 's/^declare -f fault_//p')
ktap_print_header
ktap_set_plan ${#names[@]}
fv_load_stock
insmod /t/mod/fv_port.ko
for name in "${names[@]}"; do
	try "$name"
done
{
	printf 'fault\tkernel complaints\tVM\tcard itself\tusable by the VM\tafter a reset by sysfs\tlink\tport bits\n'
	cat "$table.rows"
} | awk -F '\t' '
	{ for (i = 1; i <= NF; i++) { cell[NR, i] = $i; if (length($i) > width[i]) width[i] = length($i) } }
	END {
		for (row = 1; row <= NR; row++)
			for (i = 1; i <= NF; i++)
				printf "%-" width[i] "s%s", cell[row, i], i < NF ? "  " : "\n"
	}' >"$table"
sed 's/^/# /' "$table"
ktap_finished
