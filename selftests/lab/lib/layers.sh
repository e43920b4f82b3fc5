# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Who calls and includes whom, for "lab style layers".

# layer_facts TREE OBJECTS: what lab/root/layers wants to know, from objects and sources
layer_facts()
{
	local tree=$1 objects=$2 object file include path

	find "$objects" -name '*.o' -printf '%P\n' | sort | while read -r object; do
		file=${object%.o}
		[ -e "$tree/$file.c" ] || continue
		nm -P "$objects/$object" | awk -v file="$file" '
			$2 ~ /^[TDBRVCW]$/ { print "def", file, $1 }
			$2 ~ /^[Uvw]$/ { print "use", file, $1 }'
	done
	(cd "$tree" && grep -rHoE '^[[:space:]]*#[[:space:]]*include[[:space:]]*[<"][^>"]*' --include='*.[ch]' .) |
		sed -E 's,^\./,,; s/:[^<"]*[<"]/ /' | while read -r file include; do
		for path in "$(dirname "$file")/$include" "$include"; do
			[ -e "$tree/$path" ] || continue
			path=$(realpath -m --relative-to="$tree" "$tree/$path")
			[[ $path = ../* ]] || echo "inc ${file%.*} ${path%.*}"
			break
		done
	done
}

# layer_check TREE OBJECTS GRAPH [LAYER…]: print complaints, and append the graph to the file GRAPH.
# In a TREE without layers, an include counts as a use
layer_check()
{
	local tree=$1 objects=$2 graph=$3 name=main use=cat
	shift 3

	if [ $# = 0 ]; then
		name=$tree
		use=layer_includes
	fi
	{
		layer_facts "$tree" "$objects" | "$use" |
			"$FV_LAB/root/layers" "$tree" "$@" | sed "s,^main ,$name ," >>"$graph"
	} 2>&1
}

layer_includes()
{
	awk '{ print } $1 == "inc" { print "def", $3, $3 ".h"; print "use", $2, $3 ".h" }'
}
