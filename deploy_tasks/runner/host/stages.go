package host

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"runner/change"
	"runner/fmt"
	"runner/record"
	"runner/value"
)

// maxState bounds what one stage leaves to the next, bytes.
const maxState = 256 << 20

// The folder of a deployment of several stages holds `stage-N.json`, the report of each stage that is done, and
// `state-N.json`, what the next one goes on with; `state-restart.json` is what a run goes on with after a restart of its
// host. All may hold secrets and are private, as everything here.

func (d *Deployment) stagePath(number int) string {
	return filepath.Join(d.Dir, "stage-"+strconv.Itoa(number)+".json")
}

func (d *Deployment) statePath(number int) string {
	return filepath.Join(d.Dir, "state-"+strconv.Itoa(number)+".json")
}

// StageReport reads the report of a stage; false when it is not done.
func (d *Deployment) StageReport(number int) (record.Reader, bool, error) {
	return readRecord(d.stagePath(number))
}

// KeepStageReport writes the report of a stage, synced: from now on it is done.
func (d *Deployment) KeepStageReport(number int, v any) error { return write(d.stagePath(number), v) }

// waits says whether a stage is done, so that the next one may come, or whether the run goes on after a restart of its host.
func (d *Deployment) waits() bool {
	found, err := filepath.Glob(filepath.Join(d.Dir, "stage-*.json"))
	return err == nil && len(found) > 0 || change.Exists(d.restartPath())
}

// restartPath is what a run has left that ended for a restart of its host, in the middle of a stage.
func (d *Deployment) restartPath() string { return filepath.Join(d.Dir, "state-restart.json") }

// Restart reads what a run has left before its host restarted.
func (d *Deployment) Restart() (*value.Dict, error) { return readState(d.restartPath()) }

// KeepRestart writes what a run goes on with after a restart of its host, synced.
func (d *Deployment) KeepRestart(state *value.Dict) error { return d.keepState(d.restartPath(), state) }

// DropRestart removes it: the host did not restart.
func (d *Deployment) DropRestart() error {
	if err := os.Remove(d.restartPath()); err != nil {
		return err
	}
	return change.SyncDir(d.Dir)
}

// State reads what a stage left to the next.
func (d *Deployment) State(number int) (*value.Dict, error) { return readState(d.statePath(number)) }

func readState(path string) (*value.Dict, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxState {
		return nil, fmt.Errorf("%s is larger than %d bytes", path, maxState)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	v, err := value.Decode(data)
	if err != nil {
		return nil, inFile(path, err)
	}
	state, ok := v.(*value.Dict)
	if !ok {
		return nil, inFile(path, fmt.Errorf("is not an object"))
	}
	return state, nil
}

// KeepState writes what a stage leaves to the next, synced.
func (d *Deployment) KeepState(number int, state *value.Dict) error {
	return d.keepState(d.statePath(number), state)
}

func (d *Deployment) keepState(path string, state *value.Dict) error {
	if err := d.Make(); err != nil {
		return err
	}
	data := value.Encode(state)
	if len(data) > maxState {
		return fmt.Errorf("what the run goes on with takes %d bytes, %d are possible", len(data), maxState)
	}
	return WriteFile(path, append(data, '\n'))
}

// DropStates removes what stages left, except that of one; -1 keeps none.
func (d *Deployment) DropStates(except int) {
	names, err := os.ReadDir(d.Dir)
	if err != nil {
		return
	}
	for _, name := range names {
		path := filepath.Join(d.Dir, name.Name())
		if strings.HasPrefix(name.Name(), "state-") && path != d.statePath(except) {
			_ = os.Remove(path) // tried again when the next stage ends, and gone with the folder
		}
	}
	_ = change.SyncDir(d.Dir)
}
