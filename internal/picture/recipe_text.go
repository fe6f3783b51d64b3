package picture

import (
	"bytes"
	"compress/zlib"
	"encoding/xml"
	"io"
)

// maxText bounds an unpacked text chunk.
const maxText = 1 << 20

// pngText is the body of an uncompressed iTXt chunk (PNG, third edition, §11.3.3.4).
func pngText(key string, text []byte) []byte {
	return append([]byte(key+"\x00\x00\x00\x00\x00"), text...)
}

// parsePNGText reads a tEXt, zTXt or iTXt chunk; others and damaged ones give "".
func parsePNGText(p part) (key, text string) {
	k, body, ok := bytes.Cut(p.data, []byte{0})
	if !ok {
		return "", ""
	}
	packed := false
	switch p.kind {
	case "tEXt":
		return string(k), latin1(body)
	case "zTXt":
		if len(body) < 1 {
			return "", ""
		}
		unpacked, ok := inflate(body[1:])
		if !ok {
			return "", ""
		}
		return string(k), latin1(unpacked)
	case "iTXt":
		if len(body) < 2 {
			return "", ""
		}
		packed = body[0] == 1
		_, body, ok = bytes.Cut(body[2:], []byte{0}) // language
		if !ok {
			return "", ""
		}
		_, body, ok = bytes.Cut(body, []byte{0}) // translated keyword
		if !ok {
			return "", ""
		}
	default:
		return "", ""
	}
	if packed {
		if body, ok = inflate(body); !ok {
			return "", ""
		}
	}
	return string(k), string(body)
}

func inflate(packed []byte) ([]byte, bool) {
	z, err := zlib.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, false
	}
	data, err := io.ReadAll(io.LimitReader(z, maxText))
	return data, err == nil
}

func latin1(b []byte) string {
	runes := make([]rune, len(b))
	for i, c := range b {
		runes[i] = rune(c)
	}
	return string(runes)
}

const (
	xmpHeader = "http://ns.adobe.com/xap/1.0/\x00" // marks an XMP segment (XMP part 3, §1.1.3)
	xmpSpace  = "urn:easel:recipe#"
)

// xmpPacket wraps a recipe as the one property of an XMP packet.
func xmpPacket(text []byte) []byte {
	var b bytes.Buffer
	b.WriteString("<?xpacket begin=\"\ufeff\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>" +
		`<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">` +
		`<rdf:Description rdf:about="" xmlns:easel="` + xmpSpace + `"><easel:recipe>`)
	xml.EscapeText(&b, text) // a bytes.Buffer does not fail
	b.WriteString(`</easel:recipe></rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="r"?>`)
	return b.Bytes()
}

// xmpRecipe finds the recipe in an XMP packet, or returns nil.
func xmpRecipe(packet []byte) []byte {
	d := xml.NewDecoder(bytes.NewReader(packet))
	for {
		token, err := d.Token()
		if err != nil {
			return nil
		}
		if start, ok := token.(xml.StartElement); ok && start.Name.Space == xmpSpace && start.Name.Local == "recipe" {
			var text string
			if d.DecodeElement(&text, &start) != nil {
				return nil
			}
			return []byte(text)
		}
	}
}
