package wire

import (
	"runner/base64"
	"runner/hex"
	"runner/host"
	"runner/program"
	"runner/record"
)

// maxManifest bounds the manifest, bytes.
const maxManifest = 64 << 10

// Part is a piece of an artifact.
type Part struct {
	Digest string
	Size   int64
}

// Manifest says what the worker wants of this host. It holds no secret: it stands in the argument list.
type Manifest struct {
	Format     int
	Do         string
	Deployment string
	Sequence   int64
	Attempt    int64
	Artifact   string
	Parts      []Part
	Runner     Part
	Trailer    string
	Keep       int
	Subset     []string // of facts
	trailer    []byte
	form       program.Trailer
}

// ParseManifest reads and checks a manifest.
func ParseManifest(text string) (*Manifest, error) {
	if len(text) > maxManifest {
		return nil, refuse("bad_request", "the manifest is larger than %d bytes", maxManifest)
	}
	m, err := readManifest(text)
	if err != nil {
		return nil, refuse("bad_request", "the manifest is not what it should be: %s", err)
	}
	if m.Format != 1 {
		return nil, refuse("unsupported", "manifest format %d, this runner knows 1", m.Format)
	}
	switch m.Do {
	case "list", "prune", "facts", "status":
		return m, m.checkID(m.Deployment == "")
	case "undo", "preview", "confirm":
		return m, m.checkID(false)
	case "run", "verify", "task":
		if err := m.checkID(false); err != nil {
			return nil, err
		}
		if host.Delegated(m.Deployment) != (m.Do == "task") {
			return nil, refuse("bad_request", "%q is no id for %s", m.Deployment, m.Do)
		}
		return m, m.checkArtifact()
	}
	return nil, refuse("unsupported", "this runner cannot do %q", m.Do)
}

func readManifest(text string) (*Manifest, error) {
	r, err := record.Parse([]byte(text))
	if err != nil {
		return nil, err
	}
	m := &Manifest{Format: r.Int("format"), Do: r.Text("do"), Deployment: r.Text("deployment"), Sequence: r.Int64("sequence"),
		Attempt: r.Int64("attempt"), Artifact: r.Text("artifact"), Runner: readPart(r.Record("runner")),
		Trailer: r.Text("trailer"), Keep: 5}
	for _, p := range r.Records("parts") {
		m.Parts = append(m.Parts, readPart(p))
	}
	if m.Subset = r.Texts("subset"); len(m.Subset) == 0 {
		m.Subset = []string{"all"}
	}
	if r.Has("keep") {
		m.Keep = r.Int("keep")
	}
	return m, r.Err()
}

func readPart(r record.Reader) Part { return Part{r.Text("digest"), r.Int64("size")} }

func (m *Manifest) checkID(absent bool) error {
	if !absent && !host.ValidID(m.Deployment) {
		return refuse("bad_request", "%q is no deployment id", m.Deployment)
	}
	return nil
}

// checkArtifact checks that parts, trailer and sizes belong together.
func (m *Manifest) checkArtifact() error {
	var err error
	if m.trailer, err = base64.DecodeString(m.Trailer); err == nil {
		m.form, err = program.ParseTrailer(m.trailer)
	}
	if err != nil {
		return refuse("bad_request", "the manifest's trailer: %s", err)
	}
	if !host.ValidDigest(m.Artifact) || m.Runner.Size != m.form.Runner {
		return refuse("bad_request", "the manifest's artifact and trailer do not belong together")
	}
	want := []Part{{hex.EncodeToString(m.form.ProgramDigest[:]), m.form.Program}}
	if m.form.Files > 0 {
		want = append([]Part{{hex.EncodeToString(m.form.FilesDigest[:]), m.form.Files}}, want...)
	}
	if len(want) != len(m.Parts) {
		return refuse("bad_request", "the manifest has %d parts, its trailer %d", len(m.Parts), len(want))
	}
	for i, p := range m.Parts {
		if p != want[i] {
			return refuse("bad_request", "part %d of the manifest is not the trailer's", i)
		}
	}
	return nil
}
