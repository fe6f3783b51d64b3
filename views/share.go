package views

import (
	"strings"
	"time"
)

// Sharing is where an owner makes links to a prediction and takes them back.
type Sharing struct {
	Page
	Card        Card
	FromPicture bool // it started from pictures, which can be hidden
	Links       []Link
}

// Link is one share as its owner sees it.
type Link struct {
	URL    string // absolute
	Revoke string // path that takes it back
	Open   bool
	Says   string
}

// Says tells in a few words what a share shows and for how long.
func Says(hidePrompt, hideImage, replay bool, state string, until time.Time) string {
	var words []string
	switch state {
	case "open":
		if until.IsZero() {
			words = append(words, "Open")
		} else {
			words = append(words, "Open until "+until.Format("2 Jan 2006 15:04 MST"))
		}
	case "expired":
		words = append(words, "Expired")
	default:
		words = append(words, "Taken back")
	}
	if hidePrompt {
		words = append(words, "prompt hidden")
	}
	if hideImage {
		words = append(words, "input pictures hidden")
	}
	if replay {
		words = append(words, "strangers may run it again")
	}
	return strings.Join(words, " · ")
}

// Shared is a prediction as strangers see it.
type Shared struct {
	Page
	Model  Model
	Prompt string // "": hidden
	Files  []File
	Inputs []Fact
	Input  Values // the same, to run again
	About  []Fact
	Code   []Snippet
	Open   string // path of the playground with these inputs
	Replay Replay
}

// Replay is the offer to run it again.
type Replay struct {
	Path    string // to post to
	Allowed bool   // to this visitor
	Login   string // where others go
}

// Replayed is a run made by a share beside what it repeats.
type Replayed struct {
	Page
	Back         string // path of the share
	Run          Run
	First, Again []File
	Same         bool
	Differences  []string
}

// lifeOptions are the ends that a share may be given.
var lifeOptions = []option{{"", "Until I take it back"}, {"1h", "For an hour"}, {"1d", "For a day"}, {"7d", "For a week"}, {"30d", "For 30 days"}}
