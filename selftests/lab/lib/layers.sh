# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Calls and includes between files, for "lab style layers".

# layers_of TREE: its layers, the lowest first, in $REPLY; none for the simulated hardware
layers_of()
{
	case $1 in
	kmod) REPLY="base pcie object isolate reset recover entry" ;;
	tools) REPLY="util output host netlink model config doctor serve cmd" ;;
	*) REPLY= ;;
	esac
}

# layer_facts TREE OBJECTS: what lab/root/layers reads, from objects and sources. X_internal.h is
# part of X.
layer_facts()
{
	layer_all_facts "$@" | sed -E 's,_internal( |$),\1,g'
}

layer_all_facts()
{
	local tree=$1 objects=$2 object file include path

	find "$objects" -name '*.o' -printf '%P\n' | sort | while read -r object; do
		file=${object%.o}
		[ -e "$tree/$file.c" ] || continue
		nm -P "$objects/$object" | awk -v file="$file" '
			$2 ~ /^[TDBRVCW]$/ { print "def", file, $1 }
			$2 ~ /^[Uvw]$/ { print "use", file, $1 }'
	done
	# prototypes and variables begin a line, inline functions are no declarations
	(cd "$tree" && grep -rHE '^[A-Za-z_]' --include='*.h' .) | awk '
		{
			file = $0
			sub(/\.h:.*/, "", file)
			sub(/^[^:]*:/, "")
			if (/inline /)
				next
			gsub(/[^A-Za-z0-9_]+/, " ")
			for (i = 1; i <= NF; i++)
				print "dcl", substr(file, 3), $i
		}'
	(cd "$tree" && grep -rHoE '^[[:space:]]*#[[:space:]]*include[[:space:]]*[<"][^>"]*' --include='*.[ch]' .) |
		sed -E 's,^\./,,; s/:[^<"]*[<"]/ /' | while read -r file include; do
		for path in "$(dirname "$file")/$include" "$include"; do
			[ -e "$tree/$path" ] || continue
			path=$(realpath -m --relative-to="$tree" "$tree/$path")
			[[ $path = ../* ]] || echo "$([[ $file = *.h ]] && echo hdr || echo inc) ${file%.*} ${path%.*}"
			break
		done
	done
}

# layer_check TREE OBJECTS GRAPH: print complaints, and append the graph to the file GRAPH
layer_check()
{
	local tree=$1 objects=$2 graph=$3 name=main layers

	layers_of "$tree"
	read -ra layers <<<"$REPLY"
	[ ${#layers[@]} != 0 ] || name=$tree
	{
		layer_facts "$tree" "$objects" | "$FV_LAB/root/layers" "$tree" "${layers[@]}" |
			sed "s,^main ,$name ," >>"$graph"
	} 2>&1
}
