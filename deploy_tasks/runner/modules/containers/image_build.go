package containers

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"runner/fmt"
	"runner/modules/kit"
	"runner/value"
)

var buildSpec = kit.Spec{Args: []kit.Arg{
	{Name: "path", Kind: kit.Path, Required: true},
	{Name: "dockerfile"},
	{Name: "args", Kind: kit.Raw},
	{Name: "cache_from", Kind: kit.List},
	{Name: "container_limits", Kind: kit.Raw},
	{Name: "etc_hosts", Kind: kit.Raw},
	{Name: "http_timeout", Kind: kit.Int},
	{Name: "labels", Kind: kit.Raw},
	{Name: "network"},
	{Name: "nocache", Kind: kit.Bool, Default: false},
	{Name: "platform"},
	{Name: "pull", Kind: kit.Bool, Default: false},
	{Name: "rm", Kind: kit.Bool, Default: true},
	{Name: "shm_size"},
	{Name: "target"},
}}

var limitsSpec = kit.Spec{Args: []kit.Arg{{Name: "memory"}, {Name: "memswap"}, {Name: "cpushares", Kind: kit.Int}, {Name: "cpusetcpus"}}}

// build makes the image from a folder of the host.
func (j *imageJob) build() error {
	d, err := dictionaryOf(j.p.Raw("build"), "build")
	if err != nil {
		return err
	}
	p, err := suboptions(j.c, d, "build", buildSpec)
	if err != nil {
		return err
	}
	path := p.Str("path")
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		return fmt.Errorf("Requested build path %s could not be found or you do not have access.", path)
	}
	query, err := j.buildQuery(p)
	if err != nil {
		return err
	}
	j.said("Built image %s from %s", j.whole(), path)
	j.changed = true
	if j.c.Check {
		return nil
	}
	from, err := buildContext(path, p.Str("dockerfile"))
	if err != nil {
		return err
	}
	if from.dockerfile != "" {
		query = append(query, "dockerfile", from.dockerfile)
	}
	x := exchange{method: "POST", target: j.e.target("/build", query...), patient: true, stream: from.write,
		limit: time.Duration(max(p.Int("http_timeout"), 0)) * time.Second, header: []string{"Content-Type", "application/tar"}}
	var out said
	if err := j.set(j.whole(), func() error { return j.built(x, &out) }); err != nil {
		return err
	}
	text := strings.Join(out.lines, "\n")
	j.output = &text
	image, err := j.e.findImage(j.name, j.tag)
	j.image = dictOr(image)
	return err
}

func (j *imageJob) built(x exchange, out *said) error {
	answer, err := j.e.perform(x)
	if err != nil {
		return fmt.Errorf("Error building %s - %w", j.name, err)
	}
	defer answer.Close()
	return messages(answer, func(m *value.Dict) error {
		out.collect(m)
		if what := got(m, "error"); what != nil {
			if detail := dictAt(m, "errorDetail"); detail.Len() > 0 {
				return fmt.Errorf("Error building %s - code: %s, message: %s, logs: %s", j.name,
					value.Str(got(detail, "code")), value.Str(got(detail, "message")), value.Repr(kit.Items(out.lines)))
			}
			return fmt.Errorf("Error building %s - message: %s, logs: %s", j.name, value.Str(what), value.Repr(kit.Items(out.lines)))
		}
		return nil
	})
}

// maxSaid bounds what is kept of what the engine says of its work, in bytes.
const maxSaid = 8 << 20

// said are the lines that the engine says of its work, the first of them where they are too many.
type said struct {
	lines []string
	size  int
}

// collect keeps what a message has to say.
func (s *said) collect(m *value.Dict) {
	text := value.Str(got(m, "stream"))
	if !value.Truthy(got(m, "stream")) {
		text = ""
		if value.Truthy(got(m, "status")) {
			text = value.Str(got(m, "status"))
		}
	}
	if s.size += len(text) + 1; s.size <= maxSaid {
		s.lines = append(s.lines, kit.SplitLines(text)...)
	}
}

// buildQuery is what the engine is told of a build.
func (j *imageJob) buildQuery(p *kit.Params) ([]string, error) {
	query := []string{"t", j.whole(), "q", "False", "nocache", flag(p.Flag("nocache")), "rm", flag(p.Flag("rm")),
		"forcerm", flag(p.Flag("rm")), "pull", flag(p.Flag("pull"))}
	for option, name := range map[string]string{"target": "target", "network": "networkmode", "platform": "platform"} {
		if p.Has(option) {
			query = append(query, name, p.Str(option))
		}
	}
	if p.Has("cache_from") {
		query = append(query, "cachefrom", string(value.Encode(kit.Items(p.List("cache_from")))))
	}
	if p.Has("shm_size") {
		n, err := bytesOf(p.Str("shm_size"))
		if err != nil {
			return nil, fmt.Errorf("Failed to convert build.shm_size to bytes: %w", err)
		}
		query = append(query, "shmsize", number(int(n)))
	}
	for option, name := range map[string]string{"args": "buildargs", "labels": "labels", "etc_hosts": "extrahosts"} {
		if !p.Has(option) {
			continue
		}
		d, err := dictionaryOf(p.Raw(option), option)
		if err != nil {
			return nil, err
		}
		switch {
		case option == "etc_hosts":
			var lines []string
			for _, host := range d.Keys() {
				lines = append(lines, host+":"+value.Str(got(d, host)))
			}
			slices.Sort(lines)
			query = append(query, name, strings.Join(lines, ","))
		case option == "args":
			query = append(query, name, string(value.Encode(textual(d))))
		default:
			query = append(query, name, string(value.Encode(plainTexts(d))))
		}
	}
	limits, err := j.buildLimits(p)
	return append(query, limits...), err
}

func (j *imageJob) buildLimits(p *kit.Params) ([]string, error) {
	if !p.Has("container_limits") {
		return nil, nil
	}
	d, err := dictionaryOf(p.Raw("container_limits"), "container_limits")
	if err != nil {
		return nil, err
	}
	limits, err := suboptions(j.c, d, "build -> container_limits", limitsSpec)
	if err != nil {
		return nil, err
	}
	var query []string
	for _, name := range []string{"memory", "memswap"} {
		text := limits.Str(name)
		if text == "" {
			continue
		}
		if name != "memswap" || text != "unlimited" && text != "-1" {
			n, err := bytesOf(text)
			if err != nil {
				return nil, fmt.Errorf("Failed to convert build.container_limits.%s to bytes: %w", name, err)
			}
			text = number(int(n))
		} else {
			text = "-1"
		}
		query = append(query, name, text)
	}
	if limits.Has("cpushares") {
		query = append(query, "cpushares", number(int(limits.Int("cpushares"))))
	}
	if limits.Has("cpusetcpus") {
		query = append(query, "cpusetcpus", limits.Str("cpusetcpus"))
	}
	return query, nil
}

// buildFolder is what a build is made from: a folder, less what its .dockerignore names.
type buildFolder struct {
	root       string
	paths      []string // below root, in order
	dockerfile string   // its name in what is sent, empty for the usual one
	extra      [][2]string
}

// buildContext lists a folder for a build. A Dockerfile elsewhere is sent along under a name of its own.
func buildContext(root, dockerfile string) (*buildFolder, error) {
	c := &buildFolder{root: root}
	ignored, err := readIgnored(root)
	if err != nil {
		return nil, err
	}
	name := "Dockerfile"
	if dockerfile != "" {
		path := dockerfile
		if !filepath.IsAbs(path) {
			path = filepath.Join(root, path)
		}
		inside, err := filepath.Rel(root, path)
		if err != nil {
			return nil, err
		}
		c.dockerfile, name = inside, inside
		if strings.HasPrefix(inside, "..") {
			text, err := readText(path, maxIgnore)
			if err != nil {
				return nil, err
			}
			name = ".dockerfile.deploy-tasks"
			c.dockerfile = name
			c.extra = [][2]string{{name, string(text)}, {".dockerignore", strings.Join(append(ignored, name), "\n")}}
		}
	}
	rules := ignoreRules(append(ignored, "!"+name))
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == root {
			return err
		}
		inside, _ := filepath.Rel(root, path)
		if !rules.ignore(inside) {
			c.paths = append(c.paths, inside)
		} else if entry.IsDir() && !rules.mayHold(inside) {
			return fs.SkipDir
		}
		return nil
	})
	slices.Sort(c.paths)
	return c, err
}

// write sends the context as a tar archive.
func (c *buildFolder) write(out io.Writer) error {
	for _, path := range c.paths {
		if slices.ContainsFunc(c.extra, func(e [2]string) bool { return e[0] == path }) {
			continue
		}
		if err := tarFile(out, c.root, path); err != nil {
			return err
		}
	}
	for _, e := range c.extra {
		if err := tarText(out, e[0], e[1]); err != nil {
			return err
		}
	}
	_, err := out.Write(make([]byte, 2*block))
	return err
}

var errShorter = errors.New("a file became shorter while it was read")
