#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# fpgactl config: each file of the host that fpgactl wrote is known, and taken back to the byte.
# shellcheck disable=SC2317 # tests are called by their names
. "$(dirname "$0")/configlib.sh"

hold empty_ok "a host to which nothing was written has an empty list"
empty_ok()
{
	fv config
	succeeds
	prints "No file of this host was written by fpgactl."
	fv config --json
	value .files '[]'
	fv config --revert
	succeeds
	fv config /etc/passwd
	refuses 1 "/etc/passwd: config: not a file that fpgactl wrote"
}

hold proposal_ok "without --apply, a change of the command line is proposed, and nothing is written"
proposal_ok()
{
	grub_host
	save /etc/default/grub /boot/grub/grub.cfg
	fvl config --cmdline "iommu=pt -splash"
	[ "$rc" = 0 ]
	[ "$err" = "fpgactl: kernel command line: nothing was changed; --apply makes the change" ]
	prints 'GRUB: would change the command line of the next boot
--- /etc/default/grub
+++ /etc/default/grub
@@ -1,5 +1,5 @@
 # If you change this file, run '"'update-grub'"' afterwards.
 GRUB_DEFAULT=0
-GRUB_CMDLINE_LINUX_DEFAULT="quiet splash"
+GRUB_CMDLINE_LINUX_DEFAULT="quiet iommu=pt"
 GRUB_CMDLINE_LINUX=""
 # end
would run: update-grub'
	cp "$work/out" "$work/proposal"
	same
	tools_ran
	[ ! -e "$tree/var/lib/fpgactl" ]
	# the real run does what the plan says
	fvl config --cmdline "iommu=pt -splash" --apply --dry-run
	succeeds
	diff "$work/proposal" "$work/out"
	same
	fvl config --cmdline "iommu=pt -splash" --apply
	succeeds
	sed 's/would change/changed/; s/would run/ran/' "$work/proposal" | diff - "$work/out"
}

hold round_trip_ok "a change is listed with its reason, and --revert takes it back to the byte"
round_trip_ok()
{
	grub_host
	chmod 640 "$tree/etc/default/grub"
	chown 0:12 "$tree/etc/default/grub"
	update_grub
	save /etc/default/grub /boot/grub/grub.cfg
	fvl config --cmdline iommu=pt --apply
	succeeds
	tools_ran "update-grub "
	grep -q "ro  quiet splash iommu=pt$" "$tree/boot/grub/grub.cfg"
	[ "$(stat -c '%a %u %g' "$tree/etc/default/grub")" = "640 0 12" ]
	fv config
	succeeds
	[ "${out%%$'\n'*}" = "/etc/default/grub: as written" ]
	[[ ${out#*$'\n'} = "    "20??-??-??" "??:??"  fpgactl config --cmdline iommu=pt --apply" ]]
	fv config --json
	value '.files[] | [.path, .state, .difference, .reasons[].command]' \
		'["/etc/default/grub","written",null,"fpgactl config --cmdline iommu=pt --apply"]'
	fvl config --revert --dry-run
	succeeds
	prints "/etc/default/grub: would be restored
would run: update-grub"
	grep -q iommu=pt "$tree/etc/default/grub"
	fvl config --revert
	succeeds
	prints "/etc/default/grub: restored
ran: update-grub"
	tools_ran "update-grub " "update-grub "
	same
	no_entry
	no_litter
}

hold secret_ok "the ledger has nothing readable of a file that others may not read"
secret_ok()
{
	grub_host
	chmod 600 "$tree/etc/default/grub"
	fvl config --cmdline iommu=pt --apply
	succeeds
	[ "$(stat -c %a "$tree$ledger/etc!default!grub.json")" = 600 ]
	[ "$(stat -c %a "$tree$ledger")" = 755 ]
	as_nobody fv config
	succeeds
	prints "$ledger/etc!default!grub.json: unknown: cannot read $ledger/etc!default!grub.json: Permission denied"
}

hold umask_ok "directories and files that are made do not depend on the umask"
umask_ok()
{
	grub_host
	umask 077
	fvl config --cmdline iommu=pt --apply
	succeeds
	[ "$(stat -c %a "$tree$ledger/etc!default!grub.json" "$tree$ledger" "$tree/var" | xargs)" = \
		"644 755 755" ]
}

hold attributes_ok "a file keeps its extended attributes, such as labels, also when it is taken back"
attributes_ok()
{
	grub_host
	python3 -c 'import os, sys; os.setxattr(sys.argv[1], "user.label", b"x")' "$tree/etc/default/grub"
	fvl config --cmdline iommu=pt --apply
	succeeds
	[ "$(attributes)" = "['user.label']" ]
	fvl config --revert
	succeeds
	[ "$(attributes)" = "['user.label']" ]
}

attributes()
{
	python3 -c 'import os, sys; print(os.listxattr(sys.argv[1]))' "$tree/etc/default/grub"
}

hold chain_ok "several changes of a file are taken back together"
chain_ok()
{
	local i

	grub_host
	update_grub
	save /etc/default/grub /boot/grub/grub.cfg
	for i in 1 2 3 4; do
		fvl config --cmdline "word$i" --apply
		succeeds
	done
	fvl config --cmdline word2 --apply
	succeeds
	prints "GRUB: the next boot has this command line already"
	fv config --json
	value '[.files[].reasons[].command | split(" ")[3]] | join(" ")' "word1 word2 word3 word4"
	# the entry does not grow with the number of changes
	[ "$(jq '.steps | length' "$tree$ledger/etc!default!grub.json")" = 2 ]
	fvl config --revert
	succeeds
	same
	no_entry
}

hold own_way_back_ok "a change that was made back by another one leaves no entry"
own_way_back_ok()
{
	grub_host
	save /etc/default/grub
	fvl config --cmdline iommu=pt --apply
	fvl config --cmdline=-iommu=pt --apply
	succeeds
	same
	no_entry
}

hold edited_refused "a file that was edited since is not taken back, and the difference is shown"
edited_refused()
{
	local action

	grub_host
	save /etc/default/grub
	fvl config --cmdline iommu=pt --apply
	sed -i 's/^GRUB_DEFAULT=0/GRUB_DEFAULT=1/' "$tree/etc/default/grub"
	cp "$tree/etc/default/grub" "$work/edited"
	rm "$work/tools.log"
	for action in "--revert --dry-run" --revert; do
		# shellcheck disable=SC2086 # two words
		fvl config $action
		refuses 11 "/etc/default/grub: config --revert: was edited since"
		[[ $err = *"
--- /etc/default/grub as fpgactl wrote it
+++ /etc/default/grub
@@ -1,5 +1,5 @@
 # If you change this file, run 'update-grub' afterwards.
-GRUB_DEFAULT=0
+GRUB_DEFAULT=1
 GRUB_CMDLINE_LINUX_DEFAULT=\"quiet splash iommu=pt\"
 GRUB_CMDLINE_LINUX=\"\"
 # end
Nothing was changed. --force takes it back; a copy of it is kept." ]]
		# shellcheck disable=SC2086
		fvl config --json $action
		[ "$rc" = 11 ]
		[[ $(jq -r .error.difference <<<"$err") = *"+GRUB_DEFAULT=1"* ]]
	done
	tools_ran
	cmp "$work/edited" "$tree/etc/default/grub"
	fv config
	[[ $out = "/etc/default/grub: edited since"* ]]
	fv config /etc/default/grub
	[[ $out = *"+GRUB_DEFAULT=1"* ]]
	fvl config --revert --force
	succeeds
	prints "/etc/default/grub: restored; its edits are in /etc/default/grub.fpgactl-kept.1
ran: update-grub"
	same
	cmp "$work/edited" "$tree/etc/default/grub.fpgactl-kept.1"
	no_entry
}

hold mode_refused "a change of the mode is an edit, too"
mode_refused()
{
	grub_host
	fvl config --cmdline iommu=pt --apply
	chmod 600 "$tree/etc/default/grub"
	fvl config --revert
	refuses 11 "/etc/default/grub: config --revert: was edited since"
	hints "mode 0644, now 0600"
}

hold between_refused "an edit between two changes is not lost by taking back both"
between_refused()
{
	grub_host
	save /etc/default/grub
	fvl config --cmdline iommu=pt --apply
	sed -i s/GRUB_DEFAULT=0/GRUB_DEFAULT=1/ "$tree/etc/default/grub"
	fvl config --cmdline intel_iommu=on --apply
	succeeds
	fvl config --revert
	refuses 11 "/etc/default/grub: config --revert: was edited since"
	[[ $err = *"+GRUB_DEFAULT=1"* ]]
	fvl config --revert --force
	[ "$rc" = 0 ]
	same
	grep -q GRUB_DEFAULT=1 "$tree/etc/default/grub.fpgactl-kept.1"
}

hold gone_refused "a file that was removed since is made again only with --force"
gone_refused()
{
	grub_host
	save /etc/default/grub
	fvl config --cmdline iommu=pt --apply
	rm "$tree/etc/default/grub"
	fv config
	[[ $out = "/etc/default/grub: removed since"* ]]
	fvl config --revert
	refuses 11 "/etc/default/grub: config --revert: was removed since"
	[[ $err = *"--force takes it back; it is made again." ]]
	[ ! -e "$tree/etc/default/grub" ]
	fvl config --revert --force
	succeeds
	same
}

hold made_back_ok "a file that was made back by hand is forgotten"
made_back_ok()
{
	grub_host
	cp -p "$tree/etc/default/grub" "$work/grub"
	fvl config --cmdline iommu=pt --apply
	cp -p "$work/grub" "$tree/etc/default/grub"
	fv config
	[[ $out = "/etc/default/grub: not written: interrupted or taken back: fpgactl config "* ]]
	fvl config --revert
	succeeds
	prints "/etc/default/grub: kept
ran: update-grub"
	no_entry
}

# fails_at CALL ERRNO N: let the Nth CALL of fpgactl fail
fails_at()
{
	mkdir -p "$tree/fail"
	rm -f "$tree"/fail/*
	echo "$2 $3" >"$tree/fail/$1"
}

# calls_of CALL: how often a change calls it
calls_of()
{
	local n=1

	while :; do
		rm -rf "$tree/var/lib/fpgactl"
		cp -p "$work/saved/etc/default/grub" "$tree/etc/default/grub"
		fails_at "$1" 5 "$n"
		fvl config --cmdline iommu=pt --apply >/dev/null
		[ "$rc" != 0 ] || break
		n=$((n + 1))
	done
	echo $((n - 1))
}

hold full_disk_refused "a full disk, at each step, leaves every file as it was, and no entry"
full_disk_refused()
{
	local call last n

	grub_host
	save /etc/default/grub
	# the entry, then the file
	[ "$(calls_of write)" = 2 ]
	for call in write fsync rename; do
		last=$(calls_of "$call")
		# the directory of the file is flushed last: then the file is written
		[ "$call" != fsync ] || last=$((last - 1))
		for ((n = 1; n <= last; n++)); do
			rm -rf "$tree/var/lib/fpgactl"
			cp -p "$work/saved/etc/default/grub" "$tree/etc/default/grub"
			fails_at "$call" 28 "$n"
			rm -f "$work/tools.log"
			fvl config --cmdline iommu=pt --apply
			[ "$rc" = 1 ]
			[[ $err = *"No space left on device"* ]]
			tools_ran
			same
			no_litter
			no_entry
			rm -r "$tree/fail"
			fvl config --revert
			succeeds
			same
		done
	done
}

hold revert_half_ok "a revert that fails on the way tells the boot loader what it took back"
revert_half_ok()
{
	grub_host
	# shellcheck disable=SC2016 # GRUB's variable
	host_file /etc/default/grub.d/50-a.cfg <<<'GRUB_CMDLINE_LINUX_DEFAULT="$GRUB_CMDLINE_LINUX_DEFAULT a"'
	save /etc/default/grub /etc/default/grub.d/50-a.cfg
	fvl config --cmdline "-quiet -a" --apply
	succeeds
	rm "$work/tools.log"
	# of two files, the second is not written
	fails_at rename 5 2
	fvl config --revert
	[ "$rc" = 1 ]
	prints "/etc/default/grub.d/50-a.cfg: restored
ran: update-grub"
	[[ $err = "fpgactl: /etc/default/grub: config --revert: "* ]]
	rm -r "$tree/fail"
	tools_ran "update-grub "
	grep -q "splash a$" "$tree/boot/grub/grub.cfg"
	fvl config --revert
	succeeds
	same
	no_entry
}

hold directory_flush_ok "a file stays in the ledger if its directory cannot be flushed"
directory_flush_ok()
{
	local n

	grub_host
	mkdir -p "$tree$ledger"
	save /etc/default/grub
	for n in 1 2 3 4; do
		rm -f "$tree$ledger"/*
		cp -p "$work/saved/etc/default/grub" "$tree/etc/default/grub"
		fails_at fsync 5 "$n"
		fvl config --cmdline iommu=pt --apply
		[ "$rc" = 1 ]
		rm -r "$tree/fail"
		# all that was written is known and can be taken back
		fvl config --revert
		succeeds
		same
		no_entry
	done
}

hold crash_ok "a crash at any step is seen, and can be taken back"
crash_ok()
{
	local call n seen=

	grub_host
	save /etc/default/grub
	for call in write fsync rename; do
		for n in 1 2 3 4 5 6 7; do
			rm -rf "$tree/var/lib/fpgactl"
			cp -p "$work/saved/etc/default/grub" "$tree/etc/default/grub"
			fails_at "$call" kill "$n"
			fvl config --cmdline iommu=pt --apply
			rm -r "$tree/fail"
			[ "$rc" = 137 ] || break
			fv config
			succeeds
			seen+="${out%% *} ${out#*: }"$'\n'
			# the next change works as if nothing had happened
			if [ $((n % 2)) = 0 ]; then
				fvl config --cmdline intel_iommu=on --apply
				succeeds
				no_litter
			fi
			fvl config --revert
			[ "$rc" = 0 ]
			same
			no_entry
		done
		[ "$n" -gt 2 ]
	done
	grep -q "^/etc/default/grub: not written: interrupted or taken back" <<<"$seen"
	grep -q "^/etc/default/grub: as written" <<<"$seen"
}

hold second_crash_ok "a crash of a second change loses nothing of the first"
second_crash_ok()
{
	grub_host
	save /etc/default/grub
	fvl config --cmdline word1 --apply
	fvl config --cmdline word2 --apply
	cp "$tree/etc/default/grub" "$work/two"
	fails_at rename kill 2
	fvl config --cmdline word3 --apply
	[ "$rc" = 137 ]
	rm -r "$tree/fail"
	cmp "$work/two" "$tree/etc/default/grub"
	fv config
	[[ $out = "/etc/default/grub: as written: interrupted or taken back: fpgactl config --cmdline word3 --apply"* ]]
	fvl config --cmdline word4 --apply
	succeeds
	fvl config --revert
	succeeds
	same
}

hold readonly_refused "a directory that may not be written is told, by a dry run, too"
readonly_refused()
{
	grub_host
	save /etc/default/grub
	as_nobody fvl config --cmdline iommu=pt --apply --dry-run
	[ "$rc" = 12 ]
	cp "$work/err" "$work/dry"
	as_nobody fvl config --cmdline iommu=pt --apply
	[ "$rc" = 12 ]
	[[ $err = "fpgactl: kernel command line: config --cmdline: cannot write "*": Permission denied
Run it as root." ]]
	diff "$work/dry" "$work/err"
	same
	fvl config --cmdline iommu=pt --apply
	succeeds
	as_nobody fvl config --revert --dry-run
	[ "$rc" = 12 ]
	as_nobody fvl config --revert
	[ "$rc" = 12 ]
	# a proposal needs no rights
	as_nobody fvl config --cmdline intel_iommu=on
	[ "$rc" = 0 ]
}

hold symlink_ok "a symlink at the place of the file stays one, and its target is changed"
symlink_ok()
{
	grub_host
	mv "$tree/etc/default/grub" "$tree/etc/default/real"
	ln -s real "$tree/etc/default/grub"
	fvl config --cmdline iommu=pt --apply
	succeeds
	[ -L "$tree/etc/default/grub" ]
	grep -q iommu=pt "$tree/etc/default/real"
	fvl config --revert
	succeeds
	[ -L "$tree/etc/default/grub" ]
	lacks iommu=pt "$tree/etc/default/real"
}

hold symlink_refused "a symlink that leads out of --sysroot, or nowhere, is refused"
symlink_refused()
{
	rm -rf "${tree:?}/etc"
	mkdir -p "$work/outside"
	host_file /etc/kernel/cmdline <<<"quiet"
	host_file /etc/fpgactl/x <<<""
	host_file /usr/bin/kernel-install <<<""
	host_file /lib/modules/6.1/vmlinuz <<<""
	echo quiet >"$work/outside/cmdline"
	ln -sf "$work/outside/cmdline" "$tree/etc/kernel/cmdline"
	fv config --cmdline iommu=pt
	refuses 1 "kernel command line: config --cmdline: cannot find /etc/kernel/cmdline: a symlink leads out of --sysroot"
	[ "$(<"$work/outside/cmdline")" = quiet ]
	ln -sfn nowhere "$tree/etc/kernel/cmdline"
	fv config --cmdline iommu=pt
	[ "$rc" = 1 ]
}

hold ledger_outside_refused "a ledger that is a symlink out of --sysroot is neither read nor written"
ledger_outside_refused()
{
	mkdir -p "$work/outside" "$tree/var/lib/fpgactl"
	ln -s "$work/outside" "$tree$ledger"
	echo '{}' >"$work/outside/x.json"
	fv config
	[ "$rc" = 0 ]
	[[ $out = *"cannot find $ledger/x.json: a symlink leads out of --sysroot"* ]]
}

hold special_refused "a place that is no regular file is refused"
special_refused()
{
	grub_host
	rm "$tree/etc/default/grub"
	mkdir "$tree/etc/default/grub"
	fvl config --cmdline iommu=pt --apply
	refuses 1 "kernel command line: config --cmdline: cannot read /etc/default/grub: Is a directory"
	rmdir "$tree/etc/default/grub"
	mkfifo "$tree/etc/default/grub"
	fvl config --cmdline iommu=pt --apply
	refuses 1 "kernel command line: config --cmdline: cannot read /etc/default/grub: Invalid argument"
	rm "$tree/etc/default/grub"
	head -c 300000 /dev/zero | tr '\0' x >"$tree/etc/default/grub"
	fvl config --cmdline iommu=pt --apply
	refuses 1 "kernel command line: config --cmdline: cannot read /etc/default/grub: File too large"
}

hold broken_ledger_ok "a broken entry is told, hides no other, and no change is made over it"
broken_ledger_ok()
{
	local entry=$tree$ledger/etc!default!grub.json text

	grub_host
	fvl config --cmdline iommu=pt --apply
	cp "$entry" "$work/entry"
	cp "$tree/etc/default/grub" "$work/grub"
	host_file "$ledger/etc!other.json" <"$work/entry"
	fv config
	succeeds
	[[ $out = "/etc/default/grub: as written"*"$ledger/etc!other.json: unknown: no entry of the ledger: wrong contents" ]]
	rm "$tree$ledger/etc!other.json"
	while read -r text; do
		jq "$text" "$work/entry" >"$entry"
		# the changed entry is a broken one
		echo "$text"
		fvl config --json
		value '.files[0].state' unknown
		fvl config --revert
		[ "$rc" = 1 ]
		fvl config --cmdline intel_iommu=on --apply
		[ "$rc" = 1 ]
		[[ $err = *"no entry of the ledger: wrong contents"* ]]
		cmp "$work/grub" "$tree/etc/default/grub"
	done <<'END'
.path = "/etc/passwd"
.path = "etc/default/grub"
del(.path)
.version = 2
.steps = []
.steps = {}
.steps[0].before.mode = "999"
.steps[0].before.mode = "17777"
.steps[0].before.mode = 420
.steps[0].before.uid = -1
.steps[0].before.uid = 4294967296
.steps[0].before.hex = "00"
del(.steps[0].before.text)
del(.steps[0].before)
.steps[0].before = []
.steps[0].before = "x"
.steps[0].before |= (del(.text) | .hex = "0")
.steps[0].before |= (del(.text) | .hex = "0x")
.steps[0].before.text = "a\u0000b"
.steps[0].reasons = []
.steps[0].reasons[0].time_ns = -1
del(.steps[0].reasons[0].command)
.steps[0] = null
[.]
END
	for text in "" "{" "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[" "null" "1"; do
		printf %s "$text" >"$entry"
		fv config
		succeeds
		[[ $out = "$ledger/etc!default!grub.json: unknown: no entry of the ledger: "* ]]
	done
	printf 'a\0b' >"$entry"
	fv config
	[[ $out = *": unknown: no entry of the ledger: "* ]]
	rm "$entry"
	mkdir "$entry"
	fv config
	[[ $out = *": unknown: cannot read "*": Is a directory" ]]
}

hold hostile_ledger_ok "an entry cannot put control characters on the terminal"
hostile_ledger_ok()
{
	grub_host
	fvl config --cmdline iommu=pt --apply
	jq '.steps[0].reasons[0].command = "a\u001b[31m\nb" | .steps[0].after.text = "a\u001b[31m\n"' \
		"$tree$ledger/etc!default!grub.json" >"$work/entry"
	cp "$work/entry" "$tree$ledger/etc!default!grub.json"
	fv config /etc/default/grub
	[ "$rc" = 0 ]
	lacks $'\x1b' "$work/out"
	[[ $out = *'a\x1b[31m\x0ab'* ]]
	fvl config --revert
	[ "$rc" = 11 ]
	lacks $'\x1b' "$work/err"
}

hold binary_ok "a file of any bytes is taken back to the byte"
binary_ok()
{
	grub_host
	printf '# \xff\xfe\x01 \xc2\x9b\n' >>"$tree/etc/default/grub"
	save /etc/default/grub
	fvl config --cmdline iommu=pt --apply
	succeeds
	fvl config --revert
	succeeds
	same
}

hold same_time_refused "a file that another one edits at the same time is not written over"
same_time_refused()
{
	grub_host
	# while fpgactl waits for another one
	printf '#!/bin/sh\necho "# edited" >>"%s"\n' "$tree/etc/default/grub" >"$tree/at-flock"
	chmod 755 "$tree/at-flock"
	fvl config --cmdline iommu=pt --apply
	refuses 4 "kernel command line: config --cmdline: /etc/default/grub was changed meanwhile"
	hints "Try again."
	[ "$(tail -n 2 "$tree/etc/default/grub")" = $'# end\n# edited' ]
	lacks iommu "$tree/etc/default/grub"
	no_entry
	tools_ran
}

hold locked_refused "only root can hold the lock of the ledger, and a change waits for it for a limited time"
locked_refused()
{
	local fd

	grub_host
	mkdir -p "$tree$ledger"
	exec {fd}<"$tree$ledger"
	flock "$fd"
	fvl config --cmdline iommu=pt --apply
	exec {fd}<&-
	succeeds
	[ "$(stat -c %a "$tree/run/fpgactl/ledger.lock")" = 600 ]
	clock 1000 auto
	exec {fd}<"$tree/run/fpgactl/ledger.lock"
	flock "$fd"
	fvl config --revert
	exec {fd}<&-
	refuses 4 "/etc/default/grub: config --revert: cannot lock /run/fpgactl/ledger.lock: held by another process"
	clock_is "31000 auto"
	grep -q iommu=pt "$tree/etc/default/grub"
}

hold options_refused "options that do not go together are refused"
options_refused()
{
	fv config --revert --cmdline x
	refuses 2 "config: --revert cannot be combined with --cmdline"
	fv config --force
	refuses 2 "config: --force goes with --revert"
	fv config --apply
	refuses 2 "config: --apply goes with --cmdline or --convert"
	fv config --cmdline a b
	refuses 2 "config: unexpected argument 'b'"
	local words

	for words in "" " " - -- --x "=x" "a -"; do
		fv config --cmdline "$words"
		[ "$rc" = 2 ]
	done
}

run_tests
