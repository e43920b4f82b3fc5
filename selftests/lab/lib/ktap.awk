# SPDX-License-Identifier: GPL-2.0
# See ktap.sh.

function row(result, name, message)
{
	gsub(/\t/, " ", name)
	gsub(/\t/, " ", message)
	print result "\t" suite "/" name "\t\t\t\t" message
	if (result != "value")
		leaves++
}

# End the results of this level and check them against its plan.
function close_level(level, name)
{
	if (level in plan && plan[level] != seen[level])
		row("fail", name, "planned " plan[level] " tests, saw " seen[level] + 0)
	delete plan[level]
	seen[level] = 0
	failed[level] = 0
}

function value_row(text,    field, n, i, pair, out)
{
	n = split(text, field, " ")
	for (i = 1; i <= n; i++) {
		pair = index(field[i], "=")
		out[substr(field[i], 1, pair - 1)] = substr(field[i], pair + 1)
	}
	print "value\t" suite "/" out["name"] "\t" out["driver"] "\t" out["value"] "\t" out["unit"] "\t"
}

{
	sub(/\r$/, "")
	line = $0
	level = 0
	while (line ~ /^(# |  )/) {
		if (line ~ /^# @row /)
			break
		line = substr(line, 3)
		level++
	}
}

line ~ /^# @row / || line ~ /^@row / {
	sub(/^.*@row /, "", line)
	value_row(line)
	next
}

line ~ /^1\.\.[0-9]+/ {
	sub(/^1\.\./, "", line)
	sub(/ .*/, "", line)
	plan[level] = line + 0
	any_plan = 1
	next
}

line ~ /^(not )?ok [0-9]+/ {
	result = line ~ /^not/ ? "fail" : "pass"
	sub(/^(not )?ok [0-9]+ ?(- )?/, "", line)
	message = ""
	if (match(line, / ?# .*/)) {
		message = substr(line, RSTART)
		sub(/^ ?# /, "", message)
		line = substr(line, 1, RSTART - 1)
	}
	if (message ~ /^SKIP/)
		result = "skip"
	sub(/^selftests: [^:]*: /, "", line)

	# subtests precede the result of their test
	children = seen[level + 1]
	broken = failed[level + 1]
	for (below = level + 1; below <= deepest; below++)
		close_level(below, line)
	seen[level]++
	if (level > deepest)
		deepest = level
	if (result == "fail")
		failed[level]++
	if (!children && !level && result == "pass")
		row("fail", line, "it printed no KTAP")
	else if (!children)
		row(result, line, message)
	else if (result == "fail" && !broken)
		row("fail", line, message == "" ? "failed, none of its tests did" : message)
	next
}

END {
	for (level = 0; level <= deepest; level++)
		close_level(level, "plan")
	if (!any_plan)
		row("fail", "plan", "no KTAP plan: the suite did not run")
	else if (!leaves)
		row("fail", "plan", "not a single test was run")
}
