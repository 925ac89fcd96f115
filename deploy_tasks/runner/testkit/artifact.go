// Package testkit makes artifacts for tests, from programs written as JSON.
package testkit

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"runner/hashing"
)

// Artifact is a linked artifact and its parts.
type Artifact struct {
	Runner, Files, Program, Trailer []byte
}

// Digest is the SHA-256 of data in hex.
func Digest(data []byte) string {
	sum := hashing.Sum(data)
	return hex.EncodeToString(sum[:])
}

// Link makes an artifact of a runner, a program and the contents of files by their names. The program's "files" are filled in.
func Link(runner []byte, program map[string]any, files map[string]string) (*Artifact, error) {
	a := &Artifact{Runner: runner}
	table := map[string]any{}
	var packed bytes.Buffer
	out := tar.NewWriter(&packed)
	seen := map[string]bool{}
	for name, text := range files {
		digest := Digest([]byte(text))
		table[name] = map[string]any{"digest": digest, "size": len(text), "mode": "0644"}
		if seen[digest] {
			continue
		}
		seen[digest] = true
		if err := out.WriteHeader(&tar.Header{Name: digest, Size: int64(len(text)), Mode: 0o600}); err != nil {
			return nil, err
		}
		if _, err := out.Write([]byte(text)); err != nil {
			return nil, err
		}
	}
	if err := out.Close(); err != nil {
		return nil, err
	}
	program["format"], program["files"] = 1, table
	text, err := json.Marshal(program)
	if err != nil {
		return nil, err
	}
	if a.Program, err = pack(text); err != nil {
		return nil, err
	}
	if len(files) > 0 {
		if a.Files, err = pack(packed.Bytes()); err != nil {
			return nil, err
		}
	}
	a.Trailer = a.trailer()
	return a, nil
}

func pack(data []byte) ([]byte, error) {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write(data); err != nil {
		return nil, err
	}
	err := z.Close()
	return out.Bytes(), err
}

func (a *Artifact) trailer() []byte {
	out := make([]byte, 128)
	copy(out, "DTARTIF1")
	binary.BigEndian.PutUint32(out[8:], 1)
	for i, part := range [][]byte{a.Runner, a.Files, a.Program} {
		binary.BigEndian.PutUint64(out[16+8*i:], uint64(len(part)))
	}
	files, program := hashing.Sum(a.Files), hashing.Sum(a.Program)
	copy(out[40:], files[:])
	copy(out[72:], program[:])
	return out
}

// Bytes is the whole artifact.
func (a *Artifact) Bytes() []byte {
	return bytes.Join([][]byte{a.Runner, a.Files, a.Program, a.Trailer}, nil)
}

// Parts are what travels, in order.
func (a *Artifact) Parts() [][]byte {
	if len(a.Files) == 0 {
		return [][]byte{a.Program}
	}
	return [][]byte{a.Files, a.Program}
}

// Manifest is the manifest line for doing something with the artifact.
func (a *Artifact) Manifest(do, deployment string, sequence, attempt int) map[string]any {
	parts := []any{}
	for _, part := range a.Parts() {
		parts = append(parts, map[string]any{"digest": Digest(part), "size": len(part)})
	}
	return map[string]any{"format": 1, "do": do, "deployment": deployment, "sequence": sequence, "attempt": attempt,
		"artifact": Digest(a.Bytes()), "parts": parts, "keep": 5, "trailer": base64.StdEncoding.EncodeToString(a.Trailer),
		"runner": map[string]any{"digest": Digest(a.Runner), "size": len(a.Runner)}}
}

// Framed are parts as the worker sends them.
func Framed(parts ...[]byte) []byte {
	var out bytes.Buffer
	for _, part := range parts {
		fmt.Fprintf(&out, `{"part":"%s","size":%d}`+"\n", Digest(part), len(part))
		out.Write(part)
	}
	return out.Bytes()
}

// Play is a program of one play with these tasks.
func Play(tasks ...map[string]any) map[string]any {
	return map[string]any{"name": "test", "plays": []any{map[string]any{"name": "play", "tasks": tasks}}}
}

// Task is a task; more are further fields.
func Task(id, module string, args map[string]any, more ...map[string]any) map[string]any {
	t := map[string]any{"id": id, "name": id, "module": module, "args": args}
	for _, fields := range more {
		for name, v := range fields {
			t[name] = v
		}
	}
	return t
}
