package api

import (
	"encoding/json"
	"strings"
	"testing"
)

var long = strings.Repeat("x", 5000)

func TestRedact(t *testing.T) {
	const gone = "%5BREDACTED%5D"
	for address, want := range map[string]string{
		"https://h.example/a?b=c":                     "https://h.example/a?b=c",
		"https://h.example/a?Token=sesame&b=c":        "https://h.example/a?Token=" + gone + "&b=c",
		"civitai.com/models/1?token=sesame":           "civitai.com/models/1?token=" + gone,
		"https://me:sesame@h.example/a":               "https://me:" + gone + "@h.example/a",
		"https://sesame@h.example/a":                  "https://" + gone + "@h.example/a",
		"https://s3.example/a?X-Amz-Signature=sesame": "https://s3.example/a?X-Amz-Signature=" + gone,
		"https://h.example/" + long + "?token=sesame": "https://h.example/" + long + "?token=" + gone,
		"is this a key=fox?token=none":                "is this a key=fox?token=none",
		"data:text/plain,a@b?token=x":                 "data:text/plain,a@b?token=x",
		"owner/name":                                  "owner/name",
	} {
		raw, _ := json.Marshal(map[string]string{"extra_lora": address})
		got, err := redact(raw)
		var in map[string]string
		if err == nil {
			err = json.Unmarshal(got, &in)
		}
		if err != nil || in["extra_lora"] != want {
			t.Errorf("%.80s becomes %.80s, want %.80s, error %v", address, in["extra_lora"], want, err)
		}
	}
}
