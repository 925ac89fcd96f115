package modules

import (
	"errors"
	"io/fs"
	"syscall"

	"runner/module"
	"runner/value"
)

// failure is the result of a module that stopped at an error; a file that the error is about is described.
func failure(err error) module.Result {
	r := module.Failure(reason(err))
	var at *pathError
	if errors.As(err, &at) {
		r.Data = dict("path", at.path)
		describe(r.Data)
	}
	var mode *modeError
	if errors.As(err, &mode) {
		if r.Data == nil {
			r.Data = dict()
		}
		r.Data.Set("details", mode.details)
	}
	return r
}

// failed is a failure with return values; a file that they name is described.
func failed(msg string, data *value.Dict) module.Result {
	if data != nil {
		describe(data)
	}
	return module.Result{Failed: true, Msg: msg, Data: data}
}

// done is the result of a module that worked on the file its data names.
func done(changed bool, data *value.Dict, d *delta) module.Result {
	describe(data)
	return module.Result{Changed: changed, Data: data, Diff: d.diffs()}
}

// reasonAt words a system error as one of the given path, which is what the task named.
func reasonAt(err error, path string) string {
	if no, ok := errnoOf(err); ok {
		return errnoText(no, path)
	}
	return err.Error()
}

// reason words an error; the system's own part of it as Python does, because people search for that.
func reason(err error) string {
	var at *fs.PathError
	var no syscall.Errno
	if errors.As(err, &at) && errors.As(at.Err, &no) && err == error(at) {
		return errnoText(no, at.Path)
	}
	return err.Error()
}
