package rights

import (
	"errors"
	"os"
	"runtime"
	"syscall"
	"unsafe"

	"runner/fmt"
)

// FilesToo says that not only commands can have a user's rights here. On Linux each thread has its own for files.
const FilesToo = true

// Run does work on a thread of its own that has the user's rights on files. The thread is used for nothing else and
// ends with its goroutine, so Run is called in one of its own.
func (r *Rights) Run(work func()) error {
	runtime.LockOSThread() // never unlocked
	groups := make([]uint32, len(r.Groups))
	for i, g := range r.Groups {
		groups[i] = uint32(g)
	}
	var list unsafe.Pointer
	if len(groups) > 0 {
		list = unsafe.Pointer(&groups[0])
	}
	// The raw call changes this thread alone; package syscall would change all.
	if _, _, no := syscall.RawSyscall(syscall.SYS_SETGROUPS, uintptr(len(groups)), uintptr(list), 0); no != 0 {
		return fmt.Errorf("the rights of %s cannot be had: %s", r.User.Name, no.Error())
	}
	r.thread = syscall.Gettid()
	defer func() { r.thread = 0 }()
	if err := r.become(); err != nil {
		return err
	}
	work()
	return nil
}

func (r *Rights) become() error { return become(r.User.UID, r.User.GID) }

// become sets whose files this thread may use. The calls tell nothing but who it was before: asking twice tells.
func become(uid, gid int) error {
	set(syscall.SYS_SETFSGID, gid)
	set(syscall.SYS_SETFSUID, uid)
	if set(syscall.SYS_SETFSGID, gid) != gid || set(syscall.SYS_SETFSUID, uid) != uid {
		return errors.New("this runner may not take the rights of another user")
	}
	return nil
}

func set(call uintptr, id int) int {
	was, _, _ := syscall.RawSyscall(call, uintptr(id), 0, 0)
	return int(was)
}

// AsRoot does work with the runner's own rights, where the thread has the user's.
func (r *Rights) AsRoot(work func()) {
	if r.thread == 0 || syscall.Gettid() != r.thread {
		work()
		return
	}
	if err := become(os.Geteuid(), os.Getegid()); err != nil {
		panic(err)
	}
	defer r.back()
	work()
}

// back gives the thread the user's rights again; without that it must do nothing more.
func (r *Rights) back() {
	if err := r.become(); err != nil {
		panic(err)
	}
}

// Do implements change.Actor: within AsRoot, one thing as the user.
func (r *Rights) Do(change func() error) error {
	if r.thread == 0 || syscall.Gettid() != r.thread {
		return errors.New("a change as another user comes from nowhere")
	}
	if err := r.become(); err != nil {
		return err
	}
	defer func() {
		if err := become(os.Geteuid(), os.Getegid()); err != nil {
			panic(err)
		}
	}()
	return change()
}

// faccessat2 asks with the rights that files are opened with; Linux has it since 5.8, with one number everywhere.
const (
	faccessat2 = 439
	atEaccess  = 0x200
	mayWrite   = 2
	mayEnter   = 1
)

// MayWrite implements change.Actor.
func (r *Rights) MayWrite(dir string) error {
	path, err := syscall.BytePtrFromString(dir)
	if err != nil {
		return err
	}
	const here = -100 // AT_FDCWD
	at := here
	_, _, no := syscall.RawSyscall6(faccessat2, uintptr(at), uintptr(unsafe.Pointer(path)), mayWrite|mayEnter, atEaccess, 0, 0)
	runtime.KeepAlive(path)
	if no != 0 {
		return &os.PathError{Op: "change", Path: dir, Err: no}
	}
	return nil
}
