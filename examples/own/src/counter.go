// Counter keeps a number in a file and counts it up to at least `least`. It is a binary module: build it once for every
// kind of host,
//
//	GOOS=linux GOARCH=amd64 go build -o ../library/counter.x86_64-linux counter.go
//	GOOS=linux GOARCH=arm64 go build -o ../library/counter.aarch64-linux counter.go
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
)

type arguments struct {
	Path  string `json:"path"`
	Least int    `json:"least"`
	Check bool   `json:"_ansible_check_mode"`
	Undo  string `json:"_deploy_tasks_undo"`  // look or restore; empty in an ordinary call
	State *int   `json:"_deploy_tasks_state"` // what restore brings back; null: the file was not there
}

func main() {
	answer, err := run()
	if err != nil {
		answer = map[string]any{"failed": true, "msg": err.Error()}
	}
	if err := json.NewEncoder(os.Stdout).Encode(answer); err != nil {
		os.Exit(1)
	}
}

func run() (map[string]any, error) {
	if len(os.Args) != 2 {
		return nil, errors.New("the only argument is the path of a JSON file")
	}
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		return nil, err
	}
	var given arguments
	if err := json.Unmarshal(text, &given); err != nil {
		return nil, fmt.Errorf("the arguments: %w", err)
	}
	now, err := read(given.Path)
	if err != nil {
		return nil, err
	}
	switch given.Undo {
	case "look":
		return map[string]any{"_deploy_tasks_state": now, "_deploy_tasks_thing": given.Path}, nil
	case "restore":
		return map[string]any{"changed": true}, write(given.Path, given.State)
	}
	if now != nil && *now >= given.Least {
		return map[string]any{"changed": false, "count": *now}, nil
	}
	if !given.Check {
		err = write(given.Path, &given.Least)
	}
	return map[string]any{"changed": true, "count": given.Least}, err
}

// read is the number in the file, nil when there is no file.
func read(path string) (*int, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(text)))
	return &n, err
}

// write puts a number into the file, or removes it.
func write(path string, n *int) error {
	if n == nil {
		return os.Remove(path)
	}
	if err := os.WriteFile(path+".new", []byte(strconv.Itoa(*n)+"\n"), 0o644); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
