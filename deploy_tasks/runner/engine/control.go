package engine

import "runner/module"

// control are the modules that belong to the engine: they see the run, not the host alone.
var control map[string]func(*job) module.Result

func init() {
	control = map[string]func(*job) module.Result{
		"include_vars": includeVars,
		"set_stats":    setStats,
		"pause":        pause,
		"async_status": asyncStatus,
		"group_by":     groupBy,
		"add_host":     addHost,
	}
}
