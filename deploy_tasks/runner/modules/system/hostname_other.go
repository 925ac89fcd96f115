//go:build !linux

package system

import "errors"

func setHostname(string) error { return errors.New("there is no command hostname any more") }
