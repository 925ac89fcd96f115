package facts

import (
	"reflect"
	"testing"
)

func TestIfconfig(t *testing.T) {
	const text = "lo0: flags=8049<UP,LOOPBACK> mtu 16384\n\tinet 127.0.0.1 netmask 0xff000000\n\tinet6 ::1 prefixlen 128\n" +
		"\tinet6 fe80::1%lo0 prefixlen 64 scopeid 0x1\n\nen0: flags=8863<UP> mtu 1500\n\tether f0:18:98:00:00:01\n" +
		"\tinet 192.0.2.7 netmask 0xffffff00 broadcast 192.0.2.255\n\tstatus: active\n\tnd6\n"
	names, v4, v6 := readIfconfig(text)
	if !reflect.DeepEqual(names, []string{"lo0", "en0"}) || !reflect.DeepEqual(v4, []string{"192.0.2.7"}) ||
		!reflect.DeepEqual(v6, []string{"fe80::1"}) {
		t.Errorf("%v %v %v", names, v4, v6)
	}
}
