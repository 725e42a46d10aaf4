package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/sipd/sipd/modules/mihttp/client"
)

type miCmd struct {
	URL     string        `help:"Where the server answers." default:"http://127.0.0.1:8888/mi" env:"SIPD_MI_URL"`
	Token   string        `help:"Bearer token, when the server wants one." env:"SIPD_MI_TOKEN"`
	Timeout time.Duration `help:"How long to wait for the answer." default:"10s"`
	JSON    bool          `short:"j" help:"The arguments are JSON."`
	Command string        `arg:"" help:"The command, such as cc_list_agents; 'which' lists them all."`
	Args    []string      `arg:"" optional:"" help:"Arguments: VALUE ..., or name=VALUE ..."`
}

// Run sends the command and prints its result as JSON.
func (c *miCmd) Run(s streams) error {
	var params any
	var err error
	if c.JSON {
		params, err = client.JSONParams(c.Args)
	} else {
		params, err = client.Params(c.Command, c.Args)
	}
	if err != nil {
		return badInput(fmt.Errorf("sipd mi %s: %w", c.Command, err))
	}
	if u, err := url.Parse(c.URL); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return badInput(fmt.Errorf("sipd mi: --url %q: want http://HOST:PORT/mi", c.URL))
	}
	ctx, cancel := context.WithTimeout(context.Background(), c.Timeout)
	defer cancel()
	result, err := client.Client{URL: c.URL, Token: c.Token}.Call(ctx, c.Command, params)
	var refused *client.RPCError
	switch {
	case errors.As(err, &refused):
		fmt.Fprintln(s.err, refused)
		return errSilent
	case err != nil:
		return err
	}
	return client.Print(s.out, result)
}

// mirpc sends a command to the demo's own server.
func (d *demo) mirpc(command string, words ...string) ([]byte, error) {
	params, err := client.Params(command, words)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return client.Client{URL: fmt.Sprintf("http://127.0.0.1:%d/mi", d.mi)}.Call(ctx, command, params)
}
