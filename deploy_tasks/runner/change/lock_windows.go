package change

// lockAccounts has nothing to lock.
func lockAccounts() (unlock func(), err error) { return func() {}, nil }
