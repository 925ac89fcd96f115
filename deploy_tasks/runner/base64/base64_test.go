package base64

import (
	"bytes"
	"encoding/base64"
	"testing"
)

// Go's own package is the measure.
func TestAgrees(t *testing.T) {
	all := make([]byte, 300)
	for i := range all {
		all[i] = byte(i * 7)
	}
	for n := range all {
		text := EncodeToString(all[:n])
		if text != base64.StdEncoding.EncodeToString(all[:n]) {
			t.Fatalf("%d bytes: %s", n, text)
		}
		back, err := DecodeString(text)
		if err != nil || !bytes.Equal(back, all[:n]) {
			t.Fatalf("%s: %v %v", text, back, err)
		}
	}
	for _, text := range []string{"", "YQ==", "YWI=", "YWJj", "Y\nQ=\r\n=", "YQ=", "YQ", "Y", "Y===", "====", "YQ==YQ==", "Y*==", "YQ= =", "-_==", "YR==", "=", "YWJj===="} {
		want, wrong := base64.StdEncoding.DecodeString(text)
		got, err := DecodeString(text)
		if (err != nil) != (wrong != nil) || err == nil && !bytes.Equal(got, want) {
			t.Errorf("%q: %q %v, want %q %v", text, got, err, want, wrong)
		}
	}
}
