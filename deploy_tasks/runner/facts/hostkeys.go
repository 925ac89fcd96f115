package facts

import (
	"strings"
)

// hostKeys are the public keys of the SSH server, from the first folder that has any.
func hostKeys(g *gathering) {
	for _, dir := range []string{"/etc/ssh", "/etc/openssh", "/etc"} {
		found := false
		for _, kind := range []string{"dsa", "rsa", "ecdsa", "ed25519"} {
			words := strings.Fields(contentOf(dir + "/ssh_host_" + kind + "_key.pub"))
			if len(words) < 2 {
				continue
			}
			g.set("ssh_host_key_"+kind+"_public", words[1])
			g.set("ssh_host_key_"+kind+"_public_keytype", words[0])
			found = true
		}
		if found {
			return
		}
	}
}
