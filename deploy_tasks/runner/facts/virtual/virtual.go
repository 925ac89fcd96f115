// Package virtual is the part of the runner with the facts of the subset virtual.
package virtual

import "runner/facts"

func init() { facts.UseVirtual() }
