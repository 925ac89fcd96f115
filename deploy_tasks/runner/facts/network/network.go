// Package network is the part of the runner with the facts of the subset network.
package network

import "runner/facts"

func init() { facts.UseNetwork() }
