package lora

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"easel/internal/engine/safetensors"
)

// Report is a LoRA file's report card.
type Report struct {
	File         string   `json:"file"`           // without its folder
	Format       string   `json:"format"`         // kohya, diffusers, bfl or xlabs
	Base         string   `json:"base,omitempty"` // the model family it is for, where that shows
	Keys         int      `json:"keys"`           // tensors in the file
	Matched      int      `json:"matched"`        // of them, applied
	Unmatched    []string `json:"unmatched,omitempty"`
	Layers       int      `json:"layers"` // that it changes
	Blocks       []string `json:"blocks,omitempty"`
	MinRank      int      `json:"min_rank"` // as in the file
	MaxRank      int      `json:"max_rank"`
	TriggerWords []string `json:"trigger_words,omitempty"`
}

func newReport(name string, file *safetensors.Checkpoint, entries []entry) Report {
	r := Report{File: name, Format: format(entries), Base: base(file.Metadata, entries), Keys: file.Len()}
	for _, key := range []string{"trigger_word", "trigger_words", "modelspec.trigger_phrase", "trigger_phrase", "instance_prompt"} {
		for word := range strings.SplitSeq(file.Metadata[key], ",") {
			if word = strings.TrimSpace(word); word != "" && !slices.Contains(r.TriggerWords, word) {
				r.TriggerWords = append(r.TriggerWords, word)
			}
		}
	}
	if word := commonest(file.Metadata["ss_tag_frequency"]); word != "" && len(r.TriggerWords) == 0 {
		r.TriggerWords = []string{word}
	}
	for _, e := range entries {
		if e.down != nil && len(e.down.Shape) >= 2 {
			rank := int(e.down.Shape[0])
			r.MaxRank = max(r.MaxRank, rank)
			if r.MinRank == 0 || rank < r.MinRank {
				r.MinRank = rank
			}
		}
	}
	return r
}

// commonest is the one tag that a trainer counted most often in its captions:
// the trigger word, where there is one. "" if several are as frequent.
func commonest(frequency string) string {
	var folders map[string]map[string]float64
	if json.Unmarshal([]byte(frequency), &folders) != nil {
		return ""
	}
	counts, most := map[string]float64{}, 0.0
	for _, tags := range folders {
		for tag, n := range tags {
			if tag = strings.TrimSpace(tag); tag == "" {
				continue
			}
			counts[tag] += n
			most = max(most, counts[tag])
		}
	}
	word := ""
	for tag, n := range counts {
		if n == most && word != "" {
			return ""
		} else if n == most {
			word = tag
		}
	}
	return word
}

// finish sums up the layers that are changed.
func (r *Report) finish(deltas map[string]Delta) {
	r.Layers = len(deltas)
	slices.Sort(r.Unmatched)
	numbers := map[string][]int{}
	others := map[string]bool{}
	for name := range deltas {
		if m := block.FindStringSubmatch(name); m != nil {
			kind := map[string]string{"transformer_blocks": "double", "single_transformer_blocks": "single"}[m[1]]
			n, _ := strconv.Atoi(m[2]) // digits, by the pattern
			numbers[kind] = append(numbers[kind], n)
		} else if rest, ok := strings.CutPrefix(name, "transformer."); ok {
			others[rest] = true
		} else {
			component, _, _ := strings.Cut(name, ".")
			others[component] = true
		}
	}
	for _, kind := range []string{"double", "single"} {
		if len(numbers[kind]) > 0 {
			r.Blocks = append(r.Blocks, kind+" "+ranges(numbers[kind]))
		}
	}
	r.Blocks = append(r.Blocks, slices.Sorted(maps.Keys(others))...)
}

// ranges writes numbers as in "0–3, 7".
func ranges(numbers []int) string {
	slices.Sort(numbers)
	numbers = slices.Compact(numbers)
	var out []string
	for i := 0; i < len(numbers); {
		j := i
		for j+1 < len(numbers) && numbers[j+1] == numbers[j]+1 {
			j++
		}
		if j == i {
			out = append(out, strconv.Itoa(numbers[i]))
		} else {
			out = append(out, fmt.Sprintf("%d–%d", numbers[i], numbers[j]))
		}
		i = j + 1
	}
	return strings.Join(out, ", ")
}

// String is the card as `easel lora` prints it.
func (r Report) String() string {
	var b strings.Builder
	line := func(label, value string) { fmt.Fprintf(&b, "%-14s %s\n", label, value) }
	line("File", r.File)
	line("Format", r.Format)
	if r.Base != "" {
		line("Made for", r.Base)
	}
	if r.Matched+len(r.Unmatched) == 0 { // refused before its keys were looked up
		line("Keys", fmt.Sprint(r.Keys))
	} else {
		line("Keys", fmt.Sprintf("%d, of which %d matched and %d not", r.Keys, r.Matched, len(r.Unmatched)))
	}
	for i, key := range r.Unmatched {
		if i == 10 {
			line("", fmt.Sprintf("… and %d more", len(r.Unmatched)-i))
			break
		}
		line("  not matched", key)
	}
	if r.Layers > 0 {
		line("Layers", fmt.Sprint(r.Layers))
	}
	if r.MinRank == r.MaxRank {
		line("Rank", fmt.Sprint(r.MaxRank))
	} else {
		line("Rank", fmt.Sprintf("%d to %d", r.MinRank, r.MaxRank))
	}
	if len(r.Blocks) > 0 {
		line("Blocks", strings.Join(r.Blocks, "; "))
	}
	if len(r.TriggerWords) > 0 {
		line("Trigger words", strings.Join(r.TriggerWords, ", "))
	}
	return b.String()
}
