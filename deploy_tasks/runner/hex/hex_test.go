package hex

import (
	"bytes"
	"testing"
)

func TestHex(t *testing.T) {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	if back, err := DecodeString(EncodeToString(all)); err != nil || !bytes.Equal(back, all) {
		t.Errorf("%v", back)
	}
	if b, err := DecodeString("0AfF"); err != nil || !bytes.Equal(b, []byte{0x0a, 0xff}) {
		t.Errorf("%v", b)
	}
	for _, bad := range []string{"0", "0g", "g0", "000", "0 ", "ä"} {
		if b, err := DecodeString(bad); err == nil {
			t.Errorf("%q is %v", bad, b)
		}
	}
}
