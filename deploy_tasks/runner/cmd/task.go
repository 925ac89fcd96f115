package cmd

import (
	"runner/host"
	"runner/session"
	"runner/wire"
)

// task performs one task of the program for another host. Only workers ask for that.
func task(args []string) error {
	o := newOptions("task", "", "Performs one task of the program for another host (for workers).").performing()
	if _, err := o.parse(args, 0); err != nil {
		return err
	}
	if !o.serve {
		return usage("task is for workers: it wants --serve")
	}
	host.Umask(commandUmask)
	return o.served((*session.Session).RunTask)
}

// errand is what a request for one task wants.
func errand(q *wire.Request, events *wire.Events) session.Errand {
	return session.Errand{Task: q.Task, Given: q.Given, Tell: events.Result}
}
