package facts

import "strings"

// readIfconfig reads what BSD's ifconfig prints: the interfaces, and the addresses that are not loopback ones.
func readIfconfig(text string) (names, v4, v6 []string) {
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		if line[0] != ' ' && line[0] != '\t' {
			names = append(names, strings.TrimSuffix(words[0], ":"))
			continue
		}
		if len(words) < 2 {
			continue
		}
		address, _, _ := strings.Cut(words[1], "%")
		switch {
		case words[0] == "inet" && !strings.HasPrefix(address, "127."):
			v4 = append(v4, address)
		case words[0] == "inet6" && address != "::1":
			v6 = append(v6, address)
		}
	}
	return names, v4, v6
}
