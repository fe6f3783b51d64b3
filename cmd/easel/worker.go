package main

import (
	"context"
	"fmt"
)

type workerCommand struct {
	workFlags
}

// Run draws for the servers that share a NATS server.
func (c *workerCommand) Run(ctx context.Context) error {
	if c.Nats == "" {
		return fmt.Errorf("--nats is missing: a worker draws for the servers that keep their state on a NATS server")
	}
	log := newLog()
	data, err := c.dataDir()
	if err != nil {
		return err
	}
	state, err := c.openJournal(ctx, data, "", log)
	if err != nil {
		return err
	}
	defer state.Close()
	dirs, err := c.models()
	if err != nil {
		return err
	}
	version, err := versionID(dirs)
	if err != nil {
		return err
	}
	return newStudio(c.workFlags, dirs, identity(c.Name, version), state.Ports(), log).Run(ctx)
}
