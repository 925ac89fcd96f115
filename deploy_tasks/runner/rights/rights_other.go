//go:build !linux

package rights

import "errors"

// FilesToo says that only commands can have a user's rights here.
const FilesToo = false

// Run does work; what commands it starts have the user's rights.
func (r *Rights) Run(work func()) error {
	work()
	return nil
}

// AsRoot does work.
func (r *Rights) AsRoot(work func()) { work() }

// Do refuses.
func (r *Rights) Do(func() error) error {
	return errors.New("files are changed as another user on Linux only")
}

// MayWrite refuses.
func (r *Rights) MayWrite(string) error {
	return errors.New("files are changed as another user on Linux only")
}
