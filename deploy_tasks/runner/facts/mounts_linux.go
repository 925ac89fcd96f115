package facts

import (
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"runner/value"
)

// mountTimeout is how long all file systems together have to tell their size; one whose server is gone never does.
// Once it is over, the rest is only asked whether it has the answer ready.
const (
	mountTimeout = time.Second
	lateTimeout  = time.Millisecond
)

// mounts are the file systems on devices and from servers.
func mounts() []any {
	table := "/etc/mtab"
	if !exists(table) {
		table = "/proc/mounts"
	}
	binds, uuids := bindMounts(), diskUUIDs()
	var found []*value.Dict
	place := map[string]int{}
	var sizes []chan []any
	for _, line := range lines(table) {
		f := strings.Fields(line)
		if len(f) < 6 {
			continue
		}
		for i := range f {
			f[i] = Unescaped(f[i])
		}
		device, at, kind, options := f[0], f[1], f[2], f[3]
		if !strings.HasPrefix(device, "/") && !strings.HasPrefix(device, `\`) && !strings.Contains(device, ":/") || kind == "none" {
			continue
		}
		if binds[at] && !strings.Contains(options, "bind") {
			options += ",bind"
		}
		info := dict("mount", at, "device", device, "fstype", kind, "options", options, "dump", number(f[4]), "passno", number(f[5]),
			"uuid", uuidOf(device, uuids))
		if i, twice := place[at]; twice {
			found[i] = info
			continue
		}
		place[at] = len(found)
		found = append(found, info)
		sizes = append(sizes, sizeOf(at))
	}
	return withSizes(found, sizes)
}

// sizeOf asks in the background, for a server that is gone never answers.
func sizeOf(path string) chan []any {
	answer := make(chan []any, 1)
	go func() {
		var st syscall.Statfs_t
		if err := syscall.Statfs(path, &st); err != nil {
			answer <- nil
			return
		}
		block := int64(st.Frsize)
		if block == 0 {
			block = int64(st.Bsize)
		}
		total, available := int64(st.Blocks), int64(st.Bavail)
		inodes, inodesFree := int64(st.Files), int64(st.Ffree)
		answer <- []any{"size_total", block * total, "size_available", block * available,
			"block_size", int64(st.Bsize), "block_total", total, "block_available", available, "block_used", total - available,
			"inode_total", inodes, "inode_available", inodesFree, "inode_used", inodes - inodesFree}
	}()
	return answer
}

func withSizes(found []*value.Dict, sizes []chan []any) []any {
	timeout := time.NewTimer(mountTimeout)
	defer timeout.Stop()
	out := make([]any, len(found))
	for i, info := range found {
		out[i] = info
		select {
		case pairs := <-sizes[i]:
			for j := 0; j+1 < len(pairs); j += 2 {
				info.Set(pairs[j].(string), pairs[j+1])
			}
		case <-timeout.C:
			info.Set("note", "Could not get extra information due to timeout")
			timeout.Reset(lateTimeout)
		}
	}
	return out
}

// bindMounts are the mount points that show a part of a file system.
func bindMounts() map[string]bool {
	out := map[string]bool{}
	for _, line := range lines("/proc/self/mountinfo") {
		if f := strings.Fields(line); len(f) > 4 && f[3] != "/" {
			out[Unescaped(f[4])] = true
		}
	}
	return out
}

// diskUUIDs by the real path of the device.
func diskUUIDs() map[string]string {
	const folder = "/dev/disk/by-uuid"
	out := map[string]string{}
	for _, name := range names(folder) {
		if real, err := filepath.EvalSymlinks(filepath.Join(folder, name)); err == nil {
			out[real] = name
		}
	}
	return out
}

func uuidOf(device string, uuids map[string]string) string {
	if real, err := filepath.EvalSymlinks(device); err == nil && uuids[real] != "" {
		return uuids[real]
	}
	return "N/A"
}
