//go:build !linux

package facts

func loadAverage(*gathering) {}
