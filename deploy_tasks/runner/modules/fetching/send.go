package fetching

import (
	"errors"

	"runner/base64"
	"runner/module"
	"runner/modules/kit"
	"runner/value"
)

var errAgain = errors.New("the worker does not know the upload")

// ask puts one question about the file.
func (f *file) ask(do string, pairs ...any) (*value.Dict, error) {
	fields := value.DictOf(pairs...)
	fields.Set("do", do)
	return f.c.Ask("fetch", fields)
}

// send sends as many bytes as were measured, each piece when the one before has arrived, and says which they were. The
// answer is `again` when another worker has taken over in between.
func (f *file) send(upload string) (*value.Dict, error) {
	at := int64(0)
	sums, _, err := f.read(f.size, func(piece []byte) error {
		answer, err := f.ask("piece", "upload", upload, "at", at, "data", value.Raw(`"`+base64.EncodeToString(piece)+`"`))
		if err != nil {
			return err
		}
		if _, again := answer.Get("again"); again {
			return errAgain
		}
		at += int64(len(piece))
		return nil
	}, "sha256")
	if errors.Is(err, errAgain) {
		return value.DictOf("again", true), nil
	}
	if err != nil {
		return nil, errors.New(kit.Reason(err))
	}
	return f.ask("end", "upload", upload, "sha256", sums.Sums()[0], "validate", f.p.Flag("validate_checksum"))
}

// ended makes the result of what the worker says of the file in its place.
func (f *file) ended(answer *value.Dict) module.Result {
	changed, _ := answer.Get("changed")
	r := module.Result{Changed: changed == true}
	if r.Msg = text(answer, "failed"); r.Msg != "" {
		r.Failed = true
	}
	if _, arrived := answer.Get("checksum"); !arrived {
		return r
	}
	r.Data = kit.Dict()
	for _, name := range []string{"md5sum", "dest", "checksum"} {
		v, _ := answer.Get(name)
		r.Data.Set(name, v)
	}
	if r.Changed || r.Failed {
		r.Data.Set("remote_md5sum", nil)
		r.Data.Set("remote_checksum", f.sum)
	}
	if !r.Changed {
		r.Data.Set("file", f.source)
	}
	return r
}

func text(d *value.Dict, key string) string {
	v, _ := d.Get(key)
	s, _ := v.(string)
	return s
}
