//go:build !amd64

package hashing

// fastSHA256 says that there is no faster way here.
func fastSHA256(*[8]uint32, []byte) bool { return false }
