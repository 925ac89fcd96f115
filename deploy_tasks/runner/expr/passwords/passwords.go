// Package passwords is the part of the runner with the filter that hashes passwords.
package passwords

import "runner/expr"

func init() { expr.UsePasswords() }
