// Package arguments is the part of the runner with the module that compares arguments with their specification.
package arguments

import (
	"strings"

	"runner/argspec"
	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
	"runner/value"
)

func init() { module.Register("validate_argument_spec", validateArgumentSpec) }

// validateArgumentSpec compares the host's variables, and values given with the task, with a specification of them.
func validateArgumentSpec(c *module.Call) module.Result {
	options, err := dictArgument(c, "argument_spec")
	if err != nil {
		return kit.Failure(err)
	}
	provided, err := dictArgument(c, "provided_arguments")
	if err != nil {
		return kit.Failure(err)
	}
	given := kit.Dict()
	for _, name := range options.Keys() {
		v, there, err := c.Vars.Lookup(name)
		if err != nil {
			return kit.Failure(err)
		}
		if there {
			given.Set(name, v)
		}
	}
	given.Update(provided)
	context, there := c.Args.Get("validate_args_context")
	if !there {
		context = kit.Dict()
	}
	data := kit.Dict("validate_args_context", context)
	wrong := argspec.Validate(options, given)
	if len(wrong) == 0 {
		return module.Result{Msg: "The arg spec validation passed", Data: data}
	}
	data.Set("argument_spec_data", options)
	data.Set("argument_errors", kit.Items(wrong))
	return module.Result{Failed: true, Msg: "Validation of arguments failed:\n" + strings.Join(wrong, "\n"), Data: data}
}

func dictArgument(c *module.Call, name string) (*value.Dict, error) {
	v, there := c.Args.Get(name)
	if d, ok := v.(*value.Dict); ok {
		return d, nil
	}
	if !there && name == "argument_spec" {
		return nil, fmt.Errorf("\"argument_spec\" arg is required in args: %s", value.Repr(c.Args))
	}
	if !there || v == nil {
		return kit.Dict(), nil
	}
	return nil, fmt.Errorf("Incorrect type for %s, expected dict and got <class '%s'>", name, value.TypeName(v))
}
