package facts

import (
	"strconv"
	"strings"
)

func hardware(g *gathering) {
	processors(g)
	memory(g)
	firmware(g)
	if words := strings.Fields(contentOf("/proc/uptime")); len(words) > 0 {
		if up, err := strconv.ParseFloat(words[0], 64); err == nil {
			g.set("uptime_seconds", int64(up))
		}
	}
	g.set("mounts", mounts())
}

// memory is in MiB, from /proc/meminfo.
func memory(g *gathering) {
	mb := map[string]int64{}
	for _, line := range lines("/proc/meminfo") {
		name, rest, _ := strings.Cut(line, ":")
		if words := strings.Fields(rest); len(words) > 0 {
			if kb, err := strconv.ParseInt(words[0], 10, 64); err == nil {
				mb[name] = kb / 1024
			}
		}
	}
	if len(mb) == 0 {
		return
	}
	for _, name := range []string{"MemTotal", "SwapTotal", "MemFree", "SwapFree"} {
		g.set(strings.ToLower(name)+"_mb", mb[name])
	}
	free := mb["Cached"] + mb["MemFree"] + mb["Buffers"]
	g.set("memory_mb", dict(
		"real", dict("total", mb["MemTotal"], "used", mb["MemTotal"]-mb["MemFree"], "free", mb["MemFree"]),
		"nocache", dict("free", free, "used", mb["MemTotal"]-free),
		"swap", dict("total", mb["SwapTotal"], "free", mb["SwapFree"], "used", mb["SwapTotal"]-mb["SwapFree"],
			"cached", mb["SwapCached"])))
}

// firmwareFacts by the file of the kernel's DMI table.
var firmwareFacts = [][2]string{
	{"bios_date", "bios_date"}, {"bios_vendor", "bios_vendor"}, {"bios_version", "bios_version"},
	{"board_asset_tag", "board_asset_tag"}, {"board_name", "board_name"}, {"board_serial", "board_serial"},
	{"board_vendor", "board_vendor"}, {"board_version", "board_version"}, {"chassis_asset_tag", "chassis_asset_tag"},
	{"chassis_serial", "chassis_serial"}, {"chassis_vendor", "chassis_vendor"}, {"chassis_version", "chassis_version"},
	{"form_factor", "chassis_type"}, {"product_name", "product_name"}, {"product_serial", "product_serial"},
	{"product_uuid", "product_uuid"}, {"product_version", "product_version"}, {"system_vendor", "sys_vendor"},
}

// formFactors by their number in the SMBIOS specification.
var formFactors = []string{"Unknown", "Other", "Unknown", "Desktop", "Low Profile Desktop", "Pizza Box", "Mini Tower", "Tower",
	"Portable", "Laptop", "Notebook", "Hand Held", "Docking Station", "All In One", "Sub Notebook", "Space-saving", "Lunch Box",
	"Main Server Chassis", "Expansion Chassis", "Sub Chassis", "Bus Expansion Chassis", "Peripheral Chassis", "RAID Chassis",
	"Rack Mount Chassis", "Sealed-case PC", "Multi-system", "CompactPCI", "AdvancedTCA", "Blade", "Blade Enclosure", "Tablet",
	"Convertible", "Detachable", "IoT Gateway", "Embedded PC", "Mini PC", "Stick PC"}

const dmiFolder = "/sys/devices/virtual/dmi/id/"

func firmware(g *gathering) {
	for _, f := range firmwareFacts {
		v, ok := content(dmiFolder + f[1])
		if !ok {
			v = "NA"
		} else if f[0] == "form_factor" {
			v = formFactor(v)
		}
		g.set(f[0], v)
	}
}

func formFactor(code string) string {
	n, err := strconv.Atoi(code)
	if err != nil || n < 0 || n >= len(formFactors) {
		return "unknown (" + code + ")"
	}
	return formFactors[n]
}
