// Package hardware is the part of the runner with the facts of the subset hardware.
package hardware

import "runner/facts"

func init() { facts.UseHardware() }
