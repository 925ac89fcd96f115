// Package anypackage is the part of the runner with the module package, and with the managers that it chooses from.
package anypackage

import (
	"runner/fmt"
	"runner/module"
	"runner/value"

	_ "runner/modules/packages" // apt
	_ "runner/modules/rpm"      // dnf, yum
)

func init() { module.Register("package", anyPackage) }

// anyPackage has the host's own package manager do what its module does; use, or the variable ansible_package_use, names
// another one.
func anyPackage(c *module.Call) module.Result {
	args := c.Args.Copy()
	named, _ := args.Get("use")
	args.Delete("use")
	manager, err := manager(c, named)
	if err != nil {
		return module.Failure(err.Error())
	}
	if manager == "dnf5" || manager == "yum4" || manager == "dnf4" {
		manager = "dnf"
	}
	run, ok := module.Get(manager)
	if manager == "package" || !ok {
		return module.Failure(fmt.Sprintf("package: there is no module for the package manager %s here: apt, dnf and yum are those that are supported", manager))
	}
	own := *c
	own.Args = args
	return run(&own)
}

func manager(c *module.Call, named any) (string, error) {
	if name := value.Str(named); named != nil && name != "" && name != "auto" {
		return name, nil
	}
	preset, found, err := c.Vars.Lookup("ansible_package_use")
	if err != nil {
		return "", err
	}
	if name := value.Str(preset); found && preset != nil && name != "" && name != "auto" {
		return name, nil
	}
	detected, _ := c.Facts([]string{"!all", "!min", "pkg_mgr"}).Get("ansible_pkg_mgr")
	if name, _ := detected.(string); name != "" && name != "unknown" {
		return name, nil
	}
	return "", fmt.Errorf(`Could not detect a package manager. Try using the "use" option.`)
}
