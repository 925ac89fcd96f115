package facts

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"runner/value"
)

// interfaceTypes by the kernel's hardware type.
var interfaceTypes = map[string]string{"1": "ether", "32": "infiniband", "512": "ppp", "772": "loopback", "65534": "tunnel"}

// interfaceFacts are what /sys tells about one interface.
func interfaceFacts(name, folder string) *value.Dict {
	out := dict("device", name)
	if mac := contentOf(folder + "/address"); mac != "" && mac != "00:00:00:00:00:00" {
		out.Set("macaddress", mac)
	}
	if mtu := number(contentOf(folder + "/mtu")); mtu != nil {
		out.Set("mtu", mtu)
	}
	if state, ok := content(folder + "/operstate"); ok {
		out.Set("active", state != "down")
	}
	if driver, err := filepath.EvalSymlinks(folder + "/device/driver/module"); err == nil {
		out.Set("module", filepath.Base(driver))
	}
	if kind, ok := content(folder + "/type"); ok {
		out.Set("type", orUnknown(interfaceTypes[kind]))
	}
	addBridge(out, folder)
	addBonding(out, folder)
	if device, err := os.Readlink(folder + "/device"); err == nil {
		out.Set("pciid", filepath.Base(device))
	}
	if speed := number(contentOf(folder + "/speed")); speed != nil {
		out.Set("speed", speed)
	}
	if flags, err := strconv.ParseUint(strings.TrimPrefix(contentOf(folder+"/flags"), "0x"), 16, 32); err == nil {
		out.Set("promisc", flags&0x100 != 0)
	}
	return out
}

func addBridge(out *value.Dict, folder string) {
	if !exists(folder + "/bridge") {
		return
	}
	out.Set("type", "bridge")
	members, _ := filepath.Glob(folder + "/brif/*")
	for i := range members {
		members[i] = filepath.Base(members[i])
	}
	out.Set("interfaces", texts(members))
	out.Set("id", contentOf(folder+"/bridge/bridge_id"))
	out.Set("stp", contentOf(folder+"/bridge/stp_state") == "1")
}

func addBonding(out *value.Dict, folder string) {
	if exists(folder + "/bonding_slave") {
		out.Set("perm_macaddress", contentOf(folder+"/bonding_slave/perm_hwaddr"))
	}
	if !exists(folder + "/bonding") {
		return
	}
	out.Set("type", "bonding")
	out.Set("slaves", texts(strings.Fields(contentOf(folder+"/bonding/slaves"))))
	for _, key := range []string{"mode", "miimon", "lacp_rate"} {
		word, _, _ := strings.Cut(contentOf(folder+"/bonding/"+key), " ")
		out.Set(key, word)
	}
	if primary, ok := content(folder + "/bonding/primary"); ok {
		out.Set("primary", primary)
		if active, ok := content(folder + "/bonding/all_slaves_active"); ok {
			out.Set("all_slaves_active", active == "1")
		}
	}
}
