package containers

import (
	"context"
	"strings"
	"time"
)

// thing is what an entry of the journal is about: something with a name, of the engine behind a socket.
type thing struct{ name, socket string }

const at = " at unix://"

// String is the thing's name in the journal; the usual socket is left out.
func (t thing) String() string {
	if at+t.socket == at+strings.TrimPrefix(defaultHost, "unix://") {
		return t.name
	}
	return t.name + at + t.socket
}

// thingNamed reads what String writes.
func thingNamed(text string) thing {
	if name, socket, ok := strings.Cut(text, at); ok {
		return thing{name, socket}
	}
	return thing{text, strings.TrimPrefix(defaultHost, "unix://")}
}

// engine is what the thing belongs to. Nothing ends its work early: an undo is not cut off.
func (t thing) engine() *engine {
	return &engine{ctx: context.Background(), socket: t.socket, idle: 5 * time.Minute}
}
