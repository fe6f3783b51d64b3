package loras

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// kind is where an address leads.
type kind int

const (
	local     kind = iota // a name in the operator's folder
	replicate             // owner/name[/version]
	hugging               // huggingface.co/owner/name[/file]
	civitai               // civitai.com/models/<id>[/<name>]
	direct                // any URL of a file
)

// place is an address taken apart.
type place struct {
	kind                 kind
	owner, name, version string // replicate; hugging (version is the branch or commit)
	file                 string // hugging: in the repository; local: without its ending
	id                   string // civitai: of the model
	url                  string // direct: whole, with its query
}

var (
	scheme = regexp.MustCompile(`^(?i:[a-z][a-z0-9+.-]*):`)
	word   = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]*$`)
	number = regexp.MustCompile(`^[0-9]{1,19}$`)
)

const forms = "owner/name, owner/name/version, huggingface.co/owner/name, civitai.com/models/<id>, the URL of a .safetensors file, or a name in the LoRA folder"

// parse tells the forms of an extra_lora apart.
func parse(address string) (place, error) {
	address = strings.TrimSpace(address)
	bad := fmt.Errorf("%.200q is not an address of a LoRA; it can be %s", address, forms)
	if address == "" {
		return place{}, bad
	}
	if s := scheme.FindString(address); s != "" && !strings.EqualFold(s, "http:") && !strings.EqualFold(s, "https:") {
		return place{}, bad
	}
	rest := address
	if hasURL := strings.Contains(address, "://"); !hasURL {
		first, path, _ := strings.Cut(address, "/")
		known := hostKind(first) != direct
		if !known && !(strings.Contains(first, ".") && word.MatchString(first) && isFile(path)) {
			return plain(address, bad)
		}
		rest = "https://" + address
	}
	u, err := url.Parse(rest)
	if err != nil || u.Hostname() == "" {
		return place{}, bad
	}
	var parts []string
	if p := strings.Trim(u.Path, "/"); p != "" {
		parts = strings.Split(p, "/")
	}
	switch hostKind(u.Hostname()) {
	case replicate:
		return onReplicate(parts, bad)
	case hugging:
		return onHugging(parts, bad)
	case civitai:
		if len(parts) >= 2 && len(parts) <= 3 && parts[0] == "models" && number.MatchString(parts[1]) {
			v := u.Query().Get("modelVersionId")
			if v != "" && !number.MatchString(v) {
				return place{}, bad
			}
			return place{kind: civitai, id: parts[1], version: v}, nil
		}
		if len(parts) == 4 && strings.Join(parts[:3], "/") == "api/download/models" && number.MatchString(parts[3]) {
			return place{kind: civitai, version: parts[3]}, nil
		}
		return place{}, bad
	}
	if !isFile(u.Path) {
		return place{}, fmt.Errorf("%.200q does not end in .safetensors or .tar before its query", u.Host+u.Path)
	}
	return place{kind: direct, url: rest}, nil
}

func hostKind(host string) kind {
	switch strings.TrimPrefix(strings.ToLower(host), "www.") {
	case "huggingface.co", "hf.co":
		return hugging
	case "civitai.com":
		return civitai
	case "replicate.com":
		return replicate
	}
	return direct
}

// plain reads what has no host: a name, owner/name, owner/name/version, or
// Replicate's own owner/name:version.
func plain(address string, bad error) (place, error) {
	if name, version, ok := strings.Cut(address, ":"); ok && strings.Count(name, "/") == 1 {
		address = name + "/" + version
	}
	parts := strings.Split(address, "/")
	for _, p := range parts {
		if !word.MatchString(p) {
			return place{}, bad
		}
	}
	if len(parts) == 1 {
		return place{kind: local, file: strings.TrimSuffix(address, ".safetensors")}, nil
	}
	return onReplicate(parts, bad)
}

// onReplicate reads owner/name, owner/name/version and the web page's own
// owner/name/versions/version.
func onReplicate(parts []string, bad error) (place, error) {
	if len(parts) == 4 && parts[2] == "versions" {
		parts = slices.Delete(parts, 2, 3)
	}
	if len(parts) < 2 || len(parts) > 3 || slices.ContainsFunc(parts, func(p string) bool { return !word.MatchString(p) }) {
		return place{}, bad
	}
	p := place{kind: replicate, owner: parts[0], name: parts[1]}
	if len(parts) == 3 {
		p.version = parts[2]
	}
	return p, nil
}

// onHugging reads owner/name, owner/name/file and the web page's own
// owner/name/resolve|blob/branch/file.
func onHugging(parts []string, bad error) (place, error) {
	if len(parts) < 2 || !word.MatchString(parts[0]) || !word.MatchString(parts[1]) {
		return place{}, bad
	}
	p := place{kind: hugging, owner: parts[0], name: parts[1], version: "main"}
	parts = parts[2:]
	if len(parts) >= 3 && (parts[0] == "resolve" || parts[0] == "blob") {
		p.version, parts = parts[1], parts[2:]
	} else if len(parts) == 2 && parts[0] == "tree" {
		p.version, parts = parts[1], nil
	}
	for _, part := range append([]string{p.version}, parts...) {
		if part == "" || part == "." || part == ".." {
			return place{}, bad
		}
	}
	p.file = strings.Join(parts, "/")
	if p.file != "" && !strings.HasSuffix(p.file, ".safetensors") {
		return place{}, bad
	}
	return p, nil
}

func isFile(path string) bool {
	path = strings.ToLower(strings.SplitN(path, "?", 2)[0])
	return strings.HasSuffix(path, ".safetensors") || strings.HasSuffix(path, ".tar")
}
