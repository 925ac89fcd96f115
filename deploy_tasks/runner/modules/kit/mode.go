package kit

import (
	"io/fs"
	"strconv"
	"strings"

	"runner/fmt"
	"runner/value"
)

// What a new file or folder gets when the task names no mode. The umask is the usual one and not the runner's own,
// which is private so that its state folder is.
const (
	umask       = 0o022
	NewFileMode = 0o666 &^ umask
	NewDirMode  = 0o777 &^ umask
	permissions = 0o7777
)

// modeError is a mode that makes no sense; details go into the result beside the message.
type modeError struct{ msg, details string }

func (e *modeError) Error() string { return e.msg }

// ParseMode turns a mode argument into permission bits for a file that has the bits now.
func ParseMode(mode any, now uint32, isDir bool) (uint32, error) {
	switch m := mode.(type) {
	case int64:
		return checkMode(m)
	case string:
		digits := strings.TrimPrefix(strings.TrimSpace(m), "0o")
		if bits, err := strconv.ParseInt(digits, 8, 64); err == nil {
			return checkMode(bits)
		}
		return symbolicMode(m, now, isDir)
	}
	return 0, &modeError{"mode must be in octal or symbolic form", "got " + value.Repr(mode)}
}

func checkMode(bits int64) (uint32, error) {
	if bits < 0 || bits > permissions {
		return 0, &modeError{"Invalid mode supplied, only permission info is allowed", strconv.FormatInt(bits, 10)}
	}
	return uint32(bits), nil
}

// symbolicMode applies clauses such as "u=rw,g+X,o-rwx" in turn.
func symbolicMode(clauses string, now uint32, isDir bool) (uint32, error) {
	for _, clause := range strings.Split(clauses, ",") {
		next, ok := applyClause(clause, now, isDir)
		if !ok {
			return 0, &modeError{"mode must be in octal or symbolic form", "bad symbolic permission for mode: " + clause}
		}
		now = next
	}
	return now, nil
}

func applyClause(clause string, now uint32, isDir bool) (uint32, bool) {
	at := strings.IndexAny(clause, "+-=")
	if at < 0 {
		return now, false
	}
	users, rest := clause[:at], clause[at:]
	masked := users == ""
	if masked || users == "a" {
		users = "ugo"
	}
	if strings.Trim(users, "ugo") != "" {
		return now, false
	}
	for rest != "" {
		op := rest[0]
		end := strings.IndexAny(rest[1:], "+-=") + 1
		if end == 0 {
			end = len(rest)
		}
		perms := rest[1:end]
		if strings.Trim(perms, "rwxXstugo") != "" {
			return now, false
		}
		for _, user := range users {
			now = applyTo(user, op, symbolicBits(user, perms, now, isDir, masked), now)
		}
		rest = rest[end:]
	}
	return now, true
}

// applyTo gives one class of users its bits; "=" takes the class's other bits away.
func applyTo(user rune, op byte, bits, now uint32) uint32 {
	switch op {
	case '+':
		return now | bits
	case '-':
		return now &^ bits
	}
	class := map[rune]uint32{'u': 0o4700, 'g': 0o2070, 'o': 0o1007}[user]
	return now&^class | bits
}

// symbolicBits are the bits that letters mean for one class of users.
func symbolicBits(user rune, perms string, now uint32, isDir, masked bool) uint32 {
	shift := map[rune]uint{'u': 6, 'g': 3, 'o': 0}[user]
	var bits uint32
	for _, perm := range perms {
		switch perm {
		case 'r', 'w', 'x':
			bit := uint32(map[rune]uint32{'r': 4, 'w': 2, 'x': 1}[perm]) << shift
			if masked {
				bit &^= umask
			}
			bits |= bit
		case 'X':
			if isDir || now&0o111 != 0 {
				bits |= 1 << shift
			}
		case 's':
			bits |= map[rune]uint32{'u': 0o4000, 'g': 0o2000}[user]
		case 't':
			bits |= map[rune]uint32{'o': 0o1000}[user]
		case 'u':
			bits |= now >> 6 & 7 << shift
		case 'g':
			bits |= now >> 3 & 7 << shift
		case 'o':
			bits |= now & 7 << shift
		}
	}
	return bits
}

// Octal words permission bits as Ansible does: 0644.
func Octal(bits uint32) string { return fmt.Sprintf("0%03o", bits) }

// BitsOf are the twelve permission bits of a mode.
func BitsOf(m fs.FileMode) uint32 {
	bits := uint32(m.Perm())
	for flag, bit := range specialBits {
		if m&flag != 0 {
			bits |= bit
		}
	}
	return bits
}

// ModeOf is the opposite of bitsOf.
func ModeOf(bits uint32) fs.FileMode {
	m := fs.FileMode(bits & 0o777)
	for flag, bit := range specialBits {
		if bits&bit != 0 {
			m |= flag
		}
	}
	return m
}

var specialBits = map[fs.FileMode]uint32{fs.ModeSetuid: 0o4000, fs.ModeSetgid: 0o2000, fs.ModeSticky: 0o1000}
