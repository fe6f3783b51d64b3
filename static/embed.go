// Package static holds the built assets and tells their addresses.
//
// Every address carries one hash of all files, so that a browser may keep each
// for ever, and a reference from one asset to another stays relative.
package static

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
)

//go:embed app.js painter.js app.css favicon.svg fonts
var files embed.FS

// Files are the assets by name.
func Files() fs.FS { return files }

// Prefix is the path under which Handler answers.
const Prefix = "/static/"

var (
	assets  = load()
	version = digest()
)

// asset is a file as it is sent.
type asset struct {
	contentType string
	plain       []byte
	gzipped     []byte // nil where it would not be smaller
}

// URL is the address of the asset with that name.
func URL(name string) string { return Prefix + version + "/" + name }

// Handler serves the assets at their addresses, and only there.
func Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, ok := strings.CutPrefix(r.URL.Path, Prefix+version+"/")
		a, known := assets[name]
		if !ok || !known {
			http.NotFound(w, r)
			return
		}
		h := w.Header()
		h.Set("Content-Type", a.contentType)
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		h.Set("Vary", "Accept-Encoding")
		body := a.plain
		if a.gzipped != nil && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			h.Set("Content-Encoding", "gzip")
			body = a.gzipped
		}
		h.Set("Content-Length", strconv.Itoa(len(body)))
		if r.Method != http.MethodHead {
			w.Write(body) // a reader that has gone is not our error
		}
	})
}

func load() map[string]asset {
	all := map[string]asset{}
	walk(func(name string, content []byte) {
		a := asset{contentType: contentType(name), plain: content}
		if packed := compress(content); len(packed) < len(content)*9/10 {
			a.gzipped = packed
		}
		all[name] = a
	})
	return all
}

func digest() string {
	sum := sha256.New()
	walk(func(name string, content []byte) {
		sum.Write([]byte(name))
		sum.Write(content)
	})
	return hex.EncodeToString(sum.Sum(nil)[:6])
}

// walk visits the embedded files in their fixed order.
func walk(visit func(name string, content []byte)) {
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := files.ReadFile(name)
		visit(name, content)
		return err
	})
	if err != nil {
		panic("static: " + err.Error()) // the embedded files are part of the binary
	}
}

func contentType(name string) string {
	switch ext := path.Ext(name); ext {
	case ".woff2": // not in every system's table
		return "font/woff2"
	case ".js":
		return "text/javascript; charset=utf-8"
	default:
		return mime.TypeByExtension(ext)
	}
}

func compress(content []byte) []byte {
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression)
	w.Write(content)
	w.Close()
	return b.Bytes()
}
