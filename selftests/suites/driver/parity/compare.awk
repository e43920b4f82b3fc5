# SPDX-License-Identifier: GPL-2.0
#
# awk -f compare.awk A=stock B=ours FILE_A FILE_B: compare two transcripts of
# vfio_probe. One line for each section:
#
#	ok SECTION OBSERVATIONS
#	not SECTION OBSERVATIONS
#
# and below a "not", the differences as comments. A section is ok if both drivers gave the same
# observations, ended well, and all "must" observations hold.

{
	section = $0
	sub(/[.](must .*|[^=]*)=.*/, "", section)
	# SECTION is "part.name"; the rest is the key
	n = split($0, part, /[.]/)
	section = part[1] "." part[2]
	rest = substr($0, length(section) + 2)
	at = rest ~ /^must / ? match(rest, /=(yes|NO)$/) : index(rest, "=")
	if (n < 3 || !at) {
		broken[FILENAME] = broken[FILENAME] "\n# " FILENAME ": " $0
		next
	}
	key = substr(rest, 1, at - 1)
	value = substr(rest, at + 1)
	side = FILENAME == ARGV[ARGC - 1] ? "b" : "a"
	key = key "#" (++times[side, section, key])
	if (!((section) in known)) {
		known[section] = 1
		order[++sections] = section
	}
	if (!((section, key) in seen)) {
		seen[section, key] = 1
		keys[section, ++count[section]] = key
	}
	values[side, section, key] = value
}

function wrong(text)
{
	if (problems < 40)
		problem = problem "#   " text "\n"
	problems++
}

function judge(section, i, key, a, b, has_a, has_b, name)
{
	for (i = 1; i <= count[section]; i++) {
		key = keys[section, i]
		has_a = ("a", section, key) in values
		has_b = ("b", section, key) in values
		a = has_a ? values["a", section, key] : "(nothing)"
		b = has_b ? values["b", section, key] : "(nothing)"
		name = key
		sub(/#1$/, "", name)
		if (!has_a || !has_b || a != b)
			wrong(name ": " A " " a ", " B " " b)
		else if (a == "NO" && key ~ /^must /)
			wrong(name ": does not hold with either driver")
		else if (key ~ /^end#/ && a != "exit 0")
			wrong("ended with " a " with both drivers")
	}
	if (!(("a", section, "end#1") in values) ||
	    !(("b", section, "end#1") in values))
		wrong("it did not end")
}

END {
	for (s = 1; s <= sections; s++) {
		problem = ""
		problems = 0
		judge(order[s])
		print (problems ? "not " : "ok ") order[s] " " count[order[s]]
		printf "%s", problem
		if (problems > 40)
			print "#   and " problems - 40 " more"
	}
	for (f in broken)
		print "not transcript 0" broken[f]
	if (!sections)
		print "not transcript 0\n# nothing was observed"
}
