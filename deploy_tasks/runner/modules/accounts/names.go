package accounts

import (
	"errors"
	"strings"
)

var errBadName = errors.New("name must be the name of an account: not empty, without a leading - and without :, / or blanks")

// badName says whether a name could be read as something else by the tools: as an option, or as fields of a line.
func badName(name string) bool {
	return name == "" || name[0] == '-' || strings.ContainsAny(name, ":/ \t\r\n\x00,")
}
