package journal_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"easel/internal/journal"
	"easel/internal/prediction"
)

// victimDir is the environment variable that makes this test binary a server
// for TestKill to kill.
const victimDir = "EASEL_TEST_VICTIM_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(victimDir); dir != "" {
		if err := victimize(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

const pictures = 2

// drawing is what the victim's generator draws: noise of two chunks, and of one.
func drawing(p prediction.Prediction, index int) []byte {
	source := rand.NewChaCha8(sha256.Sum256(fmt.Appendf(nil, "%s %d", p.Input, index)))
	b := make([]byte, 300_000-200_000*index)
	source.Read(b)
	return b
}

type artist struct{}

func (artist) Generate(ctx context.Context, p prediction.Prediction, s prediction.Sink) (prediction.Extra, error) {
	for k := range pictures {
		for i := range 3 {
			select {
			case <-ctx.Done():
				return prediction.Extra{}, ctx.Err()
			case <-time.After(2 * time.Millisecond):
			}
			s.Step(k, i+1, 3, 0.002)
		}
		if err := s.Picture(k, int64(k), fmt.Sprintf("out-%d.png", k), "image/png", drawing(p, k)); err != nil {
			return prediction.Extra{}, err
		}
	}
	return prediction.Extra{}, nil
}

// victimize serves the least that clients need, until the process is killed.
func victimize(dir string) error {
	ctx := context.Background()
	j, err := journal.Open(ctx, journal.Options{Dir: dir, AckWait: time.Second})
	if err != nil {
		return err
	}
	ports := j.Ports()
	opts := prediction.Options{Heartbeat: 200 * time.Millisecond}
	s := prediction.NewService(ports, opts)
	go s.Run(ctx)
	go prediction.NewWorker(ports, artist{}, opts).Run(ctx)

	mux := http.NewServeMux()
	handle := func(route string, answer func(r *http.Request) (any, error)) {
		mux.HandleFunc(route, func(w http.ResponseWriter, r *http.Request) {
			v, err := answer(r)
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			json.NewEncoder(w).Encode(v)
		})
	}
	handle("POST /create", func(r *http.Request) (any, error) {
		var n prediction.New
		if err := json.NewDecoder(r.Body).Decode(&n); err != nil {
			return nil, err
		}
		return s.Create(r.Context(), n)
	})
	handle("POST /cancel/{id}", func(r *http.Request) (any, error) { return s.Cancel(r.Context(), r.PathValue("id")) })
	handle("GET /get/{id}", func(r *http.Request) (any, error) { return s.Get(r.Context(), r.PathValue("id")) })
	handle("GET /events/{id}", func(r *http.Request) (any, error) { return ports.Events.Replay(r.Context(), r.PathValue("id"), 0) })
	handle("GET /list", func(r *http.Request) (any, error) { return s.List(r.Context(), prediction.Query{}) })
	handle("GET /timed", func(r *http.Request) (any, error) {
		took := make([]time.Duration, 21)
		for i := range took {
			began := time.Now()
			if _, err := s.List(r.Context(), prediction.Query{Search: r.FormValue("search")}); err != nil {
				return nil, err
			}
			took[i] = time.Since(began)
		}
		slices.Sort(took)
		return took[len(took)/2], nil
	})
	handle("GET /left", func(r *http.Request) (any, error) {
		left := 0
		for _, status := range []prediction.Status{prediction.Starting, prediction.Processing} {
			page, err := s.List(r.Context(), prediction.Query{Status: status})
			if err != nil {
				return nil, err
			}
			left += len(page.Results)
		}
		return left, nil
	})
	handle("GET /file/{token}", func(r *http.Request) (any, error) {
		_, body, err := s.Files().Open(r.Context(), r.PathValue("token"))
		if err != nil {
			return nil, err
		}
		defer body.Close()
		sum := sha256.New()
		_, err = io.Copy(sum, body)
		return hex.EncodeToString(sum.Sum(nil)), err
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("http://%s\n", l.Addr())
	return http.Serve(l, mux)
}

// oldRecord is a prediction as a full history holds them: logs of 28 steps, one picture.
func oldRecord(n int) prediction.Prediction {
	p := record(n, fmt.Sprintf("a %s %s in the style of %s, number %d, soft light, highly detailed, plain background",
		pick(n, "red", "blue", "small", "happy", "wooden"), pick(n/5, "cat", "boat", "house", "tree"), pick(n/20, "an emoji", "a woodcut"), n))
	at := p.CreatedAt.Add(time.Second)
	end := at.Add(time.Second)
	p.Status, p.StartedAt, p.CompletedAt, p.Attempts = prediction.Succeeded, &at, &end, 1
	p.Version = strings.Repeat("0123456789abcdef", 4)
	p.StreamToken, p.Output = prediction.NewToken(), []string{prediction.NewToken()}
	p.Extra = prediction.Extra{Seeds: []int64{int64(n)}, Timings: &prediction.Timings{Text: 0.1, Steps: 0.7, Decode: 0.1, Total: 1}, Verdicts: []prediction.Verdict{{}}}
	for i := range 28 {
		p.Logs += fmt.Sprintf("%3d%%|██████████| %d/28 [00:00<00:00, 40.00it/s]\n", (i+1)*100/28, i+1)
	}
	return p
}

func pick(n int, words ...string) string { return words[n%len(words)] }
