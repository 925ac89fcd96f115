package accounts

import (
	"strings"
	"testing"

	"runner/modules/kit"
	"runner/modules/moduletest"
)

func params(t *testing.T, spec kit.Spec, pairs ...any) *kit.Params {
	t.Helper()
	p, err := spec.Parse("module", moduletest.New(t).Call(false, pairs...))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestGroupTool(t *testing.T) {
	for _, test := range []struct {
		there bool
		want  string
		args  []any
	}{
		{false, "groupadd staff", []any{"name", "staff"}},
		{false, "groupadd -g 70 -o -r staff", []any{"name", "staff", "gid", 70, "non_unique", true, "system", true}},
		{false, "groupadd -K GID_MIN=5 -K GID_MAX=9 staff", []any{"name", "staff", "gid_min", 5, "gid_max", 9}},
		{true, "", []any{"name", "staff", "gid", 50}},
		{true, "groupmod -g 51 staff", []any{"name", "staff", "gid", 51}},
		{true, "groupdel staff", []any{"name", "staff", "state", "absent"}},
		{true, "groupdel -f staff", []any{"name", "staff", "state", "absent", "force", true}},
		{false, "", []any{"name", "staff", "state", "absent"}},
	} {
		got := strings.Join(groupTool(params(t, groupSpec, test.args...), team{"staff", 50, nil}, test.there), " ")
		if got != test.want {
			t.Errorf("%v: %q, wanted %q", test.args, got, test.want)
		}
	}
}

func TestUserArgs(t *testing.T) {
	now := account{"ada", "!$6$x", 5000, 5000, "Ada", "/home/ada", "/bin/sh"}
	for _, test := range []struct {
		want string
		args []any
	}{
		{"", nil},
		{"", []any{"uid", 5000, "comment", "Ada", "home", "/home/ada", "shell", "/bin/sh", "password_lock", true, "expires", -1}},
		{"-u 1 -o", []any{"uid", 1, "non_unique", true}},
		{"-c A -d /a -s /b", []any{"comment", "A", "home", "/a", "shell", "/b"}},
		{"-e 1970-01-03", []any{"expires", 2*86400 + 5}},
		{"-U", []any{"password_lock", false}},
		{"", []any{"password_lock", false, "password", "$6$y"}},
		{"-f 3", []any{"password_expire_account_disable", 3}},
	} {
		task := &userTask{p: params(t, userSpec, append([]any{"name", "ada"}, test.args...)...), name: "ada", now: now, there: true,
			shadow: shadow{expire: -1}}
		argv, err := task.modArgs()
		if got := strings.Join(argv, " "); err != nil || got != test.want {
			t.Errorf("%v: %q %v, wanted %q", test.args, got, err, test.want)
		}
	}
}

func TestPasswords(t *testing.T) {
	for _, test := range []struct {
		now, want, update string
		set               bool
	}{
		{"$6$a", "$6$a", "always", false},
		{"!$6$a", "$6$a", "always", false},
		{"$6$a", "$6$b", "always", true},
		{"$6$a", "$6$b", "on_create", false},
	} {
		p := params(t, userSpec, "name", "ada", "password", test.want, "update_password", test.update)
		task := &userTask{p: p, now: account{password: test.now}, there: true}
		if task.wantsPassword() != test.set {
			t.Errorf("%v: %v", test, !test.set)
		}
	}
	for password, good := range map[string]bool{"open": false, "!": true, "*": true, "$6$salt$" + strings.Repeat("a", 86): true,
		"$6$salt$short": false, "$y$j9T$salt$" + strings.Repeat("b", 43): true, "$5$salt$" + strings.Repeat("-", 43): false,
		"$new$salt$anything": true, "$6$with:colon": false} {
		if hashed(password) != good {
			t.Errorf("%q: hashed is %v", password, !good)
		}
	}
}

func TestAgeing(t *testing.T) {
	p := params(t, userSpec, "name", "a", "password_expire_max", 90, "password_expire_min", 1, "password_expire_warn", 7)
	got := strings.Join(ageArgs(p, shadow{min: 1, max: 99999, warn: -1}), " ")
	if got != "-M 90 -W 7" {
		t.Error(got)
	}
	if argv := ageArgs(p, shadow{min: 1, max: 90, warn: 7}); argv != nil {
		t.Error(argv)
	}
}

func TestSettings(t *testing.T) {
	text := "# HOME_MODE 0777\nUMASK\t\t027\nMAIL_DIR        /var/mail\nUMASK_NOT 1\n"
	if got := setting(text, "MAIL_DIR"); got != "/var/mail" {
		t.Error(got)
	}
	if mode, known := homeMode(text); mode != 0o750 || !known {
		t.Errorf("%o %v", mode, known)
	}
	if mode, _ := homeMode(text + "HOME_MODE 0700\n"); mode != 0o700 {
		t.Errorf("%o", mode)
	}
	if got := defaultHomes("# HOME=/no\nHOME=/srv/homes\n"); got != "/srv/homes" {
		t.Error(got)
	}
	if got := othersHome("a:x:1:1::/srv/a:/bin/sh\nb:x:2:2::/srv/b/in:/bin/sh\n", "/srv/b"); got != "b" {
		t.Errorf("%q lives there", got)
	}
	if got := othersHome("a:x:1:1::/srv/ab:/bin/sh\n", "/srv/a"); got != "" {
		t.Errorf("%q lives there", got)
	}
}

func TestRefusedAccounts(t *testing.T) {
	h := moduletest.New(t)
	moduletest.Fails(t, h.Run("user", "name", "-r"), "name must be the name of an account")
	moduletest.Fails(t, h.Run("user", "name", "a:b"), "name must be the name of an account")
	moduletest.Fails(t, h.Run("user", "name", "a", "local", true), "local: true is not supported")
	moduletest.Fails(t, h.Run("user", "name", "a", "password", "x\nroot::0"), "no line break")
	moduletest.Fails(t, h.Run("user", "name", "a", "role", "r"), "role is not supported")
	moduletest.Fails(t, h.Run("group", "name", "a", "local", true), "local: true is not supported")
	moduletest.Fails(t, h.Run("group", "name", "a", "non_unique", true), "non_unique is True but all of the following are missing: gid")
}
