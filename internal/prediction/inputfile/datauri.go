package inputfile

import (
	"encoding/base64"
	"errors"
	"mime"
	"net/url"
	"strings"
)

// dataURI is a decoded "data:" address.
type dataURI struct {
	head        string // up to and with the comma
	contentType string
	data        []byte
}

var errNoComma = errors.New("no comma before the data")

// decodeDataURI is lenient, as Replicate is: base64 may be unpadded, in the
// URL alphabet or broken over lines, and data of no text type is taken as
// base64 even where ";base64" was forgotten, as a published example does.
func decodeDataURI(s string) (dataURI, error) {
	head, payload, ok := strings.Cut(s, ",")
	if !ok {
		return dataURI{}, errNoComma
	}
	u := dataURI{head: head + ",", contentType: "application/octet-stream"}
	meta, marked := strings.CutSuffix(head[len("data:"):], ";base64")
	if t, _, err := mime.ParseMediaType(meta); err == nil {
		u.contentType = t
	}
	data, err := decodeBase64(payload)
	switch {
	case err == nil && (marked || !strings.HasPrefix(u.contentType, "text/")):
		u.data = data
	case marked:
		return dataURI{}, err
	default:
		text, err := url.PathUnescape(payload)
		if err != nil {
			return dataURI{}, err
		}
		u.data = []byte(text)
	}
	if u.encode(u.data) != s { // odd spelling: readers get the plain one
		u.head = "data:" + u.contentType + ";base64,"
	}
	return u, nil
}

func (u dataURI) encode(data []byte) string {
	return u.head + base64.StdEncoding.EncodeToString(data)
}

func decodeBase64(s string) ([]byte, error) {
	if data, err := base64.StdEncoding.DecodeString(s); err == nil {
		return data, nil
	}
	clean := strings.NewReplacer("-", "+", "_", "/", "=", "", " ", "", "\t", "", "\r", "", "\n", "", "%2B", "+", "%2F", "/", "%3D", "").Replace(s)
	return base64.RawStdEncoding.DecodeString(clean)
}

func isData(s string) bool { return len(s) >= 5 && strings.EqualFold(s[:5], "data:") }
