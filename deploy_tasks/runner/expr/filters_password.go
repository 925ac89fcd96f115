package expr

import (
	"math/rand/v2"
	"strings"

	"runner/hashing"
)

// passwordFilters hash passwords as Unix stores them.
var passwordFilters = table{
	{"password_hash", filterPasswordHash},
}

// passwordKinds are the hashes there are: how long a salt may be and how many rounds there are if nobody says.
var passwordKinds = []struct {
	name, alias  string
	salt, rounds int
}{
	{"sha512", "sha512_crypt", 16, 656000},
	{"sha256", "sha256_crypt", 16, 535000},
	{"md5", "md5_crypt", 8, 0},
}

const (
	fewestRounds = 1000
	mostRounds   = 20_000_000 // half a minute
)

func filterPasswordHash(c *call, v any) (any, error) {
	p := c.params("hashtype", "salt", "salt_size", "rounds", "ident")
	password, kind := p.str(v), p.text(0, "sha512")
	salt := ""
	if given := p.any(1, nil); given != nil {
		salt = p.str(given)
	}
	size, rounds := p.count(2), p.count(3)
	if p.err != nil {
		return nil, p.err
	}
	for _, k := range passwordKinds {
		if kind != k.name && kind != k.alias {
			continue
		}
		if size == 0 {
			size = k.salt
		}
		if salt == "" {
			salt = freshSalt(min(size, k.salt))
		}
		if err := checkSalt(salt, k.salt, kind); err != nil {
			return nil, err
		}
		if k.rounds == 0 {
			return hashing.MD5Crypt(password, salt), nil
		}
		if rounds == 0 {
			rounds = k.rounds
		}
		if rounds < fewestRounds || rounds > mostRounds {
			return nil, valueError("Could not hash the secret.. rounds must be from %d to %d", fewestRounds, mostRounds)
		}
		return hashing.ShaCrypt(password, salt, rounds, k.name == "sha512"), nil
	}
	return nil, valueError("password_hash makes sha512, sha256 and md5, not %s", kind)
}

// count is an integer or none, which is 0.
func (p *params) count(i int) int {
	if p.any(i, nil) == nil {
		return 0
	}
	return p.int(i, 0)
}

func checkSalt(salt string, longest int, kind string) error {
	if len(salt) > longest {
		return valueError("Could not hash the secret.. salt too large (%s requires <= %d chars)", kind, longest)
	}
	if strings.IndexFunc(salt, func(r rune) bool { return !strings.ContainsRune(hashing.SaltDigits, r) }) >= 0 {
		return valueError("Could not hash the secret.. invalid characters in %s salt", kind)
	}
	return nil
}

func freshSalt(size int) string {
	var out strings.Builder
	for range size {
		out.WriteByte(hashing.SaltDigits[rand.IntN(len(hashing.SaltDigits))])
	}
	return out.String()
}
