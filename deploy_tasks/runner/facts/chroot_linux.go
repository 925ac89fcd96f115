package facts

import "syscall"

// rootInode is the number of the root folder of a file system of the kind that / is.
func rootInode() uint64 {
	var st syscall.Statfs_t
	if err := syscall.Statfs("/", &st); err != nil {
		return 2
	}
	switch uint32(st.Type) {
	case 0x9123683e: // btrfs
		return 256
	case 0x58465342: // xfs
		return 128
	}
	return 2
}
