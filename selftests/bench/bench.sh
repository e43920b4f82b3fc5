#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Cost of each operation with vfio-pci and with fpga_vfio_pci, in one boot and on the same devices,
# and the ratio. FV_BENCH_LIMIT is the maximum ratio; of open and close, which reset the device once
# and not twice, it is another one.
# shellcheck disable=SC2119 # arguments of fv_load and fv_release are optional
. "$(dirname "$0")/fv.sh"

fv_need FV_EDU0 FV_NVME FV_KO
ktap_print_header
limit=${FV_BENCH_LIMIT:-1.02}
limit_open=0.60

# run DRIVER: measure; print the rows and write them to a file
run()
{
	# an open resets the function: FLR, with 100 ms in both drivers, for NVMe; for edu, a
	# conventional function, the PCI core does not wait
	fv_bind "$1" "$FV_EDU0" "$FV_NVME" || return
	"$FV_DIR/vfio_bench" "$FV_EDU0" "$1" accesses >"/tmp/bench.$1" || return
	"$FV_DIR/vfio_bench" "$FV_NVME" "$1" open >>"/tmp/bench.$1" || return
	cat "/tmp/bench.$1"
	fv_unbind "$FV_EDU0" "$FV_NVME"
}

if ! fv_load_stock || ! fv_load; then
	ktap_exit_fail_msg "the drivers cannot be loaded"
fi
run "$FV_STOCK" || ktap_exit_fail_msg "the benchmark does not run on $FV_STOCK"
run "$FV_DRIVER" || ktap_exit_fail_msg "the benchmark does not run on $FV_DRIVER"
fv_unload

# NAME STOCK OURS RATIO MOST VERDICT of the medians, which are the same in every run
while read -r name stock ours ratio most verdict; do
	fv_row "${name}_ratio" "$FV_DRIVER" "$ratio" ratio
	echo "# $name: $FV_STOCK $stock ns, $FV_DRIVER $ours ns"
	if [ "$verdict" = ok ]; then
		ktap_test_pass "$name costs $ratio of $FV_STOCK"
	else
		ktap_test_fail "$name costs $ratio of $FV_STOCK, more than $most"
	fi
done < <(awk -v limit="$limit" -v limit_open="$limit_open" '
	{
		for (i = 1; i <= NF; i++) {
			split($i, pair, "=")
			field[pair[1]] = pair[2]
		}
		name = field["name"]
		if (sub(/_p50$/, "", name) != 1)
			next
		if (FILENAME == ARGV[1])
			stock[name] = field["value"]
		else {
			ratio = stock[name] > 0 ? field["value"] / stock[name] : 99
			most = name == "open_and_close" ? limit_open : limit
			printf "%s %s %s %.4f %s %s\n", name, stock[name], field["value"], ratio,
				most, ratio <= most + 0 ? "ok" : "high"
		}
	}' "/tmp/bench.$FV_STOCK" "/tmp/bench.$FV_DRIVER")
fv_finish
