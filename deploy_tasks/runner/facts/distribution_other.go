//go:build !linux

package facts

func linuxDistribution() found { return found{} }
