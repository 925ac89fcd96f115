//go:build unix

package dial

import (
	"context"
	"errors"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"runner/ip"
)

// TCP connects to a port of a host, an address or a name, within ctx. The addresses of a name are tried in turn.
func TCP(ctx context.Context, host string, port int) (Conn, error) {
	name, zone, _ := strings.Cut(strings.Trim(host, "[]"), "%")
	addresses, err := Addresses(ctx, name)
	if err != nil {
		return nil, err
	}
	for i, a := range addresses {
		var conn *os.File
		conn, err = open(ctx, share(ctx, len(addresses)-i), syscall.SOCK_STREAM, sockaddr(a, port, zone))
		if err == nil {
			return conn, nil
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, err
}

// Unix connects to the socket of a service of this host, within ctx.
func Unix(ctx context.Context, path string) (Conn, error) {
	return open(ctx, share(ctx, 1), syscall.SOCK_STREAM, &syscall.SockaddrUnix{Name: path})
}

// udp makes a socket that speaks with one address.
func udp(ctx context.Context, a ip.Addr, port int, end time.Time) (*os.File, error) {
	return open(ctx, end, syscall.SOCK_DGRAM, sockaddr(a, port, ""))
}

func sockaddr(a ip.Addr, port int, zone string) syscall.Sockaddr {
	if a.Is4() {
		return &syscall.SockaddrInet4{Port: port, Addr: [4]byte(a.Bytes())}
	}
	return &syscall.SockaddrInet6{Port: port, Addr: [16]byte(a.Bytes()), ZoneId: zoneID(zone)}
}

// zoneID is the number of an interface.
func zoneID(zone string) uint32 {
	if n, err := strconv.ParseUint(zone, 10, 32); err == nil {
		return uint32(n)
	}
	if zone == "" || strings.Contains(zone, "/") {
		return 0
	}
	text, _ := os.ReadFile("/sys/class/net/" + zone + "/ifindex")
	n, _ := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 32)
	return uint32(n)
}

// open connects a socket. The file it becomes is polled by the runtime, so that deadlines hold.
func open(ctx context.Context, end time.Time, kind int, to syscall.Sockaddr) (*os.File, error) {
	family := syscall.AF_INET
	switch to.(type) {
	case *syscall.SockaddrInet6:
		family = syscall.AF_INET6
	case *syscall.SockaddrUnix:
		family = syscall.AF_UNIX
	}
	syscall.ForkLock.RLock()
	fd, err := syscall.Socket(family, kind, 0)
	if err == nil {
		syscall.CloseOnExec(fd)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	if err = syscall.SetNonblock(fd, true); err == nil {
		err = syscall.Connect(fd, to)
	}
	if err != nil && err != syscall.EINPROGRESS && err != syscall.EINTR {
		syscall.Close(fd)
		return nil, os.NewSyscallError("connect", err)
	}
	f := os.NewFile(uintptr(fd), "socket")
	if err := connected(ctx, f, end); err != nil {
		f.Close()
		return nil, os.NewSyscallError("connect", err)
	}
	return f, nil
}

// connected waits for the other side to take the connection.
func connected(ctx context.Context, f *os.File, end time.Time) error {
	stop := context.AfterFunc(ctx, func() { _ = f.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if err := f.SetDeadline(end); err != nil {
		return err
	}
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var outcome error
	err = raw.Write(func(fd uintptr) bool {
		var waiting bool
		waiting, outcome = progress(int(fd))
		return !waiting
	})
	if err = errors.Join(err, outcome); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return f.SetDeadline(time.Time{})
}

// progress tells whether the connection is still being made, and why it cannot be.
func progress(fd int) (waiting bool, err error) {
	code, err := syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_ERROR)
	if err != nil {
		return false, err
	}
	if code != 0 {
		return false, syscall.Errno(code)
	}
	_, err = syscall.Getpeername(fd)
	return errors.Is(err, syscall.ENOTCONN), nil
}
