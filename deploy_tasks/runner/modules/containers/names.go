package containers

import (
	"math"
	"strconv"
	"strings"

	"runner/fmt"
)

const hexDigits = "0123456789abcdefABCDEF"

// isImageID tells whether a name is an image's digest.
func isImageID(name string) bool {
	digits, ok := strings.CutPrefix(name, "sha256:")
	return ok && len(digits) == 64 && strings.Trim(digits, hexDigits) == ""
}

// splitTag separates an image's name from its tag or digest, which may be none.
func splitTag(name string) (repository, tag string) {
	if i := strings.LastIndexByte(name, '@'); i >= 0 {
		return name[:i], name[i+1:]
	}
	if i := strings.LastIndexByte(name, ':'); i >= 0 && !strings.Contains(name[i:], "/") {
		return name[:i], name[i+1:]
	}
	return name, ""
}

// joinTag is an image's name with its tag, or with a digest.
func joinTag(repository, tag string) string {
	switch {
	case tag == "":
		return repository
	case strings.HasPrefix(tag, "sha256:"):
		return repository + "@" + tag
	}
	return repository + ":" + tag
}

// validTag tells whether a text may be the tag of an image.
func validTag(tag string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"
	return tag == "" || len(tag) <= 128 && strings.IndexByte(letters, tag[0]) >= 0 && strings.Trim(tag, letters+".-") == ""
}

const hub = "docker.io"

// registryOf is the registry that an image's name leads to, and the name there.
func registryOf(name string) (registry, rest string) {
	first, rest, ok := strings.Cut(name, "/")
	if !ok || !strings.ContainsAny(first, ".:") && first != "localhost" {
		return hub, name
	}
	if first == "index."+hub {
		first = hub
	}
	return first, rest
}

var unitSteps = map[byte]int{'Y': 8, 'Z': 7, 'E': 6, 'P': 5, 'T': 4, 'G': 3, 'M': 2, 'K': 1, 'B': 0}

// bytesOf reads a size with a unit, as 512M or 1GB.
func bytesOf(text string) (int64, error) {
	text = strings.TrimSpace(text)
	end := len(text) - len(strings.TrimLeft(text, "0123456789.,"))
	n, err := strconv.ParseFloat(text[:end], 64)
	if err != nil {
		return 0, fmt.Errorf("human_to_bytes() can't interpret following string: %s", text)
	}
	unit := strings.TrimSpace(text[end:])
	if unit == "" {
		return int64(math.RoundToEven(n)), nil
	}
	step, ok := unitSteps[strings.ToUpper(unit)[0]]
	if !ok {
		return 0, fmt.Errorf("human_to_bytes() failed to convert %s (unit = %s). The suffix must be one of Y, Z, E, P, T, G, M, K, B", text, unit)
	}
	if long := unit[1:]; long != "" && long != "B" && !strings.Contains(strings.ToLower(unit), "byte") {
		return 0, fmt.Errorf("human_to_bytes() failed to convert %s. Value is not a valid string (expect e.g. '%sB')", text, unit[:1])
	}
	return int64(math.RoundToEven(n * math.Pow(1024, float64(step)))), nil
}

var durationUnits = []struct {
	name string
	ns   int64
}{{"h", 3600e9}, {"m", 60e9}, {"s", 1e9}, {"ms", 1e6}, {"us", 1e3}}

// nanoseconds reads a duration as 1m30s, its units in this order: h, m, s, ms, us.
func nanoseconds(text string) (int64, error) {
	var total int64
	rest, next := text, 0
	for rest != "" {
		digits := rest[:len(rest)-len(strings.TrimLeft(rest, "0123456789"))]
		rest = rest[len(digits):]
		unit := rest[:len(rest)-len(strings.TrimLeft(rest, "hmsu"))]
		rest = rest[len(unit):]
		n, err := strconv.ParseInt(digits, 10, 64)
		at := next
		for at < len(durationUnits) && durationUnits[at].name != unit {
			at++
		}
		if err != nil || at == len(durationUnits) || n > math.MaxInt64/durationUnits[at].ns {
			return 0, fmt.Errorf("Invalid time duration - %s", text)
		}
		total, next = total+n*durationUnits[at].ns, at+1
	}
	return total, nil
}

// portRange reads a port or a range of ports.
func portRange(text string) ([]int, error) {
	first, last, ranged := strings.Cut(text, "-")
	start, err := strconv.Atoi(strings.TrimSpace(first))
	if !ranged {
		if err != nil {
			return nil, fmt.Errorf("Invalid port: \"%s\"", text)
		}
		return []int{start}, nil
	}
	end, err2 := strconv.Atoi(strings.TrimSpace(last))
	if err != nil || err2 != nil || end < start || end-start > 65535 {
		return nil, fmt.Errorf("Invalid port range: \"%s\"", text)
	}
	var out []int
	for n := start; n <= end; n++ {
		out = append(out, n)
	}
	return out, nil
}

// splitAddress splits a text at colons, but not in what stands between brackets: the addresses of IPv6.
func splitAddress(text string) ([]string, error) {
	parts, depth := []string{""}, 0
	for i := range len(text) {
		switch b := text[i]; {
		case b == ':' && depth == 0:
			parts = append(parts, "")
			continue
		case b == '[' && depth == 0:
			if !strings.Contains(text[i:], "]") {
				return nil, fmt.Errorf("Cannot find closing \"]\" in input \"%s\" for opening \"[\" at index %d!", text, i+1)
			}
			depth++
		case b == ']':
			depth = 0
		}
		parts[len(parts)-1] += text[i : i+1]
	}
	return parts, nil
}
