package expr

import (
	"os"
	"testing"
)

// The cases are of all filters.
func TestMain(m *testing.M) {
	UseAddresses()
	UseLookups()
	UsePasswords()
	UseQueries()
	UseRare()
	UseYAML()
	os.Exit(m.Run())
}
