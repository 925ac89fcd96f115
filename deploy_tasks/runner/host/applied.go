package host

import (
	"errors"
	"path/filepath"
	"time"

	"runner/record"
)

// Applied is one deployment on the stack of what is applied.
type Applied struct {
	Deployment string
	Artifact   string
	At         string
}

func (f *Folder) appliedPath() string { return filepath.Join(f.Root, "applied.json") }

// Stack is what is applied, the oldest first.
func (f *Folder) Stack() ([]Applied, error) {
	stack := []Applied{}
	v, err := read(f.appliedPath())
	items, ok := v.([]any)
	if !ok && v != nil && err == nil {
		err = inFile(f.appliedPath(), errors.New("is not a list"))
	}
	for _, item := range items {
		r := record.Of(item)
		stack = append(stack, Applied{r.Text("deployment"), r.Text("artifact"), r.Text("at")})
		if err == nil {
			err = inFile(f.appliedPath(), r.Err())
		}
	}
	return stack, err
}

// Push puts a deployment on top of the stack. The lock is held.
func (f *Folder) Push(deployment, artifact string) error {
	stack, err := f.without(deployment)
	if err != nil {
		return err
	}
	return write(f.appliedPath(), record.List(append(stack, Applied{deployment, artifact, time.Now().UTC().Format(time.RFC3339)})))
}

// Pop takes a deployment off the stack, wherever it is. The lock is held.
func (f *Folder) Pop(deployment string) error {
	stack, err := f.without(deployment)
	if err != nil {
		return err
	}
	return write(f.appliedPath(), record.List(stack))
}

// Later are the deployments applied after one, the newest first; none after one that is not on the stack.
func (f *Folder) Later(deployment string) ([]string, error) {
	stack, err := f.Stack()
	var later []string
	for i := len(stack) - 1; i >= 0 && err == nil; i-- {
		if stack[i].Deployment == deployment {
			return later, nil
		}
		later = append(later, stack[i].Deployment)
	}
	return nil, err
}

func (f *Folder) without(deployment string) ([]Applied, error) {
	stack, err := f.Stack()
	var out []Applied
	for _, a := range stack {
		if a.Deployment != deployment {
			out = append(out, a)
		}
	}
	return out, err
}

func holds(stack []Applied, deployment string) bool {
	for _, a := range stack {
		if a.Deployment == deployment {
			return true
		}
	}
	return false
}
