package main

import (
	"os"

	"easel/internal/schema"
)

type schemaCommand struct{}

func (schemaCommand) Run() error {
	_, err := os.Stdout.Write(schema.Document())
	return err
}
