package host

import (
	"bytes"
	"os"
	"strconv"
	"strings"
)

// startTime tells one process from a later one with the same number; empty when there is none, or only its corpse.
func startTime(pid int) string {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return ""
	}
	// The name, in brackets, may hold anything; the fields after it are numbered from 3.
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 20 || fields[0] == "Z" {
		return ""
	}
	return fields[19]
}
