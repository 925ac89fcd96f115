//go:build !linux

package basics

import "runner/value"

// addFlags adds the attributes of the inode: none outside Linux.
func addFlags(out *value.Dict, _ string) { withoutFlags(out) }
