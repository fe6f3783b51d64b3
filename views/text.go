package views

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/a-h/templ"
)

// fieldHooks are what the script and the style find a field by.
func fieldHooks(f Field) templ.Attributes {
	hooks := templ.Attributes{"data-field": f.Name, "data-widget": f.widget()}
	if f.Name == "width" || f.Name == "height" {
		hooks["data-needs"] = "custom"
	}
	if f.Void != "" {
		hooks["data-void"] = true
	}
	return hooks
}

// addressOnly keeps the bytes of a picture out of a text field.
func addressOnly(value string) string {
	if strings.HasPrefix(value, "http://") || strings.HasPrefix(value, "https://") {
		return value
	}
	return ""
}

// span is a stretch of text, or of code.
type span struct {
	Text string
	Code bool
}

// spans splits text at its backquotes.
func spans(text string) []span {
	var all []span
	for i, part := range strings.Split(text, "`") {
		if part != "" {
			all = append(all, span{part, i%2 == 1})
		}
	}
	return all
}

// seconds writes a time as a person reads it: 0.42 s, 8.1 s, 2 min 5 s.
func seconds(s float64) string {
	switch {
	case s < 1:
		return fmt.Sprintf("%.2f s", s)
	case s < 60:
		return fmt.Sprintf("%.1f s", s)
	}
	d := time.Duration(s * float64(time.Second)).Round(time.Second)
	return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
}

// ago writes how long before now a moment was.
func ago(t, now time.Time) string {
	d := now.Sub(t)
	switch {
	case d < time.Minute:
		return "just now"
	case d < time.Hour:
		return fmt.Sprintf("%d min ago", int(d.Minutes()))
	case d < 24*time.Hour:
		return fmt.Sprintf("%d h ago", int(d.Hours()))
	}
	return t.Format("2 Jan 2006")
}

func urlQuery(s string) string { return url.QueryEscape(s) }

// Cut is the text, or as much of it as fits into so many characters.
func Cut(text string, most int) string {
	all := []rune(text)
	if len(all) <= most {
		return text
	}
	return string(all[:most-1]) + "…"
}
