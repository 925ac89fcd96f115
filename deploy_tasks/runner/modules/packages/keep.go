package packages

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"runner/change"
	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
)

// archives is where apt puts the packages it fetches; many hosts clean it after each installation.
const archives = "/var/cache/apt/archives"

// debName is what apt calls the file of a package.
func debName(name, version, arch string) string {
	return name + "_" + strings.ReplaceAll(version, ":", "%3a") + "_" + arch + ".deb"
}

func debArch(path string) string {
	_, arch, _ := strings.Cut(strings.TrimSuffix(filepath.Base(path), ".deb"), "_")
	return arch[strings.LastIndexByte(arch, '_')+1:]
}

// keeper is a Log that has a folder of its own for what an undo needs.
type keeper interface{ SavedDir() string }

// keep puts the packages of these versions aside; folder is "" when there is none to keep. Those that neither apt's cache
// nor a repository has are lost when they go: they are returned.
func keep(c *module.Call, db database, going []pkg) (folder string, lost []pkg, err error) {
	log, ok := c.Log.(keeper)
	if len(going) == 0 || !ok {
		return "", going, nil
	}
	folder = filepath.Join(log.SavedDir(), "packages")
	if err := os.Mkdir(folder, 0o700); err != nil && !os.IsExist(err) {
		return "", nil, err
	}
	missing, err := fromCache(folder, going)
	if err != nil {
		return "", nil, err
	}
	missing, lost, err = offered(c, db, missing)
	if err != nil {
		return "", nil, err
	}
	lost = append(lost, fetch(c, folder, missing)...)
	if err := kit.SyncFiles(folder); err != nil {
		return "", nil, err
	}
	return folder, lost, nil
}

// fromCache copies what apt's cache has; missing is the rest.
func fromCache(folder string, going []pkg) (missing []pkg, err error) {
	for _, p := range going {
		to := filepath.Join(folder, debName(p.name, p.version, p.arch))
		if _, err := os.Stat(to); err == nil {
			continue // an earlier step of this deployment has kept it
		}
		err := copyFile(filepath.Join(archives, filepath.Base(to)), to)
		switch {
		case os.IsNotExist(err):
			missing = append(missing, p)
		case err != nil:
			return nil, err
		}
	}
	return missing, nil
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	temp := to + ".part"
	out, err := os.OpenFile(temp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = out.ReadFrom(in)
	if closed := out.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(temp, to)
	}
	if err != nil {
		_ = os.Remove(temp) // the first error says more
	}
	return err
}

// offered parts those that a repository has from those that none has any more.
func offered(c *module.Call, db database, missing []pkg) (there, lost []pkg, err error) {
	var names []string
	for _, p := range missing {
		names = append(names, db.key(p.name, p.arch))
	}
	choices, err := readPolicy(callTools{c, ""}, "", names)
	for i, p := range missing {
		if slices.Contains(choices[names[i]].offered, p.version) {
			there = append(there, p)
		} else {
			lost = append(lost, p)
		}
	}
	return there, lost, err
}

// mostFailures is after how many packages in a row that could not be fetched the repositories count as out of reach.
const mostFailures = 3

// fetch has apt download these versions: all at once, and where that fails one by one.
func fetch(c *module.Call, folder string, missing []pkg) (lost []pkg) {
	if len(missing) == 0 || download(c, folder, missing) == nil {
		return nil
	}
	failures := 0
	for _, p := range missing {
		if failures < mostFailures && download(c, folder, []pkg{p}) == nil {
			failures = 0
			continue
		}
		failures++
		lost = append(lost, p)
	}
	return lost
}

func download(c *module.Call, folder string, wanted []pkg) error {
	argv := []string{"apt-get", "download", "-q", "-o", "APT::Sandbox::User=root"}
	for _, p := range wanted {
		name := p.name
		if p.arch != "all" {
			name += ":" + p.arch
		}
		argv = append(argv, name+"="+p.version)
	}
	if _, err := change.Demand(callTools{c, folder}, argv...); err != nil {
		return err
	}
	for _, p := range wanted {
		if _, err := os.Stat(filepath.Join(folder, debName(p.name, p.version, p.arch))); err != nil {
			return err
		}
	}
	return nil
}

// regret words that a version cannot come back.
func regret(p pkg) string {
	return fmt.Sprintf("%s %s (%s) cannot be installed again by an undo: neither apt's cache nor a repository has this version",
		p.name, p.version, p.arch)
}
