package waiting

import (
	"time"

	"runner/module"
	"runner/modules/kit"
)

func init() { module.Register("wait_for_connection", waitForConnection) }

var connectionSpec = kit.Spec{Args: []kit.Arg{
	{Name: "connect_timeout", Kind: kit.Int, Default: int64(5)},
	{Name: "delay", Kind: kit.Int, Default: int64(0)},
	{Name: "sleep", Kind: kit.Int, Default: int64(1)},
	{Name: "timeout", Kind: kit.Int, Default: int64(600)},
}}

// waitForConnection has nothing to wait for but its delay: who runs this is on the host already.
func waitForConnection(c *module.Call) module.Result {
	p, err := connectionSpec.Parse("wait_for_connection", c)
	if err != nil {
		return kit.Failure(err)
	}
	if c.Check {
		return module.Result{Skipped: true}
	}
	delay := time.Duration(max(p.Int("delay"), 0)) * time.Second
	select {
	case <-time.After(delay):
	case <-c.Ctx.Done():
		return module.Failure("the wait was stopped")
	}
	return module.Result{Data: kit.Dict("elapsed", int64(delay/time.Second))}
}
