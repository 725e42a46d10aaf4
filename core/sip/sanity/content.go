package sanity

import (
	"strings"

	"github.com/sipd/sipd/core/sip"
)

// checkContent refuses an INVITE whose body nobody here can read (415), or
// whose sender could not read a session description in the answer (406).
// Bodies of other methods are judged by who knows the method.
func (r Rules) checkContent(req *sip.Request) *Verdict {
	if req.Method != sip.INVITE {
		return nil
	}
	if v := r.checkBody(req); v != nil {
		return v
	}
	if req.Headers.Has("Accept") && !acceptsSDP(req.Headers.Values("Accept")) {
		return &Verdict{Code: 406, Reason: "Not Acceptable"}
	}
	return nil
}

func (r Rules) checkBody(req *sip.Request) *Verdict {
	if len(req.Body) == 0 || optional(req.Headers.Get("Content-Disposition")) {
		return nil
	}
	types := r.MediaTypes
	if types == nil {
		types = []string{"application/sdp", "multipart/*"}
	}
	have := mediaType(req.Headers.Get("Content-Type"))
	known := false
	for _, t := range types {
		known = known || covers(t, have)
	}
	if !known {
		return &Verdict{Code: 415, Reason: "Unsupported Media Type",
			Headers: sip.Headers{{Name: "Accept", Value: strings.Join(types, ", ")}}}
	}
	if enc := req.Headers.Get("Content-Encoding"); enc != "" && !strings.EqualFold(strings.TrimSpace(enc), "identity") {
		return &Verdict{Code: 415, Reason: "Unsupported Media Type",
			Headers: sip.Headers{{Name: "Accept-Encoding", Value: "identity"}}}
	}
	return nil
}

// optional reports whether the body may be ignored (RFC 3261 section 20.11).
func optional(disposition string) bool {
	_, params, _ := strings.Cut(disposition, ";")
	h, _ := sip.ParseParams(params).Get("handling")
	return strings.EqualFold(h, "optional")
}

// acceptsSDP reports whether one of the ranges covers application/sdp with a
// preference above 0.
func acceptsSDP(lines []string) bool {
	for _, line := range lines {
		for _, item := range sip.SplitList(line) {
			_, params, _ := strings.Cut(item, ";")
			q, _ := sip.ParseParams(params).Get("q")
			if covers(mediaType(item), "application/sdp") && (q == "" || strings.Trim(q, "0.") != "") {
				return true
			}
		}
	}
	return false
}

// covers reports whether pattern ("*/*", "text/*", "text/plain") covers a
// type in lower case.
func covers(pattern, have string) bool {
	if pattern == "*/*" || strings.EqualFold(pattern, have) {
		return true
	}
	kind, ok := strings.CutSuffix(strings.ToLower(pattern), "*")
	return ok && strings.HasSuffix(kind, "/") && strings.HasPrefix(have, kind)
}

// mediaType returns "type/subtype" in lower case, without parameters and
// white space.
func mediaType(s string) string {
	s, _, _ = strings.Cut(s, ";")
	return strings.ToLower(strings.NewReplacer(" ", "", "\t", "").Replace(s))
}
