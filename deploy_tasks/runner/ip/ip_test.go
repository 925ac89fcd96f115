package ip

import (
	"math/rand"
	"net/netip"
	"testing"
)

// Go's own package is the measure.
func TestParseAgrees(t *testing.T) {
	for _, s := range []string{"1.2.3.4", "0.0.0.0", "255.255.255.255", "256.1.1.1", "1.2.3", "1.2.3.4.5", "01.2.3.4", "+1.2.3.4", "", "1..2.3",
		"::", "::1", "1::", "fe80::1", "2001:db8::8:800:200c:417a", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "::ffff:1.2.3.4",
		"1::2::3", ":::", ":", "1:", ":1", "::1.2.3.4", "1.2.3.4::", "12345::", "g::", "1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:8::", "1:0:0:2:0:0:0:3",
		"::1:2:3:4:5:6:7", "1:2:3:4:5:6:1.2.3.4", "::+1", "1.2.3.4:1"} {
		want, err := netip.ParseAddr(s)
		got := Parse(s)
		if got.IsValid() != (err == nil) || err == nil && got.String() != want.String() {
			t.Errorf("%q: %v, want %v (%v)", s, got, want, err)
		}
	}
}

func TestStringAndMaskAgree(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	for range 5000 {
		b := make([]byte, 4+12*r.Intn(2))
		for i := range b {
			b[i] = byte(r.Intn(256)) * byte(r.Intn(2))
		}
		prefix := r.Intn(8*len(b) + 1)
		want, _ := netip.AddrFromSlice(b)
		got := FromBytes(b)
		if got.String() != want.String() || Parse(got.String()) != got || got.Unmap().String() != want.Unmap().String() {
			t.Fatalf("%v, want %v", got, want)
		}
		if m := netip.PrefixFrom(want, prefix).Masked().Addr(); got.Masked(prefix).String() != m.String() {
			t.Fatalf("%v/%d is %v, want %v", got, prefix, got.Masked(prefix), m)
		}
	}
	if Mask(20).String() != "255.255.240.0" || FromBytes([]byte{1}).IsValid() || !Parse("::").IsUnspecified() {
		t.Error("mask or validity")
	}
}
