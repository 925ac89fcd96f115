package containers

import (
	"os"
	"path/filepath"
	"strings"

	"runner/base64"
	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
	"runner/record"
	"runner/value"
)

const maxConfig = 4 << 20

// credentials are those that docker login has left for a registry, as a header has them; empty when there are none.
func credentials(c *module.Call, registry string) (string, error) {
	config, err := clientConfig(c)
	if err != nil || config == nil {
		return "", err
	}
	if helper := helperFor(config, registry); helper != "" {
		return fromHelper(c, helper, registry)
	}
	for address, entry := range dictAt(config, "auths").All() {
		if hostOf(value.Str(address)) != registry {
			continue
		}
		found := record.Of(entry)
		if token := found.Text("identitytoken"); token != "" {
			return header(kit.Dict("IdentityToken", token)), nil
		}
		login, err := base64.DecodeString(found.Text("auth"))
		user, password, ok := strings.Cut(string(login), ":")
		if err != nil || !ok {
			return "", nil
		}
		return header(kit.Dict("username", user, "password", password, "serveraddress", address)), nil
	}
	return "", nil
}

// clientConfig is the file in which the docker command keeps what it was told, nil where there is none.
func clientConfig(c *module.Call) (*value.Dict, error) {
	folder := kit.Environ(c.Env, "DOCKER_CONFIG")
	if folder == "" {
		folder = filepath.Join(kit.Environ(c.Env, "HOME"), ".docker")
	}
	path := filepath.Join(folder, "config.json")
	if _, err := os.Stat(path); err != nil {
		return nil, nil
	}
	text, err := readText(path, maxConfig)
	if err != nil {
		return nil, err
	}
	v, err := value.Decode(text)
	d, _ := v.(*value.Dict)
	if err != nil || d == nil {
		return nil, fmt.Errorf("%s is no JSON object", path)
	}
	return d, nil
}

// hostOf is the host of a registry's address.
func hostOf(address string) string {
	address = strings.TrimPrefix(strings.TrimPrefix(address, "https://"), "http://")
	host, _, _ := strings.Cut(address, "/")
	if host == "index."+hub {
		host = hub
	}
	return host
}

const hubAddress = "https://index.docker.io/v1/"

// helperFor is the name of the program that keeps a registry's credentials.
func helperFor(config *value.Dict, registry string) string {
	if registry == hub {
		registry = hubAddress
	}
	if name, ok := got(dictAt(config, "credHelpers"), registry).(string); ok {
		return name
	}
	name, _ := got(config, "credsStore").(string)
	return name
}

func fromHelper(c *module.Call, helper, registry string) (string, error) {
	if registry == hub {
		registry = hubAddress
	}
	tools := kit.Tools{Call: c}
	program, err := tools.Require("docker-credential-" + filepath.Base(helper))
	if err != nil {
		return "", err
	}
	out, err := tools.Run([]string{program, "get"}, registry+"\n")
	if err != nil {
		return "", err
	}
	v, err := value.Decode([]byte(out.Stdout))
	if out.Code != 0 || err != nil {
		return "", nil // it knows none: the registry may let anyone read
	}
	found := record.Of(v)
	if found.Text("Username") == "<token>" {
		return header(kit.Dict("ServerAddress", registry, "IdentityToken", found.Text("Secret"))), nil
	}
	return header(kit.Dict("ServerAddress", registry, "Username", found.Text("Username"), "Password", found.Text("Secret"))), nil
}

// header writes credentials for a request.
func header(v *value.Dict) string {
	return strings.NewReplacer("+", "-", "/", "_").Replace(base64.EncodeToString(value.Encode(v)))
}
