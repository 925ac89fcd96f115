package git

import (
	"path/filepath"
	"strings"

	"runner/modules/kit"
)

// plan is how the work tree comes to the wanted version.
type plan struct {
	due     bool     // there is something to do
	shallow bool     // the branch has to be fetched first
	branch  string   // to be on, "" for a commit alone
	track   bool     // the branch is made
	target  string   // what the branch is set to
	unknown bool     // nothing here has the version's name: git is left to say so
	files   []string // which files that changes
}

// planSwitch looks what has to be done, and which files of the work tree will change.
func (j *job) planSwitch() (plan, error) {
	var p plan
	if j.version == "HEAD" {
		branch, err := j.headBranch()
		if err != nil {
			return p, err
		}
		p.branch = branch
	} else {
		remote, err := j.isRemoteBranch(j.remote)
		if err != nil {
			return p, err
		}
		if !remote {
			return j.planDetached()
		}
		p.branch = j.version
		if local := j.commit("refs/heads/"+j.version) != ""; !local {
			p.track, p.shallow = true, j.depth > 0
		}
	}
	p.target = j.remote + "/" + p.branch
	head, tip, goal := j.commit("HEAD"), j.commit("refs/heads/"+p.branch), j.commit("refs/remotes/"+p.target)
	p.due = j.branch() != p.branch || head == "" || head != goal
	if !p.due {
		return p, nil
	}
	var err error
	p.files, err = j.between(head, tip, goal)
	return p, err
}

// planDetached is for a tag, a commit or a branch that only exists here.
func (j *job) planDetached() (plan, error) {
	head, on, local := j.commit("HEAD"), j.branch(), j.commit("refs/heads/"+j.version)
	goal := j.goal(local)
	if on != "" && on == j.version || on == "" && head != "" && head == goal && local == "" {
		return plan{}, nil
	}
	files, err := j.between(head, goal)
	return plan{due: true, unknown: goal == "", files: files}, err
}

// goal is the commit to which git checkout of the version goes: a branch that is here comes before a tag of the same
// name, and a branch of which only the remote's last word is left is made here again.
func (j *job) goal(local string) string {
	if local != "" {
		return local
	}
	if commit := j.commit(j.version); commit != "" {
		return commit
	}
	return j.commit("refs/remotes/" + j.remote + "/" + j.version)
}

// between are the files that differ from each of these commits to the next. Without a first one there is no file yet.
func (j *job) between(head string, others ...string) ([]string, error) {
	var files []string
	for _, commit := range others {
		if commit == "" || commit == head {
			continue
		}
		argv := []string{"diff", "--name-only", "--no-renames", "-z", head, commit, "--"}
		if head == "" {
			argv = []string{"ls-tree", "-r", "--name-only", "-z", "--full-tree", commit}
		}
		more, err := j.names(argv...)
		if err != nil {
			return nil, err
		}
		files, head = append(files, more...), commit
	}
	return files, nil
}

// switchTo does what was planned, and checks the signature.
func (j *job) switchTo(p plan) error {
	var argv []string
	switch {
	case p.branch == "":
		argv = []string{"checkout", "--force", j.version}
		if p.unknown {
			argv = []string{"checkout", "--no-guess", "--force", j.version} // a branch of another remote was not planned for
		}
		if kit.Exists(filepath.Join(j.dest, j.version)) {
			argv = append(argv, "--") // otherwise git would take that file out of HEAD
		}
	case p.track && !p.shallow:
		argv = []string{"checkout", "--track", "-b", p.branch, p.target}
	default:
		f, err := j.ask("checkout", "--force", p.branch)
		if err != nil {
			return err
		}
		if f.Code != 0 {
			return j.told(f, "Failed to checkout branch "+p.branch)
		}
		argv = []string{"reset", "--hard", p.target, "--"}
	}
	f, err := j.ask(argv...)
	if err != nil {
		return err
	}
	if f.Code != 0 {
		what := j.version
		if what == "HEAD" {
			what = "branch " + p.branch
		}
		return j.told(f, "Failed to checkout "+what, "cmd", j.git+" "+strings.Join(argv, " "))
	}
	j.refresh()
	return j.verify()
}

// refresh has git write its index once more, later than the files: otherwise whoever looks next would write it, and that
// would be somebody else's change.
func (j *job) refresh() {
	_, _ = j.exec(j.dest, []string{"GIT_OPTIONAL_LOCKS=1"}, []string{j.git, "status", "--porcelain", "--untracked-files=no"})
}
