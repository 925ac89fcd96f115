// Command runner performs a deployment's program on the host it runs on. Alone it is the bare runner; with files, program
// and trailer behind it, it is an artifact.
package main

import (
	"os"
	"runtime/debug"

	"runner/cmd"
	_ "runner/modules/basics"
)

// heapGrowth is how much garbage may pile up, in percent of what lives. Most runs end before they would collect any,
// which is a fifth of their processor time; a long one stays well below 30 MB.
const heapGrowth = 400

func main() {
	debug.SetGCPercent(heapGrowth)
	os.Exit(cmd.Main(os.Args[1:]))
}
