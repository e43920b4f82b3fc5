# SPDX-License-Identifier: GPL-2.0
# What the rows of the survival table come to. Arguments: $reasons, the text of the file.

# reason of a cell, or null
def reason($row; $column):
	$reasons | split("\n") | map(select(startswith($row + " " + $column + ": "))) |
	if length == 0 then null else .[0][($row + " " + $column + ": " | length):] end;

# the cells that are not as they should be
def open_cells:
	. as $row |
	[("host", "vm", "guest", "bits") as $column |
	 {column: $column, value: $row[$column]} |
	 select(.value != "" and .value != (if $column == "bits" then "same" else "yes" end)) |
	 .reason = reason($row.row; $column)];

# how a row is for our driver: yes, a reason, or no
def verdict:
	open_cells as $open |
	if .guest == "" then "not run"
	elif ($open | length) == 0 and (.notes | test("wrong values") | not) then "yes"
	elif ($open | length) > 0 and all($open[]; .reason != null) then "law"
	else "no" end;

# in a table a cell is short; the rest is a remark
def short: if startswith("no:") then "no" elif . == "" then "-" else . end;

def remarks:
	[(.host, .vm, .bits) | select(startswith("no: ") or startswith("the other") or startswith("port ") or startswith("card ")) | ltrimstr("no: ")]
	+ [.notes | select(. != "")] | join("; ");

def cells:
	[(.host | short),
	 (.vm | if . == "" then "-" elif . == "yes" then . else "no (" + . + ")" end),
	 (.guest | short),
	 (.ms | if . == null then "-" else tostring end),
	 (.bits | if . == "same" then "yes" elif . == "" then "-" else "no" end)];
