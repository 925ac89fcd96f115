package firewall

import (
	"errors"
	"time"

	"runner/change"
	"runner/modules/kit"
	"runner/record"
	"runner/value"
)

// The kinds of what firewalld does now, and of what it will do after its next start.
const (
	runningKind   = "firewalld setting"
	permanentKind = "permanent firewalld setting"
)

// runningSetting is the kind of a setting that holds now: yes or no, and for an interface the zone that has it.
type runningSetting struct{}

// Inspect implements change.Kind. Where firewalld does not run, or is not there any more, nothing holds.
func (runningSetting) Inspect(t change.Tools, name string) (any, error) {
	s, err := readStep(name)
	if err != nil {
		return nil, err
	}
	is, look, none := "", s.is, "no"
	if s.what == "interface" {
		look, none = s.zoneOf, ""
	}
	if there(t) {
		is, err = look(&daemon{tools: t}, false)
	}
	if !there(t) || err == errStopped {
		return none, nil
	}
	return is, err
}

func there(t change.Tools) bool { return kit.FindTool(t.Find, "firewall-cmd") != "" }

// Restore implements change.Kind.
func (runningSetting) Restore(t change.Tools, name string, before, now any) error {
	s, err := readStep(name)
	if err != nil {
		return err
	}
	was, _ := before.(string)
	if s.on = was == yes; s.what == "interface" {
		if s.on = was != ""; s.on {
			s.zone = was
		} else {
			s.zone, _ = now.(string)
		}
	}
	return s.now(&daemon{tools: t}, 0)
}

// permanentSetting is the kind of a setting that holds after the next start: the files that it is kept in.
type permanentSetting struct{}

// networkManager is there where NetworkManager runs, which firewall-cmd leaves the zones of its interfaces to.
var networkManager = "/run/NetworkManager"

// Inspect implements change.Kind. What NetworkManager may keep is asked for, and the target, which has to be named to be set
// back.
func (permanentSetting) Inspect(t change.Tools, name string) (any, error) {
	s, err := readStep(name)
	if err != nil {
		return nil, err
	}
	out := value.NewDict()
	if s.what == "target" || s.what == "interface" && kit.Exists(networkManager) {
		is, err := s.is(&daemon{tools: t}, true)
		if err != nil {
			return nil, err
		}
		out.Set("is", is)
	}
	files, err := readKept(s.files())
	out.Set("files", files)
	return out, err
}

// Restore implements change.Kind: the files become what they were. A firewalld that runs reads them again by itself, but
// seconds later, and would write what it knows by then: it is told first. What it says to that does not matter, since it
// reads them in any case.
func (permanentSetting) Restore(t change.Tools, name string, before, _ any) error {
	s, err := readStep(name)
	if err != nil {
		return err
	}
	was := record.Of(before)
	if s.what == "zone" && !s.on {
		return s.zoneBack(t, was.Dict("files"))
	}
	if there(t) {
		d := daemon{tools: t}
		if _, err := d.run("firewall-cmd", append([]string{"--permanent"}, s.back(was)...)); err != nil {
			return err
		}
	}
	return writeKept(was.Dict("files"))
}

// back is what firewall-cmd is told to take a step back.
func (s step) back(was record.Reader) []string {
	if s.on = !s.on; s.what == "target" {
		s.on, s.value = true, was.Text("is")
	}
	return s.words()
}

// zonePatience is how long a firewalld may take to find the file of a zone; it looks five seconds after a change.
var zonePatience = 15 * time.Second

// zoneBack brings back a zone that was removed. Told to take one from its file, firewalld leaves some of it out; it finds it
// by itself, and is waited for.
func (s step) zoneBack(t change.Tools, files *value.Dict) error {
	if err := writeKept(files); err != nil || !there(t) {
		return err
	}
	d := daemon{tools: t}
	for end := time.Now().Add(zonePatience); ; time.Sleep(time.Second) {
		is, err := s.is(&d, true)
		if err != nil || is == yes || d.stopped {
			return err
		}
		if time.Now().After(end) {
			return errors.New("its file is back, and firewalld has not read it")
		}
	}
}
