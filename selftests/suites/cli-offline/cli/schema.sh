# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Is the JSON of test runs valid by Documentation/fpgactl.schema.json?

FV_SCHEMA=$FV_TOP/Documentation/fpgactl.schema.json

# open_objects: print the places in the schema where an object may have any other key, or has to
# have one that it does not describe
open_objects()
{
	jq -r '
		paths(type == "object" and (.properties | type) == "object") as $at | getpath($at) |
		select(."$comment" != "Part of others, which close it.") |
		if .additionalProperties == null and .unevaluatedProperties == null then
			"\($at): not closed"
		elif has("$ref") then
			empty
		else
			.properties as $has | .required // [] | .[] | select($has[.] == null) |
			"\($at): required, but no property: \(.)"
		end' "$FV_SCHEMA"
}

# sort_runs DIR: append the output of the runs in stdin to DIR/SCHEMA.runs, each below a line with
# the run. A run has four strings, each with a NUL at its end: the test, the words of the command
# line, standard output and standard error.
sort_runs()
{
	local commands test words out err word name

	commands=" $(jq -r '."$defs" | keys[] | select(startswith("fpgactl-")) | .[8:]' "$FV_SCHEMA" | xargs) "
	while IFS= read -rd '' test && IFS= read -rd '' words && IFS= read -rd '' out &&
		IFS= read -rd '' err; do
		name=error
		for word in $words; do
			[[ $commands != *" $word "* ]] || { name=fpgactl-$word; break; }
		done
		printf '\1%s: fpgactl %s\n%s\n' "$test" "$words" "$out" >>"$1/$name.runs"
		printf '\1%s: fpgactl %s: stderr\n%s\n' "$test" "$words" "$err" >>"$1/error.runs"
	done
}

# documents DIR: print the JSON in stdin, which has other lines, too; the run of each document to
# DIR/labels
documents()
{
	awk -v labels="$1/labels" '
		sub(/^\001/, "") { label = $0; is_inside = 0; next }
		!is_inside && /^\{/ { print label >labels; is_inside = 1 }
		is_inside { print }
		is_inside && /^[{}]/ && /\}$/ { is_inside = 0 }'
}

# complaints DIR NAME: print what is wrong with the documents in DIR/NAME.runs
complaints()
{
	local dir=$1/$2

	mkdir "$dir"
	documents "$dir" <"$dir.runs" >"$dir/documents"
	[ -s "$dir/documents" ] || return 0
	jq -c . <"$dir/documents" >"$dir/lines" 2>"$dir/parse" || paste -sd ' ' "$dir/parse"
	paste -d '\n' "$dir/labels" "$dir/lines" |
		awk 'NR % 2 { label = $0; next } $0 && !/^\{"schema":/ { print label ": schema is not the first member" }'
	split -l 1 -a 6 --numeric-suffixes=1 "$dir/lines" "$dir/document."
	jq --arg name "$2" '{ "$ref": "#/$defs/\($name)", "$defs": ."$defs" }' "$FV_SCHEMA" >"$dir/schema.json"
	printf -- '-i\0%s\0' "$dir"/document.* |
		PYTHONWARNINGS=ignore xargs -0 sh -c 'jsonschema -o pretty "$@" '"$dir/schema.json" - >"$dir/out" 2>&1 ||
		awk '
			NR == FNR { labels[NR] = $0; next }
			/^===\[SUCCESS\]/ { n = 0; next }
			/^===\[.*\]===\(.*\)===$/ { sub(/.*document\./, ""); n = $0 + 0; next }
			n && NF { print labels[n] ": " substr($0, 1, 300); n = 0; nr++ }
			END { if (!nr) print "jsonschema: " $0 }' "$dir/labels" "$dir/out"
}

# validate: check the JSON of the runs in stdin; see sort_runs
validate()
{
	local dir runs name nr rc=0

	dir=$(mktemp -d)
	sort_runs "$dir"
	open_objects >"$dir/wrong"
	for runs in "$dir"/*.runs; do
		name=${runs##*/}
		[ ! -e "$runs" ] || complaints "$dir" "${name%.runs}" >>"$dir/wrong"
	done
	nr=$(cat "$dir"/*/labels 2>/dev/null | wc -l)
	echo "$nr documents"
	# each run that is kept has one
	[ "$nr" -gt 0 ] || [ ! -e "$dir/error.runs" ] || echo "none in the runs" >>"$dir/wrong"
	cat "$dir/wrong"
	[ ! -s "$dir/wrong" ] || rc=1
	rm -r "$dir"
	return "$rc"
}
