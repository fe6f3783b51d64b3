package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"runtime/debug"
	"strings"
	"time"
)

type serveCommand struct {
	Addr            string        `help:"Address to listen on. Beyond loopback it takes a --token." default:"127.0.0.1:3000" placeholder:"HOST:PORT"`
	Token           []string      `help:"Who may call: a token, or name=token; several by repeating, or as EASEL_TOKENS with commas. None: everybody on this machine." env:"EASEL_TOKENS,EASEL_TOKEN" placeholder:"[NAME=]TOKEN"`
	PublicURL       string        `help:"What callers call this server, such as https://easel.example." placeholder:"URL"`
	OutputURLs      string        `name:"output-urls" help:"Pictures in answers: ${enum}. auto sends data to clients that take no plain http." enum:"auto,data,http" default:"auto"`
	NatsListen      string        `help:"Let workers of other machines join the embedded NATS server here: easel worker --nats nats://HOST:PORT. Beyond loopback it takes a --nats-token. Nothing is encrypted, that token included: only on a network you trust, or through a tunnel." placeholder:"HOST:PORT"`
	Cog             string        `help:"Serve a Cog container's routes on this address, too." placeholder:"HOST:PORT"`
	Alias           []string      `help:"Another name that callers know the model by: owner/name, or the id of a version; several by repeating." placeholder:"NAME"`
	Rate            int           `help:"Creates a minute that one caller gets; 0: any number." default:"600"`
	Keep            time.Duration `help:"How long pictures are kept; 0: until --keep-bytes is reached." default:"0" placeholder:"DURATION"`
	KeepBytes       int64         `help:"How many bytes of pictures are kept; the oldest go first." default:"21474836480" placeholder:"BYTES"`
	KeepRecord      time.Duration `name:"keep-history" help:"How long predictions stay in the history; 0: for good." default:"0" placeholder:"DURATION"`
	KeepRecordBytes int64         `name:"keep-history-bytes" help:"How many bytes of history are kept; the oldest go first. 0: any number." default:"0" placeholder:"BYTES"`
	CogShutdown     bool          `help:"Let POST /shutdown at --cog stop the program."`
	Styleguide      bool          `help:"Serve /styleguide, for those who work on the page."`
	workFlags
}

func (c *serveCommand) Run(ctx context.Context) error {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(50) // most of the heap is the history, which stays: by default it would take twice its size
	}
	log := newLog()
	s, err := newServer(ctx, c, log)
	if err != nil {
		return err
	}
	defer s.Close()
	fmt.Printf("Easel is at %s\n", s.URL())
	return s.Run(ctx)
}

// check refuses what cannot be served, before anything is opened.
func (c *serveCommand) check() (owner, name string, err error) {
	owner, name, ok := strings.Cut(c.Name, "/")
	if !ok || owner == "" || name == "" || strings.Contains(name, "/") {
		return "", "", fmt.Errorf("--name %q: must be owner/name", c.Name)
	}
	if c.Cog != "" {
		if local, err := loopback(c.Cog); err != nil || !local {
			return "", "", fmt.Errorf("--cog %s: Cog's routes know no tokens, so they are served on loopback only", c.Cog)
		}
	}
	if err := c.checkNatsListen(); err != nil {
		return "", "", err
	}
	local, err := loopback(c.Addr)
	if err != nil {
		return "", "", fmt.Errorf("--addr %w", err)
	}
	if !local && len(c.Token) == 0 {
		return "", "", fmt.Errorf("--addr %s: other machines could reach it, and anyone could draw: give a token (--token $(openssl rand -hex 16)), or listen on 127.0.0.1:3000", c.Addr)
	}
	return owner, name, nil
}

func (c *serveCommand) checkNatsListen() error {
	if c.NatsListen == "" {
		return nil
	}
	if c.Nats != "" {
		return fmt.Errorf("--nats-listen is of the embedded NATS server, and --nats names another")
	}
	local, err := loopback(c.NatsListen)
	if err != nil {
		return fmt.Errorf("--nats-listen %w", err)
	}
	if !local && c.NatsToken == "" {
		return fmt.Errorf("--nats-listen %s: other machines could reach it, and anyone could read and write everything: give a token (--nats-token $(openssl rand -hex 16)), or listen on 127.0.0.1", c.NatsListen)
	}
	return nil
}

// loopback says whether only this machine reaches an address.
func loopback(addr string) (bool, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false, fmt.Errorf("%q: must be host:port", addr)
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback(), nil
}

// stopPatience is what connections get to end after the running prediction has.
const stopPatience = 2 * time.Second
