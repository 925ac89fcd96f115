package facts

// The largest subsets are linked only into runners whose program gathers them: each of these functions is called by a
// package of its own below this one, which compiler/parts.py names, and what nothing calls is not linked.

// UseHardware adds the subset hardware: processors, memory, disks, what the firmware tells.
func UseHardware() { find("hardware").collect = hardware }

// UseNetwork adds the subset network: interfaces and addresses.
func UseNetwork() { find("network").collect = network }

// UseVirtual adds the subset virtual: on what the host runs and what runs on it.
func UseVirtual() { find("virtual").collect = virtual }

// Lacking are the subsets that this runner does not have.
func Lacking() []string {
	var names []string
	for _, c := range collectors {
		if c.collect == nil {
			names = append(names, c.name)
		}
	}
	return names
}
