// What runs in the containers of the tests: says hello, and waits for its end, or ends as it is told.
package main

import (
	"os"
	"os/signal"
	"strconv"
	"strings"
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
	if last := os.Args[len(os.Args)-1]; len(os.Args) > 2 && strings.Trim(last, "0123456789") == "" {
		status, _ := strconv.Atoi(last)
		os.Exit(status)
	}
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM)
	select {
	case <-end:
	case <-time.After(10 * time.Minute):
	}
}
