package audio

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// answer is what baresip answers a command with.
type answer struct {
	OK    bool   `json:"ok"`
	Data  string `json:"data"`
	Token string `json:"token"`
}

// message is what comes over the control connection: an event or an answer.
type message struct {
	IsEvent bool `json:"event"`
	Event
	answer
}

// Command runs a command of baresip and returns what it says.
func (p *Phone) Command(ctx context.Context, name, params string) (string, error) {
	p.mu.Lock()
	p.tokens++
	token := fmt.Sprint(p.tokens)
	p.mu.Unlock()
	if err := p.send(name, params, token); err != nil {
		return "", err
	}
	var a answer
	err := p.until(ctx, "the answer to "+name, func() bool {
		var ok bool
		a, ok = p.answers[token]
		delete(p.answers, token)
		return ok
	})
	if err == nil && !a.OK {
		err = fmt.Errorf("%s: %s %s: %s", p.uri, name, params, a.Data)
	}
	return a.Data, err
}

// send writes one command.
func (p *Phone) send(name, params, token string) error {
	text, err := json.Marshal(map[string]string{"command": name, "params": params, "token": token})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.ctrl, "%d:%s,", len(text), text)
	return err
}

// readEvents reads the control connection until it closes.
func (p *Phone) readEvents(r *bufio.Reader) {
	for {
		text, err := readNetstring(r)
		if err != nil {
			return // the end of the output says that baresip is gone
		}
		var m message
		if json.Unmarshal(text, &m) != nil {
			continue
		}
		p.change(func() {
			if m.IsEvent {
				p.events = append(p.events, m.Event)
			} else {
				p.answers[m.Token] = m.answer
			}
		})
	}
}

// maxNetstring bounds one message of baresip.
const maxNetstring = 1 << 20

// readNetstring reads "5:hello,".
func readNetstring(r *bufio.Reader) ([]byte, error) {
	var n int
	if _, err := fmt.Fscanf(r, "%d:", &n); err != nil {
		return nil, err
	}
	if n < 0 || n > maxNetstring {
		return nil, fmt.Errorf("netstring of %d bytes", n)
	}
	text := make([]byte, n+1)
	if _, err := io.ReadFull(r, text); err != nil {
		return nil, err
	}
	if text[n] != ',' {
		return nil, errors.New("netstring without its comma")
	}
	return text[:n], nil
}
