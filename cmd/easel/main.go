// Command easel draws pictures with FLUX.1 models, from a page, an HTTP API
// and the command line.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

type commands struct {
	Serve    serveCommand    `cmd:"" help:"Serve the page and the HTTP API."`
	Worker   workerCommand   `cmd:"" help:"Draw for servers that share a NATS server."`
	Generate generateCommand `cmd:"" help:"Draw pictures from a prompt and write them as files."`
	Lora     loraCommand     `cmd:"" help:"Say what a LoRA file is, and what of it the model takes."`
	Schema   schemaCommand   `cmd:"" help:"Print the model's OpenAPI document."`
	Bench    benchCommand    `cmd:"" help:"Measure the engine and the service."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process at once
	parsed := kong.Parse(&commands{}, append(options(), kong.BindTo(ctx, (*context.Context)(nil)))...)
	err := parsed.Run()
	if err == nil {
		return
	}
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		os.Exit(130) // the shell's number for "ended by Ctrl-C"
	}
	fmt.Fprintln(os.Stderr, "easel:", err)
	os.Exit(1)
}

// newLog writes what an operator should know beside a command's own output.
func newLog() *slog.Logger { return slog.New(slog.NewTextHandler(os.Stderr, nil)) }

func options() []kong.Option {
	return []kong.Option{
		kong.Name("easel"),
		kong.Description("A self-hosted playground for FLUX.1 image models with LoRA. Every flag can also be given as EASEL_…: --data is EASEL_DATA."),
		kong.DefaultEnvars("EASEL"),
		kong.ShortUsageOnError(),
	}
}
