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
	if p.due {
		p.files = j.between(head, tip, goal)
	}
	return p, nil
}

// planDetached is for a tag, a commit or a branch that only exists here.
func (j *job) planDetached() (plan, error) {
	head, goal, on := j.commit("HEAD"), j.commit(j.version), j.branch()
	if on != "" && on == j.version || on == "" && head != "" && head == goal {
		return plan{}, nil
	}
	return plan{due: true, files: j.between(head, goal)}, nil
}

// between are the files that differ from each of these commits to the next.
func (j *job) between(commits ...string) []string {
	var files []string
	last := ""
	for _, commit := range commits {
		if commit == "" || commit == last {
			continue
		}
		argv := []string{"diff", "--name-only", "--no-renames", "-z", last, commit, "--"}
		if last == "" {
			last = commit
			continue
		}
		if f, err := j.ask(argv...); err == nil && f.Code == 0 {
			files = append(files, strings.Split(strings.TrimSuffix(f.Stdout, "\x00"), "\x00")...)
		}
		last = commit
	}
	return files
}

// switchTo does what was planned, and checks the signature.
func (j *job) switchTo(p plan) error {
	var argv []string
	switch {
	case p.branch == "":
		argv = []string{"checkout", "--force", j.version}
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
