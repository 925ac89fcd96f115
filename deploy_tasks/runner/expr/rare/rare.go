// Package rare is the part of the runner with filters that few programs name: of chance, logarithms, sizes, addresses of the web,
// paths on Windows and widths of text.
package rare

import "runner/expr"

func init() { expr.UseRare() }
