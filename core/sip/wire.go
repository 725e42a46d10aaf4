package sip

import "strconv"

// Append appends the request as it goes on the wire. Content-Length is
// written from the body, whatever the headers say.
func (r *Request) Append(b []byte) []byte {
	b = append(b, r.Method...)
	b = append(b, ' ')
	b = append(b, r.URI.String()...)
	b = append(b, " SIP/2.0\r\n"...)
	return appendRest(b, r.Headers, r.Body)
}

// Append is as [Request.Append].
func (r *Response) Append(b []byte) []byte {
	b = append(b, "SIP/2.0 "...)
	b = strconv.AppendInt(b, int64(r.Code), 10)
	b = append(b, ' ')
	b = appendText(b, r.Reason)
	b = append(b, "\r\n"...)
	return appendRest(b, r.Headers, r.Body)
}

func appendRest(b []byte, headers Headers, body []byte) []byte {
	for _, f := range headers {
		if !sameName(f.Name, "Content-Length") {
			b = appendField(b, f.Name, f.Value)
		}
	}
	b = appendField(b, "Content-Length", strconv.Itoa(len(body)))
	b = append(b, "\r\n"...)
	return append(b, body...)
}

func appendField(b []byte, name, value string) []byte {
	b = append(b, name...)
	b = append(b, ": "...)
	b = appendText(b, value)
	return append(b, "\r\n"...)
}

// appendText writes s without line breaks: one inside a value would let its
// author write headers of his own.
func appendText(b []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '\r' || c == '\n' {
			c = ' '
		}
		b = append(b, c)
	}
	return b
}
