//go:build windows

package jobs

import "os/exec"

const canDetach = false

func detach(*exec.Cmd) {}

func keep(int) {}
