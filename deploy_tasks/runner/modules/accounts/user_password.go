package accounts

import (
	"slices"
	"strings"
)

const notHashed = "The input password appears not to have been hashed. " +
	"The 'password' argument must be encrypted for this module to work properly."

// hashLengths are how long what each method of crypt(3) makes is, without its parameters and salt.
var hashLengths = map[string]int{"1": 22, "5": 43, "6": 86, "y": 43}

const hashLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789./"

// hashed says whether a password looks like what crypt(3) makes, or disables the account on purpose.
func hashed(password string) bool {
	if slices.Contains([]string{"", "*", "!", "*************"}, password) {
		return true
	}
	fields := strings.Split(password, "$")
	if len(fields) < 3 || strings.ContainsAny(password, ":*!") {
		return false
	}
	last := fields[len(fields)-1]
	length, known := hashLengths[fields[1]]
	return strings.Trim(last, hashLetters) == "" && (!known || length == len(last))
}

// wantsPassword says whether the password is to be set.
func (t *userTask) wantsPassword() bool {
	if !t.p.Has("password") || !t.there {
		return t.p.Has("password")
	}
	bare := strings.TrimLeft(t.p.Str("password"), "!")
	return t.p.Str("update_password") == "always" && strings.TrimLeft(t.now.password, "!") != bare
}

// newPassword is what is set: locked where that is wanted.
func (t *userTask) newPassword() string {
	if t.p.Flag("password_lock") {
		return "!" + t.p.Str("password")
	}
	return t.p.Str("password")
}
