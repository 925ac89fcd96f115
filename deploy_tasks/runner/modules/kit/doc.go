// Package kit holds what modules are written with: the description and the conversion of arguments, attributes of files,
// putting a file at its place, running commands, and results and errors in the words that Ansible has for them.
//
// A part is a package beside this one, runner/modules/PART. It belongs to a runner when the program has a task whose
// module deploy_tasks/plan/modules names with that part; the part basics belongs to every runner.
//
// A module is one function. Take slurp, of the part editing, as the example:
//
//   - Its arguments are plain data, a kit.Spec of kit.Arg: src, of the kind Path, required, also called path. The plan's
//     side, deploy_tasks/plan/modules/editing.py, describes the same arguments for the checks before a program is sent.
//   - The function takes a *module.Call and returns a module.Result. It begins with Spec.Parse, which resolves aliases,
//     converts values by their kinds, fills in defaults, and words what is wrong; kit.Failure makes the result of an error.
//   - It looks at the host with the standard library (bounded reads: a host's file may be of any size) and changes it
//     through Call.Log alone, which journals each change first. With Call.Check it changes nothing and says what it would
//     do; Log refuses then. Commands are run with Call.Run, never by a shell line built from data.
//   - What it returns goes into Result.Data, in the names Ansible documents: kit.Dict("content", …, "encoding", "base64").
//     kit.Done describes the file that the data names, kit.Failed does so for a failure, kit.AtPath ties an error to a file.
//   - An init function registers it: module.Register("slurp", slurp). Only names that are registered in the part's own
//     package count; what two parts share belongs here.
//   - A module with the file arguments (mode, owner, …) puts kit.FileArgs among the Shared of its Spec and takes them with
//     kit.FileAttributes. Attributes.Apply gives them to a file that is there; kit.NewPlacement and Placement.Put write a
//     file with backup, validate and diff.
//   - Its tests run it with moduletest.New(t).Steady: a check that says changed and changes nothing, the run, and a second
//     run that has nothing left to do. A case in tests/twin compares it with Ansible.
//
// Every byte here may travel to every host: look for what is there (runner/fmt, runner/hex, runner/hashing) before you
// import; TestLargePackagesStayOut says what costs too much.
package kit
