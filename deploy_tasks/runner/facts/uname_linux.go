package facts

import "syscall"

func systemName() uname {
	var u syscall.Utsname
	if err := syscall.Uname(&u); err != nil {
		return uname{system: "Linux", node: hostnameOr("localhost")}
	}
	return uname{cString(u.Sysname[:]), cString(u.Nodename[:]), cString(u.Release[:]), cString(u.Version[:]), cString(u.Machine[:])}
}

// cString takes int8 or uint8: the element type differs by architecture.
func cString[T int8 | uint8](chars []T) string {
	out := make([]byte, 0, len(chars))
	for _, c := range chars {
		if c == 0 {
			break
		}
		out = append(out, byte(c))
	}
	return string(out)
}
