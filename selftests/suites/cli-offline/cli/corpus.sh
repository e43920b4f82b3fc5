#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Wrong command lines and broken systems in bulk: no crash, no hang, no half JSON, no code that is not
# in the table. What the messages say is in the programs of the commands.
# shellcheck disable=SC2317 # tests are called by their names
. "$(dirname "$0")/cli.sh"

# try ARGUMENT…: as fv, but without the outputs in variables: the shell is slow with long ones
try()
{
	rc=0
	timeout -k 1 20 "$FPGACTL" --sysroot "$tree" "$@" >"$work/out" 2>"$work/err" </dev/null || rc=$?
}

# judge CODES COMMAND…: run on the tree, and check exit code, output and errors. CODES are the
# possible ones, with "|"; 13 is a result of doctor. A report of a sanitizer has another code
judge()
{
	local codes=$1 fault='' first='' word is_json=

	shift
	"${run[@]}" "$@"
	for word; do
		[ "$word" != -- ] || break
		[[ ${#word} -lt 8 && $word = @(--json|-*([a-z])j*([a-z])) ]] && is_json=1
	done
	read -rn 100 first <"$work/err" || :
	[[ $rc = @($codes) ]] || fault+="code $rc, not $codes; "
	if [ -n "$is_json" ]; then
		fault_of_json
	elif [[ $rc != @(0|13) && $first != "fpgactl: "* ]]; then
		fault+="no error; "
	fi
	[ "$rc" != 2 ] || [ ! -s "$work/out" ] || fault+="output of a wrong command; "
	judged=$((judged + 1))
	[ -n "$fault" ] || return 0
	printf -v word '%.40q ' "$@"
	faults+="$where$word: $fault$first"$'\n'
}

# fault_of_json: JSON is complete, also that of an error
fault_of_json()
{
	if [ -s "$work/out" ]; then
		jq -e . "$work/out" >"$work/jq" 2>&1 || fault+="output is no JSON; "
	elif [[ $rc = @(0|13) ]]; then
		fault+="no output; "
	fi
	if [[ $rc = @(0|13) ]]; then
		[ ! -s "$work/err" ] || fault+="text on stderr; "
	elif ! jq -es "length == 1 and .[0].error.exit_code == $rc" "$work/err" >"$work/jq" 2>&1; then
		fault+="error is no JSON, or another code; "
	fi
}

# verdict N: there were at least so many commands, and none was wrong
verdict()
{
	printf '%d commands, faults:\n%s' "$judged" "$faults"
	[ -z "$faults" ]
	[ "$judged" -ge "$1" ]
}

# with all commands only in variant cli-san, which has the time
is_thorough=
[ ! -e "$CLI_DIR/fpgactl-san" ] || is_thorough=1

# commands that take an address
takers=(show bind list stats)
[ -z "$is_thorough" ] || takers+=(link unbind reset recover fence retrain rescan policy allow)

run=(try)
judged=0
faults=
where=

addresses=(
	"" " " "-" . / : :. . ".0" 0 01:00 01:00. 01:00.8 01:20.0 100:00.0 01:00.00 01:000.0 001:00.0
	"01:00.0 " " 01:00.0" "01:00.0,07:00.0" "01:00.0 07:00.0" 01:00:0 01.00.0 01:00.0:1
	123456789:01:00.0 0x01:00.0 +1:00.0 01:00.+0 01:00.-1 01:00.0/../.. ../../etc "*" "[0-9]*" %s%n
	é $'\u0660\u0661:00.0' $'\uff10\uff11:00.0' $'\xff\xfe' $'\e[31m01:00.0' $'01:00.0\n' group17
	pci_0000_01_00_0 PCI0000:01:00.0 0000:01:00.0@1 /sys/bus/pci/devices/0000:01:00.0
	"$(printf '%.0s0' {1..5000})"
)

hold addresses_refused "a word that is no address is refused by each command that takes one"
addresses_refused()
{
	local command word

	for command in "${takers[@]}"; do
		for word in "${addresses[@]}"; do
			# a number is a group
			[[ $command = @(list|stats) && $word = +(0) ]] || judge 2 "$command" -- "$word"
		done
	done
	for word in "${addresses[@]}"; do
		judge 2 reprogram --json "$word" -- true
		[[ $word = +(0) ]] || judge 2 list --json 01:00.0 "$word"
	done
	verdict $((40 * ${#takers[@]}))
}

hold absent_refused "an address that no device has is refused as such by each command"
absent_refused()
{
	local command

	for command in "${takers[@]}"; do
		judge 3 "$command" ee:00.0
		judge 3 "$command" --json ffffffff:ff:1f.7
	done
	judge 3 reprogram ee:00.0 -- true
	judge 3 bind 01:00.0 ee:00.0
	judge 3 list 01:00.0 4711
	judge 3 stats 2147483647
	verdict $((2 * ${#takers[@]} + 4))
}

# words_of COMMAND: arguments that it may have, in $REPLY
words_of()
{
	case $1 in
	help | list | serve | stats | version) REPLY= ;;
	completion) REPLY=bash ;;
	*) REPLY=07:00.1 ;;
	esac
}

hold options_refused "each command refuses options that it lacks, and wrong arguments of its options"
options_refused()
{
	local command letter option argument words

	for command in $(all_commands); do
		[ "$command" != reprogram ] || continue
		words_of "$command"
		read -ra words <<<"$command $REPLY"
		judge 2 "${words[@]}" --nosuch
		judge 2 "${words[@]}" --nosuch=1 --json
		judge 2 "${words[@]}" -Q
		judge 2 "${words[@]}" ---help
		judge 2 "${words[@]}" --=1
		judge 2 "${words[@]}" $'--\e[31m\xff'
		judge 2 "${words[@]}" --sysroot /nonexistent
		judge 2 "${words[@]}" --sysroot=
		judge 2 "${words[@]}" --sysroot
		judge 2 "${words[@]}" --color=
		judge 2 "${words[@]}" --color=ALWAYS
		while read -r letter option argument; do
			letter=${letter%,}
			if [[ $argument = [A-Z]* ]]; then
				judge 2 "${words[@]}" "$option"
				[[ $letter != -? ]] || judge 2 "${words[@]}" "$letter"
				judge 2 "${words[@]}" "$option="
				[ "$option" = --driver ] || judge 2 "${words[@]}" "$option="$'\xff\e'
				[ "$option" = --sysroot ] || judge 2 "${words[@]}" "$option=/sys"
			else
				judge 2 "${words[@]}" "$option=1"
				judge 2 "${words[@]}" --json "$option="
			fi
		done < <("$FPGACTL" help "$command" |
			sed -nE '/^Options:/,/^$/s/^  (-.,)? +(--[a-z-]+)( [A-Z]+)?( .*)?$/\1 \2\3/p' |
			sed 's/^ /- /')
	done
	verdict 250
}

hold lines_refused "so are other command lines that mean nothing"
lines_refused()
{
	local code words line

	while read -r code line; do
		eval "words=($line)"
		judge "$code" "${words[@]}"
	done <<-'END'
		2 ''
		2 ' '
		2 $'\n'
		2 $'\xff'
		2 LIST
		2 lis
		2 listt
		2 01:00.0
		2 01:00.0 show
		2 -
		2 -- --json
		2 -a list
		2 -n bind 01:00.0
		2 --all list
		2 list list
		2 list show 01:00.0
		2 list --all --cards
		2 list --cards 01:00.0
		2 list --cards 17
		2 list --cards --json 17
		2 list -x
		2 list -ax
		2 list -jx
		2 list -aj nosuch
		2 list 0x11
		2 list -1
		2 list 2147483648
		2 list 99999999999999999999
		2 list 17.
		2 list '17 18'
		2 list -o
		2 list -o ''
		2 list -o ,
		2 list -o ,,
		2 list -o +
		2 list -o +,
		2 list -o ++NAME
		2 list -o NAME,
		2 list -o ,NAME
		2 list -o NAME,,ID
		2 list -o 'NAME ID'
		2 list -o 'NAME, ID'
		2 list -o NAME+
		2 list -o NAME,+ID
		2 list -o all
		2 list -o é
		2 list -o $'\e[31m'
		2 list -o NOSUCH --json
		2 list -o NAME --output NOSUCH
		2 list --output= --json
		2 show
		2 show 01:00.0 01:00.1
		2 show -o NAME 01:00.0
		2 show --json -o NAME 01:00.0
		2 show --all 01:00.0
		2 link 01:00.0 01:00.1
		2 link -o LINK 01:00.0
		2 link -o NOSUCH
		2 link -o NOSUCH --json
		2 bind
		2 bind --json
		2 bind -o DEVICE 01:00.0
		2 bind --yes=1 01:00.0
		2 bind --force --only
		2 bind 17
		2 bind 01:00.0 17
		2 bind -nn
		2 unbind
		2 unbind --none --driver nvme 07:00.1
		2 unbind --driver '' 07:00.1
		2 unbind --driver . 07:00.1
		2 unbind --driver .. 07:00.1
		2 unbind --driver a/b 07:00.1
		2 unbind --driver fpga_vfio_pci 07:00.1
		3 unbind --driver nosuch 07:00.1
		3 unbind -n --driver nosuch --json 07:00.1
		2 unbind --timeout -1 07:00.1
		2 unbind --timeout '' 07:00.1
		2 unbind --timeout 5x 07:00.1
		2 unbind --timeout 1e3 07:00.1
		2 unbind --timeout 0x10 07:00.1
		2 unbind --timeout 1.2345 07:00.1
		2 unbind --timeout .5 07:00.1
		2 unbind --timeout 5. 07:00.1
		2 unbind --timeout 1,5 07:00.1
		2 unbind --timeout ' 5' 07:00.1
		2 unbind --timeout 25h 07:00.1
		2 unbind --timeout 99999999999999999999 07:00.1
		2 unbind --timeout nan 07:00.1
		2 unbind --timeout inf 07:00.1
		2 unbind --timeout ٥ 07:00.1
		2 unbind -t5x -n 07:00.1
		2 rescan
		2 rescan 01:00.0 01:00.1
		2 rescan -t 1d 01:00.0
		2 rescan -o NOSUCH 01:00.0
		2 rescan -o NAME --json 01:00.0
		2 reset
		2 reset --method bogus 07:00.1
		2 reset --method '' 07:00.1
		2 reset --method FLR 07:00.1
		2 reset --method flr,pm 07:00.1
		2 reset -m 07:00.1
		2 reset -o NOSUCH 07:00.1
		2 reset --json -o METHOD 07:00.1
		2 recover
		2 recover --force=1 07:00.1
		2 fence
		2 fence -t 0 07:00.1
		2 fence -t 99ms 07:00.1
		2 fence -t 25h 07:00.1
		2 fence -t 1d 07:00.1
		2 fence -t 4294967296ms 07:00.1
		2 fence --json -t '' 07:00.1
		2 fence -o NOSUCH 07:00.1
		2 retrain
		2 retrain --speed 5 07:00.1
		2 retrain --speed gen0 07:00.1
		2 retrain --speed gen7 07:00.1
		2 retrain --speed gen 07:00.1
		2 retrain --speed '' 07:00.1
		2 retrain --speed GT/s 07:00.1
		2 retrain --speed ' GT/s' 07:00.1
		2 retrain --speed 3.5 07:00.1
		2 retrain --speed -8 07:00.1
		2 retrain --speed 1e1 07:00.1
		2 retrain --speed 8Gb/s 07:00.1
		2 retrain --tries 0 07:00.1
		2 retrain --tries 11 07:00.1
		2 retrain --tries -1 07:00.1
		2 retrain --tries '' 07:00.1
		2 retrain --tries 3x --json 07:00.1
		2 policy 07:00.1 foo
		2 policy 07:00.1 foo=1
		2 policy 07:00.1 =5
		2 policy 07:00.1 =
		2 policy 07:00.1 ''
		2 policy 07:00.1 aer
		2 policy 07:00.1 aer=
		2 policy 07:00.1 aer=STOP
		2 policy 07:00.1 aer==stop
		2 policy 07:00.1 aer=stop aer=recover
		2 policy 07:00.1 aer=stop default
		2 policy 07:00.1 default default
		2 policy 07:00.1 load-limit=
		2 policy 07:00.1 load-limit=5
		2 policy 07:00.1 load-limit=-5s
		2 policy 07:00.1 load-limit=5h
		2 policy 07:00.1 load-limit=4294967296ms
		2 policy 07:00.1 load-limit=5s,6s
		2 policy 07:00.1 load-limt=5s
		2 policy 07:00.1 link-speed=5
		2 policy 07:00.1 link-speed=gen9
		2 policy 07:00.1 link-width=8
		2 policy 07:00.1 link-width=x
		2 policy 07:00.1 link-width=x0
		2 policy 07:00.1 link-width=x33
		2 policy 07:00.1 retrain-tries=
		2 policy 07:00.1 retrain-tries=-1
		2 policy 07:00.1 retrain-tries=4294967296
		2 policy 07:00.1 reset-methods=
		2 policy 07:00.1 reset-methods=flr,
		2 policy 07:00.1 reset-methods=,
		2 policy 07:00.1 reset-methods=flr,nosuch
		2 policy 07:00.1 reset-methods=default
		2 policy 07:00.1 reset-methods=flr,flr,flr,flr,flr,flr,flr,flr,flr,flr
		2 policy 07:00.1 ready-register=
		2 policy 07:00.1 ready-register=:
		2 policy 07:00.1 ready-register=:::
		2 policy 07:00.1 ready-register=0:1:2
		2 policy 07:00.1 ready-register=0:1:2:3:4
		2 policy 07:00.1 ready-register=0:0x:2:3
		2 policy 07:00.1 ready-register=0:1:4294967296:3
		2 policy 07:00.1 ready-register=0:18446744073709551616:2:3
		2 policy 07:00.1 auto-retrain=1
		2 policy --json 07:00.1 nosuch=1
		2 policy -o NOSUCH
		2 policy -o KEY --json
		2 policy -o KEY 07:00.1 aer=stop
		2 policy default
		2 policy aer=stop
		2 history -l
		2 history -l -1
		2 history -l x
		2 history --lines 99999999999999
		2 history -o NOSUCH
		2 history 07:00.1 07:00.0
		2 stats -w
		2 stats -w 0
		2 stats -w0
		2 stats --watch=-1
		2 stats --watch=99ms
		2 stats --watch=25h
		2 stats --watch abc
		2 stats --watch=1 --json -o VALUE
		2 stats -o NOSUCH
		2 stats 17 18
		2 stats -1
		2 stats 17x
		2 stats 0x11
		2 stats 17.5
		2 stats 2147483648
		2 reprogram
		2 reprogram 07:00.1
		2 reprogram 07:00.1 true
		2 reprogram 07:00.1 --
		2 reprogram -- true
		2 reprogram -- 07:00.1 true
		2 reprogram 07:00.1 07:00.0 -- true
		2 reprogram 17 -- true
		2 reprogram -t 0 07:00.1 -- true
		2 reprogram -t 24h 07:00.1 -- true
		2 reprogram -t '' 07:00.1 -- true
		2 reprogram --json -t x 07:00.1 -- true
		127 reprogram 07:00.1 -- ''
		127 reprogram 07:00.1 -- nosuch
		127 reprogram --json 07:00.1 -- /nonexistent/x --json
		126 reprogram 07:00.1 -- /
		126 reprogram 07:00.1 -- /etc/passwd
		127 reprogram -nj 07:00.1 -- nosuch
		2 completion
		2 completion ''
		2 completion tcsh
		2 completion bash zsh
		2 completion --json bash
		2 help nosuch
		2 help ''
		2 help list show
		2 help --json
		2 help -o NAME
		2 version x
		2 version -o NAME
		2 machine x
		2 complete --json
		2 --json
		2 -j
		2 -o NAME
		2 --color=red
		2 --color
		2 --sysroot
		2 --sysroot '' list
		2 --sysroot /etc/passwd list
		2 --sysroot /nonexistent list
		1 --sysroot /dev list
		1 --sysroot /dev list --json
	END
	verdict 130
}

hold repeated_ok "an option that is repeated counts once, or the last time"
repeated_ok()
{
	local code words line

	while read -r code line; do
		eval "words=($line)"
		judge "$code" "${words[@]}"
	done <<-'END'
		0 list --all --all -aa
		0 list --json --json -j
		0 list -o NOSUCH -o NAME
		0 list -o NAME,NAME,NAME
		0 list -jo NAME,NAME
		0 list 17 17 07:00.0 07:00.0
		0 -j list -j
		0 --color never --color always list
		0 list -- 17
		0 show --json -- 01:00.0
		0 stats -a -a
		0 history --help --lines x
		0 show --help nosuch
		0 --help show
		0 -V list
		0 --help --version
		0 bind -n -n --yes -y 01:00.0 01:00.0
		0 bind --dry-run --json --yes 01:00.0 01:00.1 01:00.0
		0 unbind -n -t x -t 1 07:00.1
		0 unbind -n --none --none 07:00.1 07:00.1
		0 help
		0 --
		0 completion -- zsh
	END
	verdict 20
}

hold arguments_ok "very many and very long arguments are taken or refused"
arguments_ok()
{
	local many long

	mapfile -t many < <(yes 01:00.0 | head -n 1024)
	long=$(head -c 50000 /dev/zero | tr '\0' x)
	judge 0 list "${many[@]}"
	judge 2 list "${many[@]}" 01:00.0
	judge 0 bind -n --yes --json "${many[@]}"
	judge 2 "$long"
	judge 2 "--$long"
	judge 2 list "-o$long"
	judge 2 list --json -o "$(printf 'NAME,%.0s' {1..20000})NOSUCH"
	judge 0 list --json -o "$(printf 'NAME,%.0s' {1..1000})ID"
	judge 2 help "$long"
	judge 2 policy 07:00.1 "$long=1"
	judge 2 policy 07:00.1 "aer=$long"
	judge 126 reprogram 07:00.1 -- "$long"
	judge 2 --sysroot "/$long" list
	verdict 13
}

# What reads a tree. Code 1: something cannot be read; 3: the device is not there any more; 10: nor
# is the module; 12: the caller is not root
reads=("0|1 list --json" "0|1|3 show --json 01:00.0" "0|1|3|4|10|11 bind -n 01:00.0"
	"0|1|3|10|11|12 bind -n --yes 09:00.0" "0|1|13 doctor --json")
[ -z "$is_thorough" ] || reads+=(
	"0|1 list --all" "0|1|3 show 07:00.0" "0|1|3 link 01:00.0" "0|1|3 link --json 06:00.0"
	"0|1 link" "0|1|10 stats" "0|1|10 stats --json" "0|1" "0|1|3|13 doctor 06:00.0" "0|1 config"
	"0|1|3|4|10|11|12 bind -n --yes --force --json 0c:00.0" "0|1|3|4|10|12 unbind -n 07:00.1"
)

# broken NAME: check what reads the tree, now that it is broken
broken()
{
	local read codes line

	where="$1: "
	for read in "${reads[@]}"; do
		read -r codes line <<<"$read"
		read -ra line <<<"$line"
		judge "$codes" "${line[@]}"
	done
}

device=sys/bus/pci/devices/0000:01:00.0
# files of a device, a group, a process, the driver and the system that the commands read
files=(
	"$device"/{vendor,device,class,revision,subsystem_vendor,subsystem_device,numa_node}
	"$device"/{driver_override,config,resource,reset_method,current_link_speed,max_link_width}
	"$device"/{driver,iommu_group,power_state,sriov_numvfs,boot_vga,physfn,power/runtime_status}
	sys/kernel/iommu_groups/1/reserved_regions sys/class/net/eth0 sys/class/block/nvme1n1p1/dev
	sys/class/fpga_vfio/group17/statistics/{opens,users} sys/kernel/irq/40/{actions,per_cpu_count}
	proc/4242/{comm,fd/4} proc/{cpuinfo,cmdline,swaps,self/mountinfo} usr/share/misc/pci.ids
)

# each_file KIND COMMAND…: break all of these files by COMMAND FILE, look, and mend them
each_file()
{
	local file path

	for file in "${files[@]}"; do
		path=$tree/$file
		mkdir -p "${path%/*}"
		if [ -L "$path" ] || [ -e "$path" ]; then
			mv "$path" "$work/saved.${file//\//_}"
		fi
		"${@:2}" "$path"
	done
	broken "$1"
	for file in "${files[@]}"; do
		path=$tree/$file
		rm -rf "$path"
		if [ -L "$work/saved.${file//\//_}" ] || [ -e "$work/saved.${file//\//_}" ]; then
			mv "$work/saved.${file//\//_}" "$path"
		fi
	done
}

# content TEXT FILE
content()
{
	printf '%b' "$1" >"$2"
}

repeated()
{
	yes "$1" | head -c "$2" >"$3"
}

hold contents_ok "files with any content"
contents_ok()
{
	each_file missing :
	each_file empty content ''
	each_file newline content '\n'
	each_file nul content '\0\0\0\0'
	each_file blank content '   \t  '
	each_file word content 'nonsense\n'
	each_file minus content '-1\n'
	each_file large content '99999999999999999999999\n'
	each_file hexadecimal content '0xffffffffffffffff\n'
	each_file percent content '%s%n%s%n%100000d\n'
	each_file float content '1e400 GT/s PCIe\n'
	each_file nan content 'nan GT/s PCIe\n'
	each_file utf8 content '\xff\xfe\xe2\x80\xae\x1b[31m\n'
	each_file long repeated x 60000
	each_file lines repeated '0x1 0x2 0x40200' 60000
	each_file random head_of /dev/urandom
	each_file ones ones
	verdict $((17 * ${#reads[@]}))
}

head_of()
{
	head -c 4096 "$1" >"$2"
}

ones()
{
	head -c 4096 /dev/zero | tr '\0' '\377' >"$1"
}

hold types_ok "something else in the place of a file"
types_ok()
{
	each_file directory mkdir
	each_file deep mkdir_deep
	each_file fifo mkfifo
	each_file zero ln -s /dev/zero
	each_file null ln -s /dev/null
	each_file full ln -s /dev/full
	each_file dangling ln -s /nonexistent/1
	each_file loop loop
	each_file parent ln -s ..
	each_file root ln -s /
	each_file huge truncate -s 1G
	verdict $((11 * ${#reads[@]}))
}

mkdir_deep()
{
	mkdir -p "$1/a/b/c"
}

loop()
{
	ln -s "${1##*/}" "$1"
}

hold unreadable_ok "files that the caller may not read"
unreadable_ok()
{
	local run=(as_nobody try)

	each_file unreadable install -m 0 /dev/null
	verdict ${#reads[@]}
}

# set_config HEX…: bytes from offset 0 on, the others are zero up to 4096
set_config()
{
	local config=$tree/$device/config

	{
		printf '%b' "$(printf '\\x%s' "$@")"
		head -c 4096 /dev/zero
	} | head -c 4096 >"$config"
}

# spot NAME SHELL: in a fresh tree, break something by shell code
spot()
{
	local tree=$work/spot D T

	mkdir "$tree"
	tar -xmf "$CLI_DIR/tree.tar" -C "$tree" --strip-components 1
	T=$tree D=$tree/$device
	export T D
	eval "$2"
	broken "$1"
	rm -rf "$tree"
}

hold spots_ok "parts of a system that do not fit together"
spots_ok()
{
	local name code nr=0

	while IFS='|' read -r name code; do
		nr=$((nr + 1))
		if [ -n "$is_thorough" ] || [ $((nr % 4)) = 1 ]; then
			spot "$name" "$code"
		fi
	done <<-'END'
		config of 3 bytes|truncate -s 3 "$D/config"
		config of 64 bytes|truncate -s 64 "$D/config"
		config of 255 bytes|truncate -s 255 "$D/config"
		config of 257 bytes|truncate -s 257 "$D/config"
		config of 4097 bytes|truncate -s 4097 "$D/config"
		capability points to itself|set_config ee 10 38 90 06 04 10 00; poke 0000:01:00.0 0x34 40; poke 0000:01:00.0 0x40 10 40
		capabilities point to each other|set_config ee 10 38 90 06 04 10 00; poke 0000:01:00.0 0x34 40; poke 0000:01:00.0 0x40 01 50; poke 0000:01:00.0 0x50 01 40
		capability at the end|set_config ee 10 38 90 06 04 10 00; poke 0000:01:00.0 0x34 fc; poke 0000:01:00.0 0xfc 11 fc
		capability in the header|set_config ee 10 38 90 06 04 10 00; poke 0000:01:00.0 0x34 04; poke 0000:01:00.0 0x04 10 04
		extended capability points to itself|truncate -s 4096 "$D/config"; poke 0000:01:00.0 0x100 01 00 01 10
		extended capability at the end|truncate -s 4096 "$D/config"; poke 0000:01:00.0 0x100 01 00 c1 ff; poke 0000:01:00.0 0xffc 10 00 01 10
		extended capability below 256|truncate -s 4096 "$D/config"; poke 0000:01:00.0 0x100 01 00 01 04
		region ends before it starts|printf '0xffffffffffffffff 0x0 0x40200\n0x0 0xffffffffffffffff 0x14220c\n' >"$D/resource"
		regions without end|yes 0x1 | head -n 9000 >"$D/resource"
		device is a dangling link|ln -sfn /nowhere "$D"
		device is a loop|ln -sfn 0000:01:00.0 "$D"
		device is a file|rm "$D"; echo x >"$D"
		device is its parent|ln -sfn . "$D"
		device is the root|ln -sfn / "$D"
		device is another one|ln -sfn 0000:07:00.0 "$D"
		device below itself|mkdir "$(realpath "$D")/0000:01:00.0"; ln -sfn "$(realpath "$D")/0000:01:00.0" "$D"
		no devices|rm -r "$T"/sys/bus/pci/devices/*
		devices is a file|rm -r "$T/sys/bus/pci/devices"; echo x >"$T/sys/bus/pci/devices"
		no bus|rm -r "$T/sys/bus"
		no sys|rm -r "$T/sys"
		no proc|rm -r "$T/proc"
		no dev|rm -r "$T/dev"
		sys is a loop|rm -r "$T/sys"; ln -s sys "$T/sys"
		proc is a file|rm -r "$T/proc"; echo x >"$T/proc"
		a thousand devices|for i in {0..999}; do ln -s 0000:01:00.0 "$T/sys/bus/pci/devices/$(printf '%x:00:00.0' $((i + 4096)))"; done
		names that are no addresses|mkdir "$T/sys/bus/pci/devices/"{x,0000:01:00,0000:01:00.8,$'\e[31m',$'\xff'}
		no driver|rm -r "$T/sys/bus/pci/drivers"
		driver is a file|rm -f "$D/driver"; echo x >"$D/driver"
		driver is the root|ln -sfn / "$D/driver"
		driver has a long name|ln -sfn "$(printf 'x%.0s' {1..4000})" "$D/driver"
		driver has no name|ln -sfn ../../../bus/pci/drivers/ "$D/driver"
		driver of format characters|ln -sfn ../%s%n%n "$D/driver"
		group is negative|ln -sfn ../-5 "$D/iommu_group"
		group is too large|ln -sfn ../99999999999 "$D/iommu_group"
		group of a word|ln -sfn ../x "$D/iommu_group"
		group without number|ln -sfn / "$D/iommu_group"
		groups without members|rm -r "$T/sys/kernel/iommu_groups"
		regions of a group|printf '0x0 0xffffffffffffffff direct\n0x5 0x1 direct\n0x1 direct\ndirect\n0x1 0x2 %0999d\n' 1 >"$T/sys/kernel/iommu_groups/1/reserved_regions"
		PF of itself|ln -sfn ../0000:01:00.0 "$D/physfn"
		PF that is no device|ln -sfn /nowhere "$D/physfn"
		negative VFs|echo -5 >"$D/sriov_numvfs"
		very many VFs|echo 9223372036854775807 >"$D/sriov_numvfs"
		process without files|rm -r "$T/proc/4242/fd"
		process is a file|rm -r "$T/proc/4242"; echo x >"$T/proc/4242"
		process with a large number|mv "$T/proc/4242" "$T/proc/2147483647"; cp -r "$T/proc/2147483647" "$T/proc/99999999999"
		device node of no number|ln -sfn /dev/vfio/99999999999 "$T/proc/4242/fd/4"
		device node without name|ln -sfn /dev/vfio/devices/ "$T/proc/4242/fd/4"
		fdinfo without an end|ln -sfn 'anon_inode:[vfio-device]' "$T/proc/4242/fd/5"; printf 'vfio-device-syspath: ' >"$T/proc/4242/fdinfo/5"
		mountinfo cut off|printf '1\n1 2\n1 2 3\n1 2 259:2\n\n - \n - -\n1 2 259:2 / \n21 1 259:2 / / rw -' >"$T/proc/self/mountinfo"
		escapes in mountinfo|printf '21 1 259:2 / /\\999\\ rw - x /dev/a\\1 rw\n21 1 259:2 / /\\4 rw - x \\ rw\n21 1 259:2 / /\\ rw - x y\\0 rw\n' >"$T/proc/self/mountinfo"
		a swap without name|printf '/\n/dev/\n//\n\n' >"$T/proc/swaps"
		disks on each other|: >"$T/proc/self/mountinfo"; ln -sfn ../../nvme1n1p1 "$T/sys/class/block/dm-1/holders/nvme1n1p1"; ln -sfn ../../dm-0 "$T/sys/class/block/dm-0/holders/dm-0"
		partition of itself|: >"$T/proc/self/mountinfo"; ln -sfn . "$T/sys/class/block/nvme1n1/nvme1n1"; echo 1 >"$T/sys/class/block/nvme1n1/partition"
		network device is a loop|ln -sfn eth0 "$T/sys/class/net/eth0"
		counters too large|for f in "$T"/sys/class/fpga_vfio/group17/statistics/*; do echo 18446744073709551616 >"$f"; done
		counters of bytes|for f in "$T"/sys/class/fpga_vfio/group17/statistics/*; do printf '\377\0' >"$f"; done
		group of counters without number|mv "$T/sys/class/fpga_vfio/group17" "$T/sys/class/fpga_vfio/groupx"; mkdir "$T/sys/class/fpga_vfio/group99999999999"
		no class|rm -r "$T/sys/class"
		interrupts of no CPU|printf ',,,\n' >"$T/sys/kernel/irq/40/per_cpu_count"; echo 'vfio-msi(' >"$T/sys/kernel/irq/41/actions"
		interrupts too many|printf -- '-1,99999999999999999999,x\n' >"$T/sys/kernel/irq/40/per_cpu_count"; echo 'vfio-)(0000:07:00.0' >"$T/sys/kernel/irq/41/actions"
	END
	verdict $((${#reads[@]} * (is_thorough ? 55 : 14)))
}

run_tests
