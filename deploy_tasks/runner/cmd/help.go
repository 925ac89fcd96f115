package cmd

import (
	"os"
	"strings"

	"runner/fmt"
	"runner/program"
)

const help = `usage: %self% COMMAND [OPTIONS]

Performs the program in this file on this host, and can take back what it did.
It needs nothing else: no Python, and a network only where its tasks use one.
%program%
  check     say what run would change, and change nothing
  run       perform the program; what fails is undone
  verify    say whether this host is as the program wants it
  undo [ID] take a deployment back; without ID the last one applied
  confirm   have a deployment stay that waits for that (run --confirm-within)
  list      show the deployments on this host
  prune     remove old deployments, the good ones last
  facts     print what is known of this host
  version   print the runner's version

Every command takes --state-dir DIR, where deployments and their journals are kept
(default /var/lib/deploy-tasks, without root ~/.local/state/deploy-tasks), and --help.

examples:
  %self% check --diff                 what would change, with the texts
  %self% run -e version=2.0           perform it with a variable of its own
  %self% undo --dry-run               what would come back, and what would not
  %self% undo                         take the last deployment back

exit status: 0 done, 1 the program failed, 2 wrong usage, 3 refused because another
deployment is at work or newer, 4 an error of the runner, 75 the host lacks something
`

// plainly takes the other ways to ask for help and for the version: empty means help.
func plainly(args []string) []string {
	if len(args) == 0 {
		return nil
	}
	switch args[0] {
	case "--version":
		return []string{"version"}
	case "help":
		if len(args) > 1 && commands[args[1]] != nil {
			return []string{args[1], "--help"}
		}
		return nil
	case "--help", "-h":
		return nil
	}
	return args
}

func showHelp() {
	text := strings.ReplaceAll(strings.ReplaceAll(help, "%self%", self()), "%program%", carried())
	_, _ = os.Stdout.WriteString(text)
}

// shownPlays is how many plays the help names.
const shownPlays = 5

// carried says in a line which program this file carries.
func carried() string {
	p, err := ownProgram()
	if err != nil {
		return "\nThe program: " + err.Error() + ".\n"
	}
	var names []string
	for _, play := range p.Plays {
		if play.Name != "" && len(names) < shownPlays {
			names = append(names, play.Name)
		}
	}
	if more := len(p.Plays) - len(names); len(names) > 0 && more > 0 {
		names = append(names, fmt.Sprintf("%d more", more))
	}
	line := "\nThe program: " + p.Name
	if len(names) > 0 {
		line += " (" + strings.Join(names, ", ") + ")"
	}
	if host, ok := p.Host.Get("inventory_hostname"); ok {
		line += fmt.Sprintf(", for the host %s alone", host)
	}
	return line + ".\n"
}

// ownProgram is the program in this executable.
func ownProgram() (*program.Program, error) {
	path, err := os.Executable()
	if err != nil {
		return nil, err
	}
	artifact, err := program.Open(path)
	if err != nil {
		return nil, err
	}
	defer artifact.Close()
	return artifact.Program()
}
