package rpm

import (
	"errors"
	"strings"

	"runner/base64"
	"runner/fmt"
	"runner/hashing"
	"runner/hex"
)

// pgpKey is a key, or a subkey of one: its number of 16 digits, and its fingerprint.
type pgpKey struct {
	id, fingerprint string
	primary         bool
}

const (
	keyBegins = "-----BEGIN PGP PUBLIC KEY BLOCK-----"
	keyEnds   = "-----END PGP PUBLIC KEY BLOCK-----"

	publicKey, publicSubkey = 6, 14 // RFC 9580, section 5
)

var errNoKey = errors.New("Unable to parse PGP key armor")

// keyBlocks are the armoured keys in a text, each with its first and last line.
func keyBlocks(text string) []string {
	var out []string
	var block []string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == keyBegins {
			block = nil
		} else if len(block) == 0 {
			continue
		}
		block = append(block, line)
		if line == keyEnds {
			out = append(out, strings.Join(block, "\n")+"\n")
			block = nil
		}
	}
	return out
}

// readBlock are the keys of one block of keyBlocks. A checksum, where there is one, must be right: rpm refuses the key
// otherwise.
func readBlock(block string) ([]pgpKey, error) {
	_, body, ok := strings.Cut(block, "\n\n") // behind the headers
	if !ok {
		return nil, errNoKey
	}
	body, _, _ = strings.Cut(body, keyEnds)
	body = strings.TrimRight(body, "\n")
	sum := ""
	if i := strings.LastIndexByte(body, '\n'); strings.HasPrefix(body[i+1:], "=") {
		body, sum = body[:max(i, 0)], body[i+2:]
	}
	packets, err := base64.DecodeString(body)
	if err != nil || len(packets) == 0 || sum != "" && base64.EncodeToString(crc24(packets)) != sum {
		return nil, errNoKey
	}
	return readKeys(packets)
}

// crc24 is the checksum of an armour. RFC 9580, section 6.1.
func crc24(b []byte) []byte {
	crc := uint32(0xb704ce)
	for _, one := range b {
		crc ^= uint32(one) << 16
		for range 8 {
			if crc <<= 1; crc&0x1000000 != 0 {
				crc ^= 0x1864cfb
			}
		}
	}
	return []byte{byte(crc >> 16), byte(crc >> 8), byte(crc)}
}

// readKeys walks over packets and tells of the keys and subkeys among them. All packets must be understood: a key behind
// one that is not would be imported unseen.
func readKeys(packets []byte) ([]pgpKey, error) {
	var out []pgpKey
	for len(packets) > 0 {
		tag, header, length := packetHeader(packets)
		if header == 0 || length > len(packets)-header {
			return out, errNoKey
		}
		if tag == publicKey || tag == publicSubkey {
			key, err := readKey(packets[header:header+length], tag == publicKey)
			if err != nil {
				return out, err
			}
			out = append(out, key)
		}
		packets = packets[header+length:]
	}
	if len(out) == 0 {
		return nil, errNoKey
	}
	return out, nil
}

// packetHeader reads the head of the first packet; header is 0 when its length is not known. RFC 9580, section 4.2.
func packetHeader(b []byte) (tag, header, length int) {
	first := int(b[0])
	if first&0x40 == 0 {
		size := 1 << (first & 3)
		if size == 8 || len(b) < 1+size {
			return 0, 0, 0
		}
		return first >> 2 & 15, 1 + size, number(b[1 : 1+size])
	}
	tag = first & 63
	switch {
	case len(b) > 1 && b[1] < 192:
		return tag, 2, int(b[1])
	case len(b) > 2 && b[1] < 224:
		return tag, 3, (int(b[1])-192)<<8 + int(b[2]) + 192
	case len(b) > 5 && b[1] == 255:
		return tag, 6, number(b[2:6])
	}
	return 0, 0, 0
}

// number is one of up to four bytes; it is too large for any packet where an int is too small for it.
func number(b []byte) int {
	n := int64(0)
	for _, one := range b {
		n = n<<8 | int64(one)
	}
	return int(min(n, 1<<31-1))
}

// readKey tells the fingerprint of the body of a packet. RFC 9580, section 5.5.4.
func readKey(body []byte, primary bool) (pgpKey, error) {
	n := len(body)
	version := -1
	if n > 0 {
		version = int(body[0])
	}
	switch version {
	case 4:
		print := digest("sha1", []byte{0x99, byte(n >> 8), byte(n)}, body)
		return pgpKey{print[len(print)-16:], print, primary}, nil
	case 6:
		print := digest("sha256", []byte{0x9b, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}, body)
		return pgpKey{print[:16], print, primary}, nil
	}
	return pgpKey{}, fmt.Errorf("Unhandled key version %d", version)
}

func digest(name string, head, body []byte) string {
	h := hashing.Named(name)
	_, _ = h.Write(head)
	_, _ = h.Write(body)
	return strings.ToUpper(hex.EncodeToString(h.Sum(nil)))
}
