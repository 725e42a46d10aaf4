package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
)

// DefaultURL is where a server with default parameters answers.
const DefaultURL = "http://127.0.0.1:8888/mi"

// maxReply bounds what is read of an answer, in bytes.
const maxReply = 64 << 20

// RPCError is an error that the server answered: a code below 0 tells of the
// request, one above 0 comes from the command.
type RPCError struct {
	Code    int             `json:"code"`
	Message string          `json:"message"`
	Data    json.RawMessage `json:"data,omitempty"` // usually a string
}

// Error implements error: "Invalid params (-32602): Bad type for parameter 'state'".
func (e *RPCError) Error() string {
	text := fmt.Sprintf("%s (%d)", e.Message, e.Code)
	if len(e.Data) == 0 {
		return text
	}
	var data string
	if json.Unmarshal(e.Data, &data) != nil {
		data = string(e.Data)
	}
	return text + ": " + data
}

// Client is a place to send commands to. The zero value sends to
// [DefaultURL] by HTTP.
type Client struct {
	URL   string
	Token string       // sent as a bearer token, when not empty
	HTTP  *http.Client // nil: http.DefaultClient
	Via   Sender       // nil: HTTP, to URL
}

// Call sends one command to url without a token. See [Client.Call].
func Call(ctx context.Context, url, method string, params any) (json.RawMessage, error) {
	return Client{URL: url}.Call(ctx, method, params)
}

// Call sends one command and returns its result. params is nil, or what
// [json.Marshal] writes as an array or object; [Params] makes it from words.
// An error of the server is an *[RPCError]. ctx bounds the time.
func (c Client) Call(ctx context.Context, method string, params any) (json.RawMessage, error) {
	body, err := json.Marshal(request{"2.0", method, params, 1})
	if err != nil {
		return nil, fmt.Errorf("parameters of %s: %w", method, err)
	}
	send := c.post
	if c.Via != nil {
		send = c.Via.Send
	}
	reply, err := send(ctx, body)
	if err != nil {
		return nil, err
	}
	var r response
	if err := json.Unmarshal(reply, &r); err != nil {
		return nil, fmt.Errorf("%s answered %.200q, which is not JSON-RPC: %w", c.where(), reply, err)
	}
	if r.Error != nil {
		return nil, r.Error
	}
	if r.Result == nil {
		return nil, fmt.Errorf("%s answered %.200q: neither a result nor an error", c.where(), reply)
	}
	return r.Result, nil
}

type request struct {
	Version string `json:"jsonrpc"`
	Method  string `json:"method"`
	Params  any    `json:"params,omitempty"`
	ID      int    `json:"id"`
}

type response struct {
	Result json.RawMessage `json:"result"`
	Error  *RPCError       `json:"error"`
}

func (c Client) url() string {
	if c.URL == "" {
		return DefaultURL
	}
	return c.URL
}

// where names the other side in errors.
func (c Client) where() string {
	switch via := c.Via.(type) {
	case nil:
		return c.url()
	case FIFO:
		return via.Path
	case Datagram:
		return via.Name
	}
	return "the server"
}

// post returns the body of a 200.
func (c Client) post(ctx context.Context, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url(), bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("URL %q: %w", c.url(), err)
	}
	req.Header.Set("Content-Type", "application/json")
	if c.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.Token)
	}
	doer := c.HTTP
	if doer == nil {
		doer = http.DefaultClient
	}
	res, err := doer.Do(req)
	if errors.Is(err, syscall.ECONNREFUSED) {
		return nil, fmt.Errorf("nobody listens at %s: is the server running, and does its route file load httpd and mi_http? (%w)", c.url(), err)
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	reply, err := readAll(res)
	if err != nil {
		return nil, fmt.Errorf("reading the answer of %s: %w", c.url(), err)
	}
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %s: %.300s", c.url(), res.Status, strings.TrimSpace(string(reply)))
	}
	if len(reply) > maxReply {
		return nil, fmt.Errorf("%s answered more than %d bytes", c.url(), maxReply)
	}
	return reply, nil
}

// readAll reads a body, a little more than maxReply at most. Its length makes
// one piece of memory do.
func readAll(res *http.Response) ([]byte, error) {
	var b bytes.Buffer
	if n := res.ContentLength; n > 0 && n <= maxReply {
		b.Grow(int(n) + bytes.MinRead)
	}
	_, err := b.ReadFrom(io.LimitReader(res.Body, maxReply+1))
	return b.Bytes(), err
}
