#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2119 # arguments are optional
# fpgactl doctor finds each fault that is planted in the settings of this host, and no other; it finds
# nothing after its own fix.
# shellcheck source=selftests/lib/card/suite.sh
. "$(dirname "$0")/suite.sh"
# shellcheck source=selftests/lib/verdict.sh
. "$(dirname "$0")/verdict.sh"

fv_need FV_CARD FV_CARD2 FV_CARD2_FN1 FV_CARD_MSI FV_CARDS FV_KO
ktap_print_header
command -v fpgactl >/dev/null || ktap_exit_fail_msg "fpgactl is not there"
doctor_init
use_card FV_CARD
port_of "$FV_CARD_MSI"
slot="note hotplug-slot $REPLY"

# --- KVM and the module
kvm="warning kvm-off host"
verdict "no module, no KVM" 13 "error module-missing host" "$kvm" -- "$dev"
fix=$(finding kvm-off fix)
if modinfo kvm_amd >/dev/null 2>&1; then
	fv_check "no KVM: mended by the fix" bash -c "${fix##*else: }"
	no_kvm_access=("note kvm-no-access /dev/kvm")
else
	ktap_test_skip "no KVM: mended by the fix: this kernel has none"
	DOCTOR_USUAL+=("$kvm")
	no_kvm_access=()
fi
verdict "no module: only that is left" 13 "error module-missing host" -- "$dev"
dep=/lib/modules/$(uname -r)/modules.dep
cp "$dep" /tmp/modules.dep
echo "$FV_KO:" >>/tmp/modules.dep
mount --bind /tmp/modules.dep "$dep"
verdict "a module that is not loaded" 0 "note module-not-loaded host" -- "$dev"
fv_same "a module that is not loaded: the fix" "modprobe $FV_MODULE" "$(finding module-not-loaded fix)"
cards_bind "$dev" "$FV_CARD2" "$FV_CARD2_FN1"
verdict "cards are bound" 0 -- "$dev"
verdict "all cards: one is in a hotplug slot" 0 "$slot"
fv_same "all cards: all are ready" true "$(jq '[.devices[].ready] | length >= 6 and all' <<<"$DOCTOR")"
mount --bind "$PORT_KO" "$FV_KO"
verdict "another build is loaded" 0 "warning module-differs host" -- "$dev"
umount "$FV_KO"
umount "$dep"
verdict "modprobe does not find the module" 0 "warning module-not-installed host" -- "$dev"
mount --bind /tmp/modules.dep "$dep"
verdict "the module as it was" 0 -- "$dev"

# --- users
node=/dev/vfio/$(basename "$(readlink -f "$FV_PCI/$dev/iommu_group")")
DOCTOR_AS=("${AS_USER[@]}")
verdict "a user: may open no node" 0 "note vfio-no-access $node" \
	"${no_kvm_access[@]}" -- "$dev"
fv_same "a user: nothing else needs root" "[]" "$(jq -c .needs_root <<<"$DOCTOR")"
echo "fv:x:1000:1000::/:/bin/sh" >>/etc/passwd
echo "fv:x:1000:" >>/etc/group
for path in "$node" ${no_kvm_access[0]:+/dev/kvm}; do
	chown 0:1000 "$path"
	chmod 0660 "$path"
done
verdict "a user with the nodes: may not lock memory" 0 "warning memlock host" -- "$dev"
fv_has "a user with the nodes: the limit is told" "^user fv may lock [0-9]+ MiB" "$(finding memlock text)"
DOCTOR_AS=(prlimit --memlock=unlimited "${AS_USER[@]}")
verdict "a user who may lock memory" 0 -- "$dev"
chmod 0600 /dev/vfio/vfio
verdict "a user without VFIO's container" 0 "warning vfio-container-access /dev/vfio/vfio" -- "$dev"
fv_check "a user without VFIO's container: the fix" mend vfio-container-access
DOCTOR_AS=()
chown 1000:0 "$node"
verdict "root is told of a user's limit" 0 "warning memlock host" -- "$dev"
fv_check "root is told of a user's limit: the fix" mend memlock
chmod 0666 "$node"
verdict "a node for everyone" 0 "warning vfio-world-access $node" -- "$dev"
chown 0:0 "$node"
chmod 0600 "$node"

verdict "nodes and limits as they were" 0 -- "$dev"

# --- files
fpgactl bind --persist "$dev" >/dev/null
verdict "a card file, and no rule for udev" 0 "warning card-rule-missing host" -- "$dev"
install -D -m 644 /dev/null /usr/lib/udev/rules.d/05-fpgactl.rules
fv_unbind "$dev"
verdict "a card file, and the card is not bound" 0 "warning card-not-bound $dev" -- "$dev"
fv_check "a card file, and the card is not bound: the fix" mend card-not-bound
verdict "a card file, and the card is bound" 0 -- "$dev"
file=$(echo /etc/fpgactl/cards.d/*.conf)
sed -i.bak 's/10ee:903f/10ee:9038/' "$file"
verdict "a card file of another card" 0 "warning card-not-matched $file" -- "$dev"
mv "$file.bak" "$file"
fpgactl unbind --persist "$dev" >/dev/null
verdict "no card file" 0 -- "$dev"

fv_check "the module unloads" rmmod $FV_MODULE
rmmod fv_port
fv_finish
