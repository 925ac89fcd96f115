// Package debconf reads and restores the answers that Debian's packages have been given: for the modules that give some,
// and for those whose tools do.
package debconf

import (
	"errors"
	"strings"

	"runner/change"
	"runner/fmt"
	"runner/modules/kit"
	"runner/record"
	"runner/value"
)

// Kind is that of several answers for one package, named by Name.
const Kind = "debconf answers"

func init() { change.RegisterKind(Kind, answers{}) }

// Name names answers: those to the questions, for a package.
func Name(owner string, questions []string) string {
	return owner + ": " + strings.Join(questions, " ")
}

// Plain is an error for the name of a package or question that cannot be sent to debconf.
func Plain(name string) error {
	if name == "" || strings.HasPrefix(name, "-") || strings.ContainsAny(name, " \t\r\n\x00") {
		return fmt.Errorf("%s is not the name of a package or question", value.Repr(name))
	}
	return nil
}

// answers is the kind.
type answers struct{}

// session is debconf for one package. What it is told is escaped, and what it answers is.
type session struct {
	t       change.Tools
	program string
	owner   string
}

func open(t change.Tools, name string) (session, []string, error) {
	owner, questions, _ := strings.Cut(name, ": ")
	s := session{t, kit.FindTool(t.Find, "debconf-communicate"), owner}
	if s.program == "" {
		return s, nil, errors.New("there is no debconf-communicate")
	}
	return s, strings.Fields(questions), nil
}

// reply is the code of a command and what follows it.
type reply struct{ code, text string }

// good tells whether a command was performed: 1 says that the text is escaped.
func (r reply) good() bool { return r.code == "0" || r.code == "1" }

// ask sends commands, and returns what each is answered.
func (s session) ask(commands ...string) ([]reply, error) {
	out, err := s.t.Run([]string{s.program, s.owner}, "CAPB escape\n"+strings.Join(commands, "\n")+"\n")
	if err != nil {
		return nil, err
	}
	lines := strings.Split(strings.TrimSuffix(out.Stdout, "\n"), "\n")
	if len(lines) != len(commands)+1 {
		return nil, fmt.Errorf("debconf-communicate: exit status %d: %s", out.Code, kit.Said(out))
	}
	replies := make([]reply, len(commands))
	for i, line := range lines[1:] {
		replies[i].code, replies[i].text, _ = strings.Cut(line, " ")
	}
	return replies, nil
}

// Inspect implements change.Kind: what is answered to each question that is there, and whether somebody has seen it.
func (answers) Inspect(t change.Tools, name string) (any, error) {
	s, questions, err := open(t, name)
	if err != nil {
		return nil, err
	}
	var commands []string
	for _, q := range questions {
		commands = append(commands, "GET "+q, "FGET "+q+" seen", "METAGET "+q+" owners")
	}
	replies, err := s.ask(commands...)
	if err != nil {
		return nil, err
	}
	out := value.NewDict()
	for i, q := range questions {
		get, seen, owners := replies[3*i], replies[3*i+1], replies[3*i+2]
		if get.good() {
			out.Set(q, value.DictOf("value", get.text, "seen", seen.text == "true", "owners", owners.text))
		}
	}
	return out, nil
}

// Restore implements change.Kind.
func (answers) Restore(t change.Tools, name string, before, _ any) error {
	s, questions, err := open(t, name)
	if err != nil {
		return err
	}
	was, _ := before.(*value.Dict)
	var commands []string
	for _, q := range questions {
		before, there := was.Get(q)
		if !there {
			commands = append(commands, "UNREGISTER "+q)
			continue
		}
		r := record.Of(before)
		seen := "false"
		if r.Flag("seen") {
			seen = "true"
		}
		commands = append(commands, "SET "+q+" "+r.Text("value"), "FSET "+q+" seen "+seen)
		if !ownedBy(r.Text("owners"), s.owner) {
			commands = append(commands, "UNREGISTER "+q)
		}
	}
	replies, err := s.ask(commands...)
	if err != nil {
		return err
	}
	for i, r := range replies {
		if !r.good() && !strings.HasPrefix(commands[i], "UNREGISTER") {
			return fmt.Errorf("debconf: %s", r.text)
		}
	}
	return nil
}

// ownedBy tells whether a package is among the owners of a question.
func ownedBy(owners, owner string) bool {
	for _, one := range strings.Split(owners, ",") {
		if strings.TrimSpace(one) == owner {
			return true
		}
	}
	return false
}

// Answer is the answer to a question, "" when there is none: also a password, which debconf shows to nobody else.
func Answer(t change.Tools, owner, question string) (string, error) {
	s, questions, err := open(t, Name(owner, []string{question}))
	if err != nil {
		return "", err
	}
	replies, err := s.ask("GET " + questions[0])
	if err != nil || !replies[0].good() {
		return "", err
	}
	return strings.NewReplacer(`\\`, `\`, `\n`, "\n").Replace(replies[0].text), nil
}
