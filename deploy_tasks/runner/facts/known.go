package facts

// Subsets are the names that facts are asked for by.
func Subsets() []string {
	names := []string{"all", "min"}
	for _, c := range collectors {
		names = append(names, c.name)
	}
	return names
}

// Known tells whether facts can be asked for by a name: a subset's, or a fact's.
func Known(name string) bool { return name == "all" || name == "min" || find(name) != nil }

// Nearest is the subset or fact that differs least from a name; "" when none is like it.
func Nearest(name string) string {
	near, least := "", min(3, len(name)/2+1)
	for _, known := range append(Subsets(), subsetNames()...) {
		if n := distance(name, known); n < least {
			near, least = known, n
		}
	}
	return near
}

// distance is how many letters have to be put in, taken out or changed to make one name of the other.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			changed := before
			if a[i] != b[j] {
				changed++
			}
			before = row[j+1]
			row[j+1] = min(changed, before+1, row[j]+1)
		}
	}
	return row[len(b)]
}
