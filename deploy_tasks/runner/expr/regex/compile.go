package regex

type op int

const (
	opAccept      op = iota
	opRune           // the character r
	opSet            // one of a set
	opAny            // any character, a newline only with DotAll
	opJump           // to x
	opSplit          // try x, then y
	opSave           // the position into save n
	opAssert         // ^ $ \A \Z \b \B
	opBackref        // what group n matched
	opLook           // the program from here to x matches ahead, or behind by n characters
	opAtomic         // the program from here to x matches, once and for all
	opConditional    // to x when group n took part, else to y
	opMark           // the position into mark n
	opMoved          // fails when nothing was matched since mark n
)

type instruction struct {
	op       op
	r        rune
	set      *set
	x, y, n  int
	flags    Flags
	negative bool
	behind   bool
}

// The longest program a pattern may become.
const maxProgram = 200_000

type compiler struct {
	program []instruction
	marks   int
}

func (c *compiler) emit(i instruction) int {
	c.program = append(c.program, i)
	return len(c.program) - 1
}

func (c *compiler) here() int { return len(c.program) }

func (c *compiler) node(n *node) error {
	if len(c.program) > maxProgram {
		return &Error{"the pattern is too large", 0}
	}
	switch n.kind {
	case kindRune:
		c.emit(instruction{op: opRune, r: n.r, flags: n.flags})
	case kindSet:
		c.emit(instruction{op: opSet, set: n.set})
	case kindAny:
		c.emit(instruction{op: opAny, flags: n.flags})
	case kindAssert:
		c.emit(instruction{op: opAssert, r: n.assert, flags: n.flags})
	case kindBackref:
		c.emit(instruction{op: opBackref, n: n.group, flags: n.flags})
	case kindSequence:
		for _, part := range n.parts {
			if err := c.node(part); err != nil {
				return err
			}
		}
	case kindGroup:
		return c.group(n)
	case kindChoice:
		return c.choice(n.parts)
	case kindRepeat:
		return c.repeat(n)
	case kindLook, kindAtomic:
		return c.separate(n)
	case kindConditional:
		return c.conditional(n)
	}
	return nil
}

func (c *compiler) group(n *node) error {
	if n.group == 0 {
		return c.node(n.parts[0])
	}
	c.emit(instruction{op: opSave, n: 2 * n.group})
	if err := c.node(n.parts[0]); err != nil {
		return err
	}
	c.emit(instruction{op: opSave, n: 2*n.group + 1})
	return nil
}

func (c *compiler) choice(parts []*node) error {
	var jumps []int
	for i, part := range parts {
		split := -1
		if i < len(parts)-1 {
			split = c.emit(instruction{op: opSplit, x: c.here() + 1})
		}
		if err := c.node(part); err != nil {
			return err
		}
		if split >= 0 {
			jumps = append(jumps, c.emit(instruction{op: opJump}))
			c.program[split].y = c.here()
		}
	}
	for _, jump := range jumps {
		c.program[jump].x = c.here()
	}
	return nil
}

// separate compiles a part that runs on its own: a look, or an atomic group.
func (c *compiler) separate(n *node) error {
	i := instruction{op: opAtomic}
	if n.kind == kindLook {
		i = instruction{op: opLook, negative: n.negative, behind: n.behind}
		if n.behind {
			i.n, _ = n.parts[0].width()
		}
	}
	at := c.emit(i)
	if err := c.node(n.parts[0]); err != nil {
		return err
	}
	c.emit(instruction{op: opAccept})
	c.program[at].x = c.here()
	return nil
}

func (c *compiler) conditional(n *node) error {
	at := c.emit(instruction{op: opConditional, n: n.group, x: c.here() + 1})
	if err := c.node(n.parts[0]); err != nil {
		return err
	}
	jump := c.emit(instruction{op: opJump})
	c.program[at].y = c.here()
	if len(n.parts) > 1 {
		if err := c.node(n.parts[1]); err != nil {
			return err
		}
	}
	c.program[jump].x = c.here()
	return nil
}

func (c *compiler) repeat(n *node) error {
	if n.possessive {
		greedy := *n
		greedy.possessive = false
		return c.separate(&node{kind: kindAtomic, parts: []*node{&greedy}})
	}
	body := n.parts[0]
	for range n.min {
		if err := c.node(body); err != nil {
			return err
		}
	}
	if n.max < 0 {
		return c.endless(n, body)
	}
	var splits []int
	for range n.max - n.min {
		splits = append(splits, c.emit(instruction{op: opSplit}))
		if err := c.node(body); err != nil {
			return err
		}
	}
	for _, split := range splits {
		c.aim(split, split+1, c.here(), n.lazy)
	}
	return nil
}

// endless compiles a loop; one round that matches nothing ends it.
func (c *compiler) endless(n, body *node) error {
	start := c.emit(instruction{op: opSplit})
	low, _ := body.width()
	mark := c.marks
	if low == 0 {
		c.marks++
		c.emit(instruction{op: opMark, n: mark})
	}
	if err := c.node(body); err != nil {
		return err
	}
	if low == 0 {
		c.emit(instruction{op: opMoved, n: mark})
	}
	c.emit(instruction{op: opJump, x: start})
	c.aim(start, start+1, c.here(), n.lazy)
	return nil
}

func (c *compiler) aim(split, more, done int, lazy bool) {
	if lazy {
		more, done = done, more
	}
	c.program[split].x, c.program[split].y = more, done
}
