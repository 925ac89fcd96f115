// Package documents is the part of the runner with the filters that write and read YAML.
package documents

import "runner/expr"

func init() { expr.UseYAML() }
