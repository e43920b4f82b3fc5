# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Steps of what somebody else does, at which a test can stop it: files below $STEPS.

STEPS=${STEPS:-/tmp/steps}

# step NAME: it is there now; goes on when the test lets it
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

# step_stop NAME: it is to stop there; step_go NAME: and go on
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

# cable_is_busy: whoever started it may have died
cable_is_busy()
{
	[ -e "$STEPS/cable" ] && kill -0 "$(<"$STEPS/cable")" 2>/dev/null
}
