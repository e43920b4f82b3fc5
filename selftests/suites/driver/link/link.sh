#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2317,SC2119 # functions are called by name; all ports
# Link of a card: values read, and retrains that succeed at once, succeed after several tries, or
# fail.
# shellcheck source=selftests/lib/card/suite.sh
. "$(dirname "$0")/suite.sh"

fv_need FV_CARD FV_CARDS FV_KO
ktap_print_header

use_card FV_CARD

cards_bind "$dev"
# no link monitor here, see suite monitor
policy "$dev" monitor_interval_ms=0
bits=$(port_bits)
target=$(reg "$port" "$LNKCTL2")

# --- read
fv_check "a card is read" act card "$port"
fv_check "it is ready, at full speed" said "state ready,reason ,link 3 8 3 8 [0-9] active,"
fault come-back 1 2
fv_check "a card that comes back slow does not get better" refused retrain "$dev" tries=1
act card "$port"
fv_check "as slow as it is, and as fast as it could be" said "link 1 2 3 8 [0-9] active,"
fault repair

# --- refusals
fv_check "an unknown address is refused" refused retrain 0000:ff:1f.7
fv_check "by name" said "error ENODEV 0000:ff:1f.7: not bound"
fv_check "a speed that port and card do not have is refused" refused retrain "$dev" speed=4
fv_check "with the one that they have" said "error ERANGE .*16 GT/s requested, .* support 8 GT/s"
for word in speed=0 speed=7 tries=0 tries=11; do
	fv_check "$word is refused" refused retrain "$dev" $word
	fv_check "$word: as out of range" said "error (ERANGE|EINVAL)"
done
fv_same "an unprivileged caller may not" EPERM "$(as_nobody "$FV_DIR/fv_act" retrain "$dev" | sed -n 's/^error \([A-Z]*\).*/\1/p')"

# --- a plan changes nothing
mark
fv_check "a plan is made" act retrain "$dev" plan
fv_check "it says what is requested" said "after 3 8,attempts 0"
fv_same "the card did not train for it" 0 "$(trace_count training)"

# --- success
ok=$(counter "$dev" retrains_ok)
fv_check "a slow link: done" act retrain "$dev"
fv_check "a slow link: at the first try, at full speed" said "before 1 2,after 3 8,attempts 1"
fv_same "a slow link: counted" $((ok + 1)) "$(counter "$dev" retrains_ok)"
fault come-back 1 2 2
fv_check "slow twice more: done" act retrain "$dev"
fv_check "slow twice more: at the third try" said "after 3 8,attempts 3"
fault come-back 0 0 1
fv_check "no link at first: done" act retrain "$dev"
fv_check "no link at first: then at full speed" said "after 3 8,attempts [123]"
fv_check "the link is up" link_is "$port" 3 8
fv_same "the port is as before" "$bits" "$(port_bits)"

# --- another speed
fv_check "a lower speed: done" act retrain "$dev" speed=1
fv_check "a lower speed: it is that" link_is "$port" 1 8
fv_check "and what the port aims at from now on" act retrain "$dev"
fv_check "until another speed is requested" said "after 1 8,attempts 1"
fv_check "the full speed again: done" act retrain "$dev" speed=3
fv_check "the full speed again: it is that" link_is "$port" 3 8

# --- failure
bad=$(counter "$dev" retrains_failed)
fault come-back 1 4
fv_check "slow for good: not done" refused retrain "$dev" tries=2
fv_check "slow for good: says what it came to" \
	said "after 1 4,attempts 2,error EREMOTEIO $port: .*2.5 GT/s x4, goal is 8 GT/s x8"
fv_same "slow for good: counted" $((bad + 1)) "$(counter "$dev" retrains_failed)"
fault come-back 0 0
fv_check "no link for good: not done" refused retrain "$dev" tries=2
fv_check "no link for good: says so" said "error ETIMEDOUT $port: the link did not come up"
fault repair
fv_check "repaired: reset" act reset "$dev"
fv_check "repaired: the link is up" fv_wait 5 link_is "$port" 3 8
reg_set "$port" $LNKCTL=10:10
fv_check "a link that is disabled is not retrained" refused retrain "$dev"
fv_check "and that is said" said "error EOPNOTSUPP"
act card "$port"
fv_check "and shown" said "link 0 0 3 8 [0-9].* disabled"
reg_set "$port" $LNKCTL=0:10
fv_check "enabled, it comes up" fv_wait 5 link_is "$port" 3 8
fv_check "and is reset" act reset "$dev"

# --- with a user
fv_check "a user has the card" fv_hold "$dev"
fv_check "with a user: done" act retrain "$dev"
fv_check "with a user: the user still has it" kill -0 "$FV_HOLDER"
fv_release

# a requested speed remains the target
fv_check "the port's target is the requested speed" reg_has "$port" "$LNKCTL2" 0xf 3
reg_set "$port" "$LNKCTL2=$target"
fv_same "the port is as at the beginning, but for that" "$bits" "$(port_bits)"
fv_check "the module unloads" rmmod $FV_MODULE
rmmod fv_port
fv_finish
