package facts

import (
	"os"
	"strings"
)

func linuxDistribution() found {
	d := guessDistribution(osRelease())
	for _, f := range releaseFiles {
		info, err := os.Stat(f.path)
		if err != nil || !info.Mode().IsRegular() || info.Size() == 0 && !f.mayBeEmpty {
			continue
		}
		if f.mayBeEmpty {
			d.merge(found{"distribution": f.name, "distribution_file_path": f.path, "distribution_file_variety": f.name})
			return d
		}
		more := f.parse(f, strings.Trim(contentOf(f.path), `'"\`), d)
		if more == nil {
			continue
		}
		d.merge(found{"distribution": f.name, "distribution_file_path": f.path, "distribution_file_variety": f.name, "parsed": "yes"})
		d.merge(more)
		return d
	}
	return d
}

// guessDistribution is what os-release says, with the details that some distributions keep elsewhere.
func guessDistribution(r map[string]string) found {
	id := strings.ToLower(r["ID"])
	name := map[string]string{"amzn": "Amazon", "rhel": "Redhat", "": "OtherLinux"}[id]
	if name == "" {
		name = strings.ToUpper(id[:1]) + id[1:]
	}
	version := r["VERSION_ID"]
	switch id {
	case "debian":
		if v := contentOf("/etc/debian_version"); digit(v) {
			version = v
		}
	case "centos":
		if m := submatch(dotted, contentOf("/etc/centos-release")); m != nil {
			version = strings.Join(strings.SplitN(m[0], ".", 3)[:2], ".")
		}
	}
	d := found{"distribution": name, "distribution_version": orNA(version), "distribution_release": codename(r)}
	major, _, _ := strings.Cut(d["distribution_version"], ".")
	d["distribution_major_version"] = orNA(major)
	return d
}

func digit(s string) bool { return s != "" && s[0] >= '0' && s[0] <= '9' }

func orNA(s string) string {
	if s == "" {
		return "NA"
	}
	return s
}

// codename is the release's name: said outright, or in brackets after the version.
func codename(r map[string]string) string {
	if v, ok := r["VERSION_CODENAME"]; ok {
		return v
	}
	if v, ok := r["UBUNTU_CODENAME"]; ok {
		return v
	}
	if _, rest, ok := strings.Cut(r["VERSION"], "("); ok {
		name, _, _ := strings.Cut(rest, ")")
		return orNA(strings.TrimSpace(name))
	}
	if _, name, ok := strings.Cut(r["VERSION"], ", "); ok {
		return orNA(strings.TrimSpace(name))
	}
	return "NA"
}
