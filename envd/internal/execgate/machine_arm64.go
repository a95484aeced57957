package execgate

const (
	sysMemfdCreate = 279
	sysExecveat    = 281
	sysExecve32    = -1
)
