// Package addresses is the part of the runner with the filters of addresses and networks.
package addresses

import "runner/expr"

func init() { expr.UseAddresses() }
