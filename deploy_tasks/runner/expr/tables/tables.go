// Package tables is the part of the runner with the lookups of values in INI and CSV files.
package tables

import "runner/expr"

func init() { expr.UseTables() }
