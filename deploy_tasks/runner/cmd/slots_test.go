//go:build unix

package cmd_test

import (
	"testing"

	"runner/testkit"
)

func TestASlotIsAskedForAndGivenBack(t *testing.T) {
	m := newMachine(t)
	two := object{"$": []any{"+", []any{"lit", 1}, []any{"lit", 1}}}
	a := m.link(nil, sh("all", "echo x >> "+m.path("log"), object{"throttle": two, "loop": []any{"a", "b"}}))
	c := m.start(a, "d1", 1, 1, nil)
	slot := c.until("ask")
	if slot["kind"] != "slot" || slot["task"] != "all" || slot["key"] != "all" || slot["most"] != 2.0 {
		t.Fatalf("%v", slot)
	}
	if m.read("log") == "x\nx\n" {
		t.Error("it did not wait for its slot")
	}
	c.reply(slot, object{"do": "perform"})
	done := c.until("ask")
	if done["kind"] != "done" || done["key"] != slot["key"] || done["failed"] != false || m.read("log") != "x\nx\n" {
		t.Fatalf("%v, log %s", done, m.read("log"))
	}
	c.reply(done, nil)
	summary, status := c.end()
	expect(t, summary, status, "succeeded", 0)
}

func TestAFailureIsToldWithTheSlotUnlessItIsIgnored(t *testing.T) {
	m := newMachine(t)
	a := m.link(nil, sh("ignored", "false", object{"serial": 1, "ignore_errors": true}), sh("bad", "false", object{"serial": 1}))
	c := m.start(a, "d1", 1, 1, nil)
	for _, failed := range []bool{false, true} {
		c.reply(c.until("ask"), object{"do": "perform"})
		done := c.until("ask")
		if done["kind"] != "done" || done["failed"] != failed {
			t.Errorf("%v", done)
		}
		c.reply(done, nil)
	}
	summary, status := c.end()
	expect(t, summary, status, "rolled_back", 1)
}

func TestWhatIsStoppedIsNotBegun(t *testing.T) {
	m := newMachine(t)
	a := m.link(nil, sh("one", "touch "+m.path("never"), object{"serial": 1}))
	c := m.start(a, "d1", 1, 1, nil)
	c.reply(c.until("ask"), object{"stop": "it failed on web1"})
	summary, status := c.end()
	expect(t, summary, status, "rolled_back", 1)
	if msg := summary["error"].(object)["msg"]; msg != "serial: not begun on this host: it failed on web1" || m.read("never") == "" {
		t.Errorf("%v, %s", msg, m.read("never"))
	}
}

// A handler that is not due passes its turn, in every flush of its own.
func TestAHandlerThatIsNotDuePassesItsTurn(t *testing.T) {
	m := newMachine(t)
	flush := testkit.Task("flush", "meta", object{"_raw_params": "flush_handlers"})
	play := object{"name": "play", "tasks": []any{flush, sh("change", "true", object{"notify": []any{"restart"}})},
		"handlers": []any{sh("restart", "true", object{"serial": 1})}}
	a, err := testkit.Link(built, object{"name": "test", "plays": []any{play}}, nil)
	m.must(err)
	c := m.start(a, "d1", 1, 1, nil)
	for _, want := range []object{{"kind": "passed", "key": "restart@flush"}, {"kind": "slot", "key": "restart@end"}, {"kind": "done", "key": "restart@end"}} {
		asked := c.until("ask")
		if asked["kind"] != want["kind"] || asked["key"] != want["key"] {
			t.Errorf("%v, want %v", asked, want)
		}
		c.reply(asked, object{"do": "perform"})
	}
	summary, status := c.end()
	expect(t, summary, status, "succeeded", 0)
}

func TestAloneNobodyIsAskedForASlot(t *testing.T) {
	m := newMachine(t)
	a := m.link(nil, sh("one", "true", object{"throttle": 1}), sh("two", "true", object{"serial": 1}))
	c := m.start(a, "d1", 1, 1, object{"alone": true})
	summary, status := c.end()
	expect(t, summary, status, "succeeded", 0)
}
