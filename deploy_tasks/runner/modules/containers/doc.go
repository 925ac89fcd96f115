// Package containers manages what a Docker Engine of the host has: containers, images, networks and volumes.
//
// The engine is spoken to through its socket, in as much of HTTP as that takes. What a module changes is journalled as a
// thing with a name (a kind of change.Kind), so that an undo asks the engine what is there and makes it what it was.
package containers
