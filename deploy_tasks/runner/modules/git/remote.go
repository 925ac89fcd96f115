package git

import (
	"path/filepath"
	"strings"

	"runner/module"
	"runner/modules/kit"
)

// listed asks a remote for refs, once.
func (j *job) listed(remote, kind, pattern string) (string, error) {
	key := remote + " " + kind + " " + pattern
	if said, ok := j.asked[key]; ok {
		return said, nil
	}
	f, err := j.demandIn(j.somewhere(), "ls-remote", remote, kind, pattern)
	if err == nil {
		j.asked[key] = f.Stdout
	}
	return f.Stdout, err
}

// somewhere is the work tree, or another folder as long as there is none.
func (j *job) somewhere() string {
	if j.dest != "" && kit.IsDir(j.dest) {
		return j.dest
	}
	return "/"
}

func (j *job) isRemoteBranch(remote string) (bool, error) {
	out, err := j.listed(remote, "-h", "refs/heads/"+j.version)
	return strings.Contains(out, j.version), err
}

func (j *job) isRemoteTag(remote string) (bool, error) {
	out, err := j.listed(remote, "-t", "refs/tags/"+j.version)
	return strings.Contains(out, j.version), err
}

// remoteHead is the commit that the wanted version has at a remote. What is neither branch nor tag counts as a commit.
func (j *job) remoteHead(remote, headBranch string) (string, error) {
	kind, pattern := "-h", "refs/heads/"+j.version
	if j.version == "HEAD" {
		pattern = "HEAD"
		if headBranch != "" {
			pattern = "refs/heads/" + headBranch
		}
	} else if branch, err := j.isRemoteBranch(remote); err != nil {
		return "", err
	} else if !branch {
		tag, err := j.isRemoteTag(remote)
		if err != nil || !tag {
			return j.version, err
		}
		kind, pattern = "-t", "refs/tags/"+j.version+"*"
	}
	out, err := j.listed(remote, kind, pattern)
	if err != nil {
		return "", err
	}
	if rev := revisionOf(out, j.version, kind == "-t"); rev != "" {
		return rev, nil
	}
	return "", j.told(module.Finished{Stdout: out}, "Could not determine remote revision for "+j.version)
}

// revisionOf reads an answer of ls-remote: of an annotated tag it takes the commit that it is of.
func revisionOf(said, version string, tag bool) string {
	found := ""
	for line := range strings.Lines(said) {
		words := strings.Fields(line)
		switch {
		case len(words) < 2:
		case !tag || strings.HasSuffix(words[1], version+"^{}"):
			return words[0]
		case strings.HasSuffix(words[1], version):
			found = words[0]
		}
	}
	return found
}

// remoteURL is the address of a remote as git knows it, "" when it cannot tell.
func (j *job) remoteURL() string {
	f, err := j.ask("ls-remote", "--get-url", j.remote)
	if err != nil || f.Code != 0 {
		return ""
	}
	return strings.TrimRight(f.Stdout, "\n")
}

// moved tells whether the remote's address is to become another one.
func (j *job) moved() bool {
	is := j.remoteURL()
	return is != j.repo && resolved(is) != resolved(j.repo)
}

// resolved is an address as the path that it would be.
func resolved(address string) string {
	if !filepath.IsAbs(address) {
		return filepath.Clean(address)
	}
	return kit.RealPath(address)
}

// headBranch is the branch that HEAD of the work tree is on, or else the one that the remote's HEAD is on.
func (j *job) headBranch() (string, error) {
	if branch := j.branch(); branch != "" {
		return branch, nil
	}
	if branch := j.symbolic("refs/remotes/"+j.remote+"/HEAD", "refs/remotes/"+j.remote+"/"); branch != "" {
		return branch, nil
	}
	return "", failed("HEAD is on no branch here, and " + j.remote + " has told none: name a branch, tag or commit as version")
}

// behind tells whether a fetch would bring anything. It is asked only where that is certain: for plain mappings of
// branches, without refspec and depth.
func (j *job) behind() bool {
	if j.depth > 0 || j.refspec != "" {
		return true
	}
	rules := bareRules
	if !j.bare {
		f, err := j.ask("config", "--get-all", "remote."+j.remote+".fetch")
		if err != nil || f.Code != 0 {
			return true
		}
		rules = strings.Fields(f.Stdout)
	}
	there, err := j.ask("ls-remote", "-h", "-t", j.remote)
	if err != nil || there.Code != 0 {
		return true // the fetch will tell why
	}
	here, err := j.ask("for-each-ref", "--format=%(objectname) %(refname)")
	if err != nil || here.Code != 0 {
		return true
	}
	return lacks(there.Stdout, here.Stdout, rules)
}

var bareRules = []string{"+refs/heads/*:refs/heads/*"}

// lacks compares what a remote has with the refs that are here, by the rules that map branches.
func lacks(there, here string, rules []string) bool {
	local := map[string]string{}
	for line := range strings.Lines(here) {
		if sum, ref, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			local[ref] = sum
		}
	}
	for line := range strings.Lines(there) {
		words := strings.Fields(line)
		if len(words) != 2 {
			return true // cut off, or of another kind
		}
		ref := words[1]
		if strings.HasSuffix(ref, "^{}") {
			continue
		}
		targets, known := mapped(ref, rules)
		if !known {
			return true
		}
		for _, target := range targets {
			if local[target] != words[0] {
				return true
			}
		}
	}
	return false
}

// mapped are the refs here that a remote's ref becomes; known is false for a rule that is not understood.
func mapped(ref string, rules []string) (targets []string, known bool) {
	if strings.HasPrefix(ref, "refs/tags/") {
		return []string{ref}, true
	}
	for _, rule := range rules {
		from, to, ok := strings.Cut(strings.TrimPrefix(rule, "+"), ":")
		from, wild := strings.CutSuffix(from, "*")
		to, wildTo := strings.CutSuffix(to, "*")
		if !ok || wild != wildTo || strings.ContainsAny(from+to, "*^") {
			return nil, false
		}
		rest, matches := strings.CutPrefix(ref, from)
		if matches && (wild || rest == "") {
			targets = append(targets, to+rest)
		}
	}
	return targets, true
}
