package transaction

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"

	"github.com/sipd/sipd/core/sip"
)

// serverKey matches a request to its transaction (RFC 3261 section 17.2.3).
// method is that of the transaction: INVITE for its ACK and CANCEL. Without
// the magic cookie the branch means nothing and the fields of RFC 2543 count;
// the To tag is left out, because the ACK carries that of the response.
func serverKey(req *sip.Request, via sip.Via, method string) string {
	sentBy := strings.ToLower(via.SentBy())
	if b := via.Branch(); len(b) > len(sip.MagicCookie) && strings.HasPrefix(b, sip.MagicCookie) {
		return join(b, sentBy, method)
	}
	seq, _ := req.CSeq()
	return join("2543", method, req.URI.String(), req.FromTag(), req.CallID(),
		strconv.FormatUint(uint64(seq), 10), via.Transport, sentBy, via.Branch())
}

// mergeKey is the same for a request that came by two ways; "" for one inside
// a dialog.
func mergeKey(req *sip.Request) string {
	if req.ToTag() != "" {
		return ""
	}
	return join(req.CallID(), req.FromTag(), req.Headers.Get("CSeq"))
}

// join separates with a byte that no header value contains.
func join(parts ...string) string { return strings.Join(parts, "\n") }

// statelessTag is the To tag of an answer without a transaction: the same for
// a retransmitted request, and recognised in the ACK (RFC 3261 section 8.2.7).
func (l *Layer) statelessTag(key string) string {
	sum := sha256.Sum256([]byte(join(l.secret, key)))
	return hex.EncodeToString(sum[:8])
}

// check reports why no transaction can be made of a request.
func check(req *sip.Request) error {
	if _, method := req.CSeq(); method != req.Method {
		return errors.New("CSeq does not fit")
	}
	if _, err := req.From(); err != nil {
		return err
	}
	if _, err := req.To(); err != nil {
		return err
	}
	if req.CallID() == "" {
		return errors.New("no Call-ID")
	}
	return nil
}
