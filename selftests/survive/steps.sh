# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Steps of other programs at which a test can stop them: files below $STEPS.

STEPS=${STEPS:-/tmp/steps}

# step NAME: report the step; wait for the test if it is to stop there
step()
{
	local end=$((SECONDS + 60))

	mkdir -p "$STEPS"
	: >"$STEPS/$1.reached"
	while [ -e "$STEPS/$1.stop" ] && [ $SECONDS -lt $end ]; do
		read -rt 0.05 <> <(:)
	done
}

steps_forget()
{
	rm -rf "$STEPS"
	mkdir -p "$STEPS"
}

# step_stop NAME: stop at the step; step_go NAME: continue
step_stop()
{
	: >"$STEPS/$1.stop"
}

step_go()
{
	rm -f "$STEPS/$1.stop"
}

step_is_reached()
{
	[ -e "$STEPS/$1.reached" ]
}

# cable_is_busy: succeed while the cable runs, even if its parent has died
cable_is_busy()
{
	[ -e "$STEPS/cable" ] && kill -0 "$(<"$STEPS/cable")" 2>/dev/null
}
