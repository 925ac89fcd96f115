package program

import "runner/value"

func (d *decoder) play(from *value.Dict) Play {
	p := Play{Name: d.text(from, "name"), Vars: d.dict(from, "vars"), Defaults: d.dict(from, "defaults"),
		RoleVars: d.dict(from, "role_vars"), RoleNames: d.texts(from, "role_names"),
		Dependencies: d.texts(from, "dependency_names"), Gather: d.flag(from, "gather"), ForceHandlers: d.flag(from, "force_handlers"),
		PlaybookDir: d.text(from, "playbook_dir"), Continued: d.flag(from, "continued"),
		Facts: d.texts(from, "facts"), Tasks: d.steps(from, "tasks"), Handlers: d.steps(from, "handlers"), Only: d.given(from, "only")}
	for _, item := range d.list(from, "vars_files") {
		o := d.object(item, "vars_files")
		p.VarsFiles = append(p.VarsFiles, VarsFile{Names: d.list(o, "names"), Choices: d.dict(o, "choices"), Where: d.text(o, "where")})
	}
	return p
}

func (d *decoder) steps(from *value.Dict, key string) []Step {
	var out []Step
	for _, item := range d.list(from, key) {
		out = append(out, d.step(d.object(item, key)))
	}
	return out
}

func (d *decoder) step(from *value.Dict) Step {
	if _, ok := from.Get("block"); ok {
		return Step{Block: d.block(from)}
	}
	if _, ok := from.Get("include"); ok {
		return Step{Include: d.include(from)}
	}
	return Step{Task: d.task(from)}
}

func (d *decoder) block(from *value.Dict) *Block {
	return &Block{Name: d.given(from, "name"), Block: d.steps(from, "block"), Rescue: d.steps(from, "rescue"),
		Always: d.steps(from, "always"), When: d.list(from, "when"), Tags: d.texts(from, "tags"), Vars: d.dict(from, "vars"),
		Loop: d.loop(from), Role: d.text(from, "role"), RolePath: d.text(from, "role_path"),
		Once: d.text(from, "once"), Defaults: d.dict(from, "defaults"),
		RoleVars: d.dict(from, "role_vars"), Params: d.dict(from, "params"), Where: d.text(from, "where"), Undo: d.undo(from)}
}

func (d *decoder) undo(from *value.Dict) (out []*Task) {
	for _, item := range d.list(from, "undo") {
		out = append(out, d.task(d.object(item, "undo")))
	}
	return out
}

func (d *decoder) include(from *value.Dict) *Include {
	i := &Include{Kind: d.text(from, "include"), ID: d.text(from, "id"), Where: d.text(from, "where"), Line: d.text(from, "line"), Name: d.given(from, "name"),
		Target: d.given(from, "target"), Choices: map[string][]Step{}, Again: d.texts(from, "again"), Search: d.texts(from, "search"), When: d.list(from, "when"),
		Loop: d.loop(from), Tags: d.texts(from, "tags"), Vars: d.dict(from, "vars"), IgnoreErrors: d.given(from, "ignore_errors"),
		RunOnce: d.given(from, "run_once"), Register: d.text(from, "register"), Args: d.dict(from, "args"), Public: d.flag(from, "public"), Listen: d.texts(from, "listen")}
	choices := d.dict(from, "choices")
	for _, name := range choices.Keys() {
		i.Choices[name] = d.steps(choices, name)
	}
	return i
}

func (d *decoder) loop(from *value.Dict) Loop {
	l := Loop{Items: d.given(from, "loop"), Var: d.text(from, "loop_var"), Index: d.text(from, "index_var")}
	if l.Has = l.Items != nil; !l.Has {
		return l
	}
	if l.Var == "" {
		l.Var = "item"
	}
	l.Label, l.Pause = d.given(from, "loop_label"), d.given(from, "loop_pause")
	l.Extended, l.LeaveItems = d.flag(from, "loop_extended"), d.flag(from, "loop_without_allitems")
	l.BreakWhen = d.list(from, "break_when")
	return l
}

func (d *decoder) task(from *value.Dict) *Task {
	return &Task{
		Implicit: d.flag(from, "implicit"), ID: d.text(from, "id"), Module: d.text(from, "module"), Where: d.text(from, "where"), Line: d.text(from, "line"), Name: d.given(from, "name"),
		Args: d.dict(from, "args"), Only: d.given(from, "only"), When: d.list(from, "when"),
		CheckModeOnly: d.optional(from, "check_mode_only"), Tags: d.texts(from, "tags"), SkipTags: d.texts(from, "skip_tags"),
		Loop: d.loop(from), Register: d.text(from, "register"), Notify: d.list(from, "notify"), Listen: d.texts(from, "listen"),
		Vars: d.dict(from, "vars"), Environment: d.dict(from, "environment"), ChangedWhen: d.list(from, "changed_when"),
		FailedWhen: d.list(from, "failed_when"), IgnoreErrors: d.given(from, "ignore_errors"), Until: d.list(from, "until"),
		Retries: d.given(from, "retries"), Delay: d.given(from, "delay"), NoLog: d.given(from, "no_log"),
		CheckMode: d.given(from, "check_mode"), Diff: d.given(from, "diff"), Become: d.given(from, "become"),
		BecomeUser: d.given(from, "become_user"), Timeout: d.given(from, "timeout_s"), OnFailure: d.text(from, "on_failure"),
		Async: d.given(from, "async"), Poll: d.given(from, "poll"), DelegateTo: d.given(from, "delegate_to"),
		DelegateFacts: d.flag(from, "delegate_facts"), RunOnce: d.given(from, "run_once"),
		Throttle: d.given(from, "throttle"), Serial: d.given(from, "serial"),
		IgnoreUnreachable: d.flag(from, "ignore_unreachable"), VarFiles: d.dict(from, "var_files"), Search: d.texts(from, "search"), Undo: d.undo(from),
	}
}
