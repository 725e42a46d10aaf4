package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestCall(t *testing.T) {
	for _, tt := range []struct {
		name   string
		status int
		reply  string
		want   string // result, or text of the error
	}{
		{"result", 200, `{"jsonrpc":"2.0","result":{"b":1,"a":2},"id":1}`, `{"b":1,"a":2}`},
		{"null", 200, `{"jsonrpc":"2.0","result":null,"id":1}`, `null`},
		{"error", 200, `{"jsonrpc":"2.0","error":{"code":404,"message":"Agent not found"},"id":1}`, `Agent not found (404)`},
		{"data", 200, `{"jsonrpc":"2.0","error":{"code":-32602,"message":"Invalid params","data":"Bad type"},"id":1}`, `Invalid params (-32602): Bad type`},
		{"other data", 200, `{"jsonrpc":"2.0","error":{"code":1,"message":"x","data":{"a":1}},"id":1}`, `x (1): {"a":1}`},
		{"neither", 200, `{"jsonrpc":"2.0","id":1}`, `neither a result nor an error`},
		{"no JSON", 200, `<html>`, `not JSON-RPC`},
		{"status", 403, "a page of another site\n", `403 Forbidden: a page of another site`},
		{"notification", 202, ``, `202 Accepted`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var sent, auth string
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				sent, auth = string(body), r.Header.Get("Authorization")
				w.WriteHeader(tt.status)
				_, _ = io.WriteString(w, tt.reply)
			}))
			defer s.Close()
			got, err := Client{URL: s.URL, Token: "t", HTTP: s.Client()}.Call(t.Context(), "x", []string{"<a>"})
			text := string(got)
			if err != nil {
				text = err.Error()
			}
			if !strings.Contains(text, tt.want) {
				t.Errorf("got %s, want %s", text, tt.want)
			}
			var req map[string]any
			if err := json.Unmarshal([]byte(sent), &req); err != nil || req["method"] != "x" || req["jsonrpc"] != "2.0" || auth != "Bearer t" {
				t.Errorf("sent %s, %q", sent, auth)
			}
		})
	}
}

func TestCallFails(t *testing.T) {
	s := httptest.NewServer(nil)
	url := s.URL
	s.Close()
	if _, err := Call(t.Context(), url, "x", nil); err == nil || !strings.Contains(err.Error(), "does its route file load httpd and mi_http?") {
		t.Errorf("nobody there: %v", err)
	}
	if _, err := Call(t.Context(), "http://[", "x", nil); err == nil || !strings.Contains(err.Error(), `URL "http://["`) {
		t.Errorf("bad URL: %v", err)
	}
	if _, err := Call(t.Context(), url, "x", func() {}); err == nil || !strings.Contains(err.Error(), "parameters of x") {
		t.Errorf("bad parameters: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Call(ctx, url, "x", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestParams(t *testing.T) {
	for _, tt := range []struct {
		method string
		words  []string
		want   string
	}{
		{"uptime", nil, `null`},
		{"cc_agent_login", []string{"al", "1"}, `["al","1"]`},
		{"cc_agent_login", []string{"state=1", "agent_id=a=b"}, `{"agent_id":"a=b","state":"1"}`},
		{"x", []string{"sip:al@h;transport=udp"}, `["sip:al@h;transport=udp"]`},
		{"x", []string{"=1"}, `["=1"]`},
		{"x", []string{"a="}, `{"a":""}`},
		{"x", []string{"a=1", "b"}, `name all or none`},
		{"x", []string{"a=1", "a=2"}, `argument a is given twice`},
		{"get_statistics", []string{"all"}, `[["all"]]`},
		{"statistics:get", []string{"core:", "load:"}, `[["core:","load:"]]`},
		{"raise_event", []string{"E_X", "1", "2"}, `["E_X",["1","2"]]`},
		{"raise_event", []string{"E_X"}, `["E_X"]`},
	} {
		check(t, tt.method, tt.words, tt.want)(Params(tt.method, tt.words))
	}
}

func TestJSONParams(t *testing.T) {
	for _, tt := range []struct {
		words []string
		want  string
	}{
		{nil, `null`},
		{[]string{` {"a":1}`}, `{"a":1}`},
		{[]string{`["a",1]`}, `["a",1]`},
		{[]string{`1`}, `[1]`},
		{[]string{`"al"`, `{"a":[1]}`}, `["al",{"a":[1]}]`},
		{[]string{`al`}, `argument 1 is not JSON`},
		{[]string{`1`, ``}, `argument 2 is not JSON`},
	} {
		check(t, "-j", tt.words, tt.want)(JSONParams(tt.words))
	}
}

// check compares params, as JSON, or the error with want.
func check(t *testing.T, method string, words []string, want string) func(any, error) {
	return func(params any, err error) {
		t.Helper()
		got, _ := json.Marshal(params)
		if err != nil {
			got = []byte(err.Error())
		}
		if !strings.Contains(string(got), want) {
			t.Errorf("%s %q: got %s, want %s", method, words, got, want)
		}
	}
}

func TestPrint(t *testing.T) {
	var b bytes.Buffer
	if err := Print(&b, json.RawMessage(`{"Calls":[],"x":"<a>"}`)); err != nil || b.String() != "{\n    \"Calls\": [],\n    \"x\": \"<a>\"\n}\n" {
		t.Errorf("got %q, %v", b.String(), err)
	}
	if err := Print(&b, json.RawMessage(`{`)); err == nil {
		t.Error("printed what is not JSON")
	}
}
