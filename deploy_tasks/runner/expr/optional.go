package expr

// Filters and lookups that few programs name are linked only into runners whose program does: each of these functions is
// called by a package of its own below this one, which compiler/parts.py names, and what nothing calls is not linked.

// UseAddresses adds the filters of addresses and networks.
func UseAddresses() { filters = append(filters, ipFilters) }

// UseLookups adds the lookups that go through several lists, make numbers, choose by chance or find names of variables.
func UseLookups() {
	more := map[string]func(*call) ([]any, error){"indexed_items": lookupIndexed,
		"inventory_hostnames": lookupInventoryHostnames, "nested": lookupNested,
		"random_choice": lookupRandomChoice, "sequence": lookupSequence, "subelements": lookupSubelements,
		"together": lookupTogether, "varnames": lookupVarNames}
	for name, run := range more {
		lookups[name] = run
	}
}

// UsePasswords adds the filter that hashes passwords.
func UsePasswords() { filters = append(filters, passwordFilters) }

// UseQueries adds the filter that asks JMESPath expressions.
func UseQueries() { filters = append(filters, queryFilters) }

// UseRare adds filters of several kinds that are small each and rare all of them.
func UseRare() {
	filters = append(filters, rareNumberFilters, rareTextFilters, randomFilters, sizeFilters, urlFilters, windowsFilters, wrapFilters)
}

// UseTables adds the lookups of values in INI and CSV files.
func UseTables() { lookups["csvfile"], lookups["ini"] = lookupCSV, lookupINI }

// UseYAML adds the filters that write and read YAML.
func UseYAML() { filters = append(filters, yamlFilters) }
