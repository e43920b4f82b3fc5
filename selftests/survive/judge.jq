# SPDX-License-Identifier: GPL-2.0
# Verdicts on the rows of the survival table. Argument: $reasons, the text of the file.

# reason for a cell, or null
def reason($row; $column):
	$reasons | split("\n") | map(select(startswith($row + " " + $column + ": "))) |
	if length == 0 then null else .[0][($row + " " + $column + ": " | length):] end;

# cells without the expected value
def open_cells:
	. as $row |
	[("host", "vm", "guest", "bits") as $column |
	 {column: $column, value: $row[$column]} |
	 select(.value != "" and .value != (if $column == "bits" then "same" else "yes" end)) |
	 .reason = reason($row.row; $column)];

# verdict on a row of fpga-vfio: yes, law (with reasons), or no
def verdict:
	open_cells as $open |
	if .guest == "" then "not run"
	elif ($open | length) == 0 and (.notes | test("wrong values") | not) then "yes"
	elif ($open | length) > 0 and all($open[]; .reason != null) then "law"
	else "no" end;

# table cells are short; the rest goes to the remarks
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
