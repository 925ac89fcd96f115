package hashing

import (
	"hash"
	"strconv"
)

// itoa64 are the digits of the passwords' base 64, the least first.
const itoa64 = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// SaltDigits are what a salt is made of.
const SaltDigits = itoa64

// ShaCrypt is the password hash of Unix that begins with $5$ (wide false, SHA-256) or $6$ (SHA-512). Its rounds are
// written unless they are the 5000 that a hash without them has.
func ShaCrypt(password, salt string, rounds int, wide bool) string {
	start, mark, order := sha256.start, "$5$", order256[:]
	if wide {
		start, mark, order = sha512.start, "$6$", order512[:]
	}
	sum := shaRounds(start, []byte(password), []byte(salt), rounds)
	if rounds != 5000 {
		mark += "rounds=" + strconv.Itoa(rounds) + "$"
	}
	return mark + salt + "$" + shuffled(sum, order)
}

func shaRounds(start func() hash.Hash, password, salt []byte, rounds int) []byte {
	digest := func(parts ...[]byte) []byte {
		h := start()
		for _, part := range parts {
			_, _ = h.Write(part)
		}
		return h.Sum(nil)
	}
	sum := firstSum(digest, password, salt)
	many := start()
	for range password {
		_, _ = many.Write(password)
	}
	p := repeated(many.Sum(nil), len(password))
	many = start()
	for range 16 + int(sum[0]) {
		_, _ = many.Write(salt)
	}
	s := repeated(many.Sum(nil), len(salt))
	for i := range rounds {
		h := start()
		inner, outer := sum, p
		if i%2 == 1 {
			inner, outer = p, sum
		}
		_, _ = h.Write(inner)
		if i%3 != 0 {
			_, _ = h.Write(s)
		}
		if i%7 != 0 {
			_, _ = h.Write(p)
		}
		_, _ = h.Write(outer)
		sum = h.Sum(sum[:0:0])
	}
	return sum
}

func firstSum(digest func(...[]byte) []byte, password, salt []byte) []byte {
	b := digest(password, salt, password)
	parts := [][]byte{password, salt, repeated(b, len(password))}
	for n := len(password); n > 0; n >>= 1 {
		if n&1 == 1 {
			parts = append(parts, b)
		} else {
			parts = append(parts, password)
		}
	}
	return digest(parts...)
}

// repeated is b over and over, n bytes of it.
func repeated(b []byte, n int) []byte {
	out := make([]byte, n)
	for i := range out {
		out[i] = b[i%len(b)]
	}
	return out
}

// The order in which the bytes of a digest are written, three in four digits; -1 is a missing one.
var (
	order256 = [33]int8{0, 10, 20, 21, 1, 11, 12, 22, 2, 3, 13, 23, 24, 4, 14, 15, 25, 5, 6, 16, 26, 27, 7, 17, 18, 28, 8, 9, 19, 29, -1, 31, 30}
	order512 = [66]int8{0, 21, 42, 22, 43, 1, 44, 2, 23, 3, 24, 45, 25, 46, 4, 47, 5, 26, 6, 27, 48, 28, 49, 7, 50, 8, 29, 9, 30, 51, 31, 52, 10,
		53, 11, 32, 12, 33, 54, 34, 55, 13, 56, 14, 35, 15, 36, 57, 37, 58, 16, 59, 17, 38, 18, 39, 60, 40, 61, 19, 62, 20, 41, -1, -1, 63}
	orderMD5 = [18]int8{0, 6, 12, 1, 7, 13, 2, 8, 14, 3, 9, 15, 4, 10, 5, -1, -1, 11}
)

func shuffled(sum []byte, order []int8) string {
	var out []byte
	for i := 0; i < len(order); i += 3 {
		n, digits := 0, 1
		for _, at := range order[i : i+3] {
			n <<= 8
			if at >= 0 {
				n |= int(sum[at])
				digits++
			}
		}
		for range digits {
			out = append(out, itoa64[n&63])
			n >>= 6
		}
	}
	return string(out)
}

// MD5Crypt is the password hash of Unix that begins with $1$.
func MD5Crypt(password, salt string) string {
	digest := func(parts ...string) string {
		h := md5.start()
		for _, part := range parts {
			_, _ = h.Write([]byte(part))
		}
		return string(h.Sum(nil))
	}
	b := digest(password, salt, password)
	parts := []string{password, "$1$", salt, string(repeated([]byte(b), len(password)))}
	for n := len(password); n > 0; n >>= 1 {
		if n&1 == 1 {
			parts = append(parts, "\x00")
		} else {
			parts = append(parts, password[:1])
		}
	}
	sum := digest(parts...)
	for i := range 1000 {
		inner, outer := sum, password
		if i%2 == 1 {
			inner, outer = password, sum
		}
		between := ""
		if i%3 != 0 {
			between += salt
		}
		if i%7 != 0 {
			between += password
		}
		sum = digest(inner, between, outer)
	}
	return "$1$" + salt + "$" + shuffled([]byte(sum), orderMD5[:])
}
