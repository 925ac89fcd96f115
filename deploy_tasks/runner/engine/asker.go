package engine

import (
	"context"
	"errors"

	"runner/value"
)

// Asker puts a question to whoever runs this program on many hosts, and waits for the answer. An error of the answer
// is the caller's word; ErrUnanswered means that there is none any more.
type Asker func(ctx context.Context, kind string, fields *value.Dict) (*value.Dict, error)

// ErrUnanswered is the cause of a run that cannot go on: the caller went away while it waited for an answer.
var ErrUnanswered = errors.New("the caller went away before it answered")
