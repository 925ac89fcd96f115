package expr

// Filters and lookups that few programs name are linked only into runners whose program does: each of these functions is called by a
// package of its own below this one, which compiler/parts.py names, and what nothing calls is not linked.

// UseAddresses adds the filters of addresses and networks.
func UseAddresses() { filters = append(filters, ipFilters) }

// UseLookups adds the lookups that few programs have.
func UseLookups() { lookups["inventory_hostnames"] = lookupInventoryHostnames }

// UsePasswords adds the filter that hashes passwords.
func UsePasswords() { filters = append(filters, passwordFilters) }

// UseQueries adds the filter that asks JMESPath expressions.
func UseQueries() { filters = append(filters, queryFilters) }

// UseYAML adds the filters that write and read YAML.
func UseYAML() { filters = append(filters, yamlFilters) }
