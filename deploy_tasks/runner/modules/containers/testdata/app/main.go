// What runs in the containers of the tests: says hello, and waits for its end, or ends as it is told.
package main

import (
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

func main() {
	println("hello")
	if len(os.Args) > 2 && os.Args[1] == "write" {
		if err := os.WriteFile(os.Args[2], []byte("written"), 0o644); err != nil {
			println(err.Error())
			os.Exit(9)
		}
	}
	if len(os.Args) > 2 && os.Args[1] == "exit" {
		status, _ := strconv.Atoi(os.Args[2])
		os.Exit(status)
	}
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM)
	select {
	case <-end:
	case <-time.After(10 * time.Minute):
	}
}
