package packages

import (
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"time"

	"runner/fmt"
	"runner/module"
	"runner/value"
)

// cacheState is what a result tells about apt's lists.
type cacheState struct {
	updated bool
	time    int64 // seconds since 1970
}

func (s cacheState) data() *value.Dict {
	return value.DictOf("cache_updated", s.updated, "cache_update_time", s.time)
}

// Where hosts note when apt's lists were last refreshed.
const (
	stampFile = "/var/lib/apt/periodic/update-success-stamp"
	listsDir  = "/var/lib/apt/lists"
)

func cacheTime() int64 {
	for _, path := range []string{stampFile, listsDir} {
		if info, err := os.Stat(path); err == nil {
			return info.ModTime().Unix()
		}
	}
	return 0
}

// refresh updates apt's lists when they are older than the task allows. They are copies of what repositories publish,
// so nothing is journalled.
func (j *job) refresh() error {
	before := cacheTime()
	j.cache.time = before
	if before+j.p.Int("cache_valid_time") >= time.Now().Unix() {
		return nil
	}
	if !j.c.Check {
		if err := j.update(); err != nil {
			return err
		}
	}
	j.cache.time = cacheTime()
	j.cache.updated = j.c.Check || j.cache.time != before
	return nil
}

// update runs apt-get update until it goes well, with growing pauses.
func (j *job) update() error {
	tries, longest := j.p.Int("update_cache_retries"), time.Duration(j.p.Int("update_cache_retry_max_delay"))*time.Second
	lock := int64(60)
	if j.p.Has("lock_timeout") {
		lock = j.p.Int("lock_timeout")
	}
	why := "unknown reason"
	for try := range tries {
		var err error
		if why, err = updateLists(j.t, lock); err != nil || why == "" {
			return err
		}
		if try+1 == tries {
			break
		}
		pause := longest
		if try < 30 {
			pause = min(time.Second<<try, longest)
		}
		if err := sleep(j.c, pause+rand.N(time.Second)); err != nil {
			return err
		}
	}
	return fmt.Errorf("Failed to update apt cache after %d retries: %s", tries, why)
}

// updateLists refreshes apt's lists; why is what went wrong. apt-get ends well when a repository is out of reach, and
// only warns.
func updateLists(t callTools, lockTimeout int64) (why string, err error) {
	out, err := t.Run([]string{"apt-get", "-q", "-o", "DPkg::Lock::Timeout=" + strconv.FormatInt(lockTimeout, 10),
		"-o", "APT::Update::Error-Mode=any", "update"}, "")
	if err != nil {
		return "", err
	}
	return updateProblem(out.Code, out.Stderr), nil
}

func updateProblem(code int, said string) string {
	var lines []string
	for line := range strings.Lines(said) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "E: ") || strings.HasPrefix(line, "W: Failed to fetch") || strings.HasPrefix(line, "Err:") {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 && code != 0 {
		return "apt-get update: exit status " + strconv.Itoa(code) + ": " + strings.TrimSpace(said)
	}
	return strings.Join(lines, ", ")
}

func sleep(c *module.Call, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-c.Ctx.Done():
		return c.Ctx.Err()
	}
}

// clean empties apt's cache of packages, which holds only copies.
func (j *job) clean() (module.Result, error) {
	if j.c.Check {
		return module.Result{Changed: true, Data: withMsg("", outputData("", ""))}, nil
	}
	out, err := j.t.Run([]string{j.apt, "clean"}, "")
	if err != nil {
		return module.Result{}, err
	}
	data := outputData(out.Stdout, out.Stderr)
	switch {
	case out.Code != 0:
		data.Set("rc", int64(out.Code))
		return module.Result{Failed: true, Msg: "apt-get clean failed", Data: data}, nil
	case out.Stderr != "":
		data.Set("rc", int64(out.Code))
		return module.Result{Failed: true, Msg: "apt-get clean failed: " + out.Stderr, Data: data}, nil
	}
	return module.Result{Changed: true, Data: withMsg(out.Stdout, data)}, nil
}
