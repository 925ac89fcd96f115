// Package lookups is the part of the runner with the lookups that few programs name.
package lookups

import "runner/expr"

func init() { expr.UseLookups() }
