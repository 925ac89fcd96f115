package git

import (
	"path/filepath"
	"slices"
	"strconv"

	"runner/module"
	"runner/modules/kit"
)

// update brings a checkout that is there to the wanted version. done says that a check has told all there is to tell.
func (j *job) update() (done bool, err error) {
	modified, err := j.modified()
	if err != nil {
		return false, err
	}
	before := j.revision("HEAD")
	j.data.Set("before", before)
	if len(modified) > 0 && !j.force {
		return false, failed("Local modifications exist in the destination: "+j.dest+" (force=no).", "before", before)
	}
	moved := j.moved()
	if j.c.Check {
		return true, j.foretell(before, moved)
	}
	if len(modified) > 0 {
		if err := j.reset(modified); err != nil {
			return false, err
		}
	}
	j.data.Set("remote_url_changed", moved)
	j.changed = j.changed || moved
	if moved || j.behind() {
		if err := j.guard("git fetch", nil, func() error { return j.fetch(moved) }); err != nil {
			return false, err
		}
	}
	if !j.bare {
		if err := j.checkout(); err != nil {
			return false, err
		}
	}
	return false, j.settle()
}

// foretell says what an update would do.
func (j *job) foretell(before string, moved bool) error {
	branch, remote := "", j.remote
	if j.version == "HEAD" {
		var err error
		if branch, err = j.headBranch(); err != nil {
			return err
		}
	}
	if moved {
		remote = j.repo
	}
	head, err := j.remoteHead(remote, branch)
	if err != nil {
		return err
	}
	j.data.Set("remote_url_changed", moved)
	j.data.Set("after", head)
	j.changed = j.changed || before != head || moved
	return nil
}

// modified are the tracked files that are otherwise than in HEAD.
func (j *job) modified() ([]string, error) {
	if j.bare {
		return nil, nil
	}
	entries, err := j.names("status", "--porcelain", "-z", "--untracked-files=no", "--no-renames")
	var paths []string
	for _, entry := range entries {
		if len(entry) > 3 {
			paths = append(paths, entry[3:])
		}
	}
	return paths, err
}

// reset drops the changes to tracked files.
func (j *job) reset(modified []string) error {
	err := j.guard("git reset", j.places(modified), func() error {
		_, err := j.demand("reset", "--hard", "HEAD")
		return err
	})
	j.changed = true
	j.data.Set("msg", "Local modifications exist in the destination: "+j.dest)
	return err
}

// fetch brings what the remote has.
func (j *job) fetch(moved bool) error {
	if moved {
		f, err := j.ask("remote", "set-url", j.remote, j.repo)
		if err != nil {
			return err
		}
		if f.Code != 0 {
			return failed("Failed to set a new url " + j.repo + " for " + j.remote + ": " + f.Stdout + " " + f.Stderr)
		}
	}
	argv, err := j.fetchArguments()
	if err != nil {
		return err
	}
	f, err := j.ask(argv...)
	if err == nil && f.Code != 0 {
		cmd := kit.Items(append([]string{j.git}, argv...))
		return failed("Failed to download remote objects and refs: "+f.Stdout+" "+f.Stderr, "cmd", cmd)
	}
	return err
}

func (j *job) fetchArguments() ([]string, error) {
	refs, err := j.shallowRefs()
	if err != nil {
		return nil, err
	}
	argv := []string{"fetch"}
	switch {
	case len(refs) > 0:
		argv = j.depthArgument("fetch")
	case j.bare:
		refs = []string{"+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"}
	default:
		argv = append(argv, "--tags")
	}
	if j.refspec != "" && !slices.Contains(refs, j.refspec) {
		refs = append(refs, j.refspec)
	}
	if j.force {
		argv = append(argv, "--force")
	}
	return append(append(argv, j.remote), refs...), nil
}

// shallowRefs are the fewest refs that are enough where the history is cut short; none for a commit.
func (j *job) shallowRefs() ([]string, error) {
	switch {
	case j.depth <= 0:
		return nil, nil
	case j.refspec != "":
		return []string{j.refspec}, nil
	}
	head, err := j.headBranch()
	if j.version == "HEAD" {
		return []string{head}, err
	}
	branch, err := j.isRemoteBranch(j.repo)
	if err != nil {
		return nil, err
	}
	if branch {
		refs := []string{"+refs/heads/" + j.version + ":refs/remotes/" + j.remote + "/" + j.version}
		if head != j.version {
			refs = append([]string{"+refs/heads/" + j.version + ":refs/heads/" + j.version}, refs...)
		}
		return refs, nil
	}
	tag, err := j.isRemoteTag(j.repo)
	if tag {
		return []string{"+refs/tags/" + j.version + ":refs/tags/" + j.version}, err
	}
	return nil, err
}

// checkout switches to the wanted version, and brings the submodules along.
func (j *job) checkout() error {
	plan, err := j.planSwitch()
	if err != nil {
		return err
	}
	if plan.due {
		if plan.shallow {
			if err := j.guard("git fetch", nil, func() error { return j.fetchBranch() }); err != nil {
				return err
			}
			if plan, err = j.planSwitch(); err != nil {
				return err
			}
		}
		if err := j.guard("git checkout", j.places(plan.files), func() error { return j.switchTo(plan) }); err != nil {
			return err
		}
	} else if err := j.verify(); err != nil {
		return err
	}
	return j.submodules()
}

// fetchBranch brings a branch that a shallow clone does not have.
func (j *job) fetchBranch() error {
	f, err := j.ask("fetch", "--depth="+strconv.FormatInt(j.depth, 10), j.remote, "+refs/heads/"+j.version+":refs/heads/"+j.version,
		"+refs/heads/"+j.version+":refs/remotes/"+j.remote+"/"+j.version)
	if err == nil && f.Code != 0 {
		return j.told(f, "Failed to fetch branch from remote: "+j.version)
	}
	return err
}

// guard acts on the repository, and on those of submodules within, which a fetch reaches too, so that an undo takes it
// back: places are what else may change.
func (j *job) guard(what string, places []string, act func() error) error {
	for _, dir := range within(j.dir) {
		places = append(places, metadata(dir)...)
	}
	return j.c.Log.Set(kindName, j.dir, func() error { return j.c.Log.Around(places, what, act) })
}

// diff is what has changed between the versions.
func (j *job) diff() []module.Diff {
	if !j.c.Diff || !j.changed {
		return nil
	}
	before, _ := j.data.Get("before")
	after, _ := j.data.Get("after")
	from, _ := before.(string)
	to, _ := after.(string)
	switch {
	case from == "":
		return []module.Diff{{After: ">> Newly checked out " + to + "\n", AfterHeader: filepath.Base(j.dest)}}
	case from == to:
		return nil
	}
	f, err := j.ask("diff", from, to)
	text := f.Stdout
	switch {
	case err != nil || f.Code != 0:
		text = ">> " + to + " is not fetched yet: no diff to " + from + "\n"
	case text == "":
		text = ">> No visual differences between " + from + " and " + to + "\n"
	}
	return []module.Diff{{After: text, AfterHeader: filepath.Base(j.dest)}}
}
