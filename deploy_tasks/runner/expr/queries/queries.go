// Package queries is the part of the runner with the filter json_query.
package queries

import "runner/expr"

func init() { expr.UseQueries() }
