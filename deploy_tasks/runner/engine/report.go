package engine

import (
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"runner/program"
	"runner/value"
)

// hidden replaces what a task with no_log would tell.
const hidden = "hidden: no_log"

// Bounds of one event, bytes.
const (
	maxText   = 4 << 10
	maxResult = 40 << 10
	maxDiff   = 16 << 10
	maxItems  = 200
	maxDepth  = 12
)

// tell emits the event of a task's end.
func (r *run) tell(t *program.Task, start TaskStart, o outcome, status string, took time.Duration, handler bool) {
	if status != Skipped && !handler {
		r.ran++
	}
	start.Event = "task"
	end := TaskEnd{TaskStart: start, Status: status, Duration: seconds(took), Msg: cut(o.msg, maxText), Handler: handler, Where: t.Where, Line: t.Line}
	if o.hidden {
		end.Msg, end.Result = hidden, value.Raw(`{"censored":"`+hidden+`"}`)
	} else {
		shown := o.shown
		if shown == nil {
			shown = o.result
		}
		end.Result = boundedResult(shown)
		end.Diff = boundedDiff(o.diff)
	}
	r.opts.Emit(end)
}

// seconds rounds a duration to microseconds.
func seconds(d time.Duration) float64 { return math.Round(d.Seconds()*1e6) / 1e6 }

// cut shortens a text in its middle.
func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	const mark = "…[cut]…"
	head, tail := limit/2, len(s)-(limit/2-len(mark))
	for head > 0 && !utf8.RuneStart(s[head]) {
		head--
	}
	for tail < len(s) && !utf8.RuneStart(s[tail]) {
		tail++
	}
	return s[:head] + mark + s[tail:]
}

func boundedResult(d *value.Dict) value.Raw {
	if d == nil {
		return nil
	}
	for limit := maxText; limit >= 64; limit /= 4 {
		out := value.Encode(bound(d, limit, 0))
		if len(out) <= maxResult {
			return out
		}
	}
	return value.Raw(`{"truncated":true}`)
}

// bound shortens texts, lists and depth; Python's NaN and infinities become texts, as JSON has none.
func bound(v any, limit, depth int) any {
	if depth > maxDepth {
		return "…"
	}
	switch v := v.(type) {
	case string:
		return cut(v, limit)
	case *value.Dict:
		out := value.NewDict()
		for key, item := range v.All() {
			if out.Len() == maxItems {
				out.Set("…", "more")
				break
			}
			out.Set(value.Str(key), bound(item, limit, depth+1))
		}
		return out
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return value.Str(v)
		}
		return v
	}
	items, ok := value.Items(v)
	if !ok {
		return v
	}
	out := make([]any, 0, min(len(items), maxItems+1))
	for i, item := range items {
		if i == maxItems {
			return append(out, "…")
		}
		out = append(out, bound(item, limit, depth+1))
	}
	return out
}

func boundedDiff(diff []Diff) []Diff {
	var out []Diff
	left := maxDiff
	for _, d := range diff {
		if left <= 0 {
			break
		}
		d.Before, d.After = cut(d.Before, left/2), cut(d.After, left/2)
		left -= len(d.Before) + len(d.After) + 64
		out = append(out, d)
	}
	return out
}

// tail is the last ten lines that a failed task printed: of stderr, or of stdout when that is empty.
func tail(result *value.Dict) []string {
	out := []string{}
	if result == nil {
		return out
	}
	text := output(result)
	if results, ok := result.Get("results"); ok && text == "" {
		items, _ := value.Items(results)
		for _, item := range items {
			if d, ok := item.(*value.Dict); ok {
				if bad, _ := d.Get("failed"); bad == true {
					text = output(d)
					break
				}
			}
		}
	}
	if text == "" {
		return out
	}
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for _, line := range lines[max(0, len(lines)-10):] {
		out = append(out, cut(line, 500))
	}
	return out
}

func output(d *value.Dict) string {
	for _, name := range []string{"stderr", "stdout", "module_stderr"} {
		if v, _ := d.Get(name); v != nil {
			if s, ok := v.(string); ok && strings.TrimSpace(s) != "" {
				return s
			}
		}
	}
	return ""
}
