package kit

import (
	"errors"

	"runner/module"
	"runner/value"
)

// Failure is the result of a module that stopped at an error; a file that the error is about is described.
func Failure(err error) module.Result {
	r := module.Failure(Reason(err))
	var at *PathError
	if errors.As(err, &at) {
		r.Data = Dict("path", at.Path)
		Describe(r.Data)
	}
	var mode *modeError
	if errors.As(err, &mode) {
		if r.Data == nil {
			r.Data = Dict()
		}
		r.Data.Set("details", mode.details)
	}
	return r
}

// Failed is a failure with return values; a file that they name is described.
func Failed(msg string, data *value.Dict) module.Result {
	if data != nil {
		Describe(data)
	}
	return module.Result{Failed: true, Msg: msg, Data: data}
}

// Done is the result of a module that worked on the file its data names.
func Done(changed bool, data *value.Dict, d *Delta) module.Result {
	Describe(data)
	return module.Result{Changed: changed, Data: data, Diff: d.Diffs()}
}

// Worded gives a result its message. One that is not a text is a return value, as it is.
func Worded(r module.Result, msg any) module.Result {
	if s, ok := msg.(string); ok {
		r.Msg = s
		return r
	}
	if r.Data == nil {
		r.Data = Dict()
	}
	r.Data.Set("msg", msg)
	return r
}
