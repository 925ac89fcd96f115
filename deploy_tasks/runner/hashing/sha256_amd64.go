package hashing

// fast says whether the processor has instructions for SHA-256, and those that its code needs besides.
var fast = func() bool {
	most, _, _, _ := cpuid(0, 0)
	_, _, features, _ := cpuid(1, 0)
	const ssse3, sse41 = 1 << 9, 1 << 19
	if most < 7 || features&ssse3 == 0 || features&sse41 == 0 {
		return false
	}
	_, extended, _, _ := cpuid(7, 0)
	return extended&(1<<29) != 0
}()

// fastSHA256 mixes whole blocks with the processor's own instructions, if it has them.
func fastSHA256(to *[8]uint32, p []byte) bool {
	if fast && len(p) > 0 {
		sha256blocks(to, &roots32, &p[0], len(p)/64)
	}
	return fast
}

func cpuid(leaf, sub uint32) (a, b, c, d uint32)

//go:noescape
func sha256blocks(to *[8]uint32, k *[64]uint32, p *byte, blocks int)
