package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/core/sip/stack"
)

// prober asks SIP URIs whether anybody is there.
type prober struct {
	net     *stack.Stack
	timeout time.Duration // of one question
	calls   bool          // INVITE may be sent
}

// probes is how many URIs are asked at once.
const probes = 16

// outcome is what a URI answered.
type outcome struct {
	fine bool
	text string // "answers", "refuses calls with 486 Busy Here", ...
	// hint is the remedy of an outcome that is not fine.
	hint  string
	after time.Duration // of an answered call
}

// openProber opens a port beside the first socket of the server, so that
// questions leave as its calls do.
func openProber(ctx context.Context, cfg *core.Config, timeout time.Duration, calls bool) (*prober, error) {
	var listen []stack.Listen
	for _, proto := range []string{"udp", "tcp"} {
		l := stack.Listen{Proto: proto}
		if len(cfg.Listen) > 0 {
			l.Host = cfg.Listen[0].Host
		}
		listen = append(listen, l)
	}
	s, err := stack.Open(ctx, stack.Options{Listen: listen, Handler: func(tx sip.ServerRequest) {
		code := 405
		if tx.Request().Method == sip.BYE { // it hung up before we did
			code = 200
		}
		_ = tx.Respond(sip.NewResponse(tx.Request(), code, "", ""))
	}})
	if err != nil {
		return nil, err
	}
	return &prober{net: s, timeout: timeout, calls: calls}, nil
}

func (p *prober) close() {
	ctx, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	_ = p.net.Close(ctx) // nothing is under way any more
}

// all asks every URI; media tells those of media servers.
func (p *prober) all(ctx context.Context, uris map[string]bool) map[string]outcome {
	results := make(map[string]outcome, len(uris))
	var mu sync.Mutex
	var running sync.WaitGroup
	room := make(chan struct{}, probes)
	for uri, media := range uris {
		running.Add(1)
		go func() {
			defer running.Done()
			room <- struct{}{}
			defer func() { <-room }()
			o := p.one(ctx, uri, media)
			mu.Lock()
			defer mu.Unlock()
			results[uri] = o
		}()
	}
	running.Wait()
	return results
}

// one asks a URI. A media server must take calls, and is called: many answer
// OPTIONS for users they do not have. A phone is called only when it does not
// answer OPTIONS, and no longer than until it rings.
func (p *prober) one(ctx context.Context, text string, media bool) outcome {
	uri, err := sip.ParseURI(text)
	if err != nil || !uri.IsSIP() {
		return outcome{text: fmt.Sprintf("%q is not a SIP URI", text), hint: "write it as sip:user@host"}
	}
	if o, ok := p.resolves(ctx, uri); !ok {
		return o
	}
	if !media || !p.calls {
		o := p.options(ctx, uri)
		if o.fine || !p.calls {
			return o
		}
	}
	return p.invite(ctx, uri, media)
}

// resolves looks up the host, for an error that says so.
func (p *prober) resolves(ctx context.Context, uri sip.URI) (outcome, bool) {
	if net.ParseIP(uri.Host) != nil {
		return outcome{}, true
	}
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	if _, err := net.DefaultResolver.LookupHost(ctx, uri.Host); err == nil {
		return outcome{}, true
	}
	for _, proto := range []string{"udp", "tcp"} {
		if _, list, err := net.DefaultResolver.LookupSRV(ctx, "sip", proto, uri.Host); err == nil && len(list) > 0 {
			return outcome{}, true
		}
	}
	return outcome{text: "names " + uri.Host + ", which has no address", hint: "correct the name, or enter it in the DNS"}, false
}

// request makes a request outside a dialog.
func (p *prober) request(method string, uri sip.URI) (*sip.Request, error) {
	socket, err := p.net.SocketFor(uri, nil)
	if err != nil {
		return nil, err
	}
	r := &sip.Request{Method: method, URI: uri, Socket: socket}
	me := socket.Contact("sipd-doctor")
	r.Headers.Add("From", "<"+me.String()+">;tag="+rand.Text())
	r.Headers.Add("To", sip.Address{URI: uri}.String())
	r.Headers.Add("Call-ID", rand.Text())
	r.Headers.Add("CSeq", "1 "+method)
	r.Headers.Add("Contact", "<"+me.String()+">")
	r.Headers.Add("User-Agent", serverName())
	return r, nil
}

const unreachable = "is the server running, is the port right, and does a firewall let it through?"

func (p *prober) options(ctx context.Context, uri sip.URI) outcome {
	req, err := p.request(sip.OPTIONS, uri)
	if err != nil {
		return outcome{text: err.Error(), hint: "use a transport that sipd has"}
	}
	final := make(chan *sip.Response, 1)
	tx := p.net.Request(req, func(r *sip.Response) {
		if r.IsFinal() {
			final <- r
		}
	})
	defer tx.Abandon()
	begun := time.Now()
	select {
	case r := <-final:
		if r.IsSuccess() {
			return outcome{fine: true, text: "answers OPTIONS in " + took(begun)}
		}
		return refusal(r, "OPTIONS")
	case <-time.After(p.timeout):
		return outcome{text: fmt.Sprintf("does not answer OPTIONS within %v", p.timeout), hint: unreachable}
	case <-ctx.Done():
		return outcome{text: "was not asked in time", hint: "run it again"}
	}
}

func took(begun time.Time) string { return time.Since(begun).Round(time.Millisecond).String() }

func refusal(r *sip.Response, what string) outcome {
	if r.Local {
		return outcome{text: "cannot be reached: nothing answers there", hint: unreachable}
	}
	o := outcome{text: fmt.Sprintf("refuses %s with %d %s", what, r.Code, plain(r.Reason))}
	switch {
	case r.Code < 400:
		o.text = fmt.Sprintf("redirects with %d %s", r.Code, plain(r.Reason))
		o.hint = "set the URI to where it redirects"
		if a, err := r.Contact(); err == nil {
			o.hint = "set the URI to " + plain(a.URI.String())
		}
	case r.Code == 401 || r.Code == 407:
		o.hint = "let it take calls from this server's address without a password"
	case r.Code == 404 || r.Code == 604 || r.Code == 484 || r.Code == 410:
		o.hint = "correct the user part, or create it there"
	case r.Code == 480:
		o.hint = "is it registered there?"
	case r.Code == 486 || r.Code == 600 || r.Code == 503:
		o.hint = "it may be busy only now; when it stays so, give it more calls at once"
	default:
		o.hint = "look into its log"
	}
	return o
}

// invite calls a URI and hangs up: when it answers, or, for a phone, when it
// rings.
func (p *prober) invite(ctx context.Context, uri sip.URI, media bool) outcome {
	req, err := p.request(sip.INVITE, uri)
	if err != nil {
		return outcome{text: err.Error(), hint: "use a transport that sipd has"}
	}
	req.Headers.Add("Content-Type", "application/sdp")
	host := req.Socket.AdvHost
	family := "IP4"
	if a := net.ParseIP(host); a != nil && a.To4() == nil {
		family = "IP6"
	}
	req.Body = fmt.Appendf(nil, "v=0\r\no=doctor 1 1 IN %s %s\r\ns=-\r\nc=IN %s %s\r\nt=0 0\r\nm=audio 9 RTP/AVP 0 8\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n",
		family, host, family, host)
	heard := make(chan *sip.Response, 16)
	tx := p.net.Request(req, func(r *sip.Response) {
		if r.IsSuccess() && !r.Local {
			p.net.Send(within(req, r, sip.ACK, 1)) // each 2xx, or it comes again
		}
		select {
		case heard <- r:
		default: // enough is known
		}
	})
	defer tx.Abandon()
	begun, limit := time.Now(), time.After(p.timeout)
	rings := ""
	for {
		select {
		case r := <-heard:
			switch {
			case r.IsSuccess():
				p.bye(req, r)
				return outcome{fine: true, text: "answers calls, in " + took(begun), after: time.Since(begun)}
			case r.IsFinal():
				return refusal(r, "calls")
			case !media && r.Code >= 180:
				p.cancel(req, tx, heard)
				return outcome{fine: true, text: "rings, after " + took(begun)}
			}
			rings = fmt.Sprintf(" after %d %s", r.Code, plain(r.Reason))
		case <-limit:
			p.cancel(req, tx, heard)
			hint := unreachable
			if rings != "" {
				hint = "let it answer sooner; sipd gives up a media server after media_answer_timeout"
			}
			return outcome{text: fmt.Sprintf("does not answer calls within %v%s", p.timeout, rings), hint: hint}
		case <-ctx.Done():
			p.cancel(req, tx, heard)
			return outcome{text: "was not asked in time", hint: "run it again"}
		}
	}
}

// politeness is how long the end of a call may take.
const politeness = time.Second

// cancel ends a call that was not answered, or was answered meanwhile.
func (p *prober) cancel(req *sip.Request, tx sip.ClientTransaction, heard <-chan *sip.Response) {
	tx.Cancel(nil)
	end := time.After(politeness)
	for {
		select {
		case r := <-heard:
			if r.IsSuccess() {
				p.bye(req, r)
			}
			if r.IsFinal() {
				return
			}
		case <-end:
			return
		}
	}
}

func (p *prober) bye(req *sip.Request, r *sip.Response) {
	done := make(chan struct{}, 1)
	tx := p.net.Request(within(req, r, sip.BYE, 2), func(r *sip.Response) {
		if r.IsFinal() {
			done <- struct{}{}
		}
	})
	select {
	case <-done:
	case <-time.After(politeness):
		tx.Abandon()
	}
}

// within makes a request in the dialog of a 2xx (RFC 3261 section 12.2.1.1).
func within(req *sip.Request, r *sip.Response, method string, seq int) *sip.Request {
	n := &sip.Request{Method: method, URI: req.URI, Socket: req.Socket}
	if c, err := r.Contact(); err == nil {
		n.URI = c.URI
	}
	var route []string
	for _, v := range r.Headers.Values("Record-Route") {
		route = append(route, sip.SplitList(v)...)
	}
	for _, hop := range slices.Backward(route) {
		n.Headers.Add("Route", hop)
	}
	n.Headers.Add("From", req.Headers.Get("From"))
	n.Headers.Add("To", r.Headers.Get("To"))
	n.Headers.Add("Call-ID", req.CallID())
	n.Headers.Add("CSeq", fmt.Sprintf("%d %s", seq, method))
	return n
}
