# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2054 # used by the other parts; options of QEMU
# Guests with simulated FPGA cards: "# topology: card", "card_alone" or "card_switch" in a suite's
# Makefile.
# Each card is a server process (selftests/sim/fpgacard) beside QEMU, behind a root port with the
# link registers of the port module (selftests/sim/port). Runs inside the lab root.
#
# In the guest, FV_CARDS lists "ROLE:NAME:PORT:IMAGE" of each card. The virtio-serial port NAME is
# the control socket of its server, "monitor" is QEMU's monitor (QMP);
# selftests/sim/port/fv-fault uses both. On the host, the sockets are in the run's directory while
# the guest runs: cards/NAME.ctl, cards/monitor.

FV_CARD_IMAGES=$FV_TOP/selftests/sim/fpgacard/images
# PIDs of the card servers
FV_SERVERS=()

# build_port KERNEL: build the test modules below out/build/port-KERNEL, compiler output in
# out/build/port-KERNEL.log
build_port()
{
	local dir=$FV_OUT_DIR/build/port-$1 kdir name

	kernel_get "$1"
	kdir=$REPLY
	mkdir -p "$dir"
	(
		flock 9
		build_sync "$dir" selftests/sim/port selftests/sim/importer selftests/sim/fpgacard/sideband.h
		: >"$dir.log"
		for name in port importer; do
			make -C "$kdir/build" M="$dir/selftests/sim/$name" W=1e -j"$(cpus)" modules \
				9>&- >>"$dir.log" 2>&1 </dev/null || exit
		done
	) 9>"$dir.lock"
}

# build_card: directory of fpgacard and fpgacardctl in $REPLY
build_card()
{
	local dir=$FV_OUT_DIR/build/card

	mkdir -p "$dir"
	(
		flock 9
		make -C "$FV_TOP/selftests/sim/fpgacard" O="$dir" -j"$(cpus)" 9>&- >"$dir.log" 2>&1 </dev/null
	) 9>"$dir.lock" || return
	REPLY=$dir
}

# card_payload KERNEL DIR: copy the files that a guest with cards needs to DIR (/t in the guest)
card_payload()
{
	mkdir -p "$2/bin" "$2/mod" "$2/images"
	cp "$FV_OUT_DIR/build/port-$1/selftests/sim"/{port/fv_port,importer/fv_importer}.ko "$2/mod/"
	cp "$FV_OUT_DIR/build/card/fpgacardctl" "$FV_TOP/selftests/sim/port/fv-fault" "$2/bin/"
	cp "$FV_CARD_IMAGES"/*.json "$2/images/"
}

# topology_card_add ROLE IMAGE PORT [ID HOP…]: add a card behind port rpPORT, or behind port ID of
# a switch, which is HOP… below rpPORT; the roles of functions 1, 2, … end in _FN1, _FN2, …
topology_card_add()
{
	local role=$1 image=$FV_CARD_IMAGES/$2.json port=$3 above=${4:-rp$3} count n ids more=
	local name=card${above#rp} hops=("${@:5}")
	local base=$FV_SOCKETS/$name socket

	count=$(jq '.functions | length' "$image")
	[ "$count" = 1 ] || more=',"multifunction":true'
	for ((n = 0; n < count; n++)); do
		socket=$base
		[ "$n" = 0 ] || socket+=.$n
		FV_DEVICES+=(-device "{\"driver\":\"vfio-user-pci\",\"id\":\"$name.$n\",\"bus\":\"$above\",\"addr\":\"0.$n\"$more,\"socket\":{\"path\":\"$socket\",\"type\":\"unix\"}}")
		ids=$(jq -r ".functions[$n] | (.vendor + \":\" + .device) | gsub(\"0x\"; \"\")" "$image")
		[ "$n" = 0 ] || role=$1_FN$n
		topology_role "$role" "$ids" "$port" "${hops[@]}" "00.$n"
	done
	"$FV_OUT_DIR/build/card/fpgacard" --socket "$base" --control "$base.ctl" \
		--seed "${guest_seed:-1}" --log "$base.log" "$image" >"$base.err" 2>&1 &
	FV_SERVERS+=($!)
	FV_DEVICES+=(-chardev "socket,id=$name,path=$base.ctl"
		-device "virtserialport,chardev=$name,name=$name")
	FV_CARDS+=("$1:$name:$above:$2")
}

# cards_begin DISKDIR, cards_end: enclose the cards of a topology
cards_begin()
{
	FV_CARDS=()
	# in the run's directory, unless the path is too long for a socket
	FV_SOCKETS=$(dirname "$1")/cards
	[ ${#FV_SOCKETS} -lt 90 ] || FV_SOCKETS=$(mktemp -d)
	mkdir -p "$FV_SOCKETS"

	# shared guest memory, which the servers map
	FV_DEVICES+=(-object "memory-backend-memfd,id=ram,size=$guest_mem,share=on"
		-machine memory-backend=ram)
}

cards_end()
{
	# "monitor" connects the guest to QEMU's QMP socket; HMP is for the host
	FV_DEVICES+=(-chardev "socket,id=qmp,path=$FV_SOCKETS/qmp,server=on,wait=off"
		-object monitor-qmp,id=qmp0,chardev=qmp
		-chardev "socket,id=monitor,path=$FV_SOCKETS/qmp"
		-device virtserialport,chardev=monitor,name=monitor
		-chardev "socket,id=hmp,path=$FV_SOCKETS/monitor,server=on,wait=off"
		-object monitor-hmp,id=hmp0,chardev=hmp,readline=on)

	guest_env+=$'\n'"FV_CARDS='${FV_CARDS[*]}'"
	card_wait
}

# topology_card DISKDIR: topology() with cards
topology_card()
{
	local dir=$1

	FV_DEVICES=()
	FV_ROLES=
	cards_begin "$dir"

	FV_PORT_OPTIONS=,hotplug=off
	topology_port 1
	topology_card_add FV_CARD alveo-xdma 1
	topology_port 2
	topology_card_add FV_CARD2 two-function 2
	topology_port 3
	topology_card_add FV_CARD_4G hbm-4g 3
	topology_port 4
	topology_card_add FV_CARD_NOFLR lattice-noflr 4
	# MSI only, because QEMU aborts when a vfio-user card with MSI-X is unplugged
	FV_PORT_OPTIONS=
	topology_port 5
	topology_card_add FV_CARD_MSI litepcie-msi 5

	# a stock PCIe device without simulated link faults
	FV_PORT_OPTIONS=,hotplug=off
	topology_port 6
	topology_disk "$dir/nvme0.img" disk0
	FV_DEVICES+=(-device nvme,id=nvme0,serial=fv-nvme0,drive=disk0,bus=rp6)
	topology_role FV_NVME 1b36:0010 6 00.0

	# a device with INTx
	topology_port 7
	FV_DEVICES+=(-device edu,id=edu1,bus=rp7)
	topology_role FV_INTX 1234:11e8 7 00.0
	FV_PORT_OPTIONS=

	# a root complex integrated device without any reset method
	FV_DEVICES+=(-device edu,id=edu0,bus=pcie.0,addr=0xe)
	FV_ROLES+="FV_ALONE 0x1234:0x11e8 0e.0"$'\n'
	cards_end
}

# topology_card_alone DISKDIR: one card and no other device, for measurements of time: a change of
# memory decoding makes QEMU rebuild the memory map of all devices
topology_card_alone()
{
	FV_DEVICES=()
	FV_ROLES=
	cards_begin "$1"
	FV_PORT_OPTIONS=,hotplug=off
	topology_port 1
	topology_card_add FV_CARD alveo-xdma 1
	FV_PORT_OPTIONS=
	cards_end
}

# topology_card_switch DISKDIR: a switch with a card below each of two ports
topology_card_switch()
{
	FV_DEVICES=()
	FV_ROLES=
	cards_begin "$1"
	FV_PORT_OPTIONS=,hotplug=off
	topology_port 1
	FV_PORT_OPTIONS=
	FV_DEVICES+=(-device "x3130-upstream,id=up1,bus=rp1"
		-device "xio3130-downstream,id=down1,bus=up1,addr=0,chassis=11,slot=11,hotplug=off"
		-device "xio3130-downstream,id=down2,bus=up1,addr=1,chassis=12,slot=12,hotplug=off")
	topology_card_add FV_CARD alveo-xdma 1 down1 00.0 00.0
	topology_card_add FV_CARD2 two-function 1 down2 00.0 01.0
	cards_end
}

# topology_demo DISKDIR: topology() and one card
topology_demo()
{
	topology "$1"
	cards_begin "$1"
	FV_PORT_OPTIONS=,hotplug=off
	topology_port 9
	FV_PORT_OPTIONS=
	topology_card_add FV_CARD alveo-xdma 9
	cards_end
}

# card_wait: wait until each server listens; the control socket is created last
card_wait()
{
	local card base tries

	for card in "${FV_CARDS[@]}"; do
		base=$FV_SOCKETS/$(cut -d : -f 2 <<<"$card")
		for ((tries = 0; tries < 200; tries++)); do
			[ ! -S "$base.ctl" ] || break
			sleep 0.02
		done
		[ -S "$base.ctl" ] || die "the server of $card does not listen: $(cat "$base.err")"
	done
}

# topology_end DIR: stop the servers, keep their logs
topology_end()
{
	local card

	[ ${#FV_SERVERS[@]} != 0 ] || return 0
	kill "${FV_SERVERS[@]}" 2>/dev/null
	wait "${FV_SERVERS[@]}" 2>/dev/null
	for card in "$FV_SOCKETS"/*.log; do
		mv "$card" "$1/"
	done
	cat "$FV_SOCKETS"/*.err >&2
	rm -rf "$FV_SOCKETS"
	FV_SERVERS=()
}
