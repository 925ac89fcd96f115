//go:build unix

package dial

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"strings"

	"runner/ip"
)

// The kinds of records that are asked for.
const (
	typeA    = 1
	typePTR  = 12
	typeAAAA = 28
)

// headerSize is the length of a message's head, bytes.
const headerSize = 12

// encodeQuestion writes a question; false when the name is none.
func encodeQuestion(id uint16, name string, kind uint16) ([]byte, bool) {
	b := binary.BigEndian.AppendUint16(nil, id)
	b = append(b, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0) // recursion desired, one question
	for _, label := range strings.Split(name, ".") {
		if label == "" || len(label) > 63 {
			return nil, false
		}
		b = append(append(b, byte(len(label))), label...)
	}
	b = binary.BigEndian.AppendUint16(append(b, 0), kind)
	return binary.BigEndian.AppendUint16(b, 1), len(name) <= 253
}

// verdict is what a message is worth.
type verdict int

const (
	foreign    verdict = iota // not the answer to this question
	useless                   // the server does not know
	understood                // the answers, or that there is none
)

// decodeAnswers reads the answers of one kind: addresses as bytes, names as text.
func decodeAnswers(b, question []byte, kind uint16) ([]string, verdict) {
	if len(b) < len(question) || !bytes.Equal(b[:2], question[:2]) || b[2]&0x80 == 0 ||
		!strings.EqualFold(string(b[headerSize:len(question)]), string(question[headerSize:])) {
		return nil, foreign
	}
	switch b[3] & 0xf {
	case 0:
	case 3: // no such name
		return nil, understood
	default:
		return nil, useless
	}
	var out []string
	at := len(question)
	for range int(binary.BigEndian.Uint16(b[6:])) {
		_, next, ok := decodeName(b, at)
		if !ok || next+10 > len(b) {
			return out, understood // cut off: what came is good
		}
		start := next + 10
		end := start + int(binary.BigEndian.Uint16(b[next+8:]))
		if end > len(b) {
			return out, understood
		}
		if binary.BigEndian.Uint16(b[next:]) == kind {
			out = appendData(out, b, start, end, kind)
		}
		at = end
	}
	return out, understood
}

func appendData(out []string, b []byte, start, end int, kind uint16) []string {
	if kind != typePTR {
		return append(out, string(b[start:end]))
	}
	if name, _, ok := decodeName(b, start); ok {
		out = append(out, name)
	}
	return out
}

// decodeName reads a name, following what is said elsewhere; next is where it ends here.
func decodeName(b []byte, at int) (name string, next int, ok bool) {
	var labels []string
	next = -1
	for range 128 { // a loop of references ends
		if at >= len(b) {
			return "", 0, false
		}
		n := int(b[at])
		switch {
		case n == 0:
			if next < 0 {
				next = at + 1
			}
			return strings.Join(labels, "."), next, true
		case n >= 0xc0 && at+1 < len(b):
			if next < 0 {
				next = at + 2
			}
			at = n&0x3f<<8 | int(b[at+1])
		case n < 64 && at+1+n <= len(b):
			labels = append(labels, string(b[at+1:at+1+n]))
			at += 1 + n
		default:
			return "", 0, false
		}
	}
	return "", 0, false
}

// reverseName is the name under which the names of an address are kept.
func reverseName(a ip.Addr) string {
	var out []string
	for _, b := range a.Bytes() {
		if a.Is4() {
			out = append([]string{strconv.Itoa(int(b))}, out...)
			continue
		}
		out = append([]string{strconv.FormatUint(uint64(b&0xf), 16), strconv.FormatUint(uint64(b>>4), 16)}, out...)
	}
	if a.Is4() {
		return strings.Join(out, ".") + ".in-addr.arpa"
	}
	return strings.Join(out, ".") + ".ip6.arpa"
}
