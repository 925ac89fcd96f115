package wire

import "context"

// pipe is not there: named pipes in a folder are a thing of Unix.
type pipe struct{}

func (p *pipe) send([]byte) {}

// await gives up: without its caller a run cannot be answered.
func (q *Questions) await(string) { close(q.lost) }

// Join has nobody to join.
func (q *Questions) Join(context.Context, string) {}
