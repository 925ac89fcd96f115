package engine

import (
	"runner/expr"
	"runner/value"
)

// inquire has the worker look something up, once for the same question. Who performs a task for another host has the
// answers that host has got; a run that nobody has sent has none.
func (r *run) inquire(s *scope, kind string, terms []any, options *value.Dict) (*value.Dict, error) {
	question := expr.Question(kind, terms, options)
	if _, known := r.asked.Get(question); known {
		return dictIn(r.asked, question), nil
	}
	if v, ok, err := s.Lookup(expr.AskedName); ok && err == nil {
		if given, ok := v.(*value.Dict); ok {
			if _, known := given.Get(question); known {
				return dictIn(given, question), nil
			}
		}
	}
	if r.opts.Ask == nil {
		return nil, nil
	}
	answer, err := r.ask("lookup", "lookup", kind, "terms", terms, "options", options)
	if err != nil {
		return nil, err
	}
	r.asked = merged(r.asked, value.DictOf(question, answer.All()))
	return answer.All(), nil
}

// lookAhead evaluates the lookups in a value that another host is going to evaluate, so that the answers are known. One
// that cannot be evaluated here is an error there.
func lookAhead(v any, s *scope) {
	switch v := v.(type) {
	case *value.Dict:
		if v != nil {
			for _, item := range v.Values() {
				lookAhead(item, s)
			}
		}
	case []any:
		if isLookup(v) {
			_, _ = expr.Eval(v, s)
			return
		}
		for _, item := range v {
			lookAhead(item, s)
		}
	}
}

// isLookup says whether a tree is the call of a lookup.
func isLookup(node []any) bool {
	if len(node) < 3 || node[0] != "call" {
		return false
	}
	of, _ := node[1].([]any)
	return len(of) == 2 && of[0] == "var" && (of[1] == "lookup" || of[1] == "query" || of[1] == "q")
}
