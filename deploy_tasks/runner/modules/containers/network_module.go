package containers

import (
	"slices"
	"strings"

	"runner/change"
	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
	"runner/record"
	"runner/value"
)

func init() {
	module.Register("docker_network", dockerNetwork)
	change.RegisterKind(networkKind, networkThings{})
}

const networkKind = "network"

var networkModuleSpec = kit.Spec{Args: []kit.Arg{
	{Name: "name", Required: true, Aliases: []string{"network_name"}},
	{Name: "state", Default: "present", Choices: []string{"absent", "present"}},
	{Name: "appends", Kind: kit.Bool, Default: false, Aliases: []string{"incremental"}},
	{Name: "attachable", Kind: kit.Bool},
	{Name: "connected", Kind: kit.List, Aliases: []string{"containers"}},
	{Name: "driver", Default: "bridge"},
	{Name: "driver_options", Kind: kit.Raw},
	{Name: "enable_ipv4", Kind: kit.Bool},
	{Name: "enable_ipv6", Kind: kit.Bool},
	{Name: "force", Kind: kit.Bool, Default: false},
	{Name: "internal", Kind: kit.Bool},
	{Name: "ipam_config", Kind: kit.Raw},
	{Name: "ipam_driver"},
	{Name: "ipam_driver_options", Kind: kit.Raw},
	{Name: "labels", Kind: kit.Raw},
	{Name: "config_only", Kind: kit.Bool}, // these three are only what they are without being said
	{Name: "ingress", Kind: kit.Bool},
	{Name: "scope", Choices: []string{"local"}},
}, Shared: [][]kit.Arg{connectArgs}}

var poolSpec = kit.Spec{Args: []kit.Arg{{Name: "subnet"}, {Name: "iprange"}, {Name: "gateway"}, {Name: "aux_addresses", Kind: kit.Raw}}}

// poolFields are the fields of a pool of addresses, as Ansible and as the engine name them.
var poolFields = []struct{ option, field string }{{"subnet", "Subnet"}, {"iprange", "IPRange"}, {"gateway", "Gateway"}, {"aux_addresses", "AuxiliaryAddresses"}}

// flags of a network, as Ansible and as the engine name them.
var networkFlags = []struct{ option, field string }{{"enable_ipv4", "EnableIPv4"}, {"enable_ipv6", "EnableIPv6"}, {"internal", "Internal"},
	{"attachable", "Attachable"}}

func dockerNetwork(c *module.Call) module.Result {
	r, err := newResource(c, &networkModuleSpec, "docker_network", "network", "name")
	if err != nil {
		return kit.Failure(err)
	}
	if r.p.Str("state") == "absent" {
		r.diff.add("exists", false, r.has != nil)
		return r.result(r.removeNetwork(), nil)
	}
	different, err := r.presentNetwork()
	return r.result(err, different)
}

// networkWish is what a task wants of a network: what is compared, and what the engine is told.
type networkWish struct {
	body                   *value.Dict
	options, labels, ipamo *value.Dict
	pools                  []*value.Dict
}

func (r *resource) networkWish() (w networkWish, err error) {
	if w.options, err = r.option("driver_options", plainTexts); err != nil {
		return w, err
	}
	if w.labels, err = r.option("labels", textual); err != nil {
		return w, err
	}
	if w.ipamo, err = r.option("ipam_driver_options", textual); err != nil {
		return w, err
	}
	w.body = kit.Dict("Name", r.name, "Driver", r.p.Str("driver"), "Options", dictOr(w.options), "Labels", dictOr(w.labels), "CheckDuplicate", true)
	if r.p.Has("enable_ipv4") {
		if err := r.e.needs("1.47", "enable_ipv4"); err != nil {
			return w, err
		}
	}
	for _, flag := range networkFlags {
		if r.p.Has(flag.option) {
			w.body.Set(flag.field, r.p.Flag(flag.option))
		}
	}
	pools := []any{}
	_, err = eachOf(&job{c: r.c, p: r.p, e: r.e}, r.p.Raw("ipam_config"), "ipam_config", poolSpec, func(p *kit.Params) (any, error) {
		pool, told := kit.Dict(), kit.Dict()
		for _, each := range poolFields {
			if v := p.Raw(each.option); v != nil {
				pool.Set(each.option, v)
				told.Set(each.field, v)
			}
		}
		w.pools, pools = append(w.pools, pool), append(pools, told)
		return nil, validSubnet(p.Str("subnet"))
	})
	if r.p.Has("ipam_driver") || w.ipamo != nil || len(pools) > 0 {
		ipam := kit.Dict("Config", pools, "Options", dictOr(w.ipamo))
		if r.p.Has("ipam_driver") {
			ipam.Set("Driver", r.p.Str("ipam_driver"))
		}
		w.body.Set("IPAM", ipam)
	}
	return w, err
}

// validSubnet is an error for what is no network in the notation with a slash.
func validSubnet(text string) error {
	address, size, ok := strings.Cut(text, "/")
	n, err := kit.ToInt(size)
	four := strings.Trim(address, "0123456789.") == "" && strings.Count(address, ".") == 3 && n <= 32
	six := strings.Trim(address, hexDigits+":") == "" && strings.Contains(address, ":") && n <= 129
	if !ok || err != nil || n < 0 || !four && !six {
		return fmt.Errorf("\"%s\" is not a valid CIDR", text)
	}
	return nil
}

// differing are the wishes that the network that is there does not fulfil.
func (w networkWish) differing(r *resource) (different differences) {
	if driver := r.p.Str("driver"); driver != got(r.has, "Driver") {
		different.add("driver", driver, got(r.has, "Driver"))
	}
	different.lacking("driver_options", w.options, dictAt(r.has, "Options"))
	ipam := dictAt(r.has, "IPAM")
	if driver := r.p.Str("ipam_driver"); driver != "" && driver != got(ipam, "Driver") {
		different.add("ipam_driver", driver, ipam)
	}
	if options := dictAt(ipam, "Options"); w.ipamo != nil && !value.Equal(w.ipamo, options) {
		different.add("ipam_driver_options", w.ipamo, options)
	}
	for i, pool := range w.pools {
		comparePool(&different, i, pool, poolsOf(ipam))
	}
	for _, flag := range networkFlags {
		if now := value.Truthy(got(r.has, flag.field)); r.p.Has(flag.option) && r.p.Flag(flag.option) != now {
			different.add(flag.option, r.p.Flag(flag.option), now)
		}
	}
	different.lacking("labels", w.labels, dictAt(r.has, "Labels"))
	return different
}

// poolsOf are a network's pools of addresses, in Ansible's words.
func poolsOf(ipam *value.Dict) []*value.Dict {
	var out []*value.Dict
	for _, each := range record.Of(ipam).Records("Config") {
		pool := kit.Dict()
		for _, f := range poolFields {
			if v := each.Value(f.field); v != nil {
				pool.Set(f.option, v)
			}
		}
		out = append(out, pool)
	}
	return out
}

func comparePool(different *differences, i int, want *value.Dict, has []*value.Dict) {
	if slices.ContainsFunc(has, func(pool *value.Dict) bool { return within(want, pool) }) {
		return
	}
	for _, key := range want.Keys() {
		different.add(fmt.Sprintf("ipam_config[%d].%s", i, key), got(want, key), nil)
	}
}

func (r *resource) presentNetwork() (differences, error) {
	w, err := r.networkWish()
	if err != nil {
		return nil, err
	}
	wanted := r.p.List("connected")
	if r.has != nil && len(wanted) == 0 {
		wanted = members(r.has)
	}
	var different differences
	if r.has != nil {
		different = w.differing(r)
	}
	r.diff.add("exists", true, r.has != nil)
	var idle []*value.Dict
	if r.p.Flag("force") || len(different) > 0 {
		if idle, err = r.idle(); err != nil {
			return nil, err
		}
		if err := r.removeNetwork(); err != nil {
			return nil, err
		}
		r.has = nil
	}
	if r.has == nil {
		if err := r.createNetwork(w); err != nil {
			return nil, err
		}
	}
	for _, box := range idle {
		if err := r.rejoin(box); err != nil {
			return nil, err
		}
	}
	return different, r.connectAll(wanted)
}

// members are the names of the containers in a network.
func members(network *value.Dict) []string {
	var out []string
	for _, v := range dictAt(network, "Containers").Values() {
		out = append(out, record.Of(v).Text("Name"))
	}
	slices.Sort(out)
	return out
}

func (r *resource) createNetwork(w networkWish) error {
	r.said("Created network %s with driver %s", r.name, r.p.Str("driver"))
	err := r.set(networkKind, r.name, func() error {
		told, err := r.e.postJSON("/networks/create", w.body)
		if text := record.Of(told).Text("Warning"); text != "" {
			r.warnings = append(r.warnings, "Docker warning: "+text)
		}
		return err
	})
	if err == nil && !r.c.Check {
		r.has, err = r.look()
	}
	return err
}

// connectAll connects containers that are there, and without appends disconnects all others.
func (r *resource) connectAll(wanted []string) error {
	var there []string
	if r.has != nil {
		there = members(r.has)
	}
	for _, name := range wanted {
		box, err := r.e.container(name)
		if err != nil {
			return err
		}
		if box == nil || slices.Contains(there, name) {
			continue
		}
		if err := r.set(boxKind, nameOf(box), func() error { return r.e.attach(idOf(box), r.name, nil) }); err != nil {
			return err
		}
		r.said("Connected container %s", name)
		r.diff.add("connected."+name, true, false)
	}
	for _, name := range there {
		if !r.p.Flag("appends") && !slices.Contains(wanted, name) {
			if err := r.disconnect(name); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *resource) disconnect(box string) error {
	err := r.set(boxKind, box, func() error {
		_, err := r.e.postJSON(r.path()+"/disconnect", kit.Dict("Container", box, "Force", true))
		return err
	})
	r.said("Disconnected container %s", box)
	r.diff.add("connected."+box, false, true)
	return err
}

// idle are the containers of the network that do not run: the engine does not tell of them with it, and remembers its id,
// so that none of them could start again in a network made anew.
func (r *resource) idle() ([]*value.Dict, error) {
	if r.has == nil {
		return nil, nil
	}
	list, err := r.e.get("/containers/json", "all", "1")
	if err != nil {
		return nil, err
	}
	var out []*value.Dict
	for _, each := range record.Of(kit.Dict("all", list)).Records("all") {
		end := dictAt(dictAt(each.Dict("NetworkSettings"), "Networks"), value.Str(got(r.has, "Name")))
		if got(end, "NetworkID") != got(r.has, "Id") {
			continue
		}
		box, err := r.e.container(each.Text("Id"))
		if err != nil {
			return nil, err
		}
		if box != nil && stateOf(box) == stopped {
			out = append(out, box)
		}
	}
	return out, nil
}

// rejoin brings a container that does not run into the network made anew, with the address that it had where there is one.
func (r *resource) rejoin(box *value.Dict) error {
	return r.set(boxKind, nameOf(box), func() error {
		err := r.e.attach(idOf(box), r.name, dictAt(dictAt(recipe(box), "ends"), r.name))
		if err != nil {
			err = r.e.attach(idOf(box), r.name, nil)
		}
		return err
	})
}

// removeNetwork removes the network; containers leave it before, each journalled, so that an undo brings them back in.
func (r *resource) removeNetwork() error {
	if r.has == nil {
		return nil
	}
	for _, box := range members(r.has) {
		if err := r.disconnect(box); err != nil {
			return err
		}
	}
	idle, err := r.idle()
	if err != nil {
		return err
	}
	for _, box := range idle {
		if err := r.set(boxKind, nameOf(box), func() error { return r.e.disconnect(idOf(box), r.name) }); err != nil {
			return err
		}
	}
	r.said("Removed network %s", r.name)
	return r.set(networkKind, r.name, func() error {
		_, err := r.e.remove(r.path())
		return err
	})
}

// networkThings is the kind of networks; who is in one belongs to the containers.
type networkThings struct{}

// Inspect implements change.Kind.
func (networkThings) Inspect(_ change.Tools, name string) (any, error) {
	t := thingNamed(name)
	network, err := t.engine().network(t.name)
	if err != nil || network == nil {
		return nil, err
	}
	out := kit.Dict()
	for _, key := range []string{"Driver", "EnableIPv4", "EnableIPv6", "Internal", "Attachable", "Ingress", "ConfigOnly", "Options", "Labels"} {
		out.Set(key, got(network, key))
	}
	ipam := dictAt(network, "IPAM")
	out.Set("IPAM", solid(kit.Dict("Driver", got(ipam, "Driver"), "Options", got(ipam, "Options"), "Config", got(ipam, "Config"))))
	return solid(out), nil
}

// Restore implements change.Kind.
func (networkThings) Restore(_ change.Tools, name string, before, now any) error {
	t := thingNamed(name)
	e := t.engine()
	if now != nil {
		if _, err := e.remove("/networks/" + named(t.name)); err != nil {
			return err
		}
	}
	was, ok := before.(*value.Dict)
	if !ok {
		return nil
	}
	body := was.Copy()
	body.Set("Name", t.name)
	body.Set("CheckDuplicate", true)
	_, err := e.postJSON("/networks/create", body)
	return err
}
