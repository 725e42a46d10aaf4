package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/sipd/sipd/modules/mihttp/client"
)

type miCmd struct {
	URL      string        `help:"Where mi_http of the server answers." default:"http://127.0.0.1:8888/mi" env:"SIPD_MI_URL"`
	Token    string        `help:"Bearer token, when the server wants one." env:"SIPD_MI_TOKEN"`
	FIFO     string        `name:"fifo" xor:"via" placeholder:"PATH" help:"Send to mi_fifo instead: its fifo_name." env:"SIPD_MI_FIFO"`
	ReplyDir string        `help:"With --fifo: the server's reply_dir." default:"/tmp"`
	Datagram string        `xor:"via" placeholder:"NAME" help:"Send to mi_datagram instead: its socket_name, udp:HOST:PORT or a path." env:"SIPD_MI_DATAGRAM"`
	Timeout  time.Duration `help:"How long to wait for the answer." default:"10s"`
	JSON     bool          `short:"j" help:"The arguments are JSON."`
	Command  string        `arg:"" help:"The command, such as cc_list_agents; 'which' lists them all."`
	Args     []string      `arg:"" optional:"" help:"Arguments: VALUE ..., or name=VALUE ..."`
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
	to, err := c.client()
	if err != nil {
		return badInput(fmt.Errorf("sipd mi: %w", err))
	}
	ctx, cancel := context.WithTimeout(context.Background(), c.Timeout)
	defer cancel()
	result, err := to.Call(ctx, c.Command, params)
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

// client is where the flags say to send.
func (c *miCmd) client() (client.Client, error) {
	switch {
	case c.FIFO != "":
		return client.Client{Via: client.FIFO{Path: c.FIFO, ReplyDir: c.ReplyDir}}, nil
	case c.Datagram != "":
		if host, udp := strings.CutPrefix(c.Datagram, "udp:"); udp {
			if _, _, err := net.SplitHostPort(host); err != nil {
				return client.Client{}, fmt.Errorf("--datagram %q: want udp:HOST:PORT or a path", c.Datagram)
			}
		}
		return client.Client{Via: client.Datagram{Name: c.Datagram}}, nil
	}
	if u, err := url.Parse(c.URL); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return client.Client{}, fmt.Errorf("--url %q: want http://HOST:PORT/mi", c.URL)
	}
	return client.Client{URL: c.URL, Token: c.Token}, nil
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
