package facts

import (
	"encoding/binary"
	"syscall"
	"unsafe"

	"runner/ip"
)

// address is one address of an interface, as the kernel tells it.
type address struct {
	index     int
	ip, peer  ip.Addr // peer differs from ip on point-to-point links only
	prefix    int
	broadcast ip.Addr
	label     string
	secondary bool
	scope     byte
}

// addresses are those of all interfaces, in the kernel's order.
func addresses() []address {
	var out []address
	for _, m := range dump(syscall.RTM_GETADDR, syscall.AF_UNSPEC) {
		if m.Header.Type != syscall.RTM_NEWADDR || len(m.Data) < syscall.SizeofIfAddrmsg {
			continue
		}
		head := (*syscall.IfAddrmsg)(unsafe.Pointer(&m.Data[0]))
		a := address{index: int(head.Index), prefix: int(head.Prefixlen), scope: head.Scope, secondary: head.Flags&1 != 0}
		attrs, err := syscall.ParseNetlinkRouteAttr(&m)
		if err != nil {
			continue
		}
		a.fill(attrs)
		out = append(out, a)
	}
	return out
}

func (a *address) fill(attrs []syscall.NetlinkRouteAttr) {
	for _, attr := range attrs {
		switch attr.Attr.Type {
		case syscall.IFA_ADDRESS:
			a.peer = ip.FromBytes(attr.Value)
		case syscall.IFA_LOCAL:
			a.ip = ip.FromBytes(attr.Value)
		case syscall.IFA_BROADCAST:
			a.broadcast = ip.FromBytes(attr.Value)
		case syscall.IFA_LABEL:
			a.label = cString(attr.Value)
		}
	}
	if !a.ip.IsValid() {
		a.ip = a.peer
	}
}

// dump asks the kernel for all addresses or routes of a family.
func dump(what, family int) []syscall.NetlinkMessage {
	b, err := syscall.NetlinkRIB(what, family)
	if err != nil {
		return nil
	}
	messages, err := syscall.ParseNetlinkMessage(b)
	if err != nil {
		return nil
	}
	return messages
}

// route is the way to a destination.
type route struct {
	index       int
	src, gate   ip.Addr
	destination ip.Addr
	prefix      int
}

func routeOf(m syscall.NetlinkMessage) (route, *syscall.RtMsg) {
	if m.Header.Type != syscall.RTM_NEWROUTE || len(m.Data) < syscall.SizeofRtMsg {
		return route{}, nil
	}
	head := (*syscall.RtMsg)(unsafe.Pointer(&m.Data[0]))
	attrs, err := syscall.ParseNetlinkRouteAttr(&m)
	if err != nil {
		return route{}, nil
	}
	var r route
	for _, attr := range attrs {
		switch attr.Attr.Type {
		case syscall.RTA_OIF:
			if len(attr.Value) >= 4 {
				r.index = int(binary.NativeEndian.Uint32(attr.Value))
			}
		case syscall.RTA_GATEWAY:
			r.gate = ip.FromBytes(attr.Value)
		case syscall.RTA_PREFSRC:
			r.src = ip.FromBytes(attr.Value)
		case syscall.RTA_DST:
			r.destination, r.prefix = ip.FromBytes(attr.Value), int(head.Dst_len)
		}
	}
	return r, head
}

// routeTo asks the kernel how it would reach a destination; false when it would not.
func routeTo(destination ip.Addr) (route, bool) {
	answer, err := request(routeRequest(destination))
	if err != nil {
		return route{}, false
	}
	messages, err := syscall.ParseNetlinkMessage(answer)
	if err != nil {
		return route{}, false
	}
	for _, m := range messages {
		if r, head := routeOf(m); head != nil && head.Type == syscall.RTN_UNICAST {
			return r, true
		}
	}
	return route{}, false
}

func routeRequest(destination ip.Addr) []byte {
	dst := destination.Bytes()
	family := byte(syscall.AF_INET)
	if !destination.Is4() {
		family = syscall.AF_INET6
	}
	b := make([]byte, syscall.NLMSG_HDRLEN+syscall.SizeofRtMsg+syscall.SizeofRtAttr+len(dst))
	e := binary.NativeEndian
	e.PutUint32(b[0:], uint32(len(b)))
	e.PutUint16(b[4:], syscall.RTM_GETROUTE)
	e.PutUint16(b[6:], syscall.NLM_F_REQUEST)
	message := b[syscall.NLMSG_HDRLEN:]
	message[0], message[1] = family, byte(len(dst)*8)
	attr := message[syscall.SizeofRtMsg:]
	e.PutUint16(attr[0:], uint16(syscall.SizeofRtAttr+len(dst)))
	e.PutUint16(attr[2:], syscall.RTA_DST)
	copy(attr[syscall.SizeofRtAttr:], dst)
	return b
}

// request sends one message to the kernel and returns its answer, waiting at most a second.
func request(message []byte) ([]byte, error) {
	fd, err := syscall.Socket(syscall.AF_NETLINK, syscall.SOCK_RAW|syscall.SOCK_CLOEXEC, syscall.NETLINK_ROUTE)
	if err != nil {
		return nil, err
	}
	defer syscall.Close(fd)
	second := syscall.Timeval{Sec: 1}
	if err := syscall.SetsockoptTimeval(fd, syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, &second); err != nil {
		return nil, err
	}
	if err := syscall.Sendto(fd, message, 0, &syscall.SockaddrNetlink{Family: syscall.AF_NETLINK}); err != nil {
		return nil, err
	}
	answer := make([]byte, 16<<10)
	n, _, err := syscall.Recvfrom(fd, answer, 0)
	if err != nil {
		return nil, err
	}
	return answer[:n], nil
}
