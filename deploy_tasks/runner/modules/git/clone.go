package git

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"runner/modules/kit"
)

// clone makes the checkout. An undo removes all that was made.
func (j *job) clone() error {
	paths := []string{kit.Missing(j.dest)}
	if at := j.separate(); at != "" {
		paths = append(paths, kit.Missing(at))
	}
	err := j.c.Log.Around(paths, "git clone", j.cloneAll)
	if err != nil {
		return err
	}
	return j.settle()
}

func (j *job) cloneAll() error {
	parent := filepath.Dir(j.dest)
	_ = os.MkdirAll(parent, 0o777) // git says what is wrong with it
	argv, err := j.cloneArguments()
	if err != nil {
		return err
	}
	if !kit.IsDir(parent) {
		parent = "/"
	}
	if _, err := j.demandIn(parent, argv...); err != nil {
		return err
	}
	if j.bare && j.remote != "origin" {
		if _, err := j.demand("remote", "add", j.remote, j.repo); err != nil {
			return err
		}
	}
	if j.refspec != "" {
		if _, err := j.demand(append(j.depthArgument("fetch"), j.remote, j.refspec)...); err != nil {
			return err
		}
	}
	if err := j.verify(); err != nil || j.bare {
		return err
	}
	if at := j.separate(); at != "" {
		j.dir = at
	}
	if err := j.firstCheckout(); err != nil {
		return err
	}
	return j.firstSubmodules()
}

func (j *job) firstCheckout() error {
	plan, err := j.planSwitch()
	if err == nil && plan.shallow {
		if err = j.fetchBranch(); err == nil {
			plan, err = j.planSwitch()
		}
	}
	if err != nil {
		return err
	}
	if !plan.due {
		j.refresh()
		return nil
	}
	return j.switchTo(plan)
}

func (j *job) firstSubmodules() error {
	if !j.hasSubmodules() {
		return nil
	}
	j.data.Set("submodules_changed", true)
	return j.updateSubmodules()
}

func (j *job) depthArgument(command string) []string {
	if j.depth > 0 {
		return []string{command, "--depth", strconv.FormatInt(j.depth, 10)}
	}
	return []string{command}
}

func (j *job) cloneArguments() ([]string, error) {
	argv := []string{"clone", "--origin", j.remote}
	if j.bare {
		argv = []string{"clone", "--bare"}
	}
	named, err := j.isRemoteBranch(j.repo)
	if err == nil && !named {
		named, err = j.isRemoteTag(j.repo)
	}
	if err != nil {
		return nil, err
	}
	branched := false
	switch {
	case j.depth <= 0:
	case j.version == "HEAD" || j.refspec != "":
		argv = append(argv, "--depth", strconv.FormatInt(j.depth, 10))
	case named:
		argv = append(argv, "--depth", strconv.FormatInt(j.depth, 10), "--branch", j.version)
		branched = true
	default:
		j.warnings = append(j.warnings, "Ignoring depth argument. Shallow clones are only available for HEAD, branches, tags or in combination with refspec.")
	}
	if at := j.p.Str("reference"); at != "" {
		argv = append(argv, "--reference", at)
	}
	if j.p.Flag("single_branch") {
		argv = append(argv, "--single-branch")
		if named && !branched {
			argv = append(argv, "--branch", j.version)
		}
	}
	if at := j.separate(); at != "" {
		argv = append(argv, "--separate-git-dir="+at)
	}
	return append(argv, j.repo, j.dest), nil
}

// verify checks the signature of the wanted version.
func (j *job) verify() error {
	if !j.p.Flag("verify_commit") {
		return nil
	}
	how := "verify-commit"
	if f, err := j.ask("cat-file", "-t", "refs/tags/"+j.version); err == nil && strings.TrimSpace(f.Stdout) == "tag" {
		how = "verify-tag"
	}
	argv := []string{how, j.version}
	allowed := j.p.List("gpg_allowlist")
	if len(allowed) > 0 {
		argv = append(argv, "--raw")
	}
	f, err := j.ask(argv...)
	if err != nil {
		return err
	}
	if f.Code != 0 {
		return j.told(f, `Failed to verify GPG signature of commit/tag "`+j.version+`"`)
	}
	if len(allowed) == 0 {
		return nil
	}
	by := fingerprint(f.Stderr)
	for _, one := range allowed {
		if one == by {
			return nil
		}
	}
	return j.told(f, `The gpg_allowlist does not include the public key "`+by+`" for this commit`)
}

// fingerprint is that of the primary key, as gpg tells in its status lines: doc/DETAILS of GnuPG, VALIDSIG.
func fingerprint(status string) string {
	for line := range strings.Lines(status) {
		words := strings.Fields(line)
		switch {
		case len(words) < 3 || words[1] != "VALIDSIG":
		case len(words) > 11:
			return words[11]
		default:
			return words[2]
		}
	}
	return ""
}

// settle notes what has become of the checkout, and whether that is another version.
func (j *job) settle() error {
	after := j.revision("HEAD")
	j.data.Set("after", after)
	if before, _ := j.data.Get("before"); before != after {
		j.changed = true
	}
	return nil
}
