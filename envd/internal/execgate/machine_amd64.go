package execgate

const (
	sysMemfdCreate = 319
	sysExecveat    = 322
	sysExecve32    = 11 // of 32-bit programs
)
